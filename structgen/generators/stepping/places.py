"""Where the next node lies: the nodes that it may grow from, the trials of its place, and the one that is taken."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.stepping.around import FRAME
from structgen.generators.stepping.crossing import runs_through
from structgen.generators.stepping.state import Drawn, FloatArray, Floats, Integers

#: A node drawn outside the box by up to this many units is meant to lie on its face, as some of each web do.
GRAZE = 0.1


@compiled
def draw_parents(logit: Floats, place: int, uniform: Floats, parents: Integers) -> None:
    """``parents (B,)``: places drawn by ``logit (B, place + 1)`` and ``uniform (B,)`` numbers; the origin only for the
    first node.
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
        t = first
        while t < place and share[t] < uniform[b] * total:
            t += 1
        parents[b] = t


@compiled
def tell_parents(
    rows: Integers, parents: Integers, planned: Floats, memory: Floats, pair: Floats, told: Floats
) -> None:
    """What is told of the places ``parents (B,)`` of the webs ``rows (R,)`` in ``told (R, 2 W + e)``: the last node
    ``planned (B, W)``, the place in ``memory (B, T, W)``, and the pair of both in ``pair (B, T, e)``.
    """
    width = planned.shape[1]
    for r in range(len(rows)):
        b = rows[r]
        for c in range(width):
            told[r, c] = planned[b, c]
            told[r, width + c] = memory[b, parents[b], c]
        for c in range(pair.shape[2]):
            told[r, 2 * width + c] = pair[b, parents[b], c]


@compiled
def draw_places(
    web: Drawn, unit: Floats, rows: Integers, parents: Integers, logit: Floats, mixture: Floats, around: Floats,
    uniform: Floats, normal: Floats, point: Floats, off: Floats,
) -> None:  # fmt: skip
    """The next place, ``point (B, 3)``, of the webs ``rows (R,)``, grown from ``parents (B,)``: of those drawn the
    first that lies in the box and whose strut runs through no other; where there is none, that nearest to the box,
    brought in. Also how far ``off (B,)`` it was, in ``unit (B,)``.

    logit: ``(R, C)`` of the components, divided by their temperature.
    mixture: ``(R, C, 9)`` their means, logarithms of spread, and what is below the diagonal, see `nets_causal.Mixture`,
        in the frame that ``around (R, SURROUNDINGS)`` ends with.
    uniform, normal: random numbers ``(B, M)`` and ``(B, M, 3)`` for as many trials.
    """
    share, place, inside = np.empty(logit.shape[1]), np.empty(3), np.empty(3)
    for r in range(len(rows)):
        b = rows[r]
        largest, total = -np.inf, 0.0
        for c in range(len(share)):
            largest = max(largest, logit[r, c])
        for c in range(len(share)):
            total += math.exp(logit[r, c] - largest)
            share[c] = total
        least = np.inf
        for k in range(uniform.shape[1]):
            c = 0
            while c < len(share) - 1 and share[c] < uniform[b, k] * total:
                c += 1
            _draw(web, b, parents[b], unit[b], mixture[r, c], around[r], normal[b, k], place)
            away = 0.0
            for axis in range(3):
                inside[axis] = min(max(place[axis], web.corners[b, 0, axis]), web.corners[b, 1, axis])
                away += (place[axis] - inside[axis]) ** 2
            away = max(math.sqrt(away) / unit[b] - GRAZE, 0.0)
            clear = away == 0 and not runs_through(web, b, inside[0], inside[1], inside[2], parents[b])
            if away < least or clear:
                least = away
                point[b] = inside
            if clear:
                break
        off[b] = least


@compiled
def _draw(
    web: Drawn, b: int, parent: int, unit: float, component: Floats, around: Floats, normal: Floats, place: FloatArray
) -> None:
    """``place (3,)`` drawn from a normal distribution about a place of web ``b``."""
    z0 = normal[0]
    z1 = normal[1] - component[6] * z0
    z2 = normal[2] - component[7] * z0 - component[8] * z1
    x = component[0] + math.exp(component[3]) * z0
    y = component[1] + math.exp(component[4]) * z1
    z = component[2] + math.exp(component[5]) * z2
    for axis in range(3):
        along = around[FRAME + axis] * x + around[FRAME + 3 + axis] * y + around[FRAME + 6 + axis] * z
        place[axis] = web.pos[b, parent, axis] + unit * along
