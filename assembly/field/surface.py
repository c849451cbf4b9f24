"""The surface where a sampled field changes sign, by marching cubes over blocks that share the grid's edges.

Each edge of the grid whose ends lie on two sides has one vertex, numbered by the block of its lower end; a block keeps
its crossed edges as 64 bits an axis, so that a vertex is found by counting bits. Nothing is welded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.field.blocks import SAMPLES, SIDE, Blocks, block_corner
from assembly.field.table import EDGES, NO_EDGE, triangle_table
from assembly.threads import over_ranges
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Vertices keep this share of an edge from its ends: those around a sample that the surface nearly meets stay apart.
MARGIN = 0.05
#: Blocks that a thread takes at a time.
CHUNK = 4096

_EDGES = np.array(EDGES, np.int64)


def surface(values: npt.NDArray[np.float32], blocks: Blocks) -> tuple[FloatArray, IntArray]:
    """Vertices ``(v, 3)`` in steps of the grid, and faces ``(f, 3)``, of the closed surface around all that is < 0.

    Arguments:
        values: ``(b, 64)`` samples; whatever lies beside a sample < 0, across corners too, must be in a block.
    """
    table = triangle_table()
    count = (table[:, :, 0] != NO_EDGE).sum(axis=1)
    size = len(values)
    crossed, corners, triangles = np.zeros((size, 3), np.uint64), np.zeros(size, np.int64), np.zeros(size, np.int64)

    def mark(first: int, last: int) -> None:
        mark_crossings(values, blocks.beside, count, first, last, crossed, corners, triangles)

    def fill(first: int, last: int) -> None:
        _fill(values, blocks, table, count, _EDGES, crossed, base, start, first, last, vertices, faces)

    for _ in over_ranges(mark, size, CHUNK):
        pass
    base, start = (np.concatenate([[0], np.cumsum(numbers)]) for numbers in (corners, triangles))
    vertices, faces = np.empty((base[-1], 3)), np.empty((start[-1], 3), np.int64)
    for _ in over_ranges(fill, size, CHUNK):
        pass
    return vertices, faces


@compiled
def _load(
    values: npt.NDArray[np.float32], beside: npt.NDArray[np.int32], b: int, into: npt.NDArray[np.float32]
) -> bool:  # fmt: skip
    """The ``(5, 5, 5)`` samples at [z, y, x] of a block and of those beside it; whether they lie on two sides."""
    inside, outside = False, False
    for z in range(SIDE + 1):
        for y in range(SIDE + 1):
            for x in range(SIDE + 1):
                block = beside[b, (x // SIDE) | (y // SIDE) << 1 | (z // SIDE) << 2]
                value = np.float32(1)
                if block >= 0:
                    value = values[block, x % SIDE + SIDE * (y % SIDE) + SIDE * SIDE * (z % SIDE)]
                into[z, y, x] = value
                if value < 0:
                    inside = True
                else:
                    outside = True
    return inside and outside


@compiled
def _inside(near: npt.NDArray[np.float32], x: int, y: int, z: int) -> int:
    """Bits of the corners of a cell that are inside."""
    bits = 0
    for corner in range(8):
        if near[z + (corner >> 2), y + (corner >> 1 & 1), x + (corner & 1)] < 0:
            bits |= 1 << corner
    return bits


@compiled
def mark_crossings(
    values: npt.NDArray[np.float32], beside: npt.NDArray[np.int32], count: IntArray, start: int, stop: int,
    crossed: npt.NDArray[np.uint64], corners: IntArray, triangles: IntArray,
) -> None:  # fmt: skip
    """Crossed edges of blocks, and how many vertices and triangles each has."""
    near = np.empty((SIDE + 1, SIDE + 1, SIDE + 1), np.float32)
    for b in range(start, stop):
        if not _load(values, beside, b, near):
            continue
        for i in range(SAMPLES):
            x, y, z = i % SIDE, i // SIDE % SIDE, i // (SIDE * SIDE)
            bits = _inside(near, x, y, z)
            if bits == 0 or bits == 255:
                continue
            triangles[b] += count[bits]
            for axis in range(3):
                if (bits & 1) != (bits >> (1 << axis) & 1):
                    crossed[b, axis] |= np.uint64(1) << np.uint64(i)
                    corners[b] += 1


@compiled
def _ones(bits: np.uint64) -> Any:
    """How many of 64 bits are set."""
    pairs = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + ((pairs >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _vertex(crossed: npt.NDArray[np.uint64], base: IntArray, b: int, axis: int, i: int) -> Any:
    """Number of the vertex on the edge along ``axis`` from sample i of block b."""
    number = base[b]
    for a in range(axis):
        number += _ones(crossed[b, a])
    return number + _ones(crossed[b, axis] & ((np.uint64(1) << np.uint64(i)) - np.uint64(1)))


@compiled
def _fill(
    values: npt.NDArray[np.float32], blocks: Blocks, table: IntArray, count: IntArray, edges: IntArray,
    crossed: npt.NDArray[np.uint64], base: IntArray, start: IntArray, first: int, last: int, vertices: FloatArray,
    faces: IntArray,
) -> None:  # fmt: skip
    """Vertices and faces of blocks."""
    near = np.empty((SIDE + 1, SIDE + 1, SIDE + 1), np.float32)
    place = np.empty(3, np.int64)
    for b in range(first, last):
        if start[b] == start[b + 1] and base[b] == base[b + 1]:
            continue
        _load(values, blocks.beside, b, near)
        cx, cy, cz = block_corner(blocks.key[b])
        face = start[b]
        for i in range(SAMPLES):
            x, y, z = i % SIDE, i // SIDE % SIDE, i // (SIDE * SIDE)
            bits = _inside(near, x, y, z)
            if bits == 0 or bits == 255:
                continue
            for axis in range(3):
                if (bits & 1) != (bits >> (1 << axis) & 1):
                    here, there = near[z, y, x], near[z + (axis == 2), y + (axis == 1), x + (axis == 0)]
                    share = min(max(here / (here - there), MARGIN), 1 - MARGIN)
                    v = _vertex(crossed, base, b, axis, i)
                    vertices[v, 0], vertices[v, 1], vertices[v, 2] = cx + x, cy + y, cz + z
                    vertices[v, axis] += share
            for k in range(count[bits]):
                for m in range(3):
                    axis, corner = edges[table[bits, k, m]]
                    place[0], place[1], place[2] = x + (corner & 1), y + (corner >> 1 & 1), z + (corner >> 2)
                    block = blocks.beside[b, (place[0] // SIDE) | (place[1] // SIDE) << 1 | (place[2] // SIDE) << 2]
                    j = place[0] % SIDE + SIDE * (place[1] % SIDE) + SIDE * SIDE * (place[2] % SIDE)
                    faces[face, m] = _vertex(crossed, base, block, axis, j)
                face += 1
