"""`structgen simulate`: virtual mechanical tests of webs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli import simulate_compress, simulate_homogenize
from structgen.cli.console import Console
from structgen.cli.options import common, together
from structgen.cli.simulate_options import filmed, tested

if TYPE_CHECKING:
    from simulate.mechanics.tension_result import TensionResult

Command = Callable[..., Any]


@click.group("simulate", short_help="Pull webs, push through them, crush them.")
def command() -> None:
    """Virtual mechanical tests of webs. Lengths in mm, forces in N, stresses in MPa.

    \b
    Examples:
      structgen simulate tension web.npz --law dragline --to-strain 1.2 -o run
      structgen simulate indent web.npz --law dragline --depth 20 -o run
    """


def threads(function: Command) -> Command:
    """What every test must know of threads, and what it writes."""
    return together(
        tested("result.json, curve.csv, breaks.csv, all arrays as .npz, and curve.png"),
        click.option(
            "--law",
            default="dragline",
            show_default=True,
            help="Law of threads: dragline, viscid, frame, radial, spiral, elastic, pla, petg, tpu, resin, nylon; orb, "
            "by silk kind; or a .csv file with columns strain and stress_MPa.",
        ),
        click.option(
            "--radius", metavar="MM|silk", help="Radius of all threads, or silk, as spun.  [default: as in the file]"
        ),
        click.option(
            "--prestrain",
            type=click.FloatRange(-0.9, min_open=True),
            default=0.0,
            show_default=True,
            help="Strain of all threads in the web as given.",
        ),
        click.option(
            "--section",
            type=click.FloatRange(0, min_open=True),
            metavar="MM2",
            help="Area by which the load is divided.  [default: volume of threads over length between grips]",
        ),
        click.option(
            "--tolerance",
            type=click.FloatRange(0, 0.01, min_open=True),
            default=1e-4,
            show_default=True,
            help="Largest force out of balance over the largest tension, at every point.",
        ),
        filmed,
    )(function)


@command.command("tension", short_help="Pull a web until it breaks: stiffness, strength, toughness.")
@threads
@click.option("--axis", type=click.Choice(["x", "y", "z"]), default="x", show_default=True, help="Axis of pulling.")
@click.option(
    "--to-strain",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help="Strain between the grips at which to stop, if the web has not failed.",
)
@click.option(
    "--grips",
    type=click.Choice(["auto", "anchors", "faces"]),
    default="auto",
    show_default=True,
    help="What is held: the ends of single threads, or the nodes near both ends along the axis.",
)
@click.option("--step", type=click.FloatRange(0, min_open=True), help="Largest step of strain.  [default: by the law]")
@common
def tension(
    console: Console, web: Path, output: Path, axis: str, to_strain: float, grips: str, step: float | None,
    **options: Any,
) -> None:  # fmt: skip
    """Pull WEB along an axis until it has failed, one equilibrium after another.

    Threads carry tension only, and break where their law ends. Every point of the curve states its residual; work and
    energy are compared. Interrupted, it writes what it has.

    \b
    Examples:
      structgen simulate tension web.npz --law dragline --to-strain 1.2 -o run
      structgen simulate tension orb.npz --law orb --radius silk --prestrain 0.01 --animate -o run
    """
    from simulate.mechanics.virtual_tests import tension as pulled

    moved = {"axis": axis, "to_strain": to_strain, "grips": grips, "step": step}
    _run(console, ("strain", to_strain), web, output, pulled, moved, **options)


@command.command("indent", short_help="Push a punch into a web until it breaks: force by depth.")
@threads
@click.option("--axis", type=click.Choice(["x", "y", "z"]), default="z", show_default=True, help="Axis of pushing.")
@click.option(
    "--depth", type=click.FloatRange(0, min_open=True), required=True, help="Depth, mm, at which to stop, if it holds."
)
@click.option("--at", nargs=3, type=float, metavar="X Y Z", help="Middle of the punch.  [default: middle of the web]")
@click.option(
    "--punch",
    type=click.FloatRange(0, min_open=True),
    metavar="MM",
    help="Radius of the punch: all nodes in it move together.  [default: the nearest node alone]",
)
@click.option(
    "--rim",
    type=click.Choice(["auto", "anchors", "edge"]),
    default="auto",
    show_default=True,
    help="What is held: the ends of single threads, or the nodes near the outline seen along the axis.",
)
@click.option("--step", type=click.FloatRange(0, min_open=True), help="Largest step, mm.  [default: by the law]")
@common
def indent(
    console: Console, web: Path, output: Path, axis: str, depth: float, at: tuple[float, float, float] | None,
    punch: float | None, rim: str, step: float | None, **options: Any,
) -> None:  # fmt: skip
    """Push a punch into WEB along an axis, its rim held, until it has failed.

    The punch is glued to the nodes in it; threads touch it nowhere else. Strain is depth over the width of the rim.
    Interrupted, it writes what it has.

    \b
    Example: structgen simulate indent web.npz --law dragline --depth 20 --punch 3 -o run
    """
    from simulate.mechanics.virtual_tests import indentation

    moved = {"axis": axis, "depth": depth, "at": at, "punch": punch, "rim": rim, "step": step}
    _run(console, ("depth", depth), web, output, indentation, moved, **options)


def _run(
    console: Console, end: tuple[str, float], web: Path, output: Path, test: Callable[..., TensionResult],
    moved: dict[str, Any], *, law: str, radius: str | None, prestrain: float, section: float | None,
    tolerance: float, frames: int, animate: bool, vtu: bool,
) -> None:  # fmt: skip
    """Do ``test``, write what it finds, tell it; interrupted, what it has found."""
    from simulate.mechanics.pulling import EquilibriumError
    from simulate.mechanics.tension_result import InterruptedTest
    from structgen.files import check_writable
    from structgen.io import read_web

    with console.stage("read"):
        source = read_web(web)
    check_writable(output / "result.json")

    def tell(way: float, load: float, broken: int) -> None:
        percent = min(100, int(100 * way / end[1]))
        console.progress(percent, 101, test.__name__, f"{end[0]} {way:.3g}, load {load:.4g} N, {broken} threads broken")

    with console.stage(test.__name__):
        try:
            result = test(
                source, law, **moved, radius=_radius(radius), prestrain=prestrain, section=section,
                tolerance=tolerance, frames=frames if animate or vtu else 0, tell=tell,
            )  # fmt: skip
        except EquilibriumError as error:
            raise ValueError(f"{web}: {error}") from None
        except InterruptedTest as interrupted:
            _write(console, web, output, interrupted.result, animate=False, vtu=False)
            raise
    console.progress(101, 101, test.__name__, f"{len(result.breaks)} threads broken")
    _write(console, web, output, result, animate=animate, vtu=vtu)


def _write(console: Console, web: Path, output: Path, result: TensionResult, *, animate: bool, vtu: bool) -> None:
    from simulate.mechanics import tension_picture

    with console.stage("write"):
        files = result.save(output)
        tension_picture.plot(result, output / "curve.png")
        files.append(output / "curve.png")
        if animate:
            tension_picture.animate(result, output / f"{result.test}.gif")
            files.append(output / f"{result.test}.gif")
        if vtu:
            files += tension_picture.write_vtp(result, output / "states")
    for note in result.notes:
        console.warn(note)
    facts = result.as_dict()
    console.result(
        {"web": str(web), "files": [str(file) for file in files], **facts},
        f"{output}\n{facts['nodes']} nodes, {facts['threads']} threads, {result.grips} held, "
        f"{facts['points']} points, {facts['breaks']} threads broken\n"
        f"stiffness {result.stiffness:.4g} MPa, strength {result.strength:.4g} MPa at a strain of "
        f"{facts['strain_at_strength']:.4g} ({facts['load_at_strength_N']:.4g} N at "
        f"{facts['displacement_at_strength_mm']:.4g} mm), ultimate {result.ultimate:.4g} MPa, "
        f"toughness {result.toughness:.4g} MJ/m3\n"
        f"work and energy differ by {100 * result.balance:.2g} %, largest residual {facts['largest_residual']:.2g}",
    )


def _radius(text: str | None) -> Any:
    """``--radius``: a length, or the name that the library knows."""
    if text is None or text == "silk":
        return text
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"--radius {text!r} is neither a length in mm nor silk") from None


command.add_command(simulate_compress.command)
command.add_command(simulate_homogenize.command)
