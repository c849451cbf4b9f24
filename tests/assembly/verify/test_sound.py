import dataclasses
import json
import time

import numpy as np
import pytest
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.solid import solidify
from assembly.verify import UnsoundSolid, verified
from structgen.web import WebGraph

few = settings(max_examples=25, deadline=None)

#: A web whose solid the cube from 0 to 10 may be, and one in two parts.
WEB = WebGraph.from_edges([[3, 3, 3], [7, 7, 7]], [(0, 1)], 2.5)
TWO = WebGraph.from_edges([[3, 3, 3], [7, 7, 7], [33, 3, 3], [37, 7, 7]], [(0, 1), (2, 3)], 2.5)


def turned_over(mesh):
    return mesh[0], mesh[1][:, ::-1]


def without_a_face(cube, together, merged):
    vertices, faces = cube()
    return vertices, faces[1:]


def one_face_turned(cube, together, merged):
    vertices, faces = cube(divided=1)
    faces[5] = faces[5, ::-1]
    return vertices, faces


def one_face_twice(cube, together, merged):
    vertices, faces = cube()
    return vertices, faces[[0, *range(12)]]


def a_vertex_alone(cube, together, merged):
    vertices, faces = cube()
    return np.concatenate([vertices, [[5, 5, 5]]]), faces


def nothing(cube, together, merged):
    return np.zeros((0, 3)), np.zeros((0, 3), int)


def two_cubes_at_an_edge(cube, together, merged):
    return merged(*together(cube(), cube((10, 10, 0))))


def two_cubes_at_a_vertex(cube, together, merged):
    return merged(*together(cube(), cube((10, 10, 10))))


def two_cubes_nearly_at_a_vertex(cube, together, merged):
    return together(cube(), cube((10 + 1e-8, 10 + 1e-8, 10 + 1e-8)))


def a_soup_of_faces(cube, together, merged):
    vertices, faces = cube()
    return vertices[faces].reshape(-1, 3), np.arange(36).reshape(12, 3)


def two_cubes_through_each_other(cube, together, merged):
    return together(cube(), cube((5, 5, 5)))


def two_cubes_that_touch(cube, together, merged):
    return together(cube(), cube((10, 2, 3), 4))


def the_same_cube_twice(cube, together, merged):
    vertices, faces = together(cube(), cube((1e-5, 1e-5, 1e-5)))
    return vertices, faces


def a_sliver_through_a_face(cube, together, merged):
    points = np.array([[5, 5, 5], [5.001, 5, 5], [5, 5.001, 5], [5, 5, 30]])
    return together(cube(), (points, np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])))


def a_sheet_folded_flat(cube, together, merged):
    """The middle of the top pulled over the rim: faces of the top lie on those of the side."""
    vertices, faces = cube(divided=1)
    vertices[(vertices == [5, 5, 10]).all(axis=1)] = [10, 4, 7]
    return vertices, faces


def a_spike_through_the_floor(cube, together, merged):
    """One shell that crosses itself: the middle of the top pulled down through the bottom."""
    vertices, faces = cube(divided=2)
    vertices[(vertices == [5, 5, 10]).all(axis=1)] = [5.1, 5.2, -3]
    return vertices, faces


def a_face_of_no_area(cube, together, merged):
    """A face split in three from a point that float32 puts on its border."""
    vertices, faces = cube()
    a, b, c = faces[0]
    point = (vertices[a] + vertices[b]) / 2 + 1e-12 * vertices[c]
    more = [[a, b, 8], [b, c, 8], [c, a, 8]]
    return np.concatenate([vertices, [point]]), np.concatenate([faces[1:], more])


def inside_out(cube, together, merged):
    return turned_over(cube())


def a_body_in_a_body(cube, together, merged):
    return together(cube((0, 0, 0), 10), cube((4, 4, 4), 2))


def a_void_beside_a_body(cube, together, merged):
    return together(cube(), turned_over(cube((20, 0, 0))))


def two_bodies(cube, together, merged):
    return together(cube(), cube((20, 0, 0)))


def in_inches(cube, together, merged):
    return cube((0, 0, 0), 10 / 25.4)


def in_microns(cube, together, merged):
    return cube((0, 0, 0), 10e3)


def moved_aside(cube, together, merged):
    return cube((4, 0, 0))


FAULTS = [
    (nothing, "closed", "no faces"),
    (without_a_face, "closed", "an edge has 1 face instead of 2"),
    (one_face_turned, "closed", "one is turned over"),
    (one_face_twice, "closed", "an edge has 3 faces instead of 2"),
    (a_vertex_alone, "closed", "a vertex has no face"),
    (two_cubes_at_an_edge, "closed", "an edge has 4 faces instead of 2"),
    (two_cubes_at_a_vertex, "closed", "surfaces touch in a single vertex at (10, 10, 10) mm"),
    (a_soup_of_faces, "closed", "an edge has 1 face instead of 2 (and 35 more such)"),
    (two_cubes_nearly_at_a_vertex, "float32", "are the same in float32 at (10, 10, 10) mm"),
    (a_face_of_no_area, "degenerate", "face 11 has no area"),
    (two_cubes_through_each_other, "self-intersection", "cross or touch"),
    (two_cubes_that_touch, "self-intersection", "cross or touch"),
    (the_same_cube_twice, "self-intersection", "cross or touch"),
    (a_sliver_through_a_face, "self-intersection", "cross or touch"),
    (a_sheet_folded_flat, "self-intersection", "cross or touch"),
    (a_spike_through_the_floor, "self-intersection", "cross or touch"),
    (inside_out, "orientation", "shell 0 of 1 is inside out"),
    (a_body_in_a_body, "orientation", "shell 1 of 2 lies inside another at (4, 4, 6) mm"),
    (a_void_beside_a_body, "orientation", "shell 1 of 2 is inside out"),
    (two_bodies, "bodies", "it has 2, the web 1 parts"),
    (in_inches, "box", "it goes from 0 to 0.3937 mm in x, the nodes from 3 to 7"),
    (in_microns, "box", "it goes from 0 to 1e+04 mm in x"),
    (moved_aside, "box", "it goes from 4 to 14 mm in x, the nodes from 3 to 7"),
]


@pytest.mark.parametrize(("make", "check", "reason"), FAULTS, ids=[row[0].__name__ for row in FAULTS])
def test_faults_are_caught_and_named(cube, together, merged, make, check, reason):
    vertices, faces = make(cube, together, merged)
    with pytest.raises(UnsoundSolid) as caught:
        verified(vertices, faces, WEB)
    assert caught.value.check == check
    message = str(caught.value)
    assert message.startswith(f"the solid is not sound: {check}: ") and reason in message and "\n" not in message


MOVABLE = [row[:2] for row in FAULTS if row[1] not in ("degenerate", "bodies", "box")]


@pytest.mark.parametrize(("make", "check"), MOVABLE, ids=[row[0].__name__ for row in MOVABLE])
def test_faults_stay_faults_however_they_are_moved(cube, together, merged, make, check):
    """Turned by right angles and moved by whole numbers: exactly."""
    vertices, faces = make(cube, together, merged)
    for turn in Rotation.create_group("O").as_matrix().round()[::5]:
        with pytest.raises(UnsoundSolid) as caught:
            verified(vertices @ turn.T + [64, -32, 8], faces, WEB)
        assert caught.value.check == check


def test_report_of_a_cube(cube):
    vertices, faces = cube()
    report = verified(vertices, faces, WEB, density=2, method="hand", volume=1001, since=time.perf_counter() - 60)
    assert dataclasses.replace(report, seconds=0).as_dict() == {
        "struts": 1, "nodes": 2, "components": 1, "volume_mm3": pytest.approx(1000), "mass_g": pytest.approx(2),
        "triangles": 12, "triangles_per_strut": 12, "watertight": True, "bodies": 1, "shells": 1, "voids": 0,
        "bounding_box_mm": [10, 10, 10], "genus": 0, "contacts": 0, "self_intersections": 0, "faces_tested": 12,
        "float32_manifold": True, "method": "hand", "volume_error": pytest.approx(-1 / 1001), "seconds": 0,
    }  # fmt: skip
    assert 60 < report.seconds < 120
    json.dumps(report.as_dict())


def test_report_reads_like_a_dictionary(cube):
    report = verified(*cube(), WEB)
    assert report["triangles"] == report.triangles == dict(report)["triangles"] == 12
    assert set(report) == set(report.as_dict()) and len(report) == len(report.as_dict())
    with pytest.raises(KeyError, match="as_dict"):
        report["as_dict"]
    assert report == verified(*cube(), WEB)


def test_a_torus_is_a_ring_of_struts():
    angle = 2 * np.pi * np.arange(24) / 24
    pos = np.column_stack([10 * np.cos(angle), 10 * np.sin(angle), 0 * angle])
    web = WebGraph.from_edges(pos, [(k, (k + 1) % 24) for k in range(24)], 2.5)
    torus = trimesh.creation.torus(10, 2.5, major_sections=24, minor_sections=12)
    report = verified(torus.vertices, torus.faces, web, volume=torus.volume)
    assert (report.genus, report.contacts, report.bodies) == (1, 0, 1)
    assert report.volume_mm3 == pytest.approx(torus.volume, rel=1e-6)
    broken = WebGraph(web.pos, web.edge_index[:, 1:], 2.5)
    assert verified(torus.vertices, torus.faces, broken).contacts == 1


def test_a_sphere():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=3)
    report = verified(ball.vertices, ball.faces, WEB.translated([-5, -5, 90]).scaled(0.5))
    assert (report.genus, report.contacts) == (0, 0)
    assert report.volume_mm3 == pytest.approx(36 * np.pi, rel=0.02)


def test_voids_are_no_bodies(cube, together):
    outer, void = cube(), turned_over(cube((3, 3, 3), 4))
    report = verified(*together(outer, void), WEB)
    assert (report.bodies, report.shells, report.voids, report.genus) == (1, 2, 1, 0)
    assert report.volume_mm3 == pytest.approx(1000 - 64)


def test_a_web_in_two_parts_has_two_bodies(cube, together):
    both = together(cube(), cube((30, 0, 0)))
    assert verified(*both, TWO).bodies == TWO.components().max() + 1 == 2
    with pytest.raises(UnsoundSolid, match=r"bodies: it has 1, the web 2 parts at \(0, 0, 10\) mm"):
        verified(*cube(), TWO)


def test_only_faces_of_the_subset_are_tested(cube, together):
    vertices, faces = together(cube(), cube((5, 5, 5)), cube((30, 0, 0)))
    with pytest.raises(UnsoundSolid, match="self-intersection"):
        verified(vertices, faces, TWO, subset=np.arange(36) < 12)
    with pytest.raises(UnsoundSolid, match="bodies"):
        verified(vertices, faces, TWO, subset=np.arange(36) >= 24)
    vertices, faces = cube()
    assert verified(vertices, faces, WEB, subset=np.arange(12) < 5).faces_tested == 5


def test_a_wrong_volume_is_a_fault(cube):
    with pytest.raises(UnsoundSolid, match=r"volume: it has 1000 mm3 instead of 900, \+11 %"):
        verified(*cube(), WEB, volume=900)
    assert verified(*cube(), WEB, volume=900, tolerance=0.2).volume_error == pytest.approx(1 / 9)


def test_height_may_differ_but_not_the_size(cube):
    vertices, faces = cube()
    assert verified(vertices + np.array([0, 0, 1234]), faces, WEB)
    with pytest.raises(UnsoundSolid, match="box: it goes from 0 to 20 mm in z, the nodes from 0 to 4"):
        verified(vertices * [1, 1, 2], faces, WEB)
    with pytest.raises(UnsoundSolid, match="box: it goes from 0 to 3 mm in z, the nodes from 0 to 4"):
        verified(vertices * [1, 1, 0.3], faces, WEB)


@pytest.mark.parametrize("density", [0, -1, float("nan"), "light", None])
def test_wrong_densities_are_told(cube, density):
    with pytest.raises(ValueError, match=r"^density is .*, must be > 0 g/cm3$"):
        verified(*cube(), WEB, density=density)


@few
@given(st.integers(0, 10_000))
def test_a_rigid_move_keeps_the_verdict(random_web, seed):
    """Sound stays sound in float32, whatever it is turned to; a solid moved through itself stays unsound.

    But for slivers that are lower than what it rounds by where the solid is moved to: they may turn over.
    """
    web = random_web(seed, n=7, size=12, radius=0.5)
    solid = solidify(web)
    a, b, c = solid.vertices[solid.faces].transpose(1, 0, 2)
    longest = np.max([np.linalg.norm(one - other, axis=1) for one, other in ((a, b), (b, c), (c, a))], axis=0)
    height = np.linalg.norm(np.cross(b - a, c - a), axis=1) / longest
    assume(height.min() > 4 * np.spacing(np.float32(50)))
    report = verified(solid.vertices, solid.faces, web)
    rng = np.random.default_rng(seed)
    # Around z only: how far the solid was moved in z is not known.
    turn, move = Rotation.from_rotvec([0, 0, rng.uniform(0, 7)]).as_matrix(), rng.uniform(-30, 30, 3)
    moved = verified(solid.vertices @ turn.T + move, solid.faces, web.rotated(turn).translated(move))
    assert (moved.genus, moved.bodies, moved.contacts) == (report.genus, report.bodies, report.contacts)
    assert moved.volume_mm3 == pytest.approx(report.volume_mm3, rel=1e-5)
    twice = np.concatenate([solid.vertices, solid.vertices + np.array([0.31, 0.17, 0.23])])
    faces = np.concatenate([solid.faces, solid.faces + len(solid.vertices)])
    for vertices in (twice, twice @ turn.T + move):
        with pytest.raises(UnsoundSolid, match="self-intersection"):
            verified(vertices, faces, web)
