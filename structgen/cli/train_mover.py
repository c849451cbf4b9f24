"""`structgen train mover`: train the network that moves meshes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded
from structgen.cli.train_options import run, warmup

if TYPE_CHECKING:
    from simulate.mesh_movement.um2n.training import MoverPlan, MoverProgress


@click.command("mover", short_help="Train the network that moves meshes.")
@run(10_000, 4, 2e-3, "Random meshes and monitors in a step.")
@warmup
@click.option(
    "--loss",
    default="equidistribution",
    show_default=True,
    help="equidistribution, which needs no targets; targets, that and the distance to Monge-Ampere targets; or paper, "
    "areas and Chamfer distance to these, as UM2N was trained.",
)
@click.option(
    "--attention",
    default="slices",
    show_default=True,
    help="Global attention of the encoder: full, slices, performer or virtual-node.",
)
@seeded
@common
def command(
    console: Console, output: Path, steps: int, batch: int, learning_rate: float, warmup: int, ema: float, loss: str,
    attention: str, resume: bool, checkpoint_seconds: float, seed: int,
) -> None:  # fmt: skip
    """Train the network of `structgen mesh move --method um2n` on random planar meshes and monitors.

    Writes checkpoint.pt, weights.safetensors, card.json and log.jsonl. Ctrl-C keeps a checkpoint, to go on from with
    --resume, and usable weights.

    \b
    Example: structgen train mover --steps 10000 -o run
    """
    from simulate.mesh_movement.um2n.network import NetworkConfig
    from simulate.mesh_movement.um2n.training import MoverPlan, train_mover
    from simulate.training import CARD, CHECKPOINT, WEIGHTS
    from structgen.files import check_writable

    plan = MoverPlan(
        steps=steps, batch=batch, seed=seed, learning_rate=learning_rate, warmup=warmup, ema=ema, loss=loss
    )
    config = NetworkConfig(attention=attention)
    check_writable(output / CHECKPOINT)
    with console.stage("train"):
        train_mover(
            output, plan, config=config, resume=resume, checkpoint_seconds=checkpoint_seconds,
            command=repeated(plan, config.attention), report=lambda progress: show(progress, console),
        )  # fmt: skip
    weights = output / WEIGHTS
    facts = {"weights": str(weights), "card": str(output / CARD), "seconds": console.seconds}
    console.result(facts, f"{weights}: use it with --network {weights}")


def repeated(plan: MoverPlan, attention: str) -> str:
    """The command that does this training again."""
    options = {
        "steps": plan.steps, "batch": plan.batch, "learning-rate": plan.learning_rate, "warmup": plan.warmup,
        "ema": plan.ema, "loss": plan.loss, "attention": attention, "seed": plan.seed,
    }  # fmt: skip
    return "structgen train mover " + " ".join(f"--{name} {value}" for name, value in options.items())


def show(progress: MoverProgress, console: Console) -> None:
    """A step on the progress line, a validation on a line of its own."""
    left = (progress.steps - progress.step) * progress.seconds
    note = f"loss {progress.loss:.4f}, {progress.seconds:.2f} s a step, {left / 60:.0f} min left"
    console.progress(progress.step, progress.steps, "step", note)
    if progress.validation:
        said = ", ".join(f"{name} {value:.3f}" for name, value in progress.validation.items())
        console.say(f"step {progress.step}: {said}")
