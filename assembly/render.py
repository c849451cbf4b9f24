"""Pictures of webs and solids, with or without a graphics driver: one, or a turn of them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from assembly.checks import number, whole
from assembly.files.surface import Surface
from assembly.render_page import MARGIN, Legend, camera, compose, scenes_of
from structgen.files import whole_file
from structgen.web import FloatArray, WebGraph

RENDERERS = ("pyvista", "matplotlib")
SIDES = (64, 8192)
FRAMES = (2, 360)
GIF_COLOURS = 128
PROBE = (
    "import pyvista as pv; p = pv.Plotter(off_screen=True, window_size=(32, 32)); p.add_mesh(pv.Sphere());"
    "image = p.screenshot(None, return_img=True); assert image.std() > 0"
)
PROBE_SECONDS = 60


def picture(
    web: WebGraph | None, solid: Surface | None, path: str | Path, title: str = "", size: tuple[int, int] = (1600, 800),
    to_scale: bool = False, marked: tuple[FloatArray, Legend] | None = None,
) -> None:  # fmt: skip
    """Write a PNG of ``web`` on the left, struts coloured by silk type or length, and of ``solid`` on the right.

    Arguments:
        web: the web; without one the solid fills the picture.
        solid: its solid or any mesh; without one the web fills the picture.
        path: a file name ending in ``.png``.
        title: a line at the top.
        size: width and height in pixels, 64 to 8192.
        to_scale: draw struts as wide as they are, at least half a pixel, instead of all as wide as is well seen; by
            matplotlib, whose lines have any width.
        marked: colours in place of the usual and their legend, see `assembly.render_page.scenes_of`.

    Drawn by pyvista where off-screen OpenGL works, else by matplotlib; the environment variable
    ``STRUCTGEN_RENDERER`` (``pyvista`` or ``matplotlib``) decides where set.
    """
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"path {str(path)!r} must end in .png")
    page = _page(size)
    scenes, legend = scenes_of(web, solid, marked)
    painter = _painter(to_scale)
    with whole_file(path) as temporary:
        figure = compose(page, scenes, legend, painter, title, to_scale)
        figure.savefig(temporary, format="png", metadata={"Software": None})


def turntable(
    thing: WebGraph | Surface, path: str | Path, title: str = "", frames: int = 36, size: tuple[int, int] = (640, 480),
    seconds: float = 4.0, progress: Callable[[int, int], None] | None = None,
) -> None:  # fmt: skip
    """Write a GIF of a web or solid that turns once about z, for ever.

    Arguments:
        thing: a web, struts as wide as they are, or a solid.
        path: a file name ending in ``.gif``.
        title: a line at the top.
        frames: pictures of one turn, 2 to 360.
        size: width and height in pixels, 64 to 8192.
        seconds: time of one turn, 0.1 to 600.
        progress: told how many frames are drawn, and of how many.

    Drawn as `picture` is.
    """
    from PIL import Image

    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f"path {str(path)!r} must end in .gif")
    page, count = _page(size), whole("frames", frames, *FRAMES)
    seconds = number("seconds", seconds, "0.1 to 600", lambda x: 0.1 <= x <= 600)
    to_scale = isinstance(thing, WebGraph)
    scenes, legend = scenes_of(*((thing, None) if isinstance(thing, WebGraph) else (None, thing)))
    painter = _painter(to_scale)
    view, points = camera(scenes[0].points), scenes[0].points
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    # Whatever way it is turned, nothing leaves the picture.
    reach = float(np.sqrt(((points - middle) ** 2).sum(axis=1).max())) * MARGIN or 1.0
    pictures = []
    for k in range(count):
        a = 2 * np.pi * k / count
        turn = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
        figure = compose(page, scenes, legend, painter, title, to_scale, view @ turn, reach)
        canvas: Any = figure.canvas
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
        pictures.append(Image.fromarray(pixels).quantize(GIF_COLOURS, Image.Quantize.MEDIANCUT))
        if progress is not None:
            progress(k + 1, count)
    with whole_file(path) as temporary:
        pictures[0].save(temporary, format="GIF", save_all=True, append_images=pictures[1:], loop=0,
                         duration=max(20, round(1000 * seconds / count)), optimize=False)  # fmt: skip


def _painter(to_scale: bool) -> Any:
    return importlib.import_module(f"assembly.render_{'matplotlib' if to_scale else _renderer()}")


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
