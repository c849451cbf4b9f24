"""How good a mesh is: shapes of cells, and how evenly a monitor is shared among them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.kernels import COMPILED, triangle_cosines
from simulate.mesh_movement.meshes import cell_means, determinants, facets


@dataclass(frozen=True)
class MeshQuality:
    """Numbers of a mesh.

    Attributes:
        nodes, cells: how many.
        inverted: cells whose volume is not > 0.
        min_volume, max_volume: of a cell.
        min_jacobian: least volume of a cell over that in the reference mesh; of the mesh itself without one.
        min_angle, max_angle: degrees, in triangles at corners, in tetrahedra between faces.
        equidistribution: greatest over least load of a cell, the load being monitor times volume, over the volume in
            the reference mesh where there is one; 1 is even, inf where a cell is inverted.
        variation: standard deviation over mean of the load.
    """

    nodes: int
    cells: int
    inverted: int
    min_volume: float
    max_volume: float
    min_jacobian: float
    min_angle: float
    max_angle: float
    equidistribution: float
    variation: float

    def as_dict(self) -> dict[str, Any]:
        """The numbers by name; None for an infinite one."""
        return {name: None if value == np.inf else value for name, value in asdict(self).items()}


def measured(
    points: FloatArray, cells: IntArray, monitor: FloatArray | None = None, reference: FloatArray | None = None
) -> MeshQuality:
    """Quality of ``points (n, d)``, ``cells (c, d + 1)``.

    Arguments:
        monitor: ``(n,)`` its values at the nodes; None for 1.
        reference: ``(c,)`` determinants of the cells of the mesh that loads and Jacobians refer to; None for 1.
    """
    jacobian = determinants(points, cells)
    volume = jacobian / (2 if points.shape[1] == 2 else 6)
    ratio = jacobian / reference if reference is not None else np.ones(len(cells))
    load = cell_loads(jacobian, cells, monitor, reference)
    least, most = extreme_cosines(points, cells)
    inverted = int((jacobian <= 0).sum())
    return MeshQuality(
        nodes=len(points),
        cells=len(cells),
        inverted=inverted,
        min_volume=float(volume.min()),
        max_volume=float(volume.max()),
        min_jacobian=float(ratio.min()),
        min_angle=_degrees(most),
        max_angle=_degrees(least),
        equidistribution=float(load.max() / load.min()) if inverted == 0 else np.inf,
        variation=float(load.std() / load.mean()),
    )


def cell_loads(
    jacobian: FloatArray, cells: IntArray, monitor: FloatArray | None, reference: FloatArray | None
) -> FloatArray:
    """``(c,)`` monitor times volume, relative to the reference; see `MeshQuality`."""
    load = jacobian if reference is None else jacobian / reference
    return load if monitor is None else load * cell_means(monitor, cells)


def extreme_cosines(points: FloatArray, cells: IntArray) -> tuple[float, float]:
    """Least and greatest cosine of the angles of triangles, of the dihedral angles of tetrahedra."""
    count = cells.shape[1]
    if COMPILED and count == 3:
        return triangle_cosines(np.ascontiguousarray(points), np.ascontiguousarray(cells))
    corner = points.T.take(cells.T, axis=1)
    first, second, *third = facets(np.arange(count)[None])[0].T
    normal = corner[:, second] - corner[:, first]
    if third:
        normal = np.cross(normal, corner[:, third[0]] - corner[:, first], axis=0)
    normal /= np.maximum(np.sqrt((normal**2).sum(axis=0)), np.finfo(float).tiny)
    cosines = np.stack([-(normal[:, i] * normal[:, j]).sum(axis=0) for i, j in combinations(range(count), 2)])
    return float(cosines.min()), float(cosines.max())


def _degrees(cosine: float) -> float:
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
