"""Values of a mesh at points: which cell a point lies in, and linear interpolation there."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh, cell_means

#: Barycentric coordinates down to this count as inside.
INSIDE = -1e-10
#: Cells looked at for a point whose walk ended at the boundary, nearest centroids first.
CANDIDATES = 24


class PointLocator:
    """Finds the cells of points by walking from cell to cell, from where the same points were found last."""

    def __init__(self, mesh: SimplexMesh) -> None:
        self.mesh = mesh
        self._last: IntArray | None = None
        self._tree: cKDTree | None = None

    def locate(self, points: FloatArray) -> tuple[IntArray, FloatArray]:
        """The cell ``(p,)`` of each of ``points (p, d)`` and its barycentric coordinates there, ``(p, d + 1)``.

        Points outside get the coordinates of a point of a cell nearby: clipped to >= 0, sum 1.
        """
        last = self._last
        start = last if last is not None and len(last) == len(points) else self._near(points, 1)[:, 0]
        cells, weights = self._walked(points, start)
        lost = np.flatnonzero(weights.min(axis=1) < INSIDE)
        if lost.size:
            # A walk ends too early where the domain is not convex.
            tried = self._near(points[lost], CANDIDATES)
            inside = self._barycentric(np.repeat(points[lost], tried.shape[1], axis=0), tried.ravel())
            best = inside.min(axis=1).reshape(tried.shape).argmax(axis=1)
            rows = np.arange(len(lost))
            found = inside.reshape(*tried.shape, -1)[rows, best]
            better = found.min(axis=1) > weights[lost].min(axis=1)
            cells[lost[better]] = tried[rows, best][better]
            weights[lost[better]] = found[better]
        self._last = cells
        weights = np.maximum(weights, 0)
        return cells, weights / weights.sum(axis=1, keepdims=True)

    def _near(self, points: FloatArray, count: int) -> IntArray:
        if self._tree is None:
            self._tree = cKDTree(cell_means(self.mesh.points, self.mesh.cells))
        count = min(count, len(self.mesh.cells))
        found: IntArray = self._tree.query(points, k=count)[1].reshape(len(points), count).astype(np.int64)
        return found

    def _barycentric(self, points: FloatArray, cells: IntArray) -> FloatArray:
        mesh = self.mesh
        first = mesh.points[mesh.cells[cells, 0]]
        weights: FloatArray = np.einsum("pkd,pd->pk", mesh.gradients[cells], points - first)
        weights[:, 0] += 1
        return weights

    def _walked(self, points: FloatArray, start: IntArray) -> tuple[IntArray, FloatArray]:
        cells = start.copy()
        weights = np.empty((len(points), self.mesh.dim + 1))
        active = np.arange(len(points))
        for _ in range(len(self.mesh.cells)):
            weights[active] = self._barycentric(points[active], cells[active])
            worst = weights[active].argmin(axis=1)
            beyond = self.mesh.neighbours[cells[active], worst]
            walks = (weights[active, worst] < INSIDE) & (beyond >= 0)
            active = active[walks]
            if active.size == 0:
                break
            cells[active] = beyond[walks]
        return cells, weights


def interpolated(mesh: SimplexMesh, values: FloatArray, points: FloatArray) -> FloatArray:
    """Nodal ``values (n, ...)`` of ``mesh`` at ``points (p, d)``, linear in each cell; outside, of a point nearby."""
    cells, weights = PointLocator(mesh).locate(points)
    result: FloatArray = np.einsum("pk,pk...->p...", weights, values[mesh.cells[cells]])
    return result
