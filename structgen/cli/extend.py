"""`structgen extend`: a given web, grown into a box."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console
from structgen.cli.generate import guided, provenance
from structgen.cli.options import common, model_option, seeded


@click.command("extend", short_help="Let a model extend a web into a box.")
@click.argument("web", type=click.Path(path_type=Path))
@click.option("--region", type=float, nargs=6, required=True, metavar="X0 Y0 Z0 X1 Y1 Z1",
              help="Lower and upper corner of the box that new nodes lie in, mm.")  # fmt: skip
@click.option("--nodes", type=click.IntRange(1), help="Number of new nodes.")
@click.option("--edges", type=click.IntRange(1), help="Number of new edges, at least one a node.")
@click.option("--mean-edge-length", type=float, help="Mean length of the new edges, mm.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("extended.npz"), show_default=True,
              help="File for the web, its format by its suffix.")  # fmt: skip
@guided
@model_option
@seeded
@common
def command(
    console: Console, web: Path, region: tuple[float, ...], output: Path, model: str, seed: int, steps: int | None,
    guidance: float, **asked: Any,
) -> None:  # fmt: skip
    """Let a model extend WEB into a box: what is there stays as it is, and the new part joins it.

    Numbers left out are filled from what the model was trained on.

    \b
    Example:
      structgen extend web.npz --region 20 -20 -12 50 20 12 --nodes 40 -o larger.npz
    """
    from structgen.cli.part import keep_inputs, web_facts
    from structgen.io import check_output, read_web, write_web
    from structgen.targets import DesignTargets

    check_output(output)
    keep_inputs([web], [output])
    given = read_web(web)
    loaded = console.loaded(model)
    with console.stage("extend"):
        larger = loaded.extend(
            given, (region[:3], region[3:]), DesignTargets(**asked), seed, steps=steps, guidance=guidance
        )
    write_web(larger, output, provenance(loaded, model, seed) | {"extended": str(web), "region": list(region)})
    facts = {"file": str(output), "web": web_facts(larger), "given": {"nodes": given.n, "edges": given.m}}
    console.result(facts, f"{output}: {larger!r}, {larger.n - given.n} nodes and {larger.m - given.m} edges are new")
