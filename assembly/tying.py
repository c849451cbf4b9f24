"""Loose parts of a web tied to the rest, without crossing a strut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from assembly.bridging import Candidates, ranks
from assembly.draft import ALONG, Draft, Plausible
from assembly.strut_ties import strut_tie
from structgen.web import FloatArray, IntArray

#: Nearest nodes of other parts looked at for each node, and ties for each part.
NEAREST = 8
PER_PART = 48
#: Parts up to which each looks at any distance; of more, only those with nothing near.
FEW_PARTS = 64
#: Cosine of the angle, 12 degrees, to the struts at its ends that a tie may have if it must.
SHARP = float(np.cos(np.radians(12)))


@dataclass(frozen=True)
class Tied:
    """A draft in one piece.

    Arguments:
        draft: the draft.
        forced: how many of its new struts have a length or an angle that is not plausible.
        cut: struts cut to make way for ties.
        dropped: nodes left out.
    """

    draft: Draft
    forced: int = 0
    cut: int = 0
    dropped: int = 0


def tied(draft: Draft, plausible: Plausible, count: int, large: int, max_degree: int) -> Tied:
    """``draft`` in one piece, its loose parts tied together without crossing a strut.

    Each part is tied to the nearest other one that a strut reaches clear of all others: node to node by a plausible
    strut, else by any, else from strut to strut, at last by one that what bars the way is cut for, where that leaves
    fewer parts. Parts of ``large`` and more nodes get up to ``count`` ties. A part that cannot be reached is left out
    if it is a remnant of fewer nodes that a cut strut hung on; else `ValueError` names it.
    """
    result = Tied(draft)
    while (label := result.draft.web.components()).max():
        candidates = Candidates(result.draft, _ties(result.draft, label, plausible))
        odd = _take(candidates, label, plausible, count, large)
        if candidates.taken:
            result = replace(result, draft=candidates.draft(), forced=result.forced + odd)
            continue
        found = strut_tie(result.draft, label, plausible, max_degree)
        if found is None:
            left = _without_remnants(result.draft, label, large)
            return replace(result, draft=left, dropped=result.dropped + result.draft.web.n - left.web.n)
        result = Tied(found.draft, result.forced + 1, result.cut + found.cut, result.dropped + found.dropped)
    return result


def _ties(draft: Draft, label: IntArray, plausible: Plausible) -> IntArray:
    """``(k, 2)`` node pairs of different parts: for each part but one those of plausible length, the nearest."""
    pos, room, parts = draft.web.pos, draft.room, int(label.max()) + 1
    main = int(np.bincount(label).argmax())
    able = np.flatnonzero(room > 0)
    loose = able[label[able] != main]
    near = cKDTree(pos[loose]).sparse_distance_matrix(cKDTree(pos[able]), plausible.high, output_type="ndarray")
    pairs = np.column_stack([loose[near["i"]], able[near["j"]]])
    pairs = pairs[label[pairs[:, 0]] != label[pairs[:, 1]]]
    far = loose if parts <= FEW_PARTS else loose[~np.isin(label[loose], label[pairs])]
    pairs = np.sort(np.concatenate([pairs, _nearest_of_others(pos, label, far, able)]), axis=1)
    code = np.sort(pairs[:, 0] * len(pos) + pairs[:, 1])
    code = code[np.diff(code, prepend=-1) > 0]
    pairs = np.column_stack([code // len(pos), code % len(pos)])
    lengths = np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1)
    odd = (lengths < plausible.low) | (lengths > plausible.high)
    pairs = pairs[np.lexsort((lengths, odd))]
    pairs = pairs[(ranks(pairs[:, 0]) < NEAREST) | (ranks(pairs[:, 1]) < NEAREST)]
    few = [(ranks(label[pairs[:, side]]) < PER_PART) & (label[pairs[:, side]] != main) for side in (0, 1)]
    return np.asarray(pairs[few[0] | few[1]])


def _nearest_of_others(pos: FloatArray, label: IntArray, nodes: IntArray, others: IntArray) -> IntArray:
    """``(k, 2)`` pairs of one of ``nodes`` and of ``others`` in other parts: for each part its nearest ones.

    Labels that differ do so in a bit, so that a search for each bit, among those that differ in it, finds all.
    """
    pairs = [np.empty((0, 2), np.int64)]
    for bit in range(int(label.max()).bit_length()):
        for side in (0, 1):
            own = nodes[(label[nodes] >> bit & 1) == side]
            other = others[(label[others] >> bit & 1) != side]
            if len(own) and len(other):
                tree = cKDTree(pos[other])
                own = own[np.argsort(tree.query(pos[own])[0], kind="stable")]
                own = own[ranks(label[own]) < PER_PART]
                k = min(NEAREST, len(other))
                which = tree.query(pos[own], k=[*range(1, k + 1)])[1]
                pairs.append(np.column_stack([np.repeat(own, k), other[which.ravel()]]))
    return np.concatenate(pairs)


def _take(candidates: Candidates, label: IntArray, plausible: Plausible, count: int, large: int) -> int:
    """Take from ``candidates`` what ties parts together, the best first; returns how many are implausible."""
    ends, lengths, cosine = candidates.ends, candidates.lengths, candidates.cosine
    largest = np.array([plausible.cosine, SHARP, ALONG])
    odd = (lengths < plausible.low) | (lengths > plausible.high)
    tier = np.maximum(odd, np.searchsorted(largest, cosine))
    sizes = np.bincount(label)
    group = np.arange(len(sizes))
    done: dict[tuple[int, int], int] = {}
    used: set[int] = set()
    forced = 0
    for k in np.lexsort((ends[:, 1], ends[:, 0], lengths, tier)).tolist():
        if tier[k] == len(largest):
            break
        i, j = ends[k].tolist()
        a, b = sorted(label[ends[k]].tolist())
        most = max(count, 1) if min(sizes[a], sizes[b]) >= large else 1
        # Two parts that hang together by way of a third need no tie.
        if (a, b) not in done and group[a] == group[b]:
            continue
        if done.get((a, b), 0) >= most or i in used or j in used:
            continue
        if candidates.take(k, float(largest[tier[k]])):
            done[a, b] = done.get((a, b), 0) + 1
            used |= {i, j}
            group[group == group[a]] = group[b]
            forced += bool(tier[k])
    return forced


def _without_remnants(draft: Draft, label: IntArray, large: int) -> Draft:
    """``draft`` without loose parts of fewer than ``large`` nodes where struts were cut; `ValueError` for others."""
    main = int(np.bincount(label).argmax())
    for part in range(int(label.max()) + 1):
        nodes = np.flatnonzero(label == part)
        if part != main and (len(nodes) >= large or not draft.frayed[nodes].any()):
            owner = int(draft.owner[nodes].max())
            name = f"webs[{owner}]" if owner >= 0 else "a part that several webs share"
            x, y, z = draft.web.pos[nodes].mean(axis=0).tolist()
            raise ValueError(
                f"{name} hangs loose at ({x:.4g}, {y:.4g}, {z:.4g}) mm, {len(nodes)} nodes: no strut ties it to the "
                f"rest without crossing others"
            )
    return draft.kept(label == main)
