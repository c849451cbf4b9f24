"""Threads of a sampled web drawn straight through the nodes that they pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Bends of this many degrees are halved, smaller ones lessened by more; those past the last are left as they are.
NOISE, LARGEST = 20.0, 50.0
#: How strongly nodes keep to their places, over how strongly threads are straightened.
TETHER = 0.1


def taut(pos: FloatArray, edges: IntArray) -> FloatArray:
    """``pos (n, 3)`` moved a little so that threads run straighter through the junctions of ``edges (m, 2)``.

    The place of a sampled node scatters about the right one, so threads that would run straight through it come out
    bent, by about `NOISE` degrees. As in a Wiener filter, a bend b is taken to be the noise where it is small and real
    where it is large, and lessened to b^2 / (b + `NOISE`). All nodes are moved at once, by least squares.
    """
    before, at, after, bend = throughs(pos, edges)
    if not len(at):
        return pos
    kept = bend / (bend + NOISE)
    # Nearness to both neighbours, where d is how far a node lies off the chord between them: bend = d (1/a + 1/b).
    a, b = (np.linalg.norm(pos[at] - pos[other], axis=1) for other in (before, after))
    row = np.arange(len(at))
    off = np.zeros((len(at), len(pos)))
    off[row, at], off[row, before], off[row, after] = 1.0, -b / (a + b), -a / (a + b)
    off *= ((1 / a + 1 / b) * (a + b).mean() / 4)[:, None]
    matrix = off.T @ off + TETHER * np.eye(len(pos))
    moved: FloatArray = solve(matrix, off.T @ (kept[:, None] * (off @ pos)) + TETHER * pos, assume_a="pos")
    return moved


def throughs(pos: FloatArray, edges: IntArray) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Neighbour, node, other neighbour ``(k,)`` where a thread runs through a junction, and its bend in degrees.

    Two edges at a node with three or more are one thread where each is the one most nearly opposite the other, and
    the bend is at most `LARGEST`.
    """
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
    bend = 180 - np.degrees(np.arccos(np.clip(least[keep], -1, 1)))
    return head[first], tail[first], head[second], bend
