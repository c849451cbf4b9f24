"""Which stretches of struts and which nodes are united exactly, and where they are cut from the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assembly.hybrid.distances import stretch_within
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Stretches are cut this share of the two reaches beyond where capsules overlap.
PAD = 0.05
#: Rings of a node that is united lie at least this many times its ball's reach from it.
BALL_CLEAR = 1.1
#: A shaft is at least this many radii long; shorter ones join what they lie between.
SHORTEST_SHAFT = 0.25


@dataclass(frozen=True, eq=False)
class Pieces:
    """Stretches of struts that are united, in the order of struts and along them.

    Arguments:
        strut: ``(p,)``; ``span`` ``(p, 2)`` from where to where along it, mm.
        rings: ``(p, 2)`` ring at either end, -1 where the piece ends in a node.
        contacts: ``(c, 2)`` pieces whose capsules overlap.
        extra: ``(x, 2)`` strut and place along it, mm, of the rings after the first ``2 m``.
        shafts: ``(s, 2)`` first and last ring of each stretch that nothing touches.
    """

    strut: IntArray
    span: FloatArray
    rings: IntArray
    contacts: IntArray
    extra: FloatArray
    shafts: IntArray


@compiled
def stretches(
    pairs: IntArray, starts: FloatArray, axes: FloatArray, lengths: FloatArray, reach: FloatArray
) -> FloatArray:
    """``(c, 2, 2)`` from where to where along the first and the second strut of each pair they come near the other."""
    found = np.empty((len(pairs), 2, 2))
    for c in range(len(pairs)):
        wide = (1 + PAD) * (reach[pairs[c, 0]] + reach[pairs[c, 1]])
        for side in range(2):
            k, other = pairs[c, side], pairs[c, 1 - side]
            found[c, side] = stretch_within(
                starts[k], axes[k], lengths[k], starts[other], axes[other] * lengths[other], wide
            )
    return found


@compiled
def cut_node(
    node: int,
    offsets: IntArray,
    halves: IntArray,
    directions: FloatArray,
    lengths: FloatArray,
    reach: FloatArray,
    centre: FloatArray,
    along: FloatArray,
) -> None:
    """Write how far from a united node each of its struts is clear of the others, in ``along`` ``(2 m,)``."""
    ball = 0.0
    for x in range(offsets[node], offsets[node + 1]):
        ball = max(ball, reach[halves[x] // 2])
    for x in range(offsets[node], offsets[node + 1]):
        h = halves[x]
        k = h // 2
        clear = BALL_CLEAR * ball
        for y in range(offsets[node], offsets[node + 1]):
            other = halves[y] // 2
            if other != k and clear < lengths[k]:
                _, end = stretch_within(
                    centre,
                    directions[h],
                    lengths[k],
                    centre,
                    directions[halves[y]] * lengths[other],
                    (1 + PAD) * (reach[k] + reach[other]),
                )
                clear = max(clear, end)
        along[h] = min(clear, lengths[k])


@compiled
def spread_united(
    united: IntArray,
    ends: IntArray,
    lengths: FloatArray,
    radius: FloatArray,
    along: FloatArray,
    offsets: IntArray,
    halves: IntArray,
    directions: FloatArray,
    reach: FloatArray,
    pos: FloatArray,
    contact_offsets: IntArray,
    intervals: FloatArray,
) -> None:
    """Mark in ``united`` all nodes that what is united reaches, and write where their struts are cut.

    Arguments:
        united: ``(n,)``; marked nodes begin it.
        along: ``(2 m,)`` distance of the ring of each strut end from its node.
        contact_offsets, intervals: ``(m + 1,)`` rows of ``(c, 2)`` stretches of each strut near others, by their start.
    """
    for node in range(len(united)):
        if united[node]:
            cut_node(node, offsets, halves, directions, lengths, reach, pos[node], along)
    changed = True
    while changed:
        changed = False
        for k in range(len(lengths)):
            a, b, gap = ends[k, 0], ends[k, 1], SHORTEST_SHAFT * radius[k]
            low, high = contact_offsets[k], contact_offsets[k + 1]
            if low == high and united[a] == united[b] == 0:
                continue
            left, right = along[2 * k], lengths[k] - along[2 * k + 1]
            near_a, near_b = bool(united[a]), bool(united[b])
            for x in range(low, high):
                if intervals[x, 0] <= left + gap:
                    left, near_a = max(left, intervals[x, 1]), True
            for _ in range(low, high):
                for x in range(low, high):
                    if intervals[x, 1] >= right - gap and intervals[x, 0] < right:
                        right, near_b = intervals[x, 0], True
                    elif intervals[x, 1] >= right - gap:
                        near_b = True
            if left + gap >= right and (near_a or near_b):
                near_a, near_b = True, True
            if near_a and not united[a]:
                united[a], changed = 1, True
                cut_node(a, offsets, halves, directions, lengths, reach, pos[a], along)
            if near_b and not united[b]:
                united[b], changed = 1, True
                cut_node(b, offsets, halves, directions, lengths, reach, pos[b], along)


@compiled
def lay_out(
    united: IntArray,
    ends: IntArray,
    lengths: FloatArray,
    radius: FloatArray,
    along: FloatArray,
    contact_offsets: IntArray,
    intervals: FloatArray,
    row_of: IntArray,
    piece_of: IntArray,
) -> tuple[IntArray, FloatArray, IntArray, FloatArray, IntArray, int, int, int]:
    """Merge stretches into pieces; ``along`` becomes the place of each end ring from its node.

    Arguments:
        row_of: ``(c,)`` row of ``piece_of`` that each interval belongs to; there its piece is written.

    Returns strut, span and rings of pieces, strut and place of extra rings, rings of shafts, and how many of each.
    """
    m, c = len(lengths), len(intervals)
    strut, span, rings = np.empty(c + 2 * m, np.int64), np.empty((c + 2 * m, 2)), np.empty((c + 2 * m, 2), np.int64)
    extra, shafts = np.empty((2 * c, 2)), np.empty((m + c, 2), np.int64)
    pieces, extras, free = 0, 0, 0
    for k in range(m):
        a, b, gap = ends[k, 0], ends[k, 1], SHORTEST_SHAFT * radius[k]
        begin = pieces
        if united[a]:
            strut[pieces], span[pieces, 0], span[pieces, 1] = k, 0.0, along[2 * k]
            pieces += 1
        for x in range(contact_offsets[k], contact_offsets[k + 1]):
            if pieces > begin and intervals[x, 0] <= span[pieces - 1, 1] + gap:
                span[pieces - 1, 1] = max(span[pieces - 1, 1], intervals[x, 1])
            else:
                strut[pieces], span[pieces] = k, intervals[x]
                pieces += 1
            piece_of[row_of[x]] = pieces - 1
        if united[b]:
            place = lengths[k] - along[2 * k + 1]
            if pieces > begin and place <= span[pieces - 1, 1] + gap:
                while pieces - 1 > begin and place <= span[pieces - 2, 1] + gap:
                    pieces -= 1
                span[pieces - 1, 1] = lengths[k]
                span[pieces - 1, 0] = min(span[pieces - 1, 0], place)
            else:
                strut[pieces], span[pieces, 0], span[pieces, 1] = k, place, lengths[k]
                pieces += 1
            for x in range(contact_offsets[k], contact_offsets[k + 1]):
                piece_of[row_of[x]] = min(piece_of[row_of[x]], pieces - 1)
        ring, whole = 2 * k, False
        for p in range(begin, pieces):
            from_a, to_b = p == begin and united[a] == 1, p == pieces - 1 and united[b] == 1
            whole = from_a and to_b
            rings[p, 0], rings[p, 1] = -1, -1
            if from_a and not to_b:
                rings[p, 1] = 2 * k
                along[2 * k] = span[p, 1]
            elif not from_a:
                if to_b:
                    rings[p, 0] = 2 * k + 1
                    along[2 * k + 1] = lengths[k] - span[p, 0]
                else:
                    for side in range(2):
                        extra[extras, 0], extra[extras, 1] = k, span[p, side]
                        rings[p, side] = 2 * m + extras
                        extras += 1
                shafts[free, 0], shafts[free, 1] = ring, rings[p, 0]
                free += 1
            ring = rings[p, 1]
        if not whole and not (pieces > begin and united[b]):
            shafts[free, 0], shafts[free, 1] = ring, 2 * k + 1
            free += 1
    return strut, span, rings, extra, shafts, pieces, extras, free
