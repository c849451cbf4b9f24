"""New struts between groups of nodes, clear of the struts that are there."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from structgen.geometry import segment_distance
from structgen.web import FloatArray, IntArray, WebGraph

BRIDGE_KIND = 8
#: Candidates looked at: nearest nodes of the other group to each node, and pairs for each bridge wanted.
NEAREST = 4
PAIRS_PER_BRIDGE = 8
#: A bridge within this angle of a strut at its own end would run along it.
LARGEST_COSINE = np.cos(np.radians(12))


class Bridges:
    """A web that gains struts one by one.

    Arguments:
        web: the web to start from; it is not changed.
    """

    def __init__(self, web: WebGraph) -> None:
        self._web = web
        self._edges = web.edge_index.T
        i, j = web.edge_index
        self._middles = cKDTree((web.pos[i] + web.pos[j]) / 2)
        self._longest = float(web.lengths.max())
        self._thickest = float(web.radius.max())
        self._known = set(map(tuple, self._edges.tolist()))
        self._radii: list[list[float]] = [[] for _ in range(web.n)]
        for a, b, r in zip(i.tolist(), j.tolist(), web.radius.tolist(), strict=True):
            self._radii[a].append(r)
            self._radii[b].append(r)
        self._default = float(np.median(web.radius))
        self._new: list[tuple[int, int]] = []
        self._new_radius: list[float] = []

    def tie(self, first: IntArray, second: IntArray, count: int, must: bool = False) -> None:
        """Add up to ``count`` struts between the node groups, shortest first, no node twice, clear of other struts.

        Where none is clear the shortest is taken all the same if there ``must`` be one.
        """
        pairs = nearest_pairs(self._web.pos, first, second, PAIRS_PER_BRIDGE * count)
        pairs = np.array([p for p in pairs.tolist() if tuple(sorted(p)) not in self._known], dtype=np.int64)
        used: set[int] = set()
        for i, j in pairs.tolist():
            if len(used) < 2 * count and i not in used and j not in used and self._is_clear(i, j):
                self._add(i, j)
                used |= {i, j}
        if must and not used:
            self._add(*pairs[0].tolist())

    def web(self) -> WebGraph:
        """The web with the struts added, after those it had."""
        web = self._web
        if not self._new:
            return web
        return WebGraph(
            web.pos,
            np.concatenate([web.edge_index, np.array(self._new).T], axis=1),
            np.concatenate([web.radius, self._new_radius]),
            np.concatenate([web.kind, np.full(len(self._new), BRIDGE_KIND)]),
        )

    def _add(self, i: int, j: int) -> None:
        ends = (min(i, j), max(i, j))
        radii = self._radii[i] + self._radii[j]
        self._known.add(ends)
        self._new.append(ends)
        self._new_radius.append(float(np.median(radii)) if radii else self._default)

    def _is_clear(self, i: int, j: int) -> bool:
        pos = self._web.pos
        a, b = pos[i], pos[j]
        length = float(np.linalg.norm(b - a))
        radius = float(np.median(self._radii[i] + self._radii[j] or [self._default]))
        reach = (length + self._longest) / 2 + radius + self._thickest
        near = self._middles.query_ball_point((a + b) / 2, reach)
        edges = np.concatenate([self._edges[near], np.array(self._new, dtype=np.int64).reshape(-1, 2)])
        thickness = np.concatenate([self._web.radius[near], self._new_radius])
        touches = np.isin(edges, (i, j))
        apart = ~touches.any(axis=1)
        gap = segment_distance(a, b, pos[edges[apart, 0]], pos[edges[apart, 1]])
        if (gap < radius + thickness[apart]).any():
            return False
        shared = edges[touches.any(axis=1)]
        at_first = np.isin(shared, (i, j))[:, 0]
        here = np.where(at_first, shared[:, 0], shared[:, 1])
        there = np.where(at_first, shared[:, 1], shared[:, 0])
        along = pos[there] - pos[here]
        ours = np.where((here == i)[:, None], b - a, a - b)
        cosine = (along * ours).sum(axis=1) / np.maximum(np.linalg.norm(along, axis=1) * length, np.finfo(float).tiny)
        return bool((cosine < LARGEST_COSINE).all())


def nearest_pairs(pos: FloatArray, first: IntArray, second: IntArray, count: int) -> IntArray:
    """``(k, 2)`` node pairs between two groups, the shortest first, at most ``count``.

    Nodes in both groups are left out, and pairs at one place where there are others.
    """
    first, second = np.setdiff1d(first, second), np.setdiff1d(second, first)
    if not len(first) or not len(second):
        return np.empty((0, 2), np.int64)
    k = min(NEAREST, len(second))
    distance, which = cKDTree(pos[second]).query(pos[first], k=[*range(1, k + 1)])
    distance = distance.ravel()
    pairs = np.column_stack([np.repeat(first, k), second[which.ravel()]])
    apart = distance > 1e-6 * max(float(np.ptp(pos, axis=0).max()), np.finfo(float).tiny)
    if apart.any():
        pairs, distance = pairs[apart], distance[apart]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0], distance))][:count])
