from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from structgen.generators.taut import ENOUGH, LARGEST, QUANTILES, SILKS, bend_quantiles, mapped, taut, throughs

#: Bends drawn evenly from 0 to 40 degrees, where those of the data go to 10 only.
DRAWN, REAL = (np.tile(np.linspace(0, most, QUANTILES), (SILKS, 1)) for most in (40.0, 10.0))
STRAIGHT = np.tile(np.r_[np.zeros(QUANTILES - 1), 1e-9], (SILKS, 1))


def silk_of(edges, kind=2):
    return np.full(len(edges), kind)


def cross(bend):
    """A node in the middle of two threads, one of them bent there by ``bend`` degrees."""
    half = np.radians(bend / 2)
    pos = np.array(
        [[0, 0, 0], [np.cos(half), np.sin(half), 0], [-np.cos(half), np.sin(half), 0], [0, 0, 1], [0, 0, -1]]
    )
    edges = np.array([[0, k] for k in range(1, 5)])
    return pos, edges, silk_of(edges)


def lattice(rng, scatter):
    """A square net of straight threads whose inner nodes are off by ``scatter`` of an edge."""
    side = 7
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), [0], indexing="ij"), -1).reshape(-1, 3).astype(float)
    number = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [
            np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
        ]
    )
    return grid + scatter * rng.standard_normal(grid.shape), edges, silk_of(edges)


def test_a_thread_is_found_where_it_runs_through_a_junction():
    for bend in (0.5, 12.0, LARGEST - 1):
        before, at, after, found, silk = throughs(cross(bend))
        assert {(int(p), int(q)) for p, q in zip(before, after, strict=True)} == {(1, 2), (3, 4)}
        assert (at == 0).all() and (silk == 2).all()
        np.testing.assert_allclose(np.sort(found), [0, bend], atol=1e-4)


def test_a_sharp_corner_and_a_node_of_two_edges_are_no_thread():
    assert len(throughs(cross(LARGEST + 1))[1]) == 1
    pos, edges, kind = cross(10)
    two = pos, edges[:2], kind[:2]
    assert len(throughs(two)[1]) == 0
    np.testing.assert_array_equal(taut(two, DRAWN, REAL), pos)


def test_threads_of_two_silks_are_of_none():
    pos, edges, kind = cross(10)
    kind[0] = 3
    _, _, after, _, silk = throughs((pos, edges, kind))
    assert dict(zip(after.tolist(), silk.tolist(), strict=True)) == {2: 0, 4: 2}


def test_bends_are_spread_as_those_of_the_data_and_silks_unknown_are_left():
    rng = np.random.default_rng(0)
    bend, silk = rng.uniform(0, 40, 500), rng.integers(0, 2, 500)
    real = REAL.copy()
    real[1] = 0
    found = mapped(bend, silk, DRAWN, real)
    np.testing.assert_allclose(found[silk == 0], bend[silk == 0] / 4)
    np.testing.assert_array_equal(found[silk == 1], bend[silk == 1])


def test_quantiles_are_of_each_silk_with_bends_enough():
    rng = np.random.default_rng(1)
    net = lattice(rng, 0.05)
    few = cross(10)[0], cross(10)[1], silk_of(cross(10)[1], 5)
    found = bend_quantiles([net, net, few])
    bends = throughs(net)[3]
    assert 2 * len(bends) >= ENOUGH
    np.testing.assert_allclose(found[2][[0, -1]], [bends.min(), bends.max()])
    assert not found[5].any() and (np.diff(found[2]) >= 0).all()


def test_scatter_is_lessened_as_far_as_the_data_say_and_the_straight_stays_straight():
    rng = np.random.default_rng(0)
    net = lattice(rng, 0.06)
    before = bend_quantiles([net, net])
    for target, most in ((STRAIGHT, 0.25), (before / 2, 0.65)):
        better = taut(net, before, target)
        assert np.median(throughs((better, *net[1:]))[3]) < most * np.median(throughs(net)[3])
        assert np.linalg.norm(better - net[0], axis=1).max() < 0.4
    straight = lattice(rng, 0.0)
    np.testing.assert_allclose(taut(straight, DRAWN, REAL), straight[0], atol=1e-9)


def test_what_is_bent_as_the_data_are_stays():
    net = lattice(np.random.default_rng(2), 0.05)
    np.testing.assert_allclose(taut(net, DRAWN, DRAWN), net[0], atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_turned_moved_and_scaled_webs_are_drawn_taut_alike(seed):
    rng = np.random.default_rng(seed)
    pos, *rest = lattice(rng, 0.05)
    turn, shift, scale = Rotation.random(random_state=seed).as_matrix(), rng.standard_normal(3), 7.5
    turned = taut((scale * pos @ turn.T + shift, *rest), DRAWN, REAL)
    np.testing.assert_allclose(turned, scale * taut((pos, *rest), DRAWN, REAL) @ turn.T + shift, atol=1e-7)


def test_nodes_in_one_place_do_no_harm():
    pos, *rest = cross(10)
    pos[3] = pos[0]
    assert np.isfinite(taut((pos, *rest), DRAWN, REAL)).all()
