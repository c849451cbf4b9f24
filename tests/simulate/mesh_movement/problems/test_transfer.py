"""Values carried from mesh to mesh: integrals and constants are kept, smooth functions stay what they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.transfer import TRANSFERS, transferred

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=15)
@given(seed=seeds)
def test_integrals_and_constants_are_kept_to_rounding(two_meshes, seed):
    old, points = two_meshes(seed)
    new = SimplexMesh(points, old.cells)
    values = np.random.default_rng(seed).normal(size=(old.n, 2))
    carried = transferred(old, values, points, "conservative")
    np.testing.assert_allclose(new.node_volumes @ carried, old.node_volumes @ values, atol=1e-13)
    ones = transferred(old, np.ones((old.n, 1)), points, "conservative")
    np.testing.assert_allclose(ones, 1, atol=1e-12)


def test_the_consistent_transfer_keeps_no_integral_but_linear_functions_and_bounds(two_meshes):
    old, points = two_meshes(3)
    values = np.random.default_rng(0).uniform(size=(old.n, 1))
    carried = transferred(old, values, points, "consistent")
    assert values.min() <= carried.min() and carried.max() <= values.max()
    lost = SimplexMesh(points, old.cells).node_volumes @ carried - old.node_volumes @ values
    assert abs(lost[0]) > 1e-4
    np.testing.assert_allclose(transferred(old, old.points, points, "consistent"), points, atol=1e-12)


@pytest.mark.parametrize("how", TRANSFERS)
def test_a_mesh_that_stays_keeps_its_values(two_meshes, how):
    old, _ = two_meshes(1)
    values = np.random.default_rng(1).normal(size=(old.n, 3))
    np.testing.assert_allclose(transferred(old, values, old.points, how), values, atol=1e-12)


def test_to_and_fro_blurs_less_where_integrals_are_kept(two_meshes):
    old, points = two_meshes(5)
    new = SimplexMesh(points, old.cells)
    bump = np.exp(-((old.points - 0.5) ** 2).sum(axis=1, keepdims=True) / 0.05)
    left = {}
    for how in TRANSFERS:
        values = bump
        for _ in range(4):
            values = transferred(new, transferred(old, values, points, how), old.points, how)
        left[how] = np.linalg.norm(values - bump) / np.linalg.norm(bump)
    assert left["conservative"] < 0.3 * left["consistent"]


def test_another_way_is_refused(two_meshes, refused):
    old, points = two_meshes(0)
    with refused("transfer is 'exact', must be one of 'conservative', 'consistent'"):
        transferred(old, np.ones((old.n, 1)), points, "exact")
