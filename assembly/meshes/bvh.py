"""Nearest points and hits on many triangles: a balanced tree of boxes, its queries compiled by numba.

Compiled here because VTK's locators take 46 and 65 us a point on 80,000 triangles, and other libraries need a
compiled extra. Closest point on a triangle after C. Ericson, Real-Time Collision Detection (2005), section 5.1.5.
"""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Triangles in a leaf, about.
LEAF = 4
#: Boxes that can wait on the way down a tree of 2^30 leaves.
STACK = 64
#: What of a triangle is nearest: corner 0..2, a side from here on (the k-th from corner k to the next), or its inside.
SIDE, INSIDE = 3, 6


class Tree:
    """A tree of boxes over triangles.

    Arguments:
        corners: ``(f, 3, 3)`` places of the triangles' corners in mm.
    """

    def __init__(self, corners: FloatArray) -> None:
        count = len(corners)
        depth = max(int(np.ceil(np.log2(count / LEAF))), 0)
        self._order = _sorted(corners, depth)
        self._corners = np.ascontiguousarray(corners[self._order])
        self._starts = _splits(count, depth)
        leaves = 1 << depth
        # Boxes as in a heap: those of box k are 2 k + 1 and 2 k + 2, the leaves are the last.
        self._boxes = np.empty((2 * leaves - 1, 2, 3))
        low, high = self._corners.min(axis=1), self._corners.max(axis=1)
        self._boxes[leaves - 1 :, 0] = np.minimum.reduceat(low, self._starts[:-1])
        self._boxes[leaves - 1 :, 1] = np.maximum.reduceat(high, self._starts[:-1])
        for level in range(depth - 1, -1, -1):
            first, below = (1 << level) - 1, (1 << level + 1) - 1
            inner = self._boxes[below : below + (2 << level)].reshape(-1, 2, 2, 3)
            self._boxes[first:below, 0] = inner[:, :, 0].min(axis=1)
            self._boxes[first:below, 1] = inner[:, :, 1].max(axis=1)

    def closest(self, points: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
        """Of each of ``points (n, 3)``: the closest place ``(n, 3)``, its triangle ``(n,)``, and what of it is nearest.

        The last is a corner 0..2, a side 3..5 (from corner k to the next), or 6 for its inside.
        """
        places = np.empty((len(points), 3))
        faces = np.empty(len(points), np.int64)
        features = np.empty(len(points), np.int64)
        _closest(np.ascontiguousarray(points), self._boxes, self._starts, self._corners, places, faces, features)
        return places, self._order[faces], features

    def first_hits(self, starts: FloatArray, ends: FloatArray) -> FloatArray:
        """``(n,)`` share of the way from ``starts`` to ``ends (n, 3)`` at the first triangle met; inf for none."""
        shares = np.empty(len(starts))
        ways = np.ascontiguousarray(ends - starts)
        _first_hits(np.ascontiguousarray(starts), ways, self._boxes, self._starts, self._corners, shares)
        return shares


def _splits(count: int, depth: int) -> IntArray:
    """Where each of the 2^depth leaves begins, and the end."""
    return np.arange((1 << depth) + 1, dtype=np.int64) * count >> depth


def _sorted(corners: FloatArray, depth: int) -> IntArray:
    """Order of the triangles in which the leaves are compact: halved again and again along the longest side."""
    middles = corners.mean(axis=1)
    order = np.arange(len(corners))
    for level in range(depth):
        starts = _splits(len(corners), level)
        placed = middles[order]
        sides = np.maximum.reduceat(placed, starts[:-1]) - np.minimum.reduceat(placed, starts[:-1])
        group = np.repeat(np.arange(1 << level), np.diff(starts))
        along = np.take_along_axis(placed, sides.argmax(axis=1)[group][:, None], axis=1)[:, 0]
        order = order[np.lexsort((along, group))]
    return order.astype(np.int64)


@compiled
def _box_distance2(box: FloatArray, x: float, y: float, z: float) -> float:
    dx: float = max(box[0, 0] - x, 0.0, x - box[1, 0])
    dy: float = max(box[0, 1] - y, 0.0, y - box[1, 1])
    dz: float = max(box[0, 2] - z, 0.0, z - box[1, 2])
    return dx * dx + dy * dy + dz * dz


@compiled
def _dot(a: FloatArray, b: FloatArray) -> float:
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


@compiled
def _on_triangle(p: FloatArray, corners: FloatArray, place: FloatArray, work: FloatArray) -> int:
    """Set ``place`` to the point of the triangle closest to ``p``; returns what of it that is."""
    ab, ac, ap = work[0], work[1], work[2]
    for k in range(3):
        ab[k] = corners[1, k] - corners[0, k]
        ac[k] = corners[2, k] - corners[0, k]
        ap[k] = p[k] - corners[0, k]
    d1, d2 = _dot(ab, ap), _dot(ac, ap)
    bb, bc, cc = _dot(ab, ab), _dot(ab, ac), _dot(ac, ac)
    d3, d4, d5, d6 = d1 - bb, d2 - bc, d1 - bc, d2 - cc
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    u, v, feature = 0.0, 0.0, 6
    if d1 <= 0 and d2 <= 0:
        feature = 0
    elif d3 >= 0 and d4 <= d3:
        u, feature = 1.0, 1
    elif d6 >= 0 and d5 <= d6:
        v, feature = 1.0, 2
    elif vc <= 0 and d1 >= 0 and d3 <= 0 and d1 > d3:
        u, feature = d1 / (d1 - d3), 3
    elif vb <= 0 and d2 >= 0 and d6 <= 0 and d2 > d6:
        v, feature = d2 / (d2 - d6), 5
    elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0 and (d4 - d3) + (d5 - d6) > 0:
        v, feature = (d4 - d3) / ((d4 - d3) + (d5 - d6)), 4
        u = 1 - v
    elif va + vb + vc > 0:
        u, v = vb / (va + vb + vc), vc / (va + vb + vc)
    for k in range(3):
        place[k] = corners[0, k] + u * ab[k] + v * ac[k]
    return feature


@compiled
def _closest(
    points: FloatArray, boxes: FloatArray, starts: IntArray, corners: FloatArray,
    places: FloatArray, faces: IntArray, features: IntArray,
) -> None:  # fmt: skip
    leaves = len(starts) - 1
    stack = np.empty(STACK, np.int64)
    bound = np.empty(STACK)
    place = np.empty(3)
    work = np.empty((3, 3))
    last = 0
    for i in range(len(points)):
        p = points[i]
        # The triangle nearest to the point before is a good first guess.
        features[i], faces[i] = _on_triangle(p, corners[last], places[i], work), last
        best = (p[0] - places[i, 0]) ** 2 + (p[1] - places[i, 1]) ** 2 + (p[2] - places[i, 2]) ** 2
        stack[0], bound[0], height = 0, 0.0, 1
        while height > 0:
            height -= 1
            if bound[height] >= best:
                continue
            box = stack[height]
            # Down to a leaf by the nearer side, the farther side waits.
            while box < leaves - 1:
                near, far = 2 * box + 1, 2 * box + 2
                d_near = _box_distance2(boxes[near], p[0], p[1], p[2])
                d_far = _box_distance2(boxes[far], p[0], p[1], p[2])
                if d_far < d_near:
                    near, far, d_near, d_far = far, near, d_far, d_near
                if d_far < best:
                    stack[height], bound[height] = far, d_far
                    height += 1
                if d_near >= best:
                    box = -1
                    break
                box = near
            if box < 0:
                continue
            leaf = box - (leaves - 1)
            for face in range(starts[leaf], starts[leaf + 1]):
                feature = _on_triangle(p, corners[face], place, work)
                d2 = (p[0] - place[0]) ** 2 + (p[1] - place[1]) ** 2 + (p[2] - place[2]) ** 2
                if d2 < best:
                    best = d2
                    faces[i], features[i] = face, feature
                    for k in range(3):
                        places[i, k] = place[k]
        last = faces[i]


@compiled
def _enters(box: FloatArray, p: FloatArray, way: FloatArray, most: float) -> float:
    """Share of the way from ``p`` at which it enters the box; inf if it does not before ``most``."""
    low, high = 0.0, most
    for k in range(3):
        if way[k] == 0:
            if p[k] < box[0, k] or p[k] > box[1, k]:
                return math.inf
        else:
            one, other = (box[0, k] - p[k]) / way[k], (box[1, k] - p[k]) / way[k]
            low = max(low, min(one, other))
            high = min(high, max(one, other))
    # A flat box is met in one point, which rounding must not lose.
    return low if low <= high + 1e-12 else math.inf


@compiled
def _hit(p: FloatArray, way: FloatArray, corners: FloatArray) -> float:
    """Share of the way at which it meets the triangle (Moeller & Trumbore 1997), its rim included; inf if not."""
    ux, uy, uz = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1], corners[1, 2] - corners[0, 2]
    vx, vy, vz = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1], corners[2, 2] - corners[0, 2]
    hx, hy, hz = way[1] * vz - way[2] * vy, way[2] * vx - way[0] * vz, way[0] * vy - way[1] * vx
    det = ux * hx + uy * hy + uz * hz
    if det == 0:
        return math.inf
    sx, sy, sz = p[0] - corners[0, 0], p[1] - corners[0, 1], p[2] - corners[0, 2]
    b = (sx * hx + sy * hy + sz * hz) / det
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    c = (way[0] * qx + way[1] * qy + way[2] * qz) / det
    share: float = (vx * qx + vy * qy + vz * qz) / det
    rim = 1e-9
    if b < -rim or c < -rim or b + c > 1 + rim or share < 0 or share > 1:
        return math.inf
    return share


@compiled
def _first_hits(
    points: FloatArray, ways: FloatArray, boxes: FloatArray, starts: IntArray, corners: FloatArray, shares: FloatArray
) -> None:
    leaves = len(starts) - 1
    stack = np.empty(STACK, np.int64)
    for i in range(len(points)):
        p, way = points[i], ways[i]
        best = math.inf
        stack[0], height = 0, 1
        while height > 0:
            height -= 1
            box = stack[height]
            if not _enters(boxes[box], p, way, min(best, 1.0)) < math.inf:
                continue
            if box < leaves - 1:
                stack[height], stack[height + 1] = 2 * box + 2, 2 * box + 1
                height += 2
                continue
            leaf = box - (leaves - 1)
            for face in range(starts[leaf], starts[leaf + 1]):
                share = _hit(p, way, corners[face])
                best = min(best, share)
        shares[i] = best
