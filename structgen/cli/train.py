"""`structgen train`: train or fine-tune generators; networks of other kinds are in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli import train_calibration, train_mover, train_predictor, train_preference
from structgen.cli.console import Console
from structgen.cli.options import Function, common, seeded
from structgen.cli.train_options import data_set, measured, of_generators, run, warmup

if TYPE_CHECKING:
    from structgen.training import Progress, TrainingPlan

#: Models to train, each a sub-command of its own, and what its help calls it; the names are those of
#: `structgen.generators.store.MODELS`, which takes torch to import.
MODELS = {
    "analog": "the sparse analog diffusion model",
    "discrete": "the dense discrete diffusion model",
    "autoregressive": "the autoregressive model",
}


HELP = """Train {model}, or fine-tune one.

Writes checkpoint.pt, weights.safetensors, card.json and log.jsonl. Ctrl-C keeps a checkpoint, to go on from with
--resume, and usable weights.

\b
Examples:
  structgen train {name} --data data.npz --steps 4000 -o run
  structgen train {name} --data data.npz --from {name} --steps 300 -o tuned
"""


@click.group("train")
def command() -> None:
    """Train generators, or the networks of simulations.

    \b
    Example: structgen train analog --data data.npz --steps 4000 -o run
    """


def _trains(name: str) -> Function:
    """The sub-command that trains the model of that name."""

    @command.command(name, short_help=f"Train {MODELS[name]}.", help=HELP.format(model=MODELS[name], name=name))
    @data_set
    @run(4000, 32, 1e-3, "Webs in a step, over all devices.", checkpoint_seconds=120.0)
    @warmup
    @click.option(
        "--from",
        "start",
        metavar="MODEL",
        envvar=f"STRUCTGEN_TRAIN_{name.upper()}_FROM",
        help="Fine-tune this model: a shipped one, or a .safetensors file.",
    )
    @click.option(
        "--accelerator",
        type=click.Choice(["cpu", "gpu", "auto"]),
        default="cpu",
        show_default=True,
        help="Where to train.",
    )
    @click.option(
        "--devices", type=click.IntRange(1, 1024), default=1, show_default=True, help="Devices on each machine."
    )
    @click.option(
        "--machines",
        type=click.IntRange(1, 1024),
        default=1,
        show_default=True,
        help="Machines; each is started by torchrun or `fabric run`.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(0, 256),
        default=0,
        show_default=True,
        help="Processes that prepare batches ahead, which a GPU needs to be kept busy.",
    )
    @of_generators
    @seeded
    @common
    def trains(console: Console, **options: Any) -> None:
        train(console, name, **options)

    return trains


def train(
    console: Console, name: str, data: Path, output: Path, start: str | None, steps: int, batch: int,
    learning_rate: float, warmup: int, ema: float, resume: bool, accelerator: str, devices: int, machines: int,
    workers: int, checkpoint_seconds: float, precision: str, test_targets: int, seed: int,
) -> None:  # fmt: skip
    """What every sub-command does: train the model of that name, and measure it on held-out targets."""
    from structgen.files import check_writable
    from structgen.generators import load_model
    from structgen.sources.neighbourhoods import Dataset
    from structgen.training import CARD, CHECKPOINT, WEIGHTS, TrainingPlan
    from structgen.training import train as trained

    plan = TrainingPlan(
        steps=steps, batch=batch, seed=seed, learning_rate=learning_rate, warmup=warmup, ema=ema, precision=precision
    )
    dataset = Dataset.open(data)
    begun = load_model(start) if start else None
    if begun is not None and begun.name != name:
        raise click.UsageError(f"--from is {start}, a model of the kind {begun.name}, not {name}")
    check_writable(output / CHECKPOINT)
    with console.stage("train"):
        model = trained(
            begun or name, dataset, output, plan, resume=resume, accelerator=accelerator, devices=devices,
            machines=machines, workers=workers, checkpoint_seconds=checkpoint_seconds,
            report=lambda progress: show(progress, console),
            command=repeated(name, data.name, plan, start, accelerator),
        )  # fmt: skip
    weights, card = output / WEIGHTS, output / CARD
    facts: dict[str, Any] = {"weights": str(weights), "card": str(card)}
    facts |= measured(console, model, dataset, card, test_targets, seed)
    console.result(facts | {"seconds": console.seconds}, f"{weights}: use it with --model {weights}")


def repeated(name: str, dataset: str, plan: TrainingPlan, start: str | None, accelerator: str) -> str:
    """The command that does this training again."""
    options = {
        "data": dataset, "from": start, "steps": plan.steps, "batch": plan.batch, "learning-rate": plan.learning_rate,
        "warmup": plan.warmup, "ema": plan.ema, "precision": plan.precision, "seed": plan.seed,
        "accelerator": None if accelerator == "cpu" else accelerator,
    }  # fmt: skip
    return f"structgen train {name} " + " ".join(f"--{name} {v}" for name, v in options.items() if v is not None)


def show(progress: Progress, console: Console) -> None:
    """A step on the progress line, a validation loss on a line of its own."""
    left = (progress.steps - progress.step) * progress.seconds
    note = f"loss {progress.losses['total']:.4f}, {progress.seconds:.2f} s a step, {left / 60:.0f} min left"
    console.progress(progress.step, progress.steps, "step", note)
    if progress.validation:
        console.say(f"step {progress.step}: validation loss {progress.validation['total']:.4f}")


for _name in MODELS:
    _trains(_name)
for _module in (train_calibration, train_mover, train_predictor, train_preference):
    command.add_command(_module.command)
