import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.curves import Curve, helix, parametric, polyline


def places(curve, count=501):
    return np.linspace(0, curve.length, count)


def ring(count=200, radius=10.0):
    angle = np.linspace(0, 2 * np.pi, count + 1)
    return radius * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])


# -- places and frames -------------------------------------------------------------------------------


def test_frames_are_right_handed_and_orthonormal(curve):
    frames = curve.frames(places(curve))
    np.testing.assert_allclose(np.swapaxes(frames, 1, 2) @ frames, np.tile(np.eye(3), (len(frames), 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(frames), 1)


def test_the_first_column_of_a_frame_is_the_tangent():
    curve = parametric("(2+cos(1.5*t))*cos(t)", "(2+cos(1.5*t))*sin(t)", "sin(1.5*t)", t1=4 * math.pi)
    s, step = places(curve)[1:-1], 1e-2
    chords = curve.at(s + step) - curve.at(s - step)
    chords /= np.linalg.norm(chords, axis=1)[:, None]
    assert (chords * curve.frames(s)[:, :, 0]).sum(axis=1).min() > 1 - 1e-4


def test_end_tangents_are_those_of_the_closed_form():
    first, last = helix(20, 8, 1).frames([0, 1e9])[:, :, 0]
    expected = np.array([0, 20, 8 / (2 * math.pi)])
    np.testing.assert_allclose([first, last], [expected / np.linalg.norm(expected)] * 2, atol=1e-3)


def test_arc_length_grows_evenly_in_space(curve):
    """Steps along the curve are no longer than steps of its arc length, and shorter at its bends only."""
    s = places(curve, 2001)
    steps = np.linalg.norm(np.diff(curve.at(s), axis=0), axis=1) / np.diff(s)
    assert steps.max() < 1 + 1e-9
    assert np.median(steps) > 1 - 1e-3


def test_arc_length_does_not_depend_on_the_parameter():
    curve = parametric("100*t**3", "0", "0")
    assert curve.length == pytest.approx(100)
    np.testing.assert_allclose(curve.at([0, 12.5, 70])[:, 0], [0, 12.5, 70], atol=1e-9)


def test_straight_on_beyond_the_ends(open_curve):
    curve = open_curve
    first, last = curve.frames([0, curve.length])[:, :, 0]
    np.testing.assert_allclose(curve.at(-7)[0], curve.points[0] - 7 * first)
    np.testing.assert_allclose(curve.at(curve.length + 7)[0], curve.points[-1] + 7 * last)
    np.testing.assert_array_equal(curve.frames(-7), curve.frames(0))
    np.testing.assert_array_equal(curve.frames(curve.length + 7), curve.frames(curve.length))


# -- closed curves -----------------------------------------------------------------------------------


def test_open_and_closed_curves_are_told_apart(open_curve):
    assert not open_curve.closed


def test_a_closed_curve_goes_round(closed_curve):
    curve = closed_curve
    assert curve.closed
    s = np.array([-3.5, -1e-3, 0, 1e-3, 0.4 * curve.length])
    np.testing.assert_allclose(curve.at(s), curve.at(s + curve.length), atol=1e-9)
    np.testing.assert_allclose(curve.frames(s), curve.frames(s + curve.length), atol=1e-7)
    np.testing.assert_array_equal(curve.points[0], curve.points[-1])


def test_the_frames_of_a_closed_curve_meet_at_its_seam(closed_curve):
    """And are as smooth there as next to it: no jump of the normal from the end to the start."""
    curve = closed_curve
    step = 1e-4 * curve.length
    frames = curve.frames(step * np.arange(-5, 6))
    jumps = np.abs(np.diff(frames, axis=0)).max(axis=(1, 2))
    assert jumps[4:6].max() <= 3 * max(jumps.max() / 2, 1e-3)
    np.testing.assert_allclose(curve.frames(0), curve.frames(curve.length), atol=1e-9)


def test_a_closed_curve_spreads_its_twist_evenly():
    """The twist against the rotation-minimising frames of the same curve cut open is in proportion to arc length."""
    t = np.linspace(0, 2 * np.pi, 4001)
    out = 30 + 12 * np.cos(3 * t)
    points = np.column_stack([out * np.cos(2 * t), out * np.sin(2 * t), 12 * np.sin(3 * t)])
    closed, cut = Curve(points), Curve(points[:-10])
    assert closed.closed and not cut.closed
    s = np.linspace(0.01, 0.98, 200) * closed.length
    seen = np.einsum("sij,si->sj", cut.frames(s), closed.frames(s)[:, :, 1])
    phase = np.unwrap(np.arctan2(seen[:, 2], seen[:, 1]))
    line = np.polyfit(s, phase, 1)
    np.testing.assert_allclose(phase, np.polyval(line, s), atol=2e-3)
    assert abs(line[0]) * closed.length <= np.pi + 0.01


def test_normals_of_an_open_curve_do_not_turn_about_the_tangent(open_curve):
    """Which is what rotation-minimising means."""
    frames = open_curve.frames(places(open_curve, 4001))
    turn = np.einsum("si,si->s", frames[1:, :, 1], frames[:-1, :, 2])
    turn -= np.einsum("si,si->s", frames[1:, :, 2], frames[:-1, :, 1])
    assert np.abs(np.cumsum(turn)).max() < 5e-3


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0.2, 5), st.floats(2, 2 * math.pi))
def test_a_planar_curve_keeps_its_binormal(seed, flatness, end):
    t = np.linspace(0, end, 2001)
    turn = Rotation.random(rng=seed).as_matrix()
    curve = Curve(np.column_stack([10 * np.cos(t), 10 * flatness * np.sin(t), 0 * t]) @ turn.T)
    plane_normal = curve.frames(places(curve)).transpose(0, 2, 1) @ turn[:, 2]
    np.testing.assert_allclose(plane_normal, np.tile(plane_normal[0], (len(plane_normal), 1)), atol=3e-5)


@given(st.floats(0.5, 200), st.floats(1, 100), st.sampled_from([-1, 1]))
def test_helix_twists_against_its_frames_by_its_torsion(radius, steepness, sign):
    pitch = sign * steepness / 50 * 2 * math.pi * radius
    curve, rise = helix(radius, pitch, 3), pitch / (2 * math.pi)
    s = places(curve, 1001)[50:-50]
    angle = s / math.hypot(radius, rise)
    principal_normal = np.column_stack([-np.cos(angle), -np.sin(angle), 0 * angle])
    seen = np.einsum("sij,si->sj", curve.frames(s), principal_normal)
    phase = np.unwrap(np.arctan2(seen[:, 2], seen[:, 1]))
    torsion = rise / (radius**2 + rise**2)
    assert (phase[-1] - phase[0]) / (s[-1] - s[0]) == pytest.approx(torsion, rel=1e-3)
    np.testing.assert_allclose(phase, phase[0] + torsion * (s - s[0]), atol=1e-2)


@settings(max_examples=30)
@given(st.floats(-9, 9), st.floats(0, 100))
def test_sharpest_of_a_closed_curve_looks_round_its_end(start, span):
    """One corner of a teardrop, at its start, and a bend of 1/10 elsewhere."""
    angle = np.linspace(0.5, 2 * np.pi - 0.5, 300)
    bow = 10 * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    tip = [10 * math.cos(0.5) + 30, 0, 0]
    curve = polyline([tip, *bow], closed=True)
    assume(min(abs(start), abs(start + span)) > curve.length / 500)
    assert (curve.sharpest(start, start + span) > 10) == (start < 0 < start + span)


def test_a_gap_of_less_than_a_ten_thousandth_is_closed():
    points = ring()
    nearly = points + np.linspace(0, 1, len(points))[:, None] * [0, 0, 5e-3]
    assert Curve(nearly).closed
    np.testing.assert_allclose(Curve(nearly).points, points, atol=5e-3)
    assert not Curve(points + np.linspace(0, 1, len(points))[:, None] * [0, 0, 1e-2]).closed


def test_a_curve_that_does_not_go_on_where_it_ends_is_open():
    """A path out and back: it begins and ends in one point, in opposite directions."""
    t = np.linspace(0, np.pi, 400)
    drop = Curve(np.column_stack([20 * np.sin(t), 3 * np.sin(t) ** 2 * np.cos(t), 0 * t]))
    np.testing.assert_allclose(drop.points[0], drop.points[-1], atol=1e-12)
    assert not drop.closed


# -- what is no curve --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0, 0]], r"shape \(1, 3\)"),
        ([[0, 0], [1, 1]], r"shape \(2, 2\)"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([["a", "b", "c"], [1, 2, 3]], "not an array of numbers"),
        ([[0, 0, 0], [1, 1]], "not an array of numbers"),
        (None, "points"),
        ([[0, 0, 0], [math.nan, 0, 0]], "finite"),
        ([[0, 0, 0], [math.inf, 0, 0]], "finite"),
        ([[0, 0, 0], [2e6, 0, 0]], "within"),
        ([[1, 1, 1], [1, 1, 1]], "length 0"),
        ([[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 0, 0]], "stands still at point 1 of 4"),
        ([[0, 0, 0], [1, 0, 0], [2, 0, 0], [1, 0, 0]], "turns back on itself at point 2 of 4"),
    ],
)
@pytest.mark.parametrize("make", [Curve, polyline])
def test_points_that_are_no_curve_are_refused(make, points, message):
    with pytest.raises(ValueError, match=message) as error:
        make(points)
    assert "\n" not in str(error.value)


def test_points_are_a_private_copy():
    points = np.array([[0.0, 0, 0], [1, 0, 0]])
    curve = Curve(points)
    points[1, 0] = 5
    assert curve.length == 1
    with pytest.raises(ValueError, match="read-only"):
        curve.points[0] = 1
