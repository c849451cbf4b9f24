import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.transform import Rotation

from assembly.curves import Curve, as_curve, helix, line, parametric, polyline

ATTRACTOR = ("(2+cos(1.5*t))*cos(t)", "(2+cos(1.5*t))*sin(t)", "sin(1.5*t)")
CURVES = {
    "line": lambda: line(30),
    "helix": lambda: helix(20, 8, 3),
    "down": lambda: helix(5, -30, 1.5),
    "attractor": lambda: parametric(*ATTRACTOR, t1=4 * math.pi),
    "corners": lambda: polyline([[0, 0, 0], [10, 0, 0], [10, 10, 0], [10, 10, 10]]),
    "two points": lambda: Curve([[0, 0, 0], [3, 4, 12]]),
}

radii = st.floats(0.5, 200)
pitches = st.floats(-100, 100)
turns = st.floats(0.05, 12)


@pytest.fixture(params=CURVES)
def curve(request):
    return CURVES[request.param]()


def one_line(error):
    return "\n" not in str(error.value)


def places(curve, count=501):
    return np.linspace(0, curve.length, count)


@given(radii, pitches, turns)
def test_helix_has_the_length_of_its_closed_form(radius, pitch, turns):
    length = turns * math.hypot(2 * math.pi * radius, pitch)
    assert helix(radius, pitch, turns).length == pytest.approx(length, rel=1e-4)


@given(radii, pitches, turns, st.floats(0, 1))
def test_helix_passes_where_its_closed_form_does(radius, pitch, turns, share):
    curve = helix(radius, pitch, turns)
    angle = 2 * math.pi * turns * share
    expected = [radius * math.cos(angle), radius * math.sin(angle), pitch * turns * share]
    assert curve.at(share * curve.length)[0] == pytest.approx(expected, abs=1e-4 * radius)


@given(radii, pitches)
def test_sharpest_is_the_curvature_of_a_helix(radius, pitch):
    curve, rise = helix(radius, pitch, 2), pitch / (2 * math.pi)
    curvature = radius / (radius**2 + rise**2)
    assert curve.sharpest(0.4 * curve.length, 0.6 * curve.length) == pytest.approx(curvature, rel=1e-2)


def test_frames_are_right_handed_and_orthonormal(curve):
    frames = curve.frames(places(curve))
    np.testing.assert_allclose(np.swapaxes(frames, 1, 2) @ frames, np.tile(np.eye(3), (len(frames), 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(frames), 1)


def test_the_first_column_of_a_frame_is_the_tangent():
    curve = CURVES["attractor"]()
    s, step = places(curve)[1:-1], 1e-2
    chords = curve.at(s + step) - curve.at(s - step)
    chords /= np.linalg.norm(chords, axis=1)[:, None]
    assert (chords * curve.frames(s)[:, :, 0]).sum(axis=1).min() > 1 - 1e-4


def test_end_tangents_are_those_of_the_closed_form():
    first, last = helix(20, 8, 1).frames([0, 1e9])[:, :, 0]
    expected = np.array([0, 20, 8 / (2 * math.pi)])
    np.testing.assert_allclose([first, last], [expected / np.linalg.norm(expected)] * 2, atol=1e-3)


@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_a_planar_curve_keeps_its_binormal(seed, flatness):
    t = np.linspace(0, 5, 2001)
    turn = Rotation.random(rng=seed).as_matrix()
    curve = Curve(np.column_stack([10 * np.cos(t), 10 * flatness * np.sin(t), 0 * t]) @ turn.T)
    plane_normal = curve.frames(places(curve)).transpose(0, 2, 1) @ turn[:, 2]
    np.testing.assert_allclose(plane_normal, np.tile(plane_normal[0], (len(plane_normal), 1)), atol=1e-5)


@given(radii, st.floats(1, 100), st.sampled_from([-1, 1]))
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


def test_normals_do_not_turn_about_the_tangent(curve):
    """Which is what rotation-minimising means."""
    frames = curve.frames(places(curve, 4001))
    turn = np.einsum("si,si->s", frames[1:, :, 1], frames[:-1, :, 2])
    turn -= np.einsum("si,si->s", frames[1:, :, 2], frames[:-1, :, 1])
    assert np.abs(np.cumsum(turn)).max() < 5e-3


def test_equal_steps_of_arc_length_are_equal_steps_in_space():
    for curve in (CURVES["helix"](), CURVES["attractor"]()):
        steps = np.linalg.norm(np.diff(curve.at(places(curve, 2001)), axis=0), axis=1)
        np.testing.assert_allclose(steps, curve.length / 2000, rtol=1e-3)


def test_arc_length_does_not_depend_on_the_parameter():
    curve = parametric("100*t**3", "0", "0")
    assert curve.length == pytest.approx(100)
    np.testing.assert_allclose(curve.at([0, 12.5, 70])[:, 0], [0, 12.5, 70], atol=1e-9)


def test_attractor_has_the_length_of_its_integral():
    def speed(t):
        return math.hypot(1.5, 2 + math.cos(1.5 * t))

    expected = quad(speed, 0, 4 * math.pi, limit=200)[0]
    curve = as_curve("; ".join(ATTRACTOR), t1=4 * math.pi)
    assert curve.length == pytest.approx(expected, rel=1e-4)
    rho = np.hypot(*curve.points.T[:2])
    assert 1 - 1e-9 <= rho.min() < 1.001 and 2.999 < rho.max() <= 3 + 1e-9
    np.testing.assert_allclose(curve.at([0, curve.length]), [[3, 0, 0]] * 2, atol=1e-9)


def test_fast_oscillations_are_resolved():
    expected = 100 * quad(lambda t: math.hypot(10, 100 * math.cos(100 * t)), 0, 2 * math.pi / 100)[0]
    assert parametric("10*t", "sin(100*t)", "0", t1=2 * math.pi).length == pytest.approx(expected, rel=1e-4)


def test_expressions_may_be_numbers_and_use_functions():
    curve = parametric("10*sqrt(t)*cos(pi/3)", "-2**2 + max(t, 0)*0", "7", t0=1, t1=4)
    np.testing.assert_allclose(curve.at([0, curve.length]), [[5, -4, 7], [10, -4, 7]])


@pytest.mark.parametrize(
    "expression",
    [
        "t.real", "().__class__", "__import__('os')", "open('x')", "eval('t')", "u", "sin", "t if t else 1", "t == 1",
        "[t for t in (1, 2)]", "'text'", "lambda: t", "t := 1", "sin(x=t)", "sin()", "True", "t[0]", "", "t +",
        "1/t", "log(t)", "sqrt(t - 1)", "exp(1e4*t)", "0*t/0", "t" * 600,
    ],
)  # fmt: skip
def test_expressions_that_are_not_finite_arithmetic_are_refused(expression):
    with pytest.raises(ValueError, match="expression") as error:
        parametric("10*t", expression, "0")
    assert one_line(error)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_each_of_the_three_expressions_is_checked(k):
    texts = ["t", "t", "t"]
    texts[k] = "unknown + t"
    with pytest.raises(ValueError, match="'unknown' is not allowed"):
        as_curve(";".join(texts))


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
    assert one_line(error)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("1", "2", "3"), "length 0"),
        (("floor(4*t)", "0", "0"), "stands still"),
        (("cos(pi*t)", "0", "0"), "turns back"),
        (("1e7*t", "0", "0"), "within"),
    ],
)
def test_expressions_that_are_no_curve_are_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        parametric(*texts, t0=0, t1=2)


def test_straight_on_beyond_the_ends(curve):
    first, last = curve.frames([0, curve.length])[:, :, 0]
    np.testing.assert_allclose(curve.at(-7)[0], curve.points[0] - 7 * first)
    np.testing.assert_allclose(curve.at(curve.length + 7)[0], curve.points[-1] + 7 * last)
    np.testing.assert_array_equal(curve.frames(-7), curve.frames(0))
    np.testing.assert_array_equal(curve.frames(curve.length + 7), curve.frames(curve.length))


def test_polyline_keeps_its_corners_and_its_length():
    corners = np.array([[0, 0, 0], [10, 0, 0], [10, 5, 0], [10, 5, 2.5]])
    curve = polyline(corners)
    assert curve.length == pytest.approx(17.5)
    np.testing.assert_allclose(curve.at([0, 10, 15, 17.5]), corners, atol=1e-12)
    assert curve.sharpest(9, 11) > 10
    assert curve.sharpest(2, 8) == pytest.approx(0, abs=1e-9)


def test_polyline_takes_many_points():
    angle = np.linspace(0, 6, 5000)
    circle = polyline(np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]))
    assert circle.length == pytest.approx(6, rel=1e-5)


def test_points_are_a_private_copy():
    points = np.array([[0.0, 0, 0], [1, 0, 0]])
    curve = Curve(points)
    points[1, 0] = 5
    assert curve.length == 1
    with pytest.raises(ValueError, match="read-only"):
        curve.points[0] = 1


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, None, "20", True, 10**400])
@pytest.mark.parametrize(("make", "name"), [(helix, "radius"), (helix, "turns"), (line, "length")])
def test_numbers_out_of_range_are_refused(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} is .*must be > 0") as error:
        make(**{name: value})
    assert one_line(error)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: helix(pitch=math.nan), "pitch is nan, must be finite"),
        (lambda: helix(turns=1001), "turns is 1001, must be > 0 and at most 1000"),
        (lambda: parametric("t", "t", "t", t0="a"), "t0 is 'a', must be finite"),
        (lambda: parametric("t", "t", "t", t0=2, t1=2), "t1 is 2, must be finite and > t0 = 2"),
        (lambda: as_curve("spiral"), "curve is 'spiral', must be one of helix, line, or three expressions"),
        (lambda: as_curve("t; t"), "three expressions"),
        (lambda: as_curve(None), "curve is None"),
        (lambda: as_curve("helix", length=3), "length is no option of this curve; its options are: radius"),
        (lambda: as_curve("t; t; t", turns=3), "turns is no option of this curve; its options are: t0, t1"),
        (lambda: as_curve(line(3), length=3), "length is no option of this curve; its options are: none"),
        (lambda: as_curve("line"), "curve 'line' needs the option length"),
    ],
)
def test_curves_that_are_not_offered_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert one_line(error)


def test_curve_by_name_is_the_curve_by_function():
    np.testing.assert_array_equal(as_curve(" helix ", radius=3, turns=2).points, helix(3, turns=2).points)
    np.testing.assert_array_equal(as_curve("line", length=3).points, line(3).points)
    same = helix()
    assert as_curve(same) is same
