import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from assembly.meshes import TriangleMesh
from assembly.surfaces import MeshSurface, Plane, cylinder, revolved

FLAT = [[0, 0, 0], [60, 0, 0], [60, 40, 0], [0, 40, 0]]


@pytest.fixture(scope="module")
def surfaces(mesh_of):
    return {
        "plane": Plane(60, 40),
        "cylinder": cylinder(20, 60),
        "cone": revolved([[20, 0], [5, 30]]),
        "vase": revolved("15+5*sin(t); 8*t", 0, 6),
        "flat mesh": MeshSurface(TriangleMesh(FLAT, [[0, 1, 2], [0, 2, 3]])),
        "sphere": MeshSurface(mesh_of("sphere")),
        "bracket": MeshSurface(mesh_of("bracket")),
    }


NAMES = ["plane", "cylinder", "cone", "vase", "flat mesh", "sphere", "bracket"]


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("plane", 2400),
        ("cylinder", 2 * math.pi * 20 * 60),
        ("cone", math.pi * 25 * math.hypot(15, 30)),
        ("flat mesh", 2400),
        ("sphere", 4 * math.pi * 25**2 * 0.997),
    ],
)
def test_areas(surfaces, name, area):
    assert surfaces[name].area == pytest.approx(area, rel=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_evenly_spread_with_right_handed_frames(surfaces, name):
    surface = surfaces[name]
    points, frames = surface.sample(4.0, seed=1)
    gaps = cKDTree(points).query(points, k=2)[0][:, 1]
    assert gaps.min() >= 4.0 * (1 - 1e-9)
    # Random Poisson disks fill 0.6 to 0.75 of the squares; on a wall of a thin part those of both sides are apart.
    assert 0.55 < len(points) * 16 / surface.area < 0.8
    np.testing.assert_allclose(frames.transpose(0, 2, 1) @ frames, np.tile(np.eye(3), (len(points), 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(frames), 1)
    again, _ = surface.sample(4.0, seed=1)
    np.testing.assert_array_equal(points, again)
    assert not np.array_equal(points, surface.sample(4.0, seed=2)[0][: len(points)])


@pytest.mark.parametrize("name", ["cylinder", "vase", "sphere"])
def test_normals_look_outward(surfaces, name):
    points, frames = surfaces[name].sample(5.0)
    outward = points * ([1, 1, 1] if name == "sphere" else [1, 1, 0])
    assert ((frames[:, :, 2] * outward).sum(axis=1) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_patches_cover_the_surface(surfaces, name):
    """Of a fine grid over each module, what is the patch's own leaves no gap wider than the grid is coarse."""
    surface, size = surfaces[name], (12.0, 9.0)
    grid = np.stack(np.meshgrid(*(np.linspace(-s / 2, s / 2, 13) for s in size), [0.0]), axis=-1).reshape(-1, 3)
    cover = np.concatenate([places[own] for places, own in (patch(grid) for patch in surface.patches(size, 0.15, 0))])
    points, _ = surface.sample(1.0)
    distance = cKDTree(cover).query(points)[0]
    assert np.quantile(distance, 0.99) < 1.0
    assert distance.max() < 3.0


@settings(max_examples=30, deadline=None)
@given(st.floats(10, 60), st.floats(8, 30), st.floats(0, 0.5))
def test_rings_round_a_cylinder_are_closed(radius, side, overlap):
    patches = cylinder(radius, side).patches((side, side), overlap)
    middles = np.concatenate([patch(np.zeros((1, 3)))[0] for patch in patches])
    angles = np.arctan2(middles[:, 1], middles[:, 0])
    steps = np.diff(np.unwrap([*angles, angles[0] + 2 * math.pi]))
    np.testing.assert_allclose(steps, 2 * math.pi / len(patches), atol=1e-9)
    assert steps[0] * radius <= side * (1 - overlap) * (1 + 1e-9)


def test_lengths_along_and_across_a_cylinder_are_kept():
    patch = cylinder(20, 60).patches((10, 10), 0.0)[0]
    places, own = patch(np.array([[-5.0, 0, 0], [5, 0, 0], [0, -5, 0], [0, 5, 0], [0, 0, 2]]))
    assert own.all()
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(40 * math.sin(0.25))
    assert np.linalg.norm(places[2] - places[3]) == pytest.approx(10)
    assert math.hypot(*places[4, :2]) == pytest.approx(22)


def test_ways_on_a_sphere_are_as_long_as_in_the_plane(surfaces):
    ways = np.array([[r * math.cos(a), r * math.sin(a), 0] for r in (2.0, 4, 6) for a in np.linspace(0, 6, 20)])
    places, own = surfaces["sphere"].patches((20, 20), 0.15, 0)[0](np.vstack([np.zeros(3), ways]))
    middle, ends = places[0], places[1:]
    angle = np.arccos(np.clip((ends @ middle) / (np.linalg.norm(ends, axis=1) * np.linalg.norm(middle)), -1, 1))
    np.testing.assert_allclose(25 * angle, np.linalg.norm(ways, axis=1), rtol=0.03)
    assert own[:41].all()


def test_opposite_sides_of_a_thin_plate_have_modules_of_their_own(mesh_of):
    surface = MeshSurface(mesh_of("plate"))
    grid = np.random.default_rng(0).uniform(-7, 7, (200, 3)) * [1, 1, 0]
    for patch in surface.patches((14, 14), 0.15, 0):
        places, own = patch(grid)
        assert np.ptp(places[own][:, 2]) < 5 or np.abs(places[own][:, 2]).min() < 2.5
    sides = [patch(np.zeros((1, 3)))[0][0, 2] for patch in surface.patches((14, 14), 0.15, 0)]
    assert min(sides) == pytest.approx(-2.5) and max(sides) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Plane(0, 1), "width is 0"),
        (lambda: cylinder(-1, 5), "radius is -1"),
        (lambda: cylinder(1, math.inf), "height is inf"),
        (lambda: revolved([[5, 0], [0, 5]]), "radius 0 mm at point .* must be > 0"),
        (lambda: revolved("t; 3", 0, 1), "radius 0 mm"),
        (lambda: revolved("5"), "two expressions"),
        (lambda: revolved("open('a'); t"), "not allowed"),
        (lambda: revolved([[5, 0, 0], [5, 0, 1]]), "shape"),
        (lambda: Plane(1, 1).sample(0), "spacing is 0"),
        (lambda: Plane(1e3, 1e3).sample(0.01), "too small"),
        (lambda: MeshSurface(TriangleMesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]])), "no area"),
    ],
)
def test_what_is_no_surface_is_told(make, said):
    with pytest.raises(ValueError, match=said):
        make()
