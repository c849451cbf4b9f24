import re

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.meshes import TriangleMesh

TETRAHEDRON = ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


def faces_with(*rows):
    return np.concatenate([TETRAHEDRON[1], np.array(rows).reshape(-1, 3)]).astype(int)


@pytest.mark.parametrize("name", ["cube", "sphere", "torus", "bunny", "bracket", "plate"])
def test_closed_meshes_are_faultless_and_measure_as_trimesh_says(mesh_of, name):
    mesh = mesh_of(name)
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert mesh.fault() == ""
    assert mesh.volume == pytest.approx(other.volume)
    assert mesh.area == pytest.approx(other.area)
    np.testing.assert_allclose(mesh.bounds, other.bounds)
    np.testing.assert_allclose(mesh.normals, other.face_normals, atol=1e-9)
    assert mesh.shells.max() == 0


def test_vertex_normals_of_a_sphere_point_outward(mesh_of):
    sphere = mesh_of("sphere")
    np.testing.assert_allclose(sphere.vertex_normals, sphere.vertices / 25, atol=4e-3)


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        (faces_with()[:-1], "is open: 3 edges"),
        (faces_with([0, 1, 2]), "is not manifold: 3 edges"),
        (np.concatenate([faces_with()[:-1], [[0, 2, 3]]]), "is not wound one way round: at 3 edges"),
    ],
)
def test_faults_are_told_with_count_and_place(faces, said):
    fault = TriangleMesh(TETRAHEDRON[0], faces).fault()
    assert fault.startswith(said)
    assert re.search(r"the first near \(0(\.5)?, 0(\.5)?, 0(\.5)?\) mm$", fault)


def test_the_void_in_a_cube_is_a_shell_of_negative_volume():
    outer, inner = (trimesh.creation.box((side,) * 3) for side in (4, 2))
    mesh = TriangleMesh(
        np.concatenate([outer.vertices, inner.vertices]), np.concatenate([outer.faces, inner.faces[:, ::-1] + 8])
    )
    np.testing.assert_allclose(np.sort(mesh.shell_volumes), [-8, 64])
    assert mesh.volume == pytest.approx(56)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_welding_a_soup_of_triangles_gives_the_mesh_back(mesh_of, seed):
    mesh = mesh_of("bracket")
    order = np.random.default_rng(seed).permutation(len(mesh.faces))
    welded = TriangleMesh.welded(mesh.corners[order].reshape(-1, 3), np.arange(3 * len(order)).reshape(-1, 3))
    assert len(welded.vertices) == len(mesh.vertices)
    assert welded.fault() == ""
    assert welded.volume == pytest.approx(mesh.volume)


def test_welding_drops_collapsed_faces_and_unused_vertices():
    vertices, faces = TETRAHEDRON
    welded = TriangleMesh.welded([*vertices, [9, 9, 9], [-0.0, 0, 0]], [*faces, [0, 1, 5]])
    assert (len(welded.vertices), len(welded.faces)) == (4, 4)


@pytest.mark.parametrize(
    ("vertices", "faces", "said"),
    [
        (TETRAHEDRON[0], np.empty((0, 3), int), "no faces"),
        (TETRAHEDRON[0], [[0, 1, 4]], "face 0"),
        (TETRAHEDRON[0], [[0, 1, -1]], "face 0"),
        (TETRAHEDRON[0], [[0, 1, 2.5]], "whole"),
        ([[0, 0], [1, 0], [0, 1]], [[0, 1, 2]], "vertices has shape"),
        ([[0, 0, 0], [1, 0, np.nan], [0, 1, 0]], [[0, 1, 2]], "vertex 1"),
        ([[0, 0, 0], [1, 0, 2e6], [0, 1, 0]], [[0, 1, 2]], "vertex 1"),
    ],
)
def test_what_is_no_mesh_is_refused(vertices, faces, said):
    with pytest.raises(ValueError, match=said):
        TriangleMesh(vertices, faces)


def test_a_mesh_cannot_be_changed(mesh_of):
    with pytest.raises(ValueError, match="read-only"):
        mesh_of("cube").vertices[0] = 0
