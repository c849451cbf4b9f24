from __future__ import annotations

import numpy as np
import pytest

from structgen.generators import polish
from structgen.generators.polish import Room, polished
from structgen.generators.taut import throughs


def room(pos):
    return Room(np.full(3, -50.0), np.full(3, 50.0), np.ones(pos.shape, bool))


def test_a_chain_comes_to_the_mean_length_asked_for():
    pos = np.column_stack([np.arange(6.0), np.zeros(6), np.zeros(6)])
    edges = np.column_stack([np.arange(5), np.arange(1, 6)])
    moved = polished(pos, edges, np.full(5, 0.05), 1.02, room(pos))
    np.testing.assert_allclose(np.linalg.norm(np.diff(moved, axis=0), axis=1).mean(), 1.02, rtol=1e-3)


def test_nodes_too_near_from_the_start_stay_where_they_are_and_the_others_move():
    """Such a pair cannot be mended by going back, which must not be tried for ever."""
    pos = np.array([[0, 0, 0], [1, 0, 0], [1.0, 0.05, 0], [2, 1, 0], [3, 1, 0]])
    edges = np.array([[0, 1], [0, 2], [2, 3], [3, 4]])
    moved = polished(pos, edges, np.full(4, 0.1), 1.2, room(pos))
    np.testing.assert_array_equal(moved[[1, 2]], pos[[1, 2]])
    assert np.linalg.norm(moved[4] - moved[3]) > 1.0


def test_threads_stay_straight_where_the_web_is_not_too_large_for_that(lattice, monkeypatch):
    rng = np.random.default_rng(0)
    pos, edges = lattice(rng, 0.0)
    edges = edges[rng.random(len(edges)) < 0.8]  # threads that end at others pull at them
    wanted = 1.03 * np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean()
    bends = []
    for most in (polish.STIFF, 10):
        monkeypatch.setattr(polish, "STIFF", most)
        moved = polished(pos, edges, np.full(len(edges), 0.02), wanted, room(pos))
        assert np.linalg.norm(moved[edges[:, 0]] - moved[edges[:, 1]], axis=1).mean() == pytest.approx(wanted, rel=1e-3)
        bends.append(throughs((moved, edges))[3].mean())
    assert bends[0] < 0.5 * bends[1], bends
