"""Threads of a sampled web drawn as straight through the nodes that they pass as those of the data are.

The place of a sampled node scatters about the right one, so that threads come out bent where they run through it: by a
few degrees more than in the data where the silk is straight there, by no more where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

from structgen.web import KINDS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Pos ``(n, 3)``, edges ``(m, 2)`` and silk kinds ``(m,)`` of a web.
Threads = tuple[FloatArray, IntArray, IntArray]

#: Two threads at a junction are one that is bent by at most so many degrees.
LARGEST = 50.0
#: Silks that bends are told apart by; the first is for two threads of different silk.
SILKS = len(KINDS)
#: Quantiles that the bends of a silk are described by, and how many bends it takes.
QUANTILES, ENOUGH = 65, 60
#: How strongly nodes keep to their places, over how strongly threads are straightened, and rounds of that.
TETHER, ROUNDS = 0.02, 3
#: Bends of this many degrees are put right half as strongly as those that are to be none.
HALF = 0.5
#: No bend is made larger by more than this factor.
GROWTH = 1.5


def taut(threads: Threads, drawn: FloatArray, real: FloatArray) -> FloatArray:
    """Places ``(n, 3)``, moved a little so that the bends of each silk are spread as those of the data are.

    Arguments:
        drawn, real: ``(SILKS, QUANTILES)`` of `bend_quantiles` of webs as they are drawn, and of the data. The bend at
            some quantile of the first is to become that of the second: the map that moves bends least.

    All nodes are moved at once, by least squares.
    """
    pos = threads[0]
    before, at, after, bend, silk = throughs(threads)
    if not len(at):
        return pos
    wanted = mapped(bend, silk, drawn, real)
    for _ in range(ROUNDS):
        # Nearness to both neighbours, where d is how far a node lies off the chord: bend = d (1/a + 1/b).
        a, b = (np.maximum(np.linalg.norm(pos[at] - pos[other], axis=1), 1e-12) for other in (before, after))
        row = np.arange(len(at))
        off = np.zeros((len(at), len(pos)))
        off[row, at], off[row, before], off[row, after] = 1.0, -b / (a + b), -a / (a + b)
        off *= ((1 / a + 1 / b) * (a + b).mean() / 4)[:, None]
        now = bends_at(pos, before, at, after)
        kept = np.minimum(wanted / np.maximum(now, 1e-9), GROWTH)[:, None]
        weight = 1 / (wanted + HALF)
        weighed = off.T * (weight / weight.mean())
        matrix = weighed @ off + TETHER * np.eye(len(pos))
        pos = solve(matrix, weighed @ (kept * (off @ pos)) + TETHER * pos, assume_a="pos")
    return pos


def mapped(bend: FloatArray, silk: IntArray, drawn: FloatArray, real: FloatArray) -> FloatArray:
    """``(k,)`` what each ``bend`` of ``silk`` is to be: what it is where nothing is known of the silk."""
    wanted = bend.copy()
    rank = np.linspace(0, 1, drawn.shape[1])
    for number in np.unique(silk):
        if drawn[number].any() and real[number].any():
            its = silk == number
            wanted[its] = np.interp(np.interp(bend[its], drawn[number], rank), rank, real[number])
    return wanted


def bend_quantiles(webs: Iterable[Threads]) -> FloatArray:
    """``(SILKS, QUANTILES)`` of the bends of ``webs`` by silk, degrees; zeros for a silk of fewer than `ENOUGH`."""
    found = [throughs(threads)[3:] for threads in webs]
    bend, silk = (np.concatenate(column) for column in zip(*found, strict=True))
    result = np.zeros((SILKS, QUANTILES))
    for number in range(SILKS):
        its = bend[silk == number]
        if len(its) >= ENOUGH:
            result[number] = np.quantile(its, np.linspace(0, 1, QUANTILES))
    return result


def throughs(threads: Threads) -> tuple[IntArray, IntArray, IntArray, FloatArray, IntArray]:
    """Neighbour, node, other neighbour ``(k,)`` where a thread runs through a junction, its bend in degrees and silk.

    Two edges at a node with three or more are one thread where each is the one most nearly opposite the other, and
    the bend is at most `LARGEST`.
    """
    pos, edges, kind = threads
    tail, head = np.concatenate([edges, edges[:, ::-1]]).T
    unit = pos[head] - pos[tail]
    length = np.linalg.norm(unit, axis=1, keepdims=True)
    unit = np.divide(unit, length, out=np.zeros_like(unit), where=length > 0)
    junction = (np.bincount(tail, minlength=len(pos))[tail] >= 3) & (length[:, 0] > 0)
    pairs = (tail[:, None] == tail) & junction[:, None] & junction & ~np.eye(len(tail), dtype=bool)
    cosine = np.where(pairs, unit @ unit.T, 2.0)
    first = np.arange(len(tail))
    second = cosine.argmin(axis=1)
    least = cosine[first, second]
    keep = (second[second] == first) & (first < second) & (least <= -np.cos(np.radians(LARGEST)))
    first, second = first[keep], second[keep]
    its = np.tile(kind, 2)
    silk = np.where((its[first] == its[second]) & (its[first] < SILKS), its[first], 0)
    before, at, after = head[first], tail[first], head[second]
    return before, at, after, bends_at(pos, before, at, after), silk


def bends_at(pos: FloatArray, before: IntArray, at: IntArray, after: IntArray) -> FloatArray:
    """``(k,)`` degrees by which the way from one node through another to a third turns."""
    come, go = pos[at] - pos[before], pos[after] - pos[at]
    turn = np.linalg.norm(np.cross(come, go), axis=1)
    bend: FloatArray = np.degrees(np.arctan2(turn, (come * go).sum(axis=1)))
    return bend
