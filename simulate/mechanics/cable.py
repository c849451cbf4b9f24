"""A net of threads that carry tension only, geometrically exact, in equilibrium between nodes that are held.

The energy is convex: laws never soften (`Law`), threads do not push. So there is one equilibrium, and Newton's method
with a line search finds it from anywhere. Units: mm, N, MPa, mJ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from simulate.mechanics import kernels
from simulate.mechanics.kernels import FloatArray, IntArray
from simulate.mechanics.law import Law
from simulate.mechanics.linear import Factors

BoolArray = npt.NDArray[np.bool_]

#: Strain over which the corner of a thread that goes slack is rounded, at most, see `kernels.tables`.
ROUNDING = 1e-3
#: Tension that keeps slack parts from floating, over that at break or, if that is less, modulus times area.
HOLD = 1e-4
#: Largest force out of balance at a node, over the largest tension in the net.
TOLERANCE = 1e-4
#: Residuals are over the largest tension, but over no less than this share of the greatest that a thread can carry.
SLACK = 0.1
#: Nodes of a net in which parts out of balance settle by themselves before all do.
LARGE = 5_000
#: Such a part reaches so many threads around the nodes out of balance.
NEAR = 6
#: After so many Newton steps an equilibrium is looked for under so many times `HOLD` first, up to such a residual: many
#: threads go slack, and the less stiffness is left, the shorter are steps.
PATIENCE, HELD_MORE, ROUGH = 20, (100.0, 10.0), 0.01
#: Newton steps before an equilibrium is given up.
MOST_STEPS = 600
#: Whole steps without a search, at most, under so many times `HOLD` and then under it, see `CableNet._leap`.
MOST_LEAPS, LEAPS_HELD_MORE = 60, 30.0


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
        # Tension at break, or at a strain of 1 as at the start, if that is less: rubber stiffens late.
        firm = np.array([min(one.strength, one.modulus) for one in laws])[law] * area
        #: Energy that all threads can take together, mJ.
        self.capacity = float((np.array([one.toughness for one in laws])[law] * area * rest).sum())
        breaks_at = np.array([one.break_strain for one in laws])[law]
        self._start(pos, ends, rest, area, law, held, kernels.tables(laws, rounding), firm, breaks_at)

    def _start(
        self, pos: FloatArray, ends: IntArray, rest: FloatArray, area: FloatArray, law: IntArray, held: BoolArray,
        tables: kernels.Laws, firm: FloatArray, breaks_at: FloatArray,
    ) -> None:  # fmt: skip
        self.pos = np.array(pos, float)
        self.ends: IntArray = np.ascontiguousarray(ends)
        self.rest: FloatArray = np.ascontiguousarray(rest)
        self.area: FloatArray = np.ascontiguousarray(area)
        self.law: IntArray = np.ascontiguousarray(law)
        self.held, self.tables, self.firm, self.breaks_at = held, tables, firm, breaks_at
        self.n, self.dim = self.pos.shape
        self.m = len(self.rest)
        self.hold, self.slack_tension = HOLD * firm, SLACK * float(firm.max())
        self.alive = np.ones(self.m, bool)
        self.free = np.where(held, -1, np.cumsum(~held) - 1)
        self.unknowns = np.flatnonzero(~held)
        self.gradient = np.zeros((self.n, self.dim))
        self.strain, self.tension, self.slope = np.zeros(self.m), np.zeros(self.m), np.zeros(self.m)
        self.energy = 0.0
        self._neighbours: csr_array | None = None
        self._diagonal = np.zeros((len(self.unknowns), self.dim, self.dim))
        self._across = np.zeros((self.m, self.dim, self.dim))
        #: Whether all laws are straight up to their break.
        self.straight = bool((np.diff(tables[0]) == 2).all())
        self.factors = Factors(self.pos[self.unknowns], self.free[self.ends])
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
        """Largest net force at a free node over the largest tension, or over `SLACK` of the greatest one possible."""
        return float(kernels.largest(self.gradient, self.held)) / self._scale

    @property
    def _scale(self) -> float:
        return max(float(self.tension.max(initial=0.0)), self.slack_tension)

    @property
    def worst(self) -> FloatArray:
        """``(m,)`` strain of each thread over that at which it breaks; 0 for those that are gone."""
        share: FloatArray = np.where(self.alive, self.strain / self.breaks_at, 0.0)
        return share

    def equilibrate(self, tolerance: float = TOLERANCE, torn: bool = False) -> Equilibrium:
        """Move the free nodes to equilibrium; where that is far, by way of rough equilibria under more `HOLD`.

        ``torn``: threads broke since the last equilibrium.
        """
        if torn and self.straight and self.n <= LARGE:
            start = self.pos.copy()
            found = self._leap(tolerance)
            if found.converged:
                return found
            self.pos = start
            self.respond()
        found = self._newton(tolerance, PATIENCE)
        if not found.converged:
            hold = self.hold
            for more in HELD_MORE:
                self.hold = more * hold
                self.respond()
                self._newton(max(ROUGH, tolerance), MOST_STEPS)
            self.hold = hold
            self.respond()
            found = self._newton(tolerance, MOST_STEPS)
        return found

    def _newton(self, tolerance: float, most: int) -> Equilibrium:
        residual = self.residual
        for step in range(most + 1):
            if residual > tolerance and self.n > LARGE:
                self._settle_rough(tolerance)
                residual = self.residual
            if residual <= tolerance:
                return Equilibrium(residual, True, step)
            if step == most or not self.factorise():
                break
            if not self._search(self._downwards()):
                break
            residual = self.residual
        return Equilibrium(residual, False, step)

    def _leap(self, tolerance: float) -> Equilibrium:
        """Take whole steps of Newton's method for positions and tensions at once, first under more `HOLD`.

        The stiffness across a thread follows from the tension foreseen, not from that where its nodes got to, which is
        too great when a step across the thread lengthened it. Energies rise and fall on the way; where laws bend, steps
        go astray. Such a method for sums of lengths: T. F. Chan, G. H. Golub, P. Mulet, SIAM J. Sci. Comput. 20 (1999)
        1964.
        """
        hold, steps = self.hold, 0
        for more, enough in ((LEAPS_HELD_MORE, max(ROUGH, tolerance)), (1.0, tolerance)):
            self.hold = more * hold
            self.respond()
            taken = self.tension.copy()
            for _ in range(MOST_LEAPS):
                if self.residual <= enough or not self.factorise(taken):
                    break
                move = self._downwards()
                kernels.foreseen(self.pos, self.ends, self.alive, self.tension, self.slope, move, taken)
                self.pos += move
                self.respond()
                steps += 1
        residual = self.residual
        return Equilibrium(residual, residual <= tolerance, steps)

    def _downwards(self) -> FloatArray:
        """``(n, d)`` Newton's step, with the stiffness factorised last."""
        move = np.zeros_like(self.pos)
        move[self.unknowns] = self.factors.solve(-self.gradient[self.unknowns])
        return move

    def drive(self, velocity: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How all nodes move, to first order, while those held move with ``velocity (n, d)``, and what that takes.

        Returns the motion ``(n, d)`` and the change of the gradient ``(n, d)`` that goes with it.
        """
        motion = np.where(self.held[:, None], velocity, 0.0)
        if len(self.unknowns) and self.factorise():
            motion[self.unknowns] = self.factors.solve(-self.change(motion)[self.unknowns])
        return motion, self.change(motion)

    def factorise(self, tension: FloatArray | None = None) -> bool:
        """Factorise the stiffness where the nodes are now; whether it is positive definite.

        ``tension (m,)``, N: with these in place of the tensions there.
        """
        kernels.stiffness(
            self.pos, self.ends, self.rest, self.hold, self.alive, self.tension if tension is None else tension,
            self.slope, self.free, self._diagonal, self._across,
        )  # fmt: skip
        return self.factors.factorise(self._diagonal, self._across)

    def change(self, motion: FloatArray) -> FloatArray:
        """``(n, d)`` change of the gradient for a small ``motion``."""
        change = np.empty_like(motion)
        kernels.stretched(
            self.pos, self.ends, self.rest, self.hold, self.alive, self.tension, self.slope, motion, change
        )
        return change

    def _settle_rough(self, tolerance: float) -> None:
        """Settle the nodes most out of balance, and those around them, all others held, where they are few.

        Nonlinear elimination: X.-C. Cai, X. Li, SIAM J. Sci. Comput. 33 (2011) 746. Where threads broke or go slack the
        steps of all nodes would be as short as those few need.
        """
        out = np.sqrt((self.gradient**2).sum(axis=1)) / self._scale
        rough = (out > max(tolerance, 0.03 * self.residual)) & ~self.held
        if not rough.any() or rough.sum() > self.n / 50:
            return
        inside = np.zeros(self.n, bool)
        inside[self.around(np.flatnonzero(rough), NEAR)] = True
        inside &= ~self.held
        if inside.sum() > self.n / 4:
            return
        threads = np.flatnonzero(self.alive & inside[self.ends].any(axis=0))
        around, ends = np.unique(self.ends[:, threads], return_inverse=True)
        small = CableNet.__new__(CableNet)
        small._start(
            self.pos[around], ends.reshape(2, -1), self.rest[threads], self.area[threads], self.law[threads],
            ~inside[around], self.tables, self.firm[threads], self.breaks_at[threads],
        )  # fmt: skip
        small.hold, small.slack_tension = self.hold[threads], self._scale
        small.respond()
        small.equilibrate(tolerance)
        self.pos[around] = small.pos
        self.respond()

    def around(self, nodes: IntArray, threads: int) -> IntArray:
        """Nodes at most ``threads`` threads, whole or not, from ``nodes``."""
        if self._neighbours is None:
            both = np.concatenate([self.ends, self.ends[::-1]], axis=1)
            self._neighbours = csr_array((np.ones(both.shape[1], bool), both), shape=(self.n, self.n))
        near = np.zeros(self.n, bool)
        edge = np.unique(nodes)
        near[edge] = True
        for _ in range(threads):
            reached = np.unique(self._neighbours[edge].indices)
            edge = reached[~near[reached]]
            near[edge] = True
        return np.flatnonzero(near)

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

    def _search(self, move: FloatArray) -> bool:
        """Go along ``move`` to where the energy falls no more, or nearly; whether it fell at all.

        Slopes are compared, not energies, whose differences drown in rounding near the equilibrium. Since the energy is
        convex, it is lower wherever it still falls.
        """
        start = self.pos
        falling = float(np.vdot(self.gradient, move))
        if not falling < 0:
            return False
        low, high = 0.0, np.inf
        at_low, at_high = falling, np.nan
        share = 1.0
        for _ in range(60):
            self.pos = start + share * move
            self.respond()
            rising = float(np.vdot(self.gradient, move))
            # Still falling after a whole step is no reason to go farther.
            if rising <= 0.5 * abs(falling) and (rising >= -0.5 * abs(falling) or share >= 1):
                return True
            if rising < 0:
                low, at_low = share, rising
            else:
                high, at_high = share, rising
            share = low + (high - low) * float(np.clip(-at_low / (at_high - at_low), 0.1, 0.9))
        return False
