"""Whether two triangles of a mesh meet where they should not: exactly, by signs alone."""

from __future__ import annotations

from assembly.verify.predicates import orientation, turn
from structgen.compiled import compiled
from structgen.web import FloatArray


@compiled
def _within(v: FloatArray, p: int, a: int, b: int, x: int, y: int) -> bool:
    """Whether p, on the line through a and b, lies from a to b, ends included."""
    in_x = min(v[a, x], v[b, x]) <= v[p, x] <= max(v[a, x], v[b, x])
    in_y = min(v[a, y], v[b, y]) <= v[p, y] <= max(v[a, y], v[b, y])
    return bool(in_x and in_y)


@compiled
def _segments_meet(v: FloatArray, p: int, q: int, a: int, b: int, x: int, y: int) -> bool:
    """Whether the segments pq and ab of one plane share a point."""
    a_side, b_side = turn(v, p, q, a, x, y), turn(v, p, q, b, x, y)
    p_side, q_side = turn(v, a, b, p, x, y), turn(v, a, b, q, x, y)
    if a_side * b_side < 0 and p_side * q_side < 0:
        return True
    if (a_side == 0 and _within(v, a, p, q, x, y)) or (b_side == 0 and _within(v, b, p, q, x, y)):
        return True
    return (p_side == 0 and _within(v, p, a, b, x, y)) or (q_side == 0 and _within(v, q, a, b, x, y))


@compiled
def _plane(v: FloatArray, a: int, b: int, c: int) -> tuple[int, int]:
    """The two coordinates in which the triangle a, b, c has an area."""
    if turn(v, a, b, c, 0, 1) != 0:
        return 0, 1
    return (1, 2) if turn(v, a, b, c, 1, 2) != 0 else (2, 0)


@compiled
def _flat_segment_meets(v: FloatArray, p: int, q: int, a: int, b: int, c: int) -> bool:
    """`segment_meets` where all lies in one plane."""
    x, y = _plane(v, a, b, c)
    around = turn(v, a, b, c, x, y)
    if (
        turn(v, a, b, p, x, y) * around >= 0
        and turn(v, b, c, p, x, y) * around >= 0
        and turn(v, c, a, p, x, y) * around >= 0
    ):
        return True
    return (
        _segments_meet(v, p, q, a, b, x, y)
        or _segments_meet(v, p, q, b, c, x, y)
        or _segments_meet(v, p, q, c, a, x, y)
    )


@compiled
def segment_meets(v: FloatArray, p: int, q: int, a: int, b: int, c: int) -> bool:
    """Whether the segment pq shares a point with the triangle a, b, c, borders included; all rows of ``v`` ``(n, 3)``.

    The triangle must have an area.
    """
    p_side, q_side = orientation(v, a, b, c, p), orientation(v, a, b, c, q)
    if p_side * q_side > 0:
        return False
    if p_side == 0 and q_side == 0:
        return _flat_segment_meets(v, p, q, a, b, c)
    first, second = orientation(v, p, q, a, b), orientation(v, p, q, b, c)
    if first * second < 0:
        return False
    third = orientation(v, p, q, c, a)
    return first * third >= 0 and second * third >= 0


@compiled
def _one_side(v: FloatArray, a: int, b: int, c: int, d: int, e: int, f: int) -> bool:
    """Whether d, e, f lie all above or all below the plane of a, b, c."""
    side = orientation(v, a, b, c, d)
    return side != 0 and orientation(v, a, b, c, e) == side and orientation(v, a, b, c, f) == side


@compiled
def _apart_meet(v: FloatArray, a: int, b: int, c: int, d: int, e: int, f: int) -> bool:
    """Triangles without a common corner: whether they share a point."""
    if _one_side(v, a, b, c, d, e, f) or _one_side(v, d, e, f, a, b, c):
        return False
    return (
        segment_meets(v, a, b, d, e, f)
        or segment_meets(v, b, c, d, e, f)
        or segment_meets(v, c, a, d, e, f)
        or segment_meets(v, d, e, a, b, c)
        or segment_meets(v, e, f, a, b, c)
        or segment_meets(v, f, d, a, b, c)
    )


@compiled
def _hinge_folds(v: FloatArray, a: int, b: int, c: int, d: int) -> bool:
    """Triangles a, b, c and a, b, d: whether they lie on each other."""
    if orientation(v, a, b, c, d) != 0:
        return False
    x, y = _plane(v, a, b, c)
    return turn(v, a, b, c, x, y) == turn(v, a, b, d, x, y)


@compiled
def triangles_meet(v: FloatArray, a: int, b: int, c: int, d: int, e: int, f: int) -> bool:
    """Whether two triangles share more than the corners, or the edge, that they have in common by number.

    Arguments:
        v: ``(n, 3)`` points.
        a, b, c, d, e, f: rows of ``v``: the corners of two triangles that both have an area.

    Two that share a point while they have no corner in common meet, also where they only touch. With one corner in
    common, a further common point lies on the edge across that corner of one of them: go along the ray from the
    corner to it, which leaves both through these edges. With two in common they meet if folded onto each other.
    """
    for _ in range(3):  # turned so that a is a common corner, and b the other one if there are two
        if a in (d, e, f):
            break
        a, b, c = b, c, a
    if a not in (d, e, f):
        return _apart_meet(v, a, b, c, d, e, f)
    if c in (d, e, f):
        b, c = c, b
    while a != d:
        d, e, f = e, f, d
    if b not in (e, f):
        return segment_meets(v, b, c, d, e, f) or segment_meets(v, e, f, a, b, c)
    other = f if b == e else e
    return True if c == other else _hinge_folds(v, a, b, c, other)
