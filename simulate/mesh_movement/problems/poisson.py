"""-laplacian(u) = f on the unit square, u an arc of a steep wave front.

u = arctan(60 (r - 0.7)), r the distance to (-0.05, -0.05): a problem of W. F. Mitchell, Appl. Math. Comput. 220 (2013)
350, on which adaptive refinement is compared. Only the solution found is known to the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.checks import positive
from simulate.mesh_movement import monitor
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import Arrays, block, squares
from simulate.mesh_movement.problems.steady import Steady, elliptic

CENTRE, RADIUS = (-0.05, -0.05), 0.7


@dataclass(frozen=True)
class Poisson(Steady):
    """The problem.

    Attributes:
        steepness: slope of the front.
        strength, smoothing: of the monitor, the Hessian of the solution found, smoothed over so many cells.
    """

    name = "poisson"

    nodes: int = 961
    steepness: float = 60.0
    strength: float = 10.0
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        positive("steepness", self.steepness)

    def mesh(self, nodes: int) -> Arrays:
        """Squares, halved."""
        return block(2, squares(nodes))

    def exact(self, points: FloatArray) -> FloatArray:
        """``(...)`` u."""
        return front(points, CENTRE, RADIUS, self.steepness)

    def source(self, points: FloatArray) -> FloatArray:
        """``(...)`` f."""
        return front_source(points, CENTRE, RADIUS, self.steepness)

    def solution(self, points: FloatArray, cells: IntArray) -> FloatArray:
        """``(n,)`` what is found on a mesh."""
        return elliptic(points, cells, self.source, self.exact)

    def monitor(self, points: FloatArray, cells: IntArray, values: FloatArray) -> FloatArray:
        """``(n,)`` where cells are to be small."""
        length = self.smoothing / np.sqrt(len(points))
        return monitor.smoothed(monitor.hessian(points, cells, values, self.strength), points, cells, length)


def front(points: FloatArray, centre: tuple[float, float], radius: float, steepness: float) -> FloatArray:
    """``(...)`` arctan(steepness (r - radius)) at ``points (..., 2)``, r the distance to ``centre``."""
    u: FloatArray = np.arctan(steepness * (_distance(points, centre) - radius))
    return u


def front_source(points: FloatArray, centre: tuple[float, float], radius: float, steepness: float) -> FloatArray:
    """``(...)`` minus the Laplacian of `front`: - (u'' + u' / r)."""
    r = _distance(points, centre)
    out = steepness * (r - radius)
    f: FloatArray = steepness / (1 + out**2) * (2 * steepness * out / (1 + out**2) - 1 / r)
    return f


def _distance(points: FloatArray, centre: tuple[float, float]) -> FloatArray:
    r: FloatArray = np.hypot(points[..., 0] - centre[0], points[..., 1] - centre[1])
    return r
