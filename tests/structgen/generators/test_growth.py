from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from structgen.generators import load_model
from structgen.generators.growth import REACH, ROUNDS, Cell, _cells, _in_turn
from structgen.generators.model import OutOfRangeWarning
from structgen.targets import DesignTargets
from structgen.validity import validity
from structgen.web import WebGraph

BESIDE = np.array([[6.0, -8, -8], [24, 8, 8]])
NEW = DesignTargets(nodes=10, edges=13)


@pytest.fixture
def given(simple):
    """A valid web of 20 nodes in the box of 15 mm about the origin."""
    return simple().sample(DesignTargets(nodes=20, edges=24, extents=(15, 15, 15)), seed=1)[0]


def check_extended(larger: WebGraph, web: WebGraph, region, nodes: int, edges: int) -> None:
    """``web`` is in ``larger`` bit for bit and first; what is new is as asked for; all is valid."""
    np.testing.assert_array_equal(larger.pos[: web.n], web.pos)
    np.testing.assert_array_equal(larger.edge_index[:, : web.m], web.edge_index)
    np.testing.assert_array_equal(larger.radius[: web.m], web.radius)
    np.testing.assert_array_equal(larger.kind[: web.m], web.kind)
    assert (larger.n - web.n, larger.m - web.m) == (nodes, edges)
    assert (larger.edge_index[1, web.m :] >= web.n).all(), "no new edges among given nodes"
    new = larger.pos[web.n :]
    assert (new >= region[0]).all()
    assert (new <= region[1]).all()
    assert validity(larger, 8).ok


# -- a given web, extended -----------------------------------------------------------------------------------


def test_a_web_is_kept_and_extended_by_the_counts_asked_for(simple, given):
    model = simple()
    larger = model.extend(given, BESIDE, NEW, seed=3)
    check_extended(larger, given, BESIDE, 10, 13)
    # The network saw all that is near, and the region, about the origin.
    [ask] = model.calls[0][0]
    assert ask.known.n == min(given.n, int(32 * 3 / 8))
    np.testing.assert_allclose(ask.region[1] - ask.region[0], BESIDE[1] - BESIDE[0])
    assert ask.target.nodes == ask.known.n + 10
    points = np.concatenate([ask.known.pos, ask.region])
    np.testing.assert_allclose(points.min(0), -points.max(0), atol=1e-9)
    np.testing.assert_allclose(np.ptp(points, axis=0), ask.target.extents)


def test_same_seed_same_extension(simple, given):
    one, two, other = (simple().extend(given, BESIDE, NEW, seed=seed) for seed in (3, 3, 4))
    assert one == two
    assert one != other


@pytest.mark.parametrize("seed", range(3))
def test_many_nodes_are_added_in_parts(simple, given, seed):
    model = simple()
    region = np.array([[6.0, -15, -15], [40, 15, 15]])
    larger = model.extend(given, region, DesignTargets(nodes=60, edges=75), seed)
    check_extended(larger, given, region, 60, 75)
    sizes = [ask.target.nodes - ask.known.n for asks, _, _ in model.calls for ask in asks[:1]]
    assert max(sizes) <= 16
    assert len(model.calls) >= 4


def test_a_region_may_overlap_the_web_or_be_flat(simple, given):
    for region in (np.array([[-7.5, -7.5, -7.5], [7.5, 7.5, 7.5]]), np.array([[9.0, -9, -9], [9, 9, 9]])):
        check_extended(simple().extend(given, region, DesignTargets(nodes=8, edges=9)), given, region, 8, 9)


def test_lists_do_for_a_region_and_missing_numbers_are_filled(simple, given):
    larger = simple().extend(given, BESIDE.tolist(), DesignTargets(nodes=9))
    assert larger.n == given.n + 9
    assert larger.m >= given.m + 9
    check_extended(larger, given, BESIDE, 9, larger.m - given.m)
    sides = tuple((BESIDE[1] - BESIDE[0]).tolist())
    assert simple().extend(given, BESIDE, DesignTargets(nodes=9, extents=sides)) == larger


def test_radii_are_as_thick_as_those_given(simple, given):
    thick = replace(given, radius=3 * given.radius)
    for web in (given, thick):
        larger = simple().extend(web, BESIDE, NEW)
        assert np.median(larger.radius[web.m :]) == pytest.approx(np.median(web.radius), rel=0.3)


def test_nodes_with_all_their_edges_get_no_more(simple):
    # A star whose centre is full lies nearest to the region: only its tips may be joined to.
    rng = np.random.default_rng(0)
    tips = np.column_stack([np.zeros(8), 4 * rng.standard_normal((8, 2))])
    star = WebGraph(np.concatenate([[[1, 0, 0]], tips]), np.array([[0] * 8, range(1, 9)]), 0.02)
    region = np.array([[2.0, -4, -4], [12, 4, 4]])
    for seed in range(3):
        larger = simple().extend(star, region, NEW, seed)
        check_extended(larger, star, region, 10, 13)
        assert larger.degree[0] == 8


def test_what_the_network_is_not_shown_is_not_crossed(simple):
    # Long struts far beyond the few nodes shown pass right through the region.
    rng = np.random.default_rng(1)
    y = np.linspace(-6, 6, 12)
    ends = np.concatenate([[[-60, v, 3] for v in y], [[60, v, 3] for v in y]])
    near = np.column_stack([rng.uniform(-3, 0, 12), y, rng.uniform(-1, 1, 12)])
    chain = [(k, k + 1) for k in range(11)]
    bars = [(12 + k, 24 + k) for k in range(12)]
    joints = [(k, 12 + k) for k in range(12)]
    web = WebGraph(np.concatenate([near, ends]), np.array(chain + bars + joints).T, 0.2)
    assert validity(web, 8).ok
    region = np.array([[1.0, -6, -1], [14, 6, 7]])
    model = simple()
    larger = model.extend(web, region, DesignTargets(nodes=10, edges=12), seed=2)
    assert model.calls[0][0][0].known.m < web.m
    check_extended(larger, web, region, 10, 12)


# -- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ([[0, 0, 0]], "must be the lower and the upper corner of a box, in mm"),
        ([0, 0, 0, 1, 1, 1], "must be the lower and the upper corner of a box"),
        ([[5, 0, 0], [1, 1, 1]], "region is [[5.0, 0.0, 0.0], [1.0, 1.0, 1.0]], must be the lower"),
        ([[np.nan, 0, 0], [1, 1, 1]], "region is [[nan, "),
        ([[0, 0, 0], [np.inf, 1, 1]], "must be the lower and the upper corner of a box"),
        ([[8, 1, 2], [8, 1, 2]], "region is [[8.0, 1.0, 2.0], [8.0, 1.0, 2.0]], a box without extent"),
        ([[900, 0, 0], [920, 9, 9]], f"mm from the web: at most {REACH:g} mean edge lengths"),
    ],
)
def test_regions_that_are_none_or_far_are_refused(refused, simple, given, region, words):
    model = simple()
    with refused("region is [", words):
        model.extend(given, region, NEW)
    assert model.calls == []


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (DesignTargets(nodes=10, extents=(18, 16, 15)), "extents is (18.0, 16.0, 15.0), the sides of the region are"),
        (DesignTargets(nodes=10, edges=9), "edges is 9, to join 10 nodes to a web takes at least as many"),
        (DesignTargets(mean_edge_length=40.0), "mean_edge_length is 40 mm, longer than the diagonal of the extents"),
    ],
)
def test_targets_that_do_not_fit_the_region_are_refused(refused, simple, given, targets, words):
    with refused(words):
        simple().extend(given, BESIDE, targets)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"guidance": 21}, "guidance is 21, must lie in 0 to 20"),
        ({"steps": 0}, "steps is 0, must be at least 1"),
        ({"seed": -1}, "seed is -1, must be a whole number >= 0"),
    ],
)
def test_options_out_of_range_are_refused(refused, simple, given, options, words):
    with refused(words):
        simple().extend(given, BESIDE, NEW, **options)


def test_where_a_proposal_fails_several_are_made_at_once(simple, given):
    model = simple(empty=lambda call: call == 0)
    check_extended(model.extend(given, BESIDE, NEW), given, BESIDE, 10, 13)
    assert [len(asks) for asks, _, _ in model.calls] == [1, 3]


def test_where_all_proposals_fail_the_region_is_named(refused, simple):
    # A ring whose nodes all have as many edges as they may have.
    full = np.array([[i, j] for i in range(9) for j in range(i + 1, 9)]).T
    angle = 2 * np.pi * np.arange(9) / 9
    pos = np.column_stack([np.cos(angle), np.sin(angle), 0.3 * np.cos(4 * angle)])
    web = WebGraph(4 * pos, full, 1e-4)
    assert set(web.degree) == {8}
    model = simple()
    attempts = sum(count for count, _ in ROUNDS)
    with refused("region [[5.0, ", "no valid extension by 10 nodes and 13 edges", f"in {attempts} attempts"):
        model.extend(web, [[5, -8, -8], [21, 8, 8]], NEW)
    assert sum(len(asks) for asks, _, _ in model.calls) == attempts


def test_lengths_out_of_range_are_warned_of(simple, given):
    with pytest.warns(OutOfRangeWarning, match=r"mean_edge_length is 0.5 mm, .*reached a mean length of .* for 0.5 mm"):
        larger = simple().extend(given, BESIDE, replace(NEW, mean_edge_length=0.5))
    check_extended(larger, given, BESIDE, 10, 13)
    # Few nodes are nothing to warn of: the network is asked for them and those that are given.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_extended(simple().extend(given, BESIDE, DesignTargets(nodes=3, edges=3)), given, BESIDE, 3, 3)


# -- cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [2, 7, 64])
@pytest.mark.parametrize("nodes", [2, 7, 64, 65, 130, 500, 999])
def test_cells_fill_the_box_with_as_few_parts_as_can_be(nodes, most):
    box = np.array([[-40.0, -30, 0], [40, 30, 50]])
    cells = list(_cells(box, nodes, most))
    sizes = [cell.nodes for cell in cells]
    assert sum(sizes) == nodes
    assert max(sizes) <= most
    assert len(cells) == -(-nodes // most)
    assert max(sizes) - min(sizes) <= max(2, most // 4)
    sides = np.array([cell.corners[1] - cell.corners[0] for cell in cells])
    assert (sides > 0).all()
    volume = sides.prod(axis=1)
    assert volume.sum() == pytest.approx(80 * 60 * 50)
    # Nodes are spread evenly.
    np.testing.assert_allclose(volume / volume.sum(), np.array(sizes) / nodes)
    for cell in cells:
        assert (cell.corners[0] >= box[0]).all()
        assert (cell.corners[1] <= box[1]).all()


def test_cells_of_a_flat_box_are_flat():
    cells = list(_cells(np.array([[0.0, 0, 5], [40, 30, 5]]), 90, 10))
    assert len(cells) == 9
    for cell in cells:
        assert (cell.corners[:, 2] == 5).all()
        assert (np.ptp(cell.corners[:, :2], axis=0) > 0).all()


@pytest.mark.parametrize("edges", [100, 101, 137, 250])
def test_the_budget_of_edges_adds_up_with_one_a_node_at_least(edges):
    cells = list(_cells(np.array([[0.0, 0, 0], [80, 60, 40]]), 100, 7))
    order, counts = _in_turn(cells, edges, np.zeros((1, 3)))
    assert sum(counts) == edges
    assert all(count >= cell.nodes for cell, count in zip(order, counts, strict=True))
    # In proportion to the nodes, but for rounding.
    shares = np.array(counts) / [cell.nodes for cell in order]
    np.testing.assert_allclose(shares, edges / 100, atol=1 / 6)
    assert sorted(map(id, order)) == sorted(map(id, cells))


def test_each_cell_comes_after_one_that_it_touches():
    cells = [Cell(np.array([[float(k), 0, 0], [k + 1, 1, 1]]), 5) for k in (3, 1, 0, 4, 2)]
    order, _ = _in_turn(cells, 30, np.array([[0.5, 0.5, 0.5]]))
    assert [cell.corners[0, 0] for cell in order] == [0, 1, 2, 3, 4]


# -- webs of more nodes than trained on ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        DesignTargets(nodes=33, mean_degree=2.4, extents=(30, 20, 20)),
        DesignTargets(nodes=100, edges=120, extents=(40, 40, 40)),
        DesignTargets(nodes=60, edges=59, extents=(30, 30, 20)),
        DesignTargets(6.0, (40, 40, 0), nodes=50, edges=60),
    ],
)
def test_grown_webs_are_valid_and_exact(simple, target):
    model = simple()
    [one] = model.generate(target, seed=2)
    assert (one.web.n, one.web.m) == (target.nodes, target.edges)
    assert tuple(one.web.extents.tolist()) == target.extents
    assert validity(one.web, model.config.max_degree).ok
    assert one.web.lengths.mean() == pytest.approx(one.asked.mean_edge_length, rel=0.1)
    assert one.filled == (() if target.mean_edge_length else ("mean_edge_length",))
    assert one.outside == ()
    assert max(ask.target.nodes for asks, _, _ in model.calls for ask in asks) <= model.range.most_nodes


def test_grown_webs_follow_from_seed_and_number(simple):
    target = DesignTargets(nodes=40, edges=48, extents=(30, 20, 20))
    webs = simple().sample(target, n=2, seed=5)
    assert simple().sample(target, n=2, seed=5) == webs
    assert simple().sample(target, n=1, seed=5) == webs[:1]
    assert webs[0] != webs[1]
    assert simple().sample(target, n=1, seed=6)[0] != webs[0]


def test_grown_webs_keep_their_place_among_others(simple):
    small, large = (DesignTargets(nodes=n, mean_degree=2.4, extents=(30, 20, 20)) for n in (12, 40))
    told = []
    results = simple().generate([small, large, small], progress=lambda done, total: told.append((done, total)))
    assert [one.web.n for one in results] == [12, 40, 12]
    # The large one is told part by part, the small ones, made together, at last.
    assert told == [(1, 5), (2, 5), (3, 5), (5, 5)]


def test_there_is_a_limit_of_nodes(simple):
    with pytest.raises(ValueError, match="nodes is 100001, must be at most 100000"):
        simple().generate(DesignTargets(nodes=100_001, mean_degree=2.4, extents=(30, 20, 20)))


def test_radius_of_a_grown_web(simple):
    target = DesignTargets(nodes=40, edges=48, extents=(30, 20, 20))
    web = simple().sample(target, radius=0.2)[0]
    assert np.median(web.radius) == pytest.approx(0.2, rel=0.3)


def test_one_warning_for_a_grown_web_out_of_range(simple):
    with pytest.warns(OutOfRangeWarning) as caught:
        [one] = simple().generate(DesignTargets(1.0, (30, 20, 20), nodes=40, edges=44))
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith("mean_edge_length is 1 mm, trained on")
    assert "for 40 nodes in a box of 30 x 20 x 20 mm: reached mean_edge_length" in message
    assert validity(one.web, 8).ok


def test_the_shipped_model_grows_webs():
    model = load_model("autoregressive")
    target = DesignTargets(nodes=150, mean_degree=2.8, extents=(50, 40, 40))
    [one] = model.generate(target, seed=1)
    assert (one.web.n, one.web.m) == (150, 210)
    assert tuple(one.web.extents.tolist()) == (50, 40, 40)
    assert validity(one.web, model.config.max_degree).ok
    assert one.web.lengths.mean() == pytest.approx(one.asked.mean_edge_length, rel=0.1)
