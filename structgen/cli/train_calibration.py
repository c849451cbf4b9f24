"""`structgen train calibration`: let a trained model measure anew what its sampler needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded
from structgen.cli.train_options import autoregressive, data_set, held_out, measured, started


@click.command("calibration", short_help="Measure anew what a model's sampler needs.")
@data_set
@started("calibration", "The model")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("run"),
    show_default=True,
    help="Folder for weights and card.",
)
@held_out
@seeded
@common
def command(console: Console, data: Path, start: str, output: Path, test_targets: int, seed: int) -> None:
    """Let a trained model measure anew what its sampler needs of training webs.

    The autoregressive model keeps the styles of webs, and a critic that tells drawn webs from real ones; both are made
    anew, and the network stays as it is. The other models have nothing to measure. Writes weights.safetensors and
    card.json.

    \b
    Example: structgen train calibration --data data.npz --from run/weights.safetensors -o calibrated
    """
    from structgen.calibration import recalibrate
    from structgen.files import check_writable
    from structgen.sources.neighbourhoods import Dataset
    from structgen.training import CARD, WEIGHTS

    dataset, model = Dataset.open(data), autoregressive(start)
    weights, card = output / WEIGHTS, output / CARD
    check_writable(weights)
    console.say("keeping styles, drawing webs, and teaching the critic")
    with console.stage("calibrate"):
        again = f"structgen train calibration --data {data.name} --from {start} --seed {seed}"
        recalibrate(model, dataset, output, seed, again)
    facts: dict[str, Any] = {"weights": str(weights), "card": str(card)}
    facts |= measured(console, model, dataset, card, test_targets, seed)
    console.result(facts | {"seconds": console.seconds}, f"{weights}: use it with --model {weights}")
