"""Weights of networks as safetensors: written whole, read without executing anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import torch
from safetensors.torch import save_file
from torch import nn

from structgen.files import check_readable, whole_file

VERSION = 1
#: Larger files are refused before they are read, bytes.
MOST_BYTES = 2**28

Network = TypeVar("Network", bound=nn.Module)


def weights_path(name: str | Path, shipped: str) -> Path:
    """Where the weights of the network ``shipped`` with the package, or of a file, lie."""
    if str(name) == shipped:
        return Path(str(resources.files("simulate").joinpath("weights", f"{shipped}.safetensors")))
    return Path(name)


def save_weights(network: nn.Module, config: Any, form: str, path: str | Path) -> None:
    """Write weights and the dataclass ``config`` of a network to ``path`` (.safetensors), as of the format ``form``."""
    header = {"format": form, "version": VERSION, "config": asdict(config)}
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={"structgen": json.dumps(header)})


def load_weights(path: Path, form: str, what: str, made: Callable[[dict[str, Any]], Network], shipped: str) -> Network:
    """The network in a file of the format ``form``, ready for use; ``made`` makes one of a configuration.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not ``what`` it should be.
    """
    check_readable(path, MOST_BYTES, f"; the network that comes with the package is {shipped}")
    try:
        with safetensors.safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {}).get("structgen", "{}"))
            tensors = {key: stream.get_tensor(key).clone() for key in stream.keys()}  # noqa: SIM118
        return _network(header, tensors, form, made)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a sound {what} ({reason[:160]})") from None


def _network(
    header: Any, tensors: dict[str, torch.Tensor], form: str, made: Callable[[dict[str, Any]], Network]
) -> Network:
    said = [header.get(name) for name in ("format", "version")] if isinstance(header, dict) else []
    if said != [form, VERSION]:
        raise ValueError(f"its header does not say {form} {VERSION}")
    for name, value in tensors.items():
        if value.dtype != torch.float32 or not torch.isfinite(value).all():
            raise ValueError(f"{name} is not of finite 32-bit numbers")
    # Made without memory first, so that sizes that do not fit the tensors are refused before any is taken.
    with torch.device("meta"):
        network = made(header["config"])
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
