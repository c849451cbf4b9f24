import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from assembly.curves import (
    FILES,
    NAMED,
    as_curve,
    csv_curve,
    helix,
    line,
    parametric,
    svg_curve,
    svg_path,
    torus_knot,
)

PATH = "M 0 0 C 10 0 10 10 20 10"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n0,0\n10,0\n10,10\n")
    (tmp_path / "b.SVG").write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><path d="{PATH}"/></svg>')
    return tmp_path


def test_a_curve_by_name_is_the_curve_by_function():
    np.testing.assert_array_equal(as_curve(" helix ", radius=3, turns=2).points, helix(3, turns=2).points)
    np.testing.assert_array_equal(as_curve("line", length=3).points, line(3).points)
    np.testing.assert_array_equal(as_curve("torus-knot", q=5).points, torus_knot(2, 5).points)
    same = helix()
    assert as_curve(same) is same


@pytest.mark.parametrize("name", NAMED)
def test_every_name_makes_a_curve_and_tells_how(name):
    options = {"length": 9} if name == "line" else {}
    curve = as_curve(name, **options)
    assert curve.made_by["name"] == name
    parameters = inspect.signature(NAMED[name]).parameters
    defaults = {key: value.default for key, value in parameters.items()} | options
    assert curve.made_by == {"name": name} | {key: value for key, value in defaults.items() if value is not None}
    json.dumps(curve.made_by)
    np.testing.assert_array_equal(NAMED[name](**options).points, curve.points)


def test_a_curve_by_expressions_path_data_or_file(files):
    by_expressions = as_curve("10*t; t**2; 0*t", t1=3)
    np.testing.assert_array_equal(by_expressions.points, parametric("10*t", "t**2", "0*t", t1=3).points)
    assert by_expressions.made_by == {"name": "10*t; t**2; 0*t", "t0": 0.0, "t1": 3}
    np.testing.assert_array_equal(as_curve(PATH, size=40).points, svg_path(PATH, 40).points)
    assert as_curve(PATH, size=40).made_by == {"name": PATH, "size": 40}
    for path in (files / "a.csv", str(files / "a.csv")):
        curve = as_curve(path, corner_radius=2)
        np.testing.assert_array_equal(curve.points, csv_curve(path, corner_radius=2).points)
        assert curve.made_by == {"name": str(path), "smooth": False, "closed": False, "corner_radius": 2}
    np.testing.assert_array_equal(as_curve(files / "b.SVG", path=1).points, svg_curve(files / "b.SVG").points)


@pytest.mark.parametrize("suffix", FILES)
def test_files_that_are_missing_are_told(tmp_path, suffix):
    with pytest.raises(FileNotFoundError, match=f"missing{suffix}: no such file"):
        as_curve(tmp_path / f"missing{suffix}")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_curve("circle"), "curve is 'circle', must be one of helix, line, spiral, logarithmic-spiral, "),
        (lambda: as_curve("Helix"), "curve is 'Helix', must be one of helix"),
        (lambda: as_curve("t; t"), "three expressions"),
        (lambda: as_curve("t; t; t; t"), "three expressions"),
        (lambda: as_curve(""), "curve is '', must be one of"),
        (lambda: as_curve("points.txt"), r"curve is 'points.txt', must be .* a .csv or .svg file"),
        (lambda: as_curve(Path("points.txt")), "curve is 'points.txt'"),
        (lambda: as_curve(None), "curve is None"),
        (lambda: as_curve(3), "curve is 3, must be a Curve, one of"),
        (lambda: as_curve("x" * 10**5), "curve is 'xxx"),
        (lambda: as_curve("helix", length=3), "length is no option of this curve; its options are: radius"),
        (lambda: as_curve("t; t; t", turns=3), "turns is no option of this curve; its options are: t0, t1"),
        (lambda: as_curve("t; t; t", x=3), "x is no option of this curve; its options are: t0, t1"),
        (lambda: as_curve("a.csv", file="b.csv"), "file is no option of this curve; its options are: smooth, closed"),
        (lambda: as_curve("a.svg", smooth=True), "smooth is no option of this curve; its options are: path, size"),
        (lambda: as_curve(PATH, path=3), "path is no option of this curve; its options are: size"),
        (lambda: as_curve(line(3), length=3), "length is no option of a curve that is made already"),
        (lambda: as_curve("line"), "curve 'line' needs the option length"),
        (lambda: as_curve("M 0 0 L 5"), "path data end"),
        (lambda: as_curve("__import__('os').system('true'); t; t"), "is not allowed"),
    ],
)  # fmt: skip
def test_curves_that_are_not_offered_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
