from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.orders import growth_order, parents
from structgen.web import WebGraph

#: A ladder of four rungs, and a node hanging from its far end.
LADDER = WebGraph.from_edges(
    [[x, y, 0] for x in range(4) for y in range(2)] + [[4.5, 0, 0]],
    [(2 * x, 2 * x + 1) for x in range(4)]
    + [(2 * x + y, 2 * x + y + 2) for x in range(3) for y in range(2)]
    + [(6, 8)],
)


def test_meshes_are_closed_before_others_are_begun():
    # From a corner: one neighbour, the node that closes a mesh with both, its like on the other side, and so on.
    assert growth_order(LADDER, 0).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert growth_order(LADDER, 8).tolist() == [8, 6, 7, 4, 5, 2, 3, 0, 1]


@pytest.mark.parametrize("start", range(LADDER.n))
def test_each_node_joins_one_that_is_there(start):
    order = growth_order(LADDER, start)
    assert order[0] == start
    assert sorted(order) == list(range(LADDER.n))
    assert (parents(LADDER.subweb(order))[1:] >= 0).all()


def test_order_does_not_depend_on_node_numbers():
    rng = np.random.default_rng(0)
    web = LADDER
    shaken = WebGraph(web.pos + 0.01 * rng.standard_normal(web.pos.shape), web.edge_index)
    mixed = rng.permutation(web.n)
    other = shaken.subweb(mixed)
    for start in range(web.n):
        there = growth_order(other, int(np.flatnonzero(mixed == start)[0]))
        np.testing.assert_array_equal(mixed[there], growth_order(shaken, start))


def test_second_part_begins_where_it_is_nearest():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [5, 0, 0], [3, 0, 0]], [(0, 1), (2, 3)])
    assert growth_order(web, 0).tolist() == [0, 1, 3, 2]
    assert parents(web.subweb([0, 1, 3, 2])).tolist() == [-1, 0, -1, 2]


def test_parent_is_the_nearest_earlier_neighbour():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [1.2, 0.1, 0]], [(0, 1), (0, 2), (1, 2)])
    assert parents(web).tolist() == [-1, 0, 1]
