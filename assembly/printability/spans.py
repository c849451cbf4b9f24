"""Flat overhangs of a solid: where a layer reaches far beyond the one below, and whether it is held at both ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from assembly.printability.layers import Layers
from assembly.printability.regions import find, roots_of
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Overhanging regions that are looked at one by one; the widest come first.
MOST_REGIONS = 3000
#: Layers that may complete an all but flat strut.
MOST_LAYERS = 4
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

    A strut that is all but flat begins in one layer and is completed by the next ones: what goes on where a region ends
    is measured together with it. Regions that nothing of their own layer holds are islands and are not told here.
    """
    if not len(overhangs.begin):
        return []
    flat = _Flat(layers, overhangs)
    spans = []
    for region in flat.larger_than(least)[:MOST_REGIONS]:
        runs = flat.runs(region)
        anchors = flat.anchors(runs)
        if not len(anchors):
            continue
        span, layer = flat.span(runs, anchors), flat.layer(runs)
        for step in range(1, MOST_LAYERS + 1):
            above = [] if span.bridge else flat.above(runs, span.where)
            if not above:
                break
            more = np.concatenate([flat.runs(other) for other in above])
            held = flat.anchors(more)
            # What only rests on the region itself is held by nothing: there the first layer has nothing held below it.
            kept = [flat.held(layer, x, y, step * flat.touching) for x, y in held.tolist()]
            runs = np.concatenate([runs, more])
            anchors = np.concatenate([anchors, held[np.array(kept, bool)]])
            span = flat.span(runs, anchors)
        if not span.bridge and span.length > 2 * flat.touching and flat.held(layer, *span.where[:2], flat.touching):
            # The next layer closes so narrow a gap.
            span = replace(span, bridge=True)
        spans.append(span)
    return sorted((span for span in spans if span.length > least), key=lambda span: (-span.length, span.where))


class _Flat:
    """Overhanging regions of single layers, their runs, and the runs that are held."""

    def __init__(self, layers: Layers, overhangs: Layers) -> None:
        o = self.overhangs = overhangs
        label = np.asarray(_in_layers(o.first, o.begin, o.end, o.rows), np.int64)
        self.order = np.argsort(label, kind="stable")
        self.cuts = np.flatnonzero(np.diff(label[self.order], prepend=-1))
        self.region = np.searchsorted(label[self.order][self.cuts], label)
        self.places = o.middles(np.arange(len(label)))
        self.rest = _rest(layers.first, layers.begin, layers.end, o.first, o.begin, o.end)
        self.touching = 3 * max(o.pitch, o.height)

    def larger_than(self, least: float) -> list[int]:
        """Regions with a side longer than ``least`` mm, longest first."""
        o, order, cuts = self.overhangs, self.order, self.cuts
        y = self.places[order, 1]
        wide = np.maximum.reduceat(o.end[order], cuts) - np.minimum.reduceat(o.begin[order], cuts)
        deep = np.maximum.reduceat(y, cuts) - np.minimum.reduceat(y, cuts) + o.pitch
        size = np.maximum(wide, deep)
        largest = np.argsort(-size, kind="stable")
        return [int(region) for region in largest[size[largest] > least]]

    def runs(self, region: int) -> IntArray:
        """Of a region, ascending."""
        end = self.cuts[region + 1] if region + 1 < len(self.cuts) else None
        return np.sort(self.order[self.cuts[region] : end])

    def anchors(self, runs: IntArray) -> FloatArray:
        """``(a, 2)`` x and y of places where held runs of the same layer touch ``runs``."""
        o = self.overhangs
        x, row = _touches(runs, self._lines(runs), o.begin, o.end, o.rows, *self.rest)
        return np.column_stack([x, o.corner[1] + (row + 0.5) * o.pitch])

    def points(self, runs: IntArray) -> FloatArray:
        """``(p, 2)`` x and y of places along ``runs``."""
        o = self.overhangs
        length = o.end[runs] - o.begin[runs]
        count = np.clip(np.ceil(length / o.pitch / 2), 1, MOST_PLACES).astype(np.int64) + 1
        run = np.repeat(np.arange(len(runs)), count)
        share = (np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)) / (count[run] - 1)
        return np.column_stack([o.begin[runs][run] + share * length[run], self.places[runs][run, 1]])

    def span(self, runs: IntArray, anchors: FloatArray) -> Span:
        """From ``anchors`` to the farthest place of ``runs``."""
        points = self.points(runs)
        distance, nearest = cKDTree(anchors).query(points)
        far = int(np.argmax(distance))
        ways = anchors - points[far]
        behind = ways @ ways[nearest[far]] < 0
        where = (float(points[far, 0]), float(points[far, 1]), float(self.places[runs[-1], 2]))
        if behind.any():
            return Span(where, float(distance[far] + np.linalg.norm(ways[behind], axis=1).min()), True)
        return Span(where, float(distance[far]), False)

    def above(self, runs: IntArray, where: tuple[float, float, float]) -> list[int]:
        """Regions of the next layer that go on at ``where``, the end of ``runs``."""
        o = self.overhangs
        layer = self.layer(runs)
        if layer + 1 >= o.layers:
            return []
        low, high = self._rows(layer + 1, where[1], self.touching)
        found = np.arange(o.first[low], o.first[high + 1])
        met = (o.begin[found] - self.touching <= where[0]) & (where[0] <= o.end[found] + self.touching)
        return [int(region) for region in np.unique(self.region[found[met]])]

    def held(self, layer: int, x: float, y: float, reach: float) -> bool:
        """Whether a layer has held material within ``reach`` mm of a place."""
        first, begin, end = self.rest
        low, high = self._rows(layer, y, reach)
        a, b = first[low], first[high + 1]
        return bool(((begin[a:b] - reach <= x) & (x <= end[a:b] + reach)).any())

    def layer(self, runs: IntArray) -> int:
        """That the last of ``runs`` lies in."""
        return int(self._lines(runs)[-1]) // self.overhangs.rows

    def _rows(self, layer: int, y: float, reach: float) -> tuple[int, int]:
        """First and last line of ``layer`` within ``reach`` mm of y."""
        o = self.overhangs
        row, side = round((y - o.corner[1]) / o.pitch - 0.5), round(reach / o.pitch)
        low, high = (min(max(at, 0), o.rows - 1) for at in (row - side, row + side))
        return layer * o.rows + low, layer * o.rows + high

    def _lines(self, runs: IntArray) -> IntArray:
        return np.searchsorted(self.overhangs.first, runs, side="right") - 1


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
