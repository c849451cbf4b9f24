"""Model weights as safetensors: written whole, read without executing anything."""

from __future__ import annotations

import importlib
import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

from structgen.files import whole_file
from structgen.generators.model import WebGenerator
from structgen.generators.request import TrainingRange

FORMAT, VERSION = "structgen-model", 1
#: Larger files are refused before they are read, bytes.
MAX_BYTES = 2**30
#: Where the class of each model is; imported when it is wanted.
MODELS = {"analog": "Analog", "discrete": "Discrete", "autoregressive": "Autoregressive"}
SHIPPED = tuple(MODELS)


def model_type(name: str) -> type[WebGenerator]:
    """The class of the model of that name; `ValueError` for a name that is none."""
    if name not in MODELS:
        raise ValueError(f"model is {name!r}, must be one of {', '.join(MODELS)}")
    found: type[WebGenerator] = getattr(importlib.import_module(f"structgen.generators.{name}"), MODELS[name])
    return found


def shipped(name: str, suffix: str = ".safetensors") -> Path:
    """Path of a shipped model's weights, or of its card with suffix ``.json``."""
    return Path(str(resources.files("structgen.weights").joinpath(name + suffix)))


def save_model(model: WebGenerator, path: str | Path) -> None:
    """Write weights, configuration and training range to ``path`` (.safetensors); nothing is lost.

    Matrices of numbers that 16 bits hold, as those of a `rounded` model, are written in 16 bits.
    """
    header = {
        "format": FORMAT, "version": VERSION, "model": model.name, "config": model.config_dict(),
        "radius_ratio": model.range.radius_ratio,
    }  # fmt: skip
    tensors = {name: _short(value.detach().cpu()).contiguous() for name, value in model.state_dict().items()}
    tensors["range.rows"] = torch.tensor(model.range.rows)
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={"structgen": json.dumps(header)})


@torch.no_grad()
def rounded(model: WebGenerator) -> None:
    """Matrices of ``model`` to numbers of 16 bits, in place, which halves its file; by 0.05 % at most."""
    for value in model.parameters():
        short = value.half().float()
        if value.dim() > 1 and torch.isfinite(short).all():
            value.copy_(short)


def _short(value: torch.Tensor) -> torch.Tensor:
    same = value.dim() > 1 and value.dtype == torch.float32 and torch.equal(value, value.half().float())
    return value.half() if same else value


def model_path(name: str | Path) -> Path:
    """Where the weights of a model by name or path lie; `FileNotFoundError` where they do not."""
    path = shipped(str(name)) if str(name) in SHIPPED else Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"model {str(name)!r}: no such file, and shipped models are {', '.join(SHIPPED)}")
    return path


def load_model(name: str | Path = "autoregressive") -> WebGenerator:
    """A shipped model by name, or one from a ``.safetensors`` file by path; on the CPU, ready to sample.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not a sound structgen model.
    """
    path = model_path(name)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: larger than {MAX_BYTES >> 20} MiB, not a structgen model")
    try:
        with safetensors.safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {}).get("structgen", "{}"))
            # Copied, so that they lie as a model's own do: sums then come out the same to the last bit.
            tensors = {key: stream.get_tensor(key).clone() for key in stream.keys()}  # noqa: SIM118
        return _model(header, tensors)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a sound structgen model ({reason[:160]})") from None


def _model(header: Any, tensors: dict[str, torch.Tensor]) -> WebGenerator:
    said = [header.get(name) for name in ("format", "version")] if isinstance(header, dict) else []
    if said != [FORMAT, VERSION]:
        raise ValueError(f"its header does not say {FORMAT} {VERSION}")
    kind = model_type(header.get("model"))
    config = kind.config_type(**header["config"])
    rows = tensors.pop("range.rows").double().numpy()
    ratio = header["radius_ratio"]
    if not isinstance(ratio, float) or not 0 < ratio < math.inf or rows.shape != (len(rows), 7) or not len(rows):
        raise ValueError("its training range is malformed")
    positive = (rows[:, [0, 4, 5, 6]] > 0).all(axis=1) & (rows[:, 1:4].max(axis=1) > 0)
    if not np.isfinite(rows).all() or not positive.all():
        raise ValueError("its training range holds numbers that are not finite or not positive")
    # Made without memory first, so that sizes that do not fit the tensors are refused before any is taken.
    with torch.device("meta"):
        model = kind(config, TrainingRange(rows, ratio))
    types = {name: value.dtype for name, value in model.state_dict().items()}
    for name, value in tensors.items():
        if value.dtype == torch.float16 and types.get(name) == torch.float32:
            value = tensors[name] = value.float()
        wanted = types.get(name, value.dtype)
        if value.dtype != wanted or not torch.isfinite(value).all():
            raise ValueError(f"{name} is not of finite numbers of type {str(wanted).removeprefix('torch.')}")
    model.load_state_dict(tensors, assign=True)
    return model.eval().requires_grad_(False)
