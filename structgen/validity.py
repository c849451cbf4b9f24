"""What makes a web valid, checked on the web alone: the yardstick of every generator."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.spatial import cKDTree

from structgen.geometry import segment_distance
from structgen.web import WebGraph


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


def crossing_pairs(web: WebGraph) -> np.ndarray:
    """``(k, 2)`` pairs of edge numbers whose struts, without a shared node, are nearer than the sum of their radii."""
    a, b = web.pos[web.edge_index]
    middle, reach = (a + b) / 2, web.lengths / 2 + web.radius
    found = []
    for e, near in enumerate(cKDTree(middle).query_ball_point(middle, reach + reach.max())):
        others = np.array([f for f in near if f > e], dtype=np.int64)
        if len(others):
            shared = np.isin(web.edge_index[:, others], web.edge_index[:, e]).any(axis=0)
            others = others[~shared]
            distance = segment_distance(a[e], b[e], a[others], b[others])
            hit = others[distance < web.radius[e] + web.radius[others]]
            found.append(np.column_stack([np.full(len(hit), e), hit]))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)
