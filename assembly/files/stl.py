"""Binary STL, in chunks: https://www.fabbers.com/tech/STL_Format."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assembly.files.surface import Surface, chunks, millimetres
from structgen.compiled import compiled
from structgen.files import whole_file
from structgen.web import FloatArray, IntArray

FACET = np.dtype([("numbers", "<f4", 12), ("attribute", "<u2")])


def write_stl(solid: Surface, path: str | Path, unit: str = "mm") -> None:
    """Write ``solid`` as binary STL, float32; its numbers, given in mm, count ``unit`` (mm, cm, inch)."""
    with whole_file(path) as temporary, stl_writer(temporary, len(solid.faces), unit) as write:
        write(solid.vertices, solid.faces)


@contextlib.contextmanager
def stl_writer(path: Path, count: int, unit: str = "mm") -> Iterator[Callable[[FloatArray, IntArray], None]]:
    """What adds faces, with their vertices in mm, to the new binary STL file ``path``; ``count`` of them in all."""
    size = millimetres(unit)
    if count > 0xFFFFFFFF:
        raise ValueError(f"the solid has {count} faces, STL counts at most {0xFFFFFFFF}")

    def write(vertices: FloatArray, faces: IntArray) -> None:
        corners = (np.asarray(vertices) / size).astype("<f4")
        for rows in chunks(len(faces)):
            facets = np.zeros(len(faces[rows]), FACET)
            facets["numbers"] = _facets(corners, faces[rows])
            file.write(facets.data)

    with path.open("wb") as file:
        # Not "solid", which readers take for the text format.
        file.write(f"binary STL by structgen, unit {unit}".encode().ljust(80) + np.array(count, "<u4").tobytes())
        yield write


@compiled
def _facets(vertices: npt.NDArray[np.float32], faces: IntArray) -> npt.NDArray[np.float32]:
    """``(n, 12)`` outward unit normal, 0 for a face without area, and corners of each face."""
    numbers = np.zeros((len(faces), 12), np.float32)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        for k in range(3):
            numbers[f, 3 + k], numbers[f, 6 + k], numbers[f, 9 + k] = vertices[a, k], vertices[b, k], vertices[c, k]
        ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
        vx, vy, vz = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
        nx, ny, nz = _minor(uy, vz, uz, vy), _minor(uz, vx, ux, vz), _minor(ux, vy, uy, vx)
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        if length > 0:
            numbers[f, 0], numbers[f, 1], numbers[f, 2] = nx / length, ny / length, nz / length
    return numbers


@compiled
def _minor(a: np.float32, b: np.float32, c: np.float32, d: np.float32) -> float:
    """a b - c d, rounded as admesh does: to it the normal of a sliver would be wrong else."""
    return float(np.float32(np.float64(np.float32(np.float64(a) * np.float64(b))) - np.float64(c) * np.float64(d)))
