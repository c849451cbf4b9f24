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
from simulate.mesh_movement.checks import BoolArray, FloatArray
from simulate.mesh_movement.meshes import SimplexMesh, determinants, edge_matrices, small_determinants

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
    wished = boundary.tangential(displacement)
    check = _Check(mesh, boundary, floor)
    free = np.ones(mesh.n)
    changed = np.zeros(mesh.n, dtype=bool)
    for _ in range(SMOOTHINGS):
        points, bad, _ = check(wished, free)
        if not bad.any():
            return points, float(changed.mean())
        about = _widened(mesh, bad)
        smooth = boundary.tangential(_cell_averaged(mesh, wished))
        wished = np.where(about[:, None], smooth, wished)
        changed |= about
    share = free
    for turn in range(ROUNDS + mesh.n):
        points, bad, root = check(wished, share)
        if not bad.any():
            return points, float((changed | (share < 1)).mean())
        factor = np.clip(SAFETY * root[bad], GENTLE, SAFETY) if turn < ROUNDS else np.zeros(bad.sum())
        cut = np.ones(mesh.n)
        np.minimum.at(cut, mesh.cells[bad], factor[:, None])
        share = _sloped(mesh, share * cut)
    raise AssertionError("a mesh of which no node moves is sound")


class _Check:
    """Which cells are not sound."""

    def __init__(self, mesh: SimplexMesh, boundary: Boundary, floor: float) -> None:
        self.mesh, self.boundary, self.floor = mesh, boundary, floor
        self.edges = edge_matrices(mesh.points, mesh.cells)

    def __call__(self, wished: FloatArray, share: FloatArray) -> tuple[FloatArray, BoolArray, FloatArray]:
        """Points after ``share (n,)`` of ``wished (n, d)``, mask ``(c,)`` of bad cells, first roots ``(c,)``."""
        mesh = self.mesh
        moved = share[:, None] * wished
        points = mesh.points + moved
        if self.boundary.curved:
            points = np.where(share[:, None] > 0, self.boundary.placed(points), mesh.points)
        root = first_root(path_polynomials(self.edges, edge_matrices(moved, mesh.cells), self.floor))
        bad: BoolArray = (root <= 1) | ~(determinants(points, mesh.cells) >= self.floor * mesh.determinants)
        return points, bad, root


def _widened(mesh: SimplexMesh, cells: BoolArray) -> BoolArray:
    """``(n,)`` mask of the nodes of ``cells (c,)`` and of `RINGS` rings of cells around."""
    nodes = np.zeros(mesh.n, dtype=bool)
    for _ in range(RINGS + 1):
        nodes[mesh.cells[cells]] = True
        cells = np.asarray(nodes[mesh.cells].any(axis=1))
    return nodes


def _cell_averaged(mesh: SimplexMesh, values: FloatArray) -> FloatArray:
    """``values (n, d)`` averaged over the cells of each node."""
    count = mesh.gathered(np.ones(len(mesh.cells)))
    means = values[mesh.cells].mean(axis=1)
    return np.stack([mesh.gathered(column) / count for column in means.T], axis=1)


def _sloped(mesh: SimplexMesh, share: FloatArray) -> FloatArray:
    """``share (n,)`` lowered until no two nodes of a cell differ by more than `SLOPE`."""
    while True:
        lower = share.copy()
        np.minimum.at(lower, mesh.cells, share[mesh.cells].min(axis=1, keepdims=True) + SLOPE)
        if (lower == share).all():
            return share
        share = lower


def path_polynomials(edges: FloatArray, moved: FloatArray, floor: float = 0.0) -> FloatArray:
    """``(c, d + 1)`` coefficients of det(E + a D) - floor det(E), lowest first; ``edges``, ``moved`` ``(c, d, d)``."""
    dim = edges.shape[-1]
    result = np.zeros((len(edges), dim + 1))
    for chosen in range(2**dim):
        columns = [bool(chosen >> k & 1) for k in range(dim)]
        mixed = np.where(columns, moved, edges)
        result[:, sum(columns)] += small_determinants(mixed)
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
    bernstein = np.stack([c[:, 0], c[:, 0] + c[:, 1] / 3, c[:, 0] + (2 * c[:, 1] + c[:, 2]) / 3, c.sum(axis=1)], axis=1)
    doubtful = np.flatnonzero(~(bernstein > 0).all(axis=1))
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
