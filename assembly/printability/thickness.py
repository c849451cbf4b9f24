"""How thick a closed mesh is at each of its faces: the way straight inwards to the opposite wall."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from assembly.meshes import TriangleMesh
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Cells of the grid that finds faces on the way, at most.
MOST_CELLS = 30_000_000
#: A wall is opposite where its normal turns away from the ray by less than 60 degrees: others are edges of wedges.
OPPOSITE = 0.5


def wall_thickness(mesh: TriangleMesh, most: float) -> FloatArray:
    """``(f,)`` mm from the middle of each face inwards to the opposite wall; inf where there is none within ``most``.

    Faces without area have inf.
    """
    corners, normals, solid = mesh.corners, mesh.normals, mesh.face_areas > 0
    low, high = mesh.bounds
    box = np.maximum(high - low, most)
    cell = max(most / 3, float(np.cbrt(box.prod() / MOST_CELLS)))
    cells = np.floor((high - low) / cell).astype(np.int64) + 1
    counts = np.zeros(int(cells.prod()) + 1, np.int64)
    listed = np.empty(0, np.int64)
    _list(corners, normals, solid, low, cell, cells, counts, listed, False)
    first = np.cumsum(counts)
    listed = np.empty(int(first[-1]), np.int64)
    _list(corners, normals, solid, low, cell, cells, first[:-1].copy(), listed, True)
    thickness: FloatArray = _through(corners, normals, solid, low, cell, cells, first, listed, most)
    return thickness


@compiled
def _list(
    corners: FloatArray,
    normals: FloatArray,
    solid: npt.NDArray[np.bool_],
    low: FloatArray,
    cell: float,
    cells: IntArray,
    at: IntArray,
    listed: IntArray,
    fill: bool,
) -> None:
    """Faces of each cell that their planes pass through: counted in ``at[cell + 1]``, or put at ``at[cell]``."""
    half = cell * math.sqrt(3.0) / 2 * 1.0001
    a, b = np.empty(3, np.int64), np.empty(3, np.int64)
    for f in range(len(corners)):
        if not solid[f]:
            continue
        for d in range(3):
            least = min(corners[f, 0, d], corners[f, 1, d], corners[f, 2, d])
            most = max(corners[f, 0, d], corners[f, 1, d], corners[f, 2, d])
            a[d] = max(0, min(cells[d] - 1, int((least - low[d]) / cell)))
            b[d] = max(0, min(cells[d] - 1, int((most - low[d]) / cell)))
        for x in range(a[0], b[0] + 1):
            for y in range(a[1], b[1] + 1):
                for z in range(a[2], b[2] + 1):
                    off = normals[f, 0] * (low[0] + (x + 0.5) * cell - corners[f, 0, 0])
                    off += normals[f, 1] * (low[1] + (y + 0.5) * cell - corners[f, 0, 1])
                    off += normals[f, 2] * (low[2] + (z + 0.5) * cell - corners[f, 0, 2])
                    if abs(off) <= half:
                        number = (x * cells[1] + y) * cells[2] + z
                        if fill:
                            listed[at[number]] = f
                            at[number] += 1
                        else:
                            at[number + 1] += 1


@compiled
def _through(
    corners: FloatArray,
    normals: FloatArray,
    solid: npt.NDArray[np.bool_],
    low: FloatArray,
    cell: float,
    cells: IntArray,
    first: IntArray,
    listed: IntArray,
    most: float,
) -> FloatArray:
    """The walk of each ray through the cells, and its first exit through an opposite wall."""
    thickness = np.full(len(corners), np.inf)
    at, step = np.empty(3, np.int64), np.empty(3, np.int64)
    start, way, there, delta = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for f in range(len(corners)):
        if not solid[f]:
            continue
        for d in range(3):
            start[d] = (corners[f, 0, d] + corners[f, 1, d] + corners[f, 2, d]) / 3
            way[d] = -normals[f, d]
            at[d] = max(0, min(cells[d] - 1, int((start[d] - low[d]) / cell)))
            step[d] = 1 if way[d] > 0 else -1
            if abs(way[d]) > 1e-12:
                there[d] = (low[d] + (at[d] + (1 if way[d] > 0 else 0)) * cell - start[d]) / way[d]
                delta[d] = cell / abs(way[d])
            else:
                there[d], delta[d] = np.inf, np.inf
        nearest, entered = most, 0.0
        while entered <= nearest:
            number = (at[0] * cells[1] + at[1]) * cells[2] + at[2]
            for place in range(first[number], first[number + 1]):
                g = listed[place]
                facing = way[0] * normals[g, 0] + way[1] * normals[g, 1] + way[2] * normals[g, 2]
                if g != f and facing > OPPOSITE:
                    t = 0.0
                    for d in range(3):
                        t += (corners[g, 0, d] - start[d]) * normals[g, d]
                    t /= facing
                    if 0 < t < nearest and _inside(corners, normals, g, start, way, t):
                        nearest = t
                        thickness[f] = t
            d = 0 if there[0] <= there[1] and there[0] <= there[2] else (1 if there[1] <= there[2] else 2)
            entered = there[d]
            there[d] += delta[d]
            at[d] += step[d]
            if at[d] < 0 or at[d] >= cells[d]:
                break
    return thickness


@compiled
def _inside(corners: FloatArray, normals: FloatArray, g: int, start: FloatArray, way: FloatArray, t: float) -> bool:
    """Whether the point ``t`` along the ray lies within face ``g``, in whose plane it is."""
    for c in range(3):
        e = (c + 1) % 3
        ux, uy, uz = (corners[g, e, 0] - corners[g, c, 0], corners[g, e, 1] - corners[g, c, 1],
                      corners[g, e, 2] - corners[g, c, 2])  # fmt: skip
        px, py, pz = (start[0] + t * way[0] - corners[g, c, 0], start[1] + t * way[1] - corners[g, c, 1],
                      start[2] + t * way[2] - corners[g, c, 2])  # fmt: skip
        side = normals[g, 0] * (uy * pz - uz * py) + normals[g, 1] * (uz * px - ux * pz)
        side += normals[g, 2] * (ux * py - uy * px)
        if side < -1e-9 * (ux * ux + uy * uy + uz * uz):
            return False
    return True
