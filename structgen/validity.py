"""What makes a web valid, checked on the web alone: the yardstick of every generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from scipy.spatial import cKDTree

from structgen.geometry import segment_distance
from structgen.web import FloatArray, WebGraph

#: Pieces of struts looked at in one go: bounds memory.
BLOCK = 8192


@dataclass(frozen=True)
class Validity:
    """Counts of what is wrong with a web; it is valid if it is connected and all counts are 0.

    components: connected parts. over_degree: nodes past the degree limit. zero_length: edges of no length.
    close_nodes: pairs of nodes nearer than the minimum distance. crossings: pairs of struts without a shared node
    nearer than the sum of their radii. (Duplicates and self-loops a WebGraph cannot hold.)
    """

    components: int
    over_degree: int
    zero_length: int
    close_nodes: int
    crossings: int

    @property
    def ok(self) -> bool:
        """Whether the web is valid."""
        return self == Validity(1, 0, 0, 0, 0)

    def as_dict(self) -> dict[str, int]:
        """Counts by name."""
        return asdict(self)


def validity(web: WebGraph, max_degree: int, min_distance: float | None = None) -> Validity:
    """Check ``web``. ``min_distance`` (mm): by default the diameter of its thinnest strut."""
    least = 2 * float(web.radius.min()) if min_distance is None else min_distance
    return Validity(
        components=int(web.components().max()) + 1,
        over_degree=int((web.degree > max_degree).sum()),
        zero_length=int((web.lengths == 0).sum()),
        close_nodes=len(cKDTree(web.pos).query_pairs(least * (1 - 1e-9), output_type="ndarray")),
        crossings=len(crossing_pairs(web)),
    )


def crossing_pairs(web: WebGraph, first: int = 0) -> np.ndarray:
    """``(k, 2)`` pairs of edge numbers whose struts, without a shared node, are nearer than the sum of their radii.

    Rows are sorted, each with the smaller number first. Of pairs of two edges before number ``first``, which are known
    to run clear of each other, none is looked at.
    """
    a, b = web.pos[web.edge_index]
    found = [np.empty((0, 2), np.int64)]
    for pairs in _near_pairs(a, b, web.radius, first):
        e, f = pairs.T
        (i, j), (k, o) = web.edge_index[:, e], web.edge_index[:, f]
        pairs = pairs[(i != k) & (i != o) & (j != k) & (j != o)]
        e, f = pairs.T
        near = segment_distance(a[e], b[e], a[f], b[f]) < web.radius[e] + web.radius[f]
        found.append(pairs[near])
    return np.unique(np.concatenate(found), axis=0)


def _near_pairs(a: FloatArray, b: FloatArray, radius: FloatArray, first: int) -> Iterator[np.ndarray]:
    """Blocks ``(k, 2)`` of pairs e < f, f >= ``first``, of segments a b that may be nearer than the sum of their radii.

    Segments are cut into pieces of about half the median length, so that a few long ones do not make the search wide.
    """
    m = len(a)
    length = np.linalg.norm(b - a, axis=1)
    piece = max(float(np.median(length)) / 2, float(length.sum()) / (4 * m), 2 * float(np.median(radius)))
    count = np.maximum(np.ceil(length / piece), 1).astype(np.int64)
    segment = np.repeat(np.arange(m), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    share = (step + 0.5) / count[segment]
    middle = a[segment] + share[:, None] * (b - a)[segment]
    half = (length / count / 2 + radius)[segment]
    # Each looks for those of no larger class of size: none is missed, and thick ones alone search widely. Within a
    # class they keep their order, where neighbours in number are mostly neighbours in space.
    order = np.argsort(np.ceil(4 * np.log2(half)), kind="stable")
    middle, half, segment = middle[order], half[order], segment[order]
    most = np.maximum.accumulate(half)
    new = segment >= first
    sides = [(np.flatnonzero(new), np.arange(len(segment))), (np.flatnonzero(~new), np.flatnonzero(new))]
    for seekers, sought in sides:
        if not len(seekers) or not len(sought):
            continue
        others = cKDTree(middle[sought])
        for start in range(0, len(seekers), BLOCK):
            rows = seekers[start : start + BLOCK]
            reach = 2 * most[rows[-1]] * (1 + 1e-9)
            near = cKDTree(middle[rows]).sparse_distance_matrix(others, reach, output_type="ndarray")
            own, other = rows[near["i"]], sought[near["j"]]
            use = (other < own) & (near["v"] <= (half[own] + half[other]) * (1 + 1e-9))
            e, f = segment[own[use]], segment[other[use]]
            code = np.unique(np.minimum(e, f) * m + np.maximum(e, f))
            pairs = np.column_stack([code // m, code % m])
            yield pairs[pairs[:, 0] != pairs[:, 1]]
