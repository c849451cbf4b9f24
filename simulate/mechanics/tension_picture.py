"""Pictures of tests of webs: the curve, the web as it is pulled, and its states as VTK files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.mechanics.states import filmed, write_gif, write_vtk
from simulate.mechanics.tension_result import TensionResult
from structgen.files import whole_file
from structgen.web import FloatArray, WebGraph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

#: Widest thread, points; dots an inch.
WIDEST, DPI = 2.0, 100


def plot(result: TensionResult, path: str | Path) -> None:
    """The curve, the energies, and the web in the last state kept, as PNG, PDF or SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    curve, energy, web = figure.subplots(1, 3)
    _curve(curve, result)
    x, _, (across, _, _) = _shown(result)
    for name, label in (("work", "work of the grips"), ("energy", "stored"), ("dissipated", "dissipated by breaks")):
        energy.plot(x, getattr(result, name) - getattr(result, name)[0], label=label)
    energy.set(xlabel=across, ylabel="energy, mJ")
    energy.legend(frameon=False)
    strain, pos, whole = result.frames[-1]
    web.add_collection(_threads(result, pos, whole))
    _frame(web, result)
    web.set_title(f"strain {strain:.3g}, {len(result.breaks)} threads broken")
    figure.colorbar(web.collections[0], ax=web, label="stress of threads, MPa")
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=DPI)


def animate(result: TensionResult, path: str | Path) -> None:
    """The web as it is pulled, beside its curve, as an animated GIF of the states kept (see ``frames`` of `tension`).

    Raises `ValueError` as `simulate.mechanics.states.write_gif` does.
    """
    write_gif(_images(result), path)


def write_vtp(result: TensionResult, folder: str | Path) -> list[Path]:
    """Write the states kept as VTK poly-data, see `simulate.mechanics.states.write_vtk`.

    Cell data: ``stress`` (MPa), ``strain``, ``radius``, ``kind`` and ``thread``, the number of the edge; threads that
    are gone, and states without any, are left out.
    """
    return write_vtk(
        ((strain, _mesh(result, pos, whole)) for strain, pos, whole in result.frames if whole.any()), folder
    )


def _mesh(result: TensionResult, pos: Any, whole: Any) -> Any:
    web, kept = result.web, np.flatnonzero(whole)
    part = WebGraph(pos.astype(float), web.edge_index[:, kept], web.radius[kept], web.kind[kept])
    mesh = part.to_pyvista()
    mesh.cell_data["stress"] = result.thread_stress(pos, whole)[kept]
    mesh.cell_data["strain"] = part.lengths / result.rest[kept] - 1
    mesh.cell_data["thread"] = kept
    return mesh


def _images(result: TensionResult) -> Iterator[Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), dpi=DPI, layout="constrained")
    web, curve = figure.subplots(1, 2, width_ratios=(3, 2))
    _frame(web, result)
    _curve(curve, result)
    (mark,) = curve.plot([], [], "o", color="black")
    x, y, _ = _shown(result)

    def draw(strain: float, pos: Any, whole: Any) -> None:
        web.add_collection(_threads(result, pos, whole))
        broken = int((result.breaks[:, 1] <= strain).sum())
        web.set_title(f"strain {strain:.3f}, {broken} threads broken")
        at = strain * x[-1] / result.strain[-1]
        mark.set_data([at], [np.interp(at, x, y)])

    return filmed(figure, web, result.frames, draw)


def _curve(axes: Axes, result: TensionResult) -> None:
    at = result.first_drop
    x, y, (across, up, unit) = _shown(result)
    axes.plot(x, y, lw=1.2)
    axes.plot(x[at], y[at], "o", ms=5, label=f"first major drop, {y[at]:.4g} {unit}")
    axes.set(xlabel=across, ylabel=f"{up}, {unit}", title=", ".join(law.name for law in result.laws))
    axes.legend(frameon=False)


def _shown(result: TensionResult) -> tuple[FloatArray, FloatArray, tuple[str, str, str]]:
    """The curve that says most: stress by strain of what is pulled, load by depth of what is pushed; their names."""
    if result.test == "indentation":
        return result.displacement, result.load, ("depth, mm", "load", "N")
    return result.strain, result.stress, ("strain", "stress", "MPa")


def _threads(result: TensionResult, pos: Any, whole: Any) -> LineCollection:
    """The whole threads at ``pos``, seen as `_sides` says, colour by stress, width by radius."""
    from matplotlib.collections import LineCollection

    i, j = result.web.edge_index[:, whole]
    flat = np.asarray(pos, float)[:, _sides(result)]
    width = result.web.radius[whole] / result.web.radius.max()
    lines = LineCollection(list(np.stack([flat[i], flat[j]], axis=1)), cmap="viridis", linewidths=0.4 + WIDEST * width)
    lines.set_array(result.thread_stress(pos, whole)[whole])
    lines.set_clim(0, max(law.strength for law in result.laws))
    return lines


def _frame(axes: Axes, result: TensionResult) -> None:
    corners = np.concatenate([_ends(pos) for _, pos, _ in result.frames] + [_ends(result.web.pos)])
    a, b = _sides(result)
    margin = 0.03 * float(np.ptp(corners, axis=0).max())
    axes.set(
        xlim=(corners[:, a].min() - margin, corners[:, a].max() + margin),
        ylim=(corners[:, b].min() - margin, corners[:, b].max() + margin),
        aspect="equal", xticks=[], yticks=[],
    )  # fmt: skip


def _ends(pos: Any) -> FloatArray:
    ends: FloatArray = np.array([pos.min(axis=0), pos.max(axis=0)], float)
    return ends


def _sides(result: TensionResult) -> list[int]:
    """The two axes that span the picture: all but the shortest side of the web, and that along which it is pushed."""
    if result.test == "indentation":
        along = int(np.abs(result.axis).argmax())
        return [max((axis for axis in range(3) if axis != along), key=lambda axis: result.web.extents[axis]), along]
    return [axis for axis in range(3) if axis != int(np.argmin(result.web.extents))]
