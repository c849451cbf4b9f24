"""Placed webs made one: near nodes welded, neighbours bridged, every part connected."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.bridging import Bridges
from assembly.checks import number, web_list, whole
from structgen.web import FloatArray, IntArray, WebGraph

#: Default weld tolerance as a share of the median edge length.
WELD_SHARE = 0.3


@dataclass(frozen=True)
class Joined:
    """A web joined from several.

    Arguments:
        web: the joined web, one component; its new struts have kind 8, "bridge".
        welded: number of nodes that went into a node of another web.
        bridges: number of new struts.
        longest_bridge: length of the longest new strut in mm, 0 without any.
    """

    web: WebGraph
    welded: int
    bridges: int
    longest_bridge: float


def join(webs: Sequence[WebGraph], tolerance: float | None = None, bridges: int = 4) -> Joined:
    """One connected web of ``webs``, which stay where they are.

    Nodes of different webs nearer than ``tolerance`` mm become one at their mean (default: 0.3 of the median
    edge length; at most that length); two nodes of one web never do. Then webs that are neighbours in space get up
    to ``bridges`` new struts, the shortest that end at different nodes and run clear of other struts. Parts that
    are still loose are tied by the shortest strut. A bridge has the median radius of the struts at its ends.
    """
    webs = web_list(webs)
    bridges = whole("bridges", bridges, 0)
    typical = float(np.median(np.concatenate([web.lengths for web in webs])))
    if tolerance is None:
        tolerance = WELD_SHARE * typical
    allowed = f"in 0..{typical:.4g} mm, the median edge length"
    tolerance = number("tolerance", tolerance, allowed, lambda value: 0 <= value <= typical)
    welded, members = _weld(webs, tolerance)
    struts = Bridges(welded)
    if bridges:
        for a, b in _neighbours([welded.pos[nodes] for nodes in members], reach=typical):
            struts.tie(members[a], members[b], bridges)
    parts = _parts(struts.web())
    for a, b in _spanning([welded.pos[nodes] for nodes in parts]):
        struts.tie(parts[a], parts[b], 1, must=True)
    web = struts.web()
    added = web.lengths[welded.m :]
    return Joined(web, sum(part.n for part in webs) - welded.n, len(added), float(added.max(initial=0.0)))


def _weld(webs: Sequence[WebGraph], tolerance: float) -> tuple[WebGraph, list[IntArray]]:
    """The webs side by side with near nodes of different webs made one, and the nodes of each web in it."""
    pos = np.concatenate([web.pos for web in webs])
    starts = np.cumsum([0, *(web.n for web in webs)])
    owner = np.repeat(np.arange(len(webs)), np.diff(starts))
    label = _clusters(pos, owner, tolerance)
    first = np.unique(label, return_index=True)[1]
    mean = np.zeros((len(first), 3))
    np.add.at(mean, label, pos)
    mean /= np.bincount(label)[:, None]
    edges = label[np.concatenate([web.edge_index + s for web, s in zip(webs, starts, strict=False)], axis=1)]
    shrunk = np.linalg.norm(mean[edges[0]] - mean[edges[1]], axis=1) <= 1e-6 * tolerance
    moved_back = np.unique(edges[:, shrunk])
    mean[moved_back] = pos[first[moved_back]]
    radius = np.concatenate([web.radius for web in webs])
    kind = np.concatenate([web.kind for web in webs])
    order = np.argsort(-radius, kind="stable")
    web = WebGraph.from_edges(mean, edges.T[order], radius[order], kind[order])
    return web, [np.unique(label[s:e]) for s, e in pairwise(starts)]


def _clusters(pos: FloatArray, owner: IntArray, tolerance: float) -> npt.NDArray[np.intp]:
    """``(n,)`` cluster of each node: nearest pairs first, no cluster with two nodes of one owner."""
    pairs = cKDTree(pos).query_pairs(tolerance, output_type="ndarray")
    pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
    gaps = np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0], gaps))]
    cluster = np.arange(len(pos))
    nodes = {i: [i] for i in np.unique(pairs).tolist()}
    owners = {i: {int(owner[i])} for i in nodes}
    for i, j in pairs.tolist():
        a, b = sorted((int(cluster[i]), int(cluster[j])))
        if a != b and owners[a].isdisjoint(owners[b]):
            cluster[nodes[b]] = a
            nodes[a] += nodes.pop(b)
            owners[a] |= owners.pop(b)
    return np.unique(cluster, return_inverse=True)[1]


def _neighbours(clouds: Sequence[FloatArray], reach: float) -> list[tuple[int, int]]:
    """Pairs of point clouds that come within ``reach`` mm, and those that a shortest spanning tree needs."""
    cloud = np.repeat(np.arange(len(clouds)), [len(points) for points in clouds])
    near = cKDTree(np.concatenate(clouds)).query_pairs(reach, output_type="ndarray")
    pairs = np.sort(cloud[near], axis=1)
    close = {(int(a), int(b)) for a, b in np.unique(pairs, axis=0) if a != b}
    return sorted(close | set(_spanning(clouds)))


def _spanning(clouds: Sequence[FloatArray]) -> list[tuple[int, int]]:
    """Pairs (a < b) of a shortest spanning tree between point clouds, in order of distance.

    Kruskal's method on a heap of bounds: a distance is measured only when the distance of the boxes is the least.
    """
    low = np.array([points.min(axis=0) for points in clouds])
    high = np.array([points.max(axis=0) for points in clouds])
    first, second = np.triu_indices(len(clouds), 1)
    between = np.maximum(np.maximum(low[first] - high[second], low[second] - high[first]), 0)
    bounds = np.linalg.norm(between, axis=1)
    heap = list(zip(bounds.tolist(), [False] * len(bounds), first.tolist(), second.tolist(), strict=True))
    heapq.heapify(heap)
    trees: dict[int, cKDTree] = {}
    group = np.arange(len(clouds))
    found: list[tuple[int, int]] = []
    while len(found) < len(clouds) - 1:
        distance, exact, a, b = heapq.heappop(heap)
        if group[a] == group[b]:
            continue
        if exact:
            found.append((a, b))
            group[group == group[b]] = group[a]
        else:
            tree = trees.setdefault(a, cKDTree(clouds[a]))
            heapq.heappush(heap, (max(distance, float(tree.query(clouds[b])[0].min())), True, a, b))
    return found


def _parts(web: WebGraph) -> list[IntArray]:
    label = web.components()
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label))[:-1])
