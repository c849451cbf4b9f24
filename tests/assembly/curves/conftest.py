"""Curves that the tests of curves share."""

import math

import pytest

from assembly.curves import (
    Curve,
    attractor,
    helix,
    line,
    lissajous,
    logarithmic_spiral,
    parametric,
    polyline,
    spiral,
    spline,
    svg_path,
    torus_knot,
)

SQUARE = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]]
CORNERS = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [10, 10, 10]]
OPEN = {
    "line": lambda: line(30),
    "helix": lambda: helix(20, 8, 3),
    "down": lambda: helix(5, -30, 1.5),
    "cone": lambda: helix(20, 8, 3, end_radius=0),
    "spiral": lambda: spiral(40, 5, 3),
    "rising spiral": lambda: spiral(40, 0, 3, pitch=-7),
    "logarithmic spiral": lambda: logarithmic_spiral(40, 5, 3),
    "half an attractor": lambda: parametric(
        "(2+cos(1.5*t))*cos(t)", "(2+cos(1.5*t))*sin(t)", "sin(1.5*t)", t1=2 * math.pi
    ),
    "corners": lambda: polyline(CORNERS),
    "round corners": lambda: polyline(CORNERS, corner_radius=2),
    "spline": lambda: spline(CORNERS),
    "path data": lambda: svg_path("M 0 0 C 20 0 20 30 40 30 S 50 50 60 40 t 10 10 l 5 0"),
    "two points": lambda: Curve([[0, 0, 0], [3, 4, 12]]),
}
CLOSED = {
    "ring": lambda: helix(20, 0, 1),
    "trefoil": torus_knot,
    "cinquefoil": lambda: torus_knot(2, 5, 40, 15),
    "attractor": attractor,
    "lissajous": lissajous,
    "square": lambda: polyline(SQUARE, closed=True),
    "round square": lambda: polyline(SQUARE, closed=True, corner_radius=3),
    "closed spline": lambda: spline([*SQUARE, [0, 5, 20]], closed=True),
    "skew pentagon": lambda: polyline([*SQUARE, [0, 5, 20]], closed=True),
    "ellipse": lambda: svg_path("M 0 0 A 20 10 30 1 1 30 5 A 20 10 30 1 1 0 0 Z"),
}
ALL = OPEN | CLOSED


@pytest.fixture(params=ALL)
def curve(request):
    """Each of the curves."""
    return ALL[request.param]()


@pytest.fixture(params=OPEN)
def open_curve(request):
    """Each of the open curves."""
    return OPEN[request.param]()


@pytest.fixture(params=CLOSED)
def closed_curve(request):
    """Each of the closed curves."""
    return CLOSED[request.param]()
