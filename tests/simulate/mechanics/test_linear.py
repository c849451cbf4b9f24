from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics import fronts
from simulate.mechanics.linear import Factors


def system(seed, n, dim, pairs):
    """Blocks of a symmetric positive definite matrix, and the matrix."""
    random = np.random.default_rng(seed)
    matrix = np.zeros((n, dim, n, dim))
    across = random.normal(size=(pairs.shape[1], dim, dim))
    across += across.transpose(0, 2, 1)
    for block, (i, j) in zip(across, pairs.T, strict=True):
        if i >= 0 and j >= 0:
            matrix[i, :, j] += block
            matrix[j, :, i] += block
    full = matrix.reshape(n * dim, n * dim)
    diagonal = np.zeros((n, dim, dim))
    for i in range(n):
        diagonal[i] = np.diag(np.abs(full[i * dim : (i + 1) * dim]).sum(axis=1) + 0.1)
        matrix[i, :, i] += diagonal[i]
    return diagonal, across, full


def random_pairs(random, n, m):
    """Pairs of different nodes, also the same twice, and some with nodes that do not count."""
    pairs = random.integers(-1, n, (2, m))
    return pairs[:, pairs[0] != pairs[1]]


@given(seed=st.integers(0, 10**6), n=st.integers(1, 120), dim=st.sampled_from([2, 3]))
@settings(max_examples=60)
def test_solutions_are_those_of_the_dense_matrix(seed, n, dim):
    random = np.random.default_rng(seed)
    pairs = random_pairs(random, n, int(random.integers(0, 3 * n)))
    diagonal, across, full = system(seed, n, dim, pairs)
    factors = Factors(random.uniform(0, 10, (n, dim)), pairs)
    for scale in (1.0, 3.0):
        assert factors.factorise(scale * diagonal, scale * across)
        right = random.normal(size=(n, dim))
        expected = np.linalg.solve(scale * full, right.ravel()).reshape(n, dim)
        np.testing.assert_allclose(factors.solve(right), expected, rtol=1e-8, atol=1e-10)


def test_nodes_at_one_place_are_halved_all_the_same():
    random = np.random.default_rng(1)
    pairs = random_pairs(random, 50, 120)
    diagonal, across, full = system(1, 50, 2, pairs)
    factors = Factors(np.zeros((50, 2)), pairs)
    assert factors.factorise(diagonal, across)
    right = random.normal(size=(50, 2))
    np.testing.assert_allclose(full @ factors.solve(right).ravel(), right.ravel(), atol=1e-10)


def test_what_is_not_positive_definite_is_said():
    pairs = np.array([[0, 1], [1, 2]])
    diagonal, across, _ = system(0, 3, 2, pairs)
    diagonal[1] = -1.0
    assert not Factors(np.eye(3)[:, :2], pairs).factorise(diagonal, across)


def test_a_lattice_fills_little():
    """Of n nodes in the plane about 31 n log2(n) / 4 blocks fill by nested dissection, not n^2 / 2."""
    side = 40
    number = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([
        [number[:-1].ravel(), number[1:].ravel()], [number[:, :-1].ravel(), number[:, 1:].ravel()]
    ], axis=1)  # fmt: skip
    pos = np.argwhere(number >= 0).astype(float)
    plan = Factors(pos, pairs)._plan
    n = side * side
    assert sorted(plan.order) == list(range(n))
    blocks = plan.offset[-1] / plan.dim**2
    assert 10 * n < blocks < 31 * n * np.log2(n) / 4
    # Each front touches only nodes that are eliminated later, and has as many children before it as it says.
    for s in range(len(plan.children)):
        assert (plan.rows[plan.begin[s] : plan.begin[s + 1]] >= plan.start[s + 1]).all()
    assert plan.children.sum() == len(plan.children) - 1
    assert np.diff(plan.start).max() <= max(side, fronts.LEAF)


@pytest.mark.parametrize("dim", [2, 3])
def test_no_unknowns(dim):
    factors = Factors(np.zeros((0, dim)), np.full((2, 3), -1))
    assert factors.factorise(np.zeros((0, dim, dim)), np.zeros((3, dim, dim)))
    assert factors.solve(np.zeros((0, dim))).shape == (0, dim)
