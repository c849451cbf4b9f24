from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from structgen.expression import CONSTANTS, FUNCTIONS, MAX_CHARACTERS, evaluate

T = np.linspace(0.1, 2, 7)

leaf = st.one_of(
    st.floats(0, 1e3).map(repr), st.integers(0, 99).map(str), st.sampled_from(["t", "u", "pi", "e", "tau"])
)
unary = st.sampled_from(["sin", "cos", "tanh", "exp", "sqrt", "abs", "floor", "log"])
texts = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "%"]), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(unary, inner).map("{0[0]}({0[1]})".format),
        st.tuples(st.sampled_from(["min", "max", "arctan2"]), inner, inner).map("{0[0]}({0[1]}, {0[2]})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)


@given(text=texts)
def test_arithmetic_agrees_with_python_on_numpy_arrays(text):
    assume(len(text) <= MAX_CHARACTERS)
    names = {**FUNCTIONS, "t": T, "u": np.asarray(0.5)}
    # Numbers as numpy has them, so that a power or quotient of them goes to infinity and not to an error.
    names |= {name: np.float64(value) for name, value in CONSTANTS.items()} | {"array": np.float64}
    with np.errstate(all="ignore"):
        source = "".join(_numpy_numbers(text))
        expected = np.broadcast_to(eval(source, {"__builtins__": {}}, names), T.shape)
    if np.isfinite(expected).all():
        # Powers of arrays and of single numbers may differ in the last bit.
        np.testing.assert_allclose(evaluate(text, {"t": T, "u": 0.5}), expected, rtol=1e-12, atol=0)
    else:
        with pytest.raises(ValueError, match="not finite everywhere"):
            evaluate(text, {"t": T, "u": 0.5})


def _numpy_numbers(text):
    word = ""
    for letter in text + " ":
        if letter.isalnum() or letter in "._" or (letter in "+-" and word[-1:] == "e" and word[:1].isdigit()):
            word += letter
            continue
        yield f"array({word})" if word[:1].isdigit() else word
        yield letter
        word = ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10*cos(2*pi*t)", 10 * np.cos(2 * np.pi * T)),
        (" 2**3**2 - 1 ", np.full(7, 511.0)),
        ("-t**2", -(T**2)),
        ("-7 % 3", np.full(7, 2.0)),
        ("+t % 0.5", T % 0.5),
        ("1e3", np.full(7, 1e3)),
        ("max(t, 1)", np.maximum(T, 1)),
        ("tau / pi + e", np.full(7, 2 + math.e)),
    ],
)
def test_known_values(text, expected):
    np.testing.assert_allclose(evaluate(text, {"t": T}), expected, rtol=1e-15)


def test_result_has_the_shape_of_the_variables_together_and_is_a_copy():
    x, y = np.arange(3.0), np.arange(2.0)[:, None]
    assert evaluate("x + 10*y", {"x": x, "y": y}).tolist() == [[0, 1, 2], [10, 11, 12]]
    assert evaluate("1", {"x": x, "y": y}).shape == (2, 3)
    assert evaluate("2*pi", {}).shape == ()
    same = evaluate("x", {"x": x})
    same[:] = 7
    assert x.tolist() == [0, 1, 2]


def test_variables_come_before_constants():
    assert evaluate("e", {"e": 5.0}) == 5.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('true')", ("is not allowed",)),
        ("t.__class__", ("'t.__class__' is not allowed",)),
        ("(1).real", ("is not allowed",)),
        ("t[0]", ("'t[0]' is not allowed",)),
        ("open(t)", ("'open(t)' is not allowed", "names are t, pi")),
        ("eval('1')", ("is not allowed",)),
        ("x + 1", ("'x' is not allowed",)),
        ("sin", ("'sin' is not allowed",)),
        ("sin(t, out=t)", ("is not allowed",)),
        ("sin(*t)", ("'*t' is not allowed",)),
        ("sin(**t)", ("is not allowed",)),
        ("sin(sin)(t)", ("is not allowed",)),
        ("lambda: 1", ("'lambda: 1' is not allowed",)),
        ("'abc'", ("is not allowed",)),
        ("b'abc'", ("is not allowed",)),
        ("f'{t}'", ("is not allowed",)),
        ("[i for i in t]", ("is not allowed",)),
        ("{t}", ("is not allowed",)),
        ("(t, t)", ("is not allowed",)),
        ("(t := 2)", ("is not allowed",)),
        ("t if t else 1", ("is not allowed",)),
        ("t and 1", ("is not allowed",)),
        ("t < 1", ("is not allowed",)),
        ("not t", ("is not allowed",)),
        ("~1", ("'~1' is not allowed",)),
        ("1 // 2", ("is not allowed",)),
        ("1 @ 2", ("is not allowed",)),
        ("1 << 99999", ("is not allowed",)),
        ("1j", ("'1j' is not allowed",)),
        ("True", ("'True' is not allowed",)),
        ("None", ("'None' is not allowed",)),
        ("...", ("'...' is not allowed",)),
        ("await t", ("is not allowed",)),
        ("(yield)", ("is not allowed",)),
        ("import os", ("cannot be read",)),
        ("t; t", ("cannot be read",)),
        ("t = 1", ("cannot be read",)),
        ("", ("cannot be read",)),
        ("1 +", ("cannot be read",)),
        ("t\0", ("cannot be read",)),
        ("\ud800", ("cannot be read",)),
        ("1/0", ("not finite everywhere",)),
        ("log(-t)", ("not finite everywhere",)),
        ("1/(t-t)", ("not finite everywhere",)),
        ("sin()", ("gives sin 0 argument(s), it takes 1",)),
        ("min(t)", ("gives min 1 argument(s), it takes 2",)),
        ("1" + "+1" * 250, (f"501 characters, at most {MAX_CHARACTERS}",)),
    ],
)
def test_what_is_not_arithmetic_is_refused(refused, text, words):
    with refused(*words):
        evaluate(text, {"t": T})


@pytest.mark.parametrize("text", ["sin(t, t)", "min(t, t, t)", "sin(1, t)"])
def test_a_function_cannot_be_made_to_write_into_a_variable(refused, text):
    t = T.copy()
    with refused("argument(s)"):
        evaluate(text, {"t": t})
    assert t.tolist() == T.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "9" * 499,
        "9**9**9**9**9**9",
        "9" * 250 + "**" + "9" * 240,
        "2" + "**2" * 160,
        "(" * 249 + "1" + ")" * 249,
        "-" * 499 + "1",
        "~" * 499 + "1",
        "t" + ".a" * 249,
        "sin(" * 124 + "t",
        "t" + "[0]" * 160,
        "not " * 120 + "1",
        "0x" + "f" * 490,
    ],
)
def test_huge_and_deep_expressions_end_soon_in_a_number_or_in_one_line(refused, text):
    try:
        assert np.isfinite(evaluate(text, {"t": T})).all()
    except ValueError as error:
        with refused("expression"):
            raise error from None


def test_deep_nesting_that_is_allowed_has_its_value():
    assert evaluate("(" * 150 + "1" + ")" * 150, {}) == 1
    assert evaluate("-" * 200 + "1", {}) == 1
    assert evaluate("cos(" * 99 + "1" + ")" * 99, {}) == pytest.approx(0.739085133215, abs=1e-9)
