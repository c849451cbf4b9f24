"""`structgen data`: data sets of neighbourhoods to train on."""

from __future__ import annotations

from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common, processes, seeded


@click.group("data")
def command() -> None:
    """Make and look at data sets to train on.

    \b
    Example: structgen data build web.npz -n 5000 -o data.npz
    """


@command.command("build")
@click.argument("webs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--procedural", type=click.IntRange(1, 10_000), help="Use this many procedural tangle webs instead of WEBS."
)
@click.option(
    "--default-set",
    type=click.IntRange(3, 100_000),
    metavar="COUNT",
    help="Use COUNT webs of the default training set, orb, sheet, tangle and tent webs in turn, instead of WEBS.",
)
@processes("build the default set", default=0)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 10_000_000),
    default=10_000,
    show_default=True,
    help="Number of neighbourhoods.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("data.npz"),
    show_default=True,
    help="File of the data set.",
)
@seeded
@common
def build(
    console: Console, webs: tuple[Path, ...], procedural: int | None, default_set: int | None, workers: int,
    scheduler: str | None, count: int, output: Path, seed: int,
) -> None:  # fmt: skip
    """Sample connected neighbourhoods of 8 to 128 nodes from webs.

    A neighbourhood is a small web cut from a large one: what a model learns from. Several WEBS are split into train,
    validation and test by web, a single one by region.

    \b
    Examples:
      structgen data build web.npz -n 5000 -o data.npz
      structgen data build --procedural 60 -n 30000 --seed 0 -o data.npz
      structgen data build --default-set 64 -n 200000 --seed 0 -o data.npz
    """
    from structgen.cli.part import check_named, keep_inputs, read_connected
    from structgen.sources import neighbourhoods
    from structgen.sources.procedural import varied_tangles
    from structgen.sources.training_set import source_webs

    if bool(webs) + (procedural is not None) + (default_set is not None) != 1:
        raise click.UsageError("give one of WEBS, --procedural and --default-set")
    keep_inputs(webs, [output])
    check_named("--output", output, ".npz")
    with console.stage("webs"):
        if default_set:
            console.say(f"building {default_set} webs of the default set")
            sources = source_webs(
                default_set, seed, workers, scheduler, lambda done, total: console.progress(done, total, "web")
            )
            origin = f"{default_set} webs of the default set (orb, sheet, tangle, tent), seed {seed}"
        elif procedural:
            console.say(f"spinning {procedural} procedural webs")
            sources, origin = varied_tangles(procedural, seed), f"{procedural} procedural tangle webs, seed {seed}"
        else:
            sources = [read_connected(path, console) for path in webs]
            origin = ", ".join(path.name for path in webs)
    with console.stage("sample"):
        dataset = neighbourhoods.build(
            sources, output, count, seed, origin, lambda done, total: console.progress(done, total, "neighbourhood")
        )
    console.result(dataset.info(), f"{output}: {describe(dataset)}")


@command.command("info", short_help="Say what a data set holds.")
@click.argument("dataset", type=click.Path(path_type=Path))
@common
def info(console: Console, dataset: Path) -> None:
    """Say what a data set of `structgen data build` holds: counts by split and the range of each target.

    \b
    Example: structgen data info data.npz
    """
    from structgen.sources.neighbourhoods import Dataset

    opened = Dataset.open(dataset)
    facts = opened.info()
    lines = [f"{dataset}: {describe(opened)}", f"{'':18}{'min':>10}{'median':>10}{'max':>10}"]
    lines += [
        f"{name:18}{row['min']:10.4g}{row['median']:10.4g}{row['max']:10.4g}" for name, row in facts["ranges"].items()
    ]
    console.result(facts, "\n".join(lines))


@command.command("card", short_help="Write the data card of a data set.")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("card"),
    show_default=True,
    help="Folder for card.json and card.png.",
)
@common
def card(console: Console, dataset: Path, output: Path) -> None:
    """Write a card of a data set of `structgen data build`: counts, silk types, histograms of the seven targets.

    \b
    Example: structgen data card data.npz -o card
    """
    from structgen.files import check_writable
    from structgen.sources import data_card
    from structgen.sources.neighbourhoods import Dataset

    opened = Dataset.open(dataset)
    check_writable(output / data_card.CARD)
    facts = data_card.write_card(opened, output)
    console.result(facts, f"{output / data_card.CARD}, {output / data_card.PICTURE}: {describe(opened)}")


def describe(dataset: object) -> str:
    """One line on a data set for people."""
    from structgen.sources.neighbourhoods import Dataset

    assert isinstance(dataset, Dataset)
    facts = dataset.info()
    counts = ", ".join(f"{count} {name}" for name, count in facts["neighbourhoods"].items())
    return f"{len(dataset)} neighbourhoods ({counts}) of {facts['origin']}, split by {facts['split_by']}"
