"""Numbers of a web by which a drawn one may be told from a real one: the same for every numbering, turn and size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled
from structgen.generators.taut import TINY, product
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
    # Copies, as loops are compiled anew for what cannot be written to or lies differently.
    found: FloatArray = _traits(
        np.array(pos, float, order="C"), np.array(edges, np.int64, order="C"), np.minimum(kind, SILKS - 1),
        np.array(log_radius, float),
    )  # fmt: skip
    return found


@compiled
def _traits(pos: FloatArray, edges: IntArray, silk: IntArray, log_radius: FloatArray) -> FloatArray:
    n, m = len(pos), len(edges)
    A, d, length = np.zeros((n, n)), np.zeros(n), np.empty(m)
    for e in range(m):
        i, j = edges[e]
        A[i, j] = A[j, i] = 1.0
        length[e] = math.sqrt(product(pos, i, j, j))
    for i in range(n):
        d[i] = A[i].sum()
    mean = max(length.mean(), TINY)
    degrees, shares, of_silk = np.zeros(DEGREES + 1), np.zeros(SILKS), np.zeros(SILKS)
    for i in range(n):
        if d[i]:
            degrees[min(int(d[i]), DEGREES + 1) - 1] += 1 / n
    for e in range(m):
        shares[silk[e]] += 1 / m
        of_silk[silk[e]] += length[e] / (m * mean)
    return np.concatenate(
        (
            degrees, _subgraphs(A, d), _walks(A, d), _quantiles(length / mean),
            np.array([np.log(np.maximum(length / mean, 1e-3)).std()]), _angles(pos, edges, silk), _shape(pos, mean),
            shares, of_silk, _quantiles(log_radius - np.median(log_radius)), np.array([math.log(n), m / n]),
        )
    )  # fmt: skip


@compiled
def _subgraphs(A: FloatArray, d: FloatArray) -> FloatArray:
    """Mean and largest clustering, then log (1 + mean count) at a node of small subgraphs, induced or not."""
    squared = A @ A
    on_edge = A * squared
    t = on_edge.sum(1) / 2
    share = t / np.maximum(d * (d - 1) / 2, 1)
    off = squared - np.diag(np.diag(squared))
    ways = A @ (d - 1)
    counts = (
        t, d * (d - 1) * (d - 2) / 6, ways, A @ ways, (off * (off - 1) / 2).sum(1),
        t * (d - 2), A @ t, (on_edge * (on_edge - A) / 2).sum(1), (d - 1) * ways,
    )  # fmt: skip
    found = np.empty(2 + len(counts))
    found[0], found[1] = share.mean(), share.max()
    for k in range(len(counts)):
        found[2 + k] = math.log1p(max(counts[k].mean(), 0.0))
    return found


@compiled
def _walks(A: FloatArray, d: FloatArray) -> FloatArray:
    """Chances to be back after 2 to 6 steps of a random walk: the moments of the spectrum."""
    scale = 1 / np.sqrt(np.maximum(d, 1))
    N = A * scale * scale.reshape(-1, 1)
    N2 = N @ N
    N3 = N2 @ N
    moments = np.array([np.trace(N2), np.trace(N3), (N2 * N2).sum(), (N2 * N3).sum(), (N3 * N3).sum()])
    return moments / len(A)


@compiled
def _angles(pos: FloatArray, edges: IntArray, silk: IntArray) -> FloatArray:
    """Quantiles of the angles at nodes of three threads and more, over 180 degrees: of all, of those between threads of
    one silk, and of two; then share of those of one silk, mean square cosine, and quartile of the least at each node.
    """
    n, m = len(pos), len(edges)
    degree, count = np.zeros(n, np.int64), 0
    for e in range(m):
        degree[edges[e, 0]] += 1
        degree[edges[e, 1]] += 1
    for i in range(n):
        if degree[i] >= 3:
            count += degree[i] * (degree[i] - 1) // 2
    if not count:
        return np.full(18, NONE)
    angle, like, square = np.empty(count), np.zeros(count, np.bool_), 0.0
    least = np.full(n, np.inf)
    count = 0
    its, other = np.empty(m, np.int64), np.empty(m, np.int64)
    for i in range(n):
        if degree[i] >= 3:
            some = 0
            for e in range(m):
                if i in (edges[e, 0], edges[e, 1]):
                    its[some], other[some] = silk[e], edges[e, 0] + edges[e, 1] - i
                    some += 1
            for p in range(some):
                for q in range(p):
                    lengths = math.sqrt(product(pos, i, other[p], other[p]) * product(pos, i, other[q], other[q]))
                    cosine = min(max(product(pos, i, other[p], other[q]) / max(lengths, TINY), -1.0), 1.0)
                    square += cosine**2
                    angle[count], like[count] = math.acos(cosine) / math.pi, its[p] == its[q]
                    least[i] = min(least[i], angle[count])
                    count += 1
    rest = np.array([like.sum() / count, square / count, _quantiles(least[np.isfinite(least)])[1]])
    return np.concatenate((_quantiles(angle), _quantiles(angle[like]), _quantiles(angle[~like]), rest))


@compiled
def _shape(pos: FloatArray, mean: float) -> FloatArray:
    """Two ratios of inertia, the size over the mean length, and quantiles of the distance to the nearest node."""
    n = len(pos)
    away = pos - pos.sum(0) / n
    values = np.maximum(np.linalg.eigvalsh(away.T @ away / n), 0)
    largest = max(values[2], TINY)
    nearest = np.full(n, np.inf)
    for i in range(n):
        for j in range(i):
            apart = math.sqrt(product(pos, i, j, j)) / mean
            nearest[i], nearest[j] = min(nearest[i], apart), min(nearest[j], apart)
    near = _quantiles(nearest) if n > 1 else np.zeros(5)
    ratios = np.sqrt(values[:2] / largest)
    return np.array([ratios[0], ratios[1], math.log(math.sqrt(largest) / mean + 1e-3), near[0], near[2]])


@compiled
def _quantiles(values: FloatArray) -> FloatArray:
    """``(5,)`` at `LEVELS`, between the values as `np.quantile` has them."""
    found = np.full(len(LEVELS), NONE)
    ordered = np.sort(values)
    for k in range(len(LEVELS) if len(values) else 0):
        place = LEVELS[k] * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        found[k] = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return found
