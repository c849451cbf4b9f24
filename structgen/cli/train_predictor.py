"""`structgen train predictor`: train the network that predicts stiffness, strength and toughness of webs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from structgen.cli.console import Console
from structgen.cli.options import common, processes, seeded
from structgen.cli.train_options import data_set, run

if TYPE_CHECKING:
    from simulate.mechanics.predictor.training import PredictorPlan, PredictorProgress


@click.command("predictor", short_help="Train the network that predicts mechanical properties.")
@data_set
@run(3_500, 64, 2e-3, "Tests in a step.", "labels, checkpoint, weights, card and log")
@processes("simulate the tests", default=0)
@seeded
@common
def command(
    console: Console, data: Path, output: Path, steps: int, batch: int, learning_rate: float, ema: float, resume: bool,
    checkpoint_seconds: float, workers: int, scheduler: str | None, seed: int,
) -> None:  # fmt: skip
    """Pull the webs of a data set along three axes and train the network of `structgen design` on what comes out.

    Tests that labels.npz in the output folder holds are not simulated again. Also writes checkpoint.pt,
    weights.safetensors, card.json and log.jsonl. Ctrl-C keeps a checkpoint, to go on from with --resume, and usable
    weights. Webs of the validation split calibrate, those of the test split are what the card's metrics are of.

    \b
    Examples:
      structgen data build --default-set 512 -n 6000 --seed 1 -o set.npz
      structgen train predictor --data set.npz -o run
    """
    from simulate.mechanics.predictor.training import PredictorPlan, train_predictor
    from simulate.training import CARD, CHECKPOINT, WEIGHTS
    from structgen.files import check_writable
    from structgen.sources.neighbourhoods import Dataset

    plan = PredictorPlan(steps=steps, batch=batch, seed=seed, learning_rate=learning_rate, ema=ema)
    dataset = Dataset.open(data)
    check_writable(output / CHECKPOINT)
    with console.stage("train"):
        train_predictor(
            dataset, dataset.arrays["split"], output, plan, data=dataset.header | {"file": data.name}, resume=resume,
            workers=workers, scheduler=scheduler, checkpoint_seconds=checkpoint_seconds,
            command=repeated(data.name, plan), report=lambda progress: show(progress, console),
        )  # fmt: skip
    weights = output / WEIGHTS
    facts = {"weights": str(weights), "card": str(output / CARD), "seconds": console.seconds}
    console.result(facts, f"{weights}: use it with --predictor {weights}")


def repeated(data: str, plan: PredictorPlan) -> str:
    """The command that does this training again."""
    options = {
        "data": data, "steps": plan.steps, "batch": plan.batch, "learning-rate": plan.learning_rate, "ema": plan.ema,
        "seed": plan.seed,
    }  # fmt: skip
    return "structgen train predictor " + " ".join(f"--{name} {value}" for name, value in options.items())


def show(progress: PredictorProgress, console: Console) -> None:
    """How far it is on the progress line, a validation on a line of its own."""
    note = f"loss {progress.loss:.4f}, {progress.seconds:.3f} s a step" if progress.what == "step" else ""
    console.progress(progress.done, progress.total, progress.what, note)
    if progress.validation:
        said = ", ".join(
            f"{name} R2 {row['R2']:.3f}" for name, row in progress.validation.items() if isinstance(row, dict)
        )
        console.say(f"step {progress.done}: {said}")
