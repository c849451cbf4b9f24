"""Which struts come near each other, and which skins stand in the way of others: a grid, then exact distances."""

from __future__ import annotations

import math

import numpy as np

from assembly.hybrid.distances import crosses_triangle, segment_near_triangle, segments_apart
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Cells are this many times the median strut long.
CELL = 0.6
#: At most so many cells along an axis: their numbers are packed into 21 bits each.
MOST_CELLS = 2_000_000


def cell_of(starts: FloatArray, spans: FloatArray, reach: FloatArray) -> float:
    """Size of the grid's cells for capsules about struts, mm."""
    length = np.linalg.norm(spans, axis=1)
    low = np.minimum(starts, starts + spans) - reach[:, None]
    high = np.maximum(starts, starts + spans) + reach[:, None]
    widest = float((high.max(axis=0) - low.min(axis=0)).max())
    return max(CELL * float(np.median(length)), 2 * float(np.median(reach)), widest / MOST_CELLS)


def boxes_of(
    starts: FloatArray, spans: FloatArray, reach: FloatArray, centres: FloatArray, spheres: FloatArray, cell: float
) -> tuple[FloatArray, IntArray]:
    """``(b, 2, 3)`` boxes about pieces of struts and about node spheres, and ``(b,)`` what is in each.

    Struts ``0..m`` are capsules, cut into pieces of about a cell; ``m + v`` stands for node v, of no sphere where 0.
    """
    length = np.linalg.norm(spans, axis=1)
    count = np.maximum(np.ceil(length / (2 * cell)), 1).astype(np.int64)
    strut = np.repeat(np.arange(len(starts)), count)
    share = (np.arange(len(strut)) - np.repeat(np.cumsum(count) - count, count)) / count[strut]
    p = starts[strut] + share[:, None] * spans[strut]
    q = p + spans[strut] / count[strut, None]
    node = np.flatnonzero(spheres > 0)
    around = spheres[node, None]
    low = np.concatenate([np.minimum(p, q) - reach[strut, None], centres[node] - around])
    high = np.concatenate([np.maximum(p, q) + reach[strut, None], centres[node] + around])
    return np.stack([low, high], axis=1), np.concatenate([strut, len(starts) + node])


@compiled
def grid_of(boxes: FloatArray, cell: float) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """A hash grid: first entry of each bucket, cell key and box of each entry, first and last cell of each box."""
    count = len(boxes)
    origin = boxes[0, 0].copy()
    for b in range(count):
        for x in range(3):
            origin[x] = min(origin[x], boxes[b, 0, x])
    first, last = np.empty((count, 3), np.int64), np.empty((count, 3), np.int64)
    entries = 0
    for b in range(count):
        cells = 1
        for x in range(3):
            first[b, x] = math.floor((boxes[b, 0, x] - origin[x]) / cell)
            last[b, x] = math.floor((boxes[b, 1, x] - origin[x]) / cell)
            cells *= last[b, x] - first[b, x] + 1
        entries += cells
    buckets = max(1, entries // 4)
    row, layer = 1, 1
    for b in range(count):
        row, layer = max(row, last[b, 0] + 1), max(layer, last[b, 1] + 1)
    begin = np.zeros(buckets + 1, np.int64)
    keys, inside = np.empty(entries, np.int64), np.empty(entries, np.int64)
    for fill in range(2):
        for b in range(count):
            for z in range(first[b, 2], last[b, 2] + 1):
                for y in range(first[b, 1], last[b, 1] + 1):
                    for x in range(first[b, 0], last[b, 0] + 1):
                        bucket = (x + row * (y + layer * z)) % buckets
                        if fill:
                            begin[bucket] -= 1
                            keys[begin[bucket]] = (z << 42) | (y << 21) | x
                            inside[begin[bucket]] = b
                        else:
                            begin[bucket] += 1
        if not fill:
            for k in range(1, buckets + 1):
                begin[k] += begin[k - 1]
    return begin, keys, inside, first, last


@compiled
def find_contacts(
    lower: int,
    upper: int,
    begin: IntArray,
    keys: IntArray,
    inside: IntArray,
    first: IntArray,
    last: IntArray,
    boxes: FloatArray,
    owner: IntArray,
    ends: IntArray,
    starts: FloatArray,
    spans: FloatArray,
    reach: FloatArray,
    centres: FloatArray,
    spheres: FloatArray,
    face_place: IntArray,
    faces: IntArray,
    vertices: FloatArray,
    crowded: IntArray,
) -> IntArray:
    """``(c, 2)`` struts whose capsules overlap and that share no node, some of them twice, from buckets lower..upper.

    Nodes whose skins come within another strut's capsule or cut another skin are marked in ``crowded``.
    """
    m = len(starts)
    found, count = np.empty((64, 2), np.int64), 0
    for bucket in range(lower, upper):
        for x in range(begin[bucket], begin[bucket + 1]):
            b = inside[x]
            for y in range(x + 1, begin[bucket + 1]):
                if keys[x] != keys[y]:
                    continue
                c = inside[y]
                if (
                    boxes[b, 0, 0] > boxes[c, 1, 0]
                    or boxes[c, 0, 0] > boxes[b, 1, 0]
                    or boxes[b, 0, 1] > boxes[c, 1, 1]
                    or boxes[c, 0, 1] > boxes[b, 1, 1]
                    or boxes[b, 0, 2] > boxes[c, 1, 2]
                    or boxes[c, 0, 2] > boxes[b, 1, 2]
                ):
                    continue
                # A pair is met in all cells that both boxes have; it counts in the first of them.
                key = max(first[b, 2], first[c, 2]) << 42 | max(first[b, 1], first[c, 1]) << 21
                if key | max(first[b, 0], first[c, 0]) != keys[x]:
                    continue
                i, j = min(owner[b], owner[c]), max(owner[b], owner[c])
                if i == j:
                    continue
                if j < m:
                    if (
                        ends[i, 0] == ends[j, 0]
                        or ends[i, 0] == ends[j, 1]
                        or ends[i, 1] == ends[j, 0]
                        or ends[i, 1] == ends[j, 1]
                    ):
                        continue
                    if segments_apart(starts[i], spans[i], starts[j], spans[j]) <= (reach[i] + reach[j]) ** 2:
                        if count == len(found):
                            more = np.empty((2 * count, 2), np.int64)
                            more[:count] = found
                            found = more
                        found[count, 0], found[count, 1] = i, j
                        count += 1
                elif i < m:
                    v = j - m
                    if ends[i, 0] == v or ends[i, 1] == v or crowded[v]:
                        continue
                    if _strut_near_skin(
                        starts[i],
                        spans[i],
                        reach[i],
                        centres[v],
                        spheres[v],
                        faces[face_place[v] : face_place[v + 1]],
                        vertices,
                    ):
                        crowded[v] = 1
                else:
                    v, w = i - m, j - m
                    if crowded[v] and crowded[w]:
                        continue
                    if _skins_meet(
                        centres[v],
                        spheres[v],
                        faces[face_place[v] : face_place[v + 1]],
                        centres[w],
                        spheres[w],
                        faces[face_place[w] : face_place[w + 1]],
                        vertices,
                    ):
                        crowded[v], crowded[w] = 1, 1
    return found[:count]


@compiled
def _strut_near_skin(
    start: FloatArray,
    span: FloatArray,
    reach: float,
    centre: FloatArray,
    sphere: float,
    faces: IntArray,
    vertices: FloatArray,
) -> bool:
    if segments_apart(start, span, centre, np.zeros(3)) > (sphere + reach) ** 2:
        return False
    for f in range(len(faces)):
        if segment_near_triangle(
            start, span, vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]], reach
        ):
            return True
    return False


@compiled
def _skins_meet(
    p: FloatArray,
    sphere_p: float,
    faces_p: IntArray,
    q: FloatArray,
    sphere_q: float,
    faces_q: IntArray,
    vertices: FloatArray,
) -> bool:
    """Whether two skins cut each other: not if a plane across the line of their nodes separates them."""
    nx, ny, nz = q[0] - p[0], q[1] - p[1], q[2] - p[2]
    square = nx * nx + ny * ny + nz * nz
    if square > (sphere_p + sphere_q) ** 2:
        return False
    far, near = -np.inf, np.inf
    for f in range(len(faces_p)):
        for k in range(3):
            v = vertices[faces_p[f, k]]
            far = max(far, v[0] * nx + v[1] * ny + v[2] * nz)
    for f in range(len(faces_q)):
        for k in range(3):
            v = vertices[faces_q[f, k]]
            near = min(near, v[0] * nx + v[1] * ny + v[2] * nz)
    if far < near - 1e-3 * square:
        return False
    return _edges_cross(faces_p, faces_q, vertices) or _edges_cross(faces_q, faces_p, vertices)


@compiled
def _edges_cross(edges: IntArray, faces: IntArray, vertices: FloatArray) -> bool:
    for e in range(len(edges)):
        for k in range(3):
            start, end = vertices[edges[e, k]], vertices[edges[e, (k + 1) % 3]]
            for f in range(len(faces)):
                if crosses_triangle(
                    start, end - start, vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
                ):
                    return True
    return False
