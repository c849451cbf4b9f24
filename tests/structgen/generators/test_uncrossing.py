from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.generators.taut import throughs
from structgen.generators.uncrossing import TANGLED, uncrossed
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

THICK = 0.05


def crossings(pos, edges):
    return len(crossing_pairs(WebGraph(pos, edges.T, np.full(len(edges), THICK))))


def moved(pos, edges, half=(10, 10, 10)):
    return uncrossed(pos, edges, np.full(len(edges), THICK), np.array(half, float))


@pytest.fixture
def net(lattice):
    """A square net in the plane z = 0, and a thread through 4 of its threads, a little off their nodes."""
    pos, edges = lattice(np.random.default_rng(0), 0.0)
    pos = pos - pos.mean(0)
    ends = np.array([[-2.6, 0.5, 0.01], [1.4, 0.5, 0.01]])
    n = len(pos)
    return np.concatenate([pos, ends]), np.concatenate([edges, [[n, n + 1]]])


def test_a_thread_that_runs_through_others_is_moved_off_them_and_these_stay_straight(net):
    pos, edges = net
    assert crossings(pos, edges) == 4
    found = moved(pos, edges)
    assert crossings(found, edges) == 0
    away = np.linalg.norm(found - pos, axis=1)
    assert away.max() < 4 * THICK
    assert throughs((found, edges))[3].max() < 3.0


def test_struts_that_meet_in_a_point_are_parted_too():
    pos = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [3, 0, 0], [3, 3, 0], [0, 3, 0]], float)
    edges = np.array([(0, 1), (2, 3), (1, 4), (4, 5), (5, 6), (3, 6)])
    assert crossings(pos, edges) == 1
    assert crossings(moved(pos, edges), edges) == 0


def test_what_does_not_cross_is_left_and_so_is_a_tangle(net):
    pos, edges = net
    np.testing.assert_array_equal(moved(pos, edges[:-1]), pos)
    rng = np.random.default_rng(0)
    tangle, pairs = rng.uniform(-1, 1, (12, 3)) * [1, 1, 0.01], np.column_stack(np.triu_indices(12, 1))
    assert crossings(tangle, pairs) > TANGLED * len(pairs)
    np.testing.assert_array_equal(moved(tangle, pairs), tangle)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), flat=st.booleans())
def test_nodes_stay_in_the_box_and_on_its_faces_and_there_are_no_more_crossings(seed, flat):
    rng = np.random.default_rng(seed)
    half = rng.uniform(1, 4, 3) * [1, 1, not flat]
    pos = np.clip(rng.uniform(-4, 4, (14, 3)), -half, half)
    edges = np.array([sorted((k, (k + step) % 14)) for k in range(14) for step in (1, 3)])
    found = moved(pos, edges, half)
    assert (np.abs(found) <= half).all()
    faces = np.abs(pos) == half
    np.testing.assert_array_equal(found[faces], pos[faces])
    assert crossings(found, edges) <= crossings(pos, edges)
