"""Paths of equilibrium: Newton's method at a given share of the load, and along the arc, past limits and through snaps.

Arc-length: E. Riks, Int. J. Solids Struct. 15 (1979) 529, with the normal plane of E. Ramm (1981).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulate.mechanics.frame.equations import Equations, Factor, MechanismError, Response
from simulate.mechanics.frame.model import State
from structgen.web import FloatArray

#: Largest force out of balance over the largest force in a beam.
TOLERANCE = 1e-8
#: Newton steps before a step is given up, and as many as a step of the right length takes.
MOST_ITERATIONS, USUAL_ITERATIONS = 12, 6
#: Largest change of an angle in one step, radians, and of the length of steps from one to the next.
MOST_TURN, GROWTH = 0.4, 1.5
#: Steps are shortened to this share of the first before the path is given up.
SHORTEST = 1e-6
#: Cosine of the largest turn of the path in a step, unless steps are as short as a share of the first.
STRAIGHT, SHARPEST = 0.8, 1e-3
#: The share may fall to this, as it does where a frame snaps, before the path is said to have turned back.
TURNED_BACK = -0.5


@dataclass(frozen=True, eq=False)
class Point:
    """A point of a path: its ``share`` of the load, ``state``, the frame's ``response``.

    ``negative``: directions in which it is not stable; ``iterations`` of Newton's method.
    """

    share: float
    state: State
    response: Response
    negative: int
    iterations: int


@dataclass(frozen=True, eq=False)
class _Solved:
    """A point with the factor of its tangent."""

    point: Point
    factor: Factor


def equilibrate(
    equations: Equations, share: float, state: State | None = None, at: float = 0.0, tolerance: float = TOLERANCE
) -> Point | None:
    """Equilibrium at ``share``, by Newton's method with line search from ``state``, which is one at share ``at``.

    None where it is not found.
    """
    start = State.at_rest(equations.frame.pos) if state is None else state
    response = equations.respond(start, at)
    if response is None:
        return None
    try:
        factor = equations.factor(response.values)
    except MechanismError:
        return None
    step = -factor.solve(response.residual + response.rate * (share - at))
    found = _newton(equations, equations.moved(start, step, share - at), share, tolerance)
    return None if found is None else found.point


def follow(
    equations: Equations, steps: int = 50, tolerance: float = TOLERANCE, most_points: int = 2000
) -> Iterator[Point]:
    """Points of equilibrium from rest to share 1, ``steps`` or more; the first is that at rest.

    Steps are short where the path bends. The path may pass shares above those of later points, where the load falls
    or snaps back. It ends early where ``most_points`` are reached, where it has turned back to `TURNED_BACK`, and where
    no further point is found: the last point tells. Raises `MechanismError` where the frame resists nothing.
    """
    state = State.at_rest(equations.frame.pos)
    response = equations.respond(state, 0.0)
    assert response is not None
    if not equations.size:
        yield from _driven(equations, steps)
        return
    here = _Solved(Point(0.0, state, response, 0, 0), equations.factor(response.values))
    yield here.point
    tangent, forward = _tangent(here, None, 1.0, 1.0)
    norm = max(float(np.linalg.norm(tangent / forward)), np.finfo(float).tiny)
    tangent, forward = _tangent(here, None, 1.0, norm)
    longest = 1.0 / (steps * forward)
    arc = longest
    count = 1
    while count < most_points and TURNED_BACK < here.point.share < 1 - 1e-12:
        arc = min(arc, _most(equations, tangent, forward, steps))
        over = here.point.share + arc * forward >= 1 - 1e-9
        if over:
            arc = (1 - here.point.share) / forward
        found = _advance(equations, here, tangent, forward, arc, norm, tolerance, over)
        if found is not None:
            ahead, onward = _tangent(found, tangent, forward, norm)
            # A sharp turn may be a jump back onto the path that was come along.
            if float(ahead @ tangent) / norm**2 + onward * forward < STRAIGHT and arc > SHARPEST * longest:
                found = None
        if found is None:
            arc /= 2
            if arc < SHORTEST * longest:
                return
            continue
        here, tangent, forward = found, ahead, onward
        yield here.point
        count += 1
        arc *= min(GROWTH, max(0.5, (USUAL_ITERATIONS / max(here.point.iterations, 1)) ** 0.5))


def _driven(equations: Equations, steps: int) -> Iterator[Point]:
    """The path of a frame all of whose nodes are held."""
    state = State.at_rest(equations.frame.pos)
    for share in np.linspace(0, 1, steps + 1):
        moved = equations.moved(state, np.zeros(0), float(share))
        response = equations.respond(moved, float(share))
        if response is None:
            return
        yield Point(float(share), moved, response, 0, 0)


def _most(equations: Equations, tangent: FloatArray, forward: float, steps: int) -> float:
    """The longest arc in which neither the share nor any angle changes too much."""
    angle = float(np.abs(equations.spread(tangent)[:, 3:]).max())
    return min(1 / (steps * max(abs(forward), 1e-9)), MOST_TURN / max(angle, 1e-12))


def _tangent(here: _Solved, before: FloatArray | None, before_forward: float, norm: float) -> tuple[FloatArray, float]:
    """Direction of the path, of unit length where displacements count over ``norm``, going on as it went before."""
    along = -here.factor.solve(here.point.response.rate)
    forward = 1 / np.sqrt(float(along @ along) / norm**2 + 1)
    if before is not None and float(before @ along) / norm**2 + before_forward < 0:
        forward = -forward
    return along * forward, float(forward)


def _advance(
    equations: Equations, here: _Solved, tangent: FloatArray, forward: float, arc: float, norm: float,
    tolerance: float, to_end: bool,
) -> _Solved | None:  # fmt: skip
    """The point an ``arc`` further on, in the plane normal to the tangent; at share 1 for ``to_end``."""
    share = 1.0 if to_end else here.point.share + arc * forward
    state = equations.moved(here.point.state, arc * tangent, share - here.point.share)
    if to_end:
        return _newton(equations, state, share, tolerance)
    first = np.inf
    for iteration in range(1, MOST_ITERATIONS + 1):
        response = equations.respond(state, share)
        if response is None or not response.error < max(1e3 * first, 1e3):
            return None
        try:
            factor = equations.factor(response.values)
        except MechanismError:
            return None
        if response.balanced(tolerance):
            return _Solved(Point(share, state, response, factor.negative, iteration), factor)
        first = min(first, response.error)
        both = factor.solve(np.column_stack([-response.residual, -response.rate]))
        slope = float(tangent @ both[:, 1]) / norm**2 + forward
        if slope == 0:
            return None
        change = -float(tangent @ both[:, 0]) / norm**2 / slope
        step = both[:, 0] + change * both[:, 1]
        if not np.abs(equations.spread(step)[:, 3:]).max() < 1:
            return None
        state = equations.moved(state, step, change)
        share += change
    return None


def _newton(equations: Equations, state: State, share: float, tolerance: float) -> _Solved | None:
    """Equilibrium at ``share``; a step is shortened until the residual falls."""
    response = equations.respond(state, share)
    for iteration in range(1, 4 * MOST_ITERATIONS + 1):
        if response is None:
            return None
        try:
            factor = equations.factor(response.values)
        except MechanismError:
            return None
        if response.balanced(tolerance):
            return _Solved(Point(share, state, response, factor.negative, iteration), factor)
        step = -factor.solve(response.residual)
        size = float(np.linalg.norm(response.residual))
        part = min(1.0, 2 * MOST_TURN / max(float(np.abs(equations.spread(step)[:, 3:]).max()), 1e-12))
        while part > 1e-4:
            trial = equations.moved(state, part * step, 0.0)
            tried = equations.respond(trial, share)
            if tried is not None and np.linalg.norm(tried.residual) < (1 - 1e-4 * part) * size:
                break
            part /= 2
        else:
            return None
        state, response = trial, tried
    return None
