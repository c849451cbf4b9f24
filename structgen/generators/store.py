"""Model weights as safetensors: written whole, read without executing anything."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

from structgen.files import whole_file
from structgen.generators.analog import Analog, AnalogConfig
from structgen.generators.request import TrainingRange

FORMAT, VERSION = "structgen-model", 1
#: Larger files are refused before they are read, bytes.
MAX_BYTES = 2**30
#: Sizes a stranger's file may ask for.
MAX_SIZE = 4096
#: Models that come with the package, by name.
SHIPPED = ("analog",)


def shipped(name: str, suffix: str = ".safetensors") -> Path:
    """Path of a shipped model's weights, or of its card with suffix ``.json``."""
    return Path(str(resources.files("structgen.weights").joinpath(name + suffix)))


def save_model(model: Analog, path: str | Path) -> None:
    """Write weights, configuration and training range to ``path`` (.safetensors)."""
    header = {
        "format": FORMAT, "version": VERSION, "model": model.name, "config": model.config_dict(),
        "radius_ratio": model.range.radius_ratio,
    }  # fmt: skip
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    tensors["range.rows"] = torch.tensor(model.range.rows)
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={"structgen": json.dumps(header)})


def load_model(name: str | Path = "analog") -> Analog:
    """A shipped model by name, or one from a ``.safetensors`` file by path; on the CPU, ready to sample.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not a sound structgen model.
    """
    path = shipped(str(name)) if str(name) in SHIPPED else Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"model {str(name)!r}: no such file, and shipped models are {', '.join(SHIPPED)}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: larger than {MAX_BYTES >> 20} MiB, not a structgen model")
    try:
        with safetensors.safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {}).get("structgen", "{}"))
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
        return _model(header, tensors)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a sound structgen model ({reason[:160]})") from None


def _model(header: dict[str, object], tensors: dict[str, torch.Tensor]) -> Analog:
    if header.get("format") != FORMAT or header.get("version") != VERSION or header.get("model") != Analog.name:
        raise ValueError(f"its header does not say {FORMAT} {VERSION} {Analog.name}")
    settings = header["config"]
    assert isinstance(settings, dict)
    config = AnalogConfig(**settings)
    sizes = (config.width, config.edge_width, config.layers, config.heads, config.candidates, config.max_degree)
    if not all(isinstance(size, int) and 1 <= size <= MAX_SIZE for size in sizes):
        raise ValueError("its sizes are out of range")
    rows = np.array(tensors.pop("range.rows"), float)
    ratio = header["radius_ratio"]
    if not isinstance(ratio, float) or not 0 < ratio < 1 or rows.ndim != 2 or rows.shape[1] != 7:
        raise ValueError("its training range is malformed")
    if not all(torch.isfinite(value).all() for value in tensors.values()) or not (np.isfinite(rows) & (rows >= 0)).all():
        raise ValueError("it holds numbers that are not finite")
    model = Analog(config, TrainingRange(rows, ratio))
    model.load_state_dict(tensors)
    return model.eval().requires_grad_(False)
