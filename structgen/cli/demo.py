"""`structgen demo`: the main job from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.options import TARGETS, common, curves, model_option, seeded, targets

if TYPE_CHECKING:
    from structgen.generators.model import WebGenerator
    from structgen.web import WebGraph

#: What the demo asks for where the user does not: webs that grow denser along a helix.
DEMO_TARGETS = {"nodes": "60", "mean_degree": "2.8+s", "extents": ("30", "22", "22"), "mean_edge_length": None}
DEMO_HELIX = {"radius": 30.0, "pitch": 40.0, "turns": 1.6}
FILES = ("web.stl", "web.3mf", "web.png", "web.npz", "report.json")
#: Neighbourhoods and training steps for a web of the user's, and its mean edge length after scaling, mm.
SAMPLED, FINE_TUNING_RATE, TYPICAL_LENGTH = 2000, 3e-4, 6.5


@click.command("demo", short_help="Generate webs along a curve, join them, and write a printable part.")
@click.argument("web", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for web.stl, web.3mf, web.png, web.npz and report.json.",
)
@curves(**DEMO_HELIX)
@targets(along_curve=True)
@click.option(
    "-n", "--count", type=click.IntRange(1, 5000), help="Number of webs along the curve.  [default: as many as fit]"
)
@click.option(
    "--strut-radius",
    type=click.FloatRange(0, min_open=True),
    default=0.6,
    show_default=True,
    help="Median strut radius, mm.",
)
@click.option("--sides", type=click.IntRange(3, 64), default=8, show_default=True, help="Faces around a strut.")
@click.option(
    "--fine-tune",
    metavar="STEPS",
    type=click.IntRange(1, 10**6),
    default=300,
    show_default=True,
    help="Training steps on your WEB; one takes some 0.2 s on two cores.",
)
@click.option(
    "--scale", type=float, help="Factor for the positions of WEB.  [default: to a mean edge length of 6.5 mm]"
)
@model_option
@seeded
@common
def command(
    console: Console, web: Path | None, output: Path, count: int | None, strut_radius: float, sides: int,
    fine_tune: int, scale: float | None, model: str, seed: int, **options: Any,
) -> None:  # fmt: skip
    """Generate webs along a curve, join them, and write a printable part.

    With WEB (npz, csv, graphml, ...), a large web of yours, its neighbourhoods are sampled, the model is fine-tuned on
    them, and the part is made of webs like yours. Without it the shipped model is used as it is, and where no targets
    are given either, it is asked for webs that grow denser along the curve.

    \b
    Examples:
      structgen demo -o out
      structgen demo myweb.npz -o out --seed 3
    """
    from assembly import assemble
    from structgen.cli.assemble import joint_facts
    from structgen.cli.export import solid_line
    from structgen.cli.generate import provenance, row
    from structgen.cli.modules import curve_facts, curve_of, generate_along, place_on, targets_at
    from structgen.cli.part import check_outputs, keep_inputs, make_solid, versions, write_part

    if web is None and scale is not None:
        raise click.UsageError("--scale is for WEB, which is not given")
    if options["along"].strip() == "helix":
        options |= {name: value for name, value in DEMO_HELIX.items() if options[name] is None}
    curve = curve_of(options)
    files = [output / name for name in FILES]
    keep_inputs([] if web is None else [web], files)
    check_outputs(files)
    with console.stage("load"):
        loaded = console.loaded(model)
    facts: dict[str, Any] = {"versions": versions(), "curve": curve_facts(curve)}
    name = model
    if web is None and not any(options[key] for key in TARGETS):
        options |= DEMO_TARGETS
    for place in (0.0, 1.0):
        targets_at(options, place_on(curve, place))
    if web is not None:
        loaded, source = fine_tuned(loaded, web, scale, output / "model", fine_tune, seed, console)
        name = str(output / "model" / "weights.safetensors")
        facts["source"] = source
        if options["nodes"] is None and options["edges"] is None:
            options["nodes"] = DEMO_TARGETS["nodes"]
    with console.stage("generate"):
        results = generate_along(loaded, curve, options, count, 0.15, strut_radius, seed, console)
    with console.stage("assemble"):
        joined = assemble(curve, [result.web for result in results])
    facts |= provenance(loaded, name, seed)
    facts |= {"modules": [row(result) for result in results], "joined": joint_facts(joined, len(results))}
    console.say(f"one web of {joined.web.n} nodes and {joined.web.m} struts; making it solid")
    solid = make_solid(joined.web, sides, 1.24, console)
    report = write_part(joined.web, solid, files, facts, "structgen demo", console)
    text = [
        f"{len(results)} webs joined; nodes welded: {joined.welded}, bridges: {joined.bridges}",
        solid_line(solid.report),
    ]
    console.result(report, "\n".join([*text, *(f"wrote {file}" for file in report["files"])]))


def fine_tuned(
    model: WebGenerator, path: Path, scale: float | None, folder: Path, steps: int, seed: int, console: Console
) -> tuple[WebGenerator, dict[str, Any]]:
    """``model`` fine-tuned on neighbourhoods of the web in ``path``, and what the report says of that."""
    from structgen.cli.part import read_connected, web_facts
    from structgen.cli.train import show
    from structgen.files import sha256
    from structgen.sources.neighbourhoods import build
    from structgen.training import TrainingPlan, train

    with console.stage("read"):
        web, factor = scaled(read_connected(path, console), scale)
    with console.stage("sample"):
        dataset = build([web], folder / "data.npz", SAMPLED, seed, path.name,
                        lambda done, total: console.progress(done, total, "neighbourhood"))  # fmt: skip
    plan = TrainingPlan(steps=steps, seed=seed, learning_rate=FINE_TUNING_RATE)
    console.say(f"fine-tuning for {steps} steps on {len(dataset)} neighbourhoods of {path.name}")
    with console.stage("fine-tune"):
        tuned = train(model, dataset, folder, plan, report=lambda progress: show(progress, console))
    facts = {"file": str(path), "sha256": sha256(path) if path.is_file() else None, "scale": factor,
             "web": web_facts(web), "neighbourhoods": len(dataset), "fine_tuning_steps": steps}  # fmt: skip
    return tuned, facts


def scaled(web: WebGraph, scale: float | None) -> tuple[WebGraph, float]:
    """The web times ``scale``, by default to the mean edge length that printed webs like, and the factor."""
    from structgen.web import MAX_COORDINATE

    if scale is None and not web.lengths.mean() > 1 / MAX_COORDINATE:
        raise ValueError("the web has no size: its nodes lie in one point")
    factor = TYPICAL_LENGTH / float(web.lengths.mean()) if scale is None else scale
    if not 0 < factor < float("inf"):
        raise click.UsageError(f"--scale is {scale}, must be a number > 0")
    return web.scaled(factor), factor
