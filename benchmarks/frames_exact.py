"""Exact columns, cantilevers and rods in a plane, for `frames.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, fsolve
from scipy.special import ellipeinc, ellipkinc

FloatArray = np.ndarray


def fixed_and_pinned() -> float:
    """The least root of tan(x) = x above 0."""
    return float(brentq(lambda x: np.sin(x) - x * np.cos(x), 4.0, 4.6))


def tip(force: float) -> tuple[float, float]:
    """Place of the tip over the length, for a force in EI / L^2; inextensible."""

    def length(angle: float) -> tuple[float, float, float]:
        p = np.sqrt((1 + np.sin(angle)) / 2)
        start = np.arcsin(1 / (p * np.sqrt(2)))
        return float(ellipkinc(np.pi / 2, p**2) - ellipkinc(start, p**2)), p, start

    angle = brentq(lambda a: length(a)[0] - np.sqrt(force), 1e-3, np.pi / 2 - 1e-6)
    _, p, start = length(angle)
    aside = 1 - 2 / np.sqrt(force) * (ellipeinc(np.pi / 2, p**2) - ellipeinc(start, p**2))
    return float(np.sqrt(2 * np.sin(angle) / force)), float(aside)


def rod(start: Any, force: Any, length: float, bending: float, stretching: float, curvature: float = 0.0) -> FloatArray:
    """End (x, y, angle, moment) of a rod from ``start`` whose cuts carry ``force``: bends and stretches, exactly."""

    def slopes(_: float, state: FloatArray) -> list[float]:
        angle, moment = state[2], state[3]
        along = np.array([np.cos(angle), np.sin(angle)])
        stretch = 1 + along @ force / stretching
        return [
            *(stretch * along),
            curvature + moment / bending,
            -stretch * (along[0] * force[1] - along[1] * force[0]),
        ]

    return np.asarray(solve_ivp(slopes, (0, length), start, rtol=1e-10, atol=1e-10).y[:, -1])


def exact_lee(side: float, bending: float, stretching: float) -> dict[str, float]:
    """The first greatest and the least load of Lee's frame, an exact rod from the foot up and along."""

    def miss(unknown: FloatArray) -> FloatArray:
        # How the foot turns, force in the member there, load.
        turn, force, load = unknown[0], unknown[1:3], unknown[3]
        state = rod([0, 0, np.pi / 2 + turn, 0.0], force, side, bending, stretching)
        state[2] -= np.pi / 2
        state = rod(state, force, side / 5, bending, stretching)
        state = rod(state, force + np.array([0, load]), 4 * side / 5, bending, stretching)
        return np.asarray(state[[0, 1, 3]] - [side, side, 0])

    # Along the path by secants: none of the unknowns rises all the way.
    path = [np.zeros(4), np.array([0.02, -0.010, -0.132, 0.152])]
    while path[-1][0] > -1.6:
        way = path[-1] - path[-2]
        way /= np.linalg.norm(way)
        ahead = path[-1] + 0.05 * way
        found, _, good, why = fsolve(
            lambda z, a=ahead, w=way: np.append(miss(z), 100 * w @ (z - a)), ahead, xtol=1e-11, full_output=True
        )
        if good != 1:
            raise SystemExit(f"no exact rod: {why}")
        path.append(found)
    loads = np.array(path)[:, 3]
    places = np.arange(len(loads), dtype=float)
    return {
        "limit load": extreme(places, loads, int(loads[: len(loads) // 2].argmax())),
        "least load after": extreme(places, loads, int(loads.argmin())),
    }


def extreme(x: FloatArray, y: FloatArray, at: int) -> float:
    """The extreme of the parabola through the points around ``at``."""
    rows = slice(at - 1, at + 2)
    fit = np.polyfit(x[rows] - x[at], y[rows], 2)
    return float(np.polyval(fit, -fit[1] / (2 * fit[0])))
