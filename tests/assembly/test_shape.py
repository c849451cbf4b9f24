import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly import Shape
from assembly.meshes import TriangleMesh

few = settings(max_examples=25, deadline=None)


def points_about(shape, seed, count=200):
    low, high = shape.bounds
    return np.random.default_rng(seed).uniform(low - 5, high + 5, (count, 3))


@few
@given(st.integers(0, 10_000))
def test_distance_of_a_box(shape_of, seed):
    shape = shape_of("plate")
    points = points_about(shape, seed)
    out = np.abs(points) - shape.size / 2
    exact = np.linalg.norm(np.maximum(out, 0), axis=1) + np.minimum(out.max(axis=1), 0)
    np.testing.assert_allclose(shape.distance(points), exact, atol=1e-9)


@few
@given(st.integers(0, 10_000))
def test_distance_of_a_torus(shape_of, seed):
    points = points_about(shape_of("torus"), seed)
    exact = np.hypot(np.hypot(points[:, 0], points[:, 1]) - 30, points[:, 2]) - 12
    np.testing.assert_allclose(shape_of("torus").distance(points), exact, atol=0.1)


@few
@given(st.integers(0, 10_000), st.sampled_from(["cube", "torus", "bunny", "bracket"]))
def test_contains_as_the_number_of_faces_above_says(shape_of, seed, name):
    shape = shape_of(name)
    points = points_about(shape, seed, 50)
    a, b, c = shape.mesh.corners[..., :2].transpose(1, 0, 2)
    above = np.zeros(len(points), int)
    for k, (x, y, z) in enumerate(points):
        sides = [(v - u)[:, 0] * (y - u[:, 1]) - (v - u)[:, 1] * (x - u[:, 0]) for u, v in ((a, b), (b, c), (c, a))]
        within = np.all(np.array(sides) > 0, axis=0) | np.all(np.array(sides) < 0, axis=0)
        normal, corner = shape.mesh.cross[within], shape.mesh.corners[within, 0]
        height = corner[:, 2] - ((np.array([x, y]) - corner[:, :2]) * normal[:, :2]).sum(axis=1) / normal[:, 2]
        above[k] = (height > z).sum()
    np.testing.assert_array_equal(shape.contains(points), above % 2 == 1)


@few
@given(st.integers(0, 1000))
def test_distances_move_with_the_shape(shape_of, seed):
    shape, turn = shape_of("bracket"), Rotation.random(rng=seed).as_matrix()
    moved = Shape(TriangleMesh(shape.mesh.vertices @ turn.T + 7, shape.mesh.faces))
    points = points_about(shape, seed)
    np.testing.assert_allclose(moved.distance(points @ turn.T + 7), shape.distance(points), atol=1e-9)


def test_closest_lies_on_the_surface_at_the_distance(shape_of):
    shape = shape_of("bunny")
    points = points_about(shape, 0)
    places = shape.closest(points)
    np.testing.assert_allclose(np.linalg.norm(places - points, axis=1), np.abs(shape.distance(points)))
    np.testing.assert_allclose(shape.distance(places), 0, atol=1e-9)


def test_first_hit_of_a_way_through_the_bracket(shape_of):
    shape = shape_of("bracket")
    shares = shape.first_hits([[6, 2, -6], [6, 2, 6], [42, 20, -5]], [[6, 2, 54], [6, 2, 30], [42, 20, 55]])
    np.testing.assert_allclose(shares, [0.1, np.inf, np.inf])


def test_a_mesh_inside_out_is_turned_round(mesh_of):
    mesh = mesh_of("sphere")
    shape = Shape(mesh.turned())
    assert shape.volume == pytest.approx(mesh.volume)
    assert shape.contains([[0, 0, 0]]).all()


def test_a_void_is_outside():
    outer, inner = (trimesh.creation.box((side,) * 3) for side in (4, 2))
    shape = Shape(
        TriangleMesh(
            np.concatenate([outer.vertices, inner.vertices]), np.concatenate([outer.faces, inner.faces[:, ::-1] + 8])
        )
    )
    assert shape.contains([[0, 0, 0], [1.5, 0, 0], [3, 0, 0]]).tolist() == [False, True, False]
    assert (shape.bodies, shape.volume) == (1, pytest.approx(56))


def test_an_open_mesh_is_refused(mesh_of):
    mesh = mesh_of("cube")
    with pytest.raises(ValueError, match=r"open: 3 edges .* near \(.*\) mm: a shape must be a closed surface"):
        Shape(TriangleMesh(mesh.vertices, mesh.faces[1:]))


def test_a_surface_without_volume_is_refused():
    with pytest.raises(ValueError, match="no volume"):
        Shape(TriangleMesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 1]]))


def test_the_file_is_named_in_errors(tmp_path, mesh_of):
    path = tmp_path / "open.stl"
    mesh = mesh_of("cube")
    trimesh.Trimesh(mesh.vertices, mesh.faces[1:]).export(path)
    with pytest.raises(ValueError, match=r"^\S*open\.stl: mesh is open"):
        Shape.read(path)


@pytest.mark.parametrize("points", [[0, 0, 0], [[0, 0]], [[0, 0, np.nan]]])
def test_wrong_points_are_told(shape_of, points):
    with pytest.raises(ValueError, match="points"):
        shape_of("cube").contains(points)


def test_room_for_a_module(shape_of):
    shape_of("plate").check_room([20, 20, 20])
    shape_of("cube").check_room([40, 40, 40])
    with pytest.raises(ValueError, match="60 x 45 x 5 mm is smaller than a module of 20 x 50 x 20 mm along y and z"):
        shape_of("plate").check_room([20, 50, 20])
    with pytest.raises(ValueError, match="along x and y and z"):
        shape_of("cube").check_room(41)
