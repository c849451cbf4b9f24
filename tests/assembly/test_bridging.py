import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.bridging import Candidates, bridged, ranks
from assembly.draft import Draft, Plausible, Star
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

few = settings(max_examples=40, deadline=None)


def draft_of(web, owner, most=8):
    n = web.n
    return Draft(web, np.array(owner), np.full(n, most), np.zeros(n, bool))


def rungs(radius=0.4, barrier=None):
    """Two parallel rails 10 mm apart, of modules 0 and 1, and, if a radius is given, a barrier between them."""
    pos = [[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 0], [-50, 5, 0], [50, 5, 0]]
    count = 2 if barrier is None else 3
    web = WebGraph.from_edges(pos[: 2 * count], [(0, 1), (2, 3), (4, 5)][:count], [radius, radius, barrier][:count])
    return draft_of(web, [0, 0, 1, 1, 2, 2][: 2 * count])


PLAUSIBLE = Plausible(3, 10, 15, np.cos(np.radians(30)))


def new_struts(draft, count=4, plausible=PLAUSIBLE, **options):
    after = bridged(draft, plausible, count, **options).web
    return list(map(tuple, after.edge_index[:, draft.web.m :].T.tolist()))


def two_parts(random_web, seed, gap):
    first, second = random_web(seed, n=10, radius=0.05), random_web(seed + 1, n=10, radius=0.05)
    web = WebGraph.from_edges(
        np.concatenate([first.pos, second.translated([20 + gap, 0, 0]).pos]),
        np.concatenate([first.edge_index.T, second.edge_index.T + 10]),
        np.concatenate([first.radius, second.radius]),
    )
    return draft_of(web, np.repeat([0, 1], 10))


@given(st.lists(st.integers(0, 4), max_size=30))
def test_ranks_count_those_before(groups):
    expected = [groups[:k].count(group) for k, group in enumerate(groups)]
    assert ranks(np.array(groups, np.int64)).tolist() == expected


@few
@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(-15, 5))
def test_bridges_are_plausible_and_cross_nothing(random_web, seed, count, gap):
    draft = two_parts(random_web, seed, gap)
    plausible = Plausible.of([draft.web])
    web, after = draft.web, bridged(draft, plausible, count).web
    before = {tuple(row) for row in crossing_pairs(web).tolist()}
    assert {tuple(row) for row in crossing_pairs(after).tolist()} == before
    new = after.edge_index[:, web.m :].T
    lengths = after.lengths[web.m :]
    assert len(new) <= count
    assert len(np.unique(new)) == 2 * len(new)
    assert ((lengths >= plausible.low) & (lengths <= plausible.high)).all()
    assert after.degree.max() <= max(8, web.degree.max())
    sharpest = np.degrees(np.arccos(plausible.cosine))
    for k, side in itertools.product(range(web.m, after.m), (0, 1)):
        here = after.edge_index[side, k]
        others = (after.edge_index == here).any(axis=0) & (np.arange(after.m) != k)
        ways = after.pos[after.edge_index[:, others].sum(axis=0) - here] - after.pos[here]
        way = after.pos[after.edge_index[1 - side, k]] - after.pos[here]
        cosines = ways @ way / np.linalg.norm(ways, axis=1) / np.linalg.norm(way)
        assert (np.degrees(np.arccos(np.clip(cosines, -1, 1))) > sharpest - 1e-6).all()


def test_the_shortest_come_first_and_no_node_is_used_twice():
    assert new_struts(rungs(), 1) == [(0, 2)]
    assert new_struts(rungs(), 9) == [(0, 2), (1, 3)]


def test_ends_with_few_struts_come_first():
    """The shorter rung would end at a node of two struts."""
    web = WebGraph.from_edges(
        [[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 9, 0], [20, 0, 0]], [(0, 1), (2, 3), (1, 4)], 0.1
    )
    assert new_struts(draft_of(web, [0, 0, 1, 1, 0]), 1) == [(0, 2)]


@pytest.mark.parametrize(("barrier", "height", "expected"), [(0.4, 0, 0), (1.0, 1.5, 2), (1.2, 1.5, 0)])
def test_a_strut_in_the_way_bars_it_by_its_thickness(barrier, height, expected):
    draft = rungs(barrier=barrier)
    pos = draft.web.pos + np.outer([0, 0, 0, 0, 1, 1], [0, 0, height])
    draft = draft_of(WebGraph(pos, draft.web.edge_index, draft.web.radius), draft.owner)
    assert len([ends for ends in new_struts(draft) if max(ends) < 4]) == expected


def test_new_struts_are_kept_clear_of_too():
    """The diagonals of two pairs of modules cross each other: the second one to come is refused."""
    pos = [[0, 0, 0], [0, 0, 9], [10, 10, 0], [10, 10, 9], [0, 10, 0.1], [0, 10, 9], [10, 0, 0.1], [10, 0, 9]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3), (4, 5), (6, 7)])
    candidates = Candidates(draft_of(web, [0, 0, 1, 1, 2, 2, 3, 3]), np.array([[0, 2], [4, 6]]))
    assert candidates.open.all()
    assert candidates.take(0, 0.9)
    assert not candidates.take(1, 0.9)
    assert candidates.draft().web.edge_index[:, web.m :].T.tolist() == [[0, 2]]


def test_a_full_node_gets_no_strut():
    draft = rungs()
    full = Draft(draft.web, draft.owner, np.array([1, 8, 8, 8]), draft.frayed)
    assert new_struts(full, 4) == [(1, 3)]


def test_settled_modules_and_shared_nodes_get_none():
    assert new_struts(rungs(), settled=np.array([[0, 1]])) == []
    assert new_struts(draft_of(rungs().web, [0, 0, -1, 1])) == [(1, 3)]


def test_lengths_out_of_range_get_none():
    assert new_struts(rungs(), plausible=Plausible(3, 10, 9, 0.8)) == []
    assert new_struts(rungs(), plausible=Plausible(11, 12, 13, 0.8)) == []


def test_bridges_have_the_median_radius_at_their_ends():
    pos = [[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 0], [-9, 0, 0]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3), (0, 4)], [0.2, 0.8, 0.3])
    after = Candidates(draft_of(web, [0, 0, 1, 1, 0]), np.array([[0, 2], [1, 3]]))
    assert after.radius == pytest.approx([0.3, 0.5])
    assert after.take(0, 0.9) and after.draft().web.kind.tolist() == [0, 0, 0, 8]


def test_the_sharpest_angle_at_nodes():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [0, 2, 0], [1, 1, 0]], [(0, 1), (0, 2)])
    ways = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1.0]]) / np.array([[2**0.5], [1], [1]])
    largest = Star.of(web).largest_cosine(np.array([0, 1, 3]), ways)
    np.testing.assert_allclose(largest, [0.5**0.5, -1, -1])


def test_what_is_plausible_comes_from_the_webs(lattice):
    cubic = Plausible.of([lattice(3)])
    assert (cubic.low, cubic.typical, cubic.high) == pytest.approx((3, 10, 15))
    assert np.degrees(np.arccos(cubic.cosine)) == pytest.approx(30)
    chain = WebGraph.from_edges(np.outer(np.cumsum(np.arange(30)), [1.0, 0, 0]), [(k, k + 1) for k in range(29)])
    found = Plausible.of([chain])
    assert (found.low, found.typical, found.high) == pytest.approx((2.4, 15, 27.6))
    single = Plausible.of([WebGraph.from_edges([[0, 0, 0], [5, 0, 0]], [(0, 1)])])
    assert np.degrees(np.arccos(single.cosine)) == pytest.approx(12)
