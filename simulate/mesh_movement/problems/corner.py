"""-laplacian(u) = f on an L: the singular function of its corner, and an arc of a steep front across both arms.

u = r^(2/3) sin(2 t / 3) + arctan(60 (s - 0.75)) / 4, r and t polar coordinates about the re-entrant corner, s the
distance to (0.3, -0.2): two of the difficulties of W. F. Mitchell, Appl. Math. Comput. 220 (2013) 350. The domain is
not convex and the monitor far steeper than usual: the Monge-Ampere equation has no smooth solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.mesh_movement import monitor
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import L_SHAPE, Arrays, polygon_mesh
from simulate.mesh_movement.problems.steady import Steady, elliptic

CORNER, CENTRE, RADIUS, STEEPNESS, HEIGHT = (0.5, 0.5), (0.3, -0.2), 0.75, 60.0, 0.25


@dataclass(frozen=True)
class Corner(Steady):
    """The problem.

    Attributes:
        strength, smoothing: of the monitor, the Hessian of the solution found, smoothed over so many cells.
    """

    name = "corner"

    nodes: int = 1200
    strength: float = 100.0
    smoothing: float = 1.0

    def mesh(self, nodes: int) -> Arrays:
        """Triangles of one size without a pattern."""
        return polygon_mesh([L_SHAPE], np.sqrt(0.75 / nodes / 0.87))

    def exact(self, points: FloatArray) -> FloatArray:
        """``(...)`` u."""
        x, y = points[..., 0] - CORNER[0], points[..., 1] - CORNER[1]
        # From the side below the corner, where u is zero, round to the side right of it.
        angle = np.mod(np.arctan2(-x, -y), 2 * np.pi)
        u: FloatArray = np.hypot(x, y) ** (2 / 3) * np.sin(2 * angle / 3)
        return u + HEIGHT * np.arctan(STEEPNESS * (_distance(points) - RADIUS))

    def source(self, points: FloatArray) -> FloatArray:
        """``(...)`` f, of the front alone: the singular function is harmonic."""
        s = _distance(points)
        out = STEEPNESS * (s - RADIUS)
        f: FloatArray = HEIGHT * STEEPNESS / (1 + out**2) * (2 * STEEPNESS * out / (1 + out**2) - 1 / s)
        return f

    def solution(self, points: FloatArray, cells: IntArray) -> FloatArray:
        """``(n,)`` what is found on a mesh."""
        return elliptic(points, cells, self.source, self.exact)

    def monitor(self, points: FloatArray, cells: IntArray, values: FloatArray) -> FloatArray:
        """``(n,)`` where cells are to be small."""
        length = self.smoothing / np.sqrt(len(points))
        return monitor.smoothed(monitor.hessian(points, cells, values, self.strength), points, cells, length)


def _distance(points: FloatArray) -> FloatArray:
    s: FloatArray = np.hypot(points[..., 0] - CENTRE[0], points[..., 1] - CENTRE[1])
    return s
