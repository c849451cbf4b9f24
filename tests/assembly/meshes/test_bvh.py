import numpy as np
import pytest
import pyvista as pv
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.meshes.bvh import Tree


def random_triangles(seed, count):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-10, 10, (count, 1, 3)) + rng.normal(0, rng.choice([0.1, 3.0]), (count, 3, 3))
    corners[: count // 4, 1] = corners[: count // 4, 0]  # lines, which broken meshes hold
    return corners


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 70))
def test_closest_points_are_those_of_every_triangle_tried(seed, count):
    corners = random_triangles(seed, count)
    points = np.random.default_rng(seed).uniform(-15, 15, (20, 3))
    places, faces, features = Tree(corners).closest(points)
    tried = np.array([trimesh.triangles.closest_point(corners, np.tile(p, (count, 1))) for p in points])
    nearest = np.linalg.norm(tried - points[:, None], axis=2)
    np.testing.assert_allclose(np.linalg.norm(places - points, axis=1), nearest.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(nearest[np.arange(20), faces], nearest.min(axis=1), atol=1e-9)
    proper = faces >= count // 4
    faces, places, features = faces[proper], places[proper], features[proper]
    shares = trimesh.triangles.points_to_barycentric(corners[faces], places)
    at_corner = features < 3
    np.testing.assert_allclose(shares[at_corner], np.eye(3)[features[at_corner]], atol=1e-6)
    at_side = (features >= 3) & (features < 6)
    across = (features[at_side] - 3 + 2) % 3
    np.testing.assert_allclose(shares[at_side, across], 0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 70))
def test_hits_are_the_first_of_every_triangle_tried(seed, count):
    """Against VTK's intersection of a line with each triangle, one by one."""
    corners = random_triangles(seed, count)
    rng = np.random.default_rng(seed)
    starts, ends = rng.uniform(-12, 12, (2, 12, 3))
    shares = Tree(corners).first_hits(starts, ends)
    mesh = pv.PolyData(corners.reshape(-1, 3), np.insert(np.arange(3 * count).reshape(-1, 3), 0, 3, axis=1).ravel())
    for start, end, share in zip(starts, ends, shares, strict=True):
        places, _ = mesh.ray_trace(start, end)
        found = np.linalg.norm(places - start, axis=1) / np.linalg.norm(end - start) if len(places) else [np.inf]
        assert share == pytest.approx(np.min(found), abs=1e-5)


def test_a_way_along_the_faces_of_a_box_and_through_its_edges_is_not_missed(mesh_of):
    tree = Tree(mesh_of("cube").corners)
    starts = np.array([[-30.0, 0, 0], [-30, -30, 0], [-30, -30, -30], [0, 0, 0], [-30, 0, 20]])
    ends = np.array([[30.0, 0, 0], [30, 30, 0], [30, 30, 30], [0, 0, 10], [30, 0, 20.001]])
    np.testing.assert_allclose(tree.first_hits(starts, ends), [1 / 6, 1 / 6, 1 / 6, np.inf, np.inf])
