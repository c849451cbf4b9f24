r"""The validity limiter: a displacement changed where needed so that no cell is inverted.

Let E be the edge matrix of a cell and D that of the displacements of its corners. Along the displacement its
determinant is p(a) = det(E + a D), a quadratic in 2D and a cubic in 3D with p(0) > 0. A cell is *sound* where
p(a) > floor p(0) on all of [0, 1], that is, where p - floor p(0) has no root there.

Bad cells come in patches, mostly where a steep monitor is not resolved. First the displacement is smoothed in and about
the patches, which keeps most of the motion; then, where that was not enough, it is shortened there.

Why the result is valid whenever the start is (proof sketch). Smoothing only changes what is wished. A round of
shortening finds the cells that are not sound and multiplies the displacement of their corners by a factor below 1, and
that of nodes about them by no more than 1; the limiter returns only after a round finds none, so what it returns is
sound: every determinant is at least floor times what it was, hence positive. It does end: after `ROUNDS` rounds the
factor is zero. A cell none of whose corners moves is sound, as p is constant, so each such round stops at least one
more node, and there are n of them. Nodes of curved boundaries are put back on the boundary after the displacement;
such a state is judged by its determinants, and the same argument holds, because a node of factor zero is left where it
started. With every determinant positive and the boundary mapped onto itself the map of the mesh is one to one.

All this is done by patches, not for the whole mesh: one bad cell does not stop all others.
"""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray
from simulate.mesh_movement.kernels import COMPILED, doubtful_triangles
from simulate.mesh_movement.meshes import SimplexMesh, cell_means, column_determinants, determinants, edge_matrices

#: Least determinant that a cell keeps, as a share of what it was.
FLOOR = 1e-4
#: Rounds of smoothing; each about the bad cells of that round and this many rings of cells around them.
SMOOTHINGS, RINGS = 12, 2
#: In a round of shortening, the factor of a cell is the share of the way to its first root times the first, but at
#: least the second; the factors of the nodes of a cell differ by at most the third.
SAFETY, GENTLE, SLOPE = 0.9, 0.8, 0.05
#: Rounds of shortening before nodes are stopped.
ROUNDS = 60


def limited(
    mesh: SimplexMesh, displacement: FloatArray, boundary: Boundary, floor: float = FLOOR
) -> tuple[FloatArray, float]:
    """New points ``(n, d)`` and the share of nodes whose ``displacement (n, d)`` was changed; see above.

    Nodes move by ``displacement`` made tangential by ``boundary``.
    """
    state = _State(mesh, boundary, boundary.tangential(displacement), floor)
    changed = np.zeros(mesh.n, dtype=bool)
    for _ in range(SMOOTHINGS):
        if not state.bad.any():
            return state.points, float(changed.mean())
        about = state.around(state.bad_cells())
        state.wished[about] = state.tangential(about, state.cell_averages(about))
        changed[about] = True
        state.update(about)
    for turn in range(ROUNDS + mesh.n):
        if not state.bad.any():
            return state.points, float((changed | (state.share < 1)).mean())
        cells = state.bad_cells()
        factor = np.clip(SAFETY * state.root[cells], GENTLE, SAFETY) if turn < ROUNDS else np.zeros(len(cells))
        state.update(state.shortened(cells, factor))
    raise AssertionError("a mesh of which no node moves is sound")


class _State:
    """A displacement on its way to be sound; what changes is checked again, not the whole mesh.

    Attributes:
        wished: ``(n, d)`` the displacement; share: ``(n,)`` how much of it is gone.
        points: ``(n, d)`` where nodes are after that.
        bad: ``(c,)`` the cells that are not sound; root: ``(c,)`` the first root of each in (0, 1], inf if none.
    """

    def __init__(self, mesh: SimplexMesh, boundary: Boundary, wished: FloatArray, floor: float) -> None:
        self.mesh, self.boundary, self.wished, self.floor = mesh, boundary, wished, floor
        self.share = np.ones(mesh.n)
        self.bad = np.zeros(len(mesh.cells), dtype=bool)
        self.root = np.full(len(mesh.cells), np.inf)
        self.points = mesh.points + wished
        self._put_on_boundary()
        self._check(np.arange(len(mesh.cells)))

    def bad_cells(self) -> IntArray:
        """Numbers of the cells that are not sound."""
        return np.flatnonzero(self.bad)

    def around(self, cells: IntArray) -> IntArray:
        """The nodes of ``cells`` and of `RINGS` rings of cells around."""
        nodes = np.unique(self.mesh.cells[cells])
        for _ in range(RINGS):
            nodes = np.unique(self.mesh.cells[self.mesh.cells_of(nodes)])
        return nodes

    def cell_averages(self, nodes: IntArray) -> FloatArray:
        """``(k, d)`` what is wished, averaged over the cells of each of ``nodes (k,)``."""
        cells, owner = self.mesh.cells_of_each(nodes)
        means = cell_means(self.wished, self.mesh.cells[cells])
        count = np.bincount(owner, minlength=len(nodes))
        return np.stack([np.bincount(owner, column, len(nodes)) / count for column in means.T], axis=1)

    def tangential(self, nodes: IntArray, displacement: FloatArray) -> FloatArray:
        """``displacement (k, d)`` of ``nodes (k,)``, ascending, less what boundary nodes may not do."""
        _, at, row = np.intersect1d(nodes, self.boundary.nodes, assume_unique=True, return_indices=True)
        result = displacement.copy()
        result[at] = np.einsum("bij,bj->bi", self.boundary.tangents[row], displacement[at])
        return result

    def shortened(self, cells: IntArray, factor: FloatArray) -> IntArray:
        """Multiply the share of the corners of ``cells (k,)`` by ``factor (k,)``, and lower that of others until no two
        nodes of a cell differ by more than `SLOPE`; the nodes whose share fell."""
        corners = self.mesh.cells[cells]
        front = np.unique(corners)
        cut = np.ones(len(front))
        np.minimum.at(cut, np.searchsorted(front, corners), factor[:, None])
        self.share[front] *= cut
        lowered = [front]
        while front.size:
            corners = self.mesh.cells[self.mesh.cells_of(front)]
            nodes = np.unique(corners)
            lower = self.share[nodes]
            most = self.share[corners].min(axis=1, keepdims=True) + SLOPE
            np.minimum.at(lower, np.searchsorted(nodes, corners), most)
            front = nodes[lower < self.share[nodes]]
            self.share[nodes] = lower
            lowered.append(front)
        return np.unique(np.concatenate(lowered))

    def update(self, nodes: IntArray) -> None:
        """Check again what ``nodes``, whose displacement has changed, have to do with."""
        self.points[nodes] = self.mesh.points[nodes] + self.share[nodes, None] * self.wished[nodes]
        self._put_on_boundary()
        self._check(self.mesh.cells_of(nodes))

    def _put_on_boundary(self) -> None:
        if self.boundary.curved:
            moved = self.mesh.points + self.share[:, None] * self.wished
            self.points = np.where(self.share[:, None] > 0, self.boundary.placed(moved), self.mesh.points)

    def _check(self, which: IntArray) -> None:
        self.root[which], self.bad[which] = np.inf, False
        which = which[self._doubtful(which)]
        cells = self.mesh.cells[which]
        edges = edge_matrices(self.mesh.points, cells)
        corners = self.share[cells][:, :, None] * self.wished[cells]
        way = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
        root = first_root(path_polynomials(edges, way, self.floor))
        sound = determinants(self.points, cells) >= self.floor * self.mesh.determinants[which]
        self.root[which], self.bad[which] = root, (root <= 1) | ~sound

    def _doubtful(self, which: IntArray) -> BoolArray:
        """``(k,)`` whether each of the cells ``which (k,)`` has to be looked at closely; the others are sound."""
        if not COMPILED or self.mesh.dim == 3:
            return np.ones(len(which), dtype=bool)
        return doubtful_triangles(
            self.mesh.points, self.points, self.wished, self.share, self.mesh.cells[which], self.floor
        )


def path_polynomials(edges: FloatArray, moved: FloatArray, floor: float = 0.0) -> FloatArray:
    """``(c, d + 1)`` coefficients of det(E + a D) - floor det(E), lowest first; ``edges``, ``moved`` ``(c, d, d)``."""
    dim = edges.shape[-1]
    result = np.zeros((len(edges), dim + 1))
    for chosen in range(2**dim):
        columns = [(moved if chosen >> k & 1 else edges)[..., k] for k in range(dim)]
        result[:, chosen.bit_count()] += column_determinants(columns)
    result[:, 0] *= 1 - floor
    return result


def first_root(coefficients: FloatArray) -> FloatArray:
    """``(c,)`` least root in (0, 1] of polynomials ``(c, 3 or 4)``, lowest power first, positive at 0; inf if none.

    Between the extrema, which are the roots of a quadratic, a polynomial is monotone: the first piece at whose end
    it is not positive holds the root, and bisection finds it, from below.
    """
    c = np.zeros((len(coefficients), 4))
    c[:, : coefficients.shape[1]] = coefficients
    root = np.full(len(c), np.inf)
    # In the Bernstein basis all coefficients positive means positive throughout.
    c0, c1, c2, c3 = c.T
    bernstein = (c0, c0 + c1 / 3, c0 + (2 * c1 + c2) / 3, c0 + c1 + c2 + c3)
    doubtful = np.flatnonzero(~np.logical_and.reduce([coefficient > 0 for coefficient in bernstein]))
    if doubtful.size == 0:
        return root
    c = c[doubtful]
    ends = np.concatenate([_extrema(c), np.ones((len(c), 1))], axis=1)
    ends.sort(axis=1)
    below = _value(c[:, None, :], ends) <= 0
    has = below.any(axis=1)
    piece = below.argmax(axis=1)
    rows = np.arange(len(c))
    high = ends[rows, piece]
    low = np.where(piece > 0, ends[rows, np.maximum(piece - 1, 0)], 0.0)
    for _ in range(50):
        middle = (low + high) / 2
        positive = _value(c, middle) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    root[doubtful[has]] = low[has]
    return root


def _extrema(c: FloatArray) -> FloatArray:
    """``(k, 2)`` where the derivative is zero, clipped to 0..1."""
    a, b, d = 3 * c[:, 3], 2 * c[:, 2], c[:, 1]
    half = -0.5 * (b + np.copysign(np.sqrt(np.maximum(b * b - 4 * a * d, 0)), b))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        both = np.stack([half / a, d / half], axis=1)
    return np.clip(np.nan_to_num(both, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)


def _value(c: FloatArray, a: FloatArray) -> FloatArray:
    value: FloatArray = c[..., 0] + a * (c[..., 1] + a * (c[..., 2] + a * c[..., 3]))
    return value
