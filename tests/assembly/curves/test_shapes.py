import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from assembly.curves import attractor, helix, line, lissajous, logarithmic_spiral, parametric, spiral, torus_knot

radii = st.floats(0.5, 200)
pitches = st.floats(-100, 100)
turns = st.floats(0.05, 12)


@st.composite
def helices(draw):
    """radius, pitch and turns of a helix that does not run over itself."""
    radius, pitch, number = draw(radii), draw(pitches), draw(turns)
    assume(abs(pitch) > 1e-2 * radius or number < 0.99)
    return radius, pitch, number


@given(helices())
def test_helix_has_the_length_of_its_closed_form(shape):
    radius, pitch, number = shape
    assert helix(*shape).length == pytest.approx(number * math.hypot(2 * math.pi * radius, pitch), rel=1e-4)


@given(helices(), st.floats(0, 1))
def test_helix_passes_where_its_closed_form_does(shape, share):
    radius, pitch, number = shape
    curve = helix(*shape)
    angle = 2 * math.pi * number * share
    expected = [radius * math.cos(angle), radius * math.sin(angle), pitch * number * share]
    assert curve.at(share * curve.length)[0] == pytest.approx(expected, abs=1e-4 * radius)


@given(helices())
def test_sharpest_is_the_curvature_of_a_helix(shape):
    radius, pitch, _ = shape
    curve, rise = helix(*shape), pitch / (2 * math.pi)
    curvature = radius / (radius**2 + rise**2)
    assert curve.sharpest(0.4 * curve.length, 0.6 * curve.length) == pytest.approx(curvature, rel=1e-2)


def test_a_helix_of_one_flat_turn_is_a_closed_circle():
    circle = helix(20, 0, 1)
    assert circle.closed
    assert circle.sharpest(-5, 5) == pytest.approx(1 / 20, rel=1e-3)


@given(radii, st.floats(0, 200), st.floats(5, 50))
def test_a_conical_helix_goes_from_one_radius_to_the_other_evenly(radius, end, pitch):
    curve = helix(radius, pitch, 3, end_radius=end)
    out = np.hypot(*curve.points[:, :2].T)
    np.testing.assert_allclose(out, radius + (end - radius) * curve.points[:, 2] / (3 * pitch), atol=1e-9)
    assert curve.points[-1, 2] == pytest.approx(3 * pitch)


def test_a_helix_with_its_own_radius_at_the_end_is_the_helix():
    np.testing.assert_array_equal(helix(7, 3, 2, end_radius=7).points, helix(7, 3, 2).points)


def test_arms_of_an_archimedean_spiral_are_evenly_apart():
    curve = spiral(radius=32, inner_radius=2, turns=3)
    np.testing.assert_allclose(curve.at([0, curve.length]), [[2, 0, 0], [32, 0, 0]], atol=1e-12)
    crossings = np.flatnonzero((curve.points[1:, 1] > 0) & (curve.points[:-1, 1] <= 1e-9))
    np.testing.assert_allclose(curve.points[crossings, 0], [2, 12, 22], atol=0.15)
    b = 10 / (2 * math.pi)
    expected = quad(lambda angle: math.hypot(2 + b * angle, b), 0, 6 * math.pi)[0]
    assert curve.length == pytest.approx(expected, rel=1e-4)


@given(radii, st.floats(1.1, 30), st.floats(0.1, 6))
def test_a_logarithmic_spiral_meets_every_radius_at_one_angle(inner, growth, number):
    curve = logarithmic_spiral(radius=growth * inner, inner_radius=inner, turns=number)
    b = math.log(growth) / (2 * math.pi * number)
    assert curve.length == pytest.approx(inner * (growth - 1) * math.hypot(1, b) / b, rel=1e-4)
    s = np.linspace(0.1, 0.9, 50) * curve.length
    outward = curve.at(s) / np.linalg.norm(curve.at(s), axis=1)[:, None]
    cosines = (outward * curve.frames(s)[:, :, 0]).sum(axis=1)
    np.testing.assert_allclose(cosines, b / math.hypot(1, b), atol=1e-2)


@pytest.mark.parametrize("make", [spiral, logarithmic_spiral])
def test_spirals_rise(make):
    flat, rising = make(turns=3), make(turns=3, pitch=5)
    assert np.ptp(flat.points[:, 2]) == 0
    np.testing.assert_array_equal(rising.points[:, :2], flat.points[:, :2])
    assert rising.points[-1, 2] == pytest.approx(15)


@given(st.integers(1, 9), st.integers(1, 9), st.floats(20, 100), st.floats(5, 15))
def test_torus_knots_lie_on_their_ring_and_close(p, q, radius, tube_radius):
    assume(math.gcd(p, q) == 1)
    curve = torus_knot(p, q, radius, tube_radius)
    assert curve.closed
    out = np.hypot(*curve.points[:, :2].T) - radius
    np.testing.assert_allclose(np.hypot(out, curve.points[:, 2]), tube_radius)

    def rounds(x, y):
        return np.ptp(np.unwrap(np.arctan2(y, x))) / (2 * math.pi)

    assert rounds(*curve.points[:, :2].T) == pytest.approx(p)
    assert rounds(out, curve.points[:, 2]) == pytest.approx(q)


def test_the_attractor_is_the_curve_of_the_paper():
    formula = "10*(2+cos(1.5*t))*cos(t)", "10*(2+cos(1.5*t))*sin(t)", "10*sin(1.5*t)"
    by_formula, curve = parametric(*formula, t1=4 * math.pi), attractor(20)
    assert curve.closed and by_formula.closed
    assert curve.length == pytest.approx(by_formula.length, rel=1e-4)
    s = np.linspace(0, 1, 200)
    np.testing.assert_allclose(curve.at(s * curve.length), by_formula.at(s * by_formula.length), atol=1e-2)
    expected = 10 * quad(lambda t: math.hypot(1.5, 2 + math.cos(1.5 * t)), 0, 4 * math.pi, limit=200)[0]
    assert by_formula.length == pytest.approx(expected, rel=1e-4)


def test_lissajous_curves():
    curve = lissajous((3, 2, 7), (30, 20, 10), (0.7, 0.2, 0))
    assert curve.closed
    np.testing.assert_allclose(np.abs(curve.points).max(axis=0), [30, 20, 10], rtol=1e-3)
    np.testing.assert_allclose(curve.points[0], [30 * math.cos(0.7), 20 * math.cos(0.2), 10])
    circle = lissajous((1, 1, 0), (5, 5, 0), (0, -math.pi / 2, 0))
    np.testing.assert_allclose(np.hypot(*circle.points[:, :2].T), 5)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, None, "20", True, 10**400])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (helix, "radius"), (helix, "turns"), (line, "length"), (spiral, "radius"), (spiral, "turns"),
        (logarithmic_spiral, "inner_radius"), (torus_knot, "tube_radius"), (torus_knot, "radius"),
        (attractor, "radius"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} is .*must be > ") as error:
        make(**{name: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: helix(pitch=math.nan), "pitch is nan, must be finite"),
        (lambda: helix(turns=1001), "turns is 1001, must be > 0 and at most 1000"),
        (lambda: helix(end_radius=-1), "end_radius is -1, must be >= 0 mm"),
        (lambda: helix(radius=1e9), "must be finite and within"),
        (lambda: helix(pitch=0, turns=2), "runs over a stretch twice"),
        (lambda: helix(pitch=1e-5, turns=1.5), "runs over a stretch twice"),
        (lambda: spiral(radius=5, inner_radius=5), "radius is 5, must be > inner_radius = 5 mm"),
        (lambda: spiral(inner_radius=-1), "inner_radius is -1, must be >= 0 mm"),
        (lambda: torus_knot(2, 4), "q is 4, must have no divisor in common with p = 2"),
        (lambda: torus_knot(0, 1), "p is 0, must be a whole number in 1..100"),
        (lambda: torus_knot(2, 2.5), "q is 2.5, must be a whole number"),
        (lambda: torus_knot(radius=10, tube_radius=10), "radius is 10, must be > tube_radius = 10 mm"),
        (lambda: lissajous((2, 4, 6)), r"frequencies are \[2, 4, 6\], must have 1 as"),
        (lambda: lissajous((0, 0, 0)), r"frequencies are \[0, 0, 0\], must have 1 as"),
        (lambda: lissajous((1, 2)), r"frequencies is \(1, 2\), must be three numbers"),
        (lambda: lissajous("321"), "frequencies is '321', must be three numbers"),
        (lambda: lissajous((1, 2, 101)), r"frequencies\[2\] is 101, must be a whole number in 0..100"),
        (lambda: lissajous(amplitudes=(1, -1, 1)), r"amplitudes\[1\] is -1, must be >= 0 mm"),
        (lambda: lissajous(amplitudes=(0, 0, 0)), "curve has length 0"),
        (lambda: lissajous(phases=(math.inf, 0, 0)), r"phases\[0\] is inf, must be a finite angle"),
        (lambda: lissajous(phases=(0, 0, 0)), "turns back on itself"),
    ],
)
def test_curves_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
