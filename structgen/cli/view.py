"""`structgen view`: a web as a picture or as a page that turns it."""

from __future__ import annotations

from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common


@click.command("view", short_help="Draw a web: a picture, or a page in which it can be turned.")
@click.argument("web", type=click.Path(path_type=Path))
@click.option("--png", type=click.Path(path_type=Path), help="Picture to write.")
@click.option("--html", type=click.Path(path_type=Path), help="Page to write: one file, no network needed.")
@click.option("--title", help="Line at the top.  [default: name of the file]")
@common
def command(console: Console, web: Path, png: Path | None, html: Path | None, title: str | None) -> None:
    """Draw a web: kinds of silk in colour, radii to scale.

    Without --png and --html the picture is written to web.png. The page shows the web in any browser, to be turned and
    enlarged with the mouse.

    \b
    Examples:
      structgen view web.npz
      structgen view web.npz --png out.png --html out.html
    """
    from assembly import page, picture
    from structgen.cli.part import check_named
    from structgen.io import read_web

    if png is None and html is None:
        png = Path("web.png")
    check_named("--png", png, ".png")
    check_named("--html", html, ".html", ".htm")
    with console.stage("read"):
        source = read_web(web)
    heading = web.stem if title is None else title
    with console.stage("draw"):
        if png is not None:
            picture(source, None, png, heading, size=(1600, 1200), to_scale=True)
        if html is not None:
            page(source, html, heading)
    paths = [str(path) for path in (png, html) if path is not None]
    console.result({"files": paths, "nodes": source.n, "edges": source.m}, "\n".join(paths))
