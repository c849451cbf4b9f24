import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.curves import svg, svg_curve, svg_path

STROKE = '<path d="M 10 10 H 40 V 30"/>'
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PIXEL = 25.4 / 96


@pytest.fixture
def svg_file(tmp_path):
    def write(inner, attributes='width="100mm" height="50mm" viewBox="0 0 100 50"', head="", name="drawing.svg"):
        path = tmp_path / name
        path.write_text(f'<?xml version="1.0"?>\n{head}<svg {NAMESPACE} {attributes}>{inner}</svg>\n')
        return path

    return write


def box(curve):
    return np.ptp(curve.points, axis=0)


# -- path data ---------------------------------------------------------------------------------------


def test_a_path_looks_as_on_the_screen_and_begins_its_box_at_the_origin():
    """Its y grows downwards, ours upwards."""
    curve = svg_path("M 10 10 H 40 V 30")
    np.testing.assert_allclose(curve.points[0], [0, 20, 0])
    np.testing.assert_allclose(curve.points[-1], [30, 0, 0])
    assert curve.length == pytest.approx(50)


def test_closed_paths_are_closed_curves():
    assert svg_path("M 0 0 H 20 V 10 Z").closed
    assert svg_path("M 0 0 A 5 5 0 1 1 10 0 A 5 5 0 1 1 0 0").closed
    assert not svg_path("M 0 0 H 20 V 10").closed


def test_a_circle_of_arcs_is_one():
    circle = svg_path("M 0 10 a 10 10 0 1 0 20 0 a 10 10 0 1 0 -20 0 z")
    assert circle.length == pytest.approx(20 * math.pi, rel=1e-5)
    assert circle.sharpest(-10, 10) == pytest.approx(0.1, rel=1e-3)
    np.testing.assert_allclose(np.linalg.norm(circle.points - [10, 10, 0], axis=1), 10, rtol=1e-6)


def test_bends_of_a_long_path_are_as_smooth_as_of_a_short_one():
    """Straight parts are divided as finely as bends, so that curvature can be told."""
    curve = svg_path("M 0 0 H 100 C 122 0 140 18 140 40 V 140")
    assert curve.sharpest(0, 95) == pytest.approx(0, abs=1e-9)
    assert curve.sharpest(105, 155) == pytest.approx(1 / 40, rel=0.1)


@pytest.mark.parametrize("size", [12, 80.0])
def test_the_size_is_that_of_the_longer_side(size):
    np.testing.assert_allclose(box(svg_path("M 10 10 H 40 V 30", size)), [size, size * 2 / 3, 0])


@pytest.mark.parametrize(
    ("d", "options", "message"),
    [
        ("M 0 0 H 5 M 9 9 H 20", {}, "path data have 2 strokes, a curve must be one"),
        ("M 0 0", {}, "path data have 0 strokes"),
        ("", {}, "path data have 0 strokes"),
        ("M 0 0 H 5 H 2", {}, "turns back"),
        ("M 0 0 H 5 V 5 H 0 Z H 5", {}, "path data have 2 strokes"),
        ("M 0 0 H 5 V 5 H 0 V 0 H 5 V -2", {}, "runs over a stretch twice"),
        ("M 0 0 C 10 10 0 10 10 0 L", {}, "path data end"),
        ("M 0 0 H 5 V 8", {"size": 0}, "size is 0, must be > 0 mm"),
        ("M 0 0 H 5 V 8", {"size": "large"}, "size is 'large', must be > 0 mm"),
        ("M 0 0 H 5 V 8", {"size": 1e9}, "within"),
        ("M 0 0 H 1e8", {}, "within"),
    ],
)
def test_paths_that_are_no_curve_are_refused(d, options, message):
    with pytest.raises(ValueError, match=message) as error:
        svg_path(d, **options)
    assert "\n" not in str(error.value)


@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789.,+-eE ", max_size=60), st.booleans())
def test_any_path_data_make_a_curve_or_a_line_of_error(d, begun):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            curve = svg_path(f"M0 0L9 4{d}" if begun else d)
        except ValueError as error:
            message = str(error)
        else:
            message = ""
            assert np.isfinite(curve.frames([0, curve.length / 2, curve.length])).all()
    assert "\n" not in message


# -- files: units and transformations ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "scale"),
    [
        ('width="100mm" height="50mm" viewBox="0 0 100 50"', 1),
        ('width="20cm" height="10cm" viewBox="-5 -5 100 50"', 2),
        ('width="10in" height="500mm" viewBox="0,0,100,50"', 2.54),
        ('width="100" height="50"', PIXEL),
        ('width="100%" height="100%" viewBox="0 0 100 50"', PIXEL),
        ('viewBox="0 0 100 50"', PIXEL),
        ("", PIXEL),
        ('width="300px" viewBox="0 0 100 50"', 3 * PIXEL),
        ('height="72pt" viewBox="0 0 100 50"', 25.4 / 50),
        ('width="1e2mm" height="50mm" viewBox="0 0 100 50"', 1),
    ],
)
def test_units_of_the_file_are_heard(svg_file, attributes, scale):
    np.testing.assert_allclose(box(svg_curve(svg_file(STROKE, attributes))), [30 * scale, 20 * scale, 0])


def test_a_file_without_the_aspect_of_its_box(svg_file):
    page = 'width="100mm" height="200mm" viewBox="0 0 100 50"'
    np.testing.assert_allclose(box(svg_curve(svg_file(STROKE, page))), [30, 20, 0])
    stretched = svg_file(STROKE, page + ' preserveAspectRatio="none"')
    np.testing.assert_allclose(box(svg_curve(stretched)), [30, 80, 0])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("translate(5)", [(10, 10), (40, 10), (40, 30)]),
        ("scale(2)", [(20, 20), (80, 20), (80, 60)]),
        ("scale(2, -1)", [(20, -10), (80, -10), (80, -30)]),
        ("rotate(90)", [(-10, 10), (-10, 40), (-30, 40)]),
        ("rotate(180, 7, 3)", [(4, -4), (-26, -4), (-26, -24)]),
        ("skewX(45)", [(20, 10), (50, 10), (70, 30)]),
        ("skewY(45)", [(10, 20), (40, 50), (40, 70)]),
        ("matrix(0 1 -1 0 5 6)", [(-5, 16), (-5, 46), (-25, 46)]),
        ("translate(3 4) , scale(2)\n rotate(90)", [(-17, 24), (-17, 84), (-57, 84)]),
    ],
)
def test_transformations_are_done(svg_file, transform, expected):
    expected = np.array(expected, float)
    low, high = expected.min(axis=0), expected.max(axis=0)
    corners = np.column_stack([expected[:, 0] - low[0], high[1] - expected[:, 1], np.zeros(3)])
    curve = svg_curve(svg_file(f'<path transform="{transform}" d="M 10 10 H 40 V 30"/>'))
    for corner in corners:
        assert np.linalg.norm(curve.points - corner, axis=1).min() < 1e-9
    np.testing.assert_allclose(curve.points[[0, -1]], corners[[0, -1]], atol=1e-9)
    grouped = svg_curve(svg_file(f'<g transform="{transform}"><g>{STROKE}</g></g>'))
    np.testing.assert_array_equal(grouped.points, curve.points)


def test_transformations_of_groups_come_before_those_of_their_paths(svg_file):
    nested = f'<g transform="translate(3 4)"><g transform="scale(2)"><g transform="rotate(90)">{STROKE}</g></g></g>'
    once = '<path transform="translate(3 4) scale(2) rotate(90)" d="M 10 10 H 40 V 30"/>'
    np.testing.assert_allclose(svg_curve(svg_file(nested)).points, svg_curve(svg_file(once)).points, atol=1e-9)
    two = f'<g transform="scale(3)"><path d="M0 0H1"/></g>{STROKE}'
    np.testing.assert_allclose(box(svg_curve(svg_file(two), path=2)), [30, 20, 0])


def test_size_overrules_the_units(svg_file):
    np.testing.assert_allclose(box(svg_curve(svg_file(STROKE, ""), size=60)), [60, 40, 0])


# -- files: which path -------------------------------------------------------------------------------

SEVERAL = (
    '<defs><path id="hidden" d="M 0 0 H 9"/></defs><clipPath><path d="M 0 0 H 9"/></clipPath>'
    '<path id="line" d="M 0 0 H 1"/><g><path id="two" d="M 0 0 H 2 M 5 5 H 8"/></g>'
    '<path d=""/><path d="M 0 0 H 4"/><path id="twin" d="M 0 0 H 5"/><path id="twin" d="M 0 0 H 6"/>'
)


@pytest.mark.parametrize(
    ("path", "length"), [("line", 1), ("1", 1), (1, 1), ("2", 2), ("3", 3), (4, 4), ("5", 5), ("6", 6)]
)
def test_a_path_is_named_by_id_or_number(svg_file, path, length):
    assert svg_curve(svg_file(SEVERAL), path=path).length == pytest.approx(length)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, r"has 6 strokes; path is None, must be a number in 1..6 or an id: line, two, twin"),
        ("hidden", r"path is 'hidden', must be a number in 1..6"),
        ("0", r"path is '0', must be a number in 1..6"),
        (7, r"path is '7', must be a number in 1..6"),
        ("two", "path 'two' has 2 strokes; name one by its number, 2 to 3"),
        ("twin", "path 'twin' has 2 strokes; name one by its number, 5 to 6"),
    ],
)
def test_a_path_that_is_not_named_clearly_is_refused(svg_file, path, message):
    with pytest.raises(ValueError, match=message) as error:
        svg_curve(svg_file(SEVERAL), path=path)
    assert "\n" not in str(error.value)


# -- files that are wrong, or of strangers -----------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 9))
EXTERNAL = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'


@pytest.mark.parametrize(
    ("inner", "head", "message"),
    [
        ("<path", "", "not XML"),
        ("", "", "draws no <path>"),
        ('<circle r="5"/><path d=" "/>', "", "draws no <path>"),
        ("<script>alert(1)</script>" + STROKE, "", "holds <script>, which is not taken"),
        ("<foreignObject/>" + STROKE, "", "holds <foreignObject>, which is not taken"),
        ("<svg>" + STROKE + "</svg>", "", "holds <svg>, which is not taken"),
        ('<use xlink:href="other.svg#a"/>' + STROKE, "", "<use> refers to another file, 'other.svg#a'"),
        ('<image href="https://example.org/a.png"/>' + STROKE, "", "<image> refers to another file"),
        ("<text>&x;</text>" + STROKE, EXTERNAL, "declares entities"),
        ("<text>&l8;</text>" + STROKE, f'<!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]>', "declares entities"),
        (STROKE, '<!DOCTYPE svg [<!ATTLIST path d CDATA "M 0 0 H 9">]>', "declares entities or the like"),
        ('<path id="a" d="M 0 0 L 5"/>', "", "path 'a': path data end where number 2 of 'L'"),
        ('<path d="M 0 0 H 5 H 2"/>', "", "turns back"),
        ('<path d="M 0 0 H 5" transform="spin(5)"/>', "", r"transform 'spin\(5\)': spin with 1 number"),
        ('<path d="M 0 0 H 5" transform="scale(1"/>', "", r"transform 'scale\(1' cannot be read"),
        ('<path d="M 0 0 H 5" transform="scale(a)"/>', "", "'a' must hold numbers"),
        ('<path d="M 0 0 H 5" transform="scale(nan)"/>', "", "not finite"),
        ('<path d="M 0 0 H 5" transform="scale(0)"/>', "", "length 0"),
        ("<g>" * 300 + "</g>" * 300, "", "nested more than 200 deep"),
    ],
)
def test_files_that_are_not_taken(svg_file, inner, head, message):
    path = svg_file(inner, head=head)
    with pytest.raises(ValueError, match=message) as error:
        svg_curve(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_harmless_parts_of_files_are_passed_over(svg_file):
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    inner = '<style>path{fill:none}</style><a href="https://example.org">' + STROKE + '</a><use href="#x"/><!-- -->'
    assert svg_curve(svg_file(inner, head=doctype)).length == pytest.approx(50)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the file is empty"),
        (b"<html/>", "begins with <html>, must be SVG"),
        (b"\xff\xfe\x00\x01", "not XML"),
        (b'<?xml version="1.0" encoding="rot13"?><svg/>', "not XML"),
        (b'<svg viewBox="0 0 0 5"/>', "viewBox is '0 0 0 5', must be four numbers"),
        (b'<svg viewBox="a b"/>', "must hold numbers"),
        (b"M 0 0 L 5 5", "not XML"),
    ],
)
def test_files_that_are_no_svg(tmp_path, text, message):
    path = tmp_path / "x.svg"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=message) as error:
        svg_curve(path)
    assert str(error.value).startswith(f"{path}: ")


def test_files_too_large_are_not_read(svg_file, monkeypatch, tmp_path):
    path = svg_file(STROKE)
    monkeypatch.setattr(svg, "MAX_PATH_DATA", 10)
    with pytest.raises(ValueError, match="has over 10 characters of path data"):
        svg_curve(path)
    monkeypatch.setattr(svg, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="at most"):
        svg_curve(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        svg_curve(tmp_path / "missing.svg")
