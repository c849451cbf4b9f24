from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.grid_kernels import gradient, value_at
from simulate.mesh_movement.um2n.place_kernels import at_places, combined, combined_pull, from_places


@pytest.fixture(scope="module")
def grid(mesh):
    return Background(mesh("L", 9))


def test_fields_are_interpolated_exactly_where_they_are_linear_and_do_not_leave_the_square(mesh):
    grid = Background(mesh("square", 40))
    points = grid.mesh.points
    inner = ((points > grid.step) & (points < 1 - grid.step)).all(axis=1)
    np.testing.assert_allclose(at_places(grid.layout, points, grid.centres)[inner], points[inner])
    x, y = grid.centres.T
    bent = [sides[..., None] for sides in gradient(grid.layout, x**2 / 2 - y**2)]
    found = combined(grid.layout, points, np.ones((grid.g, 1)), *bent)
    np.testing.assert_allclose(found[inner], (points * [1, -2])[inner], atol=1e-12)
    assert not found[points[:, 1] == 0, 1].any() and not found[points[:, 0] == 1, 0].any()


def test_values_at_nodes_are_those_at_places(grid):
    values = np.random.default_rng(0).normal(size=(grid.g, 3))
    found = at_places(grid.layout, grid.mesh.points, values)
    for column, there in zip(values.T, found.T, strict=True):
        np.testing.assert_allclose(
            there, [value_at(grid.layout, column, x, y) for x, y in grid.mesh.points], atol=1e-12
        )


def test_vectors_are_summed_by_the_weights_of_both_squares_of_a_side(grid):
    random = np.random.default_rng(0)
    weights = random.normal(size=(grid.g, 2))
    vectors = [gradient(grid.layout, values) for values in random.normal(size=(2, grid.g))]
    x, y = (np.stack([vector[axis] for vector in vectors], axis=2) for axis in (0, 1))
    by_hand = []
    for axis, on_sides in enumerate((x, y)):
        side, summed = grid.sides[axis], np.zeros(on_sides.shape[:2])
        place = tuple(grid.layout.squares[side.other].T)
        summed[place] = ((weights[side.one] + weights[side.other]) / 2 * on_sides[place]).sum(axis=1)
        by_hand.append(summed[..., None])
    found = combined(grid.layout, grid.mesh.points, weights, x, y)
    np.testing.assert_allclose(
        found, combined(grid.layout, grid.mesh.points, np.ones((grid.g, 1)), *by_hand), atol=1e-12
    )


def test_the_way_back_is_the_transpose(grid):
    random = np.random.default_rng(0)
    points, values = grid.mesh.points, random.normal(size=(grid.g, 2))
    pull = random.normal(size=(len(points), 2))
    there, back = at_places(grid.layout, points, values), from_places(grid.layout, points, pull)
    assert (there * pull).sum() == pytest.approx((values * back).sum())
    vectors = [gradient(grid.layout, row) for row in random.normal(size=(2, grid.g))]
    x, y = (np.stack([vector[axis] for vector in vectors], axis=2) for axis in (0, 1))
    there, back = combined(grid.layout, points, values, x, y), combined_pull(grid.layout, points, pull, x, y)
    assert (there * pull).sum() == pytest.approx((values * back).sum())
