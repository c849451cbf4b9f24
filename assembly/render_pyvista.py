"""Panels drawn by pyvista (VTK), off-screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assembly.files.surface import Surface
from assembly.render_page import BACKGROUND, SOLID_COLOUR, Frame, nearness, strut_width
from structgen.web import FloatArray, WebGraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Drawn this many times larger and averaged, for smooth edges, up to the largest image that OpenGL surely draws.
OVERSAMPLING = 2
LARGEST_IMAGE = 8192


def paint_web(figure: Figure, frame: Frame, web: WebGraph, colours: FloatArray) -> None:
    """Draw the struts; see `assembly.render_page.Painter`."""
    mesh = web.to_pyvista()
    mesh.cell_data["colour"] = (255 * colours).astype(np.uint8)
    width = strut_width(web, frame.box[3]) * _oversampling(frame)
    _paint(figure, frame, mesh, line_width=width, render_lines_as_tubes=True, ambient=0.35, diffuse=0.65)


def paint_solid(figure: Figure, frame: Frame, solid: Surface, colours: FloatArray | None) -> None:
    """Draw the surface; see `assembly.render_page.Painter`."""
    import pyvista as pv

    cells = np.column_stack([np.full(len(solid.faces), 3), solid.faces])
    mesh = pv.PolyData(np.array(solid.vertices), cells.ravel())
    depth = nearness(solid.vertices @ frame.view[2])
    if colours is None:
        mesh.point_data["colour"] = (255 * np.outer(depth, SOLID_COLOUR)).astype(np.uint8)
    else:
        shades = depth[solid.faces].mean(axis=1)[:, None] * colours
        mesh.cell_data["colour"] = (255 * shades).astype(np.uint8)
    _paint(figure, frame, mesh, specular=0.15, ambient=0.2)


def _paint(figure: Figure, frame: Frame, mesh: Any, **options: Any) -> None:
    import pyvista as pv
    from vtkmodules.vtkCommonCore import vtkLogger

    times = _oversampling(frame)
    left, bottom, width, height = frame.box
    verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    # Without a display VTK complains before it turns to a driver that needs none.
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        plotter = pv.Plotter(off_screen=True, window_size=(width * times, height * times))
        try:
            plotter.set_background(BACKGROUND)
            plotter.add_mesh(mesh, scalars="colour", rgb=True, **options)
            _aim(plotter, frame, np.asarray(mesh.points) @ frame.view[2])
            image = plotter.screenshot(None, return_img=True)
        finally:
            plotter.close()
    finally:
        vtkLogger.SetStderrVerbosity(verbosity)
    blocks = image[:, :, :3].reshape(height, times, width, times, 3)
    # Rows of the image run down from its top.
    figure.figimage(blocks.mean(axis=(1, 3)) / 255, left, bottom, origin="upper")


def _oversampling(frame: Frame) -> int:
    return OVERSAMPLING if OVERSAMPLING * max(frame.box[2:]) <= LARGEST_IMAGE else 1


def _aim(plotter: Any, frame: Frame, depth: FloatArray) -> None:
    middle = frame.centre @ frame.view[:2]
    reach = float(np.ptp(depth)) + 4 * frame.half_height
    camera = plotter.camera
    camera.parallel_projection = True
    camera.focal_point = middle + depth.mean() * frame.view[2]
    camera.position = middle + (depth.mean() + reach) * frame.view[2]
    camera.up = frame.view[1]
    camera.parallel_scale = frame.half_height
    plotter.renderer.reset_camera_clipping_range()
