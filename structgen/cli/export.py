"""`structgen export`: a web to solid, picture, report, or another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from structgen.cli.console import Console
from structgen.cli.filling import skins
from structgen.cli.options import Sizes, common, processes

if TYPE_CHECKING:
    from assembly import SolidReport


@click.command("export", short_help="Make a web a watertight solid, or write it in another format.")
@click.argument("web", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="File to write: .stl, .3mf, .ply, .obj or .glb (solid), .png (picture), .json (report), .vtu (struts), or a "
    "format of WEB. May be repeated.",
)
@click.option("--sides", type=click.IntRange(3, 64), default=8, show_default=True, help="Faces around a strut.")
@click.option(
    "--fillet",
    type=click.FloatRange(0, min_open=True),
    help="Round the corners between struts with this radius, mm: smooth, and some 1,600 triangles a strut.  "
    "[default: sharp]",
)
@click.option(
    "--resolution",
    type=click.FloatRange(0, min_open=True),
    help="Step of the grid on which --fillet is made, mm; coarser makes fewer triangles.  "
    "[default: 2/5 of the thinnest radius]",
)
@click.option(
    "--density",
    type=float,
    default=1.24,
    show_default=True,
    help="Density of the material in g/cm3, for the mass; PLA has 1.24.",
)
@click.option(
    "--strut-radius",
    type=click.FloatRange(0, min_open=True),
    help="Radius of all struts, mm.  [default: as in the file]",
)
@click.option("--scale", type=float, help="Factor for all positions, not for radii.  [default: 1]")
@click.option("--fit", type=Sizes(), metavar="XxYxZ", help="Scale web and radii until they fill this box, mm.")
@click.option("--centre", is_flag=True, help="Move the middle to x = 0, y = 0 and set the web down on z = 0.")
@click.option(
    "--unit",
    type=click.Choice(["mm", "cm", "inch"]),
    default="mm",
    show_default=True,
    help="What the numbers of .stl, .ply and .obj count; the other formats name their unit.",
)
@click.option("--beams", is_flag=True, help="Put the struts into .3mf as a beam lattice, beside the mesh.")
@click.option(
    "--tiles",
    type=click.IntRange(0, 100_000),
    help="Make, check and write the .stl in so many tiles, one in memory at a time; 0 is one for each 50,000 struts.  "
    "[default: in one go]",
)
@processes("mesh the tiles of --tiles", default=1)
@skins
@common
def command(
    console: Console, web: Path, output: tuple[Path, ...], sides: int, density: float, strut_radius: float | None,
    scale: float | None, fit: tuple[float, float, float] | None, centre: bool, unit: str, beams: bool,
    fillet: float | None, resolution: float | None, skin_of: Path | None, skin: float | None, tiles: int | None,
    workers: int, scheduler: str | None,
) -> None:  # fmt: skip
    """Make a web a watertight solid and write it, or write it in another format.

    WEB: .npz, .csv (a pair NAME_vertices.csv, NAME_edges.csv), .graphml, .lammps, .data, .vtp or .vtk, in mm. Each
    edge becomes a round strut. Of a web in several parts the largest is used, with a warning.

    \b
    Examples:
      structgen export web.npz -o web.stl -o web.3mf -o web.png -o report.json
      structgen export web.npz -o web.vtp -o web.vtu
      structgen export web.npz -o web.stl --fillet 0.8
      structgen export web.npz -o web.3mf --beams --fit 100x80x60
      structgen export web.npz -o part.stl --skin-of bracket.stl --skin 1.2
      structgen export huge.npz -o huge.stl --tiles 0 --workers 4
    """
    from assembly.placing import Placing
    from structgen.cli.filling import shape_with_skin, skinned_solid
    from structgen.cli.part import (
        PICTURE,
        REPORT,
        SOLIDS,
        check_outputs,
        check_tiled,
        make_solid,
        make_tiled,
        read_connected,
        versions,
        write_part,
    )
    from structgen.files import sha256

    if resolution is not None and fillet is None:
        raise click.UsageError("--resolution is of --fillet, which is not given")
    given = {"--scale": scale, "--fit": fit, "--centre": centre or None, "--fillet": fillet, "--beams": beams or None}
    shape = shape_with_skin(skin_of, skin, [name for name, value in given.items() if value is not None])
    if tiles is not None:
        check_tiled(output, {"--fillet": fillet, "--beams": beams, "--skin-of": skin_of})
    elif scheduler is not None:
        raise click.UsageError("--scheduler is of --tiles, which is not given")
    check_outputs(output)
    with console.stage("read"):
        source = read_connected(web, console)
    if scale is not None:
        if not 0 < scale < float("inf"):
            raise click.UsageError(f"--scale is {scale}, must be a number > 0")
        source = source.scaled(scale)
    if strut_radius is not None:
        source = source.with_radius(strut_radius)
    if fit or centre:
        source = Placing.of(source, (0.0, 0.0) if centre else None, fit)(source)
    tiled = None
    if tiles is not None:
        stl = next(path for path in output if path.suffix.lower() == ".stl")
        tiled = make_tiled(source, stl, sides, density, console, unit, tiles or None, workers, scheduler)
    needs_solid = tiled is None and any(path.suffix.lower() in (*SOLIDS, PICTURE, REPORT) for path in output)
    solid = None
    if needs_solid and shape is not None and skin is not None:
        solid = skinned_solid(source, shape, skin, console, sides, density)
    elif needs_solid:
        solid = make_solid(source, sides, density, console, fillet, resolution)
    facts: dict[str, object] = {"source": str(web), "versions": versions()}
    if skin_of is not None:
        facts |= {"skin_of": str(skin_of), "skin_mm": skin}
    if web.is_file():
        facts["source_sha256"] = sha256(web)
    report = write_part(source, solid or tiled, output, facts, web.stem, console, unit, beams)
    lines = [str(path) for path in output]
    if made := solid.report if solid else tiled:
        lines.append(solid_line(made))
    console.result(report, "\n".join(lines))


def solid_line(report: SolidReport) -> str:
    """One line on a solid for people."""
    box = " x ".join(f"{side:.1f}" for side in report["bounding_box_mm"])
    return (
        f"{report['struts']} struts, {report['volume_mm3']:.0f} mm3, {report['mass_g']:.1f} g, "
        f"{report['triangles']} triangles, {box} mm, watertight"
    )
