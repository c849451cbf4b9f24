"""What every writer of solids takes: vertices and faces, of any number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from structgen.web import FloatArray, IntArray

#: Faces or vertices that are written at once: memory stays small however large the part is.
CHUNK = 1 << 18
#: Millimetres in the units that files without one may be written in.
UNITS = {"mm": 1.0, "cm": 10.0, "inch": 25.4}


class Surface(Protocol):
    """Anything with ``vertices`` and ``faces``: a `Solid`, a `TriangleMesh`."""

    @property
    def vertices(self) -> FloatArray:
        """``(v, 3)`` mm."""

    @property
    def faces(self) -> IntArray:
        """``(f, 3)`` vertex numbers, counter-clockwise seen from outside."""


class Arrays(NamedTuple):
    """The plainest surface."""

    vertices: FloatArray
    faces: IntArray


def chunks(count: int) -> Iterator[slice]:
    """Slices of `CHUNK` rows that make up ``count``."""
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def millimetres(unit: str) -> float:
    """Of one ``unit``; raises `ValueError` for a unit that is not in `UNITS`."""
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}, must be {', '.join(UNITS)}")
    return UNITS[unit]
