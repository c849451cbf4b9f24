r"""The validity limiter: a displacement cut back so that no cell is inverted.

Let E be the edge matrix of a cell and D that of the displacements of its corners. Along the displacement its
determinant is p(a) = det(E + a D), a quadratic in 2D and a cubic in 3D with p(0) > 0. A cell is *sound* where
p(a) > floor p(0) on all of [0, 1], that is, where p - floor p(0) has no root there.

Why the result is valid whenever the start is (proof sketch). A round finds the cells that are not sound and
multiplies the displacement of their corners by a factor below 1; the limiter returns only after a round finds none, so
what it returns is sound: every determinant is at least floor times what it was, hence positive. It does end: after
`ROUNDS` rounds the displacement of the corners of each cell that is not sound is set to zero. A cell none of whose
corners moves is sound, as p is constant, so each such round sets at least one more node to zero, and there are n of
them. Nodes of curved boundaries are put back on the boundary after the displacement; such a state is judged by its
determinants, and the same argument holds, because a displacement of zero leaves a node where it started. With every
determinant positive and the boundary mapped onto itself the map of the mesh is one to one.

The factor is taken per patch of cells, not for the whole mesh: one bad cell does not stop all others.
"""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import SimplexMesh, determinants, edge_matrices, small_determinants

#: Least determinant that a cell keeps, as a share of what it was.
FLOOR = 1e-4
#: Share of the way to the first root that a cell goes.
SAFETY = 0.9
#: Rounds of shrinking before nodes are stopped.
ROUNDS = 60


def limited(
    mesh: SimplexMesh, displacement: FloatArray, boundary: Boundary | None = None, floor: float = FLOOR
) -> tuple[FloatArray, float]:
    """New points ``(n, d)`` and the share of nodes whose ``displacement (n, d)`` was cut; see above.

    Nodes move by ``displacement`` made tangential by ``boundary``, shortened where needed.
    """
    wished = displacement if boundary is None else boundary.tangential(displacement)
    least = floor * mesh.determinants
    edges = edge_matrices(mesh.points, mesh.cells)
    share = np.ones(mesh.n)
    for turn in range(ROUNDS + mesh.n):
        moved = share[:, None] * wished
        points = mesh.points + moved
        if boundary is not None and boundary.curved:
            points = np.where(share[:, None] > 0, boundary.placed(points), mesh.points)
        root = first_root(path_polynomials(edges, edge_matrices(moved, mesh.cells), floor))
        wrong = determinants(points, mesh.cells) < least
        bad = np.flatnonzero((root <= 1) | wrong)
        if bad.size == 0:
            return points, float((share < 1).mean())
        factor = np.zeros(len(bad)) if turn >= ROUNDS else np.minimum(SAFETY * root[bad], np.where(wrong[bad], 0.5, 1))
        cut = np.ones(mesh.n)
        np.minimum.at(cut, mesh.cells[bad], factor[:, None])
        share *= cut
    raise AssertionError("a mesh of which no node moves is sound")


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
