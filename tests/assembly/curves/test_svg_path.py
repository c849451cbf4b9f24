import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assembly.curves.svg_path import MAX_SEGMENTS, Arc, Bezier, flattened, strokes

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
points = st.tuples(numbers, numbers)


def points_of(d):
    """The end points of the segments of the only stroke."""
    (stroke,) = strokes(d)
    return [complex(stroke[0](np.zeros(1))[0]), *(complex(segment(np.ones(1))[0]) for segment in stroke)]


def same_path(first, second):
    u = np.linspace(0, 1, 7)
    (a,), (b,) = strokes(first), strokes(second)
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one(u), other(u), atol=1e-9)


@pytest.mark.parametrize(
    ("d", "corners"),
    [
        ("M 0 0 L 10 0 L 10 5", [0, 10, 10 + 5j]),
        ("M0,0L10,0,10,5", [0, 10, 10 + 5j]),
        ("m0 0 10 0 0 5", [0, 10, 10 + 5j]),
        ("M 1 2 H 5 V 7 h -1 v -2", [1 + 2j, 5 + 2j, 5 + 7j, 4 + 7j, 4 + 5j]),
        ("M 1 2 l 2 0 0 2 z", [1 + 2j, 3 + 2j, 3 + 4j, 1 + 2j]),
        ("M-1-2L.5.5-3e1+2E-1", [-1 - 2j, 0.5 + 0.5j, -30 + 0.2j]),
        ("\n\tM 0 0\r\n,L\t1 1 ", [0, 1 + 1j]),
        ("M 0 0 L 0 0 l 0 0 H 0 L 1 1 C 1 1 1 1 1 1", [0, 1 + 1j]),
        ("M 9 9 M 0 0 L 1 1 M 5 5", [0, 1 + 1j]),
    ],
)
def test_straight_segments(d, corners):
    assert points_of(d) == pytest.approx(corners)


def test_strokes_begin_at_m_and_after_z():
    found = strokes("M 0 0 H 5 Z L 0 5 m 10 10 h 3")
    assert [complex(stroke[0].control[0]) for stroke in found] == [0, 0, 10 + 15j]
    assert [len(stroke) for stroke in found] == [2, 1, 1]


@given(st.lists(points, min_size=4, max_size=4, unique=True))
def test_cubic_and_quadratic_segments_are_their_polynomials(control):
    p = np.array([complex(*point) for point in control])
    u = np.linspace(0, 1, 9)
    (start, a, b, end) = (f"{x},{y}" for x, y in control)
    ((cubic,),) = strokes(f"M{start}C{a} {b} {end}")
    bernstein = [(1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3]
    np.testing.assert_allclose(cubic(u), sum(w * q for w, q in zip(bernstein, p, strict=True)), atol=1e-9)
    ((quadratic,),) = strokes(f"M{start}Q{a} {end}")
    np.testing.assert_allclose(quadratic(u), (1 - u) ** 2 * p[0] + 2 * u * (1 - u) * p[1] + u**2 * p[3], atol=1e-9)


@given(st.lists(points, min_size=6, max_size=6, unique=True))
def test_s_and_t_reflect_the_control_point_before(corners):
    a, b, c, d, e, f = (np.array(point) for point in corners)

    def text(*parts):
        return " ".join(f"{x:.9f} {y:.9f}" for x, y in parts)

    same_path(f"M{text(a)}C{text(b, c, d)}S{text(e, f)}", f"M{text(a)}C{text(b, c, d)}C{text(2 * d - c, e, f)}")
    same_path(f"M{text(a)}Q{text(b, c)}T{text(d)}", f"M{text(a)}Q{text(b, c)}Q{text(2 * c - b, d)}")
    same_path(f"M{text(a)}Q{text(b, c)}T{text(d)} {text(e)}",
              f"M{text(a)}Q{text(b, c)}Q{text(2 * c - b, d)}Q{text(2 * d - 2 * c + b, e)}")  # fmt: skip
    # After a command of another kind there is nothing to reflect.
    same_path(f"M{text(a)}L{text(b)}S{text(c, d)}", f"M{text(a)}L{text(b)}C{text(b, c, d)}")
    same_path(f"M{text(a)}C{text(b, c, d)}T{text(e)}", f"M{text(a)}C{text(b, c, d)}Q{text(d, e)}")


@given(points, points, st.floats(1, 80), st.floats(1, 80), st.floats(0, 180), st.booleans(), st.booleans())
def test_arcs_lie_on_their_ellipse_between_their_ends(start, end, rx, ry, degrees, large, sweep):
    assume(math.dist(start, end) > 1)
    d = f"M{start[0]} {start[1]}A{rx} {ry} {degrees} {int(large)} {int(sweep)} {end[0]} {end[1]}"
    ((arc,),) = strokes(d)
    u = np.linspace(0, 1, 50)
    path = arc(u)
    np.testing.assert_allclose(path[[0, -1]], [complex(*start), complex(*end)], atol=1e-7)
    inside = (path - arc.centre) * np.exp(-1j * arc.turn)
    np.testing.assert_allclose(np.hypot(inside.real / arc.rx, inside.imag / arc.ry), 1, atol=1e-9)
    assert arc.rx / arc.ry == pytest.approx(rx / ry)
    assert arc.rx >= rx * (1 - 1e-9)
    turned = np.diff(np.unwrap(np.angle(inside.real / arc.rx + 1j * inside.imag / arc.ry))).sum()
    assert (turned > 0) == sweep
    if arc.rx == rx:  # else the radii were too small, and the arc is half the ellipse
        assert (abs(turned) > math.pi) == large
    else:
        assert abs(turned) == pytest.approx(math.pi, abs=1e-6)


@pytest.mark.parametrize(
    ("d", "middle"),
    [
        ("M 0 0 A 5 5 0 0 1 10 0", 5 - 5j),  # with the sweep: clockwise on the screen, over the top
        ("M 0 0 A 5 5 0 0 0 10 0", 5 + 5j),
        ("M0 0a5 5 0 0110 0", 5 - 5j),
        ("M0 0a5-5 0 1,1,10 0", 5 - 5j),
        ("M0 0A1 1 0 0 1 10 0", 5 - 5j),
        ("M0 0A0 5 0 0 1 10 0", 5),
        ("M0 0A10 10 0 1 1 10 10", 10 + 10j + 10 * np.exp(-1j * np.pi / 4) - 10j),
    ],
)
def test_arcs_of_circles(d, middle):
    ((arc,),) = strokes(d)
    assert complex(arc(np.array([0.5]))[0]) == pytest.approx(middle)


@given(st.data())
def test_relative_commands_are_the_absolute_ones_moved(data):
    counts = {"L": 2, "C": 6, "S": 4, "Q": 4, "T": 2, "H": 1, "V": 1, "A": 2}
    letters = data.draw(st.lists(st.sampled_from(sorted(counts)), min_size=1, max_size=8))
    here = np.array(data.draw(points))
    absolute = relative = f"M {here[0]} {here[1]}"
    for letter in letters:
        values = np.array([data.draw(st.integers(-50, 50)) + 0.5 for _ in range(counts[letter])])
        head = "7 4 20 1 0" if letter == "A" else ""
        if letter in "HV":
            axis = "HV".index(letter)
            shift, moved = here[axis], np.where(np.arange(2) == axis, values[0], 0)
        else:
            shift, moved = np.tile(here, len(values) // 2), values[-2:]
        absolute += f"{letter}{head} " + " ".join(f"{v:.6f}" for v in np.atleast_1d(values + shift))
        relative += f"{letter.lower()}{head} " + " ".join(f"{v:.6f}" for v in values)
        here = here + moved
    same_path(absolute, relative)


def test_flattened_paths_keep_their_corners_and_their_step():
    ((*stroke,),) = strokes("M 0 0 H 30 C 30 20 50 20 50 0 V 10")
    flat = flattened(stroke, 500)
    assert {(0, 0), (30, 0), (50, 0), (50, 10)} <= {tuple(point) for point in flat.round(9).tolist()}
    steps = np.linalg.norm(np.diff(flat, axis=0), axis=1)
    bend = (flat[1:, 0] > 30) & (flat[1:, 1] > 0) & (flat[:-1, 0] < 50)
    # Steps of even parameter: longer in the middle than on average.
    assert steps[bend].max() < 2 * steps.sum() / 500
    assert isinstance(stroke[1], Bezier) and not isinstance(stroke[1], Arc)


@pytest.mark.parametrize(
    ("d", "message"),
    [
        ("L 0 0", "path data begin with 'L', must begin with M"),
        ("M 0 0 X 1 1", "path data have 'X 1 1' at character 7, must be a command, one of M L H V"),
        ("M 0 0 L 5", "path data end where number 2 of 'L' is expected"),
        ("M 0 0 L 5 a", "path data have 'a' at character 11, where number 2 of 'L' is expected"),
        ("M 0 0 L", "path data end where number 1 of 'L'"),
        ("M 0 0 L 1 1 2", "path data end where number 2 of 'L'"),
        ("M 0 0 Z 5 5", "path data have '5 5' at character 9, must be a command"),
        ("M 0 0 A 1 1 0 2 0 5 5", "path data have '2 0 5 5' at character 15, where a flag, 0 or 1, of 'A'"),
        ("M 0 0 L nan 0", "path data have 'nan 0' at character 9"),
        ("M 0 0 L 1e999 0", "path data have 1e999 at character 9, at most 1e\\+09 is allowed"),
        ("M 0 0 L 1 __import__('os')", "path data have '__import__'"),
        ("M 0 0 C 1 1 2 2 'x", 'path data have "\'x" at character 17'),
        ("M 0 0" + " 1 1" * (MAX_SEGMENTS + 1), f"path data have over {MAX_SEGMENTS} segments"),
    ],
)
def test_path_data_that_are_wrong_are_told_where(d, message):
    with pytest.raises(ValueError, match=message) as error:
        strokes(d)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 150
