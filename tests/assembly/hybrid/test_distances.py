import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.hybrid.distances import (
    crosses_triangle,
    point_over_triangle,
    segment_near_triangle,
    segments_apart,
    stretch_within,
)
from structgen.geometry import segment_distance

many = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 100_000)


def points(seed, count):
    """Random points, some with coordinates in common, so that segments are parallel or meet."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(count, 3))
    return np.round(places) if seed % 3 == 0 else places


@many
@given(seeds)
def test_segments(seed):
    p, q, a, b = points(seed, 4)
    expected = segment_distance(p, q, a, b)
    assert np.sqrt(segments_apart(p, q - p, a, b - a)) == pytest.approx(expected, abs=1e-7)


@many
@given(seeds)
def test_triangles(seed):
    """Against points spread finely over the triangle."""
    p, q, a, b, c = points(seed, 5)
    share = np.linspace(0, 1, 60)
    s, t = np.meshgrid(share, share)
    s, t = s[s + t <= 1], t[s + t <= 1]
    spots = a + s[:, None] * (b - a) + t[:, None] * (c - a)
    sampled = segment_distance(spots, spots, p, q).min()
    size = max(np.linalg.norm(b - a), np.linalg.norm(c - a)) / 59
    assert segment_near_triangle(p, q - p, a, b, c, sampled + 1e-9)
    if sampled > 2 * size:
        assert not segment_near_triangle(p, q - p, a, b, c, sampled - 2 * size)


def test_a_segment_through_a_triangle_and_one_beside_it():
    a, b, c = np.array([0.0, 0, 0]), np.array([1.0, 0, 0]), np.array([0.0, 1, 0])
    down = np.array([0.0, 0, -2])
    assert crosses_triangle(np.array([0.2, 0.2, 1]), down, a, b, c)
    assert not crosses_triangle(np.array([0.7, 0.7, 1]), down, a, b, c)
    assert not crosses_triangle(np.array([0.2, 0.2, 3]), down, a, b, c)
    assert not crosses_triangle(np.array([0.2, 0.2, 0]), b, a, b, c)
    assert point_over_triangle(np.array([0.2, 0.2, 3]), a, b, c) == pytest.approx(9)
    assert point_over_triangle(np.array([0.9, 0.9, 3]), a, b, c) == np.inf
    assert point_over_triangle(a, a, b, 2 * b) == np.inf


@many
@given(seeds, st.floats(0.01, 2))
def test_stretch_of_a_segment_near_another(seed, reach):
    p, q, a, b = points(seed, 4)
    length = np.linalg.norm(q - p)
    if length == 0:
        return
    axis = (q - p) / length
    low, high = stretch_within(p, axis, length, a, b - a, reach)
    places = np.linspace(0, length, 400)
    spots = p + places[:, None] * axis
    away = segment_distance(spots, spots, a, b)
    within = (places >= low - 1e-6) & (places <= high + 1e-6)
    assert (away[within] <= reach + 1e-5).all()
    assert (away[~within] >= reach - 1e-5).all()
