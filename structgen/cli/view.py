"""`structgen view`: a web or solid as a picture, a film, or a page that turns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common


@click.command("view", short_help="Draw a web or solid: a picture, a film, a page to turn it.")
@click.argument("part", type=click.Path(path_type=Path))
@click.option("--png", type=click.Path(path_type=Path), help="Picture to write.")
@click.option("--gif", type=click.Path(path_type=Path), help="Film of one turn to write.")
@click.option("--html", type=click.Path(path_type=Path), help="Page to write: one file, no network needed.")
@click.option("--frames", type=click.IntRange(2, 360), default=36, show_default=True, help="Pictures of the film.")
@click.option("--title", help="Line at the top.  [default: name of the file]")
@common
def command(
    console: Console, part: Path, png: Path | None, gif: Path | None, html: Path | None, frames: int, title: str | None
) -> None:
    """Draw a web, kinds of silk in colour and radii to scale, or a solid.

    PART: a web in any format that is read, or a mesh: .stl, .3mf, .obj, .ply. Without --png, --gif and --html the
    picture is written to web.png. The page shows the part in any browser, to be turned and enlarged with the mouse;
    of a large solid it shows fewer faces, which is told.

    \b
    Examples:
      structgen view web.npz
      structgen view part.stl --png out.png --html out.html --gif turn.gif
    """
    from assembly import page, picture, turntable
    from structgen.cli.part import check_named, read_part
    from structgen.web import WebGraph

    if png is None and gif is None and html is None:
        png = Path("web.png")
    check_named("--png", png, ".png")
    check_named("--gif", gif, ".gif")
    check_named("--html", html, ".html", ".htm")
    with console.stage("read"):
        source = read_part(part)
    heading = part.stem if title is None else title
    with console.stage("draw"):
        if png is not None:
            if isinstance(source, WebGraph):
                picture(source, None, png, heading, size=(1600, 1200), to_scale=True)
            else:
                picture(None, source, png, heading, size=(1600, 1200))
        if html is not None:
            page(source, html, heading)
        if gif is not None:
            turntable(source, gif, heading, frames, progress=lambda done, all_: console.progress(done, all_, "frame"))
    paths = [str(path) for path in (png, gif, html) if path is not None]
    facts: dict[str, Any] = {"files": paths}
    if isinstance(source, WebGraph):
        facts |= {"nodes": source.n, "edges": source.m}
    else:
        facts |= {"vertices": len(source.vertices), "faces": len(source.faces)}
    console.result(facts, "\n".join(paths))
