"""`structgen assemble`: webs along a curve, in a shape or on a surface, joined into one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.filling import coverings
from structgen.cli.options import TARGETS, common, curves, model_option, processes, seeded, targets

if TYPE_CHECKING:
    from assembly import Joined


@click.command("assemble", short_help="Place webs along a curve, in a shape or on a surface, and join them.")
@click.argument("webs", nargs=-1, type=click.Path(path_type=Path))
@curves()
@coverings
@click.option(
    "--overlap",
    type=float,
    default=0.15,
    show_default=True,
    help="Share of their length by which neighbours should overlap; decides how many webs are generated.",
)
@click.option(
    "--bridges",
    type=click.IntRange(0, 1000),
    default=4,
    show_default=True,
    help="New struts between two neighbouring webs, at most; without them only what must be tied is.",
)
@click.option(
    "--weld",
    type=float,
    help="Nodes of different webs nearer than this many mm become one.  [default: 0.3 of the median edge length]",
)
@click.option("--rigid", is_flag=True, help="Do not bend webs along the curve.")
@click.option(
    "--seams",
    type=click.Choice(["bridge", "extend"]),
    default="bridge",
    show_default=True,
    help="How neighbours are joined: by new struts, or by the model, which makes the web anew where they meet.",
)
@targets(along_curve=True)
@click.option(
    "-n", "--count", type=click.IntRange(1, 5000), help="Number of generated webs.  [default: as many as fit]"
)
@click.option(
    "--strut-radius",
    type=click.FloatRange(0, min_open=True),
    help="Median strut radius, mm.  [default: as in the training webs]",
)
@click.option(
    "--radius-field",
    metavar="EXPRESSION",
    help="Radius of each strut, mm, by its place: an expression in s, 0 at the start of the curve, 1 at its end, and "
    "x, y, z, such as '0.3+0.02*z'.",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="A picture, as large as covers the curve: p in expressions is its grey at a place, 0 black, 1 white.",
)
@click.option(
    "--picture-axis",
    type=click.Choice(["x", "y", "z"]),
    default="z",
    show_default=True,
    help="Axis that the picture is seen along: z from above, x to the right and y up.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    multiple=True,
    default=["web.npz"],
    show_default=True,
    help="File to write: of the joined web, its format by its suffix, or of its solid, picture or report as `structgen "
    "export` has them. May be repeated.",
)
@processes("generate webs, 32 at a time", default=1)
@model_option
@seeded
@common
def command(
    console: Console, webs: tuple[Path, ...], overlap: float, bridges: int, weld: float | None, rigid: bool,
    seams: str, count: int | None, strut_radius: float | None, radius_field: str | None, picture: Path | None,
    picture_axis: str, output: tuple[Path, ...], workers: int, scheduler: str | None, model: str, seed: int,
    **options: Any,
) -> None:  # fmt: skip
    """Place webs along a curve, in a shape or on a surface, and join them into one connected web.

    Takes the files WEBS in their order, or generates webs for targets that may vary along the curve. Each web keeps
    its size; its x direction runs along the curve.

    With --fill a closed shape is filled instead and the web cut at its surface, with --wrap a surface is covered.
    WEBS are then used in turn as often as needed, turned and mirrored at random; the targets of generated ones may
    be expressions in x, y, z, mm.

    \b
    Examples:
      structgen assemble webs/*.npz --along helix --radius 30 --pitch 30 --turns 2 -o web.npz
      structgen assemble --along torus-knot --p 2 --q 5 --radius 60 --tube-radius 25 -o web.npz
      structgen assemble --along "(2+cos(1.5*t))*cos(t)*12; (2+cos(1.5*t))*sin(t)*12; 12*sin(1.5*t)"
        --t1 12.566 --nodes 40 --mean-degree "2.6+0.6*s" --seed 1 -o web.npz
      structgen assemble --nodes "30+30*p" --radius-field "0.3+0.3*p" --picture logo.png
        --seams extend
      structgen assemble --fill bracket.stl --skin 1.2 --nodes 40 -o part.stl -o web.npz
      structgen assemble webs/*.npz --wrap cylinder --radius 20 --height 60 -o lamp.npz
    """
    from assembly import assemble
    from structgen.cli.filling import cover, needs_solid
    from structgen.cli.generate import provenance, row
    from structgen.cli.modules import curve_facts, curve_of, generate_along, picture_on, radius_on, seam_maker
    from structgen.cli.part import check_outputs, keep_inputs, make_solid, read_connected, write_part

    check_outputs(output)
    if options["fill"] is not None or options["wrap"] is not None:
        asked = options | {
            "rigid": rigid, "count": count, "seams": None if seams == "bridge" else seams, "radius_field": radius_field,
            "picture": picture, "picture_axis": picture_axis,
        }  # fmt: skip
        cover(console, webs, asked, overlap, bridges, weld, strut_radius, output, workers, scheduler, model, seed)
        return
    for name in ("skin", "frame", "height", "offset"):
        if options[name] is not None:
            raise click.UsageError(f"--{name} needs --fill or --wrap")
    keep_inputs(webs, output)
    curve = curve_of(options)
    grey = picture_on(curve, picture, picture_axis)
    radii = None if radius_field is None else radius_on(curve, radius_field, grey)
    facts: dict[str, Any] = {"curve": curve_facts(curve)}
    if radius_field is not None and strut_radius is not None:
        raise click.UsageError("--radius-field and --strut-radius exclude each other")
    loaded = None
    if not webs or seams == "extend":
        with console.stage("load"):
            loaded = console.loaded(model)
        facts |= provenance(loaded, model, seed)
    if webs:
        given = [f"--{name.replace('_', '-')}" for name in TARGETS if options[name] is not None]
        given += [
            f"--{name}"
            for name, value in (("count", count), ("strut-radius", strut_radius), ("scheduler", scheduler))
            if value is not None
        ]
        if given:
            raise click.UsageError(f"{given[0]} is for generated webs, but WEBS are given")
        with console.stage("read"):
            placed = [read_connected(path, console) for path in webs]
        facts |= {"sources": [str(path) for path in webs]}
    else:
        assert loaded is not None
        with console.stage("generate"):
            results = generate_along(
                loaded, curve, options, count, overlap, strut_radius, seed, console, grey, workers, scheduler
            )
        placed = [result.web for result in results]
        facts |= {"modules": [row(result) for result in results]}
    with console.stage("assemble"):
        joined = assemble(
            curve, placed, overlap=overlap, bridges=bridges, tolerance=weld, bend=not rigid, radius_field=radii,
            extend=seam_maker(loaded, seed) if loaded is not None and seams == "extend" else None,
        )  # fmt: skip
    facts |= {"joined": joint_facts(joined, len(placed))}
    solid = make_solid(joined.web, 8, 1.24, console) if needs_solid(output) else None
    report = write_part(joined.web, solid, output, facts, output[0].stem, console)
    names = ", ".join(map(str, output))
    console.result(report, f"{names}: {joined.web!r} of {len(placed)} webs\n{joint_line(joined)}")


def joint_line(joined: Joined) -> str:
    """What people are told of the joints."""
    parts = [f"{joined.seams} seams generated"] if joined.seams else []
    parts += [f"{joined.welded} nodes welded", f"{joined.bridges} bridges up to {joined.longest_bridge:.3g} mm"]
    counts = {"of them unlike the webs' struts": joined.forced, "crossings joined": joined.crossings,
              "struts cut": joined.cut}  # fmt: skip
    return ", ".join([*parts, *(f"{count} {what}" for what, count in counts.items() if count)])


def joint_facts(joined: Joined, webs: int) -> dict[str, Any]:
    """What the report says of the joints."""
    names = ("seams", "welded", "crossings", "cut", "bridges", "forced", "dropped")
    counts = {name: getattr(joined, name) for name in names}
    return {"webs": webs, **counts, "longest_bridge_mm": joined.longest_bridge}
