import manifold3d
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.meshes import TriangleMesh
from assembly.meshes.rounding import in_float32
from assembly.verify import find_open_vertices, find_self_intersections, welded_twins


def cut_ball(seed):
    """A ball less many bars, with slivers where the bars cross far from the origin."""
    rng = np.random.default_rng(seed)
    solid = manifold3d.Manifold.sphere(20, 64)
    bars = [
        manifold3d.Manifold.cylinder(60, 1.0, 1.0, 8).rotate(rng.uniform(0, 360, 3).tolist()).translate(
            rng.uniform(-15, 15, 3).tolist()
        )
        for _ in range(12)
    ]  # fmt: skip
    mesh = (solid - manifold3d.Manifold.batch_boolean(bars, manifold3d.OpType.Add)).to_mesh64()
    return TriangleMesh(
        np.array(mesh.vert_properties[:, :3]) + np.array([0, 0, 500]), np.array(mesh.tri_verts, np.int64)
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_cut_ball_stays_sound(seed):
    mesh = cut_ball(seed)
    vertices, faces = in_float32(mesh, 8 * float(np.spacing(np.float32(520))))
    assert (vertices == vertices.astype(np.float32)).all()
    assert not len(find_open_vertices(len(vertices), faces))
    assert not len(welded_twins(vertices))
    assert not len(find_self_intersections(vertices, faces))
    assert TriangleMesh(vertices, faces).volume == pytest.approx(mesh.volume, rel=1e-5)


def test_the_order_depends_on_places_alone():
    mesh = cut_ball(1)
    order = np.random.default_rng(0).permutation(len(mesh.vertices))
    number = np.argsort(order)
    shuffled = TriangleMesh(mesh.vertices[order], np.roll(number[mesh.faces][::-1], 1, axis=1))
    for one, two in zip(in_float32(mesh), in_float32(shuffled), strict=True):
        np.testing.assert_array_equal(one, two)


def test_neighbours_that_fall_together_are_welded_and_others_moved_apart():
    ball = trimesh.creation.icosphere(2)
    vertices = np.array(ball.vertices) + 3
    edge = ball.edges_unique[0]
    vertices[edge[1]] = vertices[edge[0]] + 1e-9
    far = np.argmax(np.linalg.norm(vertices - vertices[edge[0]], axis=1))
    vertices[far] = vertices[edge[0]]
    places, faces = in_float32(TriangleMesh(vertices, ball.faces))
    assert len(places) == len(vertices) - 1
    assert not len(welded_twins(places)) and not len(find_open_vertices(len(places), faces))


def test_a_sound_mesh_of_float32_is_only_put_in_order(mesh_of):
    mesh = mesh_of("cube")
    vertices, faces = in_float32(mesh, 1e-5)
    assert sorted(map(tuple, vertices.tolist())) == sorted(map(tuple, mesh.vertices.tolist()))
    assert len(faces) == len(mesh.faces)


def test_a_sliver_that_rounding_turns_over_is_flipped_away_beside_a_short_side():
    """Places of a filled bracket's skin: the other diagonal makes two small but good faces, beside a long one."""
    step = float(np.spacing(np.float32(50)))
    a, b, c, d = (
        [26.522237778, 48.57245636],
        [26.522298813, 48.572292328],
        [26.638231277, 50.419395447],
        [26.5227089, 48.5799522],
    )
    e, top = [26.0, 49.0], [26.5, 49.5]
    vertices = np.array([[*place, 1.2] for place in (a, b, c, d, e)] + [[*top, 2.0]])
    faces = np.array([[0, 2, 1], [0, 3, 2], [0, 4, 3], [3, 4, 2], [0, 1, 5], [1, 2, 5], [2, 4, 5], [4, 0, 5]])
    assert not len(find_open_vertices(6, faces))
    vertices, faces = in_float32(TriangleMesh(vertices, faces), 8 * step)
    assert len(faces) == 8
    assert not len(find_self_intersections(vertices, faces))
    corners = vertices[faces]
    sides = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).max(axis=1)
    double = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert (double / sides > 8 * step).all()
