"""Where the next node lies: the nodes that it may grow from, the trials of its place, and the one that is taken."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.rows import DETOURS
from structgen.generators.stepping.around import FRAME
from structgen.generators.stepping.crossing import runs_through
from structgen.generators.stepping.state import Drawn, Floats, Integers

#: A node drawn outside the box by up to this many units is meant to lie on its face, as some of each web do.
GRAZE = 0.1


@compiled
def draw_parents(logit: Floats, place: int, uniform: Floats, parents: Integers) -> None:
    """``parents (B, M)``: places drawn by ``logit (B, place + 1)`` and ``uniform (B, M)`` numbers; the origin only for
    the first node.
    """
    first = 1 if place else 0
    share = np.empty(place + 1)
    for b in range(len(logit)):
        largest = -np.inf
        for t in range(first, place + 1):
            largest = max(largest, logit[b, t])
        total = 0.0
        for t in range(first, place + 1):
            total += math.exp(logit[b, t] - largest)
            share[t] = total
        for k in range(parents.shape[1]):
            t = first
            while t < place and share[t] < uniform[b, k] * total:
                t += 1
            parents[b, k] = t


@compiled
def tell_parents(
    rows: Integers, parents: Integers, planned: Floats, memory: Floats, pair: Floats, told: Floats
) -> None:
    """What is told of the places ``parents (R, M)`` in ``told (R, M, 2 W + e)``: the last node ``planned (B, W)``, the
    place in ``memory (B, T, ...)``, and the pair of both in ``pair (B, T, e)``.
    """
    width, edge_width = planned.shape[1], pair.shape[2]
    for r in range(len(rows)):
        b = rows[r]
        for k in range(parents.shape[1]):
            parent = parents[r, k]
            for c in range(width):
                told[r, k, c] = planned[b, c]
                told[r, k, width + c] = memory[b, parent, c]
            for c in range(edge_width):
                told[r, k, 2 * width + c] = pair[b, parent, c]


@compiled
def draw_places(
    web: Drawn, unit: Floats, rows: Integers, parents: Integers, logit: Floats, mixture: Floats, around: Floats,
    uniform: Floats, normal: Floats, point: Floats, off: Floats,
) -> None:  # fmt: skip
    """Trials of the next place, ``point (R, M, 3)`` in the box, and how far ``off (R, M)`` they were, in ``unit (B,)``.

    logit: ``(R, M, C)`` of the components, divided by their temperature.
    mixture: ``(R, M, C, 9)`` their means, logarithms of spread, and what is below the diagonal, see
        `nets_causal.Mixture`, in the frame that ``around (R, M, SURROUNDINGS)`` ends with.
    uniform, normal: random numbers ``(R, M)`` and ``(R, M, 3)``.
    """
    components = logit.shape[2]
    for r in range(len(rows)):
        b = rows[r]
        for k in range(parents.shape[1]):
            largest = -np.inf
            for c in range(components):
                largest = max(largest, logit[r, k, c])
            total = 0.0
            for c in range(components):
                total += math.exp(logit[r, k, c] - largest)
            c, share = 0, math.exp(logit[r, k, 0] - largest)
            while c < components - 1 and uniform[r, k] * total > share:
                c += 1
                share += math.exp(logit[r, k, c] - largest)
            z0 = normal[r, k, 0]
            z1 = normal[r, k, 1] - mixture[r, k, c, 6] * z0
            z2 = normal[r, k, 2] - mixture[r, k, c, 7] * z0 - mixture[r, k, c, 8] * z1
            x = mixture[r, k, c, 0] + math.exp(mixture[r, k, c, 3]) * z0
            y = mixture[r, k, c, 1] + math.exp(mixture[r, k, c, 4]) * z1
            z = mixture[r, k, c, 2] + math.exp(mixture[r, k, c, 5]) * z2
            away = 0.0
            for axis in range(3):
                frame = around[r, k, FRAME + axis], around[r, k, FRAME + 3 + axis], around[r, k, FRAME + 6 + axis]
                place = web.pos[b, parents[r, k], axis] + unit[b] * (frame[0] * x + frame[1] * y + frame[2] * z)
                inside = min(max(place, web.corners[b, 0, axis]), web.corners[b, 1, axis])
                away += (place - inside) ** 2
                point[r, k, axis] = inside
            off[r, k] = max(math.sqrt(away) / unit[b] - GRAZE, 0.0)


@compiled
def is_poor(web: Drawn, parents: Integers, point: Floats, off: Floats) -> Integers:
    """The webs whose first trial lies outside, or whose strut from it runs through another."""
    poor = [
        b
        for b in range(len(parents))
        if off[b, 0] > 0 or runs_through(web, b, point[b, 0, 0], point[b, 0, 1], point[b, 0, 2], parents[b, 0])
    ]
    return np.array(poor, np.int64)


@compiled
def choose_places(web: Drawn, rows: Integers, parents: Integers, point: Floats, off: Floats, chosen: Integers) -> None:
    """Of the trials the one, ``chosen (R,)``, that lies within and whose strut runs through no other; the nearest to
    the box where there is none.
    """
    for r in range(len(rows)):
        order = np.argsort(off[r] + 1e-9 * np.arange(off.shape[1]))
        chosen[r] = order[0]
        for trial in range(DETOURS):
            k = order[trial]
            if trial and off[r, k] > 0:
                break
            x, y, z = point[r, k, 0], point[r, k, 1], point[r, k, 2]
            if not runs_through(web, rows[r], x, y, z, parents[r, k]):
                chosen[r] = k
                break
