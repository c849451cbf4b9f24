"""Marching cubes whose surface is a manifold whatever the signs at the corners of its cells.

W. E. Lorensen, H. E. Cline, "Marching cubes", SIGGRAPH 1987; the table is made by rule rather than by hand:

- On each face of a cell the corners outside are cut off one run at a time, so two cells agree on the face that they
  share, and two inner corners that lie across from each other are joined: thin struts stay whole.
- The cuts link up to loops over the cell's edges. Each edge whose ends lie on two sides is in one loop.
- Loops are cut into triangles by diagonals inside the cell, never by one in a face of it, where the neighbour could
  have the same one. Of the ways left the one with the shortest sides is taken.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from structgen.web import IntArray

#: Axis and lower corner of each edge of a cell. Bit a of a corner's number is its place along axis a.
EDGES = tuple((axis, corner) for axis in range(3) for corner in range(8) if not corner >> axis & 1)
NO_EDGE = -1
MOST_TRIANGLES = 5

Triangle = tuple[int, int, int]


@functools.cache
def triangle_table() -> IntArray:
    """``(256, 5, 3)`` edges of the triangles in a cell by the bits of its inner corners; `NO_EDGE` fills the rest.

    Corners run counter-clockwise seen from outside.
    """
    table = np.full((256, MOST_TRIANGLES, 3), NO_EDGE, np.int64)
    for inside in range(256):
        triangles = [triangle for loop in loops(inside) for triangle in _shortest(loop)]
        if triangles:
            table[inside, : len(triangles)] = triangles
    return table


def loops(inside: int) -> list[list[int]]:
    """Edges of the closed loops around the inner corners of a cell."""
    following: dict[int, int] = {}
    for face in FACES:
        for k in range(4):
            if _in(inside, face[k]) and not _in(inside, face[(k + 1) % 4]):
                last = next(m for m in range(k + 1, k + 4) if _in(inside, face[(m + 1) % 4]))
                following[_edge(face, last)] = _edge(face, k)
    found: list[list[int]] = []
    left = dict.fromkeys(sorted(following))
    while left:
        loop = [next(iter(left))]
        while following[loop[-1]] != loop[0]:
            loop.append(following[loop[-1]])
        for edge in loop:
            del left[edge]
        found.append(loop)
    return found


def triangulations(loop: list[int]) -> Iterator[tuple[Triangle, ...]]:
    """All ways to cut a loop into triangles without a diagonal in a face of the cell."""
    if len(loop) < 3:
        yield ()
        return
    first, last = loop[0], loop[-1]
    for k in range(1, len(loop) - 1):
        before, after = k > 1 and _same_face(first, loop[k]), k < len(loop) - 2 and _same_face(loop[k], last)
        if not (before or after):
            for one in triangulations(loop[: k + 1]):
                for two in triangulations(loop[k:]):
                    yield (*one, (first, loop[k], last), *two)


def _shortest(loop: list[int]) -> tuple[Triangle, ...]:
    """The way with the shortest sides where all edges are cut in the middle, the first such."""

    def size(triangles: tuple[Triangle, ...]) -> int:
        return sum(_square(a, b) + _square(b, c) + _square(c, a) for a, b, c in triangles)

    return min(triangulations(loop), key=lambda triangles: (size(triangles), triangles))


def _square(a: int, b: int) -> int:
    """Four times the squared distance between the middles of two edges."""
    return sum((p - q) ** 2 for p, q in zip(_middle(a), _middle(b), strict=True))


def _middle(edge: int) -> tuple[int, ...]:
    axis, corner = EDGES[edge]
    return tuple(2 * (corner >> a & 1) + (a == axis) for a in range(3))


def _faces() -> Iterator[tuple[int, int, int, int]]:
    """Corners of the six faces, counter-clockwise seen from outside the cell."""
    for axis in range(3):
        u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        yield 0, v, u | v, u
        yield 1 << axis, 1 << axis | u, 1 << axis | u | v, 1 << axis | v


FACES = tuple(_faces())


def _in(inside: int, corner: int) -> int:
    return inside >> corner & 1


def _edge(face: tuple[int, int, int, int], k: int) -> int:
    """The edge from corner k of a face to the next, counted around."""
    one, two = face[k % 4], face[(k + 1) % 4]
    return EDGES.index(((one ^ two).bit_length() - 1, min(one, two)))


@functools.cache
def _same_face(a: int, b: int) -> bool:
    return any({a, b} <= {_edge(face, k) for k in range(4)} for face in FACES)
