import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.curves import (
    Curve,
    attractor,
    helix,
    line,
    lissajous,
    nearest_pass,
    parametric,
    polyline,
    spiral,
    torus_knot,
)


def brute_force(curve, width, count=1500):
    """The least distance of two places more than pi/2 widths apart along the curve, from all pairs."""
    s = np.linspace(0, curve.length, count, endpoint=False)
    points = curve.at(s)
    apart = np.abs(s[:, None] - s)
    if curve.closed:
        apart = np.minimum(apart, curve.length - apart)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    return distance[apart > math.pi / 2 * width].min()


@pytest.mark.parametrize(
    ("make", "width"),
    [
        (lambda: helix(20, 8, 3), 12),
        (lambda: helix(20, 8, 3, end_radius=5), 12),
        (lambda: spiral(40, 5, 3), 15),
        (lambda: torus_knot(2, 5, 40, 15), 30),
        (lambda: attractor(24), 25),
        (lissajous, 20),
        (lambda: polyline([[0, 0, 0], [60, 0, 0], [60, 30, 0], [30, 30, 5], [30, -30, 5]]), 10),
    ],
)
def test_the_nearest_pass_is_the_least_of_all_pairs(make, width):
    curve = make()
    found = nearest_pass(curve, width)
    step = curve.length / 1500
    assert found.distance <= brute_force(curve, width) + 2e-3 * width
    assert found.distance >= brute_force(curve, width) - step
    ends = curve.at([found.first, found.second])
    assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(found.distance, abs=0.02 * width)
    np.testing.assert_allclose(found.place, ends.mean(axis=0), atol=0.02 * width)
    assert 0 <= found.first < found.second <= curve.length
    assert 0 < found.share <= 1


def test_turns_of_a_helix_lie_its_pitch_apart_everywhere():
    found = nearest_pass(helix(20, 8, 3), 10)
    # A little less than the pitch, across the slope of the turns.
    assert found.distance == pytest.approx(8 * math.cos(math.atan2(8, 40 * math.pi)), rel=2e-3)
    assert found.second - found.first == pytest.approx(helix(20, 8, 1).length, rel=0.01)
    assert found.share == pytest.approx(1, abs=0.02)
    assert nearest_pass(helix(20, 8, 3), 7) is None


def test_a_crossing_is_found_exactly():
    eight = parametric("50*sin(t)", "25*sin(2*t)", "0.5*cos(t)", t1=2 * math.pi)
    found = nearest_pass(eight, 8)
    assert found.distance == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(found.place, 0, atol=0.1)
    assert (found.second - found.first) == pytest.approx(eight.length / 2, abs=0.2)
    assert found.share < 0.2


@settings(max_examples=30)
@given(st.floats(1, 30))
def test_bends_are_no_passes(width):
    assert nearest_pass(line(200), width) is None
    assert nearest_pass(helix(20, 0, 1), width) is None
    assert nearest_pass(polyline([[0, 0, 0], [50, 0, 0], [50, 50, 0]]), width) is None


def test_a_curve_shorter_than_its_webs_are_wide_has_no_pass():
    assert nearest_pass(helix(2, 0, 1), 100) is None
    assert nearest_pass(line(3), 100) is None


def test_a_densely_wound_curve_is_told_too():
    found = nearest_pass(helix(20, 0.05, 300), 20)
    assert found.distance == pytest.approx(0.05, rel=0.01)
    assert found.share == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, None, "1"])
def test_widths_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match=r"width is .*must be > 0 mm"):
        nearest_pass(line(3), value)


SQUARE = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([*SQUARE, [10, 0, 0], [10, -5, 0]], id="a side twice"),
        pytest.param(SQUARE[:-1] * 2 + SQUARE[:1], id="a square twice round"),
        pytest.param([[5, -5, 0], *SQUARE[1:], [10, 0, 0], [10, 5, 0], [20, 9, 3]], id="a side half"),
        pytest.param([[-9, 0, 0], [9, 0, 0], [9, 9, 0], [3, 0, 0], [-5, 0, 0], [-5, 5, 0]], id="backwards"),
    ],
)
@pytest.mark.parametrize("make", [Curve, polyline])
def test_stretches_that_are_passed_twice_are_refused(make, points):
    with pytest.raises(ValueError, match="curve runs over a stretch twice, first at "):
        make(points)


@given(st.floats(2, 9), st.floats(0.1, 200))
def test_circles_that_are_passed_more_than_once_are_refused(angle, radius):
    t = np.linspace(0, 2 * math.pi + angle, 700)
    with pytest.raises(ValueError, match="curve runs over a stretch twice"):
        Curve(radius * np.column_stack([np.cos(t), np.sin(t), 0 * t]))


@settings(max_examples=30)
@given(st.floats(0.02, 2))
def test_stretches_that_lie_near_each_other_are_not_refused(gap):
    """A zigzag of legs of 10 mm, and a flat coil."""
    assert Curve([[0, 0, 0], [10, 0, 0], [10, gap, 0], [0, gap, 0], [0, 2 * gap, 0], [10, 2 * gap, 0]]).length > 30
    assert helix(10, gap, 4).length > 240


def test_crossings_are_not_refused():
    star = np.array([[math.cos(0.8 * math.pi * k), math.sin(0.8 * math.pi * k), 0] for k in range(5)])
    assert polyline(20 * star, closed=True).closed
    rose = parametric("40*cos(3*t)*cos(t)", "40*cos(3*t)*sin(t)", "0", t1=math.pi)
    assert rose.closed
