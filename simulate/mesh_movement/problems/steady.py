"""Steady problems with an exact solution: solve, move the mesh by the solution found, solve again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import Arrays
from simulate.mesh_movement.problems.elements import Exact, l2_error, linear_basis, places, scikit_fem, solved_with
from simulate.mesh_movement.problems.problem import Motion, Progress, Solved
from simulate.mesh_movement.sampling import Monitor

#: Degree of quadrature.
DEGREE = 8


def elliptic(points: FloatArray, cells: IntArray, source: Exact, given: Exact, reaction: float = 0.0) -> FloatArray:
    """``(n,)`` solution of - laplacian(u) + reaction u = source by linear elements, ``given`` on the boundary."""
    from skfem.helpers import dot, grad

    skfem = scikit_fem()
    basis = linear_basis(points, cells, DEGREE)

    @skfem.BilinearForm
    def operator(u, v, _):  # type: ignore[no-untyped-def]
        return dot(grad(u), grad(v)) + reaction * u * v

    @skfem.LinearForm
    def load(v, w):  # type: ignore[no-untyped-def]
        return source(places(w)) * v

    return solved_with(operator.assemble(basis), load.assemble(basis), given(points), basis.mesh.boundary_nodes())


@dataclass(frozen=True)
class Steady(ABC):
    """A steady problem.

    Attributes:
        rounds: times that the mesh is moved and the problem solved again.
    """

    name = "steady"
    boundary = None
    transfers = ("none",)

    nodes: int = 441
    rounds: int = 2

    @abstractmethod
    def mesh(self, nodes: int) -> Arrays:
        """A mesh of about ``nodes`` nodes."""

    @abstractmethod
    def exact(self, points: FloatArray) -> FloatArray:
        """``(...)`` the solution at ``points (..., 2)``."""

    @abstractmethod
    def solution(self, points: FloatArray, cells: IntArray) -> FloatArray:
        """``(n,)`` what is found on a mesh."""

    @abstractmethod
    def monitor(self, points: FloatArray, cells: IntArray, values: FloatArray) -> Monitor:
        """Where cells are to be small."""

    def solve(self, points: FloatArray, cells: IntArray, motion: Motion, progress: Progress) -> Solved:
        """The error is the L2 norm of that of `exact`."""
        values = self.solution(points, cells)
        rounds = 0 if motion.still else self.rounds
        progress(1, rounds + 1)
        for k in range(rounds):
            with motion.carrying():
                wanted = self.monitor(points, cells, values)
            points = motion.move(wanted)
            values = self.solution(points, cells)
            progress(k + 2, rounds + 1)
        return Solved(points, cells, values, l2_error(points, cells, values, self.exact), rounds + 1)

    def quick(self) -> Self:
        """A coarse mesh."""
        return replace(self, nodes=121)
