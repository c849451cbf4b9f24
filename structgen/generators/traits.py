"""Numbers of a web by which a drawn one may be told from a real one: the same for every numbering, turn and size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled
from structgen.generators.quantiles import quantiles
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
#: Where those of the angles begin, and those of silk.
_ANGLES, _SILK = 8 + 11 + 5 + 6, 8 + 11 + 5 + 6 + 18 + 5
#: Shares of the threads that are of each silk; and quantiles of how thick they are.
SHARES, THICKNESS = slice(_SILK, _SILK + SILKS), slice(_SILK + 2 * SILKS, _SILK + 2 * SILKS + 5)
#: Which of them only a web with silk kinds tells: angles of threads of one silk and of two, shares, also of length.
OF_SILK = np.isin(np.arange(TRAITS), [*range(_ANGLES + 5, _ANGLES + 16), *range(_SILK, _SILK + 2 * SILKS)])
#: What stands for the angles of a web without any of their sort.
NONE = -1.0


def traits(pos: FloatArray, edges: IntArray, kind: IntArray, log_radius: FloatArray) -> FloatArray:
    """``(TRAITS,)`` of a web: nodes ``pos (n, 3)``; ``edges (m, 2)``, their silk and the logarithm of their radius.

    All zeros without edges.
    """
    if not len(edges):
        return np.zeros(TRAITS)
    n, m, silk = len(pos), len(edges), np.minimum(kind, SILKS - 1)
    length = np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1)
    mean = max(float(length.mean()), TINY)
    degree, of_graph = _graph(n, np.array(edges, np.int64, order="C"))
    return np.concatenate(
        [
            np.bincount(np.minimum(degree, DEGREES + 1), minlength=DEGREES + 2)[1:] / n,
            of_graph,
            _quantiles(length / mean),
            [np.log(np.maximum(length / mean, 1e-3)).std()],
            _angles(pos, edges, silk),
            _shape(pos, mean),
            np.bincount(silk, minlength=SILKS) / m,
            np.bincount(silk, weights=length, minlength=SILKS) / (m * mean),
            _quantiles(log_radius - np.median(log_radius)),
            [math.log(n), m / n],
        ]
    )


@compiled
def _graph(n: int, edges: IntArray) -> tuple[IntArray, FloatArray]:
    """Degrees ``(n,)`` and 16 numbers: mean and largest clustering; log (1 + mean count) at a node of small subgraphs,
    induced or not; chances to be back after 2 to 6 steps of a random walk, which are the moments of the spectrum.
    """
    degree = np.zeros(n, np.int64)
    for e in range(len(edges)):
        degree[edges[e, 0]] += 1
        degree[edges[e, 1]] += 1
    its = np.empty((n, degree.max()), np.int64)
    degree[:] = 0
    for e in range(len(edges)):
        i, j = edges[e, 0], edges[e, 1]
        its[i, degree[i]], its[j, degree[j]] = j, i
        degree[i] += 1
        degree[j] += 1
    # Ways of two steps, and of a walk the chance of them, made symmetric.
    ways, two, three = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for j in range(n):
        for p in range(degree[j]):
            for q in range(degree[j]):
                i, k = its[j, p], its[j, q]
                ways[i, k] += 1
                two[i, k] += 1 / (degree[j] * math.sqrt(degree[i] * degree[k]))
    for j in range(n):
        for p in range(degree[j]):
            k = its[j, p]
            step = 1 / math.sqrt(degree[j] * degree[k])
            for i in range(n):
                three[i, k] += two[i, j] * step
    triangles, beyond = np.zeros(n), np.zeros(n)
    for i in range(n):
        for p in range(degree[i]):
            triangles[i] += ways[i, its[i, p]] / 2
            beyond[i] += degree[its[i, p]] - 1
    found, counts = np.zeros(16), np.zeros(9)
    for i in range(n):
        d, t = degree[i], triangles[i]
        share = t / max(d * (d - 1) / 2, 1)
        found[0] += share / n
        found[1] = max(found[1], share)
        counts[0] += t
        counts[1] += d * (d - 1) * (d - 2) / 6
        counts[2] += beyond[i]
        counts[5] += t * (d - 2)
        counts[8] += (d - 1) * beyond[i]
        for p in range(d):
            j = its[i, p]
            counts[3] += beyond[j]
            counts[6] += triangles[j]
            counts[7] += ways[i, j] * (ways[i, j] - 1) / 2
        for k in range(n):
            if k != i:
                counts[4] += ways[i, k] * (ways[i, k] - 1) / 2
            found[13] += two[i, k] ** 2 / n
            found[14] += two[i, k] * three[i, k] / n
            found[15] += three[i, k] ** 2 / n
        found[11] += two[i, i] / n
        found[12] += three[i, i] / n
    for k in range(9):
        found[2 + k] = math.log1p(max(counts[k] / n, 0.0))
    return degree, found


def _angles(pos: FloatArray, edges: IntArray, silk: IntArray) -> FloatArray:
    """Quantiles of the angles at nodes of three threads and more, over 180 degrees: of all, of those between threads of
    one silk, and of two; then share of those of one silk, mean square cosine, and quartile of the least at each node.
    """
    cosine, like, most = _corners(np.array(pos, float, order="C"), np.array(edges, np.int64, order="C"), silk)
    if not len(cosine):
        return np.full(18, NONE)
    angle, least = np.arccos(cosine) / np.pi, np.arccos(most) / np.pi
    return np.concatenate(
        [
            _quantiles(angle), _quantiles(angle[like]), _quantiles(angle[~like]),
            [like.mean(), np.square(cosine).mean(), _quantiles(least)[1]],
        ]
    )  # fmt: skip


@compiled
def _corners(pos: FloatArray, edges: IntArray, silk: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    """Cosine of each pair of threads at nodes of three and more, and whether they are of one silk; the largest cosine
    of each node.
    """
    degree = np.zeros(len(pos), np.int64)
    for e in range(len(edges)):
        degree[edges[e, 0]] += 1
        degree[edges[e, 1]] += 1
    room = 0
    for i in range(len(pos)):
        room += degree[i] * (degree[i] - 1) // 2
    cosine, like, most = np.empty(room), np.empty(room, np.bool_), np.full(len(pos), -1.0)
    count = 0
    for e in range(len(edges)):
        for f in range(e):
            for end in range(2):
                i = edges[e, end]
                if degree[i] >= 3 and (i == edges[f, 0] or i == edges[f, 1]):
                    j, k = edges[e, 0] + edges[e, 1] - i, edges[f, 0] + edges[f, 1] - i
                    lengths = math.sqrt(product(pos, i, j, j) * product(pos, i, k, k))
                    cosine[count] = min(max(product(pos, i, j, k) / max(lengths, TINY), -1.0), 1.0)
                    like[count] = silk[e] == silk[f]
                    most[i] = max(most[i], cosine[count])
                    count += 1
    return cosine[:count].copy(), like[:count].copy(), most[degree >= 3]


def _shape(pos: FloatArray, mean: float) -> FloatArray:
    """Two ratios of inertia, the size over the mean length, and quantiles of the distance to the nearest node."""
    away = pos - pos.mean(0)
    values = np.linalg.eigvalsh(away.T @ away / len(pos)).clip(0)
    largest = max(float(values[2]), TINY)
    near = _quantiles(_nearest(np.array(pos, float, order="C")) / mean) if len(pos) > 1 else np.zeros(5)
    return np.array([*np.sqrt(values[:2] / largest), np.log(np.sqrt(largest) / mean + 1e-3), near[0], near[2]])


@compiled
def _nearest(pos: FloatArray) -> FloatArray:
    """``(n,)`` distance from each node to the nearest other."""
    least = np.full(len(pos), np.inf)
    for i in range(len(pos)):
        for j in range(i):
            square = product(pos, i, j, j)
            least[i], least[j] = min(least[i], square), min(least[j], square)
    nearest: FloatArray = np.sqrt(least)
    return nearest


def _quantiles(values: FloatArray) -> FloatArray:
    """``(5,)`` at `LEVELS`."""
    found: FloatArray = quantiles(values, LEVELS, NONE)
    return found
