"""On which side does a point lie: signs of determinants, never wrong by rounding.

A floating-point value decides where it is larger than its error bound; else the determinant is summed exactly as an
expansion, a sum of doubles that do not overlap. After J. R. Shewchuk, "Adaptive precision floating-point arithmetic
and fast robust geometric predicates", Discrete & Computational Geometry 18 (1997). Exact as long as no product of
three coordinate differences leaves 1e-290..1e290.
"""

from __future__ import annotations

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray

#: Half the distance from 1 to the next double.
EPSILON = 2.0**-53
#: Relative error bounds of the plain values, theorem "A" of the paper.
BOUND_2D = (3 + 16 * EPSILON) * EPSILON
BOUND_3D = (7 + 56 * EPSILON) * EPSILON
SPLITTER = 2.0**27 + 1
#: Six triple products of two-term differences have 6 * 8 * 4 terms; two double products have 2 * 4 * 2.
TERMS_3D, TERMS_2D = 192, 16


@compiled
def two_sum(a: float, b: float) -> tuple[float, float]:
    """a + b rounded, and what rounding took."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


@compiled
def two_product(a: float, b: float) -> tuple[float, float]:
    """a * b rounded, and what rounding took (Dekker)."""
    product = a * b
    wide = SPLITTER * a
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = SPLITTER * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def grow(expansion: FloatArray, count: int, term: float) -> int:
    """Add ``term`` exactly to the first ``count`` terms of an expansion; how many it has then, zeros left out."""
    kept = 0
    for k in range(count):
        term, rest = two_sum(term, expansion[k])
        if rest != 0:
            expansion[kept] = rest
            kept += 1
    if term != 0:
        expansion[kept] = term
        kept += 1
    return kept


@compiled
def _grow_double(
    expansion: FloatArray, count: int, a: tuple[float, float], b: tuple[float, float], sign: float
) -> int:  # fmt: skip
    for x in a:
        for y in b:
            if x != 0 and y != 0:
                high, low = two_product(x, y)
                count = grow(expansion, count, sign * low)
                count = grow(expansion, count, sign * high)
    return count


@compiled
def _grow_triple(
    expansion: FloatArray, count: int, a: tuple[float, float], b: tuple[float, float], c: tuple[float, float],
    sign: float,
) -> int:  # fmt: skip
    for x in a:
        for y in b:
            if x != 0 and y != 0:
                high, low = two_product(x, y)
                count = _grow_double(expansion, count, (low, high), c, sign)
    return count


@compiled
def _sign(expansion: FloatArray, count: int) -> int:
    """The last term outweighs all before it."""
    if count == 0:
        return 0
    return 1 if expansion[count - 1] > 0 else -1


@compiled
def _difference(a: float, b: float) -> tuple[float, float]:
    return two_sum(a, -b)


@compiled
def _orientation_exact(v: FloatArray, a: int, b: int, c: int, d: int) -> int:
    ax, ay, az = _difference(v[a, 0], v[d, 0]), _difference(v[a, 1], v[d, 1]), _difference(v[a, 2], v[d, 2])
    bx, by, bz = _difference(v[b, 0], v[d, 0]), _difference(v[b, 1], v[d, 1]), _difference(v[b, 2], v[d, 2])
    cx, cy, cz = _difference(v[c, 0], v[d, 0]), _difference(v[c, 1], v[d, 1]), _difference(v[c, 2], v[d, 2])
    terms = np.empty(TERMS_3D)
    count = _grow_triple(terms, 0, ax, by, cz, 1.0)
    count = _grow_triple(terms, count, ax, bz, cy, -1.0)
    count = _grow_triple(terms, count, ay, bz, cx, 1.0)
    count = _grow_triple(terms, count, ay, bx, cz, -1.0)
    count = _grow_triple(terms, count, az, bx, cy, 1.0)
    count = _grow_triple(terms, count, az, by, cx, -1.0)
    return _sign(terms, count)


@compiled
def orientation(v: FloatArray, a: int, b: int, c: int, d: int) -> int:
    """Sign of det(a - d, b - d, c - d), points given by their rows in ``v`` ``(n, 3)``; 0 where they lie in a plane.

    It is 1 where d lies below the triangle a, b, c: on the side from which its corners run clockwise.
    """
    ax, ay, az = v[a, 0] - v[d, 0], v[a, 1] - v[d, 1], v[a, 2] - v[d, 2]
    bx, by, bz = v[b, 0] - v[d, 0], v[b, 1] - v[d, 1], v[b, 2] - v[d, 2]
    cx, cy, cz = v[c, 0] - v[d, 0], v[c, 1] - v[d, 1], v[c, 2] - v[d, 2]
    bxcy, cxby = bx * cy, cx * by
    cxay, axcy = cx * ay, ax * cy
    axby, bxay = ax * by, bx * ay
    value = az * (bxcy - cxby) + bz * (cxay - axcy) + cz * (axby - bxay)
    size = (abs(bxcy) + abs(cxby)) * abs(az) + (abs(cxay) + abs(axcy)) * abs(bz) + (abs(axby) + abs(bxay)) * abs(cz)
    bound = BOUND_3D * size
    if value > bound:
        return 1
    if -value > bound:
        return -1
    return _orientation_exact(v, a, b, c, d) if size > 0 else 0


@compiled
def _turn_exact(v: FloatArray, a: int, b: int, c: int, x: int, y: int) -> int:
    terms = np.empty(TERMS_2D)
    ax, ay = _difference(v[a, x], v[c, x]), _difference(v[a, y], v[c, y])
    bx, by = _difference(v[b, x], v[c, x]), _difference(v[b, y], v[c, y])
    count = _grow_double(terms, 0, ax, by, 1.0)
    count = _grow_double(terms, count, ay, bx, -1.0)
    return _sign(terms, count)


@compiled
def turn(v: FloatArray, a: int, b: int, c: int, x: int, y: int) -> int:
    """Sign of det(a - c, b - c) in the coordinates ``x`` and ``y`` of the rows a, b, c of ``v``; 0 on one line."""
    left = (v[a, x] - v[c, x]) * (v[b, y] - v[c, y])
    right = (v[a, y] - v[c, y]) * (v[b, x] - v[c, x])
    value = left - right
    bound = BOUND_2D * (abs(left) + abs(right))
    if value > bound:
        return 1
    if -value > bound:
        return -1
    return _turn_exact(v, a, b, c, x, y)


@compiled
def collinear(v: FloatArray, a: int, b: int, c: int) -> bool:
    """Whether three rows of ``v`` ``(n, 3)`` lie on one line: exactly."""
    return turn(v, a, b, c, 0, 1) == 0 and turn(v, a, b, c, 1, 2) == 0 and turn(v, a, b, c, 2, 0) == 0
