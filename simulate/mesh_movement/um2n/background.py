"""A background grid over a domain of triangles: averages of a field, Neumann problems, values at the nodes.

The grid has a few thousand squares however large the mesh is, so that what is global costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.linalg import splu

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh
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
    """Sides between squares of the domain along one axis, ``s`` of them.

    Attributes:
        one, other: ``(s,)`` the squares before and after.
        place: ``(s,)`` where each is in the flat array of all sides along the axis, of ``shape``.
        distance: between the centres; conductance: ``(s,)`` length over distance, times the share that is open.
    """

    one: IntArray
    other: IntArray
    place: IntArray
    shape: tuple[int, int]
    distance: float
    conductance: FloatArray


class Background:
    """The grid of ``mesh`` (2D): ``g`` squares of ``step (2,)`` that the domain covers, of ``shape`` (p, q) in all.

    ``centres (g, 2)`` and ``volumes (g,)`` are those of the squares, the latter of the part in the domain; ``sides``
    are what is between them, along x and along y.
    """

    def __init__(self, mesh: SimplexMesh) -> None:
        self.mesh = mesh
        self.low, span = mesh.points.min(axis=0), np.ptp(mesh.points, axis=0)
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
        self.centres: FloatArray = self.low + (np.argwhere(self.active) + 0.5) * self.step
        self.g = len(self.volumes)
        number = np.full(self.shape, -1, dtype=np.int64)
        number[self.active] = np.arange(self.g)
        self.sides = tuple(self._sides(axis, number, share) for axis in (0, 1))
        nearest = tuple(distance_transform_edt(~self.active, return_distances=False, return_indices=True))
        #: ``(p q,)`` the square of each, or the nearest of those the domain covers.
        self._number: IntArray = number[nearest].ravel()
        #: ``(g, c)`` volume of each cell in each square.
        self._shared = csc_array((volume, self._number[square], begin), shape=(self.g, len(mesh.cells)))
        self._weight = self._shared @ np.ones(len(mesh.cells))
        self._factor = self._factorised()

    def averaged(self, per_cell: FloatArray) -> FloatArray:
        """``(g,)`` averages over the squares of what is constant in each cell, ``per_cell (c,)``."""
        result: FloatArray = self._shared @ per_cell / self._weight
        return result

    def centred(self, values: FloatArray) -> FloatArray:
        """``values (g,)`` less their mean over the domain."""
        result: FloatArray = values - values @ self.volumes / self.volumes.sum()
        return result

    def potential(self, load: FloatArray) -> FloatArray:
        """``(g,)`` psi of -laplacian psi = ``load (g,)`` less its mean, no flux through the boundary."""
        result: FloatArray = self._factor.solve(self.centred(load) * self.volumes)
        return result

    def gradient(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Differences of ``values (g,)`` over the sides along x and y."""
        x, y = ((values[s.other] - values[s.one]) / s.distance for s in self.sides)
        return x, y

    def full(self, axis: int, on_sides: FloatArray) -> FloatArray:
        """``(p + 1, q)`` or ``(p, q + 1)`` what is ``on_sides`` along ``axis``, zero on the boundary."""
        result = np.zeros(self.sides[axis].shape)
        result.ravel()[self.sides[axis].place] = on_sides
        return result

    @cached_property
    def sides_to_nodes(self) -> tuple[Any, Any]:
        """Matrices ``(n, s)`` of values at the nodes of what is on sides along x, along y: bilinear."""
        at = (self.mesh.points - self.low) / self.step
        found = []
        for axis, side in enumerate(self.sides):
            number = np.full(side.shape, -1, dtype=np.int64)
            number.ravel()[side.place] = np.arange(len(side.place))
            found.append(bilinear(at - 0.5 * np.eye(2)[1 - axis], side.shape, number.ravel(), len(side.place)))
        return found[0], found[1]

    @cached_property
    def centres_to_nodes(self) -> Any:
        """The matrix ``(n, g)`` of values at the nodes of what is at centres, bilinear as `at`."""
        return bilinear((self.mesh.points - self.low) / self.step - 0.5, self.shape, self._number, self.g)

    def at(self, points: FloatArray, values: FloatArray) -> FloatArray:
        """``(m,)`` what ``values (g,)`` are at ``points (m, 2)``; beyond the domain those of the nearest square."""
        place = ((points - self.low) / self.step - 0.5).T
        result: FloatArray = map_coordinates(values[self._number].reshape(self.shape), place, order=1, mode="nearest")
        return result

    def walls(self) -> FloatArray:
        """``(g,)`` distance of the centres to the nearest square that is not in the domain, about."""
        distance: FloatArray = distance_transform_edt(np.pad(self.active, 1), sampling=self.step)[1:-1, 1:-1]
        inside: FloatArray = distance[self.active]
        return inside

    def _sides(self, axis: int, number: IntArray, share: FloatArray) -> Sides:
        one, other = np.delete(number, -1, axis), np.delete(number, 0, axis)
        shape = (self.shape[0] + (axis == 0), self.shape[1] + (axis == 1))
        places = np.arange(shape[0] * shape[1]).reshape(shape)
        inner = np.delete(np.delete(places, -1, axis), 0, axis)
        both = (one >= 0) & (other >= 0)
        i, j = one[both], other[both]
        open_share = np.sqrt(share[self.active][i] * share[self.active][j])
        ratio = self.step[1 - axis] / self.step[axis]
        return Sides(i, j, inner[both], shape, float(self.step[axis]), open_share * ratio)

    def _factorised(self) -> Any:
        i, j = (np.concatenate([getattr(side, name) for side in self.sides]) for name in ("one", "other"))
        w = np.concatenate([side.conductance for side in self.sides])
        diagonal = np.arange(self.g)
        ground = GROUND * max(2 * w.sum() / self.g, np.finfo(float).tiny)
        matrix = coo_array(
            (np.concatenate([-w, -w, w, w, np.full(self.g, ground)]),
             (np.concatenate([i, j, i, j, diagonal]), np.concatenate([j, i, i, j, diagonal]))), shape=(self.g, self.g),
        )  # fmt: skip
        return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def squares_for(nodes: int) -> int:
    """Squares that a mesh of so many nodes is given."""
    return max(FEWEST, min(nodes, MANY), min(nodes // 4, MOST))


def sub_centroids(halvings: int) -> FloatArray:
    """``(4^halvings, 3)`` barycentric coordinates of the centroids of the parts of a triangle halved so many times."""
    parts = np.eye(3)[None]
    for _ in range(halvings):
        a, b, c = parts.transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        parts = np.concatenate([np.stack(p, axis=1) for p in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    centroids: FloatArray = parts.mean(axis=1)
    return centroids


def bilinear(at: FloatArray, shape: Sequence[int], number: IntArray, count: int) -> Any:
    """The ``(n, count)`` matrix of bilinear interpolation at places ``(n, 2)``, counted in entries and clipped, of an
    array of ``shape`` (p, q) whose entries have the ``number (p q,)``; those of -1 are zero."""
    last = np.array(shape) - 1
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(np.int64), last - 1)
    f, g = (at - low).T
    base = low[:, 0] * shape[1] + low[:, 1]
    columns = number[base[:, None] + np.array([0, 1, shape[1], shape[1] + 1])].ravel()
    weights = np.stack([(1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g], axis=1).ravel()
    weights[columns < 0] = 0
    pointers = np.arange(len(at) + 1) * 4
    return csr_array((weights, np.maximum(columns, 0), pointers), shape=(len(at), count))
