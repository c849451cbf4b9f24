"""Distances between segments, points and triangles, compiled for one pair at a time."""

from __future__ import annotations

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray


@compiled
def segments_apart(p: FloatArray, u: FloatArray, q: FloatArray, v: FloatArray) -> float:
    """Squared distance between the segments p, p + u and q, q + v, all ``(3,)``; either may be a point.

    Clamped closest points after C. Ericson, Real-Time Collision Detection (2005), section 5.1.9.
    """
    rx, ry, rz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
    a = u[0] * u[0] + u[1] * u[1] + u[2] * u[2]
    e = v[0] * v[0] + v[1] * v[1] + v[2] * v[2]
    f = v[0] * rx + v[1] * ry + v[2] * rz
    c = u[0] * rx + u[1] * ry + u[2] * rz
    b = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
    bottom = a * e - b * b
    s = 0.0
    if bottom > 1e-12 * a * e:
        s = min(max((b * f - c * e) / bottom, 0.0), 1.0)
    t = 0.0
    if e > 0:
        t = min(max((b * s + f) / e, 0.0), 1.0)
    if a > 0:
        s = min(max((b * t - c) / a, 0.0), 1.0)
    x, y, z = rx + s * u[0] - t * v[0], ry + s * u[1] - t * v[1], rz + s * u[2] - t * v[2]
    return float(x * x + y * y + z * z)


@compiled
def crosses_triangle(p: FloatArray, u: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray) -> bool:
    """Whether the segment p, p + u passes through the triangle a b c."""
    ex, ey, ez = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    fx, fy, fz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    hx, hy, hz = u[1] * fz - u[2] * fy, u[2] * fx - u[0] * fz, u[0] * fy - u[1] * fx
    turn = ex * hx + ey * hy + ez * hz
    if turn == 0.0:
        return False
    sx, sy, sz = p[0] - a[0], p[1] - a[1], p[2] - a[2]
    first = (sx * hx + sy * hy + sz * hz) / turn
    kx, ky, kz = sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex
    second = (u[0] * kx + u[1] * ky + u[2] * kz) / turn
    share = (fx * kx + fy * ky + fz * kz) / turn
    return bool(first >= 0 and second >= 0 and first + second <= 1 and 0 <= share <= 1)


@compiled
def point_over_triangle(p: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """Squared distance of p from the plane of the triangle where p is over its inside; infinite elsewhere."""
    ex, ey, ez = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    fx, fy, fz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    nx, ny, nz = ey * fz - ez * fy, ez * fx - ex * fz, ex * fy - ey * fx
    square = nx * nx + ny * ny + nz * nz
    if square == 0.0:
        return np.inf
    sx, sy, sz = p[0] - a[0], p[1] - a[1], p[2] - a[2]
    kx, ky, kz = sy * fz - sz * fy, sz * fx - sx * fz, sx * fy - sy * fx
    first = (kx * nx + ky * ny + kz * nz) / square
    kx, ky, kz = ey * sz - ez * sy, ez * sx - ex * sz, ex * sy - ey * sx
    second = (kx * nx + ky * ny + kz * nz) / square
    if first < 0 or second < 0 or first + second > 1:
        return np.inf
    over = sx * nx + sy * ny + sz * nz
    return float(over * over / square)


@compiled
def segment_near_triangle(
    p: FloatArray, u: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray, reach: float
) -> bool:
    """Whether the segment p, p + u comes within ``reach`` of the triangle a b c."""
    square = reach * reach
    if point_over_triangle(p, a, b, c) < square or point_over_triangle(p + u, a, b, c) < square:
        return True
    if segments_apart(p, u, a, b - a) < square or segments_apart(p, u, b, c - b) < square:
        return True
    return segments_apart(p, u, c, a - c) < square or crosses_triangle(p, u, a, b, c)


@compiled
def stretch_within(
    p: FloatArray, axis: FloatArray, length: float, q: FloatArray, v: FloatArray, reach: float
) -> tuple[float, float]:
    """From where to where (mm) the segment of ``length`` from p along a unit ``axis`` is within ``reach`` of q, q + v.

    The distance is a convex function of the place along the segment. Empty (1, 0) where it is never within reach.
    """
    none = np.zeros(3)
    low, high = 0.0, length
    for _ in range(60):
        third = (high - low) / 3
        near, far = p + (low + third) * axis, p + (high - third) * axis
        if segments_apart(near, none, q, v) <= segments_apart(far, none, q, v):
            high -= third
        else:
            low += third
    nearest = (low + high) / 2
    for end in (0.0, length):
        if segments_apart(p + end * axis, none, q, v) < segments_apart(p + nearest * axis, none, q, v):
            nearest = end
    square = reach * reach
    if segments_apart(p + nearest * axis, none, q, v) > square:
        return 1.0, 0.0
    ends = (0.0, length)
    first, last = nearest, nearest
    for side in range(2):
        inside, outside = nearest, ends[side]
        if segments_apart(p + outside * axis, none, q, v) <= square:
            inside = outside
        else:
            for _ in range(50):
                middle = (inside + outside) / 2
                if segments_apart(p + middle * axis, none, q, v) <= square:
                    inside = middle
                else:
                    outside = middle
        if side == 0:
            first = inside
        else:
            last = inside
    return first, last
