from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics.predictor.blocks import pattern_of, solve


def system(f, links, rng):
    """A dense symmetric positive definite matrix with these 3 by 3 blocks."""
    dense = np.zeros((f, 3, f, 3))
    for a, b in links:
        block = rng.normal(size=(3, 3))
        dense[a, :, b], dense[b, :, a] = block, block.T
    dense = dense.reshape(3 * f, 3 * f)
    return dense + np.eye(3 * f) * (np.abs(dense).sum(axis=1).max() + 0.1)


def in_blocks(pattern, dense):
    f = len(pattern.place)
    block = np.zeros((pattern.slot.max() + 1, 3, 3))
    for a in range(f):
        for b in range(f):
            slot = pattern.slot[pattern.place[a], pattern.place[b]]
            if slot >= 0:
                block[slot] = dense[3 * a : 3 * a + 3, 3 * b : 3 * b + 3]
    return block


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_solutions_are_those_of_the_dense_matrix(seed, f):
    rng = np.random.default_rng(seed)
    links = [(a, b) for a in range(f) for b in range(a) if rng.random() < 0.3]
    ends = np.array([*links, (-1, 0)]).T
    pattern = pattern_of(f, np.ascontiguousarray(ends))
    dense, right = system(f, links, rng), rng.normal(size=(f, 3))
    found = np.empty((f, 3))
    found[pattern.place] = right
    assert solve(pattern, in_blocks(pattern, dense), found)
    assert found[pattern.place].ravel() == pytest.approx(np.linalg.solve(dense, right.ravel()), rel=1e-8, abs=1e-10)


def test_a_matrix_that_is_not_positive_definite_is_refused():
    pattern = pattern_of(2, np.array([[0], [1]]))
    assert not solve(pattern, np.zeros((3, 3, 3)), np.ones((2, 3)))
