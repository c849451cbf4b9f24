"""How alike two sets of webs are: what is measured on a web, and the distances between sets of measurements.

Graph measures take ``edge_index (2, m)``, each undirected edge once, and the node count ``n``. The maximum mean
discrepancy (MMD) is that of the graph-generation papers: J. You et al., GraphRNN (ICML 2018); R. Liao et al., GRAN
(NeurIPS 2019); K. Martinkus et al., SPECTRE (ICML 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigvalsh
from scipy.sparse import coo_array, csr_array
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from structgen.seeds import generator
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Item = TypeVar("Item")

#: Orbits of a node in the connected graphs of 2 to 4 nodes, numbered by N. Przulj, Bioinformatics 23 (2007) e177.
ORBITS = 15
#: Kernel width of each published MMD.
SIGMA: Mapping[str, float] = {"degree": 1.0, "clustering": 0.1, "orbit": 30.0, "spectrum": 1.0}
CLUSTERING_BINS, SPECTRUM_BINS, SPECTRUM_RANGE = 100, 200, (-1e-5, 2.0)
#: Part of the largest extent below which the smallest counts as none.
FLAT = 1e-6


# -- measures of one web -----------------------------------------------------------------------------


def relative_lengths(web: WebGraph) -> FloatArray:
    """``(m,)`` edge lengths over their mean."""
    relative: FloatArray = web.lengths / web.lengths.mean()
    return relative


def junction_angles(web: WebGraph, planar: bool | None = None) -> FloatArray:
    """Angles at the junctions (nodes of degree >= 3) in degrees, node by node.

    ``planar``: in a flat web the gaps between neighbouring threads around a junction, which add up to 360, seen
    along z; otherwise the angles between every two threads of a junction. By default flat is what spans no z.
    """
    return np.concatenate([np.empty(0), *node_angles(web, planar)])


def node_angles(web: WebGraph, planar: bool | None = None) -> list[FloatArray]:
    """The angles of `junction_angles` at each of the n nodes; empty where fewer than three threads meet."""
    flat = bool(web.extents[2] <= FLAT * web.extents.max()) if planar is None else planar
    tail, head = np.concatenate([web.edge_index, web.edge_index[::-1]], axis=1)
    away = web.pos[head] - web.pos[tail]
    around = np.arctan2(away[:, 1], away[:, 0])
    order = np.lexsort((around, tail))
    if flat:
        degree = web.degree
        first = np.repeat(np.cumsum(degree) - degree, degree)
        step = np.arange(len(order)) - first + 1
        following = first + step % degree[tail[order]]
        gap = np.degrees(around[order][following] - around[order])
        gap = np.where(step == degree[tail[order]], gap + 360, gap)
        parts = np.split(gap, np.cumsum(degree)[:-1])
        return [part if len(part) >= 3 else np.empty(0) for part in parts]
    unit = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), np.finfo(float).tiny)
    return [_angles_between(threads) for threads in np.split(unit[order], np.cumsum(web.degree)[:-1])]


def _angles_between(unit: FloatArray) -> FloatArray:
    if len(unit) < 3:
        return np.empty(0)
    cosine = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    angles: FloatArray = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angles


def degrees(edge_index: IntArray, n: int) -> IntArray:
    """``(n,)`` number of edges at each node."""
    return np.bincount(np.asarray(edge_index).ravel(), minlength=n)


def degree_histogram(edge_index: IntArray, n: int) -> IntArray:
    """Number of nodes of degree 0, 1, 2 and so on."""
    return np.bincount(degrees(edge_index, n))


def clustering(edge_index: IntArray, n: int) -> FloatArray:
    """``(n,)`` share of the pairs of a node's neighbours that are neighbours; 0 below two neighbours."""
    A = _adjacency(edge_index, n)
    triangles, degree = (A * (A @ A)).sum(axis=1) / 2, A.sum(axis=1)
    pairs = degree * (degree - 1) / 2
    share: FloatArray = triangles / np.maximum(pairs, 1)
    return share


def orbit_counts(edge_index: IntArray, n: int) -> IntArray:
    """``(n, 15)`` how often each node takes each orbit of the induced connected subgraphs of 2 to 4 nodes.

    Subgraphs are counted with sparse products whether or not they are induced; those that are follow from the counts
    of each in the denser ones.
    """
    A = _adjacency(edge_index, n)
    d = A.sum(axis=1)
    squared = csr_array(A @ A)
    T = csr_array(A * squared)  # triangles on each edge
    t = T.sum(axis=1) / 2
    x, y, z = _triangles(A)
    full, thick, tails = np.zeros(n), np.zeros(n), np.zeros(n)
    if len(x):  # scipy answers an empty look-up with a sparse array
        cliques = (A[x] * A[y] * A[z]).sum(axis=1) / 3  # each is met once for each of its triangles at a node
        for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
            np.add.at(full, a, cliques)
            np.add.at(thick, a, T[b, c] - 1)
            np.add.at(tails, a, d[b] + d[c] - 4)
    away = squared.tocoo()
    off = away.row != away.col
    cycles = np.bincount(away.row[off], weights=_choose2(away.data[off]), minlength=n)
    edges = T.copy()
    edges.data = _choose2(edges.data)
    ways = A @ (d - 1)
    # Orbit counts of the subgraphs, induced or not, by orbit.
    any14, any13, any12 = full, edges.sum(axis=1), thick
    any11, any10, any9 = t * (d - 2), tails, A @ t - T.sum(axis=1)
    any8, any7, any6 = cycles, d * (d - 1) * (d - 2) / 6, A @ _choose2(d - 1)
    any5 = (d - 1) * ways - T.sum(axis=1)
    any4 = A @ ways - d * (d - 1) - 2 * t
    o14 = any14
    o13, o12 = any13 - 3 * o14, any12 - 3 * o14
    o11, o9 = any11 - 2 * o13 - 3 * o14, any9 - 2 * o12 - 3 * o14
    o10 = any10 - 2 * o13 - 2 * o12 - 6 * o14
    o8 = any8 - o12 - o13 - 3 * o14
    o7, o6 = any7 - o11 - o13 - o14, any6 - o9 - o10 - 2 * o12 - o13 - 3 * o14
    o5 = any5 - 2 * o8 - 2 * o11 - o10 - 2 * o12 - 4 * o13 - 6 * o14
    o4 = any4 - 2 * o8 - 2 * o9 - o10 - 4 * o12 - 2 * o13 - 6 * o14
    counts = [d, ways - 2 * t, _choose2(d) - t, t, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14]
    whole: IntArray = np.rint(np.column_stack(counts)).astype(np.int64)
    return whole


def laplacian_spectrum(edge_index: IntArray, n: int) -> FloatArray:
    """``(n,)`` eigenvalues of the normalised Laplacian, which lie in [0, 2], ascending; dense, so n <= 3000 or so.

    Rounded as in the published code (scipy on networkx' matrix): the eigenvalue 2 of a tree may come out just above
    the range of the published histogram and then does not count, which moves an MMD of trees in the fourth digit.
    """
    A = _adjacency(edge_index, n).toarray()
    d = A.sum(axis=1)
    scale = np.where(d > 0, 1 / np.sqrt(np.maximum(d, 1)), 0)
    eigenvalues: FloatArray = eigvalsh(scale[:, None] * ((np.diag(d) - A) * scale))
    return eigenvalues


def _adjacency(edge_index: IntArray, n: int) -> csr_array:
    i, j = np.asarray(edge_index).reshape(2, -1)
    ends = np.concatenate([i, j]), np.concatenate([j, i])
    return csr_array(coo_array((np.ones(2 * len(i)), ends), shape=(n, n)))


def _triangles(A: csr_array) -> tuple[IntArray, IntArray, IntArray]:
    """The corners of each triangle once."""
    entries = A.tocoo()
    keep = entries.row < entries.col
    edges = coo_array((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=A.shape)
    upper = csr_array(edges)
    i, j = edges.row.astype(np.int64), edges.col.astype(np.int64)
    if len(i) == 0:
        return i, i, i
    common = csr_array(upper[i] * upper[j]).tocoo()
    return i[common.row], j[common.row], common.col.astype(np.int64)


def _choose2(count: Any) -> Any:
    return count * (count - 1) / 2


# -- distances -----------------------------------------------------------------------------------------


def wasserstein(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """First Wasserstein distance between two samples of numbers, or its mean over columns for ``(k, c)`` samples."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    if x.ndim not in (1, 2) or x.shape[1:] != y.shape[1:] or not len(x) or not len(y):
        raise ValueError(f"a has shape {x.shape}, b {y.shape}, must be two samples alike but in their number of rows")
    columns = zip(np.atleast_2d(x.T), np.atleast_2d(y.T), strict=True)
    return float(np.mean([wasserstein_distance(p, q) for p, q in columns]))


def mmd(x: Sequence[npt.ArrayLike], y: Sequence[npt.ArrayLike], sigma: float) -> float:
    """Squared maximum mean discrepancy of two sets of vectors, as published: biased, kernel exp(-d^2 / 2 sigma^2).

    d is the total variation, half of the sum of differences; shorter vectors are padded with zeros.
    """
    if not len(x) or not len(y):
        raise ValueError(f"x holds {len(x)} graphs, y {len(y)}, must be at least 1 each")
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma}, must be > 0")
    rows = [np.asarray(row, float) for row in (*x, *y)]
    table = np.zeros((len(rows), max(len(row) for row in rows)))
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    kernel = np.exp(-np.square(cdist(table, table, "cityblock") / 2) / (2 * sigma**2))
    k = len(x)
    return float(kernel[:k, :k].mean() + kernel[k:, k:].mean() - 2 * kernel[:k, k:].mean())


def descriptors(graphs: Sequence[tuple[IntArray, int]]) -> dict[str, list[FloatArray]]:
    """For each measure of `SIGMA` one vector a graph ``(edge_index, n)``, as the published MMD compares them.

    Histograms add up to 1: degrees; clustering in 100 bins on (0, 1); eigenvalues in 200 bins on (-1e-5, 2). Orbit
    counts are means over the nodes.
    """
    found: dict[str, list[FloatArray]] = {name: [] for name in SIGMA}
    for edge_index, n in graphs:
        share = np.histogram(clustering(edge_index, n), bins=CLUSTERING_BINS, range=(0, 1))[0]
        eigenvalues = np.histogram(laplacian_spectrum(edge_index, n), bins=SPECTRUM_BINS, range=SPECTRUM_RANGE)[0]
        found["degree"].append(degree_histogram(edge_index, n) / n)
        found["clustering"].append(share / n)
        found["orbit"].append(orbit_counts(edge_index, n).mean(axis=0))
        found["spectrum"].append(eigenvalues / eigenvalues.sum())
    return found


def graph_mmd(a: Sequence[tuple[IntArray, int]], b: Sequence[tuple[IntArray, int]]) -> dict[str, float]:
    """The four published MMDs between two sets of graphs ``(edge_index, n)``: degree, clustering, orbit, spectrum."""
    x, y = descriptors(a), descriptors(b)
    return {name: mmd(x[name], y[name], sigma) for name, sigma in SIGMA.items()}


@dataclass(frozen=True)
class Interval:
    """A distance and the interval that bootstrap gives it."""

    value: float
    low: float
    high: float


def bootstrap(
    distance: Callable[[Sequence[Item], Sequence[Item]], float],
    a: Sequence[Item],
    b: Sequence[Item],
    seed: int,
    draws: int = 200,
    level: float = 0.95,
) -> Interval:
    """``distance(a, b)`` with a percentile bootstrap interval; items of both sets are drawn anew with replacement.

    Items are what is independent: webs, or neighbourhoods, or sectors of a web. Distances between redrawn sets
    are biased upwards, as each set holds repeats; the interval is moved down by their mean excess, to no less than 0.
    """
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"draws is {draws}, level {level}, must be at least 1 and between 0 and 1")
    rng = generator(seed)
    value = distance(a, b)
    redrawn = np.empty(draws)
    for k in range(draws):
        p, q = (rng.integers(len(items), size=len(items)) for items in (a, b))
        redrawn[k] = distance([a[i] for i in p], [b[i] for i in q])
    excess = redrawn.mean() - value
    low, high = np.quantile(redrawn, [(1 - level) / 2, (1 + level) / 2]) - excess
    return Interval(value, max(0.0, float(low)), max(0.0, float(high)))
