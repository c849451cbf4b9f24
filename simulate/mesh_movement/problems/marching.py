"""Unsteady problems with an exact solution, on a mesh that moves every few time steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np

from simulate.mesh_movement import monitor
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.domains import Arrays
from simulate.mesh_movement.problems.elements import l2_error
from simulate.mesh_movement.problems.problem import Motion, Progress, Solved
from simulate.mesh_movement.problems.transfer import TRANSFERS, transferred

#: Moves before the first step, each with the initial values anew, and times at which the error is taken.
STARTS, SAMPLES = 3, 10


@dataclass(frozen=True)
class Marching(ABC):
    """An unsteady problem on the unit square.

    Attributes:
        steps, end: time steps, and the time that they reach.
        every: time steps between two moves.
        strength, smoothing: of the monitor, the arc length of the solution, smoothed over so many cells.
    """

    name = "marching"
    boundary = None
    transfers = TRANSFERS

    nodes: int = 1681
    steps: int = 200
    end: float = 1.0
    every: int = 5
    strength: float = 10.0
    smoothing: float = 1.0

    @abstractmethod
    def mesh(self, nodes: int) -> Arrays:
        """A mesh of about ``nodes`` nodes."""

    @abstractmethod
    def exact(self, points: FloatArray, time: float) -> FloatArray:
        """``(...)`` the component whose error is taken, at ``points (..., 2)``."""

    @abstractmethod
    def initial(self, points: FloatArray) -> FloatArray:
        """``(n, k)`` what is known at the nodes at the start; the first column is that of `exact`."""

    @abstractmethod
    def stepper(self, points: FloatArray, cells: IntArray) -> Any:
        """A function of the state ``(n, k)`` and the number of the step that gives the next state, on this mesh."""

    def monitor(self, points: FloatArray, cells: IntArray, values: FloatArray) -> FloatArray:
        """``(n,)`` where cells are to be small."""
        length = self.smoothing / np.sqrt(len(points))
        return monitor.smoothed(monitor.arc_length(points, cells, values, self.strength), points, cells, length)

    def solve(self, points: FloatArray, cells: IntArray, motion: Motion, progress: Progress) -> Solved:
        """The error is the root mean square over `SAMPLES` times, to the end, of the L2 norm of that of `exact`."""
        state = self.initial(points)
        for _ in range(0 if motion.still else STARTS):
            points = motion.move(self.monitor(points, cells, state[:, 0]))
            state = self.initial(points)
        step, errors = self.stepper(points, cells), []
        integral = _integral(points, cells, state)
        for k in range(self.steps):
            if k and k % self.every == 0 and not motion.still:
                with motion.carrying():
                    wanted = self.monitor(points, cells, state[:, 0])
                moved = motion.move(wanted)
                with motion.carrying():
                    state = transferred(SimplexMesh(points, cells), state, moved, motion.transfer)
                points = moved
                step = self.stepper(points, cells)
            state = step(state, k)
            if (k + 1) * SAMPLES // self.steps > k * SAMPLES // self.steps:
                exact = partial(self.exact, time=(k + 1) * self.end / self.steps)
                errors.append(l2_error(points, cells, state[:, 0], exact))
            progress(k + 1, self.steps)
        measures = {
            "error at the end": errors[-1],
            "gain of integral": _integral(points, cells, state) - integral,
            "least": float(state[:, 0].min()),
            "greatest": float(state[:, 0].max()),
        }
        return Solved(points, cells, state[:, 0], float(np.sqrt(np.mean(np.square(errors)))), self.steps, measures)

    def quick(self) -> Self:
        """A coarse mesh and few steps."""
        return replace(self, nodes=121, steps=20)


def _integral(points: FloatArray, cells: IntArray, state: FloatArray) -> float:
    return float(SimplexMesh(points, cells).node_volumes @ state[:, 0])
