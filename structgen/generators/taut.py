"""Threads of a sampled web drawn as straight through the nodes that they pass as those of a real web are.

The place of a sampled node scatters about the right one, so that threads come out bent where they run through it: by a
few degrees more than in the data where threads are straight there, by no more where they are not.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled

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
#: Least length that is divided by.
TINY = 1e-300


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
        matrix, right = _least_squares(np.array(pos, float, order="C"), before, at, after, aim)
        pos = np.linalg.solve(matrix, right).astype(np.float64, copy=False)
    return pos


@compiled
def _least_squares(
    pos: FloatArray, before: IntArray, at: IntArray, after: IntArray, aim: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Matrix ``(n, n)`` and right side ``(n, 3)`` of the places where threads turn by ``aim (k,)`` degrees."""
    n = len(pos)
    off = off_chords(pos, before, at, after)
    matrix, right = np.zeros((n, n)), np.empty((n, 3))
    for i in range(n):
        matrix[i, i] = TETHER
        for axis in range(3):
            right[i, axis] = TETHER * pos[i, axis]
    mean = 0.0
    for k in range(len(at)):
        mean += 1 / ((aim[k] + HALF) * len(at))
    for k in range(len(at)):
        three = (before[k], at[k], after[k])
        weight = 1 / ((aim[k] + HALF) * mean)
        kept = min(aim[k] / max(_bend(pos, before[k], at[k], after[k]), 1e-9), GROWTH)
        for i in three:
            share = weight * off[k, i]
            for j in three:
                matrix[i, j] += share * off[k, j]
                for axis in range(3):
                    right[i, axis] += share * kept * off[k, j] * pos[j, axis]
    return matrix, right


@compiled
def off_chords(pos: FloatArray, before: IntArray, at: IntArray, after: IntArray) -> FloatArray:
    """``(k, n)``: times ``pos (n, 3)`` it is how far each node ``at`` lies off the chord from its neighbour before to
    that after, weighed with its nearness to both: a bend is d (1/a + 1/b).
    """
    off = np.zeros((len(at), len(pos)))
    a, b = np.empty(len(at)), np.empty(len(at))
    for k in range(len(at)):
        a[k], b[k] = _distance(pos, at[k], before[k]), _distance(pos, at[k], after[k])
    usual = max((a.sum() + b.sum()) / (4 * len(at)), TINY)
    for k in range(len(at)):
        p, q = max(a[k], SHORT * usual), max(b[k], SHORT * usual)
        near = (1 / p + 1 / q) * usual
        off[k, at[k]], off[k, before[k]], off[k, after[k]] = near, -near * q / (p + q), -near * p / (p + q)
    return off


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
    # Copies, as loops are compiled anew for what cannot be written to or lies differently.
    found: tuple[IntArray, IntArray, IntArray, FloatArray] = _throughs(
        np.array(pos, float, order="C"), np.array(edges, np.int64, order="C")
    )
    return found


@compiled
def _throughs(pos: FloatArray, edges: IntArray) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    m = len(edges)
    tail, head = np.concatenate((edges[:, 0], edges[:, 1])), np.concatenate((edges[:, 1], edges[:, 0]))
    length = np.empty(2 * m)
    degree = np.zeros(len(pos) + 1, np.int64)
    for e in range(2 * m):
        length[e] = _distance(pos, tail[e], head[e])
        degree[tail[e] + 1] += 1
    first = np.cumsum(degree)
    its, room = np.empty(2 * m, np.int64), first[:-1].copy()
    for e in range(2 * m):
        its[room[tail[e]]] = e
        room[tail[e]] += 1
    opposite, least = np.full(2 * m, -1), np.full(2 * m, np.inf)
    for e in range(2 * m):
        if degree[tail[e] + 1] >= 3 and length[e] > 0:
            for f in its[first[tail[e]] : first[tail[e] + 1]]:
                if f != e and length[f] > 0:
                    cosine = product(pos, tail[e], head[e], head[f]) / (length[e] * length[f])
                    if cosine < least[e]:
                        opposite[e], least[e] = f, cosine
    before, at, after, bend = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m)
    count = 0
    for e in range(2 * m):
        f = opposite[e]
        if f > e and opposite[f] == e and least[e] <= -math.cos(math.radians(LARGEST)):
            before[count], at[count], after[count] = head[e], tail[e], head[f]
            bend[count] = _bend(pos, head[e], tail[e], head[f])
            count += 1
    return before[:count].copy(), at[:count].copy(), after[:count].copy(), bend[:count].copy()


@compiled
def _bend(pos: FloatArray, before: int, at: int, after: int) -> float:
    """Degrees by which the way from one node through another to a third turns."""
    u, v, w = pos[at, 0] - pos[before, 0], pos[at, 1] - pos[before, 1], pos[at, 2] - pos[before, 2]
    x, y, z = pos[after, 0] - pos[at, 0], pos[after, 1] - pos[at, 1], pos[after, 2] - pos[at, 2]
    turn = math.sqrt((v * z - w * y) ** 2 + (w * x - u * z) ** 2 + (u * y - v * x) ** 2)
    return math.degrees(math.atan2(turn, u * x + v * y + w * z))


@compiled
def _distance(pos: FloatArray, i: int, j: int) -> float:
    return math.sqrt(product(pos, i, j, j))


@compiled
def product(pos: FloatArray, i: int, j: int, k: int) -> float:
    """Of the vectors from node ``i`` to ``j`` and to ``k``."""
    total = 0.0
    for axis in range(3):
        total += (pos[j, axis] - pos[i, axis]) * (pos[k, axis] - pos[i, axis])
    return total
