"""`structgen check`: would a part print, and what can be mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import CheckError, Console
from structgen.cli.options import Sizes, common

if TYPE_CHECKING:
    from assembly.files.surface import Surface
    from assembly.printability import PrintReport
    from structgen.web import WebGraph

#: Findings of one kind that are printed.
SHOWN = 5


@click.command("check", short_help="Say whether a part would print, and mend it.")
@click.argument("part", type=click.Path(path_type=Path))
@click.option(
    "--process",
    type=click.Choice(["fdm", "resin", "sls"]),
    default="fdm",
    show_default=True,
    help="How it is to be printed; decides the limits.",
)
@click.option(
    "--plate", type=Sizes(), default="250x210x220", show_default=True, metavar="XxYxZ", help="Room to build in, mm."
)
@click.option(
    "--limit", multiple=True, metavar="NAME=VALUE", help="A limit in place of the process's own. May be repeated."
)
@click.option("--supports", is_flag=True, help="A slicer will support what hangs free: that is no error then.")
@click.option(
    "--fix", type=click.Path(path_type=Path), help="File of the mended part, a web's or a solid's format by its suffix."
)
@click.option("--picture", type=click.Path(path_type=Path), help="PNG in which what was found has a colour.")
@click.option("--slicer", metavar="PROGRAM", help="Slice it, too: prusa-slicer, by name or path. FDM only.")
@click.option(
    "--slicer-seconds",
    type=click.FloatRange(0, min_open=True),
    default=600,
    show_default=True,
    help="Time after which the slicer is given up.",
)
@common
def command(
    console: Console, part: Path, process: str, plate: tuple[float, float, float], limit: tuple[str, ...],
    supports: bool, fix: Path | None, picture: Path | None, slicer: str | None, slicer_seconds: float,
) -> None:  # fmt: skip
    """Say whether a web or a solid would print, as it lies; exit code 1 if it would not.

    PART: a web in any format that is read, or a closed mesh: .stl, .3mf, .obj, .ply, in mm. Looked for are struts and
    walls too thin, parts that float, islands that begin in the air, overhangs and bridges too long, closed hollows, and
    what is larger than the plate. The report has volume, mass, time, support and the best orientation.

    --fix thickens, leaves out loose parts, drills hollows open, turns the part and puts pillars under islands; the exit
    code is that of the mended part.

    \b
    Examples:
      structgen check web.npz --process fdm --plate 250x210x220 --picture marks.png
      structgen check part.stl --fix fixed.stl --slicer prusa-slicer
    """
    from assembly.printability import check_printability
    from assembly.printability import fix as mend
    from assembly.printability.picture import marked_picture
    from structgen.cli.part import check_named, check_part_output, keep_inputs, read_part, save_part

    limits = dict(_limit(text) for text in limit)
    check_named("--picture", picture, ".png")
    keep_inputs([part], [] if fix is None else [fix], "--fix")
    if slicer is not None and process != "fdm":
        raise click.UsageError(f"--slicer slices for fdm, but --process is {process}")
    with console.stage("read"):
        source = read_part(part)
    if fix is not None:
        check_part_output("--fix", fix, source)
    with console.stage("check"):
        report = check_printability(source, process, plate, limits, supports)
    facts: dict[str, Any] = {"source": str(part)}
    files = [path for path in (fix, picture) if path is not None]
    if fix is not None:
        facts["before"] = report.as_dict()
        with console.stage("fix"):
            fixed = mend(source, process, plate, limits, supports)
        source, report = fixed.part, fixed.report
        facts["changes"] = list(fixed.changes)
        with console.stage("write"):
            save_part(source, fix, {"source": str(part), "changes": "; ".join(fixed.changes)})
    if picture is not None:
        with console.stage("picture"):
            marked_picture(source, report, picture, part.name)
    if slicer is not None:
        with console.stage("slice"):
            facts["slicer"] = _sliced(source, slicer, plate, supports, slicer_seconds)
    facts |= report.as_dict() | {"files": [str(path) for path in files], "seconds": dict(console.seconds)}
    console.result(facts, "\n".join(_text(report, facts)))
    if not report.prints:
        counts = ", ".join(f"{count} {kind}" for kind, count in _error_counts(report).items())
        raise CheckError(f"{part}: would not print ({process}): {counts}")


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise click.UsageError(f"--limit {text!r} must be NAME=NUMBER, as strut_mm=0.6") from None


def _sliced(
    part: WebGraph | Surface, program: str, plate: tuple[float, float, float], supports: bool, seconds: float
) -> dict[str, Any]:  # fmt: skip
    from assembly import solidify
    from assembly.printability.slicer import slice_part
    from structgen.web import WebGraph

    solid = solidify(part) if isinstance(part, WebGraph) else part
    return slice_part(solid, program, plate, supports, seconds).as_dict()


def _error_counts(report: PrintReport) -> dict[str, int]:
    kinds = dict.fromkeys(finding.kind for finding in report.errors)
    return {kind: sum(finding.kind == kind for finding in report.errors) for kind in kinds}


def _text(report: PrintReport, facts: dict[str, Any]) -> list[str]:
    """The report for people."""
    lines = [f"mended: {change}" for change in facts.get("changes", [])]
    for kind, count in report.counts.items():
        found = report.of(kind)
        for finding in found[:SHOWN]:
            place = ", ".join(f"{value:.1f}" for value in finding.where)
            lines.append(f"{finding.severity}: {kind}: {finding.message}, at ({place})")
        if count > SHOWN:
            lines.append(f"... and {count - len(found[:SHOWN])} more of {kind}")
    numbers = report.numbers
    if "volume_mm3" in numbers:
        size = " x ".join(f"{side:.4g}" for side in numbers["size_mm"])
        lines.append(
            f"{size} mm, {numbers['mass_g']:.3g} g, {_time(numbers['hours'])}, {numbers['layers']} layers; support "
            f"{numbers['support_mass_g']:.3g} g, {_time(numbers['support_hours'])}"
        )
    if numbers.get("orientation", {}).get("saves_mm3", 0) > 0:
        way = numbers["orientation"]
        lines.append(f"turned otherwise it needs {way['support_volume_mm3']:.4g} mm3 of supported space, "
                     f"{way['saves_mm3']:.4g} less")  # fmt: skip
    if "slicer" in facts:
        cut = facts["slicer"]
        lines.append(f"{cut['program']}: {_time(cut['seconds'] / 3600)}, {cut['filament_mm']:.0f} mm, "
                     f"{cut['filament_g']:.3g} g of filament, {len(cut['warnings'])} warnings")  # fmt: skip
        lines += [f"{cut['program']} warns: {text}" for text in cut["warnings"]]
    return [*lines, *facts["files"], "prints" if report.prints else "would not print"]


def _time(hours: float) -> str:
    minutes = round(60 * hours)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
