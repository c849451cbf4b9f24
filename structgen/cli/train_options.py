"""Options that commands of `structgen train` share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.options import Function, together

if TYPE_CHECKING:
    from structgen.generators.autoregressive import Autoregressive
    from structgen.generators.model import WebGenerator
    from structgen.sources.neighbourhoods import Dataset

#: Webs generated for each held-out target in the metrics of the card.
WEBS_PER_TARGET = 4


def data_set(function: Function) -> Function:
    """``--data``."""
    return click.option(
        "--data", type=click.Path(path_type=Path), required=True, help="Data set made by `structgen data build`."
    )(function)


def started(command: str, help: str) -> Callable[[Function], Function]:
    """``--from`` of ``structgen train command``: a trained autoregressive model."""
    return click.option(
        "--from",
        "start",
        metavar="MODEL",
        default="autoregressive",
        show_default=True,
        envvar=f"STRUCTGEN_TRAIN_{command.upper()}_FROM",
        help=f"{help}: a shipped one, or a .safetensors file.",
    )


def autoregressive(start: str) -> Autoregressive:
    """The model of `started`; another kind is refused."""
    from structgen.generators import load_model
    from structgen.generators.autoregressive import Autoregressive

    model = load_model(start)
    if not isinstance(model, Autoregressive):
        raise click.UsageError(f"--from is {start}, a model of the kind {model.name}, must be autoregressive")
    return model


def run(
    steps: int, batch: int, learning_rate: float, batch_help: str, files: str = "checkpoint, weights, card and log",
    checkpoint_seconds: float | None = 60.0, ema: float = 0.998, steps_help: str = "Optimiser steps in all.",
) -> Callable[[Function], Function]:  # fmt: skip
    """``--output`` for ``files``, ``--steps``, ``--batch``, ``--learning-rate``, ``--ema``, ``--resume`` and
    ``--checkpoint-seconds``, with these defaults; ``--batch`` says ``batch_help``. Without the last where it is None:
    for what is written round by round."""
    options = [
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            default=Path("run"),
            show_default=True,
            help=f"Folder for {files}.",
        ),
        click.option("--steps", type=int, default=steps, show_default=True, help=steps_help),
        click.option("--batch", type=int, default=batch, show_default=True, help=batch_help),
        click.option(
            "--learning-rate", type=float, default=learning_rate, show_default=True, help="Largest learning rate."
        ),
        click.option("--ema", type=float, default=ema, show_default=True, help="Decay of the average of the weights."),
        click.option("--resume", is_flag=True, help="Go on from what is in the output folder."),
    ]
    if checkpoint_seconds is not None:
        options.append(
            click.option(
                "--checkpoint-seconds",
                type=click.FloatRange(1),
                default=checkpoint_seconds,
                show_default=True,
                help="Time between checkpoints.",
            )
        )
    return together(*options)


def warmup(function: Function) -> Function:
    """``--warmup``."""
    return click.option(
        "--warmup", type=int, default=100, show_default=True, help="Steps until the rate is at its largest."
    )(function)


def of_generators(function: Function) -> Function:
    """``--precision`` and ``--test-targets``."""
    return together(
        click.option(
            "--precision",
            type=click.Choice(["32-true", "bf16-mixed"]),
            default="32-true",
            show_default=True,
            help="Arithmetic in training; bf16-mixed is faster where the processor has it.",
        ),
        held_out,
    )(function)


def held_out(function: Function) -> Function:
    """``--test-targets``."""
    return click.option(
        "--test-targets",
        type=click.IntRange(0, 10_000),
        default=16,
        show_default=True,
        help=f"Held-out targets, {WEBS_PER_TARGET} webs each, that the card's metrics are measured on.",
    )(function)


def measured(
    console: Console, model: WebGenerator, dataset: Dataset, card: Path, targets: int, seed: int
) -> dict[str, Any]:
    """What `evaluate` finds on so many held-out ``targets``, written into the ``card`` too."""
    from structgen.evaluation import evaluate, held_out_targets
    from structgen.files import write_json

    if not targets:
        return {}
    console.say(f"generating {WEBS_PER_TARGET} webs for {targets} held-out targets")
    try:
        with console.stage("evaluate"):
            metrics = evaluate(model, held_out_targets(dataset, targets, seed), WEBS_PER_TARGET, seed)
    except ValueError as error:
        console.warn(f"the card has no metrics on held-out targets: {error}")
        return {}
    content = json.loads(card.read_text())
    content["metrics"]["held out"] = metrics
    write_json(card, content)
    return {"metrics": metrics}
