from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.stiffness import TETHER, stiffness


@pytest.fixture
def net(lattice):
    return lattice(np.random.default_rng(0), 0.0)


def effort(net, move):
    return float(move @ stiffness(*net) @ move)


def test_to_move_all_nodes_alike_takes_their_tethers_alone(net):
    ones = np.ones(len(net[0]))
    np.testing.assert_allclose(stiffness(*net) @ ones, TETHER, atol=1e-9)


def test_to_bend_threads_takes_more_than_to_stretch_them(net):
    """Of two moves of the same size, one even along the threads, the other to and fro."""
    x = net[0][:, 0] - net[0][:, 0].mean()
    zigzag = np.where(net[0][:, 0] % 2 == 0, 1.0, -1.0)
    assert effort(net, zigzag * np.linalg.norm(x) / np.linalg.norm(zigzag)) > 20 * effort(net, x)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_symmetric_positive_definite_and_the_same_for_every_size(lattice, seed):
    pos, edges = lattice(np.random.default_rng(seed), 0.1)
    matrix = stiffness(pos, edges)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    assert np.linalg.eigvalsh(matrix).min() >= TETHER * (1 - 1e-6)
    np.testing.assert_allclose(stiffness(7.0 * pos, edges), matrix, rtol=1e-6, atol=1e-9)


def test_nodes_in_one_place_do_no_harm(net):
    pos, edges = net[0].copy(), net[1]
    pos[24] = pos[25]
    assert np.isfinite(stiffness(pos, edges)).all()
