from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.paths import bundle_of, taut_strains
from simulate.mechanics.silk import LAWS
from simulate.mechanics.virtual_tests import tension
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
    bundle = bundle_of(web, grips)
    assert bundle.length[0] == pytest.approx(length)
    node, edge = taut_strains(web, grips)
    assert bundle.taut[0] == pytest.approx(node.min()) == pytest.approx(edge.min())
    assert (np.diff(bundle.taut) >= -1e-12).all()
    assert bundle.length.sum() <= web.lengths.sum() + 1e-9


@pytest.mark.parametrize("corners", [((0, 0, 0), (3, 0, 0), (7, 0, 0)), ((0, 0, 0), (3, 2, 0), (6, 0, 0))])
def test_of_one_thread_the_bundle_is_the_test(corners):
    web = chain(*corners)
    grips = grips_of(web, "x", "faces")
    result = tension(web, grips="faces", to_strain=3.0)
    found = bundle_of(web, grips).pulled(LAWS["dragline"], 3.0, result.section, result.length)
    assert found[1:] == pytest.approx([result.strength, result.toughness], rel=0.1)


def test_nothing_taut_carries_nothing():
    web = chain((0, 0, 0), (1, 30, 0), (2, 0, 0))
    assert not bundle_of(web, grips_of(web, "x", "faces")).pulled(LAWS["dragline"], 3.0, 1.0, 2.0).any()
