import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.field import blocks, field_solid, mesher
from assembly.solid import solidify
from assembly.verify import shells_of, verified
from structgen.web import WebGraph

few = settings(max_examples=10, deadline=None)


def strut(direction=(1, 2, 3), length=20.0, radius=0.5):
    end = length * np.array(direction) / np.linalg.norm(direction)
    return WebGraph.from_edges([[0, 0, 0], end], [(0, 1)], radius)


def volume(mesh):
    return float(shells_of(*mesh).volume.sum())


@few
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.4]), st.sampled_from([1.5, 2.5]))
def test_random_webs_become_one_verified_body(random_web, seed, fillet, fine):
    web = random_web(seed, n=6, size=8, radius=0.5)
    vertices, faces = field_solid(web, fillet=fillet, resolution=web.radius.min() / fine)
    np.testing.assert_array_equal(vertices.astype(np.float32), vertices)
    report = verified(vertices, faces, web)
    assert report.bodies == 1 and report.voids == 0


@few
@given(st.integers(0, 10_000))
def test_radii_may_vary_from_node_to_node(random_web, seed):
    web = random_web(seed, n=6, size=8)
    radius = np.random.default_rng(seed).uniform(0.3, 1.5, web.n)
    vertices, faces = field_solid(web, node_radius=radius, resolution=0.2)
    thick = web.with_radius(radius[web.edge_index].max(axis=0))
    assert verified(vertices, faces, thick).bodies == 1
    # A ball's lowest point is 1 radius below it, but for the step.
    low, high = (web.pos - radius[:, None]).min(axis=0), (web.pos + radius[:, None]).max(axis=0)
    np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], [low, high], atol=0.1)


@pytest.mark.parametrize("turn", [None, 0])
def test_genus_of_a_lattice_and_volume_of_the_union(lattice, turn):
    web = lattice(2, turn, radius=0.8)
    mesh = field_solid(web)
    report = verified(*mesh, web, volume=solidify(web, 32).report["volume_mm3"], tolerance=0.02)
    assert report.genus == web.m - web.n + 1 == 5 and report.contacts == 0
    assert 500 < report.triangles_per_strut < 3000


def test_volume_of_struts_in_all_directions_is_that_of_cylinders():
    """The ends, which lose more than the sides, are taken off."""
    errors = []
    for direction in np.random.default_rng(0).normal(size=(20, 3)):
        more, less = (volume(field_solid(strut(direction, length, 0.5))) for length in (25, 5))
        errors.append((more - less) / (math.pi * 0.5**2 * 20) - 1)
    assert abs(np.mean(errors)) < 0.002 and max(np.abs(errors)) < 0.01


def test_volume_of_a_tapered_strut():
    """The union of the balls along the axis: a frustum between two caps, all cut where the sides touch the balls."""
    length, a, b = 20.0, 2.0, 1.0
    sine = (a - b) / length
    cosine = math.sqrt(1 - sine**2)
    height = length + (b - a) * sine
    frustum = math.pi * height / 3 * cosine**2 * (a * a + a * b + b * b)
    caps = math.pi / 3 * (a**3 * (1 + sine) ** 2 * (2 - sine) + b**3 * (1 - sine) ** 2 * (2 + sine))
    made = volume(field_solid(strut(length=length), node_radius=[a, b], resolution=0.25))
    assert made == pytest.approx(frustum + caps, rel=0.005)


def test_a_ball_that_holds_the_other_end_is_all_of_the_strut():
    ball = volume(field_solid(strut(length=1.0), node_radius=[3, 1], resolution=0.2))
    assert ball == pytest.approx(4 / 3 * math.pi * 27, rel=0.01)
    other = volume(field_solid(strut(length=1.0), node_radius=[1, 3], resolution=0.2))
    assert other == pytest.approx(ball, rel=0.01)
    point = WebGraph.from_edges([[1, 1, 1], [1, 1, 1]], [(0, 1)], 3.0)
    assert volume(field_solid(point, resolution=0.2)) == pytest.approx(ball, rel=0.01)


def test_a_fillet_is_round_and_as_large_as_told(cross):
    """In the plane of two crossing struts of radius 1 a ball of radius 3 is rolled along their sides."""
    vertices, faces = field_solid(cross, fillet=3.0, resolution=0.2)
    assert verified(vertices, faces, cross).genus == 0
    flat = vertices[np.abs(vertices[:, 2]) < 0.1]
    corner = flat[(flat[:, :2] > 1.2).all(axis=1) & (flat[:, :2] < 3.8).all(axis=1)]
    assert len(corner) > 10
    away = np.linalg.norm(corner[:, :2] - 4, axis=1)
    np.testing.assert_allclose(away, 3, atol=0.06)
    sharp = field_solid(cross, resolution=0.2)
    assert volume((vertices, faces)) > volume(sharp) + 4


def test_fillets_bridge_struts_of_a_node_only():
    """Two struts that pass each other with half a millimetre between them stay apart however wide the fillet."""
    pos = [[-10, 0, 0], [10, 0, 0], [0, -10, 1.5], [0, 10, 1.5]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3)], 0.5)
    assert verified(*field_solid(web, fillet=2.0), web).bodies == 2


def test_closed_holes_inside_are_filled():
    """Struts along all lines between the corners of a cube, too thin for its middle."""
    corners = np.array([[k >> a & 1 for a in range(3)] for k in range(8)])
    edges = [(a, b) for a in range(8) for b in range(a) if np.count_nonzero(corners[a] - corners[b]) < 3]
    web = WebGraph.from_edges(10 * corners, edges, 4.2)
    report = verified(*field_solid(web, resolution=0.5), web)
    assert (report.voids, report.genus) == (0, 0)
    assert report.volume_mm3 == pytest.approx(solidify(web, 32).report["volume_mm3"], rel=0.02)


def test_struts_as_thin_as_the_step_allows_hold_together():
    rng = np.random.default_rng(1)
    pos = np.cumsum(rng.normal(size=(60, 3)), axis=0) * 6
    web = WebGraph.from_edges(pos, [(k, k + 1) for k in range(59)], 0.3)
    assert verified(*field_solid(web, resolution=0.2), web).bodies == 1


def test_same_web_same_bytes_wherever_it_is_moved_by_whole_steps(small_tangle):
    web = small_tangle.with_radius(0.5)
    first, second = field_solid(web, resolution=0.25), field_solid(web, resolution=0.25)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))
    moved = field_solid(web.translated([8, -16, 32]), resolution=0.25)
    np.testing.assert_array_equal(moved[1], first[1])
    np.testing.assert_allclose(moved[0], first[0] + np.array([8, -16, 32]), atol=1e-5)


def test_progress_tells_how_many_triangles_to_expect():
    told = []
    _, faces = field_solid(strut(), progress=told.append)
    told = [line for line in told if not line.startswith("compiling")]
    assert told[0].startswith("sampling the distance from 1 struts every 0.2 mm: about ")
    assert int(told[0].split()[-2]) == pytest.approx(len(faces), rel=0.2)
    assert told[1:] == ["finding the surface"]


@pytest.mark.parametrize("resolution", [0, -1, 0.34, math.nan, "fine", True])
def test_wrong_resolutions_are_told(resolution):
    message = r"^resolution is .*, must be > 0 and at most 0.3333 mm, the thinnest radius of 0.5 mm / 1.5$"
    with pytest.raises(ValueError, match=message):
        field_solid(strut(), resolution=resolution)
    assert len(field_solid(strut(), resolution=0.33)[1])


def test_the_thinnest_end_counts():
    with pytest.raises(ValueError, match=r"at most 0.06667 mm, the thinnest radius of 0.1 mm"):
        field_solid(strut(), node_radius=[1, 0.1], resolution=0.1)


@pytest.mark.parametrize("fillet", [-0.1, math.inf, "round", None])
def test_wrong_fillets_are_told(fillet):
    with pytest.raises(ValueError, match=r"^fillet is .*, must be >= 0 mm$"):
        field_solid(strut(), fillet=fillet)


@pytest.mark.parametrize(
    ("radii", "message"),
    [
        ([1, 2, 3], r"node_radius has shape \(3,\), expected \(2,\), one a node"),
        ([1, 0], "node_radius row 1 is 0.0: must be > 0 mm"),
        ([math.nan, 1], "node_radius row 0 is nan: must be > 0 mm"),
    ],
)
def test_wrong_radii_are_told(radii, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        field_solid(strut(), node_radius=radii)


def test_steps_too_fine_are_told():
    message = (
        r"^resolution is 0.006 mm, which makes about 1.3e\+09 triangles; at most 1e\+08 are made: use 0.022 mm or more$"
    )
    with pytest.raises(ValueError, match=message):
        field_solid(strut(length=500.0, radius=5.0), resolution=0.006)
    with pytest.raises(ValueError, match=r"^resolution is 0.02 mm, must be at least 0.3.* mm for a web that reaches"):
        field_solid(strut(radius=0.05).translated([6e4, 0, 0]))


def test_fillets_too_wide_for_the_grid_are_told(monkeypatch, cross):
    monkeypatch.setattr(blocks, "MAX_PAIRS", 20_000)
    assert len(field_solid(cross, fillet=1.0)[1])
    with pytest.raises(ValueError, match=r"^fillet is 20 mm, too wide for a grid of 0.4 mm: use a smaller one, or a"):
        field_solid(cross, fillet=20.0)


def test_triangles_grow_with_the_square_of_the_resolution():
    count = [len(field_solid(strut(), resolution=step)[1]) for step in (0.2, 0.1)]
    assert count[1] == pytest.approx(4 * count[0], rel=0.05)
    assert count[0] == pytest.approx(mesher.DENSITY * (2 * math.pi * 0.5 * 21) / 0.2**2, rel=0.1)
