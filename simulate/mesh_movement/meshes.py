"""Simplex meshes: triangles in the plane, tetrahedra in space, checked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulate.mesh_movement.checks import FloatArray, IntArray, real_array
from simulate.mesh_movement.kernels import COMPILED, corner_means, node_sums, triangle_determinants

#: A cell whose volume is below this share of its longest edge to the power d counts as flat.
FLAT = 1e-13


@dataclass(frozen=True)
class SimplexMesh:
    """Points ``(n, d)`` and cells ``(c, d + 1)`` of positive orientation, d = 2 or 3; made by `checked_mesh`.

    What follows from them is computed on first use and kept.
    """

    points: FloatArray
    cells: IntArray

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.points)

    @property
    def dim(self) -> int:
        """2 for triangles, 3 for tetrahedra."""
        return int(self.points.shape[1])

    @cached_property
    def box(self) -> tuple[FloatArray, FloatArray]:
        """``(d,)`` least and greatest coordinates."""
        axes = np.ascontiguousarray(self.points.T)  # NumPy is slow along the axis of short rows
        return axes.min(axis=1), axes.max(axis=1)

    @cached_property
    def determinants(self) -> FloatArray:
        """``(c,)`` d! times the volumes, > 0."""
        return determinants(self.points, self.cells)

    @cached_property
    def volumes(self) -> FloatArray:
        """``(c,)`` areas or volumes."""
        return self.determinants / (2 if self.dim == 2 else 6)

    @cached_property
    def gradients(self) -> FloatArray:
        """``(c, d + 1, d)`` gradients of the linear basis functions."""
        return basis_gradients(self.points, self.cells)

    @cached_property
    def node_volumes(self) -> FloatArray:
        """``(n,)`` lumped mass: the share of each node in the volume of its cells."""
        return self.gathered(self.volumes / (self.dim + 1))

    @cached_property
    def sizes(self) -> FloatArray:
        """``(n,)`` length scale of the mesh about each node: the d-th root of the mean volume of its cells."""
        counts = self.gathered(np.ones(len(self.cells)))
        mean = self.gathered(self.volumes) / counts
        size: FloatArray = mean ** (1 / self.dim)
        return size

    @cached_property
    def component(self) -> IntArray:
        """``(n,)`` number of the connected part of each node."""
        first = np.repeat(self.cells[:, 0], self.dim)
        rest = self.cells[:, 1:].ravel()
        links = coo_array((np.ones(len(rest)), (first, rest)), shape=(self.n, self.n))
        part: IntArray = connected_components(links, directed=False)[1].astype(np.int64)
        return part

    @cached_property
    def neighbours(self) -> IntArray:
        """``(c, d + 1)`` the cell beyond the facet opposite to each corner; -1 where there is none."""
        order, group = _sorted_facets(self.cells)
        return _neighbours(self.cells, *_pairs(order, group))

    @cached_property
    def boundary_facets(self) -> IntArray:
        """``(b, d)`` nodes of the facets of one cell only, seen from outside counter-clockwise (in 2D: domain left)."""
        cell, corner = np.nonzero(self.neighbours < 0)
        return facets(self.cells)[cell, corner]

    @cached_property
    def boundary_cells(self) -> IntArray:
        """``(b,)`` the cell of each of `boundary_facets`."""
        return np.nonzero(self.neighbours < 0)[0]

    @cached_property
    def _cells_by_node(self) -> tuple[IntArray, IntArray]:
        """Where the cells of each node begin, ``(n + 1,)``, and the cells in the order of nodes."""
        corners = self.dim + 1
        owner = np.repeat(np.arange(len(self.cells)), corners)
        matrix = coo_array((np.ones(owner.size, dtype=bool), (self.cells.ravel(), owner)), (self.n, len(self.cells)))
        rows = matrix.tocsr()
        return rows.indptr.astype(np.int64), rows.indices.astype(np.int64)

    def cells_of_each(self, nodes: IntArray) -> tuple[IntArray, IntArray]:
        """The cells of ``nodes (k,)`` one after the other, and for each the place of its node in ``nodes``."""
        pointers, cells = self._cells_by_node
        count = pointers[nodes + 1] - pointers[nodes]
        owner = np.repeat(np.arange(len(nodes)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return cells[pointers[nodes][owner] + within], owner

    def cells_of(self, nodes: IntArray) -> IntArray:
        """``(k,)`` the cells that have a node among ``nodes``, ascending."""
        return np.unique(self.cells_of_each(nodes)[0])

    def gathered(self, per_cell: FloatArray) -> FloatArray:
        """``(n,)`` sum over the cells of each node of ``per_cell (c,)``."""
        if COMPILED:
            return node_sums(per_cell, self.cells, self.n)
        return self.scattered(np.repeat(per_cell, self.dim + 1))

    def scattered(self, per_corner: FloatArray) -> FloatArray:
        """``(n,)`` sum over the corners of cells that a node is of ``per_corner (c, d + 1)``."""
        summed: FloatArray = np.bincount(self.cells.ravel(), per_corner.ravel(), self.n).astype(float)
        return summed


def determinants(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(c,)`` determinants of the edge matrices of cells: d! times signed volumes."""
    if COMPILED and cells.shape[1] == 3:
        return triangle_determinants(np.ascontiguousarray(points), np.ascontiguousarray(cells))
    return small_determinants(edge_matrices(points, cells))


def oriented(points: FloatArray, cells: IntArray) -> IntArray:
    """``cells`` with those of negative volume turned."""
    turned = cells.copy()
    wrong = determinants(points, cells) < 0
    turned[wrong, -2:] = cells[wrong, :-3:-1]
    return turned


def used_nodes(cells: IntArray) -> tuple[IntArray, IntArray]:
    """``(n,)`` the nodes that ``cells (c, k)`` name, ascending, and the cells in numbers of that list."""
    nodes, renumbered = np.unique(cells, return_inverse=True)
    return nodes.astype(np.int64), renumbered.reshape(cells.shape).astype(np.int64)


def edge_matrices(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(c, d, d)``; column k is the edge from corner 0 to corner k + 1."""
    corners = points.take(cells, axis=0)
    return (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)


def cell_means(nodal: FloatArray, cells: IntArray) -> FloatArray:
    """``(c, ...)`` means of ``nodal (n, ...)`` over the corners of ``cells (c, k)``."""
    if COMPILED and nodal.ndim == 1:
        return corner_means(np.ascontiguousarray(nodal), np.ascontiguousarray(cells))
    # Corner by corner: NumPy is slow at means of rows of three.
    mean: FloatArray = nodal.take(cells.T, axis=0).mean(axis=0)
    return mean


def small_determinants(matrices: FloatArray) -> FloatArray:
    """``(...)`` determinants of ``(..., d, d)`` matrices, d = 2 or 3."""
    return column_determinants([matrices[..., k] for k in range(matrices.shape[-1])])


def column_determinants(columns: Sequence[FloatArray]) -> FloatArray:
    """``(...)`` determinants of the matrices of d ``columns (..., d)``, d = 2 or 3; written out, faster than LU."""
    a, b, *rest = columns
    if not rest:
        plane: FloatArray = a[..., 0] * b[..., 1] - b[..., 0] * a[..., 1]
        return plane
    c = rest[0]
    space: FloatArray = (
        a[..., 0] * (b[..., 1] * c[..., 2] - c[..., 1] * b[..., 2])
        - b[..., 0] * (a[..., 1] * c[..., 2] - c[..., 1] * a[..., 2])
        + c[..., 0] * (a[..., 1] * b[..., 2] - b[..., 1] * a[..., 2])
    )
    return space


def basis_gradients(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(c, d + 1, d)`` gradients of the linear basis functions of cells that are not flat."""
    rows = np.linalg.inv(edge_matrices(points, cells))
    return np.concatenate([-rows.sum(axis=1, keepdims=True), rows], axis=1)


def facets(cells: IntArray) -> IntArray:
    """``(c, d + 1, d)`` nodes of the facet opposite to each corner, counter-clockwise seen from outside the cell."""
    order = [[1, 2], [2, 0], [0, 1]] if cells.shape[1] == 3 else [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]]
    return cells[:, order]


def facet_normals(points: FloatArray, facets: IntArray) -> FloatArray:
    """``(b, d)`` unit normals of ``facets (b, d)``, outward where they are numbered as `facets` does."""
    corners = points.take(facets, axis=0)
    edge = corners[:, 1] - corners[:, 0]
    if points.shape[1] == 2:
        normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1)
    else:
        normal = np.cross(edge, corners[:, 2] - corners[:, 0])
    length = np.sqrt(np.einsum("bd,bd->b", normal, normal))[:, None]
    unit: FloatArray = normal / np.maximum(length, np.finfo(float).tiny)
    return unit


def checked_mesh(points: npt.ArrayLike, cells: Any) -> SimplexMesh:
    """The mesh of ``points (n, d)`` and ``cells (c, d + 1)``, d = 2 or 3.

    Cells whose corners are numbered the wrong way round are turned, with a warning. Raises `ValueError` for other
    shapes and cell types, several cell types, points that are not finite, cells that name a node twice or one that is
    not there, nodes of no cell, flat cells, facets of more than two cells, and cells that lie over their neighbour
    (inverted).
    """
    points = real_array("points", points, (None, None))
    if points.shape[1] not in (2, 3) or len(points) == 0:
        raise ValueError(f"points has the shape {points.shape}, must have (nodes, 2) or (nodes, 3)")
    n, dim = points.shape
    cells = _cell_array(cells, n, dim)
    used = np.zeros(n, dtype=bool)
    used[cells] = True
    if not used.all():
        lost = np.flatnonzero(~used)
        raise ValueError(f"points: node {lost[0]} belongs to no cell ({len(lost)} such nodes), remove it")
    volume = determinants(points, cells)
    longest = np.abs(edge_matrices(points, cells)).max(axis=(1, 2))
    flat = np.flatnonzero(np.abs(volume) <= FLAT * longest**dim)
    if flat.size:
        raise ValueError(f"cells: cell {flat[0]} is flat, its volume is zero ({len(flat)} such cells)")
    cells = oriented(points, cells)
    neighbours = _checked_neighbours(cells)
    if (volume < 0).any():
        count = int((volume < 0).sum())
        warnings.warn(f"cells: {count} cells were numbered the wrong way round and are turned", stacklevel=3)
    mesh = SimplexMesh(points, cells)
    mesh.__dict__["neighbours"] = neighbours  # known by now: the cached property need not find it again
    return mesh


def _cell_array(cells: Any, n: int, dim: int) -> IntArray:
    kinds = "triangles (cells, 3)" if dim == 2 else "tetrahedra (cells, 4)"
    if isinstance(cells, dict):
        raise ValueError(f"cells is a dict of {', '.join(map(str, cells)) or 'nothing'}, must be one array of {kinds}")
    try:
        array = np.asarray(cells)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype == object:
        raise ValueError(f"cells has cells of several types, must be one array of {kinds}")
    if array.dtype.kind not in "iu":
        raise ValueError(f"cells has the type {array.dtype}, must hold node numbers")
    if array.ndim != 2 or array.shape[1] != dim + 1 or len(array) == 0:
        hint = {(2, 4): ": split quadrilaterals", (3, 3): ": surfaces are not moved", (3, 8): ": split hexahedra"}
        said = hint.get((dim, array.shape[1] if array.ndim == 2 else 0), "")
        raise ValueError(f"cells has the shape {array.shape}, must be {kinds} for points of {dim} coordinates{said}")
    array = array.astype(np.int64)
    outside = np.flatnonzero(((array < 0) | (array >= n)).any(axis=1))
    if outside.size:
        raise ValueError(f"cells: cell {outside[0]} is {array[outside[0]].tolist()}, must name nodes in 0..{n - 1}")
    ordered = np.sort(array, axis=1)
    twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if twice.size:
        raise ValueError(f"cells: cell {twice[0]} is {array[twice[0]].tolist()}, names a node twice")
    return array


def _sorted_facets(cells: IntArray) -> tuple[IntArray, IntArray]:
    """An order of all facets in which equal ones follow each other, and the number of the group of each in it."""
    rows = np.sort(facets(cells).reshape(-1, cells.shape[1] - 1), axis=1)
    order = np.lexsort(rows.T)
    rows = rows[order]
    new = np.r_[True, (rows[1:] != rows[:-1]).any(axis=1)]
    return order.astype(np.int64), np.cumsum(new) - 1


def _pairs(order: IntArray, group: IntArray) -> tuple[IntArray, IntArray]:
    """The two facets, ``(f,)`` each, of every pair of equal ones."""
    first = np.flatnonzero(group[1:] == group[:-1])
    return order[first], order[first + 1]


def _neighbours(cells: IntArray, one: IntArray, other: IntArray) -> IntArray:
    """`SimplexMesh.neighbours` from pairs of equal facets."""
    beyond = np.full(cells.size, -1, dtype=np.int64)
    corners = cells.shape[1]
    beyond[one], beyond[other] = other // corners, one // corners
    return beyond.reshape(cells.shape)


def _checked_neighbours(cells: IntArray) -> IntArray:
    """`SimplexMesh.neighbours`; `ValueError` for facets of more than two cells, and for two cells on the same side of
    their facet."""
    order, group = _sorted_facets(cells)
    corners = cells.shape[1]
    rows = facets(cells).reshape(-1, corners - 1)
    crowded = np.flatnonzero(np.bincount(group) > 2)
    if crowded.size:
        nodes = rows[order[np.searchsorted(group, crowded[0])]].tolist()
        raise ValueError(f"cells: more than two cells share the facet of nodes {nodes} (not a manifold)")
    one, other = _pairs(order, group)
    # Seen from two cells on opposite sides, their facet turns in opposite directions.
    same = np.flatnonzero(_turn(rows[one]) == _turn(rows[other]))
    if same.size:
        a, b = sorted((int(one[same[0]]) // corners, int(other[same[0]]) // corners))
        raise ValueError(f"cells: cells {a} and {b} lie over each other (an inverted cell; {len(same)} such pairs)")
    return _neighbours(cells, one, other)


def _turn(rows: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each row is an even permutation of itself sorted."""
    if rows.shape[1] == 2:
        return rows[:, 0] < rows[:, 1]
    a, b, c = rows.T
    odd: npt.NDArray[np.bool_] = (a > b) ^ (b > c) ^ (a > c)
    return ~odd
