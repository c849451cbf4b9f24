"""`structgen generate`: webs by their targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common, model_option, processes, seeded, targets

if TYPE_CHECKING:
    from structgen.generators.model import Generated, WebGenerator

#: Formats a web can be written in by name, for `--format`.
SUFFIXES = ("npz", "csv", "graphml", "lammps", "vtp", "vtk")


def guided(command: Any) -> Any:
    """``--steps`` and ``--guidance``."""
    for option in (
        click.option("--guidance", type=click.FloatRange(0, 20), default=1.0, show_default=True,
                     help="Classifier-free guidance: above 1 mean length and degree weigh more; 1 is none."),
        click.option("--steps", type=click.IntRange(1, 1000),
                     help="Steps of the sampler; time grows with them.  [default: the model's own number]"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("generate")
@targets()
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=1, show_default=True, help="Number of webs.")
@click.option(
    "--strut-radius",
    type=click.FloatRange(0, min_open=True),
    help="Median strut radius, mm.  [default: as in the training webs]",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="WEB",
    help="File of a web to be like: in its shape, meshes, angles and silk, and in the targets left out. Of a larger "
    "web than asked for a part is taken, for each web another.",
)
@guided
@click.option(
    "--format", type=click.Choice(SUFFIXES), default="npz", show_default=True, help="Format of the files in the folder."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("webs"),
    show_default=True,
    help="Folder for the webs; or, for one web, a file, its format by its suffix.",
)
@processes("generate webs, 32 at a time", default=1)
@model_option
@seeded
@common
def command(
    console: Console, count: int, strut_radius: float | None, like: Path | None, steps: int | None, guidance: float,
    format: str, output: Path, workers: int, scheduler: str | None, model: str, seed: int, **asked: Any,
) -> None:  # fmt: skip
    """Generate webs that reach design targets.

    Targets left out are filled from what the model was trained on, or from the web of --like; `structgen info` shows
    what may be asked for. Of nodes, edges and mean degree two are free. Writes web_000.npz, ... and webs.json with the
    targets asked and reached.

    \b
    Examples:
      structgen generate --nodes 48 --mean-degree 3 --extents 40 40 25 -n 16 --seed 1 -o webs
      structgen generate --nodes 30 -o web.vtp
      structgen generate --like web.npz --nodes 64 -n 8 -o like_it
      structgen generate --nodes 500 --model autoregressive -o large.npz
    """
    from structgen.cli.part import PICTURE, REPORT, SOLIDS
    from structgen.files import check_writable, write_json
    from structgen.io import FORMATS, check_output, read_web, write_web
    from structgen.targets import DesignTargets

    single = output.suffix.lower() in FORMATS
    if single and count > 1:
        raise click.UsageError(f"--output {output} is one file, but --count is {count}: name a folder")
    if output.suffix.lower() in (*SOLIDS, PICTURE, REPORT):
        raise click.UsageError(f"--output {output}: webs are written here; `structgen export` makes solids of them")
    target = DesignTargets(**asked)
    if single:
        check_output(output)
    else:
        check_writable(output / "webs.json")
    given = read_web(like) if like else None
    with console.stage("load"):
        loaded = console.loaded(model)
    with console.stage("generate"):
        results = loaded.generate(
            target, count, seed, radius=strut_radius, steps=steps, guidance=guidance,
            progress=lambda done, total: console.progress(done, total, "web"), workers=workers, scheduler=scheduler,
            like=given,
        )  # fmt: skip
    digits = max(3, len(str(count - 1)))
    files = [output if single else output / f"web_{k:0{digits}}.{format}" for k in range(count)]
    summary = provenance(loaded, model, seed) | {
        "steps": steps or loaded.steps,
        "guidance": guidance,
        "asked": target.as_dict(),
        "like": str(like) if like else None,
    }
    rows = [row(result) for result in results]
    with console.stage("write"):
        for k, (file, result) in enumerate(zip(files, results, strict=True)):
            write_web(result.web, file, summary | {"number": k} | rows[k])
        report = summary | {"webs": [{"file": str(file)} | values for file, values in zip(files, rows, strict=True)]}
        if not single:
            write_json(output / "webs.json", report)
    filled = ", ".join(results[0].filled)
    console.say(f"filled from {like or 'the training webs'}: {filled}" if filled else "all targets were given")
    lines = [f"{file}: {result.web!r}, mean edge length {result.web.lengths.mean():.3g} mm" for file, result in
             zip(files, results, strict=True)]  # fmt: skip
    console.result(report, "\n".join(lines if count <= 20 else [*lines[:10], f"... {count - 10} more in {output}"]))


def provenance(model: WebGenerator, name: str, seed: int) -> dict[str, Any]:
    """What is needed to make a generated file again: versions, seed, model and hash of its weights."""
    from structgen import __version__
    from structgen.files import sha256
    from structgen.generators.store import model_path

    return {"structgen": __version__, "seed": seed, "model": model.name, "model_sha256": sha256(model_path(name))}


def row(result: Generated) -> dict[str, Any]:
    """Asked, filled and reached targets of a generated web, the raw ones beside (None where there is no value)."""
    from structgen.targets import NAMES, DesignTargets

    raw = [None if value != value else value for value in result.raw.tolist()]
    return {
        "asked": result.asked.as_dict(),
        "filled": list(result.filled),
        "reached": DesignTargets.measure(result.web).as_dict(),
        "raw": dict(zip(NAMES, raw, strict=True)),
        "raw_connected": result.raw_connected,
        "edges_changed": result.edges_changed,
    }
