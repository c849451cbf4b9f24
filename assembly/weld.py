"""Placed webs side by side, near nodes of different webs made one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.draft import BoolArray, Draft
from structgen.web import FloatArray, IntArray, WebGraph


def side_by_side(webs: Sequence[WebGraph]) -> tuple[WebGraph, IntArray]:
    """``webs`` as one, node after node, and the number of the web that each node is of."""
    starts = np.cumsum([0, *(web.n for web in webs)])
    web = WebGraph(
        np.concatenate([web.pos for web in webs]),
        np.concatenate([web.edge_index + start for web, start in zip(webs, starts, strict=False)], axis=1),
        np.concatenate([web.radius for web in webs]),
        np.concatenate([web.kind for web in webs]),
    )
    return web, np.repeat(np.arange(len(webs)), np.diff(starts))


def welded(
    web: WebGraph, owner: IntArray, tolerance: float, max_degree: int, settled: IntArray | None = None
) -> tuple[Draft, int]:
    """``web`` as a draft with nodes of different owners welded, and how many nodes went into others.

    Nodes nearer than ``tolerance`` mm become one at their mean, nearest first; two nodes of one owner never do, nor of
    two that are ``settled`` ``(k, 2)``, pairs a < b, and nodes without a strut are left alone. A node may have
    ``max_degree`` struts, or as many as it had.

    Arguments:
        owner: ``(n,)`` the module that each node is of.
    """
    pos, degree = web.pos, web.degree
    label = _clusters(pos, owner, tolerance, degree > 0, settled)
    count, first = np.bincount(label), np.unique(label, return_index=True)[1]
    mean = np.zeros((len(first), 3))
    np.add.at(mean, label, pos)
    mean /= count[:, None]
    mean[count == 1] = pos[first[count == 1]]
    edges = label[web.edge_index]
    shrunk = np.linalg.norm(mean[edges[0]] - mean[edges[1]], axis=1) <= 1e-6 * tolerance
    moved_back = np.unique(edges[:, shrunk])
    mean[moved_back] = pos[first[moved_back]]
    order = np.argsort(-web.radius, kind="stable")
    most = np.full(len(first), max_degree)
    np.maximum.at(most, label, degree)
    one = WebGraph.from_edges(mean, edges.T[order], web.radius[order], web.kind[order])
    return Draft(one, np.where(count == 1, owner[first], -1), most, np.zeros(one.n, bool)), web.n - one.n


def _clusters(
    pos: FloatArray, owner: IntArray, tolerance: float, able: BoolArray, settled: IntArray | None
) -> npt.NDArray[np.intp]:
    """``(n,)`` cluster of each node: nearest pairs of those ``able`` first, no cluster with two nodes of one owner."""
    pairs = np.flatnonzero(able)[cKDTree(pos[able]).query_pairs(tolerance, output_type="ndarray")]
    pairs = pairs[~of_one_or_settled(owner[pairs], settled)]
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


def of_one_or_settled(owners: IntArray, settled: IntArray | None) -> BoolArray:
    """``(k,)`` whether a pair of ``owners`` (k, 2) is one owner twice, or one of the pairs ``settled``."""
    first, second = owners.min(axis=1), owners.max(axis=1)
    found = np.asarray(first == second)
    if settled is not None and len(settled):
        base = max(int(owners.max(initial=0)), int(settled.max())) + 1
        found |= np.isin(first * base + second, settled[:, 0] * base + settled[:, 1])
    return found


def trimmed(draft: Draft) -> tuple[Draft, int]:
    """``draft`` without the struts that welded nodes have too many of, and how many these are.

    Those that lead to nodes of many struts go first, of these the longest.
    """
    web, degree = draft.web, draft.web.degree.copy()
    gone = np.zeros(web.m, bool)
    for node in np.flatnonzero(draft.room < 0).tolist():
        struts = np.flatnonzero((web.edge_index == node).any(axis=0) & ~gone)
        other = web.edge_index[:, struts].sum(axis=0) - node
        surplus = max(int(degree[node] - draft.most[node]), 0)
        cut = struts[np.lexsort((struts, -web.lengths[struts], -degree[other]))][:surplus]
        gone[cut] = True
        degree -= np.bincount(web.edge_index[:, cut].ravel(), minlength=web.n)
    return draft.without_struts(gone), int(gone.sum())
