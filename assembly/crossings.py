"""Struts that pass through each other: made to meet in a node, or one of them cut."""

from __future__ import annotations

import numpy as np

from assembly.draft import ALONG, Draft, Plausible, meeting
from structgen.geometry import nearest_shares
from structgen.validity import crossing_pairs
from structgen.web import FloatArray, IntArray, WebGraph

#: Rounds in which crossing struts are joined; struts that still cross are cut.
ROUNDS = 5


def untangled(draft: Draft, plausible: Plausible, max_degree: int) -> tuple[Draft, int, int]:
    """``draft`` without crossing struts, how many of these were made to meet, and how many struts were cut.

    Two struts cross that share no node and are nearer than the sum of their radii. They get a node midway between
    them, as crossing threads of silk are glued; where they pass near the end of one, the other one is led through that
    end. So is a strut that runs along another one from the same node, within 2 degrees. What would then have too many
    struts, or cross others again and again, is cut.
    """
    pairs, meetings = np.concatenate([crossing_pairs(draft.web), _alongside(draft.web)]), 0
    for _ in range(ROUNDS):
        if not len(pairs):
            break
        draft, pairs, more = _met(draft, pairs, plausible, max_degree)
        meetings += more
    gone = _to_cut(draft.web, pairs)
    return draft.without_struts(gone), meetings, int(gone.sum())


def _met(draft: Draft, pairs: IntArray, plausible: Plausible, max_degree: int) -> tuple[Draft, IntArray, int]:
    """``draft`` with struts of ``pairs`` made to meet, each strut once, the pairs that cross then, and how many met."""
    web = draft.web
    edges = web.edge_index.T
    a, b = web.pos[web.edge_index]
    e, f = pairs.T
    shares = np.stack(nearest_shares(a[e], b[e], a[f], b[f]), axis=1)
    places = a[pairs] + shares[..., None] * (b - a)[pairs]
    gaps = np.linalg.norm(places[:, 0] - places[:, 1], axis=1)
    least = np.maximum(plausible.low / 2, 2 * web.radius[pairs].sum(axis=1))
    ends = _near_ends(edges[pairs], shares, web.lengths[pairs], least)
    sharing = (edges[pairs][:, 0, :, None] == edges[pairs][:, 1, None, :]).any(axis=(1, 2))
    ends[sharing] = _far_ends(edges[pairs[sharing]], web.lengths[pairs[sharing]], least[sharing])
    room, gone = draft.room, np.zeros(web.m, bool)
    made: list[FloatArray] = []
    owner: list[int] = []
    new: list[tuple[int, int]] = []
    source: list[int] = []
    meetings = 0
    for k in np.lexsort((f, e, gaps)).tolist():
        struts = pairs[k]
        through = ends[k]
        if gone[struts].any() or (through >= 0).all():
            continue
        if (through < 0).all():
            node = web.n + len(made)
            made.append(places[k].mean(axis=0))
            owners = np.unique(draft.owner[edges[struts]])
            owner.append(int(owners[0]) if len(owners) == 1 else -1)
        else:
            node = int(through.max())
            if room[node] < 2:
                continue
            room[node] -= 2
            struts = struts[through < 0]
        meetings += 1
        for strut in struts.tolist():
            gone[strut] = True
            new += [(int(end), node) for end in edges[strut]]
            source += [strut, strut]
    if not gone.any():
        return draft, pairs, 0
    old, kept = np.array(source), np.flatnonzero(~gone)
    larger = WebGraph.from_edges(
        np.concatenate([web.pos, np.array(made).reshape(-1, 3)]),
        np.concatenate([edges[kept], np.array(new)]),
        np.concatenate([web.radius[kept], web.radius[old]]),
        np.concatenate([web.kind[kept], web.kind[old]]),
    )
    number = np.cumsum(~gone) - 1
    left = number[pairs[~gone[pairs].any(axis=1)]]
    pairs = np.concatenate([left, crossing_pairs(larger, len(kept)), _alongside(larger, len(kept))])
    return draft.with_nodes(np.array(owner, np.int64), max_degree, larger), pairs, meetings


def _near_ends(edges: IntArray, shares: FloatArray, lengths: FloatArray, least: FloatArray) -> IntArray:
    """``(k, 2)`` end of each strut of a pair that its ``shares`` (k, 2) lie within ``least`` (k,) mm of; -1 for none.

    edges: ``(k, 2, 2)`` ends. lengths: ``(k, 2)``.
    """
    near = np.where(shares <= 0.5, edges[..., 0], edges[..., 1])
    return np.where(np.minimum(shares, 1 - shares) * lengths < least[:, None], near, -1)


def _far_ends(edges: IntArray, lengths: FloatArray, least: FloatArray) -> IntArray:
    """``(k, 2)`` of struts that run along each other the far end of the shorter one, and -1 for the longer.

    Where they are of one length to within ``least`` (k,) mm, of both the far end. edges: ``(k, 2, 2)``.
    """
    swapped = edges[:, ::-1]
    far = np.where((edges[..., :1] == swapped).any(axis=2), edges[..., 1], edges[..., 0])
    longer = lengths - lengths[:, ::-1] >= np.maximum(least, np.finfo(float).tiny)[:, None]
    return np.where(longer, -1, far)


def _alongside(web: WebGraph, first: int = 0) -> IntArray:
    """``(k, 2)`` pairs of struts that run along each other from a node they share; of pairs before ``first`` none."""
    pairs, cosines = meeting(web)
    pairs = np.sort(pairs[cosines > ALONG], axis=1)
    return np.unique(pairs[pairs[:, 1] >= first], axis=0)


def _to_cut(web: WebGraph, pairs: IntArray) -> np.ndarray:
    """``(m,)`` struts to cut so that of every pair one is left.

    Of two, the one that crosses more others, then the one whose ends have more struts, then the longer.
    """
    gone = np.zeros(web.m, bool)
    crossed = np.bincount(pairs.ravel(), minlength=web.m)
    degree, lengths = web.degree.copy(), web.lengths
    for e, f in pairs[np.lexsort((pairs[:, 1], pairs[:, 0], -crossed[pairs].max(axis=1)))].tolist():
        if gone[e] or gone[f]:
            continue
        strut = max((e, f), key=lambda s: (crossed[s], degree[web.edge_index[:, s]].min(), lengths[s], s))
        gone[strut] = True
        degree[web.edge_index[:, strut]] -= 1
    return gone
