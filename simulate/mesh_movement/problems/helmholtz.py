"""-laplacian(u) + u = f on the unit square, u a narrow Gaussian: the demo of ``movement``, whose error is known.

https://github.com/mesh-adaptation/movement, demos/monge_ampere_helmholtz.py: the L2 error is 0.010233817 on the uniform
mesh of 20 x 20 squares, 0.005955820 on the mesh moved by its quasi-Newton Monge-Ampere mover in 17 iterations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import oriented
from simulate.mesh_movement.problems.domains import Arrays, block, squares
from simulate.mesh_movement.problems.elements import l2_error
from simulate.mesh_movement.problems.steady import Steady, elliptic
from simulate.mesh_movement.sampling import Monitor

CENTRE, WIDTH = (0.51, 0.65), 0.1
#: Greatest |H|_F, at the centre.
HIGHEST = 2 * np.sqrt(2) / WIDTH**2
#: Strength of the demo's monitor.
STRENGTH = 5.0


def mesh(squares: int = 20) -> Arrays:
    """The demo's mesh: 20 x 20 squares halved by falling diagonals; or another number of them."""
    points, cells = block(2, squares)
    points = points * (-1, 1) + (1, 0)
    return points, oriented(points, cells)


def solution(points: FloatArray) -> FloatArray:
    """``(p,)`` u = exp(-|x - centre|^2 / width^2) at ``points (p, 2)``."""
    u: FloatArray = np.exp(-((points - np.array(CENTRE)) ** 2).sum(axis=-1) / WIDTH**2)
    return u


def source(points: FloatArray) -> FloatArray:
    """``(p,)`` f = -laplacian(u) + u."""
    squared = ((points - np.array(CENTRE)) ** 2).sum(axis=-1)
    f: FloatArray = (-4 * squared / WIDTH**4 + 4 / WIDTH**2 + 1) * solution(points)
    return f


def monitor(points: FloatArray, highest: float | None = None) -> FloatArray:
    """``(p,)`` 1 + strength |H|_F / max |H|_F, H the Hessian of u, the maximum over ``points``: the demo's monitor.

    With ``highest`` as the maximum the value at a point does not depend on the others, which the gradient of the
    variational mover's functional needs.
    """
    x, y = (points - np.array(CENTRE)).T / WIDTH**2
    level = 2 / WIDTH**2
    norm = solution(points) * np.sqrt((4 * x * x - level) ** 2 + (4 * y * y - level) ** 2 + 2 * (4 * x * y) ** 2)
    values: FloatArray = 1 + STRENGTH * norm / (norm.max() if highest is None else highest)
    return values


def solve(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(n,)`` nodal values of the solution with linear elements, u given on the boundary."""
    return elliptic(points, cells, source, solution, reaction=1.0)


def error(points: FloatArray, cells: IntArray) -> float:
    """L2 norm of the difference of `solve` and `solution`."""
    return l2_error(points, cells, solve(points, cells), solution)


@dataclass(frozen=True)
class Helmholtz(Steady):
    """The demo, on any mesh of squares; the monitor is made of the solution itself."""

    name = "helmholtz"

    rounds: int = 1

    def mesh(self, nodes: int) -> Arrays:
        """Squares, halved."""
        return mesh(squares(nodes))

    def exact(self, points: FloatArray) -> FloatArray:
        """``(...)`` u."""
        return solution(points)

    def solution(self, points: FloatArray, cells: IntArray) -> FloatArray:
        """``(n,)`` what is found on a mesh."""
        return solve(points, cells)

    def monitor(self, points: FloatArray, cells: IntArray, values: FloatArray) -> Monitor:
        """That of the demo, in which the solution found plays no part."""
        return partial(monitor, highest=HIGHEST)
