"""Options that commands of `structgen train` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from structgen.cli.options import Function, together


def data_set(function: Function) -> Function:
    """``--data``."""
    return click.option(
        "--data", type=click.Path(path_type=Path), required=True, help="Data set made by `structgen data build`."
    )(function)


def run(
    steps: int, batch: int, learning_rate: float, batch_help: str, files: str = "checkpoint, weights, card and log",
    checkpoint_seconds: float = 60.0,
) -> Callable[[Function], Function]:  # fmt: skip
    """``--output`` for ``files``, ``--steps``, ``--batch``, ``--learning-rate``, ``--ema``, ``--resume`` and
    ``--checkpoint-seconds``, with these defaults; ``--batch`` says ``batch_help``."""
    return together(
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            default=Path("run"),
            show_default=True,
            help=f"Folder for {files}.",
        ),
        click.option("--steps", type=int, default=steps, show_default=True, help="Optimiser steps in all."),
        click.option("--batch", type=int, default=batch, show_default=True, help=batch_help),
        click.option(
            "--learning-rate", type=float, default=learning_rate, show_default=True, help="Largest learning rate."
        ),
        click.option(
            "--ema", type=float, default=0.998, show_default=True, help="Decay of the average of the weights."
        ),
        click.option("--resume", is_flag=True, help="Go on from the checkpoint in the output folder."),
        click.option(
            "--checkpoint-seconds",
            type=click.FloatRange(1),
            default=checkpoint_seconds,
            show_default=True,
            help="Time between checkpoints.",
        ),
    )


def warmup(function: Function) -> Function:
    """``--warmup``."""
    return click.option(
        "--warmup", type=int, default=100, show_default=True, help="Steps until the rate is at its largest."
    )(function)
