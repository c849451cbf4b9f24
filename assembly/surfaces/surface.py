"""What a surface can do: be measured, be sampled evenly, and be covered with modules side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.surfaces.sampling import spread
from structgen.seeds import generator
from structgen.web import FloatArray

#: Where a module goes: from its own x, y along the surface and z along the normal, ``(n, 3)`` in mm, to places in
#: space ``(n, 3)``, and whether each is in the patch's part of the surface ``(n,)``.
Patch = Callable[[FloatArray], tuple[FloatArray, npt.NDArray[np.bool_]]]

#: Candidates drawn for each disk that would fit: enough that hardly a gap stays.
CANDIDATES = 40
MAX_CANDIDATES = 4_000_000


class Surface(ABC):
    """A surface with an outer side."""

    @property
    @abstractmethod
    def area(self) -> float:
        """Area in mm2."""

    @abstractmethod
    def patches(self, size: tuple[float, float], overlap: float, seed: int) -> list[Patch]:
        """Patches that cover the surface with modules of ``size`` (x, y) mm, neighbours overlapping by that share."""

    @abstractmethod
    def scatter(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """``count`` random places ``(count, 3)``, as many on each mm2, and their frames ``(count, 3, 3)``.

        The columns of a frame are two directions along the surface and the outward normal, right-handed.
        """

    def sample(self, spacing: float, seed: int = 0) -> tuple[FloatArray, FloatArray]:
        """Evenly spread places ``(k, 3)`` and their frames ``(k, 3, 3)``, see `scatter`.

        No two are nearer than ``spacing`` mm, and hardly a gap has room for one more (Poisson disks, by random
        candidates one after the other).
        """
        spacing = number("spacing", spacing, "> 0 mm", lambda value: value > 0)
        count = max(CANDIDATES * self.area / spacing**2, 1000)
        if count > MAX_CANDIDATES:
            raise ValueError(f"spacing is {spacing:g} mm, too small for a surface of {self.area:.4g} mm2")
        points, frames = self.scatter(int(count), generator(seed, 0))
        kept = spread(points, spacing)
        return points[kept], frames[kept]


def frames_about(normals: FloatArray, along: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` right-handed frames: first axis as near to ``along (k, 3)`` as the normals, third, allow."""
    first = along - (along * normals).sum(axis=1, keepdims=True) * normals
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normals, first), normals], axis=2)
