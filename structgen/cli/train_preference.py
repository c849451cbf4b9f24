"""`structgen train preference`: teach the autoregressive model to draw what it would choose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded
from structgen.cli.train_options import autoregressive, data_set, measured, of_generators, run, started

if TYPE_CHECKING:
    from structgen.preference import PreferencePlan


@click.command("preference", short_help="Teach the autoregressive model what it would choose.")
@data_set
@started("preference", "The model to teach")
@click.option("--rounds", type=int, default=8, show_default=True, help="How often webs are drawn anew.")
@click.option("--requests", type=int, default=1536, show_default=True, help="Targets in a round to draw webs for.")
@run(
    200,
    32,
    1e-4,
    "Drawn webs in a step, in pairs, and as many real ones.",
    "weights, card and log",
    None,
    0.98,
    "Optimiser steps in a round.",
)
@click.option(
    "--strength",
    type=float,
    default=0.1,
    show_default=True,
    help="How firmly the model is held to what it was at the beginning of a round.",
)
@click.option("--likelihood", type=float, default=1.0, show_default=True, help="Weight of the likelihood of real webs.")
@click.option(
    "--share",
    type=float,
    default=0.5,
    show_default=True,
    help="How much of the way from the model given to what it became is gone in the end.",
)
@of_generators
@seeded
@common
def command(
    console: Console, data: Path, start: str, output: Path, rounds: int, requests: int, steps: int, batch: int,
    learning_rate: float, ema: float, strength: float, likelihood: float, share: float, resume: bool,
    precision: str, test_targets: int, seed: int,
) -> None:  # fmt: skip
    """Teach an autoregressive model to draw what it would choose.

    In each round it draws several webs for each of some targets of the data set, a critic learns to tell them from real
    ones, and by its judgement the model learns to make the better ones likelier than the worse (direct preference
    optimisation). Writes weights.safetensors, card.json and log.jsonl after each round. Ctrl-C loses the round at hand;
    --resume goes on after the last.

    \b
    Example: structgen train preference --data data.npz --from run/weights.safetensors -o taught
    """
    from structgen.files import check_writable
    from structgen.preference import PreferencePlan, prefer
    from structgen.sources.neighbourhoods import Dataset
    from structgen.training import CARD, WEIGHTS

    plan = PreferencePlan(
        rounds=rounds, requests=requests, steps=steps, batch=batch, seed=seed, learning_rate=learning_rate, ema=ema,
        strength=strength, likelihood=likelihood, share=share, precision=precision,
    )  # fmt: skip
    dataset, model = Dataset.open(data), autoregressive(start)
    weights, card = output / WEIGHTS, output / CARD
    check_writable(weights)
    with console.stage("train"):
        model = prefer(
            model, dataset, output, plan, resume=resume, command=repeated(data.name, start, plan),
            tell=lambda what, done, total, note: console.progress(done, total, what, note),
        )  # fmt: skip
    facts: dict[str, Any] = {"weights": str(weights), "card": str(card)}
    facts |= measured(console, model, dataset, card, test_targets, seed)
    console.result(facts | {"seconds": console.seconds}, f"{weights}: use it with --model {weights}")


def repeated(data: str, start: str, plan: PreferencePlan) -> str:
    """The command that does this again."""
    options = {
        "data": data, "from": start, "rounds": plan.rounds, "requests": plan.requests, "steps": plan.steps,
        "batch": plan.batch, "learning-rate": plan.learning_rate, "ema": plan.ema, "strength": plan.strength,
        "likelihood": plan.likelihood, "share": plan.share, "precision": plan.precision, "seed": plan.seed,
    }  # fmt: skip
    return "structgen train preference " + " ".join(f"--{name} {value}" for name, value in options.items())
