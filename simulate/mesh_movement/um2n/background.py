"""A background grid over a domain of triangles: averages of a field, and what a Neumann problem on it needs.

The grid has a few thousand squares however large the mesh is, so that what is global costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.linalg import cholesky_banded
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csc_array

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.grid_kernels import Layout
from simulate.mesh_movement.um2n.kernels import shares

#: Squares of the grid: as many as nodes, within the first two bounds; above the second a quarter as many as nodes, up
#: to the third. Beyond it fronts narrower than the cells of most meshes would be followed, and cells of large ones
#: inverted.
FEWEST, MANY, MOST = 300, 1600, 2500
#: A square counts where the domain covers more than this share of it.
COVERED = 0.02
#: Points a square at least, by which a field is averaged.
SAMPLES = 32
#: Weight, relative to the mean diagonal, that fixes the constant a Neumann problem leaves open.
GROUND = 1e-10


@dataclass(frozen=True)
class Sides:
    """Sides between squares of the domain along one axis: ``one``, ``other`` ``(s,)`` are the squares before and after,
    ``conductance (s,)`` the length over the distance of the centres, times the share that is open."""

    one: IntArray
    other: IntArray
    conductance: FloatArray


class Background:
    """The grid of ``mesh`` (2D): ``g`` squares of ``step (2,)`` that the domain covers, of ``shape`` (p, q) in all.

    ``centres (g, 2)`` and ``volumes (g,)`` are those of the squares, the latter of the part in the domain; ``sides``
    are what is between them, along x and along y; ``layout`` is what loops over the grid need.
    """

    def __init__(self, mesh: SimplexMesh) -> None:
        self.mesh = mesh
        self.low, span = mesh.box[0], mesh.box[1] - mesh.box[0]
        wanted = squares_for(mesh.n)
        p, q = np.maximum(2, np.rint(span / np.sqrt(mesh.volumes.sum() / wanted))).astype(int).tolist()
        self.shape: tuple[int, int] = (p, q)
        self.step: FloatArray = span / self.shape
        halvings = 0
        while len(mesh.cells) * 4**halvings < SAMPLES * wanted:
            halvings += 1
        begin, square, part = shares(mesh.points, mesh.cells, sub_centroids(halvings), self.low, self.step, self.shape)
        volume = part * np.repeat(mesh.volumes, np.diff(begin))
        covered = np.bincount(square, volume, p * q).reshape(self.shape)
        share = np.minimum(covered / self.step.prod(), 1)
        self.active = share > COVERED
        self.volumes: FloatArray = covered[self.active]
        squares = np.argwhere(self.active)
        self.centres: FloatArray = self.low + (squares + 0.5) * self.step
        self.g = len(self.volumes)
        number = np.full(self.shape, -1, dtype=np.int64)
        number[self.active] = np.arange(self.g)
        self.sides = tuple(self._sides(axis, number, share) for axis in (0, 1))
        nearest = tuple(distance_transform_edt(~self.active, return_distances=False, return_indices=True))
        factor = self._factor(squares)
        self.layout = Layout(self.low, self.step, number, number[nearest], squares, self.volumes, *factor)
        #: ``(g, c)`` volume of each cell in each square.
        self._shared = csc_array((volume, self.layout.nearest.ravel()[square], begin), shape=(self.g, len(mesh.cells)))
        self._weight = self._shared @ np.ones(len(mesh.cells))

    def averaged(self, per_cell: FloatArray) -> FloatArray:
        """``(g,)`` averages over the squares of what is constant in each cell, ``per_cell (c,)``."""
        result: FloatArray = self._shared @ per_cell / self._weight
        return result

    @cached_property
    def walls(self) -> FloatArray:
        """``(g,)`` distance of the centres to the nearest square that is not in the domain, about."""
        distance: FloatArray = distance_transform_edt(np.pad(self.active, 1), sampling=self.step)[1:-1, 1:-1]
        inside: FloatArray = distance[self.active]
        return inside

    def _sides(self, axis: int, number: IntArray, share: FloatArray) -> Sides:
        one, other = np.delete(number, -1, axis), np.delete(number, 0, axis)
        both = (one >= 0) & (other >= 0)
        i, j = one[both], other[both]
        open_share = np.sqrt(share[self.active][i] * share[self.active][j])
        return Sides(i, j, open_share * self.step[1 - axis] / self.step[axis])

    def _factor(self, squares: IntArray) -> tuple[IntArray, FloatArray]:
        """`Layout.order` and `Layout.factor`: squares are counted along the shorter axis first, for a narrow band."""
        order = np.arange(self.g)
        if self.shape[0] < self.shape[1]:
            order[np.lexsort(squares.T)] = np.arange(self.g)
        i, j = (order[np.concatenate([getattr(side, name) for side in self.sides])] for name in ("one", "other"))
        w = np.concatenate([side.conductance for side in self.sides])
        band = np.zeros((self.g, int(np.abs(i - j).max(initial=0)) + 1))
        band[:, 0] = np.bincount(np.concatenate([i, j]), np.concatenate([w, w]), self.g)
        band[:, 0] += GROUND * max(2 * w.sum() / self.g, np.finfo(float).tiny)
        band[np.minimum(i, j), np.abs(i - j)] = -w
        factor = np.ascontiguousarray(cholesky_banded(band.T, overwrite_ab=True, lower=True, check_finite=False).T)
        factor[:, 0] = 1 / factor[:, 0]
        return order, factor


def squares_for(nodes: int) -> int:
    """Squares that a mesh of so many nodes is given."""
    return max(FEWEST, min(nodes, MANY), min(nodes // 4, MOST))


@lru_cache
def sub_centroids(halvings: int) -> FloatArray:
    """``(4^halvings, 3)`` barycentric coordinates of the centroids of the parts of a triangle halved so many times."""
    parts = np.eye(3)[None]
    for _ in range(halvings):
        a, b, c = parts.transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        parts = np.concatenate([np.stack(p, axis=1) for p in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    centroids: FloatArray = parts.mean(axis=1)
    return centroids
