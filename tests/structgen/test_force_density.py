from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from structgen.force_density import equilibrium


def net_force(pos, edge_index, q):
    """``(n, 3)`` sum over the edges of each node of q (x_j - x_i)."""
    i, j = np.asarray(edge_index)
    pull = np.broadcast_to(q, i.shape)[:, None] * (pos[j] - pos[i])
    force = np.zeros_like(pos)
    np.add.at(force, i, pull)
    np.add.at(force, j, -pull)
    return force


def chain(n):
    return np.array([np.arange(n - 1), np.arange(1, n)])


def test_chain_of_equal_force_densities_divides_the_span_evenly():
    rng = np.random.default_rng(0)
    pos = rng.standard_normal((6, 3))
    pos[0], pos[5] = (0, 0, 0), (10, -5, 20)
    found = equilibrium(pos, chain(6), 2.5, [0, 5])
    np.testing.assert_allclose(found, np.linspace(0, 1, 6)[:, None] * pos[5], atol=1e-12)


def test_chain_of_unequal_force_densities_has_lengths_as_their_inverses():
    # Equal forces in a chain: q_k l_k is the same for all.
    q = np.array([1.0, 2.0, 4.0, 8.0])
    pos = np.zeros((5, 3))
    pos[4, 0] = 15.0
    found = equilibrium(pos, chain(5), q, [0, 4])
    np.testing.assert_allclose(np.diff(found[:, 0]), [8, 4, 2, 1], atol=1e-12)


def test_hanging_chain_is_the_discrete_parabola():
    """A weight at each node, as the pull of a thread to a far anchor: z = w k (k - n) / (2 q)."""
    n, q, far, pull = 8, 3.0, 1e7, 0.5
    line = np.column_stack([np.arange(n + 1.0), np.zeros(n + 1), np.zeros(n + 1)])
    anchors = line[1:-1] - [0, 0, far]
    pos = np.vstack([line, anchors])
    edges = np.hstack([chain(n + 1), [np.arange(1, n), np.arange(n + 1, 2 * n)]])
    density = np.r_[np.full(n, q), np.full(n - 1, pull / far)]
    found = equilibrium(pos, edges, density, np.r_[0, n, np.arange(n + 1, 2 * n)])
    k = np.arange(n + 1)
    np.testing.assert_allclose(found[: n + 1, 2], pull * k * (k - n) / (2 * q), rtol=1e-5, atol=1e-9)


def test_symmetric_cross_meets_in_the_middle_and_is_drawn_to_the_stronger_thread():
    tips = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)
    pos = np.vstack([[0.3, -0.2, 5], tips])
    star = [[0, 0, 0, 0], [1, 2, 3, 4]]
    np.testing.assert_allclose(equilibrium(pos, star, 1.0, [1, 2, 3, 4])[0], 0, atol=1e-15)
    np.testing.assert_allclose(equilibrium(pos, star, [3, 1, 1, 1], [1, 2, 3, 4])[0], [2 / 6, 0, 0], atol=1e-15)


@given(seed=st.integers(0, 10**6), n=st.integers(3, 25))
def test_free_nodes_feel_no_net_force_and_fixed_ones_stay(seed, n):
    rng = np.random.default_rng(seed)
    tree = np.array([[int(rng.integers(k)), k] for k in range(1, n)])
    extra = rng.integers(n, size=(n, 2))
    edges = np.vstack([tree, extra[extra[:, 0] != extra[:, 1]]]).T
    q = rng.uniform(0.1, 10, edges.shape[1])
    pos = rng.uniform(-50, 50, (n, 3))
    held = rng.random(n) < 0.3
    held[0] = True
    found = equilibrium(pos, edges, q, held)
    np.testing.assert_array_equal(found[held], pos[held])
    np.testing.assert_allclose(net_force(found, edges, q)[~held], 0, atol=1e-8)
    np.testing.assert_array_equal(found, equilibrium(pos, edges, q, np.flatnonzero(held)))
    np.testing.assert_allclose(equilibrium(pos, edges, q, held, symmetric=True), found, atol=1e-8)
    # Only ratios matter, and no node leaves the box of the held ones.
    np.testing.assert_allclose(equilibrium(pos, edges, 7 * q, held), found, atol=1e-8)
    assert (found >= pos[held].min(0) - 1e-8).all() and (found <= pos[held].max(0) + 1e-8).all()


def test_all_nodes_held_returns_a_copy():
    pos = np.eye(3)
    found = equilibrium(pos, chain(3), 1.0, [0, 1, 2])
    found[:] = 9
    assert pos.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(
    ("density", "fixed", "words"),
    [
        (1.0, [0], ("fixed holds no node", "around node 2")),
        (1.0, np.zeros(4, bool), ("fixed holds no node", "around node 0")),
        (1.0, [], ("fixed holds no node",)),
        (1.0, [4], ("fixed holds 4", "0..3")),
        (1.0, [0, -1], ("fixed holds -1", "0..3")),
        (1.0, [0.0, 2.0], ("fixed must be a list of node numbers",)),
        (1.0, ["a"], ("fixed must be a list of node numbers",)),
        (1.0, np.ones(3, bool), ("fixed has shape (3,)", "(4,)")),
        (0.0, [0, 2], ("force_density row 0 is 0.0", "> 0")),
        ([1.0, -2.0], [0, 2], ("force_density row 1 is -2.0", "> 0")),
        ([1.0, np.nan], [0, 2], ("force_density row 1 is nan",)),
        ([1.0, 1.0, 1.0], [0, 2], ("force_density has shape (3,)", "(2,)")),
        ("tight", [0, 2], ("force_density has shape ()",)),
    ],
)
def test_refusals(refused, density, fixed, words):
    """Two loose pairs 0-1 and 2-3."""
    with refused(*words):
        equilibrium(np.arange(12.0).reshape(4, 3), [[0, 2], [1, 3]], density, fixed)
