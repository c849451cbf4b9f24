"""The variational mover: its gradient is that of its functional, and it never leaves valid meshes."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.interpolation import PointLocator
from simulate.mesh_movement.meshes import determinants
from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.quality import measured
from simulate.mesh_movement.sampling import as_field
from simulate.mesh_movement.variational import Variational


def mover(mesh):
    return Variational(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)), Operators(mesh))


def field(mesh, monitor):
    return as_field(monitor, mesh, PointLocator(mesh))


@pytest.mark.parametrize(("name", "size"), [("square", 4), ("cube", 2)])
def test_the_gradient_is_that_of_the_functional(mesh, name, size):
    one = mesh(name, size)
    random = np.random.default_rng(0)
    points = 0.1 + 0.8 * (one.points + random.uniform(-0.04, 0.04, one.points.shape))
    monitor = field(one, ball(np.full(one.dim, 0.5), 0.4, 20))
    _, gradient = mover(one).energy(points, monitor)
    for _ in range(5):
        way = random.normal(size=points.shape)
        above, below = (mover(one).energy(points + step * way, monitor)[0] for step in (1e-6, -1e-6))
        assert (above - below) / 2e-6 == pytest.approx((gradient * way).sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "size", "strength"), [("square", 16, 50), ("L", 8, 200), ("disc", 6, 20), ("cube", 6, 20)]
)
def test_the_monitor_is_spread_better_and_cells_stay_valid(mesh, name, size, strength):
    one = mesh(name, size)
    monitor = ball(np.full(one.dim, 0.3), 0.25, strength)
    found = mover(one).solve(field(one, monitor), 1e-2, 60)
    assert (determinants(found.points, one.cells) > 0).all()
    before = measured(one.points, one.cells, monitor(one.points), one.determinants)
    after = measured(found.points, one.cells, monitor(found.points), one.determinants)
    assert after.variation < 0.6 * before.variation


def test_the_functional_falls(mesh):
    one = mesh("L", 4)
    monitor = field(one, ball((0.3, 0.3), 0.2, 30))
    energies = [mover(one).energy(mover(one).solve(monitor, 1e-6, steps).points, monitor)[0] for steps in (1, 3, 9)]
    start = mover(one).energy(one.points, monitor)[0]
    assert start > energies[0] > energies[1] > energies[2]


def test_a_constant_monitor_moves_nothing(mesh):
    for name in ("L", "disc", "cube"):
        one = mesh(name, 3)
        found = mover(one).solve(field(one, np.full(one.n, 3.0)), 1e-2, 20)
        assert found.converged and found.iterations == 0
        np.testing.assert_array_equal(found.points, one.points)


def test_it_goes_on_from_a_given_mesh(mesh):
    one = mesh("square", 8)
    monitor = field(one, ball((0.5, 0.5), 0.3, 10))
    done = mover(one).solve(monitor, 1e-4, 200)
    again = mover(one).solve(monitor, 1e-2, 200, start=done.points)
    np.testing.assert_allclose(again.points, done.points, atol=1e-3)
