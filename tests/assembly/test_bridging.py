import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.bridging import Bridges, nearest_pairs
from structgen.geometry import segment_distance
from structgen.web import WebGraph

few = settings(max_examples=40, deadline=None)
groups = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def two_parts(random_web, seed, gap=0.0):
    """One web of two loose parts beside each other, and the nodes of each."""
    first, second = random_web(seed, n=10), random_web(seed + 1, n=10).translated([20 + gap, 0, 0])
    web = WebGraph.from_edges(
        np.concatenate([first.pos, second.pos]),
        np.concatenate([first.edge_index.T, second.edge_index.T + 10]),
        np.concatenate([first.radius, second.radius]),
    )
    return web, np.arange(10), np.arange(10, 20)


def rungs(length=10.0, radius=0.4, barrier=None):
    """Two parallel rails 10 mm apart and, if a radius is given, a barrier half way across them."""
    pos = [[0, 0, 0], [length, 0, 0], [0, 10, 0], [length, 10, 0], [-50, 5, 0], [50, 5, 0]]
    edges = [(0, 1), (2, 3), (4, 5)][: 2 if barrier is None else 3]
    return WebGraph.from_edges(pos, edges, [radius, radius, barrier][: len(edges)])


def tied(web, first, second, count, **options):
    """The new struts of `Bridges.tie` as (i, j), and the web with them."""
    bridges = Bridges(web)
    bridges.tie(np.array(first), np.array(second), count, **options)
    after = bridges.web()
    return list(map(tuple, after.edge_index[:, web.m :].T.tolist())), after


@few
@given(groups, st.integers(2, 12), st.integers(2, 12))
def test_nearest_pairs_begin_with_the_shortest_and_grow(rng, a, b):
    pos = rng.uniform(0, 10, (a + b, 3))
    pairs = nearest_pairs(pos, np.arange(a), np.arange(a, a + b), 6)
    lengths = np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1)
    every = np.linalg.norm(pos[:a, None] - pos[None, a:], axis=2)
    assert lengths[0] == pytest.approx(every.min())
    assert (np.diff(lengths) >= 0).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs) == min(6, a * min(b, 4))
    if b <= 4:
        np.testing.assert_allclose(lengths, np.sort(every, axis=None)[: len(pairs)])


def test_nearest_pairs_leave_out_shared_nodes_and_pairs_at_one_place():
    pos = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0], [3, 0, 0]], float)
    assert nearest_pairs(pos, np.array([0, 1]), np.array([1, 2, 3]), 9).tolist() == [[0, 3]]
    assert nearest_pairs(pos, np.array([0]), np.array([2]), 9).tolist() == [[0, 2]]
    assert nearest_pairs(pos, np.array([0, 1]), np.array([1, 0]), 9).shape == (0, 2)


@few
@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(-15, 10))
def test_bridges_touch_no_strut_but_at_their_ends(random_web, seed, count, gap):
    web, first, second = two_parts(random_web, seed, gap)
    new, after = tied(web, first, second, count)
    assert len(new) <= count
    assert len({node for ends in new for node in ends}) == 2 * len(new)
    ends, radius = after.edge_index.T, after.radius
    for k in range(web.m, after.m):
        apart = ~np.isin(ends, ends[k]).any(axis=1)
        i, j = after.pos[ends[k]]
        gaps = segment_distance(i, j, after.pos[ends[apart, 0]], after.pos[ends[apart, 1]])
        assert (gaps >= radius[k] + radius[apart]).all()


@few
@given(st.integers(0, 10_000))
def test_bridges_leave_their_ends_at_an_angle(random_web, seed):
    web, first, second = two_parts(random_web, seed, -5)
    after = tied(web, first, second, 6)[1]
    for k, node in itertools.product(range(web.m, after.m), (0, 1)):
        here = after.edge_index[node, k]
        others = (after.edge_index == here).any(axis=0) & (np.arange(after.m) != k)
        ways = after.pos[after.edge_index[:, others].sum(axis=0) - here] - after.pos[here]
        way = after.pos[after.edge_index[1 - node, k]] - after.pos[here]
        cosines = ways @ way / np.linalg.norm(ways, axis=1) / np.linalg.norm(way)
        assert (np.degrees(np.arccos(np.clip(cosines, -1, 1))) > 12 - 1e-6).all()


def test_the_shortest_come_first_and_no_node_is_used_twice():
    assert tied(rungs(), [0, 1], [2, 3], 1)[0] == [(0, 2)]
    assert tied(rungs(), [0, 1], [2, 3], 9)[0] == [(0, 2), (1, 3)]


@pytest.mark.parametrize(("must", "expected"), [(False, []), (True, [(0, 2)])])
def test_a_barred_way_is_taken_only_where_one_must_be(must, expected):
    web = rungs(barrier=0.4)
    new, after = tied(web, [0, 1], [2, 3], 4, must=must)
    assert new == expected
    assert after == web or must


def test_thick_struts_bar_a_way_that_thin_ones_leave_open():
    barred = rungs(barrier=1)
    aside = barred.pos + np.outer([0, 0, 0, 0, 1, 1], [0, 0, 1.5])
    for barrier, found in ((1.0, 2), (1.2, 0)):
        web = WebGraph(aside, barred.edge_index, [0.4, 0.4, barrier])
        assert len(tied(web, [0, 1], [2, 3], 4)[0]) == found


def test_new_struts_are_kept_clear_of_too():
    """The two groups' diagonals cross each other: the second one to come is refused."""
    pos = [[0, 0, 0], [0, 0, 9], [10, 10, 0], [10, 10, 9], [0, 10, 0.1], [0, 10, 9], [10, 0, 0.1], [10, 0, 9]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3), (4, 5), (6, 7)])
    bridges = Bridges(web)
    bridges.tie(np.array([0]), np.array([2]), 1)
    bridges.tie(np.array([4]), np.array([6]), 1)
    assert bridges.web().edge_index[:, web.m :].T.tolist() == [[0, 2]]


def test_a_strut_that_is_there_is_not_added_again():
    web = WebGraph.from_edges(rungs().pos[:4], [(0, 1), (2, 3), (0, 2)])
    assert tied(web, [0, 1], [2, 3], 9)[0] == [(1, 3)]
    bridges = Bridges(rungs())
    for _ in range(2):
        bridges.tie(np.array([0, 1]), np.array([2, 3]), 1)
    assert bridges.web().edge_index[:, 2:].T.tolist() == [[0, 2], [1, 3]]


def test_bridges_take_the_median_radius_at_their_ends_and_the_webs_where_there_is_none():
    pos = [[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 0], [0, 30, 0], [0, 31, 0]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3)], [0.2, 0.8])
    assert tied(web, [0], [2], 1)[1].radius[-1] == pytest.approx(0.5)
    assert tied(web, [4], [5], 1)[1].radius[-1] == pytest.approx(np.median([0.2, 0.8]))
    assert tied(web, [0], [2], 1)[1].kind.tolist() == [0, 0, 8]


def test_the_web_itself_is_not_changed():
    web = rungs()
    before = web.with_radius(web.radius)
    bridges = Bridges(web)
    assert bridges.web() is web
    bridges.tie(np.array([0]), np.array([2]), 1)
    assert web == before
    assert bridges.web().m == 3
