import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.io import read_web
from structgen.sources.scan import BRIDGE, links, quality, scan_web, strands
from structgen.sources.scan.round_trip import junction_score, sampled
from structgen.sources.scan.strands import Strands
from structgen.web import WebGraph

needs_skimage = pytest.mark.skipif(
    not any((Path(folder) / "skimage").is_dir() for folder in sys.path),
    reason="needs scikit-image, of the extra 'scan'",
)


def rings(radii=9, turns=6):
    """A planar web of radii and uneven rings, with free outer ends; mean strut about 20 mm."""
    rng = np.random.default_rng(4)
    angle = 2 * np.pi * (np.arange(radii) + rng.uniform(-0.15, 0.15, radii)) / radii
    distance = 20.0 * (1 + np.arange(turns + 1))[:, None] + rng.uniform(-3, 3, (turns + 1, radii))
    pos = np.stack([distance * np.cos(angle), distance * np.sin(angle), 0 * distance], axis=-1).reshape(-1, 3)
    node = np.arange(len(pos)).reshape(turns + 1, radii)
    around = [(a, b) for ring in node[:-1] for a, b in zip(ring, np.roll(ring, -1), strict=True)]
    out = [(a, b) for one, two in itertools.pairwise(node) for a, b in zip(one, two, strict=True)]
    return WebGraph.from_edges(pos, around + out)


def line(start, end, count=200):
    return np.linspace(start, end, count)


def noisy(*parts, seed=0, noise=0.2):
    points = np.concatenate(parts).astype(float)
    return points + noise * np.random.default_rng(seed).standard_normal(points.shape)


# -- round trips ------------------------------------------------------------------------------------------


@needs_skimage
@pytest.mark.parametrize("piece", [None, 10.0])
@pytest.mark.parametrize(("lost", "least", "off"), [(0.0, 0.95, 0.05), (0.1, 0.90, 0.05), (0.25, 0.80, 0.2)])
def test_a_web_comes_back_from_its_points(lost, least, off, piece):
    web = rings()
    result = scan_web(sampled(web, 1.0, seed=1, lost=lost, piece=piece), voxel=1.0, gap=70.0)
    assert junction_score(result.web, web, 3.0)[0] >= least
    assert result.web.lengths.sum() == pytest.approx(web.lengths.sum(), rel=off)
    assert result.report["points_explained"] > 0.95


@needs_skimage
@pytest.mark.realdata
@pytest.mark.parametrize(("lost", "least", "off"), [(0.0, 0.95, 0.05), (0.1, 0.90, 0.05), (0.25, 0.80, 0.2)])
def test_the_orb_tracing_comes_back_from_its_points(lost, least, off):
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "orb_web_tracing.npz"
    if not path.is_file():
        pytest.skip("needs ../shared/data/orb_web_tracing.npz")
    web = read_web(path)
    result = scan_web(sampled(web, 0.1, seed=0, lost=lost), voxel=0.1, gap=8.0)
    assert junction_score(result.web, web, 0.3)[0] >= least
    assert result.web.lengths.sum() == pytest.approx(web.lengths.sum(), rel=off)


@needs_skimage
def test_a_web_in_space_comes_back():
    """A cube's edges with its space diagonals, which meet in the middle."""
    corners = 60.0 * np.array(list(itertools.product((0, 1), repeat=3)))
    pos = np.vstack([corners, [30, 30, 30]])
    sides = [(i, j) for i in range(8) for j in range(i) if np.abs(corners[i] - corners[j]).sum() == 60]
    web = WebGraph.from_edges(pos, [*sides, *((i, 8) for i in range(8))])
    result = scan_web(sampled(web, 1.0, seed=2), voxel=1.0, gap=8.0)
    assert (result.web.n, result.web.m) == (9, 20)
    assert sorted(result.web.degree.tolist()) == [4] * 8 + [8]
    assert junction_score(result.web, web, 2.0) == (1.0, 1.0, 1.0)
    assert (result.confidence > 0.95).all()


@needs_skimage
def test_scale_is_taken_along_each_axis():
    web = rings()
    points = sampled(web, 1.0, seed=0)
    plain = scan_web(points, voxel=1.0, gap=10.0)
    stretched = scan_web(points / [2.0, 0.5, 4.0], voxel=1.0, gap=10.0, scale=(2.0, 0.5, 4.0))
    np.testing.assert_allclose(stretched.web.pos, plain.web.pos, atol=1e-6)
    np.testing.assert_array_equal(stretched.web.edge_index, plain.web.edge_index)


@needs_skimage
def test_same_points_same_web():
    points = sampled(rings(4, 3), 1.0, seed=3, lost=0.2, piece=10.0)
    one, two = (scan_web(points, voxel=1.0, gap=20.0, connect=True) for _ in range(2))
    assert one.web == two.web and one.report == two.report


# -- what is in a cloud ------------------------------------------------------------------------------------


@needs_skimage
def test_a_gap_is_closed_and_costs_confidence():
    points = noisy(line([0, 0, 0], [40, 0, 0]), line([60, 0, 0], [100, 0, 0]))
    whole = scan_web(points, voxel=1.0, gap=25.0)
    assert (whole.web.n, whole.web.m) == (2, 1)
    assert whole.confidence[0] == pytest.approx(0.82, abs=0.04)
    parts = scan_web(points, voxel=1.0, gap=15.0, keep_all=True)
    assert parts.report["components"] == 2
    assert parts.web.lengths == pytest.approx([40, 40], abs=2)
    assert (parts.confidence > 0.95).all()


@needs_skimage
def test_the_largest_part_is_the_web_and_the_report_says_what_was_left():
    points = noisy(line([0, 0, 0], [60, 0, 0]), line([30, 0, 0], [30, 40, 0]), line([0, 90, 0], [20, 90, 0]))
    result = scan_web(points, voxel=1.0, gap=5.0)
    assert result.web.is_connected and result.web.lengths.sum() == pytest.approx(100, abs=4)
    found = result.report["before_selection"]
    assert found["components"] == 2
    assert found["largest_component_share"] == pytest.approx(100 / 120, abs=0.03)


@needs_skimage
def test_connecting_marks_every_strut_that_is_invented():
    apart = [line([0, 40 * k, 0], [60, 40 * k, 10 * k]) for k in range(4)]
    result = scan_web(noisy(*apart), voxel=1.0, gap=5.0, connect=True)
    web, invented = result.web, result.web.kind == BRIDGE
    assert web.is_connected and invented.sum() == 3
    assert (result.confidence[invented] == 0).all() and (result.confidence[~invented] > 0.9).all()
    assert set(web.kind.tolist()) == {0, BRIDGE}
    assert result.report["invented_edges"] == 3
    assert result.report["invented_length_mm"] == pytest.approx(web.lengths[invented].sum(), abs=1e-3)
    assert web.lengths[~invented].sum() == pytest.approx(sum(np.hypot(60, 10 * k) for k in range(4)), rel=0.03)


@needs_skimage
def test_an_end_that_runs_into_a_thread_becomes_a_t_joint():
    points = noisy(line([0, 0, 0], [80, 0, 0]), line([40, 12, 0], [40, 60, 0]))
    web = scan_web(points, voxel=1.0, gap=15.0).web
    assert sorted(web.degree.tolist()) == [1, 1, 1, 3]
    np.testing.assert_allclose(web.pos[web.degree == 3], [[40, 0, 0]], atol=1.5)
    assert scan_web(points, voxel=1.0, gap=8.0, keep_all=True).report["components"] == 2


@needs_skimage
def test_threads_split_where_they_bend():
    bend = scan_web(noisy(line([0, 0, 0], [50, 0, 0]), line([50, 0, 0], [50, 50, 0])), voxel=1.0, gap=5.0).web
    assert sorted(bend.degree.tolist()) == [1, 1, 2]
    np.testing.assert_allclose(bend.pos[bend.degree == 2], [[50, 0, 0]], atol=1.5)


@needs_skimage
def test_stray_points_and_bodies_are_no_thread():
    rng = np.random.default_rng(0)
    threads = [line([-80, 0, 0], [80, 0, 0], 800), line([0, -80, 0], [0, 80, 0], 800)]
    spider = rng.uniform(-1, 1, (60_000, 3))
    spider = 12 * spider[np.linalg.norm(spider, axis=1) < 1] + [40, 40, 0]
    stray = rng.uniform(-80, 80, (50, 3))
    result = scan_web(noisy(*threads, spider, stray), voxel=1.0, gap=5.0)
    assert result.report["points_in_bodies"] >= len(spider)
    assert result.report["points_stray"] >= 45
    assert sorted(result.web.degree.tolist()) == [1, 1, 1, 1, 4]


@needs_skimage
def test_the_report_adds_up():
    result = scan_web(sampled(rings(), 1.0, seed=1, lost=0.2), voxel=1.0, gap=70.0)
    web, report = result.web, result.report
    assert report["points"] == report["points_stray"] + report["points_in_bodies"] + report["points_used"]
    assert report["points_used"] == len(result.points)
    assert (report["nodes"], report["edges"]) == (web.n, web.m)
    assert sum(report["degree"].values()) == web.n
    assert sum(int(k) * count for k, count in report["degree"].items()) == 2 * web.m
    assert report["suspicious_edges"] == np.flatnonzero(result.confidence < 0.5).tolist()
    assert report["length_supported"] == pytest.approx(result.confidence @ web.lengths / web.lengths.sum(), abs=1e-4)
    assert report["length_supported_by_chance"] < 0.3 < report["length_supported"]
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()


@needs_skimage
def test_clouds_without_thread_are_refused(refused):
    rng = np.random.default_rng(0)
    with refused("no thread of 5 voxels", "200 points", "are stray", "voxel"):
        scan_web(rng.uniform(0, 1000, (200, 3)), voxel=1.0, gap=5.0)
    with refused("no thread of 5 voxels"):
        scan_web(np.zeros((50, 3)), voxel=1.0, gap=5.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": np.zeros((5, 2))}, ("points are float64 of shape (5, 2)", "(p, 3)")),
        ({"points": np.array([["a", "b", "c"]])}, ("expected numbers",)),
        ({"points": np.zeros((1, 3))}, ("points are 1", "2 to 50000000")),
        ({"points": np.array([[0, 0, 0], [0, np.nan, 0]])}, ("points row 1", "finite")),
        ({"scale": (1, 1e9, 1), "points": np.ones((5, 3))}, ("points row 0", "within")),
        ({"voxel": 0.0}, ("voxel is 0.0", "> 0")),
        ({"voxel": np.nan}, ("voxel is nan",)),
        ({"voxel": 1e-4}, ("voxel is 0.0001 mm", "grid", "or more")),
        ({"gap": -1.0}, ("gap is -1.0", ">= 0")),
        ({"scale": (1, 2)}, ("scale is (1, 2)", "three numbers")),
        ({"scale": (1, 2, 0)}, ("scale is (1, 2, 0)",)),
        ({"spur": -1.0}, ("spur is -1.0",)),
        ({"body": 1000}, ("body is 1000",)),
    ],
)
def test_wrong_arguments(refused, changes, words):
    points = np.repeat(line([0, 0, 0], [100, 100, 100], 2000), 4, axis=0)
    with refused(*words):
        scan_web(**{"points": points, "voxel": 1.0, "gap": 5.0} | changes)


def test_without_scikit_image_the_error_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.morphology", None)
    with refused("scikit-image", "structgen-webs[scan]"):
        scan_web(noisy(line([0, 0, 0], [100, 0, 0])), voxel=1.0, gap=5.0)


# -- the steps ----------------------------------------------------------------------------------------------


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 14))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    pos = np.random.default_rng(draw(st.integers(0, 99))).uniform(0, 10, (n, 3))
    return Strands.of(pos, draw(st.lists(pairs, min_size=1, max_size=25)))


@given(graphs())
def test_chains_hold_every_edge_once(graph):
    paths = strands.chains(graph)
    edges = [frozenset(pair) for path in paths for pair in itertools.pairwise(path)]
    assert len(edges) == len(set(edges)) == len(graph.edges)
    assert set(edges) == {frozenset(edge) for edge in graph.edges.tolist()}
    degree = graph.degree
    for path in paths:
        assert (degree[path[1:-1]] == 2).all()
        assert path[0] == path[-1] or (degree[[path[0], path[-1]]] != 2).all()


@given(graphs(), st.floats(0.1, 6))
def test_tidying_keeps_parts_together(graph, reach):
    if not len(graph.edges):
        return
    parts = graph.components().max()
    for tidied in (strands.contracted(graph, reach), strands.folded(graph, reach), strands.straightened(graph, reach)):
        # A part may shrink to a point and go, but none falls in two.
        assert not len(tidied.edges) or tidied.components().max() <= parts


@given(st.lists(st.tuples(*[st.floats(-9, 9)] * 3), min_size=2, max_size=30), st.floats(0.1, 5))
def test_bends_stay_within_the_tolerance(points, tolerance):
    line = np.array(points)
    kept = strands.bends(line, tolerance)
    assert kept[0] == 0 and kept[-1] == len(line) - 1 and kept == sorted(set(kept))
    for a, b in itertools.pairwise(kept):
        assert (strands.distance_to_segment(line[a : b + 1], line[a], line[b]) <= tolerance + 1e-9).all()


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_bridges_are_a_shortest_tree_over_the_parts(seed):
    """As the minimum spanning tree over all places that bridges may begin at, by networkx."""
    import networkx as nx

    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 30, (5, 3))
    pos = np.concatenate([start, start + rng.uniform(-4, 4, (5, 3))])
    graph = Strands.of(pos, [(k, k + 5) for k in range(5)])
    joined, bridges = links.bridged(graph, 1.0)
    assert len(bridges) == 4 and joined.components().max() == 0
    inner, owner = strands.samples(pos[:5], pos[5:], 1.0)
    places, part = np.concatenate([pos, inner]), np.concatenate([np.arange(10) % 5, owner])
    away = np.linalg.norm(places[:, None] - places[None], axis=-1)
    parts = nx.Graph()
    for a, b in itertools.combinations(range(5), 2):
        parts.add_edge(a, b, weight=away[np.ix_(part == a, part == b)].min())
    shortest = sum(d["weight"] for _, _, d in nx.minimum_spanning_edges(parts, data=True))
    assert np.linalg.norm(bridges[:, 0] - bridges[:, 1], axis=1).sum() == pytest.approx(shortest)


def test_threads_that_cross_are_joined_and_those_that_pass_are_not():
    pos = np.array([[-5, 0, 0], [5, 0, 0], [0, -5, 0.5], [0, 5, 0.5], [3, -5, 4], [3, 5, 4]], float)
    graph = links.crossings_joined(Strands.of(pos, [(0, 1), (2, 3), (4, 5)]), 1.0)
    assert len(graph.edges) == 5
    np.testing.assert_allclose(graph.pos[graph.degree == 4], [[0, 0, 0.25]])


def test_a_fork_is_drawn_into_the_junction_it_leads_to():
    """Two threads that meet at an acute angle, which thinning joins too early; a T-joint stays."""
    pos = np.array([[0, 0, 0], [6, 0, 0], [40, 4, 0], [40, -4, 0], [-20, 10, 0], [-20, -10, 0]], float)
    graph = strands.folded(Strands.of(pos, [(0, 1), (1, 2), (1, 3), (0, 4), (0, 5)]), 2.0)
    assert len(graph.pos) == 5 and sorted(graph.degree.tolist()) == [1, 1, 1, 1, 4]
    tee = Strands.of(np.array([[0, 0, 0], [20, 0, 0], [40, 0, 0], [20, 15, 0]], float), [(0, 1), (1, 2), (1, 3)])
    assert len(strands.folded(tee, 2.0).edges) == 3


def test_spurs_go_and_threads_stay():
    pos = np.array([[0, 0, 0], [20, 0, 0], [40, 0, 0], [20, 3, 0]], float)
    graph = strands.pruned(Strands.of(pos, [(0, 1), (1, 2), (1, 3)]), 5.0)
    assert len(graph.edges) == 2 and graph.degree.max() == 2


def test_confidence_is_the_share_that_points_support():
    web = WebGraph.from_edges([[0, 0, 0], [100, 0, 0], [100, 50, 0]], [(0, 1), (1, 2)])
    share = quality.confidence(web, line([0, 0, 0], [60, 0, 0], 500), 1.0)
    np.testing.assert_allclose(share, [0.61, 0.0], atol=0.01)


@pytest.mark.parametrize("changes", [{"lost": 1.0}, {"stray": -0.1}])
def test_shares_of_a_sampled_cloud_are_checked(refused, changes):
    with refused("a share from 0 to below 1"):
        sampled(rings(), 1.0, seed=0, **changes)


def test_the_score_of_junctions_counts_each_once():
    web = rings()
    assert junction_score(web, web, 1.0) == (1.0, 1.0, 1.0)
    assert junction_score(web.translated([5.0, 0, 0]), web, 1.0) == (0.0, 0.0, 0.0)
    line = WebGraph.from_edges([[0, 0, 0], [1, 0, 0]], [(0, 1)])
    assert junction_score(line, web, 1.0) == (0.0, 0.0, 0.0)
