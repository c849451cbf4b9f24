from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from structgen.generators.taut import BENDS, ENOUGH, LARGEST, bends_of, taut, throughs

#: Bends spread evenly from 0 to 10 degrees, and none.
SLIGHT, STRAIGHT = np.linspace(0, 10, BENDS), np.zeros(BENDS)


def cross(bend):
    """A node in the middle of two threads, one of them bent there by ``bend`` degrees."""
    half = np.radians(bend / 2)
    pos = np.array(
        [[0, 0, 0], [np.cos(half), np.sin(half), 0], [-np.cos(half), np.sin(half), 0], [0, 0, 1], [0, 0, -1]]
    )
    return pos, np.array([[0, k] for k in range(1, 5)])


def test_a_thread_is_found_where_it_runs_through_a_junction():
    for bend in (0.5, 12.0, LARGEST - 1):
        before, at, after, found = throughs(cross(bend))
        assert {(int(p), int(q)) for p, q in zip(before, after, strict=True)} == {(1, 2), (3, 4)}
        assert (at == 0).all()
        np.testing.assert_allclose(np.sort(found), [0, bend], atol=1e-4)


def test_a_sharp_corner_and_a_node_of_two_edges_are_no_thread():
    assert len(throughs(cross(LARGEST + 1))[1]) == 1
    pos, edges = cross(10)
    two = pos, edges[:2]
    assert len(throughs(two)[1]) == 0
    np.testing.assert_array_equal(taut(two, SLIGHT), pos)


def test_quantiles_are_of_webs_with_bends_enough_and_others_are_left_as_they_are(lattice):
    net = lattice(np.random.default_rng(1), 0.05)
    bends, found = throughs(net)[3], bends_of(net)
    np.testing.assert_allclose(found[[0, BENDS // 2, -1]], np.quantile(bends, [0, 0.5, 1]))
    few = cross(10)
    assert len(throughs(few)[3]) < ENOUGH
    assert (bends_of(few) < 0).all()
    np.testing.assert_array_equal(taut(net, bends_of(few)), net[0])


def test_threads_are_drawn_as_taut_as_those_of_the_other_web(lattice):
    net = lattice(np.random.default_rng(0), 0.06)
    for wanted, most in ((STRAIGHT, 0.25), (bends_of(net) / 2, 0.65)):
        better = taut(net, wanted)
        assert np.median(throughs((better, net[1]))[3]) < most * np.median(throughs(net)[3])
        assert np.linalg.norm(better - net[0], axis=1).max() < 0.4
    straight = lattice(np.random.default_rng(0), 0.0)
    np.testing.assert_allclose(taut(straight, SLIGHT), straight[0], atol=1e-9)


def test_what_is_bent_as_wanted_stays(lattice):
    """But for ranks: the quantiles of few bends fall between them."""
    net = lattice(np.random.default_rng(2), 0.05)
    moved = np.linalg.norm(taut(net, bends_of(net)) - net[0], axis=1)
    assert moved.max() < 0.02 < np.linalg.norm(taut(net, STRAIGHT) - net[0], axis=1).max()


@pytest.mark.parametrize("seed", range(3))
def test_turned_moved_and_scaled_webs_are_drawn_taut_alike(lattice, seed):
    rng = np.random.default_rng(seed)
    pos, edges = lattice(rng, 0.05)
    turn, shift, scale = Rotation.random(random_state=seed).as_matrix(), rng.standard_normal(3), 7.5
    turned = taut((scale * pos @ turn.T + shift, edges), SLIGHT)
    np.testing.assert_allclose(turned, scale * taut((pos, edges), SLIGHT) @ turn.T + shift, atol=1e-7)


def test_nodes_in_one_place_do_no_harm():
    pos, edges = cross(10)
    pos[3] = pos[0]
    assert np.isfinite(taut((pos, edges), SLIGHT)).all()
