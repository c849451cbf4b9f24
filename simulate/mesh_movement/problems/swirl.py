"""A ring carried by a swirl and back: u_t + a . grad u = 0 on the unit square, with the velocity

    a = 1.5 (sin^2 pi x sin 2 pi y, - sin^2 pi y sin 2 pi x), reversed at t = 1/2,

of R. J. LeVeque, SIAM J. Numer. Anal. 33 (1996) 627, so that at t = 1 all is where it was; the ring is that of M. Zhang
et al. (UM2N), NeurIPS 2024. Linear elements, Crank-Nicolson in time, streamline-upwind Petrov-Galerkin (A. N. Brooks
and T. J. R. Hughes, Comput. Methods Appl. Mech. Eng. 32 (1982) 199).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import Arrays, block, squares
from simulate.mesh_movement.problems.elements import linear_basis, scikit_fem, upwind_time
from simulate.mesh_movement.problems.marching import Marching

#: Speed, middle and radius of the ring.
SPEED, CENTRE, RADIUS = 1.5, (0.25, 0.25), 0.2
#: Degree of quadrature, and time step of the exact solution.
DEGREE, TRACE = 4, 0.01


def velocity(points: FloatArray) -> FloatArray:
    """``(..., 2)`` the velocity before it is reversed."""
    x, y = np.pi * points[..., 0], np.pi * points[..., 1]
    return SPEED * np.stack([np.sin(x) ** 2 * np.sin(2 * y), -(np.sin(y) ** 2) * np.sin(2 * x)], axis=-1)


@dataclass(frozen=True)
class Swirl(Marching):
    """The problem; ``width`` is the standard deviation across the ring."""

    name = "swirl"

    width: float = 0.04

    def mesh(self, nodes: int) -> Arrays:
        """Squares, halved."""
        return block(2, squares(nodes))

    def ring(self, points: FloatArray) -> FloatArray:
        """``(...)`` u at the start."""
        out = (np.hypot(points[..., 0] - CENTRE[0], points[..., 1] - CENTRE[1]) - RADIUS) / self.width
        crest: FloatArray = np.exp(-(out**2) / 2)
        return crest

    def exact(self, points: FloatArray, time: float) -> FloatArray:
        """The ring where the points came from: characteristics traced back by Runge and Kutta's fourth-order rule."""
        since = min(time, self.end - time)
        count = max(1, int(np.ceil(since / TRACE)))
        h = since / count
        for _ in range(count):
            one = velocity(points)
            two = velocity(points - h / 2 * one)
            three = velocity(points - h / 2 * two)
            points = points - h / 6 * (one + 2 * two + 2 * three + velocity(points - h * three))
        return self.ring(points)

    def initial(self, points: FloatArray) -> FloatArray:
        """``(n, 1)`` u."""
        return self.ring(points)[:, None]

    def stepper(self, points: FloatArray, cells: IntArray) -> Callable[[FloatArray, int], FloatArray]:
        """The matrices of a mesh stay until the flow is reversed."""
        systems: dict[float, tuple[Any, Any]] = {}

        def step(state: FloatArray, k: int) -> FloatArray:
            sign = 1.0 if 2 * k < self.steps else -1.0
            if sign not in systems:
                systems[sign] = self._system(points, cells, sign)
            factor, rest = systems[sign]
            advanced: FloatArray = factor.solve(rest @ state)
            return advanced

        return step

    def _system(self, points: FloatArray, cells: IntArray, sign: float) -> tuple[Any, Any]:
        from scipy.sparse.linalg import splu
        from skfem.helpers import dot, grad

        basis = linear_basis(points, cells, DEGREE)
        dt = self.end / self.steps
        a = sign * np.moveaxis(velocity(np.moveaxis(np.asarray(basis.global_coordinates()), 0, -1)), -1, 0)
        given = {"a": a, "tau": upwind_time(points, cells, a, dt)}

        @scikit_fem().BilinearForm
        def mass(u, v, w):  # type: ignore[no-untyped-def]
            return u * (v + w["tau"] * dot(w["a"], grad(v))) / dt

        @scikit_fem().BilinearForm
        def transport(u, v, w):  # type: ignore[no-untyped-def]
            return dot(w["a"], grad(u)) * (v + w["tau"] * dot(w["a"], grad(v))) / 2

        m, c = (form.assemble(basis, **given) for form in (mass, transport))
        return splu((m + c).tocsc()), m - c
