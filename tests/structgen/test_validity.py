from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import structgen.validity
from structgen.geometry import segment_distance
from structgen.validity import Validity, crossing_pairs, validity
from structgen.web import WebGraph


def cross(gap, radius=0.5):
    """Two struts at right angles, ``gap`` apart, joined by a detour so that the web is connected."""
    pos = [[-5, 0, 0], [5, 0, 0], [0, -5, gap], [0, 5, gap]]
    return WebGraph(pos, [[0, 2, 1], [1, 3, 3]], radius)


def test_a_cube_is_valid(cube):
    found = validity(cube, max_degree=3)
    assert found.ok
    assert found.as_dict() == {"components": 1, "over_degree": 0, "zero_length": 0, "close_nodes": 0, "crossings": 0}
    assert validity(cube, max_degree=2).over_degree == 8


def test_struts_cross_when_nearer_than_the_sum_of_their_radii():
    assert crossing_pairs(cross(0.9)).tolist() == [[0, 1]]
    assert validity(cross(0.9), 3) == Validity(1, 0, 0, 0, 1)
    assert crossing_pairs(cross(1.0)).tolist() == []
    assert validity(cross(1.1), 3).ok
    # Struts of unequal radius: 0.8 + 0.3 > 1.05 > 0.3 + 0.3.
    assert len(crossing_pairs(cross(1.05, [0.8, 0.3, 0.3]))) == 1
    assert len(crossing_pairs(cross(1.05, [0.3, 0.3, 0.8]))) == 0


def test_struts_that_share_a_node_do_not_cross():
    sharp = WebGraph([[0, 0, 0], [10, 0, 0], [10, 0.1, 0]], [[0, 0], [1, 2]], 0.02)
    assert validity(sharp, 2).ok


def test_each_fault_is_counted_by_itself():
    two_parts = WebGraph([[0, 0, 0], [9, 0, 0], [0, 9, 0], [9, 9, 0]], [[0, 2], [1, 3]])
    assert validity(two_parts, 3) == Validity(2, 0, 0, 0, 0)
    isolated = WebGraph([[0, 0, 0], [9, 0, 0], [0, 9, 0]], [[0], [1]])
    assert validity(isolated, 3) == Validity(2, 0, 0, 0, 0)
    star = WebGraph(np.vstack([[0, 0, 0], 9 * np.eye(3), -9 * np.eye(3)]), [[0] * 6, np.arange(1, 7)])
    assert validity(star, 5) == Validity(1, 1, 0, 0, 0)
    point = WebGraph([[0, 0, 0], [0, 0, 0], [9, 0, 0]], [[0, 1], [1, 2]])
    assert validity(point, 3) == Validity(1, 0, 1, 1, 0)


def test_least_distance_of_nodes_is_the_thinnest_diameter_unless_told():
    web = WebGraph([[0, 0, 0], [1, 0, 0], [9, 0, 0]], [[0, 1], [1, 2]], [0.5, 2.0])
    assert validity(web, 3).close_nodes == 0
    assert validity(web.with_radius(0.51), 3).close_nodes == 1
    assert validity(web, 3, min_distance=1.01).close_nodes == 1
    assert validity(web, 3, min_distance=8.5).close_nodes == 2


@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.3, 3.0]))
def test_crossings_are_those_of_a_look_at_every_pair(seed, scale):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 14))
    pairs = np.column_stack(np.triu_indices(n, 1))
    edges = pairs[rng.random(len(pairs)) < 0.4]
    if not len(edges):
        edges = pairs[:1]
    web = WebGraph(rng.uniform(-5, 5, (n, 3)), edges.T, scale * rng.uniform(0.01, 1, len(edges)))
    a, b = web.pos[web.edge_index]
    expected = [
        [e, f]
        for e in range(web.m)
        for f in range(e + 1, web.m)
        if not set(edges[e]) & set(edges[f])
        and segment_distance(a[e], b[e], a[f], b[f]) < web.radius[e] + web.radius[f]
    ]
    assert crossing_pairs(web).tolist() == expected
    # In blocks too small for all, with the same result.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structgen.validity, "BLOCK", 3)
        assert crossing_pairs(web).tolist() == expected


@given(seed=st.integers(0, 10**6))
def test_crossings_of_webs_of_very_long_and_short_thick_and_thin_struts(seed):
    rng = np.random.default_rng(seed)
    middle, direction = rng.uniform(-5, 5, (2, 40, 3))
    span = np.exp(rng.uniform(-6, 4, (40, 1)))
    a, b = middle - span * direction, middle + span * direction
    radius = np.exp(rng.uniform(-8, 0.5, 40))
    web = WebGraph(np.concatenate([a, b]), [np.arange(40), np.arange(40, 80)], radius)
    e, f = np.triu_indices(40, 1)
    near = segment_distance(a[e], b[e], a[f], b[f]) < radius[e] + radius[f]
    expected = np.column_stack([e, f])[near]
    assert crossing_pairs(web).tolist() == expected.tolist()
    for first in (1, web.m // 2, web.m):
        assert crossing_pairs(web, first).tolist() == expected[expected[:, 1] >= first].tolist()


def test_a_web_without_length_has_no_crossings_but_where_it_lies_upon_itself():
    point = WebGraph(np.zeros((4, 3)), [[0, 2], [1, 3]], 0.1)
    assert crossing_pairs(point).tolist() == [[0, 1]]


def test_ok_asks_for_one_component():
    assert not Validity(2, 0, 0, 0, 0).ok
    with pytest.raises(AttributeError):
        Validity(1, 0, 0, 0, 0).components = 2  # type: ignore[misc]
