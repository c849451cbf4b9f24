"""What the sampler of trained weights measures on training webs, measured anew: after a change of the sampler, or for
webs of another sort."""

from __future__ import annotations

from pathlib import Path

import torch

from structgen import __version__
from structgen.files import sha256, write_json
from structgen.generators.model import WebGenerator
from structgen.generators.store import rounded, save_model
from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.training import CALIBRATION_WEBS, CARD, WEIGHTS, some_webs


@torch.no_grad()
def recalibrate(model: WebGenerator, dataset: Dataset, out: str | Path, seed: int = 0, command: str = "") -> None:
    """Let ``model`` prepare and calibrate itself on training webs, as a training run does in its beginning and end;
    write weights and card to ``out``. Its network stays as it is.

    command: how to do this again, for the card. Raises `ValueError` for data without training webs.
    """
    if not len(dataset.indices("train")):
        raise ValueError(f"{dataset.path}: holds no webs to use for train; build it with a larger count")
    model.prepare(some_webs(dataset, model.keeps, generator(seed, 8)))
    rounded(model)
    model.calibrate(some_webs(dataset, CALIBRATION_WEBS, generator(seed, 7)), seed)
    save_model(model, Path(out) / WEIGHTS)
    write_json(Path(out) / CARD, {
        "model": model.name, "version": __version__, "sha256": sha256(Path(out) / WEIGHTS),
        "parameters": sum(p.numel() for p in model.parameters()), "config": model.config_dict(),
        "data": dataset.info(), "seed": seed, "command": command, "metrics": {},
    })  # fmt: skip
