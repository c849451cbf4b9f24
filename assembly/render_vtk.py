"""Pictures by pyvista (VTK), off-screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assembly.render import BACKGROUND, INK, SOLID_COLOUR, camera, captions, framing, strut_colours
from assembly.solid import Solid
from structgen.web import FloatArray, WebGraph

CAPTION_SHARE = 0.09


def draw(web: WebGraph, solid: Solid | None, path: Path, title: str, size: tuple[int, int]) -> None:
    """Write the PNG; see `assembly.render.picture`."""
    import pyvista as pv

    panels = 1 if solid is None else 2
    plotter = pv.Plotter(off_screen=True, window_size=size, shape=(1, panels), border=False)
    lines = captions(web, solid)
    view = camera(web.pos)
    small = max(size[1] // 70, 6)
    aspect = size[0] / panels / size[1]
    for panel in range(panels):
        plotter.subplot(0, panel)
        plotter.set_background(BACKGROUND)
        points = web.pos if panel == 0 or solid is None else solid.vertices
        if panel == 0 or solid is None:
            cells = np.column_stack([np.full(web.m, 2), web.edge_index.T])
            mesh = pv.PolyData(web.pos, lines=cells.ravel())
            colours, legend = strut_colours(web)
            mesh.cell_data["colour"] = (255 * colours).astype(np.uint8)
            width = _line_width(web, size[1])
            plotter.add_mesh(mesh, scalars="colour", rgb=True, line_width=width, render_lines_as_tubes=True)
            for row, (text, colour) in enumerate(reversed(legend)):
                place = (0.02, 0.065 + 0.03 * row)
                plotter.add_text(text, place, small, color=colour, viewport=True)
        else:
            cells = np.column_stack([np.full(len(solid.faces), 3), solid.faces])
            mesh = pv.PolyData(solid.vertices, cells.ravel())
            plotter.add_mesh(mesh, color=SOLID_COLOUR, smooth_shading=False, specular=0.15, ambient=0.25)
        plotter.add_text(lines[panel], (0.02, 0.02), small, color=INK, viewport=True)
        if title and panel == 0:
            plotter.add_text(title, (0.02, 0.94), small + 4, color=INK, viewport=True)
        _aim(plotter.camera, points, view, aspect)
        plotter.renderer.reset_camera_clipping_range()
    try:
        plotter.screenshot(str(path), return_img=False)
    finally:
        plotter.close()


def _line_width(web: WebGraph, height: int) -> float:
    share = web.m / 400
    return max(height / 200 / max(share, 1) ** 0.4, 1.5)


def _aim(camera_: object, points: FloatArray, view: FloatArray, aspect: float) -> None:
    centre, half_height = framing(points, view, aspect)
    depth = points @ view[2]
    # The captions need a strip at the bottom: the scene is drawn smaller and moved up.
    half_height *= 1 + CAPTION_SHARE
    middle = centre[0] * view[0] + (centre[1] - CAPTION_SHARE * half_height / 2) * view[1]
    reach = float(np.ptp(depth)) + 4 * half_height
    camera_.parallel_projection = True  # type: ignore[attr-defined]
    camera_.focal_point = middle + depth.mean() * view[2]  # type: ignore[attr-defined]
    camera_.position = middle + (depth.mean() + reach) * view[2]  # type: ignore[attr-defined]
    camera_.up = view[1]  # type: ignore[attr-defined]
    camera_.parallel_scale = half_height  # type: ignore[attr-defined]
