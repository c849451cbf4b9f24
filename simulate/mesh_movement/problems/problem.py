"""What a problem is: a mesh, a way to solve on it while it moves, and the error of what is found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from simulate.mesh_movement.boundary import Projection
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import determinants
from simulate.mesh_movement.move import MeshMover
from simulate.mesh_movement.problems.domains import Arrays
from simulate.mesh_movement.sampling import Monitor

#: Steps done, steps in all.
Progress = Callable[[int, int], None]
#: Relative residual to which meshes are moved: between two time steps a rough solution will do.
TOLERANCE = 1e-2


@dataclass(frozen=True)
class Solved:
    """What was found on a mesh.

    Attributes:
        points, cells: ``(n, 2)`` and ``(c, 3)`` the mesh in the end.
        values: ``(n,)`` the solution at its nodes, or what of it is ``shown``.
        error: a number >= 0; of what, the problem says.
        steps: times that a system was solved: time steps, or solutions of a steady problem.
        measures: further numbers by name.
        shown: what ``values`` are.
    """

    points: FloatArray
    cells: IntArray
    values: FloatArray
    error: float
    steps: int
    measures: dict[str, float] = field(default_factory=dict)
    shown: str = "solution"


class Problem(Protocol):
    """A problem on which moved meshes are compared with still ones.

    Attributes:
        name: one word.
        nodes: about how many nodes the comparison is made with.
        boundary: a projection on the true boundary, see `simulate.mesh_movement.move_mesh`; None where it is straight.
        transfers: ways to carry values from mesh to mesh, the usual one first.
    """

    @property
    def name(self) -> str: ...

    @property
    def nodes(self) -> int: ...

    @property
    def boundary(self) -> Projection | None: ...

    @property
    def transfers(self) -> tuple[str, ...]: ...

    def mesh(self, nodes: int) -> Arrays:
        """A mesh of about ``nodes`` nodes of one size."""

    def solve(self, points: FloatArray, cells: IntArray, motion: Motion, progress: Progress) -> Solved:
        """Solve from a mesh at ``points`` which ``motion`` moves."""

    def quick(self) -> Problem:
        """The same in seconds, far too coarse to mean anything."""


class Motion:
    """Moves the mesh of one run by one method, and keeps count.

    Arguments:
        points, cells: the mesh at the start.
        method: one of `simulate.mesh_movement.move.METHODS`, or "none": the mesh stays.
        boundary: as for `simulate.mesh_movement.move_mesh`.
        transfer: how values are carried, one of those of the problem.
    """

    def __init__(
        self, points: FloatArray, cells: IntArray, method: str = "none", boundary: Projection | None = None,
        transfer: str = "conservative",
    ) -> None:  # fmt: skip
        self.method, self.transfer = method, transfer
        #: ``(n, 2)`` where the nodes are now.
        self.points, self.cells = points, cells
        self.mover = None if self.still else MeshMover(points, cells, boundary=boundary)
        self.moves = self.iterations = self.inverted = 0
        #: How often the result of which method was taken.
        self.used: Counter[str] = Counter()
        #: Seconds in movers, and in monitors and transfers.
        self.move_seconds = self.transfer_seconds = 0.0

    @property
    def still(self) -> bool:
        """Whether the mesh stays as it is."""
        return self.method == "none"

    def move(self, monitor: Monitor) -> FloatArray:
        """Move the mesh; values of ``monitor`` are at the nodes where they are now. Where they are then, ``(n, 2)``."""
        if self.mover is None:
            return self.points
        began = time.perf_counter()
        moved = self.mover.move(monitor, method=self.method, at=self.points, tolerance=TOLERANCE)
        self.moves += 1
        self.iterations += moved.iterations
        self.used[moved.method] += 1
        self.place(moved.points)
        self.move_seconds += time.perf_counter() - began
        return self.points

    def place(self, points: FloatArray) -> None:
        """The nodes are at ``points (n, 2)`` now: on the way to where they were moved."""
        self.points = points
        self.inverted += int((determinants(points, self.cells) <= 0).sum())

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """Time the body as transfer."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.transfer_seconds += time.perf_counter() - began
