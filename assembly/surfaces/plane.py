"""A rectangle in the plane z = 0."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from assembly.checks import number
from assembly.surfaces.sampling import side_by_side
from assembly.surfaces.surface import Patch, Surface
from structgen.web import FloatArray


@dataclass(frozen=True)
class Plane(Surface):
    """A rectangle from the origin, ``width`` mm along x and ``depth`` mm along y, its outer side up."""

    width: float
    depth: float

    def __post_init__(self) -> None:
        for name in ("width", "depth"):
            value = number(name, getattr(self, name), "> 0 mm", lambda value: value > 0)
            object.__setattr__(self, name, value)

    @property
    def area(self) -> float:
        """Area in mm2."""
        return self.width * self.depth

    def patches(self, size: tuple[float, float], overlap: float, seed: int = 0) -> list[Patch]:
        """A grid; see `Surface.patches`."""
        rows = (side_by_side(side, s, overlap) for side, s in zip((self.width, self.depth), size, strict=True))
        return [_moved(np.array([x, y, 0.0])) for x, y in itertools.product(*rows)]

    def scatter(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """See `Surface.scatter`."""
        points = np.column_stack([rng.uniform(0, (self.width, self.depth), (count, 2)), np.zeros(count)])
        return points, np.tile(np.eye(3), (count, 1, 1))


def _moved(offset: FloatArray) -> Patch:
    return lambda local: (local + offset, np.ones(len(local), bool))
