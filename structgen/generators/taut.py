"""Threads of a sampled web drawn as straight through the nodes that they pass as those of a real web are.

The place of a sampled node scatters about the right one, so that threads come out bent where they run through it: by a
few degrees more than in the data where threads are straight there, by no more where they are not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Pos ``(n, 3)`` and edges ``(m, 2)`` of a web.
Threads = tuple[FloatArray, IntArray]

#: Two threads at a junction are one that is bent by at most so many degrees.
LARGEST = 50.0
#: Quantiles that the bends of a web are described by, and how many bends it takes.
BENDS, ENOUGH = 17, 4
#: How strongly nodes keep to their places, over how strongly threads are straightened, and rounds of that.
TETHER, ROUNDS = 0.02, 3
#: Bends of this many degrees are put right half as strongly as those that are to be none.
HALF = 0.5
#: Of edges that are shorter than this share of half the usual length no more is made.
SHORT = 0.05
#: No bend is made larger by more than this factor.
GROWTH = 1.5


def taut(threads: Threads, wanted: FloatArray) -> FloatArray:
    """Places ``(n, 3)``, moved a little so that threads turn at junctions as those of another web do.

    wanted: `bends_of` that web. The smallest bend is to become its smallest, and so on by rank: the map that moves
    bends least. All nodes are moved at once, by least squares; none where the other web is not known to have threads.
    """
    pos = threads[0]
    before, at, after, bend = throughs(threads)
    if not len(at) or wanted[0] < 0:
        return pos
    rank = (np.argsort(np.argsort(bend, kind="stable"), kind="stable") + 0.5) / len(bend)
    aim = np.interp(rank, np.linspace(0, 1, BENDS), wanted)
    for _ in range(ROUNDS):
        off = off_chords(pos, before, at, after)
        now = bends_at(pos, before, at, after)
        kept = np.minimum(aim / np.maximum(now, 1e-9), GROWTH)[:, None]
        weight = 1 / (aim + HALF)
        weighed = off.T * (weight / weight.mean())
        matrix = weighed @ off + TETHER * np.eye(len(pos))
        pos = solve(matrix, weighed @ (kept * (off @ pos)) + TETHER * pos, assume_a="pos")
    return pos


def off_chords(pos: FloatArray, before: IntArray, at: IntArray, after: IntArray) -> FloatArray:
    """``(k, n)``: times ``pos (n, 3)`` it is how far each node ``at`` lies off the chord from its neighbour before to
    that after, weighed with its nearness to both: a bend is d (1/a + 1/b).
    """
    a, b = (np.linalg.norm(pos[at] - pos[other], axis=1) for other in (before, after))
    usual = max(float((a + b).mean()) / 4, np.finfo(float).tiny)
    a, b = np.maximum(a, SHORT * usual), np.maximum(b, SHORT * usual)
    row = np.arange(len(at))
    off = np.zeros((len(at), len(pos)))
    off[row, at], off[row, before], off[row, after] = 1.0, -b / (a + b), -a / (a + b)
    weighed: FloatArray = off * ((1 / a + 1 / b) * usual)[:, None]
    return weighed


def bends_of(threads: Threads) -> FloatArray:
    """``(BENDS,)`` quantiles, from 0 to 1, of the bends of a web, degrees; all -1 where it has fewer than `ENOUGH`."""
    bend = throughs(threads)[3]
    return np.quantile(bend, np.linspace(0, 1, BENDS)) if len(bend) >= ENOUGH else np.full(BENDS, -1.0)


def throughs(threads: Threads) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Neighbour, node, other neighbour ``(k,)`` where a thread runs through a junction, and its bend in degrees.

    Two edges at a node with three or more are one thread where each is the one most nearly opposite the other, and
    the bend is at most `LARGEST`.
    """
    pos, edges = threads
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
    before, at, after = head[first], tail[first], head[second]
    return before, at, after, bends_at(pos, before, at, after)


def bends_at(pos: FloatArray, before: IntArray, at: IntArray, after: IntArray) -> FloatArray:
    """``(k,)`` degrees by which the way from one node through another to a third turns."""
    come, go = pos[at] - pos[before], pos[after] - pos[at]
    turn = np.linalg.norm(np.cross(come, go), axis=1)
    bend: FloatArray = np.degrees(np.arctan2(turn, (come * go).sum(axis=1)))
    return bend
