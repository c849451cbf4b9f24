"""Cholesky's factor of block matrices by dense fronts: order of elimination, factor, solution, compiled by numba.

Nodes are halved by a plane or a sphere that cuts few threads, each half again, and so on; the nodes between halves are
eliminated after both: A. George, SIAM J. Numer. Anal. 10 (1973) 345. What is eliminated together is a front, a dense
matrix of its own nodes and of those not yet eliminated that they touch: I. S. Duff, J. K. Reid, ACM Trans. Math.
Softw. 9 (1983) 302. In fronts memory is walked row by row, which is most of the speed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.mechanics.kernels import FloatArray, IntArray
from structgen.compiled import compiled

#: Parts of so many nodes are not halved any more.
LEAF = 12
#: Rows of a front that are eliminated before the others are updated by all of them; `_subtract` is written for 8.
PANEL = 8
#: Rows are filled up with zeros to a multiple of so many numbers, which a processor works on at a time.
LANES = 8


class Plan(NamedTuple):
    """In which order ``n`` nodes are eliminated, in ``f`` fronts, the children of a front right before it.

    ``order (n,)``: nodes as they are eliminated, and ``place (n,)``, its inverse. ``start (f + 1,)``: first place of
    each front. ``children (f,)``: how many. ``rows``: places of the other nodes that a front touches, those of front
    ``s`` from ``begin[s]`` to ``begin[s + 1]``. ``offset (f + 1,)``: where the rows of a front lie in the factor.
    ``first (n + 1,)``, ``near``, ``thread``: neighbours of each node, and by which thread. ``dim``: size of blocks.
    """

    order: IntArray
    place: IntArray
    start: IntArray
    children: IntArray
    begin: IntArray
    rows: IntArray
    offset: IntArray
    first: IntArray
    near: IntArray
    thread: IntArray
    dim: int


@compiled
def filled_up(size: int) -> int:
    """``size`` or the next multiple of `LANES`."""
    return (size + LANES - 1) // LANES * LANES


@compiled
def dissect(pos: FloatArray, first: IntArray, near: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """``order``, ``start`` and ``children`` of `Plan` for nodes at ``pos (n, d)``."""
    n, dim = pos.shape
    order = np.arange(n)
    side_of = np.full(n, -1)
    low, high, above = np.empty(2 * n + 1, np.int64), np.empty(2 * n + 1, np.int64), np.empty(2 * n + 1, np.int64)
    # Parts of `order` yet to be halved, and the front that is eliminated right after them; halves halve: few wait.
    waiting = np.empty((130, 3), np.int64)
    waiting[0, 0], waiting[0, 1], waiting[0, 2] = 0, n, -1
    left, count, stamp = 1, 0, 0
    while left > 0:
        left -= 1
        a, b, parent = waiting[left]
        if b - a <= LEAF:
            low[count], high[count], above[count] = a, b, parent
            count += 1
            continue
        part = order[a:b].copy()
        half = (b - a) // 2
        # Halves along an axis, or within and beyond a distance from the middle: where the fewest nodes go between.
        mine, touches, total = part, np.zeros(b - a, np.bool_), np.full(2, b - a)
        for x in range(dim + 1):
            if x < dim:
                key = pos[part, x]
            else:
                key = np.zeros(b - a)
                for y in range(dim):
                    key += (pos[part, y] - pos[part, y].mean()) ** 2
            tried = part[np.argsort(key, kind="mergesort")]
            for k in range(b - a):
                side_of[tried[k]] = stamp + (k >= half)
            # Nodes of either half that touch the other; the fewer go between.
            touching, counted = np.zeros(b - a, np.bool_), np.zeros(2, np.int64)
            for k in range(b - a):
                side = side_of[tried[k]] - stamp
                for at in range(first[tried[k]], first[tried[k] + 1]):
                    if side_of[near[at]] == stamp + 1 - side:
                        touching[k] = True
                        counted[side] += 1
                        break
            if counted.min() < total.min():
                mine, touches, total = tried, touching, counted
        for k in range(b - a):
            side_of[mine[k]] = stamp + (k >= half)
        between = 0 if total[0] <= total[1] else 1
        middle = a + half - (total[0] if between == 0 else 0)
        end = b - total[between]
        ahead, behind, apart = a, middle, end
        for k in range(b - a):
            side = side_of[mine[k]] - stamp
            if touches[k] and side == between:
                order[apart] = mine[k]
                apart += 1
            elif side == 0:
                order[ahead] = mine[k]
                ahead += 1
            else:
                order[behind] = mine[k]
                behind += 1
        side_of[order[end:b]] = -1
        stamp += 2
        if end < b:
            low[count], high[count], above[count] = end, b, parent
            parent = count
            count += 1
        for c, d in ((a, middle), (middle, end)):
            if d > c:
                waiting[left, 0], waiting[left, 1], waiting[left, 2] = c, d, parent
                left += 1
    # Parents were found before their children; they are eliminated after them.
    result = np.empty(n, np.int64)
    start, children = np.zeros(count + 1, np.int64), np.zeros(count, np.int64)
    for s in range(count):
        k = count - 1 - s
        start[s + 1] = start[s] + high[k] - low[k]
        result[start[s] : start[s + 1]] = order[low[k] : high[k]]
        if above[k] >= 0:
            children[count - 1 - above[k]] += 1
    return result, start, children


@compiled
def touched(
    order: IntArray, place: IntArray, start: IntArray, children: IntArray, first: IntArray, near: IntArray, dim: int
) -> tuple[IntArray, IntArray, IntArray, int]:
    """``begin``, ``rows`` and ``offset`` of `Plan`, and the most numbers that wait to be added to later fronts."""
    n, count = len(order), len(children)
    begin, rows = np.zeros(count + 1, np.int64), np.empty(8 * n + 16, np.int64)
    offset = np.zeros(count + 1, np.int64)
    seen = np.full(n, -1)
    found, waiting = np.empty(n, np.int64), np.empty(count, np.int64)
    left, height, most = 0, 0, 0
    for s in range(count):
        end, size = start[s + 1], 0
        for p in range(start[s], end):
            for at in range(first[order[p]], first[order[p] + 1]):
                q = place[near[at]]
                if q >= end and seen[q] != s:
                    seen[q] = s
                    found[size] = q
                    size += 1
        before = height
        for child in waiting[left - children[s] : left]:
            rest = dim * (begin[child + 1] - begin[child])
            height -= rest * filled_up(rest)
            for q in rows[begin[child] : begin[child + 1]]:
                if q >= end and seen[q] != s:
                    seen[q] = s
                    found[size] = q
                    size += 1
        own, rest = dim * (end - start[s]), dim * size
        most = max(most, before + rest * filled_up(rest))
        height += rest * filled_up(rest)
        offset[s + 1] = offset[s] + own * filled_up(own + filled_up(rest))
        begin[s + 1] = begin[s] + size
        if begin[s + 1] > len(rows):
            more = np.empty(2 * begin[s + 1], np.int64)
            more[: begin[s]] = rows[: begin[s]]
            rows = more
        rows[begin[s] : begin[s + 1]] = np.sort(found[:size])
        left -= children[s]
        waiting[left] = s
        left += 1
    return begin, rows[: begin[count]].copy(), offset, most


@compiled
def factorise(plan: Plan, diagonal: FloatArray, across: FloatArray, stack: FloatArray, factor: FloatArray) -> bool:
    """Fill ``factor`` with the rows of the fronts, U in A = U^T U; False if A is not positive definite.

    ``diagonal (n, d, d)``: blocks of the nodes; ``across (m, d, d)``: of pairs of them, symmetric each.
    ``stack``: room for what waits to be added to later fronts.
    """
    dim = plan.dim
    local, columns = np.empty(len(plan.order), np.int64), np.empty(dim * len(plan.order), np.int64)
    waiting, where = np.empty(len(plan.children), np.int64), np.empty(len(plan.children) + 1, np.int64)
    left, height = 0, 0
    for s in range(len(plan.children)):
        a, b = plan.start[s], plan.start[s + 1]
        others = plan.rows[plan.begin[s] : plan.begin[s + 1]]
        own, rest = (b - a) * dim, len(others) * dim
        stride, width = filled_up(rest), filled_up(own + filled_up(rest))
        for p in range(a, b):
            local[p] = (p - a) * dim
        for k in range(len(others)):
            local[others[k]] = own + k * dim
        # Rows of the front's own nodes, and the triangle that is left for the others.
        front = factor[plan.offset[s] : plan.offset[s + 1]].reshape(own, width)
        front[:] = 0.0
        for r in range(rest):
            for y in range(height + r * stride + r - r % LANES, height + (r + 1) * stride):
                stack[np.uint64(y)] = 0.0
        for p in range(a, b):
            node = plan.order[p]
            r = local[p]
            for x in range(dim):
                for y in range(dim):
                    front[r + x, r + y] = diagonal[node, x, y]
            for at in range(plan.first[node], plan.first[node + 1]):
                q = plan.place[plan.near[at]]
                if q > p:
                    c = local[q]
                    for x in range(dim):
                        for y in range(dim):
                            front[r + x, c + y] += across[plan.thread[at], x, y]
        bottom = height
        left -= plan.children[s]
        for k in range(left, left + plan.children[s]):
            child = waiting[k]
            bottom = min(bottom, where[child])
            size = 0
            for q in plan.rows[plan.begin[child] : plan.begin[child + 1]]:
                for x in range(dim):
                    columns[size] = local[q] + x
                    size += 1
            _add(stack, where[child], columns[:size], own, factor, plan.offset[s], width, height, stride)
        if not _eliminate(factor, plan.offset[s], own, rest, stack, height):
            return False
        if bottom < height:
            for r in range(rest):
                target, source = np.uint64(bottom + r * (stride + 1)), np.uint64(height + r * (stride + 1))
                for y in range(np.uint64(rest - r)):
                    stack[target + y] = stack[source + y]
        waiting[left], where[s] = s, bottom
        left += 1
        height = bottom + rest * stride
    return True


@compiled
def _add(
    stack: FloatArray, at: int, columns: IntArray, own: int, factor: FloatArray, to: int, width: int, height: int,
    stride: int,
) -> None:  # fmt: skip
    """Add the triangle at ``stack[at]`` to a front at ``factor[to]`` and its triangle at ``stack[height]``.

    ``columns``: those of the front that rows of the triangle become; the first ``own`` are those of its own nodes.
    ``width`` and ``stride``: how far rows of the front and of its triangle are apart.
    """
    size = len(columns)
    for r in range(size):
        column, source = columns[r], np.uint64(at + r * filled_up(size))
        if column < own:
            row = np.uint64(to + column * width)
            for y in range(r, size):
                factor[row + np.uint64(columns[y])] += stack[source + np.uint64(y)]
        else:
            row = np.uint64(height + (column - own) * stride)
            for y in range(r, size):
                stack[row + np.uint64(columns[y] - own)] += stack[source + np.uint64(y)]


@compiled
def _eliminate(factor: FloatArray, at: int, own: int, rest: int, stack: FloatArray, height: int) -> bool:
    """Eliminate ``own`` rows of a front at ``factor[at]`` from themselves and from its triangle at ``stack[height]``.

    Returns whether all pivots are > 0.
    """
    stride = filled_up(rest)
    width = filled_up(own + stride)
    for a in range(0, own, PANEL):
        b = min(a + PANEL, own)
        for r in range(a, b):
            # Loops here and not in functions: on each call numba counts who holds the arrays, which takes longer.
            skipped = r - r % LANES
            row, size = np.uint64(at + r * width + skipped), np.uint64(width - skipped)
            for k in range(a, r):
                above = np.uint64(at + k * width + skipped)
                share = factor[at + k * width + r]
                for y in range(size):
                    factor[row + y] -= share * factor[above + y]
            pivot = factor[at + r * width + r]
            if not pivot > 0:
                return False
            share = 1 / np.sqrt(pivot)
            for y in range(size):
                factor[row + y] *= share
        _subtract(factor, at, width, b, own, factor, at + a * width, width, b - a)
        _subtract(stack, height, stride, 0, rest, factor, at + a * width + own, width, b - a)
    return True


@compiled
def _subtract(
    target: FloatArray, to: int, stride: int, first: int, last: int, panel: FloatArray, at: int, width: int, rows: int
) -> None:
    """Subtract from rows ``first`` to ``last`` of a triangle the products of the ``rows`` of a panel, at most `PANEL`.

    Rows of the triangle begin at ``target[to]`` and every ``stride``, those of the panel at ``panel[at]`` and every
    ``width``. Row r is worked on from the multiple of `LANES` before its diagonal on: what is left of it is not used.
    Indices without sign are never counted from the end: only so the compiler vectorises.
    """
    step = np.uint64(width)
    for r in range(first, last):
        skipped = r - r % LANES
        t = np.uint64(to + r * stride + skipped)
        r0 = np.uint64(at + skipped)
        shares = np.uint64(at + r)
        r1 = r0 + step if rows > 1 else r0
        r2 = r1 + step if rows > 2 else r0
        r3 = r2 + step if rows > 3 else r0
        r4 = r3 + step if rows > 4 else r0
        r5 = r4 + step if rows > 5 else r0
        r6 = r5 + step if rows > 6 else r0
        r7 = r6 + step if rows > 7 else r0
        a = panel[shares]
        b = panel[shares + step] if rows > 1 else 0.0
        c = panel[shares + 2 * step] if rows > 2 else 0.0
        d = panel[shares + 3 * step] if rows > 3 else 0.0
        e = panel[shares + 4 * step] if rows > 4 else 0.0
        f = panel[shares + 5 * step] if rows > 5 else 0.0
        g = panel[shares + 6 * step] if rows > 6 else 0.0
        h = panel[shares + 7 * step] if rows > 7 else 0.0
        for y in range(np.uint64(stride - skipped)):
            target[t + y] -= (
                a * panel[r0 + y] + b * panel[r1 + y] + c * panel[r2 + y] + d * panel[r3 + y]
                + e * panel[r4 + y] + f * panel[r5 + y] + g * panel[r6 + y] + h * panel[r7 + y]
            )  # fmt: skip


@compiled
def solve(plan: Plan, factor: FloatArray, right: FloatArray, solution: FloatArray) -> None:
    """Fill ``solution (n, d)`` of A x = ``right (n, d)``."""
    dim = plan.dim
    sorted_ = right[plan.order]
    flat = sorted_.reshape(-1)
    part = np.empty(len(flat))
    for s in range(len(plan.children)):
        a, own = plan.start[s] * dim, (plan.start[s + 1] - plan.start[s]) * dim
        others = plan.rows[plan.begin[s] : plan.begin[s + 1]]
        width, filled = own + len(others) * dim, filled_up(own + filled_up(len(others) * dim))
        front = factor[plan.offset[s] : plan.offset[s + 1]].reshape(own, filled)
        part[:own] = flat[a : a + own]
        part[own:width] = 0.0
        for p in range(own):
            share = part[p] / front[p, p]
            part[p] = share
            source, target = front[p, p + 1 : width], part[p + 1 : width]
            for y in range(len(source)):
                target[y] -= share * source[y]
        flat[a : a + own] = part[:own]
        for k in range(len(others)):
            for x in range(dim):
                flat[others[k] * dim + x] += part[own + k * dim + x]
    for s in range(len(plan.children) - 1, -1, -1):
        a, own = plan.start[s] * dim, (plan.start[s + 1] - plan.start[s]) * dim
        others = plan.rows[plan.begin[s] : plan.begin[s + 1]]
        width, filled = own + len(others) * dim, filled_up(own + filled_up(len(others) * dim))
        front = factor[plan.offset[s] : plan.offset[s + 1]].reshape(own, filled)
        for k in range(len(others)):
            for x in range(dim):
                part[own + k * dim + x] = flat[others[k] * dim + x]
        for p in range(own - 1, -1, -1):
            row, known = front[p, p + 1 : width], part[p + 1 : width]
            # Four sums at a time do not wait for each other.
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for y in range(len(row) // 4):
                s0 += row[4 * y] * known[4 * y]
                s1 += row[4 * y + 1] * known[4 * y + 1]
                s2 += row[4 * y + 2] * known[4 * y + 2]
                s3 += row[4 * y + 3] * known[4 * y + 3]
            for y in range(len(row) // 4 * 4, len(row)):
                s0 += row[y] * known[y]
            part[p] = (flat[a + p] - (s0 + s1 + s2 + s3)) / front[p, p]
        flat[a : a + own] = part[:own]
    solution[plan.order] = sorted_
