from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.paths import taut_strains
from structgen.web import WebGraph


def chain(*corners):
    return WebGraph.from_edges(corners, [(k, k + 1) for k in range(len(corners) - 1)], 0.1)


def test_a_bent_thread_is_taut_when_its_ends_are_as_far_apart_as_it_is_long():
    web = chain((0, 0, 0), (3, 4, 0), (6, 0, 0))
    node, edge = taut_strains(web, grips_of(web, "x", "faces"))
    assert node == pytest.approx(10 / 6 - 1) and edge == pytest.approx(10 / 6 - 1)


def test_ends_across_the_axis_count_by_their_distance():
    web = chain((0, 0, 0), (2, 0, 0), (2, 3, 0), (4, 3, 0))
    node, _ = taut_strains(web, grips_of(web, "x", "faces"))
    along = 4 * (1 + node[0])
    assert np.hypot(along, 3) == pytest.approx(7)


def test_a_dead_end_is_never_taut():
    web = WebGraph.from_edges([(0, 0, 0), (1, 0, 0), (2, 0, 0), (1, 1, 0)], [(0, 1), (1, 2), (1, 3)])
    grips = grips_of(web, "x", ([0], [2]))
    _, edge = taut_strains(web, grips)
    assert edge[:2] == pytest.approx(0) and edge[2] == pytest.approx((1 + 1 + 2) / 2 - 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_first_path_is_the_shortest_between_plates(lattice, seed):
    web = lattice(seed)
    graph = web.to_networkx()
    ends = np.argsort(web.pos[:, 0])[[0, -1]]
    grips = grips_of(web, "x", ([ends[0]], [ends[1]]))
    length = nx.dijkstra_path_length(graph, *ends.tolist(), weight="length")
    node, edge = taut_strains(web, grips)
    along, across = np.ptp(web.pos[ends, 0]), np.linalg.norm(np.diff(web.pos[ends, 1:], axis=0))
    assert node.min() == pytest.approx(max(0.0, np.sqrt(length**2 - across**2) / along - 1))
    assert node.min() == pytest.approx(edge.min())
