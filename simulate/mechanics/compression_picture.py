"""Pictures of webs that are crushed: the curve, the struts as they bend, and their states as VTK files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.compression_result import CompressionResult
from simulate.mechanics.frame.model import cut
from simulate.mechanics.states import filmed, write_gif, write_vtk
from structgen.files import whole_file
from structgen.web import FloatArray

#: Dots an inch of pictures, and of animations.
DPI, DPI_MOVING = 130, 100


def plot(result: CompressionResult, path: str | Path) -> None:
    """The curve, and beside it, if states were kept, the web before and after, as PNG, PDF or SVG."""
    from matplotlib.figure import Figure

    shapes = [result.frames[0], result.frames[-1]] if len(result.frames) > 1 else []
    figure = Figure(figsize=(5 + 3.5 * len(shapes), 4), layout="constrained")
    _curve(figure.add_subplot(1, 1 + len(shapes), 1), result)
    for column, (strain, pos, stress) in enumerate(shapes):
        axes = figure.add_subplot(1, 1 + len(shapes), 2 + column, projection="3d")
        _space(axes, result)
        _struts(axes, result, pos, stress)
        axes.set_title(f"strain {strain:.3g}; colour: stress, 0 to {result.material.limit:g} MPa", fontsize=8)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=DPI)


def animate(result: CompressionResult, path: str | Path) -> None:
    """The web as it is crushed, beside its curve, as an animated GIF of the states kept (``frames`` of `compression`).

    Raises `ValueError` as `simulate.mechanics.states.write_gif` does.
    """
    write_gif(_images(result), path)


def write_vtp(result: CompressionResult, folder: str | Path) -> list[Path]:
    """Write the states kept as VTK poly-data, a line of beams a strut, see `simulate.mechanics.states.write_vtk`.

    Point data: ``displacement`` from the web as given, mm. Cell data: ``stress`` (MPa), the largest in the strut,
    ``radius``, ``kind`` and ``strut``, the number of the edge.
    """
    return write_vtk(((strain, _mesh(result, pos, stress)) for strain, pos, stress in result.frames), folder)


def _mesh(result: CompressionResult, pos: npt.NDArray[Any], stress: npt.NDArray[Any]) -> Any:
    import pyvista as pv

    web, parts = result.web, int(result.settings["parts"])
    nodes = _along(result, np.arange(len(pos)))
    mesh = pv.PolyData(pos.astype(float), lines=np.column_stack([np.full(web.m, parts + 1), nodes]).ravel())
    mesh.point_data["displacement"] = pos - cut(web.pos, web.edge_index, parts)[0]
    mesh.cell_data["stress"] = stress
    mesh.cell_data["radius"], mesh.cell_data["kind"] = np.array(web.radius), np.array(web.kind)
    mesh.cell_data["strut"] = np.arange(web.m)
    return mesh


def _along(result: CompressionResult, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``(m, parts + 1, ...)``: of ``values``, one a node of a beam, those along each strut."""
    web, parts = result.web, int(result.settings["parts"])
    i, j = web.edge_index
    inner = values[web.n :].reshape(web.m, parts - 1, *values.shape[1:])
    return np.concatenate([values[i][:, None], inner, values[j][:, None]], axis=1)


def _images(result: CompressionResult) -> Iterator[Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), dpi=DPI_MOVING, layout="constrained")
    web, curve = figure.add_subplot(1, 2, 1, projection="3d"), figure.add_subplot(1, 2, 2)
    _space(web, result)
    _curve(curve, result)
    (mark,) = curve.plot([], [], "o", color="black")

    def draw(strain: float, pos: npt.NDArray[Any], stress: npt.NDArray[Any]) -> None:
        _struts(web, result, pos, stress)
        web.set_title(f"strain {strain:.3f}; colour: stress, 0 to {result.material.limit:g} MPa", fontsize=9)
        at = int(np.abs(result.strain - strain).argmin())
        mark.set_data([result.strain[at]], [result.force[at]])

    return filmed(figure, web, result.frames, draw)


def _curve(axes: Any, result: CompressionResult) -> None:
    axes.plot(result.strain, result.force, color="black", linewidth=1)
    loose = result.unstable > 0
    if loose.any():
        axes.plot(result.strain[loose], result.force[loose], ".", color="tab:red", label="not stable")
    if result.first_yield is not None:
        axes.plot(*result.first_yield, "o", color="tab:orange", label=f"first strut at {result.material.limit:g} MPa")
    if result.buckling_force is not None and abs(result.buckling_force) < 2 * np.abs(result.force).max():
        axes.axhline(result.buckling_force, linestyle=":", color="gray", label="buckling, by eigenvalue")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    axes.set(xlabel="strain of the web", ylabel="force on a platen, N")


def _struts(axes: Any, result: CompressionResult, pos: npt.NDArray[Any], stress: npt.NDArray[Any]) -> None:
    """The struts with the nodes of beams at ``pos``, colour by ``stress (m,)`` up to the limit of the material."""
    from matplotlib import colormaps
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    colours = colormaps["viridis"](np.clip(stress / result.material.limit, 0, 1))
    axes.add_collection3d(Line3DCollection(_along(result, pos), colors=colours, linewidths=0.9))


def _space(axes: Any, result: CompressionResult) -> None:
    """Axes that hold the web and all states kept."""
    every: FloatArray = np.concatenate([result.web.pos, *(frame[1] for frame in result.frames)])
    low, sides = every.min(axis=0), np.ptp(every, axis=0)
    # A web in a plane gets some depth, else there is nothing to look into.
    sides = np.maximum(sides, 0.02 * sides.max())
    for name, start, side in zip("xyz", low, sides, strict=True):
        getattr(axes, f"set_{name}lim")(start, start + side)
    axes.set_box_aspect(sides)
    axes.set_axis_off()
