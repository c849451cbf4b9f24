"""Inner loops over the edges and cells of a mesh, compiled by numba: what torch and NumPy do in a dozen passes is done
edge by edge, in the cache."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulate.mesh_movement.kernels import compiled

Real = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Index = npt.NDArray[np.int32]
Cells = npt.NDArray[np.int64]
#: Zeros, as many as something has entries: unlike a number the length of a tuple is known to the compiler, which then
#: computes short loops in lanes.
Count = tuple[int, ...]


@compiled
def exp32(x: np.float32) -> np.float32:
    """The exponential of 32 bits, within 2e-7, as polynomial and power of two (S. L. Moshier, Cephes): unlike a call of
    the C library it is computed in lanes."""
    x = min(max(x, np.float32(-87)), np.float32(88))
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    # ln 2 in two parts, so that nothing is lost.
    r = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    series = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    series = series * r + np.float32(8.3334519073e-3)
    series = series * r + np.float32(4.1665795894e-2)
    series = series * r + np.float32(1.6666665459e-1)
    series = series * r + np.float32(5.0000001201e-1)
    bits = (np.int32(power) + np.int32(127)) << np.int32(23)
    result: np.float32 = (series * r * r + r + np.float32(1)) * np.int32(bits).view(np.float32)
    return result


@compiled
def bounded_exp32(x: np.float32, limit: np.float32) -> np.float32:
    """exp of ``x`` kept within +-``limit`` by tanh, tanh y = 1 - 2 / (exp 2 y + 1)."""
    one, two = np.float32(1), np.float32(2)
    return exp32(limit - two * limit / (exp32(two / limit * x) + one))


@compiled
def attracted(
    pointers: Index, sources: Index, points: Real, sizes: Real, load: Real, state: Real, parts: Real, shift: float,
    stay: float, usual: float, leak: float, limit: float, slim: Count,
) -> Real:  # fmt: skip
    """``(n, 2)`` from each node to the mean of its neighbours and itself by weights that are `bounded_exp32` of logits,
    see `Sweep`; edges in the order of targets.

    The logit of an edge is ``shift`` and a leaky rectifier, of slope ``leak`` below 0, times the last of
    ``parts (5, s)``; it is of ``state (n, 2 s + 1)``, the first part at the target and the second at the source, and of
    the other parts times 1, the length over ``sizes (n,)`` less the ``usual``, and the ``load (n,)`` of target and
    source. That of staying is the last of the state and ``stay`` times the load. ``slim`` is the `Count` of s.
    """
    s = len(slim)
    weights = np.empty(len(sources), dtype=np.float32)
    below, middle, added, bound = np.float32(leak), np.float32(usual), np.float32(shift), np.float32(limit)
    for i in range(len(pointers) - 1):
        for e in range(pointers[i], pointers[i + 1]):
            j = sources[e]
            x, y = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            length = np.sqrt(x * x + y * y) / sizes[i] - middle
            total = added
            for k in range(s):
                hidden = state[i, k] + state[j, s + k] + parts[0, k] + length * parts[1, k]
                hidden += load[i] * parts[2, k] + load[j] * parts[3, k]
                total += parts[4, k] * max(hidden, below * hidden)
            weights[e] = total
    for e in range(len(weights)):
        weights[e] = bounded_exp32(weights[e], bound)
    result, own, more = np.empty((len(pointers) - 1, 2), dtype=np.float32), state[:, 2 * s].copy(), np.float32(stay)
    for i in range(len(own)):
        own[i] = bounded_exp32(own[i] + more * load[i], bound)
    for i in range(len(own)):
        x = y = np.float32(0)
        total = own[i]
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
    end, one = 0, 1 / len(parts)
    for c in range(len(cells)):
        first = end
        a, b, d = points[cells[c, 0]], points[cells[c, 1]], points[cells[c, 2]]
        for part in range(len(parts)):
            u, v, w = parts[part, 0], parts[part, 1], parts[part, 2]
            x, y = u * a[0] + v * b[0] + w * d[0], u * a[1] + v * b[1] + w * d[1]
            i = min(max(int((x - low[0]) / step[0]), 0), p - 1)
            j = min(max(int((y - low[1]) / step[1]), 0), q - 1)
            at = first
            while at < end and squares[at] != i * q + j:
                at += 1
            if at == end:
                squares[at], share[at] = i * q + j, 0.0
                end += 1
            share[at] += one
        begin[c + 1] = end
    return begin, squares[:end], share[:end]


@compiled
def linked(cells: Cells, neighbours: Cells, n: int) -> tuple[Index, Index]:
    """The nodes that share an edge of ``cells (c, 3)`` with each of ``n`` nodes, ascending: where those of each begin
    ``(n + 1,)``, and the nodes. ``neighbours (c, 3)`` is the cell beyond the edge opposite to each corner."""
    pointers = np.zeros(n + 1, dtype=np.int32)
    for c in range(len(cells)):
        for k in range(3):
            if neighbours[c, k] < c:
                pointers[cells[c, (k + 1) % 3] + 1] += 1
                pointers[cells[c, (k + 2) % 3] + 1] += 1
    for i in range(n):
        pointers[i + 1] += pointers[i]
    nodes, end = np.empty(pointers[n], dtype=np.int32), pointers[:-1].copy()
    for c in range(len(cells)):
        for k in range(3):
            if neighbours[c, k] < c:
                i, j = cells[c, (k + 1) % 3], cells[c, (k + 2) % 3]
                for here, there in ((i, j), (j, i)):
                    at = end[here]
                    while at > pointers[here] and nodes[at - 1] > there:
                        nodes[at] = nodes[at - 1]
                        at -= 1
                    nodes[at] = there
                    end[here] += 1
    return pointers, nodes


@compiled
def relative_loads(points: Real, cells: Cells, monitor: Real, reference: Real, least: float) -> Real:
    """``(c,)`` mean of ``monitor (n,)`` over the corners of each cell times its determinant over ``reference (c,)``, at
    ``least`` that share; all over their mean, weighed by the reference."""
    result = np.empty(len(cells), dtype=np.float32)
    whole = total = 0.0
    for c in range(len(cells)):
        i, j, k = cells[c, 0], cells[c, 1], cells[c, 2]
        x, y = points[i, 0], points[i, 1]
        jacobian = (points[j, 0] - x) * (points[k, 1] - y) - (points[j, 1] - y) * (points[k, 0] - x)
        ratio = max(jacobian / reference[c], np.float32(least))
        result[c] = (monitor[i] + monitor[j] + monitor[k]) * ratio
        total += result[c] * reference[c]
        whole += reference[c]
    result *= np.float32(whole / total)
    return result


@compiled
def placed(points: Real, turn: Wide, middle: Wide, low: Wide, high: Wide) -> Wide:
    """``points (n, 2)`` times the transpose of ``turn (2, 2)`` and plus ``middle (2,)``, kept between ``low (2,)`` and
    ``high (2,)``."""
    result = np.empty(points.shape)
    for n in range(len(points)):
        for axis in range(2):
            x = points[n, 0] * turn[axis, 0] + points[n, 1] * turn[axis, 1] + middle[axis]
            result[n, axis] = min(max(x, low[axis]), high[axis])
    return result
