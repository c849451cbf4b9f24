"""Rings at the ends of struts, and the skins that join the rings of a node."""

from __future__ import annotations

import math

import numpy as np

from assembly.hybrid.creases import union_reach
from assembly.hybrid.hull import sphere_hull
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: The volume that a face spans with its node, in cubes of its largest distance from there, is at least so many times
#: what a step of float32 is of that distance: rounded, the face still turns the same way.
LEAST_TURN = 16.0
#: Points of a skin are moved off the union by so much at most for its volume.
LEAST_SCALE, MOST_SCALE = 0.8, 1.2
NEWTON_STEPS = 4


@compiled
def write_rings(
    first: int,
    last: int,
    strut: IntArray,
    along: FloatArray,
    starts: FloatArray,
    axes: FloatArray,
    across: FloatArray,
    radius: FloatArray,
    box: FloatArray,
    corners: FloatArray,
) -> None:
    """Write the corners of rings first..last, each ``along[ring]`` mm from the start of a strut, kept inside the box.

    Arguments:
        strut: ``(r,)`` of each ring; ``starts, axes, across`` ``(m, 3)`` and ``radius`` are of the struts.
        box: ``(2, 3)``.
        corners: ``(r, sides, 3)``, written counter-clockwise about the axis.
    """
    sides = corners.shape[1]
    for ring in range(first, last):
        k = strut[ring]
        a, u = axes[k], across[k]
        for j in range(sides):
            turn = (j + 0.5) * 2 * math.pi / sides
            c, s = radius[k] * math.cos(turn), radius[k] * math.sin(turn)
            for x in range(3):
                y, z = (x + 1) % 3, (x + 2) % 3
                value = starts[k, x] + along[ring] * a[x] + c * u[x] + s * (a[y] * u[z] - a[z] * u[y])
                corners[ring, j, x] = min(max(value, box[0, x]), box[1, x])


@compiled
def write_skins(
    first: int,
    last: int,
    offsets: IntArray,
    halves: IntArray,
    axes: FloatArray,
    across: FloatArray,
    angles: FloatArray,
    radius: FloatArray,
    pos: FloatArray,
    box: FloatArray,
    spheres: FloatArray,
    corners: FloatArray,
    place: IntArray,
    points: FloatArray,
    step: float,
    skip: IntArray,
    face_place: IntArray,
    faces: IntArray,
    failed: IntArray,
) -> None:
    """Write the faces of the skins of nodes first..last; those that are not sound are marked in ``failed``.

    The points are moved from or to the node, all by the same factor, so that the skin has the volume of the union, as
    far as the node's sphere allows.

    Arguments:
        radius: ``(m,)`` of the round struts.
        angles: ``(2 m,)`` half angles of the rings of strut ends.
        spheres: ``(n,)`` radius of the sphere about each skin, mm.
        corners: ``(2 m, sides, 3)`` of those rings; vertex ``h sides + j`` is corner j of ring h.
        place: ``(n + 1,)`` rows of ``points`` (mm, inside ``box``) of each node; vertex ``2 m sides + row``.
        face_place: ``(n + 1,)`` rows of ``faces`` of each node.
    """
    sides = corners.shape[1]
    most = 1
    for node in range(first, last):
        count = (offsets[node + 1] - offsets[node]) * sides + place[node + 1] - place[node]
        most = max(most, count)
    rays, spots, vertex = np.empty((most, 3)), np.empty((most, 3)), np.empty(most, np.int64)
    hull, links, planes = np.empty((2 * most, 3), np.int64), np.empty((2 * most, 3), np.int64), np.empty((2 * most, 4))
    marks, ends, radii = np.empty((5, 4 * most), np.int64), np.empty((most, 3)), np.empty(most)
    for node in range(first, last):
        if skip[node]:
            continue
        count = 0
        for x in range(offsets[node], offsets[node + 1]):
            h = halves[x]
            k, sign = h // 2, 1.0 - 2.0 * (h % 2)
            a, u, c, s = axes[k], across[k], math.cos(angles[h]) * sign, math.sin(angles[h])
            for j in range(sides):
                turn = (j + 0.5) * 2 * math.pi / sides
                su, sv = s * math.cos(turn), s * math.sin(turn)
                for i in range(3):
                    y, z = (i + 1) % 3, (i + 2) % 3
                    rays[count, i] = c * a[i] + su * u[i] + sv * (a[y] * u[z] - a[z] * u[y])
                    spots[count, i] = corners[h, j, i] - pos[node, i]
                vertex[count] = h * sides + j
                count += 1
        rings, far = count // sides, 0.0
        for p in range(place[node], place[node + 1]):
            length = 0.0
            for i in range(3):
                spots[count, i] = points[p, i] - pos[node, i]
                length += spots[count, i] ** 2
            for i in range(3):
                rays[count, i] = spots[count, i] / math.sqrt(length)
            far = max(far, length)
            vertex[count] = 2 * len(axes) * sides + p
            count += 1
        total = sphere_hull(rays, count, hull, links, planes, marks)
        good, kept = total == 2 * count - 4, 0
        for f in range(total if good else 0):
            a, b, c = hull[f, 0], hull[f, 1], hull[f, 2]
            if not (a // sides == b // sides == c // sides and a < rings * sides):
                hull[kept, 0], hull[kept, 1], hull[kept, 2] = a, b, c
                kept += 1
        failed[node] = not good or kept != face_place[node + 1] - face_place[node]
        if failed[node]:
            continue
        ball = 0.0
        for i in range(rings):
            h = halves[offsets[node] + i]
            ends[i], radii[i] = axes[h // 2] * (1.0 - 2.0 * (h % 2)), radius[h // 2]
            ball = max(ball, radii[i])
        scale = _scale(spots, rings * sides, hull[:kept], rings, ends, radii, ball)
        scale = min(scale, spheres[node] / math.sqrt(far))
        for p in range(rings * sides, count):
            row = place[node] + p - rings * sides
            for i in range(3):
                points[row, i] = min(max(pos[node, i] + scale * spots[p, i], box[0, i]), box[1, i])
                spots[p, i] = points[row, i] - pos[node, i]
        for f in range(kept):
            a, b, c = hull[f, 0], hull[f, 1], hull[f, 2]
            row = face_place[node] + f
            faces[row, 0], faces[row, 1], faces[row, 2] = vertex[a], vertex[b], vertex[c]
            if not _turns(spots[a], spots[b], spots[c], step):
                failed[node] = 1


@compiled
def _scale(
    spots: FloatArray, fixed: int, faces: IntArray, k: int, axes: FloatArray, radii: FloatArray, ball: float
) -> float:
    """Factor by which the spots after the first ``fixed`` ones have to be moved for the volume of the union.

    That volume is the skin's, each face's times the mean of (reach of the union / distance of the face) ** 3.
    """
    # Volume as a polynomial of the factor: a face's grows with as many powers of it as it has corners that move.
    true, fixed_part, once, twice, thrice = 0.0, 0.0, 0.0, 0.0, 0.0
    for f in range(len(faces)):
        a, b, c = spots[faces[f, 0]], spots[faces[f, 1]], spots[faces[f, 2]]
        volume = (
            a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
        ratio = 0.0
        for sample in range(4):
            u = 2 / 3 if sample == 0 else 1 / 6
            v = 2 / 3 if sample == 1 else 1 / 6
            if sample == 3:
                u, v = 1 / 3, 1 / 3
            w = 1 - u - v
            x, y, z = u * a[0] + v * b[0] + w * c[0], u * a[1] + v * b[1] + w * c[1], u * a[2] + v * b[2] + w * c[2]
            length = math.sqrt(x * x + y * y + z * z)
            ratio += (union_reach(x / length, y / length, z / length, k, axes, radii, ball) / length) ** 3
        true += volume * ratio / 4
        free = int(faces[f, 0] >= fixed) + int(faces[f, 1] >= fixed) + int(faces[f, 2] >= fixed)
        if free == 0:
            fixed_part += volume
        elif free == 1:
            once += volume
        elif free == 2:
            twice += volume
        else:
            thrice += volume
    scale = 1.0
    for _ in range(NEWTON_STEPS):
        slope = once + scale * (2 * twice + scale * 3 * thrice)
        if slope <= 0:
            return 1.0
        scale -= (fixed_part + scale * (once + scale * (twice + scale * thrice)) - true) / slope
    return min(max(scale, LEAST_SCALE), MOST_SCALE)


@compiled
def _turns(a: FloatArray, b: FloatArray, c: FloatArray, step: float) -> bool:
    """Whether a face turns counter-clockwise seen from outside, and still does after rounding."""
    volume = (
        a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    )
    far = max(
        a[0] * a[0] + a[1] * a[1] + a[2] * a[2],
        b[0] * b[0] + b[1] * b[1] + b[2] * b[2],
        c[0] * c[0] + c[1] * c[1] + c[2] * c[2],
    )
    return bool(volume > LEAST_TURN * step * far)


@compiled
def write_shafts(first: int, last: int, start: IntArray, end: IntArray, sides: int, faces: IntArray) -> None:
    """Write the ``2 sides`` faces of shafts first..last, from the ring that begins with vertex ``start`` to ``end``."""
    for shaft in range(first, last):
        a, b, row = start[shaft], end[shaft], 2 * sides * shaft
        for j in range(sides):
            k = (j + 1) % sides
            faces[row, 0], faces[row, 1], faces[row, 2] = a + j, a + k, b + k
            faces[row + 1, 0], faces[row + 1, 1], faces[row + 1, 2] = a + j, b + k, b + j
            row += 2
