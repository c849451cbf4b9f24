"""A net of threads that carry tension only, geometrically exact, in equilibrium between nodes that are held.

The energy is convex: laws never soften (`Law`), threads do not push. So there is one equilibrium, and Newton's method with
a line search finds it from anywhere. Units: mm, N, MPa, mJ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulate.mechanics import kernels
from simulate.mechanics.kernels import FloatArray, IntArray
from simulate.mechanics.law import Law
from simulate.mechanics.linear import Factors, norm

BoolArray = npt.NDArray[np.bool_]

#: Strain over which the corner of a thread that goes slack is rounded.
ROUNDING = 1e-3
#: Tension that keeps slack parts from floating, over modulus times area.
HOLD = 1e-5
#: Largest force out of balance at a node, over the largest tension in the net.
TOLERANCE = 1e-4
#: Strain at which the stiffest thread has the tension below which a net counts as slack: residuals are over no less.
SLACK = 1e-3
#: Newton steps before an equilibrium is given up.
MOST_STEPS = 600


@dataclass(frozen=True)
class Equilibrium:
    """How an equilibrium was reached.

    ``residual``: see `CableNet.residual`; ``converged``: whether it is small enough.
    """

    residual: float
    converged: bool
    steps: int


class CableNet:
    """The state of a net: where its nodes are, which threads are whole.

    Arguments:
        pos: ``(n, d)`` positions, mm, d = 2 or 3.
        ends: ``(2, m)`` node numbers of the threads.
        rest: ``(m,)`` lengths at rest, mm, > 0.
        area: ``(m,)`` cross-sections at rest, mm^2, > 0.
        laws, law: the different laws, and ``(m,)`` which one each thread follows.
        held: ``(n,)`` mask of the nodes that are held.
    """

    def __init__(
        self, pos: FloatArray, ends: IntArray, rest: FloatArray, area: FloatArray,
        laws: Sequence[Law], law: IntArray, held: BoolArray, rounding: float = ROUNDING,
    ) -> None:  # fmt: skip
        self.pos = np.array(pos, float)
        self.ends, self.rest, self.area, self.law = (np.ascontiguousarray(a) for a in (ends, rest, area, law))
        self.held = held
        self.n, self.dim = self.pos.shape
        self.m = len(self.rest)
        self.tables = kernels.tables(laws, rounding)
        stiff = np.array([one.modulus for one in laws])[self.law] * self.area
        self.hold, self.slack_tension = HOLD * stiff, SLACK * float(stiff.max())
        self.breaks_at = np.array([one.break_strain for one in laws])[self.law]
        self.alive = np.ones(self.m, bool)
        self.free = np.where(held, -1, np.cumsum(~held) - 1)
        self.unknowns = np.flatnonzero(~held)
        self.gradient, self._image = np.zeros((self.n, self.dim)), np.zeros((self.n, self.dim))
        self.strain, self.tension, self.slope = np.zeros(self.m), np.zeros(self.m), np.zeros(self.m)
        self.energy = 0.0
        self.newton_steps = 0
        self._diagonal, self._across, indices, indptr = kernels.pattern(self.ends, self.free, self.dim)
        self._values = np.zeros(len(indices))
        self.factors = Factors(indices, indptr)
        self.respond()

    # -- state ---------------------------------------------------------------------------------

    def respond(self) -> None:
        """Energy, gradient, strains and tensions where the nodes are now."""
        self.energy = kernels.forces(
            self.pos, self.ends, self.rest, self.area, self.law, self.tables, self.hold, self.alive,
            self.gradient, self.strain, self.tension, self.slope,
        )  # fmt: skip

    @property
    def residual(self) -> float:
        """Largest net force at a free node over the largest tension; over that at a strain of `SLACK`, if it is less."""
        scale = max(float(self.tension.max(initial=0.0)), self.slack_tension)
        return norm(self.gradient[self.unknowns]) / scale

    @property
    def worst(self) -> FloatArray:
        """``(m,)`` strain of each thread over that at which it breaks; 0 for those that are gone."""
        share: FloatArray = np.where(self.alive, self.strain / self.breaks_at, 0.0)
        return share

    def equilibrate(self, tolerance: float = TOLERANCE) -> Equilibrium:
        """Move the free nodes to equilibrium."""
        residual = self.residual
        for step in range(MOST_STEPS):
            if residual <= tolerance:
                return Equilibrium(residual, True, step)
            self._stiffness()
            right = -self.gradient[self.unknowns].ravel()
            # No more exact than the step: the residual falls quadratically at best.
            move = self.factors.solve(self._values, right, min(0.1, max(0.1 * residual, 0.1 * tolerance / residual)))
            if not self._search(move.reshape(-1, self.dim)):
                return Equilibrium(residual, False, step)
            self.newton_steps += 1
            residual = self.residual
        return Equilibrium(residual, False, MOST_STEPS)

    def drive(self, velocity: FloatArray) -> FloatArray:
        """``(n, d)`` motion of all nodes, to first order, while those held move with ``velocity (n, d)``."""
        motion = np.where(self.held[:, None], velocity, 0.0)
        kernels.stretched(
            self.pos, self.ends, self.rest, self.hold, self.alive, self.tension, self.slope, motion, self._image
        )
        if not self.factors.ready:
            self._stiffness()
            self.factors.factorise(self._values)
        motion[self.unknowns] = self.factors.last(-self._image[self.unknowns].ravel()).reshape(-1, self.dim)
        return motion

    # -- threads that go -----------------------------------------------------------------------

    def cut(self, threads: IntArray) -> IntArray:
        """Take ``threads`` out, and those that then carry nothing: loose ends, parts that no held node holds.

        Returns the others that went.
        """
        self.alive[threads] = False
        before = self.alive.copy()
        self._drop_floating()
        self._drop_loose_ends()
        self.respond()
        return np.flatnonzero(before & ~self.alive)

    def parts(self) -> IntArray:
        """``(n,)`` number of the part of the net that each node belongs to."""
        i, j = self.ends[:, self.alive]
        graph = coo_array((np.ones(len(i), np.int8), (i, j)), shape=(self.n, self.n))
        label: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
        return label

    def _drop_floating(self) -> None:
        label = self.parts()
        holds = np.zeros(int(label.max()) + 1, bool)
        holds[label[self.held]] = True
        self.alive &= holds[label[self.ends[0]]]

    def _drop_loose_ends(self) -> None:
        while True:
            degree = np.bincount(self.ends[:, self.alive].ravel(), minlength=self.n)
            loose = (degree == 1) & ~self.held
            going = self.alive & loose[self.ends].any(axis=0)
            if not going.any():
                return
            self.alive[going] = False

    # -- steps ---------------------------------------------------------------------------------

    def _stiffness(self) -> None:
        kernels.stiffness(
            self.pos, self.ends, self.rest, self.hold, self.alive, self.tension, self.slope,
            self.free, self._diagonal, self._across, self._values,
        )  # fmt: skip

    def _search(self, move: FloatArray) -> bool:
        """Go along ``move`` to where the energy falls no more, or nearly; whether it fell at all.

        Slopes are compared, not energies, whose differences drown in rounding near the equilibrium. Since the energy is
        convex, it is lower wherever it still falls.
        """
        start = self.pos[self.unknowns]
        falling = float((self.gradient[self.unknowns] * move).sum())
        if not falling < 0:
            return False
        low, high = 0.0, np.inf
        at_low, at_high = falling, np.nan
        share = 1.0
        for _ in range(60):
            self.pos[self.unknowns] = start + share * move
            self.respond()
            rising = float((self.gradient[self.unknowns] * move).sum())
            # Still falling after a whole step is no reason to go farther.
            if rising <= 0.5 * abs(falling) and (rising >= -0.5 * abs(falling) or share >= 1):
                return True
            if rising < 0:
                low, at_low = share, rising
            else:
                high, at_high = share, rising
            share = low + (high - low) * float(np.clip(-at_low / (at_high - at_low), 0.1, 0.9))
        return False
