"""The states that a frame takes in a slow test with driven grips: at each way of the grips a minimum of its energy.

Where a state ceases to be a minimum the frame jumps to another, as in a test, and what it had stored more is lost.
Newton's method on the energy; where the tangent is not positive definite, those of beams are made so (J. Teran et al.,
Proc. Symp. Comput. Animat. (2005) 181), and where the frame rests on a saddle it takes a step down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csc_array, diags_array

from simulate.mechanics.frame.equations import Equations, Factor, MechanismError, Response
from simulate.mechanics.frame.model import State
from simulate.mechanics.frame.path import MOST_TURN, TOLERANCE, Point
from structgen.seeds import generator
from structgen.web import FloatArray

#: Newton steps at one way of the grips before it is reached in two steps instead.
MOST_ITERATIONS = 150
#: Steps are halved to this share of the first before the test is given up.
SHORTEST = 1.0 / 64
#: Steps are halved where the curve bends so that the work under it falls short by more than this share of the energy.
#: They are not halved below this share of the first.
GAIN, FINEST = 1e-3, 1.0 / 8
#: Differences of energy below this share of it may be rounding.
ROUNDED = 1e-10
#: What is added to tangents made positive, over the diagonal at rest.
SHIFT = 1e-9
#: Iterations that find the way down from a saddle.
POWER = 60
#: A saddle is left by a step of this share of the mean length of beams.
ESCAPE = 1e-3


def settle(equations: Equations, steps: int = 50, tolerance: float = TOLERANCE, seed: int = 0) -> Iterator[Point]:
    """Stable points of equilibrium from rest to share 1, at ``steps`` shares or more; the first is that at rest.

    There are more points where the curve bends. Only for frames that are driven, not loaded by forces. The path ends
    early where no minimum is found. ``seed``: of the direction in which saddles are left.
    """
    if equations.load.any():
        raise ValueError("equations are loaded by forces, must be driven: follow takes forces")
    state = State.at_rest(equations.frame.pos)
    response = equations.respond(state, 0.0)
    assert response is not None
    here = Point(0.0, state, response, 0, 0)
    yield here
    search = _Search(equations, response, tolerance, seed)
    step = 1.0 / steps
    coarse: Point | None = None
    while here.share < 1 - 1e-12:
        share = 1.0 if here.share + step > 1 - 1e-9 else here.share + step
        found = search.minimum(here, share)
        if found is not None and _gained(here, found) > GAIN and step > FINEST / steps:
            coarse = found
            step /= 2
            continue
        # Right where a frame buckles minima are too flat to be found; a longer step passes by.
        found = found or coarse
        if found is None:
            step /= 2
            if step < SHORTEST / steps:
                return
            continue
        here, coarse = found, None
        yield here
        step = min(1.5 * step, 1.0 / steps)


def _gained(before: Point, after: Point) -> float:
    """The rise of energy that the work under a straight curve between two points does not pay for, over the energy."""
    rates = before.response.conjugate + after.response.conjugate
    gained = after.response.energy - before.response.energy - (after.share - before.share) * rates / 2
    return gained / max(after.response.energy, np.finfo(float).tiny)


class _Search:
    """Searches of minima."""

    def __init__(self, equations: Equations, rest: Response, tolerance: float, seed: int) -> None:
        self.equations, self.tolerance = equations, tolerance
        self.shift = SHIFT * diags_array(np.abs(equations.matrix(rest.values).diagonal()))
        self.random = generator(seed, 2)

    def minimum(self, start: Point, share: float) -> Point | None:
        """The minimum at ``share`` that steps down from the one at ``start`` lead to."""
        equations = self.equations
        ahead = share - start.share
        factor, _ = self._factor(start.state, start.response)
        step = -factor.solve(start.response.rate * ahead) if equations.size else np.zeros(0)
        state, response = self._first(start.state, step, ahead, share)
        for iteration in range(1, MOST_ITERATIONS + 1):
            if response is None:
                return None
            factor, saddle = self._factor(state, response)
            if not response.balanced(self.tolerance):
                lower = self._down(state, response, -factor.solve(response.residual), share)
                if lower is None:
                    return None
                state, response = lower
            elif not saddle:
                return Point(share, state, response, 0, iteration)
            else:
                state = equations.moved(state, self._way_down(response, factor), 0.0)
                response = equations.respond(state, share)
        return None

    def _first(self, state: State, step: FloatArray, ahead: float, share: float) -> tuple[State, Response | None]:
        """The state moved on by the grips, along the tangent if no angle changes too much."""
        turn = float(np.abs(self.equations.spread(step)[:, 3:]).max(initial=0.0))
        moved = self.equations.moved(state, step * min(1.0, MOST_TURN / max(turn, 1e-12)), ahead)
        return moved, self.equations.respond(moved, share)

    def _factor(self, state: State, response: Response) -> tuple[Factor, bool]:
        """The tangent factorised, made positive definite where it is not; whether it had to be."""
        with contextlib.suppress(MechanismError):
            factor = self.equations.factor(response.values)
            if not factor.negative:
                return factor, False
        found = self.equations.frame.respond(state, 2)
        assert found is not None
        values, vectors = np.linalg.eigh(found[2])
        positive = np.einsum("mab,mb,mcb->mac", vectors, np.maximum(values, 0.0), vectors)
        return Factor(csc_array(self.equations.matrix(self.equations.assembled(positive)) + self.shift)), True

    def _way_down(self, response: Response, factor: Factor) -> FloatArray:
        """A small step along which the energy falls, from the tangent and the ``factor`` of the one made positive."""
        tangent = self.equations.matrix(response.values)
        motion = self.random.normal(size=self.equations.size)
        for _ in range(POWER):
            motion = motion - factor.solve(tangent @ motion)
            motion /= np.abs(motion).max()
        return motion * ESCAPE * self.equations.frame.size

    def _down(self, state: State, response: Response, step: FloatArray, share: float) -> tuple[State, Response] | None:
        """A state further along ``step`` with less energy (Armijo), or with smaller forces where energies round."""
        slope = float(response.residual @ step)
        size = float(np.linalg.norm(response.residual))
        part = min(1.0, MOST_TURN / max(float(np.abs(self.equations.spread(step)[:, 3:]).max()), 1e-12))
        rounded = ROUNDED * abs(response.energy)
        while part > 1e-8:
            trial = self.equations.moved(state, part * step, 0.0)
            tried = self.equations.respond(trial, share)
            if tried is not None:
                gain = tried.energy - response.energy
                if gain <= 1e-4 * part * slope or (abs(gain) <= rounded and np.linalg.norm(tried.residual) < size):
                    return trial, tried
            part /= 2
        return None
