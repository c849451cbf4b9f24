"""`structgen data scan` and `structgen data import`: webs and data sets from files of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded

FILE = click.Path(path_type=Path)


@click.command("scan", short_help="Make a point cloud or image stack a web.")
@click.argument("cloud", type=FILE)
@click.option(
    "-o", "--output", type=FILE, default=Path("web.npz"), show_default=True, help="File of the web, any format."
)
@click.option("--voxel", type=float, required=True, help="Side of a voxel, mm: about as thick as a thread in the scan.")
@click.option("--gap", type=float, required=True, help="Longest lost stretch of thread that is filled in, mm.")
@click.option("--scale", type=float, nargs=3, default=(1.0, 1.0, 1.0), metavar="SX SY SZ", help="mm per unit of CLOUD.")
@click.option("--connect", is_flag=True, help="Join all parts by invented struts, of kind 8 (bridge), confidence 0.")
@click.option("--all", "keep_all", is_flag=True, help="Keep all parts, not only the largest.")
@click.option("--spur", type=float, default=5.0, show_default=True, help="Shorter branches and parts go, voxels.")
@click.option(
    "--body", type=click.IntRange(0, 999), default=5, show_default=True,
    help="What is thicker than twice this many voxels is no thread and goes; 0 keeps it.",
)  # fmt: skip
@click.option("--threshold", type=float, help="Grey value above which a pixel of a TIFF stack is thread.")
@click.option("--report", type=FILE, help="Quality report to write, .json.")
@click.option("--picture", type=FILE, help="Picture of the graph over the points to write, .png.")
@common
def scan(
    console: Console, cloud: Path, output: Path, report: Path | None, picture: Path | None, threshold: float | None,
    **options: Any,
) -> None:  # fmt: skip
    """Make a point cloud or image stack a web, each strut with a confidence.

    CLOUD: .pcd, .ply, .xyz, .txt, .asc or .tif. The web is the largest connected part, unless --all or --connect. The
    confidence, the share of a strut's length that points support, and the report are kept with the web (not in CSV).

    \b
    Examples:
      structgen data scan cloud.pcd -o web.npz --voxel 2 --gap 25
      structgen data scan cloud.ply -o web.npz --voxel 2 --gap 25 --connect --picture over.png
    """
    from structgen.cli.part import check_named, versions
    from structgen.files import sha256, write_json
    from structgen.io import check_output, write_web
    from structgen.sources.clouds import read_cloud
    from structgen.sources.scan import scan_web

    if options["connect"] and options["keep_all"]:
        raise click.UsageError("--connect and --all exclude each other")
    check_output(output)
    check_named("--report", report, ".json")
    check_named("--picture", picture, ".png")
    with console.stage("read"):
        points = read_cloud(cloud, threshold)
    console.say(f"{cloud}: {len(points)} points")
    with console.stage("scan"):
        result = scan_web(points, **options)
    facts = result.report | {"source": str(cloud), "source_sha256": sha256(cloud), "versions": versions()}
    confidence = [round(share, 4) for share in result.confidence.tolist()]
    with console.stage("write"):
        write_web(result.web, output, {"scan": facts, "confidence": confidence})
        if report is not None:
            write_json(report, facts | {"confidence": confidence})
        if picture is not None:
            from structgen.sources.scan.picture import overlay

            overlay(result, picture)
    console.result(facts, "\n".join([*(str(path) for path in (output, report, picture) if path), _line(facts)]))


def _line(facts: dict[str, Any]) -> str:
    """A scan's quality in a few words."""
    found = facts["before_selection"]
    invented = f", {facts['invented_edges']} invented" if facts["invented_edges"] else ""
    return (
        f"{facts['nodes']} nodes, {facts['edges']} struts{invented}, {facts['length_mm']:.0f} mm of "
        f"{found['length_mm']:.0f} mm found in {found['components']} parts; points support "
        f"{facts['length_supported']:.0%} of it, it explains {facts['points_explained']:.0%} of the points; "
        f"{len(facts['suspicious_edges'])} suspicious struts"
    )


@click.command("import", short_help="Make the published .pt data set a data set to train on.")
@click.argument("dataset", type=FILE)
@click.option("-o", "--output", type=FILE, default=Path("data.npz"), show_default=True, help="File of the data set.")
@click.option("--report", type=FILE, help="Report on the rows that were dropped, and why, to write, .json.")
@seeded
@common
def import_published(console: Console, dataset: Path, output: Path, report: Path | None, seed: int) -> None:
    """Make the published data set (dataset_webs_medium.pt) a data set to train on.

    Nothing in DATASET is executed. Rows that are no sound web are dropped and counted; targets are measured anew. The
    seed draws which tenth of the rows is for validation and which for test; equal webs stay together.

    \b
    Example: structgen data import dataset_webs_medium.pt -o data.npz --report report.json
    """
    from structgen.cli.data import describe
    from structgen.cli.part import check_named
    from structgen.files import write_json
    from structgen.sources.published import import_dataset

    check_named("--output", output, ".npz")
    check_named("--report", report, ".json")
    with console.stage("import"):
        made, facts = import_dataset(dataset, output, seed)
    if report is not None:
        write_json(report, facts)
    dropped = ", ".join(f"{len(rows)} {why}" for why, rows in facts["dropped"].items()) or "none"
    text = f"{output}: {describe(made)}\n{facts['rows']} rows, dropped: {dropped}; {facts['duplicates']} are duplicates"
    console.result(made.info() | {"import": facts}, text)
