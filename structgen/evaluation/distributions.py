"""How alike two sets of webs are: published graph distances, lengths, angles, radii, shapes and silks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from structgen.measures import SIGMA, Interval, bootstrap, descriptors, node_angles, wasserstein
from structgen.seeds import generator
from structgen.web import MAX_KIND, FloatArray, WebGraph

#: What is measured between two sets, in the order of tables: name and what it is.
DISTANCES = {
    "degree": "MMD of degrees",
    "clustering": "MMD of clustering",
    "orbit": "MMD of 4-node orbits",
    "spectrum": "MMD of Laplacian spectra",
    "length": "W1 edge length / mean",
    "angle": "W1 junction angle, deg",
    "radius": "W1 strut radius / median",
    "inertia": "W1 inertia ratios",
    "silk": "TV of silk kinds",
}
DRAWS = 200


@dataclass(frozen=True)
class Measured:
    """What is measured of each web of a set: for each name of `DISTANCES` a list with one array a web."""

    values: dict[str, list[FloatArray]]

    @classmethod
    def of(cls, webs: Sequence[WebGraph]) -> Measured:
        """The measures of ``webs``."""
        values = descriptors([(web.edge_index, web.n) for web in webs])
        values["length"] = [relative_lengths(web) for web in webs]
        values["angle"] = [angles(web) for web in webs]
        values["radius"] = [web.radius / np.median(web.radius) for web in webs]
        values["inertia"] = [inertia_ratios(web) for web in webs]
        values["silk"] = [np.bincount(web.kind, minlength=MAX_KIND + 1).astype(float) for web in webs]
        return cls(values)


def relative_lengths(web: WebGraph) -> FloatArray:
    """``(m,)`` edge lengths over their mean; ones where all are 0."""
    mean = float(web.lengths.mean())
    return web.lengths / mean if mean > 0 else np.ones(web.m)


def angles(web: WebGraph) -> FloatArray:
    """Angles in degrees between every two threads of each junction; in space even where one of two webs is flat."""
    return np.concatenate([np.empty(0), *node_angles(web, planar=False)])


def inertia_ratios(web: WebGraph) -> FloatArray:
    """``(2,)`` the two smaller eigenvalues of the scatter of the nodes over the largest, in [0, 1]."""
    values = np.linalg.eigvalsh(np.cov(web.pos.T, bias=True))
    ratios: FloatArray = np.clip(values[:2] / max(float(values[2]), np.finfo(float).tiny), 0, 1)
    return ratios


def compare(a: Measured, b: Measured, seed: int, draws: int) -> dict[str, Interval | None]:
    """Each of `DISTANCES` between two sets, with a bootstrap interval over webs.

    None where a set has nothing to compare: no web of it has a junction.
    """
    return {name: _distance(name, a.values[name], b.values[name], seed, draws) for name in DISTANCES}


def _distance(name: str, a: list[FloatArray], b: list[FloatArray], seed: int, draws: int) -> Interval | None:
    if not (sum(x.size for x in a) and sum(x.size for x in b)):
        return None
    if name in SIGMA:
        between = _mmd(a, b, SIGMA[name])
    elif name == "silk":
        between = _silk(a, b)
    else:
        between = _pooled(a, b, np.stack if name == "inertia" else np.concatenate)
    first, second = list(range(len(a))), list(range(len(b)))
    own = int(generator(seed, 4, list(DISTANCES).index(name)).integers(2**31))
    return bootstrap(between, first, second, own, draws)


def _mmd(a: list[FloatArray], b: list[FloatArray], sigma: float) -> Callable[[Sequence[int], Sequence[int]], float]:
    """`measures.mmd` of redrawn sets, with the kernel of all pairs worked out once."""
    rows = [*a, *b]
    table = np.zeros((len(rows), max(map(len, rows))))
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    kernel = np.exp(-np.square(cdist(table, table, "cityblock") / 2) / (2 * sigma**2))

    def between(p: Sequence[int], q: Sequence[int]) -> float:
        weight = np.concatenate([np.bincount(p, minlength=len(a)) / len(p), -np.bincount(q, minlength=len(b)) / len(q)])
        return float(weight @ kernel @ weight)

    return between


def _silk(a: list[FloatArray], b: list[FloatArray]) -> Callable[[Sequence[int], Sequence[int]], float]:
    """Total variation between the shares of the silk kinds among all edges."""
    counts = np.stack(a), np.stack(b)

    def between(p: Sequence[int], q: Sequence[int]) -> float:
        first, second = (some[list(use)].sum(axis=0) for some, use in zip(counts, (p, q), strict=True))
        return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)

    return between


def _pooled(
    a: list[FloatArray], b: list[FloatArray], join: Callable[[list[FloatArray]], FloatArray]
) -> Callable[[Sequence[int], Sequence[int]], float]:
    """Wasserstein distance between the values of all webs, joined to one sample."""
    return lambda p, q: wasserstein(join([a[k] for k in p]), join([b[k] for k in q]))
