"""What lies around a node that a web may grow from: see `surroundings`."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.batches import CATEGORIES
from structgen.generators.nets_causal import NEAREST, NEIGHBOURS
from structgen.generators.stepping.state import Booleans, Drawn, FloatArray, Floats, Integers
from structgen.generators.surroundings import FAR, SKEW

#: Those around that are told of, and where what is told of them begins.
TOLD = NEIGHBOURS + NEAREST
DIRECTIONS, THERE, DEGREES, SILK = 3 * TOLD, 6 * TOLD, 7 * TOLD, 8 * TOLD
SECOND = SILK + CATEGORIES * NEIGHBOURS
MARKS = SECOND + NEAREST
ROOM = MARKS + 12
FRAME = ROOM + 6


@compiled
def tell_around(web: Drawn, place: int, unit: Floats, rows: Integers, parents: Integers, told: Floats) -> None:
    """``told (R, SURROUNDINGS)`` of the places ``parents (B,)`` of the webs ``rows (R,)``, as of ``place``."""
    chosen = np.empty(TOLD, np.int64)
    towards, marks = np.zeros((TOLD, 3)), np.zeros((4, 3))
    second = np.zeros(place + 1, np.bool_)
    for r in range(len(rows)):
        b = rows[r]
        scale, parent = unit[b], parents[b]
        told[r, :] = 0.0
        _choose(web, b, parent, place, chosen, second)
        for c in range(TOLD):
            for axis in range(3):
                away = 0.0
                if chosen[c] >= 0:
                    away = (web.pos[b, chosen[c], axis] - web.pos[b, parent, axis]) / scale
                told[r, 3 * c + axis] = away
            length = math.sqrt(told[r, 3 * c] ** 2 + told[r, 3 * c + 1] ** 2 + told[r, 3 * c + 2] ** 2 + 1e-12)
            for axis in range(3):
                towards[c, axis] = told[r, 3 * c + axis] / length
        _frame(towards, told[r, FRAME:])
        for axis in range(3):
            here = web.pos[b, parent, axis]
            marks[0, axis] = -here / scale
            marks[1, axis] = (web.pos[b, min(place, 1), axis] - here) / scale
            marks[2, axis] = (web.pos[b, place, axis] - here) / scale
            marks[3, axis] = web.pull[b, parent, axis]
        for c in range(TOLD):
            x, y, z = _turned(told[r], told[r, 3 * c], told[r, 3 * c + 1], told[r, 3 * c + 2])
            square = x * x + y * y + z * z
            near, one = 1 + math.sqrt(square) / FAR, math.sqrt(square + 1e-12)
            told[r, 3 * c], told[r, 3 * c + 1], told[r, 3 * c + 2] = x / near, y / near, z / near
            at = DIRECTIONS + 3 * c
            told[r, at], told[r, at + 1], told[r, at + 2] = x / one, y / one, z / one
            if chosen[c] >= 0:
                told[r, THERE + c] = 1.0
                told[r, DEGREES + c] = web.degree[b, chosen[c]] / 4
                if c >= NEIGHBOURS and second[chosen[c]]:
                    told[r, SECOND + c - NEIGHBOURS] = 1.0
            if c < NEIGHBOURS:
                category = web.kind[b, parent, chosen[c]] if chosen[c] >= 0 else 0
                told[r, SILK + CATEGORIES * c + category] = 1.0
        for c in range(4):
            x, y, z = _turned(told[r], marks[c, 0], marks[c, 1], marks[c, 2])
            near, at = 1 + math.sqrt(x * x + y * y + z * z) / FAR, MARKS + 3 * c
            told[r, at], told[r, at + 1], told[r, at + 2] = x / near, y / near, z / near
        for way in range(6):
            room = np.inf
            for axis in range(3):
                along = told[r, FRAME + 3 * (way % 3) + axis] * (1.0 if way < 3 else -1.0)
                here = web.pos[b, parent, axis]
                free = web.half[b, axis] - here if along > 0 else web.half[b, axis] + here
                room = min(room, max(free, 0.0) / max(abs(along), 1e-3))
            told[r, ROOM + way] = math.log(1 + min(max(room / scale, 0.0), 50.0))


@compiled
def _choose(web: Drawn, b: int, parent: int, place: int, chosen: Integers, second: Booleans) -> None:
    """The latest neighbours of a place, ascending, and the nearest others, -1 where there are none; and which are
    neighbours of its neighbours (``second``).
    """
    chosen[:] = -1
    second[:] = False
    count = 0
    for t in range(place, 0, -1):
        if t != parent and web.kind[b, parent, t] > 0:
            if count < NEIGHBOURS:
                chosen[count] = t
            count += 1
            for u in range(1, place + 1):
                if u != parent and web.kind[b, t, u] > 0 and web.kind[b, parent, u] == 0:
                    second[u] = True
    some = min(count, NEIGHBOURS)
    for c in range(some // 2):
        chosen[c], chosen[some - 1 - c] = chosen[some - 1 - c], chosen[c]
    near = np.full(NEAREST, np.inf)
    for t in range(1, place + 1):
        if t != parent and web.kind[b, parent, t] == 0:
            far = 0.0
            for axis in range(3):
                far += (web.pos[b, t, axis] - web.pos[b, parent, axis]) ** 2
            c = NEAREST - 1
            if far < near[c]:
                while c > 0 and near[c - 1] > far:
                    near[c], chosen[NEIGHBOURS + c] = near[c - 1], chosen[NEIGHBOURS + c - 1]
                    c -= 1
                near[c], chosen[NEIGHBOURS + c] = far, t


@compiled
def _frame(towards: FloatArray, frame: Floats) -> None:
    """Nine numbers of three axes, by rows, see `surroundings._frame`, from unit vectors ``towards (TOLD, 3)``."""
    t, none = towards, True
    for c in range(NEIGHBOURS):
        none = none and t[c, 0] == 0 and t[c, 1] == 0 and t[c, 2] == 0
    x, y, z = (1.0, 0.0, 0.0) if none else (t[0, 0], t[0, 1], t[0, 2])
    best, sine_of_best = -np.inf, 0.0
    u, v, w = 0.0, 0.0, 0.0
    for c in range(TOLD):
        along = t[c, 0] * x + t[c, 1] * y + t[c, 2] * z
        p, q, s = t[c, 0] - along * x, t[c, 1] - along * y, t[c, 2] - along * z
        sine = math.sqrt(p * p + q * q + s * s)
        merit = sine + ((TOLD - c) if sine > SKEW else 0)
        if merit > best:
            best, sine_of_best = merit, sine
            u, v, w = p, q, s
    if none:
        u, v, w = 0.0, 1.0, 0.0
    elif sine_of_best <= 0.01:
        # Of the axes of space the one that is most nearly at right angles.
        a, b, c = abs(x), abs(y), abs(z)
        i = 0 if a <= b and a <= c else (1 if b <= c else 2)
        along = x if i == 0 else (y if i == 1 else z)
        u, v, w = -along * x, -along * y, -along * z
        if i == 0:
            u += 1
        elif i == 1:
            v += 1
        else:
            w += 1
    length = math.sqrt(u * u + v * v + w * w)
    u, v, w = u / length, v / length, w / length
    frame[0], frame[1], frame[2] = x, y, z
    frame[3], frame[4], frame[5] = u, v, w
    frame[6], frame[7], frame[8] = y * w - z * v, z * u - x * w, x * v - y * u


@compiled
def _turned(told: Floats, x: float, y: float, z: float) -> tuple[float, float, float]:
    """x, y, z in the frame that ``told`` ends with."""
    return (
        told[FRAME] * x + told[FRAME + 1] * y + told[FRAME + 2] * z,
        told[FRAME + 3] * x + told[FRAME + 4] * y + told[FRAME + 5] * z,
        told[FRAME + 6] * x + told[FRAME + 7] * y + told[FRAME + 8] * z,
    )
