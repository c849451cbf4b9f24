"""`structgen mesh`: move the nodes of a mesh to where a solution needs them, and measure meshes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import CheckError, Console
from structgen.cli.options import common

if TYPE_CHECKING:
    from simulate.mesh_movement.files import MeshFile
    from simulate.mesh_movement.problems.bench import Result
    from simulate.mesh_movement.sampling import Monitor

#: Monitors made of a field of the file, named MONITOR:FIELD.
OF_FIELDS = ("hessian", "gradient", "arc-length", "values")
#: Help of --picture.
PICTURE = "PNG to draw the mesh to, before and after; of meshes in the plane."


@click.group("mesh", short_help="Move the nodes of a mesh, measure meshes.")
def command() -> None:
    """Move the nodes of a mesh to where a solution needs them, and measure meshes.

    Files: .msh (gmsh), .vtu, .vtk, .mesh (Medit), .inp (Abaqus); triangles in a plane z = constant, or tetrahedra.

    \b
    Example: structgen mesh move in.vtu --monitor hessian:u -o out.vtu
    """


@command.command("move", short_help="Move nodes so that a monitor is shared evenly among cells.")
@click.argument("mesh", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write the mesh to.")
@click.option(
    "--monitor",
    required=True,
    help="Where cells are to be small: hessian:FIELD, gradient:FIELD or arc-length:FIELD of a field of the file; "
    "values:FIELD, the field itself, > 0; or an expression in x, y, z, > 0.",
)
@click.option(
    "--strength",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    help="How much smaller cells are to be where hessian, gradient or arc-length are greatest.",
)
@click.option(
    "--smooth",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Length over which the monitor of a field is smoothed.",
)
@click.option(
    "--method",
    default="monge-ampere",
    show_default=True,
    help="monge-ampere, monge-ampere-relaxation, variational, or um2n, a trained network.",
)
@click.option(
    "--network",
    default="um2n",
    show_default=True,
    help="Network of the method um2n: the shipped one, or a .safetensors file of `structgen train mover`.",
)
@click.option(
    "--boundary",
    type=click.Choice(["slide", "fixed"]),
    default="slide",
    show_default=True,
    help="What nodes of the boundary do; corners stay in either case.",
)
@click.option(
    "--corner-angle",
    type=click.FloatRange(0, 180, min_open=True, max_open=True),
    default=35.0,
    show_default=True,
    help="Turn of the boundary, in degrees, from which there is a corner.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Relative residual at which Monge-Ampere methods end.",
)
@click.option(
    "--max-iterations", type=click.IntRange(1), default=100, show_default=True, help="Steps each method may take."
)
@click.option("--no-fallback", is_flag=True, help="Do not try the variational method where the one asked for fails.")
@click.option("--picture", type=click.Path(path_type=Path), help=PICTURE)
@common
def move(
    console: Console, mesh: Path, output: Path, monitor: str, strength: float, smooth: float, method: str,
    network: str, boundary: str, corner_angle: float, tolerance: float, max_iterations: int, no_fallback: bool,
    picture: Path | None,
) -> None:  # fmt: skip
    """Move the nodes of MESH so that a monitor is shared evenly among its cells; no cell is ever inverted.

    The file written has the cells and fields of MESH and the fields monitor and displacement. Fields are those at the
    nodes as they were: solve again, or interpolate, on the moved mesh.

    \b
    Examples:
      structgen mesh move in.msh --monitor hessian:u -o out.vtu
      structgen mesh move in.vtu --monitor "1 + 20*exp(-((x-0.5)**2 + y**2)/0.01)" -o out.vtu
    """
    import numpy as np

    from simulate.mesh_movement.files import check_suffix, read_mesh_file, write_mesh_file
    from simulate.mesh_movement.interpolation import interpolated
    from simulate.mesh_movement.meshes import SimplexMesh
    from simulate.mesh_movement.move import METHODS, move_mesh
    from simulate.mesh_movement.pictures import before_after, check_plane
    from structgen.files import check_writable

    if method not in METHODS:
        raise click.UsageError(f"--method {method!r} is not known, use one of {', '.join(METHODS)}")
    check_suffix(output)
    if output.resolve() == mesh.resolve():
        raise click.UsageError(f"--output: {output} is read here and would be written over, name another")
    with console.stage("read"):
        source = read_mesh_file(mesh)
    check_writable(output)
    if picture:
        check_plane(source.points.shape[1])
        check_picture(picture)
    with console.stage("monitor"):
        wanted = monitor_of(source, monitor, strength, smooth)
    with console.stage("move"):
        moved = move_mesh(
            source.points, source.cells, wanted, method=method, boundary="fixed" if boundary == "fixed" else None,
            corner_angle=corner_angle, tolerance=tolerance, max_iterations=max_iterations, fallback=not no_fallback,
            network=network,
        )  # fmt: skip
    if moved.fallback:
        console.warn(moved.fallback)
    level: Any = wanted(source.points) if callable(wanted) else wanted
    with console.stage("write"):
        write_mesh_file(output, source, moved.points, {"monitor": level, "displacement": moved.displacement})
        if picture:
            there = interpolated(SimplexMesh(source.points, moved.cells), np.asarray(level), moved.points)
            before_after(picture, source.points, moved.cells, moved.points, level, there, label="monitor")
    before, after = moved.before, moved.after
    console.result(
        {"mesh": str(mesh), "output": str(output), "monitor": monitor, "picture": picture and str(picture)}
        | moved.as_dict(),
        f"{output}\n{after.nodes} nodes, {after.cells} cells, {moved.method}, {moved.iterations} steps, "
        f"{moved.seconds:.2f} s\nload of cells, greatest over least {before.equidistribution:.3g} -> "
        f"{after.equidistribution:.3g}, variation {before.variation:.3g} -> {after.variation:.3g}; "
        f"least angle {before.min_angle:.1f} -> {after.min_angle:.1f} degrees",
    )


@command.command("quality", short_help="Measure a mesh: angles, volumes, how evenly a monitor is shared.")
@click.argument("mesh", type=click.Path(path_type=Path))
@click.option("--monitor", help="As for mesh move; without, all cells are to have the same volume.")
@click.option("--strength", type=click.FloatRange(0), default=5.0, show_default=True, help="As for mesh move.")
@click.option("--least-angle", type=click.FloatRange(0, 90), help="Fail, code 1, if an angle is smaller, degrees.")
@common
def quality(console: Console, mesh: Path, monitor: str | None, strength: float, least_angle: float | None) -> None:
    """Measure MESH: volumes, angles, and how evenly monitor times volume is shared among its cells.

    \b
    Example: structgen mesh quality out.vtu --monitor values:monitor
    """
    from simulate.mesh_movement.files import read_mesh_file
    from simulate.mesh_movement.quality import measured
    from simulate.mesh_movement.sampling import checked_monitor

    with console.stage("read"):
        source = read_mesh_file(mesh)
    level = None
    if monitor is not None:
        wanted = monitor_of(source, monitor, strength, 0.0)
        level = checked_monitor(wanted(source.points) if callable(wanted) else wanted, len(source.points))
    found = measured(source.points, source.cells, level)
    console.result(
        {"mesh": str(mesh), "monitor": monitor, **found.as_dict()},
        f"{found.nodes} nodes, {found.cells} cells\nangles {found.min_angle:.1f} to {found.max_angle:.1f} degrees\n"
        f"volumes {found.min_volume:.4g} to {found.max_volume:.4g}\n"
        f"load of cells, greatest over least {found.equidistribution:.4g}, variation {found.variation:.4g}",
    )
    if least_angle is not None and found.min_angle < least_angle:
        raise CheckError(f"{mesh}: the least angle is {found.min_angle:.1f} degrees, less than {least_angle:g}")


@command.command("bench", short_help="Solve a problem on meshes moved by several methods, compare errors.")
@click.argument("problem")
@click.option(
    "--method",
    multiple=True,
    default=["monge-ampere"],
    show_default=True,
    help="Method of moving, as for mesh move; may be given several times, all for all of them.",
)
@click.option("--nodes", type=click.IntRange(25, 1_000_000), help="About how many nodes.  [default: by problem]")
@click.option(
    "--transfer",
    help="How values go from mesh to mesh, conservative or consistent; of burgers and swirl.  [default: conservative]",
)
@click.option("--fine/--no-fine", default=True, show_default=True, help="Also a still mesh of four times the nodes.")
@click.option("--quick", is_flag=True, help="In seconds, too coarse to mean anything, without the fine mesh.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file to write the numbers to.")
@click.option("--picture", type=click.Path(path_type=Path), help="PNG to draw the first mesh moved to, and its start.")
@common
def bench(
    console: Console, problem: str, method: tuple[str, ...], nodes: int | None, transfer: str | None, fine: bool,
    quick: bool, output: Path | None, picture: Path | None,
) -> None:  # fmt: skip
    """Solve PROBLEM on a mesh as it is and on meshes whose nodes methods move, and compare errors and times.

    PROBLEM: helmholtz, poisson, burgers, swirl or cylinder (flow past it at Re 100; takes minutes). Errors are those to
    the exact solution, of the cylinder those of drag and lift to what was published. Where it is interrupted, what was
    found so far is written.

    \b
    Examples:
      structgen mesh bench swirl --picture swirl.png
      structgen mesh bench poisson --method all --nodes 2000 -o poisson.json
    """
    from simulate.mesh_movement.move import METHODS
    from simulate.mesh_movement.problems import bench as benches
    from structgen.files import check_writable, write_json

    wanted = benches.named(problem, quick)
    methods = tuple(METHODS) if "all" in method else method
    rows = benches.bench(
        wanted, methods, nodes=nodes, transfer=transfer, fine=fine and not quick,
        progress=lambda name, done, total: console.progress(done, total, f"{problem}, {name}"),
    )  # fmt: skip
    if output:
        check_writable(output)
    if picture:
        check_picture(picture)
    found: list[benches.Result] = []
    stopped = False
    with console.stage("bench"):
        try:
            found.extend(rows)
        except KeyboardInterrupt:
            stopped = True
    moved = [row for row in found if row.moves]
    if picture and moved:
        draw_moved(picture, found[0], moved[0])
    report = {"problem": problem, "complete": not stopped, "results": [row.as_dict() for row in found]}
    if output and found:
        write_json(output, report)
    if found:
        console.result(report, benches.table(found))
    if stopped:
        raise KeyboardInterrupt


def draw_moved(picture: Path, still: Result, moved: Result) -> None:
    """Draw the solutions on the mesh as it is and on the one moved."""
    from simulate.mesh_movement.pictures import before_after

    before, after = still.solved, moved.solved
    names = ("still mesh", f"moved by {max(moved.used, key=lambda name: moved.used[name])}")
    titles = [f"{name}, error {row.error:.3g}" for name, row in zip(names, (still, moved), strict=True)]
    before_after(
        picture, before.points, before.cells, after.points, before.values, after.values,
        (titles[0], titles[1]), before.shown,
    )  # fmt: skip


def check_picture(picture: Path) -> None:
    """Say now what would keep ``picture`` from being written after long work."""
    from simulate.mesh_movement.pictures import check_suffix
    from structgen.files import check_writable

    check_suffix(picture)
    check_writable(picture)


def monitor_of(source: MeshFile, text: str, strength: float, smooth: float) -> Monitor:
    """The monitor that ``--monitor`` describes."""
    from simulate.mesh_movement import monitor as monitors

    kind, colon, name = text.partition(":")
    if not colon:
        return _expression(text, source.points.shape[1])
    makers: dict[str, Any] = {
        "hessian": monitors.hessian, "gradient": monitors.gradient, "arc-length": monitors.arc_length
    }  # fmt: skip
    if kind not in OF_FIELDS:
        raise click.UsageError(f"--monitor {text!r}: {kind!r} is not known, use one of {', '.join(OF_FIELDS)}")
    try:
        field = source.field(name)
        level: Any = makers[kind](source.points, source.cells, field, strength) if kind in makers else field
        return monitors.smoothed(level, source.points, source.cells, smooth) if smooth else level
    except ValueError as error:
        raise ValueError(f"--monitor {text!r}: {error}") from None


def _expression(text: str, dim: int) -> Monitor:
    from structgen.expression import evaluate

    def monitor(points: Any) -> Any:
        try:
            return evaluate(text, dict(zip("xyz"[:dim], points.T, strict=True)))
        except ValueError as error:
            raise ValueError(f"--monitor: {error}") from None

    return monitor
