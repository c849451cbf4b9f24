from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.domains import random_domain
from simulate.mesh_movement.um2n.background import MOST, Background, bilinear, squares_for, sub_centroids


@pytest.mark.parametrize(("name", "size"), [("square", 3), ("square", 20), ("square", 70), ("disc", 12), ("L", 9)])
def test_squares_cover_the_domain_and_are_as_many_as_nodes_within_bounds(mesh, name, size):
    grid = Background(mesh(name, size))
    assert grid.volumes.sum() == pytest.approx(grid.mesh.volumes.sum(), rel=0.01)
    assert 0.8 * squares_for(grid.mesh.n) < grid.g < 1.4 * squares_for(grid.mesh.n)


def test_averages_of_a_constant_and_of_a_slope(mesh):
    grid = Background(mesh("square", 40))
    np.testing.assert_allclose(grid.averaged(np.full(len(grid.mesh.cells), 3.0)), 3, rtol=1e-12)
    slope = grid.mesh.points[grid.mesh.cells].mean(axis=1)[:, 0]
    assert np.abs(grid.averaged(slope) - grid.centres[:, 0]).max() < grid.step[0] / 2


def test_the_potential_solves_the_neumann_problem(mesh):
    grid = Background(mesh("square", 40))
    wave = np.cos(np.pi * grid.centres[:, 0]) * np.cos(2 * np.pi * grid.centres[:, 1])
    found = grid.potential(5 * np.pi**2 * wave)
    assert np.abs(found - found.mean() - wave).max() < 0.02


def test_what_flows_out_of_each_square_is_its_load(mesh):
    grid = Background(mesh("L", 10))
    load = np.random.default_rng(0).normal(size=grid.g)
    flow = np.zeros(grid.g)
    for side, rise in zip(grid.sides, grid.gradient(grid.potential(load)), strict=True):
        through = side.conductance * rise * side.distance
        np.add.at(flow, side.one, -through)
        np.add.at(flow, side.other, through)
    np.testing.assert_allclose(flow, grid.centred(load) * grid.volumes, atol=1e-9)


def test_fields_are_interpolated_exactly_where_they_are_linear_and_do_not_leave_the_square(mesh):
    grid = Background(mesh("square", 40))
    inner = ((grid.mesh.points > grid.step).all(axis=1) & (grid.mesh.points < 1 - grid.step).all(axis=1)).nonzero()[0]
    x, y = grid.sides_to_nodes
    middle = [grid.centres[side.one] + grid.centres[side.other] for side in grid.sides]
    np.testing.assert_allclose((x @ (middle[0][:, 0] / 2))[inner], grid.mesh.points[inner, 0])
    np.testing.assert_allclose((grid.centres_to_nodes @ grid.centres)[inner], grid.mesh.points[inner])
    on_wall = np.flatnonzero(grid.mesh.points[:, 1] == 0)
    assert not (y @ np.ones(len(grid.sides[1].one)))[on_wall].any()
    np.testing.assert_allclose(grid.centres_to_nodes.sum(axis=1), 1)


def test_arms_that_do_not_touch_do_not_exchange_anything():
    points, cells = random_domain("holes", 1500, 3)
    grid = Background(SimplexMesh(points, cells))
    for side in grid.sides:
        ways = np.linalg.norm(grid.centres[side.other] - grid.centres[side.one], axis=1)
        np.testing.assert_allclose(ways, side.distance)


def test_parts_of_a_triangle():
    for halvings in range(4):
        parts = sub_centroids(halvings)
        assert parts.shape == (4**halvings, 3)
        np.testing.assert_allclose(parts.mean(axis=0), 1 / 3)
        np.testing.assert_allclose(parts.sum(axis=1), 1)
        assert len(np.unique(parts.round(9), axis=0)) == len(parts)


def test_what_is_at_places_is_what_the_matrix_gives_at_nodes(mesh):
    grid = Background(mesh("L", 9))
    values = np.random.default_rng(0).normal(size=grid.g)
    np.testing.assert_allclose(grid.at(grid.mesh.points, values), grid.centres_to_nodes @ values, atol=1e-12)


def test_bilinear_leaves_out_what_has_no_number():
    matrix = bilinear(np.array([[0.5, 0.5], [5.0, -1.0]]), (2, 2), np.array([0, 1, -1, 2]), 3)
    np.testing.assert_allclose(matrix.toarray(), [[0.25, 0.25, 0.25], [0, 0, 0]])


def test_squares_grow_with_nodes_up_to_a_bound():
    counts = [squares_for(n) for n in (10, 300, 1000, 1600, 6400, 8000, 10**6)]
    assert counts == [300, 300, 1000, 1600, 1600, 2000, MOST]
