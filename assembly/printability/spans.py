"""Flat overhangs of a solid: where a layer reaches far beyond the one below, and whether it is held at both ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from assembly.compiled import compiled
from assembly.printability.layers import Layers
from assembly.printability.regions import find, roots_of
from structgen.web import FloatArray, IntArray

#: Overhanging regions that are looked at one by one; the widest come first.
MOST_REGIONS = 3000
#: Places along a run at which its distance from what holds it is measured, at most.
MOST_PLACES = 64


@dataclass(frozen=True)
class Span:
    """A flat overhang.

    Arguments:
        where: its place farthest from what holds it, mm.
        length: mm, of a bridge between its ends, else from what holds it to there.
        bridge: whether it is held on opposite sides.
    """

    where: tuple[float, float, float]
    length: float
    bridge: bool


def flat_spans(layers: Layers, overhangs: Layers, least: float) -> list[Span]:
    """The overhanging regions of single layers that reach more than ``least`` mm from what holds them, longest first.

    Regions that nothing of their own layer holds are islands and are not told here.
    """
    label = np.asarray(_in_layers(overhangs.first, overhangs.begin, overhangs.end, overhangs.rows), np.int64)
    if not len(label):
        return []
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order], prepend=-1))
    places = overhangs.middles(np.arange(len(label)))
    y = places[order, 1]
    wide = np.maximum.reduceat(overhangs.end[order], cuts) - np.minimum.reduceat(overhangs.begin[order], cuts)
    deep = np.maximum.reduceat(y, cuts) - np.minimum.reduceat(y, cuts)
    size = np.maximum(wide, deep + overhangs.pitch)
    large = np.argsort(-size, kind="stable")[:MOST_REGIONS]
    large = large[size[large] > least]
    rest = _rest(layers.first, layers.begin, layers.end, overhangs.first, overhangs.begin, overhangs.end)
    spans = []
    for region in large.tolist():
        runs = order[cuts[region] : cuts[region + 1] if region + 1 < len(cuts) else None]
        anchors = _anchors(np.sort(runs), overhangs, *rest)
        if len(anchors):
            spans.append(_span(runs, overhangs, places, anchors))
    return sorted((span for span in spans if span.length > least), key=lambda span: (-span.length, span.where))


def _span(runs: IntArray, overhangs: Layers, places: FloatArray, anchors: FloatArray) -> Span:
    length = overhangs.end[runs] - overhangs.begin[runs]
    count = np.clip(np.ceil(length / overhangs.pitch / 2), 1, MOST_PLACES).astype(np.int64) + 1
    run = np.repeat(np.arange(len(runs)), count)
    share = (np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)) / (count[run] - 1)
    points = np.column_stack([overhangs.begin[runs][run] + share * length[run], places[runs][run, 1]])
    distance, nearest = cKDTree(anchors).query(points)
    far = int(np.argmax(distance))
    ways = anchors - points[far]
    behind = ways @ ways[nearest[far]] < 0
    where = (float(points[far, 0]), float(points[far, 1]), float(places[runs[0], 2]))
    if behind.any():
        return Span(where, float(distance[far] + np.linalg.norm(ways[behind], axis=1).min()), True)
    return Span(where, float(distance[far]), False)


def _anchors(runs: IntArray, overhangs: Layers, first: IntArray, begin: FloatArray, end: FloatArray) -> FloatArray:
    """``(a, 2)`` x and y of places where held runs of the same layer touch ``runs``."""
    lines = np.searchsorted(overhangs.first, runs, side="right") - 1
    x, row = _touches(runs, lines, overhangs.begin, overhangs.end, overhangs.rows, first, begin, end)
    return np.column_stack([x, overhangs.corner[1] + (row + 0.5) * overhangs.pitch])


@compiled
def _in_layers(first: IntArray, begin: FloatArray, end: FloatArray, rows: int) -> IntArray:
    """Label of each run: the least run of its layer that it hangs together with."""
    parent = np.arange(len(begin))
    for line in range(len(first) - 2):
        if line % rows == rows - 1:
            continue
        a, a_end, b, b_end = first[line], first[line + 1], first[line + 1], first[line + 2]
        while a < a_end and b < b_end:
            if begin[a] < end[b] and begin[b] < end[a]:
                u, v = find(parent, a), find(parent, b)
                parent[max(u, v)] = min(u, v)
            if end[a] < end[b]:
                a += 1
            else:
                b += 1
    return roots_of(parent)


@compiled
def _rest(
    first: IntArray,
    begin: FloatArray,
    end: FloatArray,
    over_first: IntArray,
    over_begin: FloatArray,
    over_end: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Runs less the overhanging ones, which are parts of them: first, begin, end."""
    out_first = np.zeros(len(first), np.int64)
    out_begin, out_end = np.empty(len(begin) + len(over_begin)), np.empty(len(begin) + len(over_begin))
    count = 0
    for line in range(len(first) - 1):
        o, o_end = over_first[line], over_first[line + 1]
        for a in range(first[line], first[line + 1]):
            x = begin[a]
            while o < o_end and over_begin[o] < end[a]:
                if over_begin[o] > x:
                    out_begin[count], out_end[count] = x, over_begin[o]
                    count += 1
                x = over_end[o]
                o += 1
            if x < end[a]:
                out_begin[count], out_end[count] = x, end[a]
                count += 1
        out_first[line + 1] = count
    return out_first, out_begin[:count].copy(), out_end[:count].copy()


@compiled
def _touches(
    runs: IntArray,
    lines: IntArray,
    over_begin: FloatArray,
    over_end: FloatArray,
    rows: int,
    first: IntArray,
    begin: FloatArray,
    end: FloatArray,
) -> tuple[FloatArray, IntArray]:
    """x and row of both ends of each touch of a held run with one of ``runs``, in its row or the rows beside it."""
    x, row, count = np.empty(64), np.empty(64, np.int64), 0
    for r in range(len(runs)):
        o, line = runs[r], lines[r]
        for side in range(-1, 2):
            j = line % rows + side
            if j < 0 or j >= rows:
                continue
            for c in range(first[line + side], first[line + side + 1]):
                low, high = max(begin[c], over_begin[o]), min(end[c], over_end[o])
                if low < high or (side == 0 and low <= high):
                    if count == len(x):
                        x, row = np.append(x, np.empty(count)), np.append(row, np.empty(count, np.int64))
                    x[count], x[count + 1], row[count], row[count + 1] = low, high, j, j
                    count += 2
    return x[:count].copy(), row[:count].copy()
