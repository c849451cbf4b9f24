"""A loose part of a web tied by a strut that begins and ends anywhere along struts: where no two nodes can be tied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from assembly.draft import ALONG, BRIDGE_KIND, BoolArray, Draft, Plausible
from structgen.geometry import nearest_shares, segment_distance
from structgen.web import FloatArray, IntArray, WebGraph

#: Ties that are tried for a part, and where along its struts they begin, the nearest place besides.
TRIALS = 64
PLACES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class StrutTie:
    """A draft with one tie more, how many struts were cut for it, and how many nodes that left without a strut."""

    draft: Draft
    cut: int
    dropped: int


@dataclass(frozen=True)
class Tie:
    """A strut between two struts.

    Arguments:
        struts: ``(2,)`` their numbers.
        pos: ``(2, 3)`` its ends.
        nodes: ``(2,)`` the node at each end, -1 where the strut there is to be split.
        radius: mm.
    """

    struts: IntArray
    pos: FloatArray
    nodes: IntArray
    radius: float


def strut_tie(draft: Draft, label: IntArray, plausible: Plausible, max_degree: int) -> StrutTie | None:
    """``draft`` with the smallest part that can be tied to another one; None if there is none.

    Where no tie is clear, one is taken that leaves fewer parts when the struts in its way are cut.

    Arguments:
        label: ``(n,)`` part of each node.
    """
    web = draft.web
    for cutting in (False, True):
        for part in np.argsort(np.bincount(label), kind="stable")[:-1].tolist():
            for tie in _nearest(draft, label == part, plausible):
                barred = _barred(web, tie)
                if not barred.any() or cutting:
                    found = _with_tie(draft, tie, barred, max_degree)
                    if not barred.any() or found.draft.web.components().max() < label.max():
                        return found
    return None


def _nearest(draft: Draft, here: BoolArray, plausible: Plausible) -> Iterator[Tie]:
    """Ties of the part of the nodes ``here`` (n,), the shortest first."""
    web = draft.web
    a, b = web.pos[web.edge_index]
    low, high = np.minimum(a, b), np.maximum(a, b)
    own = here[web.edge_index[0]]
    others = np.flatnonzero(~own)
    reach = 1.5 * float(cKDTree(web.pos[~here]).query(web.pos[here])[0].min()) + plausible.low
    found: list[tuple[float, int, int, FloatArray]] = []
    for e in np.flatnonzero(own).tolist():
        f = others[((low[others] <= high[e] + reach) & (high[others] >= low[e] - reach)).all(axis=1)]
        shares = np.concatenate([_shares(a[e], b[e], a[f], b[f], place) for place in (None, *PLACES)])
        f = np.tile(f, 1 + len(PLACES))
        gaps = np.linalg.norm(a[e] + shares[:, :1] * (b[e] - a[e]) - a[f] - shares[:, 1:] * (b - a)[f], axis=1)
        for k in np.argsort(gaps, kind="stable")[:TRIALS].tolist():
            found.append((float(gaps[k]), e, int(f[k]), shares[k]))
    found.sort(key=lambda row: row[:3])
    for _, e, g, share in found[:TRIALS]:
        struts = np.array([e, g])
        radius = float(web.radius[struts].min())
        least = max(plausible.low / 2, 2 * radius)
        ends = np.where(share <= 0.5, web.edge_index[0, struts], web.edge_index[1, struts])
        nodes = np.where(np.minimum(share, 1 - share) * web.lengths[struts] < least, ends, -1)
        pos = np.where(nodes[:, None] >= 0, web.pos[ends], a[struts] + share[:, None] * (b - a)[struts])
        tie = Tie(struts, pos, nodes, radius)
        if (draft.room[nodes[nodes >= 0]] > 0).all() and not _runs_along(web, tie):
            yield tie


def _shares(p: FloatArray, q: FloatArray, a: FloatArray, b: FloatArray, place: float | None) -> FloatArray:
    """``(k, 2)`` where strut ``p`` ``q`` and struts ``a`` ``b`` (k, 3) are nearest; to a ``place`` on it if told."""
    if place is None:
        return np.stack(nearest_shares(p, q, a, b), axis=1)
    at = p + place * (q - p)
    t = nearest_shares(at, at, a, b)[1]
    return np.stack([np.full(len(t), place), t], axis=1)


def _runs_along(web: WebGraph, tie: Tie) -> bool:
    """Whether ``tie`` ends at a node that a strut along it leaves too."""
    for node, way in zip(tie.nodes.tolist(), (tie.pos[1] - tie.pos[0], tie.pos[0] - tie.pos[1]), strict=True):
        struts = web.edge_index[:, (web.edge_index == node).any(axis=0)]
        ways = web.pos[struts.sum(axis=0) - node] - web.pos[node]
        if (ways @ way > ALONG * np.linalg.norm(ways, axis=1) * np.linalg.norm(way)).any():
            return True
    return False


def _barred(web: WebGraph, tie: Tie) -> BoolArray:
    """``(m,)`` struts that ``tie`` would cross."""
    a, b = web.pos[web.edge_index]
    near = segment_distance(tie.pos[0], tie.pos[1], a, b) < tie.radius + web.radius
    near[tie.struts] = False
    near[np.isin(web.edge_index, tie.nodes[tie.nodes >= 0]).any(axis=0)] = False
    return np.asarray(near)


def _with_tie(draft: Draft, tie: Tie, cut: BoolArray, max_degree: int) -> StrutTie:
    """``draft`` with ``tie`` and without the struts ``cut`` (m,)."""
    web, new = draft.web, tie.nodes < 0
    ends = tie.nodes.copy()
    ends[new] = web.n + np.arange(new.sum())
    kept = ~cut
    kept[tie.struts[new]] = False
    old = np.concatenate([np.flatnonzero(kept), np.repeat(tie.struts[new], 2)])
    halves = np.column_stack([web.edge_index[:, tie.struts[new]].T.ravel(), np.repeat(ends[new], 2)])
    larger = WebGraph.from_edges(
        np.concatenate([web.pos, tie.pos[new]]),
        np.concatenate([web.edge_index[:, kept].T, halves, ends[None]]),
        np.append(web.radius[old], tie.radius),
        np.append(web.kind[old], BRIDGE_KIND),
    )
    made = draft.with_nodes(np.full(int(new.sum()), -1), max_degree, larger)
    frayed = made.frayed.copy()
    frayed[web.edge_index[:, cut]] = True
    whole = replace(made, frayed=frayed).kept(larger.degree > 0)
    return StrutTie(whole, int(cut.sum()), larger.n - whole.web.n)
