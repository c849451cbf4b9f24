"""What of each layer hangs over the one below, and the space that support material must fill beneath it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from assembly.printability.layers import Layers
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Slicers fill gaps in their support that are narrower than this.
CLOSING_MM = 2.0


def overhangs_of(layers: Layers, angle: float) -> Layers:
    """What of each layer reaches further beyond the one below than ``angle`` degrees allow, as runs on the same lines.

    The lowest layer rests on the plate.
    """
    reach = layers.height / math.tan(math.radians(max(angle, 1e-3)))
    begin, end, first = _beyond(
        layers.first, layers.begin, layers.end, layers.layers, layers.rows, layers.pitch, min(reach, 1e9)
    )
    return replace(layers, first=first, begin=begin, end=end)


def supported_space(layers: Layers, overhangs: Layers) -> tuple[float, float]:
    """mm3 of space from the overhangs down to the part or to the plate, whichever is first, and mm2 of its sides.

    The sides are those at the ends in x of what lies more than `CLOSING_MM` apart, twice, for those in y.
    """
    length, runs = _columns(layers.first, layers.begin, layers.end, overhangs.first, overhangs.begin, overhangs.end,
                            layers.layers, layers.rows)  # fmt: skip
    cell = layers.pitch * layers.height
    return float(length) * cell, 4 * float(runs) * cell


@compiled
def _beyond(
    first: IntArray, begin: FloatArray, end: FloatArray, layers: int, rows: int, pitch: float, reach: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Runs less what lies within ``reach`` of runs of the layer below."""
    # A row stands for the band of a pitch about it.
    wide = min(int(reach / pitch + 0.5 + 1e-9), rows)
    cover_begin, cover_end = np.empty(64), np.empty(64)
    out_begin, out_end = np.empty(len(begin) + 64), np.empty(len(begin) + 64)
    out_first = np.zeros(len(first), np.int64)
    count = 0
    for line in range(len(first) - 1):
        k, j = line // rows, line % rows
        a, a_end = first[line], first[line + 1]
        if k > 0 and a_end > a:
            covers = 0
            for jj in range(max(0, j - wide), min(rows, j + wide + 1)):
                apart = max(abs(jj - j) - 0.5, 0.0) * pitch
                grown = math.sqrt(max(reach * reach - apart * apart, 0.0))
                c, c_end = first[(k - 1) * rows + jj], first[(k - 1) * rows + jj + 1]
                # Only runs that reach as far as these matter; they are in order.
                low, high = begin[a] - grown, end[a_end - 1] + grown
                c += np.searchsorted(end[c:c_end], low)
                while c < c_end and begin[c] < high:
                    if covers == len(cover_begin):
                        cover_begin = np.append(cover_begin, np.empty(covers))
                        cover_end = np.append(cover_end, np.empty(covers))
                    cover_begin[covers], cover_end[covers] = begin[c] - grown, end[c] + grown
                    covers += 1
                    c += 1
            order = np.argsort(cover_begin[:covers])
            while a < a_end:
                x = begin[a]
                for o in order:
                    if cover_begin[o] >= end[a]:
                        break
                    if cover_begin[o] > x:
                        if count == len(out_begin):
                            out_begin = np.append(out_begin, np.empty(count))
                            out_end = np.append(out_end, np.empty(count))
                        out_begin[count], out_end[count] = x, cover_begin[o]
                        count += 1
                    x = max(x, cover_end[o])
                if x < end[a]:
                    if count == len(out_begin):
                        out_begin = np.append(out_begin, np.empty(count))
                        out_end = np.append(out_end, np.empty(count))
                    out_begin[count], out_end[count] = x, end[a]
                    count += 1
                a += 1
        out_first[line + 1] = count
    return out_begin[:count].copy(), out_end[:count].copy(), out_first


@compiled
def _columns(
    first: IntArray,
    begin: FloatArray,
    end: FloatArray,
    over_first: IntArray,
    over_begin: FloatArray,
    over_end: FloatArray,
    layers: int,
    rows: int,
) -> tuple[float, int]:
    """Summed lengths of supported runs, mm, and their number: from the top down, what must be held less what holds."""
    total, runs = 0.0, 0
    held_begin, held_end = np.empty(16), np.empty(16)
    next_begin, next_end = np.empty(16), np.empty(16)
    for j in range(rows):
        held = 0
        for k in range(layers - 1, 0, -1):
            a, a_end = over_first[k * rows + j], over_first[k * rows + j + 1]
            c, c_end = first[(k - 1) * rows + j], first[(k - 1) * rows + j + 1]
            if held == 0 and a == a_end:
                continue
            room = 2 * (held + a_end - a) + c_end - c + 2
            if room > len(next_begin):
                next_begin, next_end = np.empty(2 * room), np.empty(2 * room)
            # Both lists are in order: merged into one, from which the layer below is taken away.
            h, count, x, y = 0, 0, 0.0, -np.inf
            while h < held or a < a_end:
                if a == a_end or (h < held and held_begin[h] <= over_begin[a]):
                    u, v = held_begin[h], held_end[h]
                    h += 1
                else:
                    u, v = over_begin[a], over_end[a]
                    a += 1
                if u <= y:
                    y = max(y, v)
                else:
                    if y > -np.inf:
                        c, count = _without(x, y, c, c_end, begin, end, next_begin, next_end, count)
                    x, y = u, v
            c, count = _without(x, y, c, c_end, begin, end, next_begin, next_end, count)
            held_begin, next_begin = next_begin, held_begin
            held_end, next_end = next_end, held_end
            held = count
            last = -np.inf
            for h in range(held):
                if held_begin[h] - last > CLOSING_MM:
                    runs += 1
                last = held_end[h]
                total += held_end[h] - held_begin[h]
    return total, runs


@compiled
def _without(
    x: float,
    y: float,
    c: int,
    c_end: int,
    begin: FloatArray,
    end: FloatArray,
    out_begin: FloatArray,
    out_end: FloatArray,
    count: int,
) -> tuple[int, int]:
    """The interval x y less the runs from ``c`` on, appended to ``out``; the run to go on with, and the new count."""
    while c < c_end and end[c] <= x:
        c += 1
    at = c
    while at < c_end and begin[at] < y:
        if begin[at] > x:
            out_begin[count], out_end[count] = x, begin[at]
            count += 1
        x = max(x, end[at])
        at += 1
    if x < y:
        out_begin[count], out_end[count] = x, y
        count += 1
    return c, count
