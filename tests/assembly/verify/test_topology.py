import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.verify.topology import (
    checked_mesh,
    edge_fault,
    find_degenerate,
    find_open_vertices,
    shells_of,
    welded_twins,
)

few = settings(max_examples=25, deadline=None)


def torus(sections=12, rings=24):
    mesh = trimesh.creation.torus(10, 3, major_sections=rings, minor_sections=sections)
    return np.array(mesh.vertices), np.array(mesh.faces)


def cone(count):
    """A double cone with ``count`` faces around each of its tips, which are vertices 0 and 1."""
    angle = 2 * np.pi * np.arange(count) / count
    ring = np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    k = np.arange(count)
    upper = np.column_stack([np.zeros(count, int), 2 + k, 2 + (k + 1) % count])
    lower = np.column_stack([np.ones(count, int), 2 + (k + 1) % count, 2 + k])
    return np.concatenate([[[0, 0, 1], [0, 0, -1]], ring]), np.concatenate([upper, lower])


@few
@given(st.integers(0, 10_000))
def test_unions_by_manifold3d_are_closed_and_measured_as_trimesh_does(capsules, seed):
    vertices, faces = capsules(seed)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent
    assert len(find_open_vertices(len(vertices), faces)) == 0
    shells = shells_of(vertices, faces)
    assert len(shells.volume) == mesh.body_count
    assert shells.volume.sum() == pytest.approx(mesh.volume)
    assert (2 - 2 * shells.genus).sum() == mesh.euler_number


@pytest.mark.parametrize(("count", "at"), [(3, 1), (47, 5), (48, 5), (500, 250)])
def test_fans_of_many_faces(count, at):
    """Small and large fans are searched in two ways."""
    vertices, faces = cone(count)
    assert len(find_open_vertices(len(vertices), faces)) == 0
    missing = np.delete(faces, at, axis=0)
    assert find_open_vertices(len(vertices), missing).tolist() == sorted(faces[at].tolist())
    doubled = np.concatenate([faces, faces[at : at + 1]])
    assert find_open_vertices(len(vertices), doubled).tolist() == sorted(faces[at].tolist())
    turned = faces.copy()
    turned[at] = turned[at, ::-1]
    assert find_open_vertices(len(vertices), turned).tolist() == sorted(faces[at].tolist())


@pytest.mark.parametrize("count", [6, 200])
def test_two_fans_at_one_vertex(count):
    vertices, faces = cone(count)
    pinched = np.where(faces == 1, 0, faces)
    pinched = np.where(pinched > 1, pinched - 1, pinched)
    assert find_open_vertices(len(vertices) - 1, pinched).tolist() == [0, *range(1, count + 1)]
    other = np.where(faces == 0, 0, faces + len(vertices) - 1)
    both = np.concatenate([faces, other])
    assert find_open_vertices(2 * len(vertices) - 1, both).tolist() == [0]
    assert edge_fault(0, both) == "surfaces touch in a single vertex"


def test_a_vertex_of_no_face_and_faces_with_a_corner_twice_are_faults():
    vertices, faces = cone(5)
    assert find_open_vertices(len(vertices) + 1, faces).tolist() == [len(vertices)]
    assert edge_fault(len(vertices), faces) == "a vertex has no face"
    assert find_open_vertices(2, np.array([[0, 0, 1]])).tolist() == [1]
    assert edge_fault(1, np.array([[0, 0, 1]])) == "a face has a corner twice"
    assert find_open_vertices(1, np.array([[0, 0, 0]])).tolist() == [0]


def test_what_is_wrong_is_told():
    _, faces = cone(5)
    assert edge_fault(0, faces[1:]) == "an edge has 1 face instead of 2"
    assert edge_fault(0, np.concatenate([faces, faces[:1]])) == "an edge has 3 faces instead of 2"
    turned = np.concatenate([faces[:1, ::-1], faces[1:]])
    assert edge_fault(0, turned) == "an edge has two faces that run the same way along it: one is turned over"


@pytest.mark.parametrize("mesh", [torus(), cone(7)])
def test_genus_and_volume(mesh):
    vertices, faces = mesh
    reference = trimesh.Trimesh(vertices, faces, process=False)
    shells = shells_of(vertices + np.array([1e4, 0, -1e4]), faces)
    assert shells.genus.tolist() == [1 - reference.euler_number // 2]
    assert shells.volume[0] == pytest.approx(reference.volume, rel=1e-9)
    assert shells.around.tolist() == [0]


def test_shells_that_lie_in_each_other(cube, together):
    """A body with a void that holds a body, and a body beside: signs and what lies around each."""
    shell = [cube((-k, -k, -k), 10.0 + 2 * k) for k in (2, 1, 0)]
    void = shell[1][0], shell[1][1][:, ::-1]
    shells = shells_of(*together(shell[0], void, shell[2], cube((30, 0, 0))))
    np.testing.assert_allclose(shells.volume, [14**3, -(12**3), 1000, 1000])
    assert shells.around.tolist() == [0, 1, 0, 0]
    assert shells.genus.tolist() == [0] * 4
    assert shells.label.tolist() == np.repeat(range(4), 12).tolist()
    assert shells_of(*together(shell[0], shell[2])).around.tolist() == [0, 1]


def test_a_void_that_opens_sideways_is_not_inside(cube, together):
    """Within the box of the other, not within it."""
    vertices, faces = torus()
    shells = shells_of(*together((vertices, faces), cube((-1, -1, -1), 2)))
    assert shells.around.tolist() == [0, 0] and shells.genus.tolist() == [1, 0]


def test_degenerate_faces_are_found():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [3, 0, 0], [0, 1, 0], [1e-30, 0, 1e-30], [3, 1e-16, 0]])
    faces = np.array([[0, 1, 3], [0, 1, 2], [1, 1, 3], [0, 3, 3], [0, 3, 0], [0, 1, 4], [0, 1, 5]])
    assert find_degenerate(vertices, faces).tolist() == [1, 2, 3, 4]


def test_vertices_equal_in_float32_are_found():
    vertices = np.array([[1, 2, 3], [0, 0, 0], [1, 2, 3 + 1e-9], [-0.0, 0, 1e-60], [5, 5, 5], [1, 2, 3], [1, 2, 4]])
    assert welded_twins(vertices).tolist() == [[0, 2], [1, 3], [0, 5]]
    assert welded_twins(vertices[[0, 1, 4, 6]]).shape == (0, 2)


@few
@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_twins_are_those_of_a_sort(seed, count):
    vertices = np.random.default_rng(seed).integers(-6, 6, (count, 3)) * 0.1
    _, first, place = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
    first = first[place.reshape(-1)]
    expected = [[int(a), k] for k, a in enumerate(first) if a != k]
    assert welded_twins(vertices).tolist() == expected


@few
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_any_two_vertices_made_one_break_the_surface(capsules, seed, draw):
    vertices, faces = capsules(seed, 3)
    a, b = np.random.default_rng(draw).choice(len(vertices), 2, replace=False)
    welded = np.where(faces == b, a, faces)
    welded = np.where(welded > b, welded - 1, welded)
    assert len(find_open_vertices(len(vertices) - 1, welded))


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], r"vertices has shape \(3, 2\), expected \(v, 3\)"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], r"vertices row 0 is \[nan, nan, nan\]: coordinates must be finite"),
        (np.zeros((3, 3)), [[0, 1]], r"faces has shape \(1, 2\) and type int64, expected whole numbers \(f, 3\)"),
        (np.zeros((3, 3)), [[0.0, 1, 2]], r"faces has shape \(1, 3\) and type float64, expected whole numbers"),
        (np.zeros((3, 3)), [[0, 1, 2], [0, 1, 3]], r"faces row 1 is \[0, 1, 3\]: must lie in 0..2"),
        (np.zeros((3, 3)), [[0, -1, 2]], r"faces row 0 is \[0, -1, 2\]: must lie in 0..2"),
    ],
)
def test_arrays_that_are_no_mesh_are_told(vertices, faces, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        checked_mesh(vertices, np.array(faces))
