"""Layers, regions, supports and walls against what is known in closed form."""

import math

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.meshes import TriangleMesh
from assembly.printability import PROCESSES
from assembly.printability.layers import grid_for, mesh_layers, web_layers
from assembly.printability.regions import regions_of
from assembly.printability.struts import hanging
from assembly.printability.supports import overhangs_of, supported_space
from assembly.printability.thickness import wall_thickness
from structgen.web import WebGraph

coordinate = st.floats(-8, 8, allow_nan=False).map(lambda x: round(x, 3))


@settings(max_examples=40)
@given(st.tuples(coordinate, coordinate, coordinate), st.floats(0.3, 2))
def test_a_strut_has_the_volume_of_its_capsule(end, radius):
    web = WebGraph.from_edges([[0, 0, 0], end], [(0, 1)], radius)
    expected = math.pi * radius**2 * web.lengths[0] + 4 / 3 * math.pi * radius**3
    assert web_layers(web, radius / 12, radius / 12).volume == pytest.approx(expected, rel=0.015)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_a_mesh_cut_anyhow_has_its_volume_and_is_one_part(seed):
    rng = np.random.default_rng(seed)
    ball = trimesh.creation.icosphere(2, 5)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    vertices = ball.vertices * rng.uniform(0.4, 1, 3) @ turn.T
    mesh = TriangleMesh(vertices, ball.faces)
    mesh = mesh.turned() if mesh.volume < 0 else mesh
    layers = mesh_layers(mesh.vertices, mesh.faces, 0.11, 0.13)
    assert layers.volume == pytest.approx(mesh.volume, rel=0.01)
    regions = regions_of(layers)
    # The lowest layer may be cut into two by the grid, which the next one joins.
    assert len(regions.roots) == 1 and (regions.hanging < 0.2).all()
    assert regions.volumes.sum() == pytest.approx(layers.volume)


def test_vertices_on_the_lines_do_no_harm():
    cube = trimesh.creation.box((4, 4, 4))
    for pitch in (0.5, 1.0, 2.0):
        layers = mesh_layers(np.array(cube.vertices) + 0.25, np.array(cube.faces), pitch, pitch)
        assert layers.volume == pytest.approx(64)
        shifted = mesh_layers(np.array(cube.vertices) * [1, 1, 0.5], np.array(cube.faces), pitch, pitch / 2)
        assert shifted.volume == pytest.approx(32)


def test_overlapping_struts_count_once():
    one = WebGraph.from_edges([[0, 0, 0], [10, 0, 0]], [(0, 1)], 1.0)
    two = WebGraph.from_edges([[0, 0, 0], [10, 0, 0], [4, 0, 0], [8, 0, 0]], [(0, 1), (2, 3)], 1.0)
    assert web_layers(two, 0.1, 0.1).volume == pytest.approx(web_layers(one, 0.1, 0.1).volume)


def test_a_grid_becomes_coarser_rather_than_too_large():
    assert grid_for(100.0, 0.1, 0.2, 10**6) == (0.1, 0.2)
    pitch, height = grid_for(100.0, 0.1, 0.2, 50)
    assert 100 / (pitch * height) == pytest.approx(50) and height == pytest.approx(2 * pitch)


@pytest.mark.parametrize("angle", [30, 45, 60])
def test_what_a_cone_on_its_tip_overhangs(angle):
    """Its support is a ring under each layer: all of the cylinder around it, or nothing, as the angle allows."""
    slope = 45.0
    tip = trimesh.creation.cone(10 / math.tan(math.radians(slope)), 10, sections=128)
    vertices = np.array(tip.vertices) * [1, 1, -1]
    layers = mesh_layers(vertices, np.array(tip.faces)[:, ::-1], 0.02, 0.1)
    space, _ = supported_space(layers, overhangs_of(layers, angle))
    cylinder = math.pi * 100 * 10
    if angle <= slope:
        # The rows see the slope in steps of their pitch.
        assert space < 0.12 * cylinder
    else:
        below = sum(2 * math.pi * r * 0.1 * r for r in np.arange(0.05, 10, 0.1))
        assert space == pytest.approx(
            below * (1 - math.tan(math.radians(slope)) / math.tan(math.radians(angle))), rel=0.15
        )


@pytest.mark.parametrize("sections", [5, 8, 32])
def test_walls_are_as_thick_as_they_are(sections):
    rod = trimesh.creation.cylinder(1.0, 12, sections=sections)
    sides = TriangleMesh(rod.vertices, rod.faces)
    thickness = wall_thickness(sides, 6.0)
    flat = np.abs(sides.normals[:, 2]) < 0.5
    inner = 2 * math.cos(math.pi / sections)
    low, high = (0.85 * inner, 2.0) if sections % 2 else (inner, inner)
    assert (thickness[flat] >= low * 0.999).all() and (thickness[flat] <= high * 1.001).all()
    assert np.isinf(thickness[~flat]).all()  # the ends are further apart than was asked


def test_thickness_of_a_tube_is_that_of_its_wall():
    tube = trimesh.creation.annulus(4.0, 5.0, 20, sections=64)
    thickness = wall_thickness(TriangleMesh(tube.vertices, tube.faces), 4.0)
    found = thickness[np.isfinite(thickness)]
    assert len(found) >= 128 * 2 and found == pytest.approx(1.0, rel=0.02)


def test_what_hangs_from_what():
    points = [[0, 0, 0.4], [0, 0, 10], [20, 0, 10], [20, 0, 0.4], [30, 0, 10], [30, 0, 4], [5, 5, 10], [5, 9, 10]]
    web = WebGraph.from_edges(points, [(0, 1), (1, 2), (2, 3), (2, 4), (4, 5), (1, 6), (6, 7)], 0.4)
    free = hanging(web, PROCESSES["fdm"])
    assert free.islands.tolist() == [5] and free.depth.tolist() == pytest.approx([6])
    assert free.span.tolist() == pytest.approx([0, 20, 0, 10, 0, math.hypot(5, 5), math.hypot(5, 5) + 4])
    assert free.bridge.tolist() == [False, True, False, True, False, False, False]
    assert free.slope.tolist() == pytest.approx([90, 0, 90, 0, 90, 0, 0])


def test_a_chain_of_flat_struts_is_one_bridge():
    points = [[0, 0, 0.4], [0, 0, 10], [6, 0, 10], [12, 0, 10], [18, 0, 10], [18, 0, 0.4]]
    web = WebGraph.from_edges(points, [(k, k + 1) for k in range(5)], 0.4)
    free = hanging(web, PROCESSES["fdm"])
    assert free.bridge.tolist() == [False, True, True, True, False]
    assert free.span[2] == pytest.approx(18)
