"""Sparse symmetric systems of 3 by 3 blocks, a block a node, for nets so small that calls of a library cost more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray


class Pattern(NamedTuple):
    """Where blocks are: ``place (f,)``: turn in which each node is eliminated; the rest counts nodes by turn.

    ``later (f, w)``: for each the later ones that it has a block with, rising, the first ``many (f,)`` of a row;
    ``slot (f, f)``: number of the block of two of them, the lower first, diagonal blocks first.
    """

    place: IntArray
    later: IntArray
    many: IntArray
    slot: IntArray


@compiled
def pattern_of(f: int, ends: IntArray) -> Pattern:
    """Of ``f`` nodes with links ``ends (2, c)``, those below 0 left out; the node of fewest neighbours goes first."""
    linked = np.zeros((f, f), np.bool_)
    degree = np.zeros(f, np.int64)
    for e in range(ends.shape[1]):
        a, b = ends[0, e], ends[1, e]
        if a >= 0 and b >= 0 and a != b and not linked[a, b]:
            linked[a, b] = linked[b, a] = True
            degree[a] += 1
            degree[b] += 1
    place = np.full(f, -1, np.int64)
    later = np.full((f, max(f, 1)), -1, np.int64)
    many = np.zeros(f, np.int64)
    for turn in range(f):
        best = -1
        for v in range(f):
            if place[v] < 0 and (best < 0 or degree[v] < degree[best]):
                best = v
        place[best] = turn
        for v in range(f):
            if linked[best, v] and place[v] < 0:
                later[turn, many[turn]] = v
                many[turn] += 1
        for x in range(many[turn]):
            a = later[turn, x]
            degree[a] -= 1
            for b in later[turn, :x]:
                if not linked[a, b]:
                    linked[a, b] = linked[b, a] = True
                    degree[a] += 1
                    degree[b] += 1
    slot = np.full((f, f), -1, np.int64)
    filled = f
    for turn in range(f):
        slot[turn, turn] = turn
        row = later[turn, : many[turn]]
        for x in range(len(row)):
            row[x] = place[row[x]]
        row.sort()
        for other in row:
            slot[turn, other] = filled
            filled += 1
    return Pattern(place, later, many, slot)


@compiled
def solve(pattern: Pattern, block: FloatArray, right: FloatArray) -> bool:
    """Solve in place for ``right (f, 3)``, by turn; False where ``block (b, 3, 3)`` is not positive definite.

    Block by block as L D L^T, ``block`` is overwritten: on the diagonal by inverses.
    """
    _, later, many, slot = pattern
    f = len(many)
    factor, left = np.empty((3, 3)), np.empty(3)
    for k in range(f):
        if not _invert(block[k]):
            return False
        for x in range(many[k]):
            i = later[k, x]
            s = slot[k, i]
            for p in range(3):
                for q in range(3):
                    factor[p, q] = (
                        block[s, 0, p] * block[k, 0, q] + block[s, 1, p] * block[k, 1, q]
                        + block[s, 2, p] * block[k, 2, q]
                    )  # fmt: skip
                right[i, p] -= factor[p, 0] * right[k, 0] + factor[p, 1] * right[k, 1] + factor[p, 2] * right[k, 2]
            for y in range(x, many[k]):
                s, t = slot[k, later[k, y]], slot[i, later[k, y]]
                for p in range(3):
                    for q in range(3):
                        block[t, p, q] -= (
                            factor[p, 0] * block[s, 0, q]
                            + factor[p, 1] * block[s, 1, q]
                            + factor[p, 2] * block[s, 2, q]
                        )
    for k in range(f - 1, -1, -1):
        for x in range(many[k]):
            i = later[k, x]
            s = slot[k, i]
            for p in range(3):
                left[p] = block[s, p, 0] * right[i, 0] + block[s, p, 1] * right[i, 1] + block[s, p, 2] * right[i, 2]
            for p in range(3):
                right[k, p] -= left[p]
        for p in range(3):
            left[p] = block[k, p, 0] * right[k, 0] + block[k, p, 1] * right[k, 1] + block[k, p, 2] * right[k, 2]
        for p in range(3):
            right[k, p] = left[p]
    return True


@compiled
def _invert(a: FloatArray) -> bool:
    """Turn the symmetric ``a (3, 3)`` into its inverse; False where its determinant is not positive."""
    xx, xy = a[1, 1] * a[2, 2] - a[1, 2] ** 2, a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    xz, yy = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1], a[0, 0] * a[2, 2] - a[0, 2] ** 2
    yz, zz = a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2], a[0, 0] * a[1, 1] - a[0, 1] ** 2
    determinant = a[0, 0] * xx + a[0, 1] * xy + a[0, 2] * xz
    if not determinant > 0:
        return False
    a[0, 0], a[0, 1], a[0, 2] = xx / determinant, xy / determinant, xz / determinant
    a[1, 0], a[1, 1], a[1, 2] = xy / determinant, yy / determinant, yz / determinant
    a[2, 0], a[2, 1], a[2, 2] = xz / determinant, yz / determinant, zz / determinant
    return True
