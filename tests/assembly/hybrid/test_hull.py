import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from assembly.hybrid.hull import sphere_hull


def hull_of(points):
    count = len(points)
    faces, links = np.zeros((2 * count, 3), np.int64), np.zeros((2 * count, 3), np.int64)
    work = np.zeros((2 * count, 4)), np.zeros((5, 4 * count), np.int64)
    total = sphere_hull(points, count, faces, links, *work)
    return faces[:total], links[:total]


def ring(rng, sides, half_angle):
    frame = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn = np.arange(sides) * 2 * np.pi / sides
    flat = np.column_stack([np.cos(turn), np.sin(turn)]) * np.sin(half_angle)
    return np.column_stack([flat, np.full(sides, np.cos(half_angle))]) @ frame.T


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 120))
def test_hull_is_that_of_qhull(seed, count):
    points = np.random.default_rng(seed).normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    faces, links = hull_of(points)
    assert len(faces) == 2 * count - 4
    volume = np.linalg.det(points[faces]).sum() / 6
    assert volume == pytest.approx(ConvexHull(points).volume)
    for f, k in np.ndindex(faces.shape):
        across = faces[links[f, k]].tolist()
        at = across.index(faces[f, (k + 1) % 3])
        assert across[(at + 1) % 3] == faces[f, k]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40), st.floats(0.001, 1.2))
def test_a_ring_with_nothing_in_it_is_filled_by_its_own_faces(seed, sides, half_angle):
    rng = np.random.default_rng(seed)
    corners = ring(rng, sides, half_angle)
    axis = corners.mean(axis=0) / np.linalg.norm(corners.mean(axis=0))
    others = rng.normal(size=(40, 3))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    others = np.concatenate([others[others @ axis < np.cos(1.04 * half_angle)], [-axis]])
    faces, _ = hull_of(np.concatenate([corners, others]))
    assert (faces < sides).all(axis=1).sum() == sides - 2


def test_points_of_one_circle_or_at_one_place_have_no_hull():
    rng = np.random.default_rng(0)
    corners = ring(rng, 12, 0.7)
    assert len(hull_of(corners)[0]) == 0
    assert len(hull_of(corners[:3])[0]) == 0
    assert len(hull_of(np.concatenate([corners, -corners[:1], corners[:1]]))[0]) == 0
