import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.curves import polyline, spline

few = settings(max_examples=25)

CORNERS = np.array([[0, 0, 0], [10, 0, 0], [10, 5, 0], [10, 5, 2.5]])
SQUARE = np.array([[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])


def circle(count, radius=10.0):
    angle = 2 * np.pi * np.arange(count) / count
    return radius * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])


def distance_to(curve, points):
    return np.linalg.norm(curve.points[:, None] - points, axis=2).min(axis=0)


# -- straight legs -----------------------------------------------------------------------------------


def test_polyline_keeps_its_corners_and_its_length():
    curve = polyline(CORNERS)
    assert curve.length == pytest.approx(17.5)
    np.testing.assert_allclose(curve.at([0, 10, 15, 17.5]), CORNERS, atol=1e-12)
    assert curve.sharpest(9, 11) > 10
    assert curve.sharpest(2, 8) == pytest.approx(0, abs=1e-9)


def test_polyline_takes_many_points():
    angle = np.linspace(0, 6, 5000)
    bow = polyline(np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]))
    assert bow.length == pytest.approx(6, rel=1e-5)
    assert len(bow.points) == 5000


@few
@given(st.integers(3, 12), st.floats(1, 50))
def test_a_closed_polyline_goes_back_to_its_first_point(sides, radius):
    corners = circle(sides, radius)
    curve = polyline(corners, closed=True)
    assert curve.closed
    assert curve.length == pytest.approx(2 * sides * radius * math.sin(math.pi / sides))
    np.testing.assert_array_equal(polyline([*corners, corners[0]]).points, curve.points)
    np.testing.assert_array_equal(polyline([*corners, corners[0]], closed=True).points, curve.points)


@few
@given(st.floats(0.1, 2.4))
def test_round_corners_have_their_radius(radius):
    curve = polyline(CORNERS[:3], corner_radius=radius)
    assert curve.length == pytest.approx(15 - 2 * radius + math.pi / 2 * radius, rel=1e-4)
    assert curve.sharpest(0, curve.length) == pytest.approx(1 / radius, rel=1e-2)
    np.testing.assert_allclose(curve.points[[0, -1]], CORNERS[[0, 2]])
    bend = curve.points[(curve.points[:, 0] > 10 - radius + 1e-9) & (curve.points[:, 1] < radius - 1e-9)]
    np.testing.assert_allclose(np.linalg.norm(bend - [10 - radius, radius, 0], axis=1), radius, rtol=1e-9)


@few
@given(st.floats(0.2, 5))
def test_all_corners_of_a_closed_polyline_are_rounded(radius):
    curve = polyline(SQUARE, closed=True, corner_radius=radius)
    assert curve.closed
    assert curve.length == pytest.approx(40 - 8 * radius + 2 * math.pi * radius, rel=1e-4)
    assert curve.sharpest(0, curve.length) == pytest.approx(1 / radius, rel=1e-2)
    np.testing.assert_allclose(distance_to(curve, SQUARE), radius * (math.sqrt(2) - 1), rtol=1e-2)


def test_the_largest_corners_make_a_square_a_circle():
    curve = polyline(SQUARE, closed=True, corner_radius=5)
    np.testing.assert_allclose(np.linalg.norm(curve.points - [5, 5, 0], axis=1), 5, rtol=1e-6)


def test_points_on_a_straight_leg_are_no_corners():
    with_points = polyline([[0, 0, 0], [3, 0, 0], [4, 0, 0], [10, 0, 0], [10, 9, 0]], corner_radius=2)
    assert with_points.length == pytest.approx(polyline([[0, 0, 0], [10, 0, 0], [10, 9, 0]], corner_radius=2).length)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corner_radius": 5.1, "closed": True}, r"corner_radius is 5.1 mm, too large for the leg of 10 mm after "
                                                  r"point 1: its corners need 10.2 mm"),
        ({"corner_radius": 10.5}, "too large for the leg of 10 mm after point 1"),
        ({"corner_radius": -1}, "corner_radius is -1, must be >= 0 mm"),
        ({"corner_radius": math.nan}, "corner_radius is nan"),
    ],
)  # fmt: skip
def test_corners_that_cannot_be_rounded_are_refused(options, message):
    with pytest.raises(ValueError, match=message) as error:
        polyline(SQUARE, **options)
    assert "\n" not in str(error.value)


# -- splines -----------------------------------------------------------------------------------------


@few
@given(st.integers(0, 10**6), st.integers(3, 9), st.booleans())
def test_a_spline_passes_its_points(seed, count, closed):
    rng = np.random.default_rng(seed)
    points = 20 * rng.normal(size=(count, 3))
    curve = spline(points, closed)
    assert curve.closed == closed
    assert distance_to(curve, points).max() < 1e-9
    assert curve.length > np.linalg.norm(np.diff(points, axis=0), axis=1).sum()


def test_a_spline_through_a_circle_is_nearly_one():
    curve = spline(circle(12), closed=True)
    np.testing.assert_allclose(np.linalg.norm(curve.points, axis=1), 10, rtol=1e-3)
    assert curve.length == pytest.approx(20 * math.pi, rel=1e-3)
    assert curve.sharpest(-1, 1) == pytest.approx(0.1, rel=0.05)


def test_a_spline_through_two_points_is_straight():
    assert spline([[0, 0, 0], [3, 4, 12]]).length == pytest.approx(13)


def test_a_spline_does_not_overshoot_between_near_points():
    """Two near points between two far ones: the centripetal parameter keeps the curve close to its legs."""
    points = np.array([[0, 0, 0], [10, 0, 0], [10, 0.5, 0], [20, 0.5, 0]])
    curve = spline(points)
    assert np.abs(curve.points[:, 1] - 0.25).max() < 1


def test_a_spline_whose_last_point_is_its_first_is_closed():
    points = circle(7)
    np.testing.assert_array_equal(spline([*points, points[0]]).points, spline(points, closed=True).points)


@pytest.mark.parametrize("make", [polyline, spline])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0, 0]], r"shape \(1, 3\)"),
        ([[0, 0], [1, 1], [2, 0]], "shape"),
        ([[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 4, 0]], "stands still at point 1|points 2 and 3 of . lie in one place"),
        ([[0, 0, 0], [1, 0, 0], [math.nan, 0, 0]], "finite"),
        ([["a", "b", "c"], [1, 2, 3]], "not an array of numbers"),
        ("points", "points"),
    ],
)
def test_points_that_are_no_curve_are_refused(make, closed, points, message):
    with pytest.raises(ValueError, match=message) as error:
        make(points, closed=closed)
    assert "\n" not in str(error.value)
