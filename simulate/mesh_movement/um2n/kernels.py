"""Inner loops of the network where no gradient is wanted, compiled by numba: what torch does in a dozen passes over
arrays of all edges is done edge by edge, in the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])
Real = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Index = npt.NDArray[np.int32]
Cells = npt.NDArray[np.int64]


def compiled(function: F) -> F:
    """``function`` compiled on its first call, once on a machine; sums may be reordered, so that they are in lanes."""
    wrapped: Any = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})(function)
    return cast(F, wrapped)


@compiled
def sweep_logits(
    pointers: Index, sources: Index, points: Real, sizes: Real, load: Real, state: Real, edge: Real, out: Real,
    usual: float, slope: float,
) -> Real:  # fmt: skip
    """``(e,)`` logits of the edges in the order of their targets, see `Sweep`: ``out (s,)`` times the leaky rectifier,
    of ``slope`` below 0, of ``state (n, > 2 s)``, the first part at the target and the second at the source, and of
    the relative length less the ``usual`` and the rise of the load by ``edge (2, s)``."""
    slim = len(out)
    result = np.empty(len(sources), dtype=np.float32)
    below, middle = np.float32(slope), np.float32(usual)
    for i in range(len(pointers) - 1):
        for e in range(pointers[i], pointers[i + 1]):
            j = sources[e]
            x, y = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            length = np.sqrt(x * x + y * y) / sizes[i] - middle
            rise = load[j] - load[i]
            total = np.float32(0)
            for k in range(slim):
                hidden = state[i, k] + state[j, slim + k] + length * edge[0, k] + rise * edge[1, k]
                total += out[k] * max(hidden, below * hidden)
            result[e] = total
    return result


@compiled
def weighed_steps(pointers: Index, sources: Index, points: Real, weights: Real, stay: Real) -> Real:
    """``(n, 2)`` from each node to the mean of its neighbours by ``weights (e,)`` and itself by ``stay (n,)``."""
    result = np.empty((len(pointers) - 1, 2), dtype=np.float32)
    for i in range(len(pointers) - 1):
        x = y = np.float32(0)
        total = stay[i]
        for e in range(pointers[i], pointers[i + 1]):
            j = sources[e]
            x += weights[e] * (points[j, 0] - points[i, 0])
            y += weights[e] * (points[j, 1] - points[i, 1])
            total += weights[e]
        result[i, 0], result[i, 1] = x / total, y / total
    return result


@compiled
def shares(
    points: Wide, cells: Cells, parts: Wide, low: Wide, step: Wide, shape: tuple[int, int]
) -> tuple[Cells, Cells, Wide]:
    """What part of each cell is in which square of a grid, by samples at ``parts (q, 3)``, barycentric: where the
    entries of each cell begin ``(c + 1,)``, their squares, numbered row by row, and their shares."""
    p, q = shape
    begin = np.zeros(len(cells) + 1, dtype=np.int64)
    squares = np.empty(len(cells) * len(parts), dtype=np.int64)
    share = np.empty(len(squares))
    end = 0
    for c in range(len(cells)):
        first = end
        for part in range(len(parts)):
            x = y = 0.0
            for k in range(3):
                x += parts[part, k] * points[cells[c, k], 0]
                y += parts[part, k] * points[cells[c, k], 1]
            i = min(max(int((x - low[0]) / step[0]), 0), p - 1)
            j = min(max(int((y - low[1]) / step[1]), 0), q - 1)
            at = first
            while at < end and squares[at] != i * q + j:
                at += 1
            if at == end:
                squares[at], share[at] = i * q + j, 0.0
                end += 1
            share[at] += 1 / len(parts)
        begin[c + 1] = end
    return begin, squares[:end].copy(), share[:end].copy()
