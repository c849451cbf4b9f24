from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.domains import random_domain
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.grid_kernels import (
    at_squares,
    centred,
    gradient,
    linked_squares,
    potential,
    second_derivatives,
    step_of,
    value_at,
)


@pytest.fixture(scope="module", params=["square", "wide", "high", "L", "holes"])
def grid(request, mesh):
    """Grids of both shapes, and with gaps."""
    if request.param == "holes":
        return Background(SimplexMesh(*random_domain("holes", 800, 3)))
    straight = mesh("L" if request.param == "L" else "square", 20)
    stretch = {"wide": [3.0, 1.0], "high": [1.0, 3.0]}.get(request.param, [1.0, 1.0])
    return Background(SimplexMesh(straight.points * stretch, straight.cells))


def test_the_potential_solves_the_neumann_problem(mesh):
    grid = Background(mesh("square", 40))
    wave = np.cos(np.pi * grid.centres[:, 0]) * np.cos(2 * np.pi * grid.centres[:, 1])
    found = potential(grid.layout, 5 * np.pi**2 * wave)
    assert np.abs(found - found.mean() - wave).max() < 0.02


def test_what_flows_out_of_each_square_is_its_load(grid):
    load = np.random.default_rng(0).normal(size=grid.g)
    found = potential(grid.layout, load)
    flow = np.zeros(grid.g)
    for side in grid.sides:
        through = side.conductance * (found[side.other] - found[side.one])
        np.add.at(flow, side.one, -through)
        np.add.at(flow, side.other, through)
    np.testing.assert_allclose(flow, centred(grid.layout, load) * grid.volumes, atol=1e-9)


def test_what_is_centred_has_no_mean_over_the_domain(grid):
    values = centred(grid.layout, np.random.default_rng(0).normal(size=grid.g))
    assert abs(values @ grid.volumes) < 1e-12 * grid.volumes.sum()


def test_slopes_are_those_over_each_side_and_zero_on_the_boundary(grid):
    values = np.random.default_rng(0).normal(size=grid.g)
    for axis, sides in enumerate(gradient(grid.layout, values)):
        side = grid.sides[axis]
        place = tuple(grid.layout.squares[side.other].T)
        np.testing.assert_allclose(sides[place], (values[side.other] - values[side.one]) / grid.step[axis], rtol=1e-12)
        assert np.count_nonzero(sides) == len(side.one)


def test_derivatives_of_a_parabola_are_exact_inside(mesh):
    grid = Background(mesh("square", 40))
    x, y = grid.centres.T
    sides = gradient(grid.layout, 2 * x**2 - y**2 + 3 * x * y)
    inside = grid.walls > 2.5 * grid.step.max()
    assert inside.sum() > 100
    np.testing.assert_allclose(second_derivatives(grid.layout, *sides)[inside], np.array([[4, -2, 3]] * inside.sum()))
    slopes = np.stack([4 * x + 3 * y, 3 * x - 2 * y], axis=1)
    np.testing.assert_allclose(at_squares(grid.layout, *sides)[inside], slopes[inside], atol=1e-12)


def test_a_step_is_shortened_where_it_would_bend_the_map_too_much(grid):
    load = 50 * centred(grid.layout, np.random.default_rng(0).normal(size=grid.g))
    whole, bent, way = step_of(grid.layout, load, 1.0, np.inf)
    found, change, moved = step_of(grid.layout, load, 0.7, 0.5)
    share = found[0] / whole[0]
    assert share < 0.7
    np.testing.assert_allclose(change, share * bent, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved, share * way, rtol=1e-9, atol=1e-12)
    assert np.sqrt((change**2) @ [1, 1, 2]).max() == pytest.approx(0.5)


def test_values_at_places_are_bilinear_and_beyond_the_domain_those_of_the_nearest_square(grid):
    values = np.random.default_rng(0).normal(size=grid.g)
    points = grid.mesh.points + 0.3 * grid.step * np.random.default_rng(1).normal(size=grid.mesh.points.shape)
    place = ((points - grid.low) / grid.step - 0.5).T
    there = map_coordinates(values[grid.layout.nearest], place, order=1, mode="nearest")
    np.testing.assert_allclose([value_at(grid.layout, values, x, y) for x, y in points], there, atol=1e-12)


def test_squares_are_linked_across_their_sides(grid):
    pointers, found = linked_squares(grid.layout)
    expected = {(i, j) for side in grid.sides for i, j in zip(side.one.tolist(), side.other.tolist(), strict=True)}
    pairs = [(i, int(j)) for i in range(grid.g) for j in found[pointers[i] : pointers[i + 1]]]
    assert pairs == sorted(expected | {(j, i) for i, j in expected})
