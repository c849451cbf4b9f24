"""Pictures of meshes in the plane, before and after their nodes moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mesh_movement.checks import FloatArray, IntArray, real_array
from simulate.mesh_movement.meshes import checked_mesh
from structgen.files import whole_file

#: Width of a picture in inches, pixels an inch, and height of a title and room for the scale in inches.
WIDTH, DPI, TITLE, SCALE = 10.0, 120, 0.32, 0.55
#: Widths from this many times the height: one panel above the other.
WIDE = 1.8
#: Lines are this wide, in points, on a mesh of cells a tenth of an inch long; thinner on finer ones.
LINE = 0.6
COLOURS, EDGE = "YlGnBu", "#303840"
#: Colours of the file, which make it a third as long.
PALETTE = 256


def before_after(
    path: str | Path, points: npt.ArrayLike, cells: npt.ArrayLike, moved: npt.ArrayLike, field: npt.ArrayLike,
    after: npt.ArrayLike | None = None, titles: tuple[str, str] = ("before", "after"), label: str = "",
) -> None:  # fmt: skip
    """Write a PNG of a mesh and of the same mesh with its nodes moved, to one scale, coloured by a field.

    Arguments:
        path: a file name ending in ``.png``.
        points, cells: ``(n, 2)`` and ``(c, 3)`` the mesh before.
        moved: ``(n, 2)`` where its nodes are after.
        field: ``(n,)`` values at the nodes before.
        after: ``(n,)`` values at the nodes after; None for the same values, as where the field goes with the nodes.
        titles: of the two panels.
        label: of the scale of colours.

    Raises `ValueError` for a mesh in space, and for arrays that do not fit.
    """
    from PIL import Image

    check_suffix(path)
    mesh = checked_mesh(points, cells)
    check_plane(mesh.dim)
    places = [mesh.points, real_array("moved", moved, (mesh.n, 2))]
    values = [real_array("field", field, (mesh.n,))]
    values.append(values[0] if after is None else real_array("after", after, (mesh.n,)))
    figure = _figure(places, mesh.cells, values, titles, label)
    figure.canvas.draw()
    with whole_file(path) as temporary:
        drawn = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
        few = drawn.quantize(PALETTE, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(temporary, format="png", optimize=True)


def check_suffix(path: str | Path) -> None:
    """Raise `ValueError` where ``path`` does not end in ``.png``."""
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"path {str(path)!r} must end in .png")


def check_plane(dim: int) -> None:
    """Raise `ValueError` for a mesh in space."""
    if dim != 2:
        raise ValueError(f"points has {dim} coordinates, pictures are made of meshes in the plane, of 2")


def _figure(
    places: list[FloatArray], cells: IntArray, values: list[FloatArray], titles: tuple[str, str], label: str
) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    low = np.min([points.min(axis=0) for points in places], axis=0)
    size = np.max([points.max(axis=0) for points in places], axis=0) - low
    stacked = size[0] > WIDE * size[1]
    rows, columns = (2, 1) if stacked else (1, 2)
    margin = 0.15
    width = (WIDTH - SCALE - margin * (columns + 2)) / columns
    height = width * size[1] / size[0]
    tall = rows * (height + TITLE) + margin
    figure = Figure(figsize=(WIDTH, tall), dpi=DPI)
    FigureCanvasAgg(figure)
    scale = Normalize(min(v.min() for v in values), max(v.max() for v in values))
    line = LINE * min(1.0, 10 * width * float(np.sqrt(size[1] / size[0] / len(cells))))
    for k, (points, shade) in enumerate(zip(places, values, strict=True)):
        left = margin + (0 if stacked else k * (width + margin))
        bottom = margin + ((1 - k) * (height + TITLE) if stacked else 0)
        axes = figure.add_axes((left / WIDTH, bottom / tall, width / WIDTH, height / tall))
        axes.tripcolor(*points.T, cells, shade, shading="gouraud", cmap=COLOURS, norm=scale, rasterized=True)
        axes.triplot(*points.T, cells, color=EDGE, linewidth=line, alpha=0.75)
        axes.set(xlim=(low[0], low[0] + size[0]), ylim=(low[1], low[1] + size[1]), aspect="equal")
        axes.set_axis_off()
        axes.set_title(titles[k], fontsize=11, loc="left", pad=5)
    bar = figure.add_axes(((WIDTH - SCALE - margin) / WIDTH, margin / tall, 0.12 / WIDTH, 1 - (TITLE + margin) / tall))
    figure.colorbar(axes.collections[0], cax=bar)
    bar.set_ylabel(label, fontsize=9)
    bar.tick_params(labelsize=8, length=2)
    return figure
