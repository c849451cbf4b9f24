"""Pictures by matplotlib, where no graphics driver is: projected here, drawn back to front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assembly.render import BACKGROUND, INK, LIGHT, SOLID_COLOUR, camera, captions, framing, strut_colours
from assembly.solid import Solid
from structgen.web import FloatArray, WebGraph

DPI = 100
CAPTION_SHARE = 0.08


def draw(web: WebGraph, solid: Solid | None, path: Path, title: str, size: tuple[int, int]) -> None:
    """Write the PNG; see `assembly.render.picture`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    panels = 1 if solid is None else 2
    view = camera(web.pos)
    font = 72 * size[1] / DPI / 60
    for panel, caption in enumerate(captions(web, solid)):
        left = panel / panels
        axes = figure.add_axes((left, CAPTION_SHARE, 1 / panels, 1 - CAPTION_SHARE))
        axes.set_axis_off()
        if panel == 0:
            points = web.pos
            legend = _struts(axes, web, view, size[1])
            for row, (text, colour) in enumerate(reversed(legend)):
                figure.text(0.02, CAPTION_SHARE + 0.03 * row, text, color=colour, size=font)
        elif solid is not None:
            points = solid.vertices
            _surface(axes, solid, view)
        figure.text(left + 0.02, 0.03, caption, color=INK, size=font)
        aspect = size[0] / panels / (size[1] * (1 - CAPTION_SHARE))
        (x, y), half = framing(points, view, aspect)
        axes.set_xlim(x - half * aspect, x + half * aspect)
        axes.set_ylim(y - half, y + half)
    figure.text(0.02, 0.95, title, color=INK, size=1.3 * font)
    figure.savefig(path, format="png", dpi=DPI, facecolor=BACKGROUND)


def _struts(axes: Any, web: WebGraph, view: FloatArray, height: int) -> list[tuple[str, str]]:
    from matplotlib.collections import LineCollection

    colours, legend = strut_colours(web)
    flat = web.pos @ view.T
    ends = flat[web.edge_index.T]
    order = np.argsort(ends[:, :, 2].mean(axis=1), kind="stable")
    width = max(72 / DPI * height / 250 / max(web.m / 400, 1) ** 0.4, 0.6)
    lines = LineCollection(list(ends[order, :, :2]), colors=colours[order], linewidths=width, capstyle="round")
    axes.add_collection(lines, autolim=False)
    return legend


def _surface(axes: Any, solid: Solid, view: FloatArray) -> None:
    from matplotlib.collections import PolyCollection

    corners = (solid.vertices @ view.T)[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(normals, axis=1)
    seen = (normals[:, 2] > 0) & (size > 0)
    corners, normals = corners[seen], normals[seen] / size[seen, None]
    light = view @ (LIGHT / np.linalg.norm(LIGHT))
    shade = 0.45 + 0.55 * np.clip(normals @ light, 0, 1)
    depth = corners[:, :, 2].mean(axis=1)
    # What lies further back is paler, which tells crossing struts apart.
    near = (depth - depth.min()) / max(float(np.ptp(depth)), np.finfo(float).tiny)
    colours = np.clip(np.outer(shade, SOLID_COLOUR) * (0.75 + 0.3 * near)[:, None], 0, 1)
    order = np.argsort(depth, kind="stable")
    faces = PolyCollection(
        list(corners[order, :, :2]), facecolors=colours[order], edgecolors=colours[order], linewidths=0.2
    )
    axes.add_collection(faces, autolim=False)
