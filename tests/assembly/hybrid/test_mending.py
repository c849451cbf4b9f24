import numpy as np
import pytest

from assembly.hybrid.mending import faulty_faces, grounded, mended

OCTAHEDRON = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], float)
FACES = np.array([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])


def split(move):
    """An octahedron far from the origin whose top is split in two vertices that are ``move`` apart."""
    far = np.array([2000, 0, 3])
    vertices = np.concatenate([OCTAHEDRON, OCTAHEDRON[2:3] + move]) + far
    faces = np.concatenate([FACES, [[1, 6, 2], [6, 4, 2]]])
    faces[[0, 3], 2] = 6
    return vertices, faces


@pytest.mark.parametrize("move", [[1e-6, 0, 0], [-1e-6, 0, 1e-8]])
def test_vertices_that_rounding_makes_one_are_moved_apart(move):
    mesh = split(np.array(move))
    assert len(faulty_faces(grounded(mesh[0], 0), mesh[1]))
    (vertices, faces), sound = mended(mesh, mesh[0][[0, 1]], 2e-3, 0)
    assert sound and not len(faulty_faces(grounded(vertices, 0), faces))
    np.testing.assert_array_equal(faces, mesh[1])
    np.testing.assert_array_equal(vertices[[0, 1, 5]], mesh[0][[0, 1, 5]])
    assert 0 < np.abs(vertices - mesh[0]).max() < 0.1


def test_a_sound_mesh_is_left_as_it_is():
    mesh = split(np.array([0.1, 0, 0.1]))
    (vertices, _), sound = mended(mesh, mesh[0][:0], 2e-3, 0)
    assert sound
    np.testing.assert_array_equal(vertices, mesh[0])


def test_what_cannot_be_mended_is_told():
    mesh = split(np.array([1e-6, 0, 0]))
    (vertices, _), sound = mended(mesh, mesh[0], 2e-3, 0)
    assert not sound
    np.testing.assert_array_equal(vertices, mesh[0])
