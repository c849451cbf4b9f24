"""The states that a frame takes in a slow test with driven grips: at each way of the grips a minimum of its energy.

Where a state ceases to be a minimum the frame jumps to another, as in a test, and what it had stored more is lost.
Newton's method on the energy, with the tangent shifted where it is not positive definite and a step along its softest
motion where it rests on a saddle (J. Nocedal, S. J. Wright, Numerical Optimization (2006), section 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import diags_array

from simulate.mechanics.frame.element import FloatArray
from simulate.mechanics.frame.equations import Equations, Factor, MechanismError, Response
from simulate.mechanics.frame.model import State
from simulate.mechanics.frame.path import MOST_TURN, TOLERANCE, Point
from structgen.seeds import generator

#: Newton steps at one way of the grips before it is reached in two steps instead.
MOST_ITERATIONS = 150
#: Steps are halved to this share of the first before the test is given up.
SHORTEST = 1.0 / 64
#: First shift of the tangent, over the diagonal at rest, how it grows while too small, and the largest.
SHIFT, RAISE, MOST_SHIFT = 0.03, 5.0, 1e4
#: A saddle is left by a step of this share of the mean length of beams.
ESCAPE = 1e-3


def settle(equations: Equations, steps: int = 50, tolerance: float = TOLERANCE, seed: int = 0) -> Iterator[Point]:
    """Stable points of equilibrium from rest to share 1, at ``steps`` shares or more; the first is that at rest.

    Only for frames that are driven, not loaded by forces. The path ends early where no minimum is found. ``seed``: of
    the direction in which saddles are left.
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
    while here.share < 1 - 1e-12:
        share = 1.0 if here.share + step > 1 - 1e-9 else here.share + step
        found = search.minimum(here, share)
        if found is None:
            step /= 2
            if step < SHORTEST / steps:
                return
            continue
        here = found
        yield here
        step = min(1.5 * step, 1.0 / steps)


class _Search:
    """Searches of minima, which remember what shift was needed last."""

    def __init__(self, equations: Equations, rest: Response, tolerance: float, seed: int) -> None:
        self.equations, self.tolerance = equations, tolerance
        self.diagonal = diags_array(np.abs(equations.matrix(rest.values).diagonal()))
        self.shift = SHIFT
        self.random = generator(seed, 2)

    def minimum(self, start: Point, share: float) -> Point | None:
        """The minimum at ``share`` that steps down from the one at ``start`` lead to."""
        equations = self.equations
        ahead = share - start.share
        factor, _ = self._factor(start.response)
        if factor is None:
            return None
        step = -factor.solve(start.response.rate * ahead) if equations.size else np.zeros(0)
        state, response = self._first(start.state, step, ahead, share)
        for iteration in range(1, MOST_ITERATIONS + 1):
            if response is None:
                return None
            factor, shifted = self._factor(response)
            if factor is None:
                return None
            if response.balanced(self.tolerance):
                if not shifted:
                    return Point(share, state, response, 0, iteration)
                state = equations.moved(state, self._softest(factor), 0.0)
                response = equations.respond(state, share)
                continue
            step = -factor.solve(response.residual)
            lower = self._down(state, response, step, share)
            if lower is None:
                return None
            state, response = lower
        return None

    def _first(self, state: State, step: FloatArray, ahead: float, share: float) -> tuple[State, Response | None]:
        """The state moved on by the grips, along the tangent if no angle changes too much."""
        turn = float(np.abs(self.equations.spread(step)[:, 3:]).max(initial=0.0))
        moved = self.equations.moved(state, step * min(1.0, MOST_TURN / max(turn, 1e-12)), ahead)
        return moved, self.equations.respond(moved, share)

    def _factor(self, response: Response) -> tuple[Factor | None, bool]:
        """The tangent factorised, shifted to be positive definite; whether it was shifted."""
        matrix = self.equations.matrix(response.values)
        shift, first = 0.0, True
        while shift <= MOST_SHIFT:
            try:
                factor = Factor(matrix + shift * self.diagonal if shift else matrix)
                if not factor.negative:
                    if shift:
                        self.shift = max(shift / RAISE, 1e-6)
                    return factor, shift > 0
            except (MechanismError, RuntimeError):
                pass
            shift = self.shift if first else shift * RAISE
            first = False
        return None, True

    def _softest(self, factor: Factor) -> FloatArray:
        """A small step along the softest motion of a shifted tangent."""
        motion = self.random.normal(size=self.equations.size)
        for _ in range(8):
            motion = factor.solve(self.diagonal @ motion)
            motion /= np.abs(motion).max()
        return motion * ESCAPE * self.equations.frame.size

    def _down(self, state: State, response: Response, step: FloatArray, share: float) -> tuple[State, Response] | None:
        """A state further along ``step`` with less energy (Armijo), or with smaller forces where energies round."""
        slope = float(response.residual @ step)
        size = float(np.linalg.norm(response.residual))
        part = min(1.0, MOST_TURN / max(float(np.abs(self.equations.spread(step)[:, 3:]).max()), 1e-12))
        rounded = 1e-13 * abs(response.energy)
        while part > 1e-8:
            trial = self.equations.moved(state, part * step, 0.0)
            tried = self.equations.respond(trial, share)
            if tried is not None:
                gain = tried.energy - response.energy
                if gain <= 1e-4 * part * slope or (abs(gain) <= rounded and np.linalg.norm(tried.residual) < size):
                    return trial, tried
            part /= 2
        return None
