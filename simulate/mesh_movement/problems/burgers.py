r"""Burgers' equations for two velocities, w_t + w . grad w = nu laplacian(w), with a steep front that is known exactly:

    u = 3/4 - q/4,  v = 3/4 + q/4,  q = 1 / (1 + exp((4 y - 4 x - t) / (32 nu)))

(C. A. J. Fletcher, Int. J. Numer. Methods Fluids 3 (1983) 213), given on the boundary of the unit square. Across the
front q goes from 9/10 to 1/10 within 25 nu: at nu = 1e-3 a cell of a mesh of 40 x 40. Linear elements, Crank-Nicolson
in time with the velocity that carries extrapolated, streamline-upwind Petrov-Galerkin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulate.checks import number
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import SQUARE, Arrays, polygon_mesh
from simulate.mesh_movement.problems.elements import linear_basis, scikit_fem, solved_with, upwind_time
from simulate.mesh_movement.problems.marching import Marching

#: Degree of quadrature.
DEGREE = 4
#: Viscosities for which the front is neither wider than the square nor lost between two nodes.
VISCOSITIES = (1e-4, 1e-1)


@dataclass(frozen=True)
class Burgers(Marching):
    """The problem; ``viscosity`` is nu."""

    name = "burgers"

    steps: int = 100
    strength: float = 20.0
    viscosity: float = 1e-3

    def __post_init__(self) -> None:
        low, high = VISCOSITIES
        number("viscosity", self.viscosity, f"in {low:g}..{high:g}", lambda nu: low <= nu <= high)

    def mesh(self, nodes: int) -> Arrays:
        """Triangles in no order: diagonals of squares would lie along the front or across it."""
        return polygon_mesh([SQUARE], float(1 / np.sqrt(0.87 * nodes)))

    def velocities(self, points: FloatArray, time: float) -> FloatArray:
        """``(..., 2)`` u and v."""
        out = (4 * points[..., 1] - 4 * points[..., 0] - time) / (32 * self.viscosity)
        q = 0.5 * (1 - np.tanh(out / 2))
        return np.stack([0.75 - q / 4, 0.75 + q / 4], axis=-1)

    def exact(self, points: FloatArray, time: float) -> FloatArray:
        """``(...)`` u."""
        u: FloatArray = self.velocities(points, time)[..., 0]
        return u

    def initial(self, points: FloatArray) -> FloatArray:
        """``(n, 4)`` u and v, now and one step before."""
        step = self.end / self.steps
        return np.concatenate([self.velocities(points, 0.0), self.velocities(points, -step)], axis=1)

    def stepper(self, points: FloatArray, cells: IntArray) -> Callable[[FloatArray, int], FloatArray]:
        """One matrix a step, for both velocities."""
        from skfem.helpers import dot, grad

        basis = linear_basis(points, cells, DEGREE)
        rim = basis.mesh.boundary_nodes()
        dt, nu = self.end / self.steps, self.viscosity

        @scikit_fem().BilinearForm
        def mass(u, v, w):  # type: ignore[no-untyped-def]
            return u * (v + w["tau"] * dot(w["a"], grad(v))) / dt

        @scikit_fem().BilinearForm
        def transport(u, v, w):  # type: ignore[no-untyped-def]
            a = w["a"]
            return (dot(a, grad(u)) * (v + w["tau"] * dot(a, grad(v))) + nu * dot(grad(u), grad(v))) / 2

        def step(state: FloatArray, k: int) -> FloatArray:
            now, before = state[:, :2], state[:, 2:]
            carrying = 1.5 * now - 0.5 * before
            a = np.stack([np.asarray(basis.interpolate(column)) for column in carrying.T])
            given = {"a": a, "tau": upwind_time(points, cells, a, dt, nu)}
            m, c = (form.assemble(basis, **given) for form in (mass, transport))
            after = solved_with(m + c, (m - c) @ now, self.velocities(points, (k + 1) * dt), rim)
            return np.concatenate([after, now], axis=1)

        return step
