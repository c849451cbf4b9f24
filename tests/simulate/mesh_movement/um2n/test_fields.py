from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.fields import (
    CHANGE,
    INVARIANTS,
    LOAD_INVARIANTS,
    LOAD_VECTORS,
    VECTORS,
    load_fields,
    monitor_fields,
    relaxed,
)
from simulate.mesh_movement.um2n.grid_kernels import centred, gradient


@pytest.fixture(scope="module")
def grid(mesh):
    return Background(mesh("square", 40))


def test_a_constant_monitor_has_no_fields(grid):
    fields = monitor_fields(grid, np.full(grid.mesh.n, 0.3))
    assert fields.spread == 0 and not fields.level.any() and not fields.at_centres.any()
    assert not any(sides.any() for sides in fields.vectors)


def test_shapes(grid):
    fields = monitor_fields(grid, ball((0.4, 0.6), 0.2, 8)(grid.mesh.points))
    p, q = grid.shape
    assert [sides.shape for sides in fields.vectors] == [(p + 1, q, VECTORS), (p, q + 1, VECTORS)]
    assert fields.at_centres.shape == (grid.g, VECTORS, 2) and fields.invariants.shape == (grid.g, INVARIANTS)
    left = load_fields(grid, np.random.default_rng(0).normal(size=len(grid.mesh.cells)))
    assert left.at_centres.shape == (grid.g, LOAD_VECTORS, 2) and left.invariants.shape == (grid.g, LOAD_INVARIANTS)


def test_a_gentle_monitor_is_spread_evenly_by_the_relaxation(grid):
    level = centred(grid.layout, np.log(ball((0.4, 0.6), 0.3, 2)(grid.centres)))
    found = relaxed(grid, level)
    assert found.residual.std() < 0.02 * level.std()
    assert found.determinant.min() > 0


def test_a_steep_monitor_is_followed_only_as_far_as_steps_are_sound(grid):
    level = centred(grid.layout, np.log(ball((0.4, 0.6), 0.05, 1000)(grid.centres)))
    found = relaxed(grid, level)
    assert found.residual.std() <= level.std()
    x, _ = gradient(grid.layout, found.first)
    second = np.diff(x, axis=0) / grid.step[0]
    assert np.abs(second).max() <= CHANGE * (1 + 1e-9)


def test_vectors_point_to_where_the_monitor_is_large(grid):
    centre = np.array([0.5, 0.5])
    fields = monitor_fields(grid, ball(centre, 0.2, 5)(grid.mesh.points))
    inward = centre - grid.centres
    near = (np.linalg.norm(inward, axis=1) < 0.3) & (np.linalg.norm(inward, axis=1) > 0.1)
    for vector in (0, 1, 3):
        assert (np.einsum("gd,gd->g", fields.at_centres[:, vector], inward)[near] > 0).all()


def test_invariants_of_a_scaled_monitor_are_the_same(grid):
    monitor = ball((0.4, 0.6), 0.2, 8)(grid.mesh.points)
    one, other = (monitor_fields(grid, scale * monitor).invariants for scale in (1, 1e5))
    np.testing.assert_allclose(one, other, atol=1e-6)
