"""Weights of the predictor as safetensors: written whole, read without executing anything."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save_file

from simulate.mechanics.predictor.network import Predictor, PredictorConfig
from structgen.files import check_readable, whole_file

FORMAT, VERSION = "structgen-predictor", 1
#: Larger files are refused before they are read, bytes.
MOST_BYTES = 2**28
#: Name of the shipped network.
SHIPPED = "predictor"


def weights_path(name: str | Path = SHIPPED) -> Path:
    """Where the weights of the shipped network, or of a file, lie."""
    if str(name) == SHIPPED:
        return Path(str(resources.files("simulate").joinpath("weights", f"{name}.safetensors")))
    return Path(name)


def save_predictor(network: Predictor, path: str | Path) -> None:
    """Write weights and configuration to ``path`` (.safetensors)."""
    header = {"format": FORMAT, "version": VERSION, "config": asdict(network.config)}
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={"structgen": json.dumps(header)})


def load_predictor(name: str | Path = SHIPPED) -> Predictor:
    """The shipped network by name, or one from a ``.safetensors`` file by path.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not a sound predictor.
    """
    path = weights_path(name)
    check_readable(path, MOST_BYTES)
    try:
        with safetensors.safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {}).get("structgen", "{}"))
            tensors = {key: stream.get_tensor(key).clone() for key in stream.keys()}  # noqa: SIM118
        return _network(header, tensors)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a sound predictor ({reason[:160]})") from None


def _network(header: Any, tensors: dict[str, torch.Tensor]) -> Predictor:
    said = [header.get(name) for name in ("format", "version")] if isinstance(header, dict) else []
    if said != [FORMAT, VERSION]:
        raise ValueError(f"its header does not say {FORMAT} {VERSION}")
    config = PredictorConfig(**header["config"])
    for name, value in tensors.items():
        if value.dtype != torch.float32 or not torch.isfinite(value).all():
            raise ValueError(f"{name} is not of finite 32-bit numbers")
    # Made without memory first, so that sizes that do not fit the tensors are refused before any is taken.
    with torch.device("meta"):
        network = Predictor(config)
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
