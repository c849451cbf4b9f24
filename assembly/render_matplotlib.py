"""Panels drawn by matplotlib, where no graphics driver is: projected here, drawn back to front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assembly.files.surface import Surface
from assembly.render_page import DPI, LIGHT, SOLID_COLOUR, Frame, nearness, strut_width, true_widths
from structgen.web import FloatArray, WebGraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def paint_web(figure: Figure, frame: Frame, web: WebGraph, colours: FloatArray) -> None:
    """Draw the struts; see `assembly.render_page.Painter`."""
    from matplotlib.collections import LineCollection

    ends = (web.pos @ frame.view.T)[web.edge_index.T]
    order = np.argsort(ends[:, :, 2].mean(axis=1), kind="stable")
    width = true_widths(web, frame)[order] if frame.to_scale else strut_width(web, frame.box[3])
    struts = LineCollection(list(ends[order, :, :2]), colors=colours[order], linewidths=width, capstyle="round")
    _axes(figure, frame).add_collection(struts, autolim=False)


def paint_solid(figure: Figure, frame: Frame, solid: Surface, colours: FloatArray | None) -> None:
    """Draw the surface; see `assembly.render_page.Painter`."""
    from matplotlib.collections import PolyCollection

    corners = (solid.vertices @ frame.view.T)[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(normals, axis=1)
    seen = (normals[:, 2] > 0) & (size > 0)
    corners, normals = corners[seen], normals[seen] / size[seen, None]
    light = frame.view @ (LIGHT / np.linalg.norm(LIGHT))
    shade = 0.5 + 0.55 * np.clip(normals @ light, 0, 1)
    depth = corners[:, :, 2].mean(axis=1)
    base = np.asarray(SOLID_COLOUR) if colours is None else colours[seen]
    painted = np.clip((shade * nearness(depth))[:, None] * base, 0, 1)
    order = np.argsort(depth, kind="stable")
    # The thin edge in a face's own colour closes the seams that antialiasing would leave.
    faces = PolyCollection(
        list(corners[order, :, :2]), facecolors=painted[order], edgecolors=painted[order], linewidths=0.2
    )
    _axes(figure, frame).add_collection(faces, autolim=False)


def _axes(figure: Figure, frame: Frame) -> Any:
    left, bottom, width, height = np.array(frame.box) / np.tile(figure.get_size_inches() * DPI, 2)
    axes = figure.add_axes((left, bottom, width, height))
    axes.set_axis_off()
    (x, y), half = frame.centre, frame.half_height
    axes.set_xlim(x - half * frame.aspect, x + half * frame.aspect)
    axes.set_ylim(y - half, y + half)
    return axes
