"""One picture of a web and its solid, with or without a graphics driver."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from assembly.solid import Solid
from structgen.files import whole_file
from structgen.web import KINDS, FloatArray, WebGraph

RENDERERS = ("pyvista", "matplotlib")
BACKGROUND = "#f7f6f2"
INK = "#333333"
SOLID_COLOUR = (0.80, 0.72, 0.58)
#: Colours of the silk types, by code; codes beyond the list share the first.
KIND_COLOURS = (
    "#5b6770", "#7a4b2a", "#d08c1d", "#2a7fb8", "#6aa84f", "#8e63b5", "#c2577a", "#3c3c3c", "#d6402b",
)  # fmt: skip
#: Direction to the viewer for a web as wide as deep as high.
VIEW = np.array([0.9, -1.5, 0.95])
LIGHT = np.array([0.35, -0.6, 0.9])
MARGIN = 1.12
PROBE = (
    "import pyvista as pv; p = pv.Plotter(off_screen=True, window_size=(32, 32)); p.add_mesh(pv.Sphere());"
    "image = p.screenshot(None, return_img=True); assert image.std() > 0"
)
PROBE_SECONDS = 60


def picture(
    web: WebGraph, solid: Solid | None, path: str | Path, title: str = "", size: tuple[int, int] = (1600, 800)
) -> None:
    """Write a PNG of ``web`` on the left, struts coloured by silk type or length, and of ``solid`` on the right.

    Arguments:
        web: the web.
        solid: its solid; without one the web fills the picture.
        path: a file name ending in ``.png``.
        title: a line at the top.
        size: width and height in pixels, 64 to 8192.

    Drawn by pyvista where off-screen OpenGL works, else by matplotlib; the environment variable
    ``STRUCTGEN_RENDERER`` (``pyvista`` or ``matplotlib``) decides where set.
    """
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"path {str(path)!r} must end in .png")
    width, height = size
    if not (64 <= width <= 8192 and 64 <= height <= 8192):
        raise ValueError(f"size is {tuple(size)}, each side must lie in 64..8192 pixels")
    if _renderer() == "pyvista":
        from assembly.render_vtk import draw
    else:
        from assembly.render_matplotlib import draw
    with whole_file(path) as temporary:
        draw(web, solid, temporary, title, (int(width), int(height)))


def strut_colours(web: WebGraph) -> tuple[FloatArray, list[tuple[str, str]]]:
    """``(m, 3)`` colours in 0..1 and a legend of (text, colour): by silk type if there are several, else by length."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex, to_rgb

    kinds = np.unique(web.kind)
    if len(kinds) > 1:
        table = {int(k): KIND_COLOURS[k] if k < len(KIND_COLOURS) else KIND_COLOURS[0] for k in kinds}
        colours = np.array([to_rgb(table[int(k)]) for k in web.kind])
        return colours, [(KINDS.get(k, f"kind {k}"), colour) for k, colour in table.items()]
    # The pale end of the map would vanish on a light background.
    low, high = float(web.lengths.min()), float(web.lengths.max())
    share = (web.lengths - low) / (high - low) if high > low * (1 + 1e-9) else np.zeros(web.m)
    scale = colormaps["viridis"]
    legend = [(f"{low:.3g} mm", to_hex(scale(0.0)))]
    if share.any():
        legend.append((f"{high:.3g} mm", to_hex(scale(0.85))))
    return np.asarray(scale(0.85 * share)[:, :3]), legend


def captions(web: WebGraph, solid: Solid | None) -> list[str]:
    """A line below each panel."""
    box = " x ".join(f"{side:.3g}" for side in web.extents)
    lines = [f"web: {web.n} nodes, {web.m} struts, {box} mm"]
    if solid is not None:
        report = solid.report
        lines.append(f"solid: {report['volume_mm3']:,.0f} mm3, {report['mass_g']:.3g} g, {report['triangles']:,} faces")
    return lines


def camera(points: FloatArray) -> FloatArray:
    """``(3, 3)`` orthonormal rows right, up, towards the viewer: z up, turned to the box's broad side."""
    extents = np.ptp(points, axis=0)
    towards = VIEW / (0.35 + extents / max(float(extents.max()), np.finfo(float).tiny))
    towards /= np.linalg.norm(towards)
    right = np.cross([0.0, 0.0, 1.0], towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def framing(points: FloatArray, view: FloatArray, aspect: float) -> tuple[FloatArray, float]:
    """Centre (2,) in the view plane and half height in mm with which ``points`` fill a panel of ``aspect``."""
    flat = points @ view[:2].T
    half = np.ptp(flat, axis=0) / 2
    half_height = max(float(half[1]), float(half[0]) / aspect, 1e-6) * MARGIN
    return (flat.min(axis=0) + flat.max(axis=0)) / 2, half_height


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
