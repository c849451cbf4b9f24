"""What the next node is joined to, and the web with it."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.rows import CERTAIN, DETOURS, TINY
from structgen.generators.stepping.crossing import runs_through
from structgen.generators.stepping.state import Drawn, Floats, Integers


@compiled
def draw_row(noisy: Floats, parent: int, plan: int, row: Floats) -> None:
    """Log-odds ``row (T,)``, > 0 for an edge, from ``noisy (T,)``: with the edge to ``parent``, and beside it none, one
    or at least two as ``plan`` has it.

    Where they fall short of the plan the best are taken, where only one is to be the best.
    """
    first, second = 0, 0
    for t in range(len(noisy)):
        row[t] = -CERTAIN if t in (0, parent) else noisy[t]  # the origin is no node
        if t and (not first or row[t] > row[first]):
            first, second = t, first
        elif t and (not second or row[t] > row[second]):
            second = t
    for t in range(len(noisy)):
        if plan == 0 or (plan == 1 and t != first):
            row[t] = min(row[t], -TINY)
    least = min(plan, len(noisy) - 2)
    if least > 0:
        row[first] = max(row[first], TINY)
    if least > 1:
        row[second] = max(row[second], TINY)
    row[parent] = CERTAIN
    row[0] = -CERTAIN


@compiled
def clear_row(web: Drawn, b: int, point: Floats, noisy: Floats, parent: int, plan: int, row: Floats) -> None:
    """`draw_row` of a node at ``point (3,)``, without struts that run through others: the next best do instead."""
    for _ in range(DETOURS):
        draw_row(noisy, parent, plan, row)
        clear = True
        for t in range(1, len(row)):
            if row[t] > 0 and t != parent and runs_through(web, b, point[0], point[1], point[2], t):
                noisy[t] = row[t] = -CERTAIN
                clear = False
        if clear:
            return


@compiled
def draw_edges(
    web: Drawn, place: int, point: Floats, parent: Integers, plan: Integers, out: Floats, edge_noise: Floats,
    kind_noise: Floats, given: Integers, known: Integers, openness: float, score: Floats, silk: Integers, thick: Floats,
) -> None:  # fmt: skip
    """The next node, at ``point (B, 3)``, and its edges, added to the webs; and in the row of the node, of ``score``,
    ``silk`` and ``thick (B, T, T)``, its log-odds, silk kinds and log radii.

    out: ``(B, place + 1, 1 + 2 kinds)``, see `nets_causal.CausalGraphTransformer.edges`.
    edge_noise, kind_noise: ``(B, T)`` and ``(B, T, kinds)``.
    given, known: ``(B, T)`` categories of the pairs of the first ``known (B,)`` nodes.
    openness: what the log-odds of edges that close a triangle are lowered by.
    """
    kinds, new = (out.shape[2] - 1) // 2, place + 1
    noisy, row = np.empty(place + 1, np.float32), np.empty(place + 1, np.float32)
    for b in range(len(point)):
        for t in range(place + 1):
            noisy[t] = out[b, t, 0] + edge_noise[b, t]
            if web.kind[b, parent[b], t] > 0:
                noisy[t] -= openness
            best = 0
            for k in range(1, kinds):
                if out[b, t, 1 + k] + kind_noise[b, t, k] > out[b, t, 1 + best] + kind_noise[b, t, best]:
                    best = k
            silk[b, new, t] = best
            thick[b, new, t] = out[b, t, 1 + kinds + best]
        if place < known[b]:
            for t in range(place + 1):
                row[t] = CERTAIN if given[b, t] > 0 else -CERTAIN
                silk[b, new, t] = given[b, t] - 1
        else:
            clear_row(web, b, point[b], noisy, parent[b], plan[b], row)
        web.parent[b, new] = parent[b]
        for axis in range(3):
            x = point[b, axis]
            web.pos[b, new, axis] = x
            web.seen[b, 0, axis], web.seen[b, 1, axis] = min(web.seen[b, 0, axis], x), max(web.seen[b, 1, axis], x)
        for t in range(place + 1):
            score[b, new, t] = row[t]
            if row[t] > 0:
                _lay(web, b, t, new, silk[b, new, t] + 1, thick[b, new, t])


@compiled
def _lay(web: Drawn, b: int, t: int, new: int, category: int, radius: float) -> None:
    """The edge from the place ``t`` to the ``new`` one."""
    web.kind[b, new, t] = web.kind[b, t, new] = category
    web.radius[b, new, t] = web.radius[b, t, new] = radius
    web.struts[b, web.laid[b], 0], web.struts[b, web.laid[b], 1] = t, new
    web.laid[b] += 1
    web.degree[b, t] += 1
    web.degree[b, new] += 1
    pos = web.pos[b]
    x, y, z = pos[new, 0] - pos[t, 0], pos[new, 1] - pos[t, 1], pos[new, 2] - pos[t, 2]
    square = x * x + y * y + z * z
    web.edges[b] += 1
    web.thread[b] += math.sqrt(square)
    length = math.sqrt(square + 1e-12)
    u = (x / length, y / length, z / length)
    for axis in range(3):
        web.pull[b, t, axis] += u[axis]
        web.pull[b, new, axis] -= u[axis]
    squares = (u[0] * u[0], u[1] * u[1], u[2] * u[2], u[0] * u[1], u[0] * u[2], u[1] * u[2])
    for k in range(6):
        web.moment[b, t, k] += squares[k]
        web.moment[b, new, k] += squares[k]
