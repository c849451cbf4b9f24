"""Linear systems of Newton steps, factorised."""

from __future__ import annotations

import numpy as np

from simulate.mechanics import fronts
from simulate.mechanics.kernels import FloatArray, IntArray


class Factors:
    """Symmetric positive definite systems of blocks, of nodes and of pairs of nodes, of one pattern.

    Arguments:
        pos: ``(n, d)`` positions of the nodes, from which the order of elimination follows; blocks are d by d.
        pairs: ``(2, m)`` numbers of the nodes of each pair, not the same; pairs with one that is -1 do not count.
    """

    def __init__(self, pos: FloatArray, pairs: IntArray) -> None:
        n, dim = pos.shape
        inner = np.flatnonzero((pairs >= 0).all(axis=0))
        here, there = np.concatenate([pairs[:, inner], pairs[::-1, inner]], axis=1)
        by_node = np.argsort(here, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(here, minlength=n))])
        near, thread = there[by_node], np.tile(inner, 2)[by_node]
        order, start, children = fronts.dissect(np.ascontiguousarray(pos), first, near)
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        begin, rows, offset, waiting = fronts.touched(order, place, start, children, first, near, dim)
        self._plan = fronts.Plan(order, place, start, children, begin, rows, offset, first, near, thread, dim)
        self._stack, self._factor = np.empty(waiting), np.empty(offset[-1])

    def factorise(self, diagonal: FloatArray, across: FloatArray) -> bool:
        """Factorise the matrix with blocks ``diagonal (n, d, d)`` of nodes and ``across (m, d, d)`` of pairs.

        Blocks are symmetric. False where it is not positive definite.
        """
        return bool(fronts.factorise(self._plan, diagonal, across, self._stack, self._factor))

    def solve(self, right: FloatArray) -> FloatArray:
        """``(n, d)`` solution for ``right (n, d)`` and the matrix that was factorised last."""
        solution = np.empty_like(right)
        fronts.solve(self._plan, self._factor, right, solution)
        return solution
