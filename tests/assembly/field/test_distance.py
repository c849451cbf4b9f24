import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assembly.field.distance import blended, strut_distance, tapered
from structgen.web import WebGraph

few = settings(max_examples=100, deadline=None)
coordinate = st.floats(-10, 10).map(lambda x: round(x, 6))  # squares of smaller ones would underflow
point = st.tuples(coordinate, coordinate, coordinate)
radius = st.floats(0.05, 5)


def one(end, radii):
    return tapered(WebGraph.from_edges([[0, 0, 0], end], [(0, 1)]), np.array([radii], float), 0.0)


@few
@given(point, radius, radius, point)
def test_distance_is_from_the_nearest_of_the_balls_along_the_axis(end, first, second, p):
    struts = one(end, (first, second))
    distance, *gradient = strut_distance(struts, 0, *p)
    share = np.linspace(0, 1, 2001)[:, None]
    away = np.linalg.norm(np.array(p) - share * np.array(end), axis=1) - (first + share[:, 0] * (second - first))
    # Half a step of the samples, over which a ball's distance changes by its way and its growth at most.
    apart = (np.linalg.norm(end) + abs(second - first)) / 4000
    assert away.min() - apart - 1e-6 <= distance <= away.min() + 1e-6
    assert np.linalg.norm(gradient) == pytest.approx(1, abs=1e-9) or gradient == [0, 0, 0]


@few
@given(point, radius, radius, point)
def test_gradient_is_that_of_the_distance(end, first, second, p):
    struts = one(end, (first, second))
    distance, *gradient = strut_distance(struts, 0, *p)
    assume(np.linalg.norm(np.cross(end, p)) > 0.01 * np.linalg.norm(end))
    step = 1e-5
    ahead = strut_distance(struts, 0, *(np.array(p) + step * np.array(gradient)))[0]
    assert ahead - distance == pytest.approx(step, rel=1e-3)


def test_swelling_is_inverse_to_the_radius():
    web = WebGraph.from_edges([[0, 0, 0], [10, 0, 0]], [(0, 1)])
    struts = tapered(web, np.array([[1.0, 2.0]]), 0.1)
    assert struts.radius[0] == 1.1 and struts.thickest[0] == 2.05
    assert struts.slope[0] == pytest.approx(-0.095)


def fan(*directions, radius=1.0, length=50.0):
    """Struts from the origin."""
    ends = length * np.array(directions, float) / np.linalg.norm(directions, axis=1, keepdims=True)
    web = WebGraph.from_edges(np.concatenate([[[0, 0, 0]], ends]), [(0, k + 1) for k in range(len(ends))], radius)
    return tapered(web, np.full((web.m, 2), radius), 0.0)


def blend(struts, fillet, p):
    count = len(struts.length)
    return blended(struts, np.arange(count), fillet, *p, np.empty((count, 5)))


def plain(struts, p):
    return min(strut_distance(struts, k, *p)[0] for k in range(len(struts.length)))


@few
@given(st.floats(0.1, 5), st.floats(0, 60), st.floats(0, 60))
def test_between_struts_at_right_angles_a_ball_is_rolled(fillet, a, b):
    """In their plane: the corner of two straight sides one radius from the axes."""
    struts = fan([1, 0, 0], [0, 1, 0])
    a, b = min(a, 2 * fillet), min(b, 2 * fillet)
    expected = min(a, b)
    if max(a, b) < fillet:
        expected = fillet - math.hypot(fillet - a, fillet - b)
    assert blend(struts, fillet, (1 + b, 1 + a, 0)) == pytest.approx(expected, abs=0.01 * fillet)


@few
@given(st.floats(0.1, 3), point)
def test_blending_only_fills_and_only_near_the_struts(fillet, p):
    struts = fan([1, 0.2, 0], [-0.3, 1, 0.5], [0, -0.3, 1])
    distance, blended_distance = plain(struts, p), blend(struts, fillet, p)
    assert blended_distance <= distance + 1e-12
    if distance >= fillet:
        assert blended_distance == distance
    turned = fan([0, -0.3, 1], [1, 0.2, 0], [-0.3, 1, 0.5])
    assert blend(turned, fillet, p) == pytest.approx(blended_distance, abs=0.02 * fillet)


@few
@given(st.floats(0.1, 2), st.floats(-20, 20), st.floats(0, 2 * math.pi), st.floats(1, 4))
def test_struts_that_run_straight_on_are_hardly_swollen(fillet, along, angle, away):
    struts = fan([1, 2, 3], [-1, -2, -3])
    u = np.array([1, 2, 3]) / math.sqrt(14)
    v = np.cross(u, [0, 0, 1]) / np.linalg.norm(np.cross(u, [0, 0, 1]))
    p = along * u + away * (math.cos(angle) * v + math.sin(angle) * np.cross(u, v))
    assert -0.02 * fillet <= blend(struts, fillet, p) - (away - 1) <= 1e-9


def test_a_crack_between_struts_at_a_sharp_angle_is_filled():
    struts = fan([10, 1, 0], [10, -1, 0])
    for x in (11, 15, 18):
        assert plain(struts, (x, 0, 0)) > 0 > blend(struts, 1.0, (x, 0, 0))
