import math

import numpy as np
import pytest
from scipy.integrate import quad

from assembly.curves import as_curve, parametric


def test_fast_oscillations_are_resolved():
    expected = 100 * quad(lambda t: math.hypot(10, 100 * math.cos(100 * t)), 0, 2 * math.pi / 100)[0]
    assert parametric("10*t", "sin(100*t)", "0", t1=2 * math.pi).length == pytest.approx(expected, rel=1e-4)


def test_expressions_may_be_numbers_and_use_functions():
    curve = parametric("10*sqrt(t)*cos(pi/3)", "-2**2 + max(t, 0)*0", "7", t0=1, t1=4)
    np.testing.assert_allclose(curve.at([0, curve.length]), [[5, -4, 7], [10, -4, 7]])


def test_a_range_that_nearly_closes_the_curve_closes_it():
    """12.566 for 4 pi: what people type."""
    curve = parametric("12*(2+cos(1.5*t))*cos(t)", "12*(2+cos(1.5*t))*sin(t)", "12*sin(1.5*t)", t1=12.566)
    assert curve.closed


@pytest.mark.parametrize(
    "expression",
    [
        "t.real", "().__class__", "__import__('os')", "open('x')", "eval('t')", "u", "sin", "t if t else 1", "t == 1",
        "[t for t in (1, 2)]", "'text'", "'text", '"', "lambda: t", "t := 1", "sin(x=t)", "sin()", "True", "t[0]", "",
        "t +", "1/t", "log(t)", "sqrt(t - 1)", "exp(1e4*t)", "0*t/0", "t" * 600, "(" * 400,
    ],
)  # fmt: skip
def test_expressions_that_are_not_finite_arithmetic_are_refused(expression):
    with pytest.raises(ValueError, match="expression") as error:
        parametric("10*t", expression, "0")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_each_of_the_three_expressions_is_checked(k):
    texts = ["t", "t", "t"]
    texts[k] = "unknown + t"
    with pytest.raises(ValueError, match="'unknown' is not allowed"):
        as_curve(";".join(texts))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("1", "2", "3"), "length 0"),
        (("floor(4*t)", "0", "0"), "stands still"),
        (("cos(pi*t)", "0", "0"), "turns back"),
        (("t**2 - 2*t", "(t-1)**3*0", "0"), "turns back"),
        (("cos(2*pi*t)", "sin(2*pi*t)", "0"), "runs over a stretch twice, first at 0% of its length"),
        (("cos(6*t)", "sin(6*t)", "0"), "runs over a stretch twice"),
        (("1e7*t", "0", "0"), "within"),
        (("1e-320*t", "0", "0"), "curve has length .* mm, must be > 1e-06 mm"),
    ],
)
def test_expressions_that_are_no_curve_are_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        parametric(*texts, t0=0, t1=2)


@pytest.mark.parametrize(
    ("t0", "t1", "message"),
    [
        ("a", 1, "t0 is 'a', must be finite"),
        (2, 2, "t1 is 2, must be finite and > t0 = 2"),
        (0, math.inf, "t1 is inf, must be finite"),
        (math.nan, 1, "t0 is nan, must be finite"),
    ],
)
def test_ranges_that_are_none_are_refused(t0, t1, message):
    with pytest.raises(ValueError, match=message):
        parametric("t", "t", "t", t0=t0, t1=t1)
