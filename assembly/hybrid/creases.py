"""Where the struts of a node open, and the points between them: on the creases in which cylinders meet.

Seen from the node, the union of the cylinders of its struts and of a ball is star-shaped: in direction e it reaches as
far as max(r, r_i / sin(angle of e and strut i)).
"""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Rings lie at least so many times the radius of the thickest strut from their node ...
NEAREST = 1.1
#: ... but nearer at the free end of a strut, where they are seen under this half angle (rad). It is closed by a ring of
#: corners this far (rad) behind the node and a tip.
WIDEST_END = math.radians(88)
END_ANGLE = math.radians(45)
#: Share of the angle between two struts that their rings may fill, and by how much less each is opened.
FILL, SLACK = 0.92, 0.93
#: Nothing but the ring lies within this multiple of its half angle.
CLEAR = 1.04
#: Least distance between points, in radii of the thinner strut, on creases and on what lies between them.
CREASE_SPACING, FACE_SPACING = 0.45, 0.6
#: A crease is hidden by other struts if these reach further by this share.
HIDDEN = 1.02
#: Of nodes with up to so many struts a good part is as round as the end of the thickest one.
FEW = 3
#: Triple points are looked for up to this degree.
MOST_TRIPLES = 12
#: Azimuths of the points of a crease, about the thinner strut, 0 towards the thicker one.
AZIMUTHS = tuple(math.radians(a) for a in (0, 45, -45, 90, -90))
#: Directions for what lies between the creases: a Fibonacci lattice of this many.
BETWEEN = 42


def between_directions() -> FloatArray:
    """``(BETWEEN, 3)`` unit vectors spread evenly."""
    k = np.arange(BETWEEN)
    z, turn = 1 - (2 * k + 1) / BETWEEN, math.pi * (3 - math.sqrt(5)) * k
    flat = np.sqrt(1 - z * z)
    return np.column_stack([flat * np.cos(turn), flat * np.sin(turn), z])


def most_points(degree: IntArray, sides: int) -> IntArray:
    """At most so many points lie between the rings of ``sides`` corners of a node of each ``degree``."""
    return np.where(degree == 1, sides + 1, 6 * degree + 8)


@compiled
def half_angles(
    first: int,
    last: int,
    offsets: IntArray,
    halves: IntArray,
    directions: FloatArray,
    radius: FloatArray,
    angles: FloatArray,
) -> None:
    """Write the half angle under which the ring of each strut end is seen from its node, for nodes first..last.

    Two rings that lie on one sphere about the node fill `FILL` of the angle between their struts; of all such spheres
    a strut takes the largest.
    """
    for node in range(first, last):
        thickest = 0.0
        for x in range(offsets[node], offsets[node + 1]):
            thickest = max(thickest, radius[halves[x]])
        for x in range(offsets[node], offsets[node + 1]):
            alone = offsets[node + 1] - offsets[node] == 1
            angles[halves[x]] = WIDEST_END if alone else math.asin(radius[halves[x]] / (NEAREST * thickest))
        for x in range(offsets[node], offsets[node + 1]):
            h = halves[x]
            for y in range(x + 1, offsets[node + 1]):
                g = halves[y]
                a, b = directions[h], directions[g]
                cx, cy, cz = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
                apart = math.atan2(math.sqrt(cx * cx + cy * cy + cz * cz), a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
                apart *= FILL
                big, small = max(radius[h], radius[g]), min(radius[h], radius[g])
                if apart >= math.pi / 2 + math.asin(small / big):
                    continue
                sphere = math.sqrt(max(0.0, big * big + small * small + 2 * big * small * math.cos(apart)))
                sphere /= max(math.sin(apart), 1e-12)
                angles[h] = min(angles[h], SLACK * math.asin(min(1.0, radius[h] / sphere)))
                angles[g] = min(angles[g], SLACK * math.asin(min(1.0, radius[g] / sphere)))


@compiled
def union_reach(x: float, y: float, z: float, k: int, axes: FloatArray, radii: FloatArray, ball: float) -> float:
    """How far the union of k struts about ``axes`` and a ball reaches from the node in the unit direction (x, y, z)."""
    reach = ball
    for i in range(k):
        cosine = x * axes[i, 0] + y * axes[i, 1] + z * axes[i, 2]
        if cosine > 0:
            reach = max(reach, radii[i] / math.sqrt(max(1 - cosine * cosine, 1e-12)))
    return reach


@compiled
def _add(
    x: float,
    y: float,
    z: float,
    k: int,
    axes: FloatArray,
    radii: FloatArray,
    cosines: FloatArray,
    ball: float,
    spacing: float,
    hidden: float,
    count: int,
    limit: int,
    points: FloatArray,
) -> int:
    """The number of points after the one in direction (x, y, z) is added, as far out as the union, if it is of use.

    It is not if the union reaches more than ``hidden`` times as far as (x, y, z).
    """
    length = math.sqrt(x * x + y * y + z * z)
    if count >= limit or length < 1e-12 * ball:
        return count
    x, y, z = x / length, y / length, z / length
    for i in range(k):
        if x * axes[i, 0] + y * axes[i, 1] + z * axes[i, 2] > cosines[i]:
            return count
    reach = union_reach(x, y, z, k, axes, radii, ball)
    if reach > hidden * length:
        return count
    x, y, z = x * reach, y * reach, z * reach
    for p in range(count):
        dx, dy, dz = points[p, 0] - x, points[p, 1] - y, points[p, 2] - z
        if dx * dx + dy * dy + dz * dz < spacing * spacing:
            return count
    points[count, 0], points[count, 1], points[count, 2] = x, y, z
    return count + 1


@compiled
def _crease(thin: FloatArray, thick: FloatArray, r: float, wide: float, azimuth: float) -> tuple[float, float, float]:
    """Point at ``azimuth`` on the cylinder about ``thin`` where it enters the one about ``thick``, from the node."""
    c = thin[0] * thick[0] + thin[1] * thick[1] + thin[2] * thick[2]
    square = 1 - c * c
    if square < 1e-4:
        return 0.0, 0.0, 0.0
    s = math.sqrt(square)
    tx, ty, tz = (thick[0] - c * thin[0]) / s, (thick[1] - c * thin[1]) / s, (thick[2] - c * thin[2]) / s
    nx, ny, nz = thin[1] * tz - thin[2] * ty, thin[2] * tx - thin[0] * tz, thin[0] * ty - thin[1] * tx
    cosine, sine = r * math.cos(azimuth), r * math.sin(azimuth)
    q = cosine * s
    root = c * c * q * q - square * (r * r - q * q - wide * wide)
    along = (c * q + math.sqrt(max(0.0, root))) / square
    return (
        along * thin[0] + cosine * tx + sine * nx,
        along * thin[1] + cosine * ty + sine * ny,
        along * thin[2] + cosine * tz + sine * nz,
    )


@compiled
def points_between(
    first: int,
    last: int,
    offsets: IntArray,
    halves: IntArray,
    directions: FloatArray,
    radius: FloatArray,
    angles: FloatArray,
    across: FloatArray,
    sides: int,
    skip: IntArray,
    spread: FloatArray,
    place: IntArray,
    points: FloatArray,
    counts: IntArray,
) -> None:
    """Write the points of each node's skin between its rings, from the node, for nodes first..last.

    Arguments:
        radius: of the struts as round ones, at each strut end.
        across: ``(m, 3)`` unit vectors across the struts.
        skip: ``(n,)`` nodes with a mark get no points.
        place: ``(n + 1,)`` rows of ``points`` for each node; ``counts`` is how many of them are written.
    """
    widest = 1
    for node in range(first, last):
        widest = max(widest, offsets[node + 1] - offsets[node])
    axes, radii, cosines = np.empty((widest, 3)), np.empty(widest), np.empty(widest)
    for node in range(first, last):
        counts[node] = 0
        if skip[node]:
            continue
        k, ball, least = offsets[node + 1] - offsets[node], 0.0, np.inf
        for i in range(k):
            h = halves[offsets[node] + i]
            axes[i] = directions[h]
            radii[i] = radius[h]
            cosines[i] = math.cos(CLEAR * angles[h])
            ball, least = max(ball, radius[h]), min(least, radius[h])
        out, limit, count = points[place[node] :], place[node + 1] - place[node], 0
        if k == 1:
            h = halves[offsets[node]]
            counts[node] = _end(directions[h], across[h // 2], ball, sides, out)
            continue
        for azimuth in AZIMUTHS[:1]:
            count = _creases(k, axes, radii, cosines, ball, azimuth, count, limit, out)
        if k <= MOST_TRIPLES:
            count = _triple_points(k, axes, radii, cosines, ball, count, limit, out)
        for azimuth in AZIMUTHS[1:]:
            count = _creases(k, axes, radii, cosines, ball, azimuth, count, limit, out)
        for i in range(k):
            h = halves[offsets[node] + i]
            for tilt in (0.0, END_ANGLE):
                if tilt > 0 and (radii[i] < ball or k > FEW):
                    continue
                count = _round(
                    directions[h],
                    across[h // 2],
                    radii[i],
                    tilt,
                    sides,
                    k,
                    axes,
                    radii,
                    cosines,
                    ball,
                    count,
                    limit,
                    out,
                )
        for e in spread:
            spacing = FACE_SPACING * ball
            count = _add(e[0], e[1], e[2], k, axes, radii, cosines, ball, spacing, np.inf, count, limit, out)
        counts[node] = count


@compiled
def _round(
    axis: FloatArray,
    across: FloatArray,
    radius: float,
    tilt: float,
    sides: int,
    k: int,
    axes: FloatArray,
    radii: FloatArray,
    cosines: FloatArray,
    ball: float,
    count: int,
    limit: int,
    points: FloatArray,
) -> int:
    """Add points about a strut, ``tilt`` behind its node, in line with the corners of its ring."""
    behind, reach = math.sin(tilt) * radius, math.cos(tilt) * radius
    for j in range(sides):
        turn = (j + 0.5) * 2 * math.pi / sides
        c, s = reach * math.cos(turn), reach * math.sin(turn)
        x = c * across[0] + s * (axis[1] * across[2] - axis[2] * across[1]) - behind * axis[0]
        y = c * across[1] + s * (axis[2] * across[0] - axis[0] * across[2]) - behind * axis[1]
        z = c * across[2] + s * (axis[0] * across[1] - axis[1] * across[0]) - behind * axis[2]
        spacing = FACE_SPACING * radius
        count = _add(x, y, z, k, axes, radii, cosines, ball, spacing, HIDDEN, count, limit, points)
    return count


@compiled
def _end(axis: FloatArray, across: FloatArray, radius: float, sides: int, points: FloatArray) -> int:
    """Write the ring of corners and the tip that close a strut's free end."""
    back, out = math.cos(END_ANGLE) * radius, math.sin(END_ANGLE) * radius
    for j in range(sides):
        turn = (j + 0.5) * 2 * math.pi / sides
        u, v = out * math.cos(turn), out * math.sin(turn)
        for x in range(3):
            y, z = (x + 1) % 3, (x + 2) % 3
            points[j, x] = u * across[x] + v * (axis[y] * across[z] - axis[z] * across[y]) - back * axis[x]
    for x in range(3):
        points[sides, x] = -radius * axis[x]
    return sides + 1


@compiled
def _creases(
    k: int,
    axes: FloatArray,
    radii: FloatArray,
    cosines: FloatArray,
    ball: float,
    azimuth: float,
    count: int,
    limit: int,
    points: FloatArray,
) -> int:
    for i in range(k):
        for j in range(i + 1, k):
            a, b = (i, j) if radii[i] <= radii[j] else (j, i)
            x, y, z = _crease(axes[a], axes[b], radii[a], radii[b], azimuth)
            spacing = CREASE_SPACING * radii[a]
            count = _add(x, y, z, k, axes, radii, cosines, ball, spacing, HIDDEN, count, limit, points)
    return count


@compiled
def _triple_points(
    k: int,
    axes: FloatArray,
    radii: FloatArray,
    cosines: FloatArray,
    ball: float,
    count: int,
    limit: int,
    points: FloatArray,
) -> int:
    """Points equally far from three struts: the pits of the skin (of thick and thin struts only nearly so)."""
    for i in range(k):
        for j in range(i + 1, k):
            ux, uy, uz = axes[j, 0] - axes[i, 0], axes[j, 1] - axes[i, 1], axes[j, 2] - axes[i, 2]
            for o in range(j + 1, k):
                vx, vy, vz = axes[o, 0] - axes[i, 0], axes[o, 1] - axes[i, 1], axes[o, 2] - axes[i, 2]
                x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
                length = math.sqrt(x * x + y * y + z * z)
                if length < 1e-6:
                    continue
                cosine = (x * axes[i, 0] + y * axes[i, 1] + z * axes[i, 2]) / length
                if cosine < 0:
                    x, y, z = -x, -y, -z
                reach = radii[i] / math.sqrt(max(1 - cosine * cosine, 1e-12)) / length
                spacing = CREASE_SPACING * min(radii[i], radii[j], radii[o])
                x, y, z = x * reach, y * reach, z * reach
                count = _add(x, y, z, k, axes, radii, cosines, ball, spacing, HIDDEN, count, limit, points)
    return count
