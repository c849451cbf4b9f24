"""-laplacian(u) = f on an L: the singular function of its corner, and an arc of a steep front across both arms.

u = r^(2/3) sin(2 t / 3) + arctan(60 (s - 0.75)) / 4, r and t polar coordinates about the re-entrant corner, s the
distance to (0.3, -0.2): two of the difficulties of W. F. Mitchell, Appl. Math. Comput. 220 (2013) 350. The domain is
not convex and the monitor far steeper than usual: the Monge-Ampere equation has no smooth solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.problems.domains import L_SHAPE, Arrays, polygon_mesh
from simulate.mesh_movement.problems.poisson import Poisson, front, front_source

CORNER, CENTRE, RADIUS, HEIGHT = (0.5, 0.5), (0.3, -0.2), 0.75, 0.25


@dataclass(frozen=True)
class Corner(Poisson):
    """The problem."""

    name = "corner"

    nodes: int = 1200
    strength: float = 100.0

    def mesh(self, nodes: int) -> Arrays:
        """Triangles of one size without a pattern."""
        return polygon_mesh([L_SHAPE], np.sqrt(0.75 / nodes / 0.87))

    def exact(self, points: FloatArray) -> FloatArray:
        """``(...)`` u."""
        x, y = points[..., 0] - CORNER[0], points[..., 1] - CORNER[1]
        # From the side below the corner, where the singular function is zero, round to the side right of it.
        angle = np.mod(np.arctan2(-x, -y), 2 * np.pi)
        singular: FloatArray = np.hypot(x, y) ** (2 / 3) * np.sin(2 * angle / 3)
        return singular + HEIGHT * front(points, CENTRE, RADIUS, self.steepness)

    def source(self, points: FloatArray) -> FloatArray:
        """``(...)`` f, of the front alone: the singular function is harmonic."""
        return HEIGHT * front_source(points, CENTRE, RADIUS, self.steepness)
