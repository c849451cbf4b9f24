"""Inner loops of the background grid, compiled by numba: the Neumann problem and the relaxation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.kernels import compiled
from simulate.mesh_movement.um2n.kernels import Index


class Layout(NamedTuple):
    """A grid of ``shape`` (p, q) as the loops see it.

    Attributes:
        low, step: ``(2,)`` its corner, and a square.
        number: ``(p, q)`` of the squares of the domain, -1 of others; nearest: ``(p, q)`` that, of others the nearest.
        squares: ``(g, 2)`` where each is in the grid; volumes: ``(g,)``.
        order: ``(g,)`` row of each square in the matrix of the Neumann problem; factor: ``(g, b + 1)`` its Cholesky
            factor, a column a row: one over the diagonal, then what is below to the end of the band.
    """

    low: FloatArray
    step: FloatArray
    number: IntArray
    nearest: IntArray
    squares: IntArray
    volumes: FloatArray
    order: IntArray
    factor: FloatArray


@compiled
def linked_squares(layout: Layout) -> tuple[Index, Index]:
    """The squares that share a side with each, ascending: where those of each begin ``(g + 1,)``, and the squares."""
    number = layout.number
    p, q = number.shape
    pointers, found = (
        np.zeros(len(layout.squares) + 1, dtype=np.int32),
        np.empty(4 * len(layout.squares), dtype=np.int32),
    )
    end = 0
    for s in range(len(layout.squares)):
        for di, dj in ((-1, 0), (0, -1), (0, 1), (1, 0)):
            i, j = layout.squares[s, 0] + di, layout.squares[s, 1] + dj
            if 0 <= i < p and 0 <= j < q and number[i, j] >= 0:
                found[end] = number[i, j]
                end += 1
        pointers[s + 1] = end
    return pointers, found[:end].copy()


@compiled
def centred(layout: Layout, values: FloatArray) -> FloatArray:
    """``values (g,)`` less their mean over the domain."""
    total = whole = 0.0
    for s in range(len(values)):
        total += values[s] * layout.volumes[s]
        whole += layout.volumes[s]
    return values - total / whole


@compiled
def potential(layout: Layout, load: FloatArray) -> FloatArray:
    """``(g,)`` psi of -laplacian psi = ``load (g,)`` less its mean, no flux through the boundary."""
    factor, order = layout.factor, layout.order
    g, reach = len(factor), factor.shape[1] - 1
    x, even = np.empty(g), centred(layout, load)
    for s in range(g):
        x[order[s]] = even[s] * layout.volumes[s]
    for j in range(g):
        column, below = factor[j], x[j : j + reach + 1]
        value = below[0] * column[0]
        below[0] = value
        for k in range(1, len(below)):
            below[k] -= value * column[k]
    for j in range(g - 1, -1, -1):
        column, below = factor[j], x[j : j + reach + 1]
        value = below[0]
        for k in range(1, len(below)):
            value -= below[k] * column[k]
        below[0] = value * column[0]
    result = np.empty(g)
    for s in range(g):
        result[s] = x[order[s]]
    return result


@compiled
def gradient(layout: Layout, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slopes of ``values (g,)`` over the sides along x ``(p + 1, q)`` and y ``(p, q + 1)``, zero on the boundary."""
    number, step = layout.number, layout.step
    p, q = number.shape
    x, y = np.zeros((p + 1, q)), np.zeros((p, q + 1))
    for s in range(len(values)):
        i, j = layout.squares[s]
        if i + 1 < p and number[i + 1, j] >= 0:
            x[i + 1, j] = (values[number[i + 1, j]] - values[s]) / step[0]
        if j + 1 < q and number[i, j + 1] >= 0:
            y[i, j + 1] = (values[number[i, j + 1]] - values[s]) / step[1]
    return x, y


@compiled
def at_squares(layout: Layout, x: FloatArray, y: FloatArray) -> FloatArray:
    """``(g, 2)`` means of the two sides of each square along ``x`` and along ``y``."""
    result = np.empty((len(layout.squares), 2))
    for s in range(len(result)):
        i, j = layout.squares[s]
        result[s, 0], result[s, 1] = (x[i, j] + x[i + 1, j]) / 2, (y[i, j] + y[i, j + 1]) / 2
    return result


@compiled
def second_derivatives(layout: Layout, x: FloatArray, y: FloatArray) -> FloatArray:
    """``(g, 3)`` second derivatives xx, yy, xy of the potential whose gradient on the sides is ``x``, ``y``."""
    step = layout.step
    p, q = layout.number.shape
    result = np.empty((len(layout.squares), 3))
    for s in range(len(result)):
        i, j = layout.squares[s]
        # Differences of the squares before and after, on the border to the one next to it.
        a, b = max(j - 1, 0), min(j + 1, q - 1)
        up = (x[i, b] + x[i + 1, b] - x[i, a] - x[i + 1, a]) / (b - a)
        a, b = max(i - 1, 0), min(i + 1, p - 1)
        across = (y[b, j] + y[b, j + 1] - y[a, j] - y[a, j + 1]) / (b - a)
        result[s, 0] = (x[i + 1, j] - x[i, j]) / step[0]
        result[s, 1] = (y[i, j + 1] - y[i, j]) / step[1]
        result[s, 2] = (up / step[1] + across / step[0]) / 4
    return result


@compiled
def between(x: float, last: int) -> tuple[int, float]:
    """The entry before ``x`` of an axis whose entries are 0..``last``, and how far ``x`` is on its way to the next;
    places beyond the ends count as the ends."""
    x = min(max(x, 0.0), float(last))
    i = min(int(x), last - 1)
    return i, x - i


@compiled
def value_at(layout: Layout, values: FloatArray, x: float, y: float) -> float:
    """What ``values (g,)`` at the squares are at a place, bilinear; beyond the domain those of the nearest square."""
    nearest = layout.nearest
    p, q = nearest.shape
    i, f = between((x - layout.low[0]) / layout.step[0] - 0.5, p - 1)
    j, g = between((y - layout.low[1]) / layout.step[1] - 0.5, q - 1)
    before = (1 - g) * values[nearest[i, j]] + g * values[nearest[i, j + 1]]
    after = (1 - g) * values[nearest[i + 1, j]] + g * values[nearest[i + 1, j + 1]]
    result: float = (1 - f) * before + f * after
    return result


@compiled
def step_of(
    layout: Layout, residual: FloatArray, most: float, change: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The step of the relaxation that ``residual (g,)`` asks for: ``most`` of the full one, less where second
    derivatives would change by more than ``change``. Its potential ``(g,)``, its second derivatives ``(g, 3)`` and its
    gradient ``(g, 2)`` at the squares."""
    found = potential(layout, residual)
    x, y = gradient(layout, found)
    second = second_derivatives(layout, x, y)
    steepest = 0.0
    for s in range(len(second)):
        steepest = max(steepest, second[s, 0] ** 2 + second[s, 1] ** 2 + 2 * second[s, 2] ** 2)
    share = min(most, change / max(np.sqrt(steepest), 2.0**-1022))
    return share * found, share * second, share * at_squares(layout, x, y)


@compiled
def relaxation(
    layout: Layout, level: FloatArray, steps: int, most: float, change: float, least: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """See `simulate.mesh_movement.um2n.fields.relaxed`: the best potential, the first step, the residual of the best,
    the step it asks for, and the determinant of the map, at least ``least``; all ``(g,)``."""
    g = len(level)
    psi, first, second, moved = np.zeros(g), np.zeros(g), np.zeros((g, 3)), np.zeros((g, 2))
    best = (psi, first, psi, psi, psi)
    smallest = np.inf
    for turn in range(steps + 1):
        determinant, residual = np.empty(g), np.empty(g)
        for s in range(g):
            i, j = layout.squares[s]
            x = layout.low[0] + (i + 0.5) * layout.step[0] + moved[s, 0]
            y = layout.low[1] + (j + 0.5) * layout.step[1] + moved[s, 1]
            determinant[s] = max((1 + second[s, 0]) * (1 + second[s, 1]) - second[s, 2] ** 2, least)
            residual[s] = value_at(layout, level, x, y) + np.log(determinant[s])
        residual = centred(layout, residual)
        size = 0.0
        for s in range(g):
            size += residual[s] ** 2 * layout.volumes[s]
        found, bent, way = step_of(layout, residual, most, change)
        if turn == 0:
            first = found
        if size < smallest:
            best, smallest = (psi, first, residual, found, determinant), size
        psi, second, moved = psi + found, second + bent, moved + way
    return best
