import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.verify.intersections import find_self_intersections
from assembly.verify.predicates import collinear
from assembly.verify.triangles import triangles_meet

few = settings(max_examples=25, deadline=None)


def all_pairs(vertices, faces):
    """Every pair tested."""
    sound = [f for f, face in enumerate(faces) if not collinear(vertices, *face)]
    return [
        [f, g] for k, f in enumerate(sound) for g in sound[k + 1 :] if triangles_meet(vertices, *faces[f], *faces[g])
    ]


def soup(seed, faces=80, vertices=60, size=1.0):
    """Triangles over random vertices: some share corners, many cross; some coordinates are equal."""
    rng = np.random.default_rng(seed)
    points = np.round(rng.uniform(0, 8, (vertices, 3)), int(rng.integers(0, 3)))
    first = rng.integers(0, vertices, faces)
    near = (first[:, None] + rng.integers(0, max(2, int(size * vertices)), (faces, 2))) % vertices
    return points, np.column_stack([first, near])


@few
@given(st.integers(0, 10_000), st.integers(2, 90), st.sampled_from([0.05, 0.2, 1.0]))
def test_all_pairs_of_a_soup_are_found(seed, faces, size):
    vertices, faces = soup(seed, faces, size=size)
    expected = all_pairs(vertices, faces)
    assert find_self_intersections(vertices, faces).tolist() == expected
    chosen = np.random.default_rng(seed).random(len(faces)) < 0.3
    some = [pair for pair in expected if chosen[pair].any()]
    assert find_self_intersections(vertices, faces, subset=chosen).tolist() == some


@few
@given(st.integers(0, 10_000))
def test_a_union_by_manifold3d_has_none_and_two_of_them_have(capsules, together, seed):
    mesh = capsules(seed)
    assert len(find_self_intersections(*mesh)) == 0
    low, high = mesh[0].min(axis=0), mesh[0].max(axis=0)
    moved = mesh[0] + 0.1 * (high - low), mesh[1]
    vertices, faces = together(mesh, moved)
    pairs = find_self_intersections(vertices, faces)
    assert len(pairs) and (pairs[:, 0] < len(mesh[1])).all() and (pairs[:, 1] >= len(mesh[1])).all()


@few
@given(st.integers(0, 10_000))
def test_a_rigid_move_changes_nothing(seed):
    """Not where things only touch, which a turn undoes: coordinates of this soup are all different."""
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(0, 8, (60, 3))
    _, faces = soup(seed)
    pairs = find_self_intersections(vertices, faces).tolist()
    moved = vertices @ Rotation.random(rng=rng).as_matrix().T + rng.uniform(-50, 50, 3)
    assert find_self_intersections(moved, faces).tolist() == pairs
    order = rng.permutation(len(faces))
    shuffled = find_self_intersections(vertices, faces[order])
    assert sorted(np.sort(order[shuffled], axis=1).tolist()) == pairs


@pytest.mark.parametrize("divided", [0, 3])
def test_a_closed_surface_has_none(cube, divided):
    for vertices, faces in (cube(divided=divided), cube((1e5, 0, -7), 1e-3, divided)):
        assert len(find_self_intersections(vertices, faces)) == 0


def test_large_meshes_are_searched_in_parts_and_progress_is_told():
    """More leaves than one thread takes at a time: the parts' findings come together in order."""
    sphere = trimesh.creation.icosphere(subdivisions=6, radius=10)
    vertices, faces = np.array(sphere.vertices), np.array(sphere.faces)
    told = []
    assert len(find_self_intersections(vertices, faces, progress=told.append)) == 0
    assert told == [f"testing faces for intersections: {share} %" for share in (33, 66, 100)]
    needles = np.array([[0, 0, 0], [0.1, 0, 20], [0, 0.1, 20], [0, 0, 0], [0.1, 0, -20], [0, 0.1, -20]])
    faces = np.concatenate([faces, len(vertices) + np.arange(6).reshape(2, 3)])
    vertices = np.concatenate([vertices, needles])
    pairs = find_self_intersections(vertices, faces)
    assert pairs[-1].tolist() == [81920, 81921]
    height = vertices[faces[pairs[:-1, 0]]].mean(axis=1)[:, 2]
    assert (height > 9).any() and (height < -9).any() and (np.abs(height) > 9).all()
    again = find_self_intersections(vertices, faces, subset=np.arange(len(faces)) >= 81920)
    np.testing.assert_array_equal(pairs, again)


def test_no_more_than_the_limit_are_returned():
    vertices = np.random.default_rng(0).uniform(0, 1, (300, 3))
    faces = np.arange(300).reshape(-1, 3)
    everything = find_self_intersections(vertices, faces).tolist()
    few = find_self_intersections(vertices, faces, limit=10).tolist()
    assert len(everything) > 100 and len(few) == 10
    assert all(pair in everything for pair in few)


def test_nothing_to_test():
    vertices, faces = np.zeros((3, 3)), np.array([[0, 1, 2]])
    for subset in (None, np.array([False])):
        found = find_self_intersections(vertices, faces, subset)
        assert found.shape == (0, 2) and found.dtype == np.int64
    assert find_self_intersections(vertices, faces[:0]).shape == (0, 2)


def test_few_faces_of_a_large_mesh_are_told_in_parts_too():
    sphere = trimesh.creation.icosphere(subdivisions=6, radius=10)
    told = []
    few = np.arange(len(sphere.faces)) % 1000 == 0
    assert len(find_self_intersections(sphere.vertices, sphere.faces, few, told.append)) == 0
    assert told == [f"testing faces for intersections: {share} %" for share in (25, 50, 75, 100)]


def test_a_subset_of_another_length_is_told():
    with pytest.raises(ValueError, match=r"^subset has shape \(3,\), expected \(1,\), one a face$"):
        find_self_intersections(np.zeros((3, 3)), np.array([[0, 1, 2]]), np.ones(3, bool))
