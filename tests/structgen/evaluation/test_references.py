from __future__ import annotations

import numpy as np
import pytest

from structgen.evaluation.references import random_geometric, retrieved, rows_of_sizes
from structgen.targets import DesignTargets
from structgen.web import WebGraph


def test_rows_have_the_sizes_asked_for_and_none_twice(small_set):
    sizes = [small_set[int(k)].n for k in small_set.indices("test")[:30]]
    rows = rows_of_sizes(small_set, sizes, seed=1)
    assert set(rows.tolist()) <= set(small_set.indices("train").tolist())
    assert len(set(rows.tolist())) == len(rows)
    assert [abs(small_set[int(k)].n - n) <= 3 for k, n in zip(rows, sizes, strict=True)] == [True] * 30
    np.testing.assert_array_equal(rows, rows_of_sizes(small_set, sizes, seed=1))
    assert (rows != rows_of_sizes(small_set, sizes, seed=2)).any()
    count = len(small_set.indices("test"))
    assert len(rows_of_sizes(small_set, [10] * (count + 5), 1, "test")) == count + 5


def test_the_web_of_a_turned_and_scaled_request_is_retrieved(small_set):
    k = int(small_set.indices("train")[7])
    web = small_set[k]
    dx, dy, dz = 2 * web.extents
    asked = DesignTargets(2 * float(web.lengths.mean()), (dz, dx, dy), web.n, web.m)
    (found,), row = retrieved(small_set, [asked])
    assert row.tolist() == [k]
    np.testing.assert_allclose(DesignTargets.measure(found).as_array(), asked.as_array(), rtol=1e-5)


def test_retrieved_webs_fill_the_box(small_set):
    asked = DesignTargets(5.0, (30.0, 7.0, 20.0), 25, 31)
    (found,), _ = retrieved(small_set, [asked])
    np.testing.assert_allclose(found.extents, asked.extents)


@pytest.mark.parametrize("edges", [19, 40])
def test_random_webs_are_connected_and_keep_counts_and_box(edges):
    asked = DesignTargets(5.0, (30.0, 7.0, 20.0), 20, edges)
    web = random_geometric(asked, 0.1, seed=0, k=3)
    assert web.is_connected
    assert (web.n, web.m) == (20, edges)
    np.testing.assert_allclose(web.extents, asked.extents)
    assert web == random_geometric(asked, 0.1, seed=0, k=3)
    assert web != random_geometric(asked, 0.1, seed=0, k=4)


def test_random_webs_take_the_shortest_pairs():
    web = random_geometric(DesignTargets(0.5, (1.0, 1.0, 1.0), 12, 30), 0.1, seed=0, k=0)
    i, j = np.triu_indices(12, 1)
    every = WebGraph.from_edges(web.pos, np.column_stack([i, j])).lengths
    tree = random_geometric(DesignTargets(0.5, (1.0, 1.0, 1.0), 12, 11), 0.1, seed=0, k=0)
    extra = set(map(tuple, web.edge_index.T.tolist())) - set(map(tuple, tree.edge_index.T.tolist()))
    assert len(extra) == 19
    left_out = set(zip(i.tolist(), j.tolist(), strict=True)) - set(map(tuple, web.edge_index.T.tolist()))
    length = dict(zip(zip(i.tolist(), j.tolist(), strict=True), every, strict=True))
    assert max(length[e] for e in extra) <= min(length[e] for e in left_out)
