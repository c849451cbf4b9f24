from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from structgen.generators.taut import LARGEST, NOISE, taut, throughs


def cross(bend):
    """A node in the middle of two threads, one of them bent there by ``bend`` degrees."""
    half = np.radians(bend / 2)
    pos = np.array(
        [[0, 0, 0], [np.cos(half), np.sin(half), 0], [-np.cos(half), np.sin(half), 0], [0, 0, 1], [0, 0, -1]]
    )
    return pos, np.array([[0, k] for k in range(1, 5)])


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
    return grid + scatter * rng.standard_normal(grid.shape), edges


def test_a_thread_is_found_where_it_runs_through_a_junction():
    for bend in (0.5, 12.0, LARGEST - 1):
        before, at, after, found = throughs(*cross(bend))
        assert {(int(p), int(q)) for p, q in zip(before, after, strict=True)} == {(1, 2), (3, 4)}
        assert (at == 0).all()
        np.testing.assert_allclose(np.sort(found), [0, bend], atol=1e-4)


def test_a_sharp_corner_and_a_node_of_two_edges_are_no_thread():
    assert len(throughs(*cross(LARGEST + 1))[1]) == 1
    pos, edges = cross(10)
    assert len(throughs(pos, edges[:2])[1]) == 0
    np.testing.assert_array_equal(taut(pos, edges[:2]), pos)


def test_scatter_is_lessened_and_the_straight_stays_straight():
    rng = np.random.default_rng(0)
    pos, edges = lattice(rng, 0.06)
    better = taut(pos, edges)
    bends = [np.median(throughs(p, edges)[3]) for p in (pos, better)]
    assert bends[1] < 0.6 * bends[0]
    assert np.linalg.norm(better - pos, axis=1).max() < 0.3
    straight, edges = lattice(rng, 0.0)
    np.testing.assert_allclose(taut(straight, edges), straight, atol=1e-9)


def test_large_bends_are_kept_more_than_small_ones():
    left = []
    for bend in (NOISE / 4, 2 * NOISE):
        pos, edges = cross(bend)
        left.append(throughs(taut(pos, edges), edges)[3].max() / bend)
    assert left[0] < left[1] < 1


@pytest.mark.parametrize("seed", range(3))
def test_turned_moved_and_scaled_webs_are_drawn_taut_alike(seed):
    rng = np.random.default_rng(seed)
    pos, edges = lattice(rng, 0.05)
    turn, shift, scale = Rotation.random(random_state=seed).as_matrix(), rng.standard_normal(3), 7.5
    np.testing.assert_allclose(taut(scale * pos @ turn.T + shift, edges), scale * taut(pos, edges) @ turn.T + shift)


def test_nodes_in_one_place_do_no_harm():
    pos, edges = cross(10)
    pos[3] = pos[0]
    assert np.isfinite(taut(pos, edges)).all()
