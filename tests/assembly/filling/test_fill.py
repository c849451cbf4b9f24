import math
from dataclasses import replace

import manifold3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from assembly import Shape, fill, solidify
from assembly.filling.trimming import COVER, node_radius
from assembly.meshes import TriangleMesh
from assembly.surfaces import MeshSurface
from structgen.sources.procedural import boxed_tangle
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

SHAPES = ["cube", "sphere", "torus", "bunny", "bracket", "plate"]


@pytest.fixture(scope="module")
def modules():
    webs = [boxed_tangle(k, (24, 24, 24), supports=10, threads=16, thread_length=10, radius=0.4) for k in range(3)]
    return [replace(web, kind=np.full(web.m, 5)) for web in webs]


@pytest.fixture(scope="module")
def filled(shape_of, modules):
    """``filled(name, **options)``: the shape filled, once."""
    known = {}

    def make(name, **options):
        key = (name, *sorted(options.items()))
        if key not in known:
            known[key] = fill(shape_of(name), modules, **options)
        return known[key]

    return make


def leaves(shape, web):
    """How many struts meet the surface."""
    i, j = web.edge_index
    return np.count_nonzero(np.isfinite(shape.first_hits(web.pos[i], web.pos[j])))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("options", [{}, {"skin": 1.2}, {"frame": 1.2}])
def test_a_filled_shape_is_one_web_and_nothing_sticks_out(shape_of, filled, name, options):
    shape, result = shape_of(name), filled(name, **options)
    web = result.web
    assert web.is_connected
    assert (shape.distance(web.pos) <= -COVER * node_radius(web) * 0.7).all()
    assert leaves(shape, web) == 0
    assert not len(crossing_pairs(web))
    assert web.degree.max() <= 9
    assert result.left_out < 0.15 * web.m
    assert result.bridges == np.count_nonzero(web.kind == 8)


@pytest.mark.parametrize("name", SHAPES)
def test_without_a_frame_all_struts_are_covered(shape_of, filled, name):
    web = filled(name).web
    # A strut that is led through the end of a thinner one comes a little nearer to the surface.
    assert (shape_of(name).distance(web.pos) <= -COVER * node_radius(web) * 0.7).all()
    assert np.mean(shape_of(name).distance(web.pos) <= -COVER * node_radius(web) * (1 - 1e-6)) > 0.97


@pytest.mark.parametrize("name", SHAPES)
def test_the_web_reaches_the_surface_all_over(shape_of, filled, name):
    """Wherever one looks on the surface, an anchored node is no further than a module."""
    result = filled(name, skin=1.2)
    points, _ = MeshSurface(shape_of(name).mesh).sample(3.0)
    distance = cKDTree(result.web.pos[result.anchored]).query(points)[0]
    assert np.quantile(distance, 0.9) < 16
    assert distance.max() < 24


@pytest.mark.parametrize("name", ["cube", "sphere", "bracket"])
def test_ends_lie_in_the_middle_of_a_skin_or_as_deep_as_they_are_thick(shape_of, filled, name):
    for skin in (0.5, 1.2):
        result = filled(name, skin=skin)
        ends = result.anchored[result.web.degree[result.anchored] == 1]
        depth = -shape_of(name).distance(result.web.pos[ends])
        wanted = np.maximum(skin / 2, COVER * node_radius(result.web)[ends])
        # In the skin, and most in its middle: a node that was there before may lie elsewhere in it.
        assert depth.max() <= max(skin, COVER * result.web.radius.max()) + 1e-3
        assert np.mean(np.abs(depth - wanted) < 1e-3) > 0.9


def test_a_frame_follows_the_edges_of_a_cube(shape_of, filled):
    web = filled("cube", frame=1.2).web
    frame = web.kind == 1
    assert (web.radius[frame] == 0.6).all()
    depth = COVER * 0.6
    reach = 20 - depth
    for signs in np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T:
        assert np.linalg.norm(web.pos - signs * reach, axis=1).min() < 1e-6
    # Along the twelve edges struts follow each other without a gap.
    i, j = web.edge_index[:, frame]
    on_edge = (np.abs(np.abs(web.pos) - reach) < 1e-6).sum(axis=1) >= 2
    along = on_edge[i] & on_edge[j] & ((np.abs(web.pos[i] - web.pos[j]) > 1e-6).sum(axis=1) == 1)
    assert web.lengths[frame][along].sum() == pytest.approx(12 * 2 * reach)


def test_struts_end_on_the_frame(filled):
    result = filled("bunny", frame=1.2)
    web = result.web
    at_end = np.zeros(web.n, bool)
    at_end[result.anchored] = True
    anchors = web.edge_index[:, web.kind == 7]
    assert at_end[anchors].any(axis=0).mean() > 0.9


@pytest.mark.parametrize("name", ["bracket", "plate"])
def test_a_filled_shape_becomes_a_solid_within_its_box(shape_of, modules, name):
    shape = shape_of(name)
    web = fill(shape, [modules[0].with_radius(0.8)], overlap=0.0, frame=2.4 if name == "plate" else None).web
    solid = solidify(web)
    assert solid.report["watertight"] and solid.report["bodies"] == 1
    box = np.array([solid.vertices.min(axis=0), solid.vertices.max(axis=0)])[:, :2]
    low, high = shape.bounds[:, :2]
    assert (box[0] >= low - 1e-3).all() and (box[1] <= high + 1e-3).all()


def test_same_seed_same_web(shape_of, modules):
    one, two, other = (fill(shape_of("cube"), modules, frame=1.0, seed=seed).web for seed in (3, 3, 4))
    assert one == two
    assert one != other


def test_modules_may_be_made_for_their_places(shape_of, modules):
    asked = []

    def source(centres, size, seed):
        asked.append((centres, size, seed))
        return [modules[0]] * len(centres)

    result = fill(shape_of("bracket"), source, size=18, seed=5)
    ((centres, size, seed),) = asked
    assert (result.modules, size.tolist(), seed) == (len(centres), [18, 18, 18], 5)
    # No cell lies outside altogether, as many of the box do.
    assert shape_of("bracket").distance(centres).max() < 9 * math.sqrt(3)
    assert len(centres) < 4 * 3 * 4 * 0.75


def test_struts_have_the_radius_asked_for(shape_of, modules):
    web = fill(shape_of("cube"), modules, strut_radius=0.3).web
    assert (web.radius == 0.3).all()
    graded = fill(shape_of("cube"), modules, strut_radius="0.3 + 0.01 * (z + 20)").web
    heights = graded.pos[graded.edge_index, 2].mean(axis=0)
    assert np.corrcoef(heights, graded.radius)[0, 1] > 0.9


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["cube", "torus", "bracket"]), st.floats(0, 0.4))
def test_any_seed_and_overlap_gives_one_web_inside(shape_of, modules, seed, name, overlap):
    web = fill(shape_of(name), modules[:2], seed=seed, overlap=overlap, bridges=2).web
    assert web.is_connected
    assert (shape_of(name).distance(web.pos) < 0).all()
    assert leaves(shape_of(name), web) == 0


def dumbbell(neck):
    """Two balls with a bar between them, thinner than a strut or not."""
    ball, bar = manifold3d.Manifold.sphere(16, 48), manifold3d.Manifold.cylinder(60, neck, neck, 24)
    solid = ball.translate([0, 0, -30]) + ball.translate([0, 0, 30]) + bar.translate([0, 0, -30])
    mesh = solid.to_mesh64()
    return Shape(TriangleMesh(np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64)))


def test_a_part_that_hangs_loose_is_told(modules):
    with pytest.raises(ValueError, match=r"a part of \d+ of \d+ nodes about \(.*\) mm hangs loose"):
        fill(dumbbell(0.3), modules)
    assert fill(dumbbell(6), modules).web.is_connected


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("cube", {"skin": 1, "frame": 1}, "choose one"),
        ("cube", {"skin": 0}, "skin is 0, must be > 0 and < 20 mm"),
        ("cube", {"skin": 20}, "skin is 20"),
        ("plate", {"frame": math.nan}, "frame is nan"),
        ("cube", {"strut_radius": 0}, "strut_radius is 0"),
        ("cube", {"strut_radius": lambda places: places[:, 0]}, r"strut_radius is -.* must be > 0"),
        ("cube", {"strut_radius": 19}, "at most half the mean edge length"),
        ("cube", {"strut_radius": "q"}, "'q' is not allowed"),
        ("cube", {"overlap": 0.95}, "overlap is 0.95"),
        ("cube", {"size": 50}, "smaller than a module of 50 x 50 x 50 mm along x and y and z"),
        ("cube", {"size": 0.1}, "over 1000000 modules"),
        ("cube", {"size": -1}, "size is"),
        ("cube", {"seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_filled_is_told(shape_of, modules, name, options, said):
    with pytest.raises(ValueError, match=said):
        fill(shape_of(name), modules, **options)


def test_two_bodies_are_told(mesh_of, modules):
    cube = mesh_of("cube")
    vertices, faces = np.concatenate([cube.vertices, cube.vertices + 100]), np.concatenate([cube.faces, cube.faces + 8])
    with pytest.raises(ValueError, match="2 separate bodies"):
        fill(Shape(TriangleMesh(vertices, faces)), modules)


def test_progress_is_told(shape_of, modules):
    said = []
    fill(shape_of("cube"), modules, progress=said.append)
    assert len(said) == 3 and "modules" in said[0]


def test_a_web_is_not_changed_where_it_lies_inside(shape_of):
    web = WebGraph.from_edges([[-8, -8, -8], [8, 8, 8], [8, -8, 8], [-8, 8, 8]], [(0, 1), (1, 2), (1, 3)], 0.5)
    result = fill(shape_of("cube"), lambda centres, size, seed: [web] * len(centres), size=40)
    assert result.modules == 1
    np.testing.assert_allclose(np.sort(result.web.pos, axis=0), np.sort(web.pos, axis=0))
    assert (result.web.m, len(result.anchored), result.left_out) == (3, 0, 0)
