"""Points are found in their cells, and linear functions are interpolated exactly."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.interpolation import PointLocator, interpolated


@pytest.mark.parametrize(("name", "size"), [("square", 9), ("L", 5), ("cube", 4), ("disc", 5)])
def test_linear_functions_are_exact_inside(mesh, name, size):
    one = mesh(name, size)
    random = np.random.default_rng(0)
    cells = random.integers(0, len(one.cells), 500)
    weights = random.dirichlet(np.ones(one.dim + 1), 500)
    points = np.einsum("pk,pkd->pd", weights, one.points[one.cells[cells]])
    slope = np.arange(2, 2 + one.dim)
    np.testing.assert_allclose(interpolated(one, one.points @ slope + 1, points), points @ slope + 1, atol=1e-9)
    several = interpolated(one, one.points, points)
    np.testing.assert_allclose(several, points, atol=1e-9)


def test_across_the_corner_of_an_l_a_walk_finds_the_cell(mesh):
    one = mesh("L", 6)
    locator = PointLocator(one)
    lower, upper = np.array([[-0.1, -0.9]]), np.array([[0.9, 0.1]])
    for points in (lower, upper, lower):
        cells, weights = locator.locate(points)
        found = np.einsum("pk,pkd->pd", weights, one.points[one.cells[cells]])
        np.testing.assert_allclose(found, points, atol=1e-12)


def test_points_outside_get_values_of_the_boundary_nearby(mesh):
    one = mesh("square", 4)
    points = np.array([[-0.1, 0.4], [1.2, 1.3]])
    values = interpolated(one, one.points[:, 0], points)
    assert values[0] == pytest.approx(0, abs=0.05) and values[1] == pytest.approx(1, abs=0.05)
