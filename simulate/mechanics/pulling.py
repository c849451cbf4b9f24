"""A net pulled by the nodes that are held until its threads break, one equilibrium after another.

A thread breaks only in equilibrium, where it is strained beyond its break: the worst one goes, the rest finds its new
equilibrium in the same grips, and so on until none is beyond. Of a large net several go at once, each the worst within
some threads around it. Steps are chosen so that the worst thread is beyond its break by little when it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.cable import TOLERANCE, CableNet, Equilibrium
from simulate.mechanics.kernels import FloatArray, IntArray

#: How far beyond its break strain, as a share of it, a thread may be when it is found.
OVERSHOOT = 0.005
#: Smallest step over the largest.
SMALLEST = 2.0**-14
#: How far the work of a step may be from the energy stored in it, as a share of that work, or of the step's part of the
#: work so far (of no less than the share `LITTLE` of what all threads can take): over the whole pull these add up to
#: twice that at most.
CURVE, LITTLE = 0.002, 1e-4
#: Steps of this share of the largest are not shortened for that.
COARSEST = 1 / 256
#: The net has failed when its load is below this share of the greatest.
FAILED = 0.05
#: Threads of a net in which one thread breaks at a time; larger ones have several break at once.
ONE_AT_A_TIME = 3_000
#: Threads that break at once are so many threads apart.
APART = 6

Tell = Callable[[float, float, int], None]


class EquilibriumError(RuntimeError):
    """No equilibrium was found, however small the step; says where, and what is left of the residual."""


@dataclass(frozen=True)
class _Point:
    """An equilibrium and how it goes on.

    ``pos (n, d)``, mm; ``motion (n, d)``, mm a unit of strain; ``energy``, mJ; ``load``, N, and its ``rate`` by strain.
    """

    strain: float
    pos: FloatArray
    motion: FloatArray
    energy: float
    load: float
    rate: float
    residual: float


@dataclass
class History:
    """What happened, point by point; every point is an equilibrium.

    ``strain``, ``load`` (N; energy, mJ, over the length pulled by), ``energy`` stored, ``work`` done by the grips,
    ``dissipated`` by threads that broke, mJ, ``residual`` (see `CableNet.residual`), ``broken``: threads broken so far,
    ``slack``: share of the whole threads that carry nothing.
    """

    strain: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    energy: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    dissipated: list[float] = field(default_factory=list)
    residual: list[float] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    slack: list[float] = field(default_factory=list)
    #: Thread, strain of the net, strain of the thread and residual at each break, in order.
    breaks: list[tuple[int, float, float, float]] = field(default_factory=list)
    #: Threads that carried nothing any more after others had broken.
    lost: list[int] = field(default_factory=list)
    #: Positions ``(n, d)`` and whole threads ``(m,)`` at the strains kept.
    frames: list[tuple[float, npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = field(default_factory=list)
    #: Why it ended: ``"strain"`` reached, ``"failed"``, ``"apart"``, ``"interrupted"``.
    end: str = "strain"

    def cut_short(self) -> None:
        """Leave out what was not noted in full when it was interrupted."""
        columns: list[list[Any]] = [
            self.strain, self.load, self.energy, self.work, self.dissipated, self.residual, self.broken, self.slack
        ]  # fmt: skip
        points = min(len(column) for column in columns)
        for column in columns:
            del column[points:]
        del self.breaks[self.broken[-1] if points else 0 :]
        self.end = "interrupted"


def pull(
    net: CableNet, velocity: FloatArray, length: float, to_strain: float, step: float,
    tolerance: float = TOLERANCE, frames: int = 0, tell: Tell | None = None,
) -> History:  # fmt: skip
    """Move the held nodes with ``velocity (n, d)``, mm a unit of strain, to ``to_strain`` or until the net has failed.

    Arguments:
        net: is brought to equilibrium first.
        length: over which the load does its work, mm: load = energy by strain / length.
        step: largest step of strain.
        frames: so many states are kept.
        tell: called at each point with strain, load and the number of broken threads.

    Interrupted from the keyboard it returns what it has, if it has anything. Raises `EquilibriumError` where no
    equilibrium is found even in the smallest step.
    """
    return _Pull(net, velocity, length, to_strain, step, tolerance, frames, tell).run()


class _Pull:
    def __init__(
        self, net: CableNet, velocity: FloatArray, length: float, to_strain: float, step: float,
        tolerance: float, frames: int, tell: Tell | None,
    ) -> None:  # fmt: skip
        self.net, self.velocity, self.length = net, velocity, length
        self.to_strain, self.step, self.tolerance = to_strain, step, tolerance
        self.between_frames, self.tell = (to_strain / frames if frames else np.inf), tell
        self.history = History()
        #: The state at the last point, see `History.frames`.
        self.last: tuple[float, npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None = None
        self.longest, self.capacity = step, net.capacity
        self.strain, self.work, self.dissipated = 0.0, 0.0, 0.0
        self.greatest = 0.0
        #: How fast threads strained in the last step in which none broke.
        self.rates: FloatArray | None = None
        #: The last point, unless threads broke since, and those found beyond it, the nearest last.
        self.here: _Point | None = None
        self.ahead: list[_Point] = []
        # Of nodes that move alike the same number.
        self.grips = np.flatnonzero(net.held)
        _, self.group = np.unique(np.round(velocity[self.grips] / length, 9), axis=0, return_inverse=True)

    def run(self) -> History:
        try:
            self._to_the_end()
        except KeyboardInterrupt:
            self.history.cut_short()
            if self.last is None:
                raise
        assert self.last is not None
        self.history.frames.append(self.last)
        return self.history

    def _to_the_end(self) -> None:
        net, history = self.net, self.history
        found = net.equilibrate(self.tolerance)
        if not found.converged:
            raise EquilibriumError(f"no equilibrium before pulling: residual {found.residual:.2g}")
        self._note(found.residual)
        while self.strain < self.to_strain * (1 - 1e-12):
            self._advance()
            while history.end == "strain" and net.worst.max(initial=0.0) > 1:
                self._break()
            if history.end == "apart":
                break
            if history.broken[-1] and history.load[-1] < FAILED * self.greatest:
                history.end = "failed"
                break

    def _advance(self) -> None:
        """One step of strain, shortened until there is equilibrium and no thread is far beyond its break.

        What is found beyond a point that the work needs between is kept: it is a later point.
        """
        net, smallest = self.net, self.step * SMALLEST
        start = self.here or self._point(self.strain, self.history.residual[-1])
        strains, before = net.strain.copy(), net.worst
        end = self.ahead.pop() if self.ahead else None
        if end is None:
            step = self._first_guess(before)
            found = self._settle_beyond(start, step)
        else:
            step, found = end.strain - start.strain, Equilibrium(end.residual, True, 0)
            net.pos = end.pos.copy()
            net.respond()
        while True:
            worst = net.worst
            at = int(worst.argmax())
            if not found.converged:
                if step <= smallest:
                    raise EquilibriumError(
                        f"no equilibrium at a strain of {self.strain + step:.6g}: "
                        f"residual {found.residual:.2g}, {tolerance_text(self.tolerance)}"
                    )
                share = 0.25
            elif worst[at] > 1 + OVERSHOOT and step > smallest:
                share = float(np.clip((1 + OVERSHOOT / 2 - before[at]) / (worst[at] - before[at]), 0.1, 0.9))
            else:
                end = end or self._point(self.strain + step, found.residual)
                off = self._off(start, end)
                if off <= 1 or step <= self.step * COARSEST:
                    break
                self.ahead.append(end)
                share = float(np.clip(0.9 * off**-0.2, 0.25, 0.7))
                self.longest = share * step
            step = max(smallest, share * step)
            end, found = None, self._settle_beyond(start, step)
        # The cubic is off by the fifth power of the step.
        self.longest = min(self.step, max(self.longest, step * min(2.0, 0.9 * max(off, 1e-9) ** -0.2)))
        self.strain = self.to_strain if end.strain > self.to_strain * (1 - 1e-9) else end.strain
        self.rates = (net.strain - strains) / step
        self.work += self._work(start, end)
        self.here = end
        self._note(end.residual)

    def _settle_beyond(self, start: _Point, step: float) -> Equilibrium:
        """The equilibrium ``step`` of strain beyond ``start``, looked for along its motion.

        Along it threads are longer than to first order, as the length of a thread is convex, hence taut: Newton's
        method gets on there, and hardly where they are slack, as between two equilibria.
        """
        self.net.pos = start.pos + step * start.motion
        self.net.respond()
        return self.net.equilibrate(self.tolerance)

    def _point(self, strain: float, residual: float) -> _Point:
        """The equilibrium in which the net is."""
        net = self.net
        motion, change = net.drive(self.velocity)
        # What is left out of balance does work too; with it the load is off by the residual squared.
        load = float((net.gradient * motion).sum()) / self.length
        return _Point(
            strain, net.pos.copy(), motion, net.energy, load, float((change * motion).sum()) / self.length, residual
        )

    def _work(self, start: _Point, end: _Point) -> float:
        """Work of the grips between, under the cubic through loads and their rates, mJ."""
        step = end.strain - start.strain
        return step * self.length * ((start.load + end.load) / 2 + step * (start.rate - end.rate) / 12)

    def _off(self, start: _Point, end: _Point) -> float:
        """How far the work is from the energy stored, over what is allowed: nothing breaks between."""
        work = self._work(start, end)
        part = (end.strain - start.strain) / self.to_strain
        allowed = CURVE * (abs(work) + part * max(self.work, LITTLE * self.capacity))
        return abs(work - (end.energy - start.energy)) / allowed

    def _first_guess(self, worst: FloatArray) -> float:
        """The largest step, or to where the next thread breaks at the rate of the last one."""
        step = min(self.longest, self.to_strain - self.strain)
        if self.rates is None:
            return step
        rates = np.maximum(self.rates / self.net.breaks_at, 0)
        near = self.net.alive & (worst + rates * step > 1)
        if near.any():
            step = min(step, float(((1 + OVERSHOOT / 2 - worst[near]) / rates[near]).min()))
        return max(step, self.step * SMALLEST)

    def _break(self) -> None:
        """Break the worst thread, or those that are the worst around; the rest settles in the same grips."""
        net, history = self.net, self.history
        going = self._worst_ones()
        residual = history.residual[-1]
        history.breaks += [(int(e), self.strain, float(net.strain[e]), residual) for e in going]
        before = net.energy
        self.here, self.ahead = None, []
        history.lost += net.cut(going).tolist()
        if self._apart():
            # Nothing holds the parts apart: they hang slack, wherever they are.
            history.end = "apart"
            net.alive[:] = False
            net.respond()
        found = self._settle()
        self.dissipated += before - net.energy
        self.rates = None if self.rates is None else np.where(net.alive, self.rates, 0.0)
        self._note(found.residual)

    def _settle(self) -> Equilibrium:
        found = self.net.equilibrate(self.tolerance, torn=True)
        if not found.converged:
            raise EquilibriumError(
                f"no equilibrium after break {len(self.history.breaks)} at a strain of {self.strain:.6g}: "
                f"residual {found.residual:.2g}, {tolerance_text(self.tolerance)}"
            )
        return found

    def _worst_ones(self) -> IntArray:
        worst = self.net.worst
        beyond = np.flatnonzero(worst > 1)
        beyond = beyond[np.argsort(-worst[beyond], kind="stable")]
        if self.net.m <= ONE_AT_A_TIME:
            return beyond[:1]
        near = np.zeros(self.net.n, bool)
        chosen = []
        for e in beyond:
            if not near[self.net.ends[:, e]].any():
                chosen.append(e)
                near[self.net.around(self.net.ends[:, e], APART)] = True
        return np.array(chosen, np.int64)

    def _apart(self) -> bool:
        """Whether no part of the net is held by nodes that move differently."""
        label = self.net.parts()[self.grips]
        first = np.full(int(label.max()) + 1, -1)
        first[label] = self.group
        return bool((first[label] == self.group).all())

    def _load(self) -> float:
        held = self.grips
        return float((self.net.gradient[held] * self.velocity[held]).sum()) / self.length

    def _note(self, residual: float) -> None:
        net, history = self.net, self.history
        load = self._load()
        self.greatest = max(self.greatest, load)
        history.strain.append(self.strain)
        history.load.append(load)
        history.energy.append(net.energy)
        history.work.append(self.work)
        history.dissipated.append(self.dissipated)
        history.residual.append(residual)
        history.broken.append(len(history.breaks))
        history.slack.append(float((net.strain[net.alive] < 0).mean()) if net.alive.any() else 1.0)
        self.last = self.strain, net.pos.astype(np.float32), net.alive.copy()
        if np.isfinite(self.between_frames) and self.strain >= len(history.frames) * self.between_frames:
            history.frames.append(self.last)
        if self.tell is not None:
            self.tell(self.strain, load, len(history.breaks))


def tolerance_text(tolerance: float) -> str:
    """What was asked for, in messages."""
    return f"wanted is {tolerance:.2g}"
