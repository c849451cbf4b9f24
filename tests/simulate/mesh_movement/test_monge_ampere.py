"""The Monge-Ampere solver finds maps known in closed form, and spreads monitors evenly."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.interpolation import PointLocator
from simulate.mesh_movement.meshes import determinants
from simulate.mesh_movement.monge_ampere import MongeAmpere
from simulate.mesh_movement.monitor import ball, ring
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.quality import cell_loads
from simulate.mesh_movement.sampling import as_field


def solver(mesh):
    return MongeAmpere(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)), Operators(mesh))


def field(mesh, monitor):
    return as_field(monitor, mesh, PointLocator(mesh))


def variation(mesh, displacement, monitor):
    points = mesh.points + displacement
    load = cell_loads(determinants(points, mesh.cells), mesh.cells, monitor(points), mesh.determinants)
    return load.std() / load.mean()


@pytest.mark.parametrize(("name", "size", "tolerance"), [("square", 24, 3e-3), ("cube", 8, 2e-2)])
def test_a_monitor_of_one_coordinate_gives_the_map_in_closed_form(mesh, name, size, tolerance):
    # With m = 1 + x the integral of m from 0 to X is a share xi of the whole: X + X^2 / 2 = 3/2 xi.
    one = mesh(name, size)
    found = solver(one).solve(field(one, lambda p: 1 + p[:, 0]), 1e-8, 40)
    assert found.converged
    exact = np.sqrt(1 + 3 * one.points[:, 0]) - 1
    np.testing.assert_allclose((one.points + found.displacement)[:, 0], exact, atol=tolerance)
    np.testing.assert_allclose(found.displacement[:, 1:], 0, atol=tolerance)


def test_the_map_converges_with_the_mesh(mesh):
    errors = []
    for n in (8, 16, 32):
        one = mesh("square", n)
        found = solver(one).solve(field(one, lambda p: 1 + 4 * p[:, 1]), 1e-8, 40)
        exact = (np.sqrt(1 + 24 * one.points[:, 1]) - 1) / 4
        errors.append(np.sqrt(((one.points[:, 1] + found.displacement[:, 1] - exact) ** 2).mean()))
    assert errors[0] / errors[2] > 8


@pytest.mark.parametrize("nodal", [False, True])
def test_a_ring_is_spread_evenly(mesh, nodal):
    one = mesh("square", 32)
    monitor = ring((0.5, 0.5), np.sqrt(0.15), strength=10, width=100)
    given = monitor(one.points) if nodal else monitor
    found = solver(one).solve(field(one, given), 1e-3, 60)
    assert found.converged and found.residual <= 1e-3
    assert (determinants(one.points + found.displacement, one.cells) > 0).all()
    assert variation(one, found.displacement, monitor) < (0.35 if nodal else 0.15) * variation(one, 0, monitor)


def test_relaxation_and_newton_find_the_same_map(mesh):
    one = mesh("square", 16)
    monitor = field(one, ball((0.4, 0.6), 0.2, 4))
    newton = solver(one).solve(monitor, 1e-6, 40)
    relaxed = solver(one).solve(monitor, 1e-6, 500, "relaxation")
    assert newton.converged and relaxed.converged and newton.iterations < relaxed.iterations / 5
    np.testing.assert_allclose(newton.displacement, relaxed.displacement, atol=1e-5)


def test_a_constant_monitor_moves_nothing(mesh):
    for name in ("L", "disc", "cube"):
        one = mesh(name, 4)
        found = solver(one).solve(field(one, np.full(one.n, 2.5)), 1e-10, 10)
        assert found.iterations == 0 and not found.displacement.any()


def test_a_strong_monitor_is_reached_by_continuation(mesh):
    one = mesh("square", 20)
    monitor = ring((0.5, 0.5), 0.3, strength=100, width=60)
    found = solver(one).solve(field(one, monitor), 1e-3, 200)
    assert found.strength > 0.7
    assert variation(one, found.displacement, monitor) < 0.5 * variation(one, 0, monitor)


def test_separate_parts_are_solved_each_for_itself(mesh):
    one = mesh("square", 8)
    n = one.n
    beside = one.points + np.array([2, 0])
    both = type(one)(np.concatenate([one.points, beside]), np.concatenate([one.cells, one.cells + n]))
    monitor = ball((0.5, 0.5), 0.3, 5)
    alone = solver(one).solve(field(one, monitor), 1e-8, 40).displacement
    # The second part has a constant monitor of another level.
    values = np.concatenate([monitor(one.points), np.full(n, 7.0)])
    together = solver(both).solve(field(both, values), 1e-8, 40).displacement
    assert np.abs(together[n:]).max() < 1e-9
    np.testing.assert_allclose(together[:n], alone, atol=0.02)


def test_a_known_potential_is_a_good_start(mesh):
    one = mesh("square", 16)
    first = solver(one).solve(field(one, ball((0.5, 0.5), 0.2, 5)), 1e-4, 40)
    near = field(one, ball((0.51, 0.5), 0.2, 5))
    cold, warm = (solver(one).solve(near, 1e-4, 40, start=start) for start in (None, first.phi))
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(warm.displacement, cold.displacement, atol=1e-4)
