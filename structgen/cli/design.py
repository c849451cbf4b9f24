"""`structgen design`: search for webs that are strong, stiff, tough or light."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common, model_option, seeded


@click.command("design", short_help="Search for webs that are strong, stiff, tough or light.")
@click.option(
    "--target",
    multiple=True,
    required=True,
    metavar="WISH",
    help="NAME=max or NAME=min, or a limit with its unit: 'mass<=20mg', 'stiffness>=50MPa'; may be given several "
    "times. Names: stiffness, strength (MPa), toughness (MJ/m^3), load (N), mass (g, mg), thread_length, "
    "mean_edge_length, dx, dy, dz (mm), nodes, edges, mean_degree.",
)
@click.option(
    "--range",
    multiple=True,
    metavar="NAME=LOW..HIGH",
    help="What may be varied: nodes [12..96], mean_degree [2..3.3], spacing [0.25..0.5], the mean edge length over the "
    "diagonal by the cube root of the nodes, dx, dy, dz [20..60], mm.",
)
@click.option("--trials", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Webs tried in all.")
@click.option(
    "--finalists", type=click.IntRange(1, 1000), default=12, show_default=True, help="Webs that are simulated at most."
)
@click.option("--axis", type=click.Choice(["x", "y", "z"]), default="x", show_default=True, help="Axis of the pull.")
@click.option(
    "--sampler",
    type=click.Choice(["auto", "tpe", "parego", "nsga2", "random"]),
    default="auto",
    show_default=True,
    help="How targets are suggested; auto: tpe for one objective, parego for several.",
)
@click.option(
    "--predictor",
    default="predictor",
    show_default=True,
    metavar="NETWORK",
    help="The shipped predictor, or a .safetensors file of `structgen train predictor`.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("study"),
    show_default=True,
    help="Folder of the study; one that is there goes on.",
)
@model_option
@seeded
@common
def command(
    console: Console, target: tuple[str, ...], range: tuple[str, ...], trials: int, finalists: int, axis: str,
    sampler: str, predictor: str, output: Path, model: str, seed: int,
) -> None:  # fmt: skip
    """Search over design targets for webs of silk that are best at what is wished for, pulled along an axis.

    A generator makes the webs, a network predicts their properties, and the best are simulated. Writes front.json,
    front.csv, pareto.png, the finalists' webs, and study.log, with which the same command goes on after Ctrl-C or with
    more --trials.

    \b
    Examples:
      structgen design --target strength=max --target 'mass<=20mg' --trials 200 -o study
      structgen design --target load=max --target mass=min --range nodes=16..64 -o study
    """
    from simulate.design.front import finalists as simulated
    from simulate.design.front import write_front
    from simulate.design.picture import PICTURE, draw
    from simulate.design.space import Space
    from simulate.design.study import STUDY, Search
    from simulate.design.wishes import Wishes
    from simulate.mechanics.predictor.store import load_predictor, weights_path
    from structgen import __version__
    from structgen.files import check_writable, sha256
    from structgen.generators.model import OutOfRangeWarning
    from structgen.generators.store import model_path
    from structgen.targets import DesignTargets
    from structgen.web import WebGraph

    wishes, space = Wishes.of(target), Space.of(range)
    with console.stage("load"):
        loaded, network = console.loaded(model), load_predictor(predictor)
    about = {
        "structgen": __version__, "model": loaded.name, "model_sha256": sha256(model_path(model)),
        "predictor_sha256": sha256(weights_path(predictor)),
    }  # fmt: skip

    def make(targets: DesignTargets, web_seed: int) -> WebGraph:
        with warnings.catch_warnings():
            # What is near a target is as good: properties are those of the web that came.
            warnings.simplefilter("ignore", OutOfRangeWarning)
            return loaded.sample(targets, seed=web_seed)[0]

    check_writable(output / STUDY)
    search = Search(make, wishes, output, network, space, axis, seed, sampler, about)
    with console.stage("search"):
        tried = search.run(trials, lambda done, total, best: console.progress(done, total, "trial", best))
    with console.stage("simulate"):
        found = simulated(search, tried, finalists, lambda done, total: console.progress(done, total, "simulated web"))
    facts = about | {
        "targets": wishes.texts, "ranges": space.ranges, "axis": axis, "seed": seed, "sampler": search.sampler,
        "trials": trials, "webs": len(tried),
    }  # fmt: skip
    rows = write_front(found, facts, output)
    draw(tried, found, wishes, output / PICTURE)
    if not any(one.best for one in found):
        console.warn("none of the finalists meets the limits when simulated, only as predicted")
    names = list(dict.fromkeys([one.name for one in wishes.objectives] + [one.name for one in wishes.limits]))
    lines = [f"{'web':24}" + "".join(f"{name:>18}{'simulated':>12}" for name in names)]
    for one, row in zip(found, rows, strict=True):
        cells = "".join(
            f"{one.trial.predicted[name]:18.4g}" + (f"{one.simulated[name]:12.4g}" if one.simulated else f"{'-':>12}")
            for name in names
        )
        lines.append(f"{row['file']:24}{cells}{'  *' if one.best else ''}")
    console.result(facts | {"designs": rows}, "\n".join([*lines, f"{output / PICTURE}, {output / 'front.csv'}"]))
