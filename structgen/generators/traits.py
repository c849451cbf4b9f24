"""Numbers of a web by which a drawn one may be told from a real one: the same for every numbering, turn and size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.web import KINDS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Silks that are told apart.
SILKS = len(KINDS)
#: Degrees counted one by one; the last bin holds all higher ones.
DEGREES = 7
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
#: Degree (8), clustering and subgraphs (11), walks (5), lengths (6), angles (18), shape (5), silk and radius, size (2).
TRAITS = 8 + 11 + 5 + 6 + 18 + 5 + 2 * SILKS + 5 + 2
#: What stands for the angles of a web without any of their sort.
NONE = -1.0


def traits(pos: FloatArray, edges: IntArray, kind: IntArray, log_radius: FloatArray) -> FloatArray:
    """``(TRAITS,)`` of a web: nodes ``pos (n, 3)``; ``edges (m, 2)``, their silk and the logarithm of their radius.

    All zeros without edges.
    """
    if not len(edges):
        return np.zeros(TRAITS)
    n, m = len(pos), len(edges)
    A = np.zeros((n, n))
    A[edges[:, 0], edges[:, 1]] = A[edges[:, 1], edges[:, 0]] = 1.0
    d = A.sum(1)
    length = np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1)
    mean = max(float(length.mean()), np.finfo(float).tiny)
    silk = np.minimum(kind, SILKS - 1)
    shares = np.bincount(silk, minlength=SILKS) / m
    of_silk = np.bincount(silk, weights=length, minlength=SILKS) / (m * mean)
    return np.concatenate(
        [
            np.bincount(np.minimum(d, DEGREES + 1).astype(int), minlength=DEGREES + 2)[1:] / n,
            _subgraphs(A, d),
            _walks(A, d),
            _quantiles(length / mean),
            [np.log(np.maximum(length / mean, 1e-3)).std()],
            _angles(pos, edges, silk),
            _shape(pos, mean),
            shares,
            of_silk,
            _quantiles(log_radius - np.median(log_radius)),
            [np.log(n), m / n],
        ]
    )


def _subgraphs(A: FloatArray, d: FloatArray) -> FloatArray:
    """Mean and largest clustering, then log (1 + mean count) at a node of small subgraphs, induced or not."""
    squared = A @ A
    on_edge = A * squared
    t = on_edge.sum(1) / 2
    share = t / np.maximum(d * (d - 1) / 2, 1)
    off = squared - np.diag(np.diag(squared))
    ways = A @ (d - 1)
    counts = [
        t, d * (d - 1) * (d - 2) / 6, ways, A @ ways, (off * (off - 1) / 2).sum(1),
        t * (d - 2), A @ t, (on_edge * (on_edge - A) / 2).sum(1), (d - 1) * ways,
    ]  # fmt: skip
    return np.concatenate([[share.mean(), share.max()], np.log1p(np.maximum(np.mean(counts, axis=1), 0))])


def _walks(A: FloatArray, d: FloatArray) -> FloatArray:
    """Chances to be back after 2 to 6 steps of a random walk: the moments of the spectrum."""
    scale = 1 / np.sqrt(np.maximum(d, 1))
    N = scale[:, None] * A * scale
    N2 = N @ N
    N3 = N2 @ N
    return np.array([np.trace(N2), np.trace(N3), (N2 * N2).sum(), (N2 * N3).sum(), (N3 * N3).sum()]) / len(A)


def _angles(pos: FloatArray, edges: IntArray, silk: IntArray) -> FloatArray:
    """Quantiles of the angles at nodes of three threads and more, over 180 degrees: of all, of those between threads of
    one silk, and of two; then share of those of one silk, mean square cosine, and quartile of the least at each node.
    """
    tail, head = np.concatenate([edges, edges[:, ::-1]]).T
    its = np.tile(silk, 2)
    unit = pos[head] - pos[tail]
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), np.finfo(float).tiny)
    at = np.where(np.bincount(tail, minlength=len(pos))[tail] >= 3, tail, -1 - np.arange(len(tail)))
    first, second = np.nonzero(np.triu(at[:, None] == at, 1))
    if not len(first):
        return np.full(18, NONE)
    cosine = np.clip((unit[first] * unit[second]).sum(1), -1, 1)
    angle = np.arccos(cosine) / np.pi
    like = its[first] == its[second]
    least = np.full(len(pos), np.inf)
    np.minimum.at(least, tail[first], angle)
    return np.concatenate(
        [
            _quantiles(angle), _quantiles(angle[like]), _quantiles(angle[~like]),
            [like.mean(), np.square(cosine).mean(), _quantiles(least[np.isfinite(least)])[1]],
        ]
    )  # fmt: skip


def _shape(pos: FloatArray, mean: float) -> FloatArray:
    """Two ratios of inertia, the size over the mean length, and quantiles of the distance to the nearest node."""
    values = np.linalg.eigvalsh(np.cov(pos.T, bias=True)).clip(0)
    largest = max(float(values[2]), np.finfo(float).tiny)
    apart = np.sqrt(np.square(pos[:, None] - pos).sum(-1))
    np.fill_diagonal(apart, np.inf)
    nearest = _quantiles(apart.min(1) / mean) if len(pos) > 1 else np.zeros(5)
    return np.array([*np.sqrt(values[:2] / largest), np.log(np.sqrt(largest) / mean + 1e-3), nearest[0], nearest[2]])


def _quantiles(values: FloatArray) -> FloatArray:
    """``(5,)`` at `LEVELS`, between the values as `np.quantile` has them, which takes far longer."""
    if not len(values):
        return np.full(len(LEVELS), NONE)
    ordered, place = np.sort(values), LEVELS * (len(values) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    found: FloatArray = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return found
