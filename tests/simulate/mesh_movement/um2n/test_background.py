from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.domains import random_domain
from simulate.mesh_movement.um2n.background import MOST, Background, squares_for, sub_centroids


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


def test_arms_that_do_not_touch_do_not_exchange_anything():
    points, cells = random_domain("holes", 1500, 3)
    grid = Background(SimplexMesh(points, cells))
    for side, distance in zip(grid.sides, grid.step, strict=True):
        ways = np.linalg.norm(grid.centres[side.other] - grid.centres[side.one], axis=1)
        np.testing.assert_allclose(ways, distance)


def test_parts_of_a_triangle():
    for halvings in range(4):
        parts = sub_centroids(halvings)
        assert parts.shape == (4**halvings, 3)
        np.testing.assert_allclose(parts.mean(axis=0), 1 / 3)
        np.testing.assert_allclose(parts.sum(axis=1), 1)
        assert len(np.unique(parts.round(9), axis=0)) == len(parts)


def test_squares_grow_with_nodes_up_to_a_bound():
    counts = [squares_for(n) for n in (10, 300, 1000, 1600, 6400, 8000, 10**6)]
    assert counts == [300, 300, 1000, 1600, 1600, 2000, MOST]
