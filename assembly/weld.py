"""Placed webs side by side, near nodes of different webs made one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.draft import BoolArray, Draft
from structgen.web import FloatArray, IntArray, WebGraph


def welded(webs: Sequence[WebGraph], tolerance: float, max_degree: int) -> tuple[Draft, int]:
    """``webs`` as one draft, and how many nodes went into a node of another web.

    Nodes of different webs nearer than ``tolerance`` mm become one at their mean, nearest first; two nodes of one web
    never do, and nodes without a strut are left alone. A node may have ``max_degree`` struts, or as many as it had.
    """
    pos = np.concatenate([web.pos for web in webs])
    starts = np.cumsum([0, *(web.n for web in webs)])
    owner = np.repeat(np.arange(len(webs)), np.diff(starts))
    degree = np.concatenate([web.degree for web in webs])
    label = _clusters(pos, owner, tolerance, degree > 0)
    count, first = np.bincount(label), np.unique(label, return_index=True)[1]
    mean = np.zeros((len(first), 3))
    np.add.at(mean, label, pos)
    mean /= count[:, None]
    mean[count == 1] = pos[first[count == 1]]
    edges = label[np.concatenate([web.edge_index + s for web, s in zip(webs, starts, strict=False)], axis=1)]
    shrunk = np.linalg.norm(mean[edges[0]] - mean[edges[1]], axis=1) <= 1e-6 * tolerance
    moved_back = np.unique(edges[:, shrunk])
    mean[moved_back] = pos[first[moved_back]]
    radius = np.concatenate([web.radius for web in webs])
    kind = np.concatenate([web.kind for web in webs])
    order = np.argsort(-radius, kind="stable")
    most = np.full(len(first), max_degree)
    np.maximum.at(most, label, degree)
    web = WebGraph.from_edges(mean, edges.T[order], radius[order], kind[order])
    return Draft(web, np.where(count == 1, owner[first], -1), most, np.zeros(web.n, bool)), len(pos) - web.n


def _clusters(pos: FloatArray, owner: IntArray, tolerance: float, able: BoolArray) -> npt.NDArray[np.intp]:
    """``(n,)`` cluster of each node: nearest pairs of those ``able`` first, no cluster with two nodes of one owner."""
    pairs = np.flatnonzero(able)[cKDTree(pos[able]).query_pairs(tolerance, output_type="ndarray")]
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
