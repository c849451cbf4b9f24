"""From a web to the files of a part: solid, picture, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import CheckError, Console

if TYPE_CHECKING:
    from assembly import Solid, SolidReport
    from assembly.meshes import TriangleMesh
    from structgen.web import WebGraph

SOLIDS = (".stl", ".3mf", ".ply", ".obj", ".glb")
PICTURE, REPORT, STRUTS = ".png", ".json", ".vtu"


def read_connected(path: Path, console: Console) -> WebGraph:
    """The web in ``path``; of a web in several parts the largest, with a warning."""
    from structgen.io import read_web

    web = read_web(path)
    parts = int(web.components().max()) + 1
    if parts == 1:
        return web
    largest = web.largest_component()
    console.warn(f"{path}: the web has {parts} separate parts; the largest, {largest.n} of {web.n} nodes, is used")
    return largest


def read_part(path: Path) -> WebGraph | TriangleMesh:
    """The web or the mesh in ``path``, as its suffix says."""
    from assembly.meshes import SUFFIXES, read_mesh
    from structgen.io import FORMATS, read_web

    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return read_mesh(path)
    if suffix not in FORMATS:
        allowed = ", ".join((*FORMATS, *SUFFIXES))
        raise ValueError(f"{path}: suffix {path.suffix!r} is neither a web's nor a mesh's, use one of {allowed}")
    return read_web(path)


def check_part_output(option: str, path: Path, part: WebGraph | TriangleMesh) -> None:
    """Refuse a name under which `save_part` cannot write ``part``."""
    from structgen.files import check_writable
    from structgen.io import FORMATS, check_output
    from structgen.web import WebGraph

    suffix, webs = path.suffix.lower(), isinstance(part, WebGraph)
    if suffix in FORMATS and webs:
        check_output(path)
    elif suffix in SOLIDS or (suffix == STRUTS and webs):
        check_writable(path)
    else:
        allowed = ", ".join((*SOLIDS, STRUTS, *FORMATS) if webs else SOLIDS)
        raise click.UsageError(f"{option} {path}: must end in one of {allowed}")


def save_part(part: WebGraph | TriangleMesh, path: Path, facts: dict[str, str]) -> None:
    """Write a web or mesh as the suffix of ``path`` says; a web is made solid where that asks for it."""
    from assembly import export

    try:
        export(part, path, metadata=facts)
    except RuntimeError as error:
        raise CheckError(str(error)) from None


def keep_inputs(parts: Sequence[Path], outputs: Sequence[Path], option: str = "--output") -> None:
    """Refuse to write over a web or mesh that is read; ``option`` is what named the outputs."""
    from structgen.io import FORMATS, files_of

    def files(path: Path) -> list[Path]:
        return files_of(path) if path.suffix.lower() in FORMATS else [path]

    read = {file.resolve() for part in parts for file in files(part)}
    for path in outputs:
        if any(file.resolve() in read for file in files(path)):
            raise click.UsageError(f"{option}: {path} is read here and would be written over, name another")


def check_outputs(paths: Sequence[Path]) -> None:
    """Refuse names that `write_part` cannot write, before any work is done."""
    from structgen.files import check_writable
    from structgen.io import FORMATS, check_output

    for path in paths:
        suffix = path.suffix.lower()
        if suffix in FORMATS:
            check_output(path)
        elif suffix in (*SOLIDS, PICTURE, REPORT, STRUTS):
            check_writable(path)
        else:
            allowed = ", ".join((*SOLIDS, PICTURE, REPORT, STRUTS, *FORMATS))
            raise click.UsageError(f"--output {path}: suffix {path.suffix!r} is not known, use one of {allowed}")


def check_named(option: str, path: Path | None, *suffixes: str) -> None:
    """Refuse a file to write that does not end in one of ``suffixes`` or cannot be written; None is no file."""
    from structgen.files import check_writable

    if path is not None:
        if path.suffix.lower() not in suffixes:
            raise click.UsageError(f"{option} {path}: must end in {suffixes[0]}")
        check_writable(path)


def make_solid(
    web: WebGraph, sides: int, density: float, console: Console, fillet: float | None = None,
    resolution: float | None = None,
) -> Solid:  # fmt: skip
    """`solidify` with progress; `CheckError` where no sound solid is found."""
    from assembly import solidify

    try:
        with console.stage("solid"):
            return solidify(
                web, sides, density, progress=console.detail, fillet=fillet, resolution=resolution, workers=0
            )
    except RuntimeError as error:
        raise CheckError(str(error)) from None


def check_tiled(paths: Sequence[Path], others: dict[str, object]) -> None:
    """Refuse what `make_tiled` cannot do: other solids than one ``.stl``, pictures, and ``others`` that are given."""
    for name, value in others.items():
        if value:
            raise click.UsageError(f"--tiles and {name} exclude each other")
    suffixes = [path.suffix.lower() for path in paths]
    if suffixes.count(".stl") != 1:
        raise click.UsageError(f"--tiles writes one .stl, {suffixes.count('.stl')} are named by --output")
    for path, suffix in zip(paths, suffixes, strict=True):
        if suffix in (*SOLIDS, PICTURE) and suffix != ".stl":
            raise click.UsageError(f"--output {path}: --tiles writes .stl, leave out {suffix}")


def make_tiled(
    web: WebGraph, path: Path, sides: int, density: float, console: Console, unit: str, tiles: int | None,
    workers: int, scheduler: str | None,
) -> SolidReport:  # fmt: skip
    """`solidify_to_stl` with progress; `CheckError` where no sound solid is found."""
    from assembly import solidify_to_stl

    try:
        with console.stage("solid"):
            return solidify_to_stl(
                web, path, sides, density, tiles=tiles, unit=unit, workers=workers, scheduler=scheduler,
                progress=console.detail,
            )  # fmt: skip
    except RuntimeError as error:
        raise CheckError(str(error)) from None


def write_part(
    web: WebGraph, solid: Solid | SolidReport | None, paths: Sequence[Path], facts: dict[str, Any], title: str,
    console: Console, unit: str = "mm", beams: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write each of ``paths`` as its suffix says; returns the report: ``facts``, the web's numbers, the solid's.

    ``unit`` is what the numbers of formats without one count; ``beams`` puts the struts into 3MF. Of a solid that is
    written already, in tiles, ``solid`` is the report.
    """
    from assembly import SolidReport, export, picture
    from structgen.files import write_json

    numbers = solid if isinstance(solid, SolidReport) or solid is None else solid.report
    solid = None if isinstance(solid, SolidReport) else solid
    report = facts | {"web": web_facts(web)} | ({"solid": numbers.as_dict()} if numbers else {})
    texts = {"Title": title, **{k: str(v) for k, v in facts.items() if isinstance(v, str | int)}}
    for path in paths:
        suffix = path.suffix.lower()
        with console.stage("picture" if suffix == PICTURE else "write"):
            if suffix in SOLIDS and solid:
                export(solid, path, unit=unit, metadata=texts, beams=web if beams else None)
            elif suffix == PICTURE:
                picture(web, solid, path, title)
            elif suffix not in (*SOLIDS, REPORT):
                export(web, path, metadata=facts)
    report |= {"files": [str(path) for path in paths], "seconds": dict(console.seconds)}
    for path in paths:
        if path.suffix.lower() == REPORT:
            write_json(path, report)
    return report


def web_facts(web: WebGraph) -> dict[str, Any]:
    """What the report says of a web, in one piece or not: the seven numbers, parts, thickness."""
    from structgen.targets import NAMES

    numbers = (float(web.lengths.mean()), *web.extents.tolist(), web.n, web.m, 2 * web.m / web.n)
    return dict(zip(NAMES, numbers, strict=True)) | {
        "components": int(web.components().max()) + 1,
        "max_degree": int(web.degree.max()),
        "radius": {"min": float(web.radius.min()), "max": float(web.radius.max())},
    }


def versions() -> dict[str, str]:
    """Versions of structgen and of the libraries that its files depend on."""
    import sys
    from importlib.metadata import version

    from structgen import __version__

    names = ("torch", "numpy", "scipy", "manifold3d", "trimesh", "pyvista")
    return {"structgen": __version__, "python": sys.version.split()[0], **{name: version(name) for name in names}}
