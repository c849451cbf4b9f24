"""One picture of a web and its solid, with or without a graphics driver."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from assembly.checks import whole
from assembly.render_page import compose
from assembly.solid import Solid
from structgen.files import whole_file
from structgen.web import WebGraph

RENDERERS = ("pyvista", "matplotlib")
SIDES = (64, 8192)
PROBE = (
    "import pyvista as pv; p = pv.Plotter(off_screen=True, window_size=(32, 32)); p.add_mesh(pv.Sphere());"
    "image = p.screenshot(None, return_img=True); assert image.std() > 0"
)
PROBE_SECONDS = 60


def picture(
    web: WebGraph, solid: Solid | None, path: str | Path, title: str = "", size: tuple[int, int] = (1600, 800),
    to_scale: bool = False,
) -> None:  # fmt: skip
    """Write a PNG of ``web`` on the left, struts coloured by silk type or length, and of ``solid`` on the right.

    Arguments:
        web: the web.
        solid: its solid; without one the web fills the picture.
        path: a file name ending in ``.png``.
        title: a line at the top.
        size: width and height in pixels, 64 to 8192.
        to_scale: draw struts as wide as they are, at least half a pixel, instead of all as wide as is well seen; by
            matplotlib, whose lines have any width.

    Drawn by pyvista where off-screen OpenGL works, else by matplotlib; the environment variable
    ``STRUCTGEN_RENDERER`` (``pyvista`` or ``matplotlib``) decides where set.
    """
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"path {str(path)!r} must end in .png")
    page = _page(size)
    painter = importlib.import_module(f"assembly.render_{'matplotlib' if to_scale else _renderer()}")
    with whole_file(path) as temporary:
        figure = compose(page, web, solid, painter, title, to_scale)
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _page(size: Any) -> tuple[int, int]:
    try:
        width, height = size
    except (TypeError, ValueError):
        raise ValueError(f"size is {size!r}, must be (width, height) in pixels") from None
    return whole("width in size", width, *SIDES), whole("height in size", height, *SIDES)


@lru_cache(maxsize=1)
def _opengl_works() -> bool:
    """Whether VTK can draw off-screen: tried in a process of its own, as it crashes the process where it cannot."""
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def _renderer() -> str:
    wanted: Any = os.environ.get("STRUCTGEN_RENDERER", "")
    if wanted and wanted not in RENDERERS:
        raise ValueError(f"STRUCTGEN_RENDERER is {wanted!r}, must be {' or '.join(RENDERERS)}")
    return wanted or ("pyvista" if _opengl_works() else "matplotlib")
