from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from structgen.geometry import nearest_shares, segment_distance


def brute(p0, p1, q0, q1):
    """Least distance over s of p(s) to the segment q: ternary search on a convex function."""

    def to_q(s):
        at, along = p0 + s * (p1 - p0), q1 - q0
        square = along @ along
        t = np.clip((at - q0) @ along / square, 0, 1) if square > 0 else 0.0
        return float(np.linalg.norm(at - q0 - t * along))

    low, high = 0.0, 1.0
    for _ in range(120):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if to_q(a) <= to_q(b) else (a, high)
    return min(to_q(low), to_q(0.0), to_q(1.0))


# Small whole numbers make parallel, touching, crossing and shrunken segments common.
whole = st.tuples(*[st.integers(-3, 3)] * 3)
real = st.tuples(*[st.floats(-100, 100)] * 3)
four = st.one_of(st.tuples(*[whole] * 4), st.tuples(*[real] * 4))


@given(points=four)
def test_agrees_with_brute_force_minimisation(points):
    p0, p1, q0, q1 = (np.array(p, float) for p in points)
    size = 1 + max(np.linalg.norm(p1 - p0), np.linalg.norm(q1 - q0))
    # The square root makes 1e-16 of a square 1e-8 of a distance near 0.
    assert segment_distance(p0, p1, q0, q1) == pytest.approx(brute(p0, p1, q0, q1), abs=3e-6 * size)


@given(points=four)
def test_ends_and_segments_may_be_swapped(points):
    p0, p1, q0, q1 = (np.array(p, float) for p in points)
    d = segment_distance(p0, p1, q0, q1)
    for swapped in ((p1, p0, q0, q1), (p0, p1, q1, q0), (q0, q1, p0, p1)):
        assert segment_distance(*swapped) == pytest.approx(d, abs=1e-3)


@pytest.mark.parametrize(
    ("segments", "distance"),
    [
        ([(0, 0, 0), (2, 0, 0), (1, -1, 3), (1, 1, 3)], 3),  # skew, inside both
        ([(0, 0, 0), (2, 0, 0), (1, -1, 0), (1, 1, 0)], 0),  # crossing
        ([(0, 0, 0), (2, 0, 0), (5, 4, 0), (9, 4, 0)], 5),  # parallel, past each other
        ([(0, 0, 0), (4, 0, 0), (1, 2, 0), (3, 2, 0)], 2),  # parallel, beside each other
        ([(0, 0, 0), (2, 0, 0), (3, 0, 0), (5, 0, 0)], 1),  # on one line
        ([(0, 0, 0), (4, 0, 0), (2, 3, 0), (2, 3, 0)], 3),  # the second a point
        ([(2, 3, 0), (2, 3, 0), (0, 0, 0), (4, 0, 0)], 3),  # the first a point
        ([(0, 0, 0), (0, 0, 0), (3, 4, 0), (3, 4, 0)], 5),  # two points
        ([(0, 0, 0), (1, 0, 0), (4, 4, 0), (4, 9, 0)], 5),  # end to end
    ],
)
def test_closed_forms(segments, distance):
    assert segment_distance(*np.array(segments, float)) == pytest.approx(distance, abs=1e-12)


def test_broadcasts_one_segment_against_many():
    rng = np.random.default_rng(0)
    p0, p1 = rng.standard_normal((2, 3))
    q0, q1 = rng.standard_normal((2, 4, 5, 3))
    many = segment_distance(p0, p1, q0, q1)
    assert many.shape == (4, 5)
    assert many[2, 3] == segment_distance(p0, p1, q0[2, 3], q1[2, 3])


@given(points=four)
def test_nearest_shares_lie_on_the_segments_at_their_distance(points):
    p0, p1, q0, q1 = (np.array(p, float) for p in points)
    s, t = nearest_shares(p0, p1, q0, q1)
    assert 0 <= s <= 1 and 0 <= t <= 1
    apart = np.linalg.norm(p0 + s * (p1 - p0) - q0 - t * (q1 - q0))
    assert segment_distance(p0, p1, q0, q1) == pytest.approx(apart, abs=1e-9)


def test_nearest_shares_of_crossing_segments():
    s, t = nearest_shares(*np.array([[0, 0, 0], [4, 0, 0], [1, -1, 2], [1, 3, 2]], float))
    assert (s, t) == (0.25, 0.25)
