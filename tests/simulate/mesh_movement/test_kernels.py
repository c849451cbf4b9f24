from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement import limiter, meshes, quality
from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.kernels import (
    corner_means,
    doubtful_triangles,
    node_sums,
    triangle_cosines,
    triangle_determinants,
)
from simulate.mesh_movement.limiter import FLOOR, first_root, path_polynomials
from simulate.mesh_movement.meshes import SimplexMesh, edge_matrices, oriented, small_determinants


def random_triangles(seed, count=300):
    random = np.random.default_rng(seed)
    points = random.normal(size=(3 * count, 2))
    return points, oriented(points, random.permutation(3 * count).reshape(count, 3)), random


def test_determinants_are_those_of_the_edges():
    points, cells, _ = random_triangles(0)
    turned = cells[:, ::-1].copy()
    for some in (cells, turned):
        np.testing.assert_allclose(triangle_determinants(points, some), small_determinants(edge_matrices(points, some)))
    assert (triangle_determinants(points, turned) < 0).all()


@pytest.mark.parametrize("corners", [3, 4])
def test_means_and_sums(corners):
    random = np.random.default_rng(0)
    cells, nodal, per_cell = random.integers(0, 20, (50, corners)), random.normal(size=20), random.normal(size=50)
    np.testing.assert_allclose(corner_means(nodal, cells), nodal[cells].mean(axis=1))
    sums = np.zeros(20)
    np.add.at(sums, cells.ravel(), np.repeat(per_cell, corners))
    np.testing.assert_allclose(node_sums(per_cell, cells, 20), sums)
    single = node_sums(per_cell.astype(np.float32), cells, 20)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, sums, atol=1e-5)


def test_cosines_are_those_of_the_law_of_cosines():
    points, cells, _ = random_triangles(1)
    a, b, c = (np.linalg.norm(points[cells[:, k]] - points[cells[:, k - 1]], axis=1) for k in range(3))
    cosines = [(x**2 + y**2 - z**2) / (2 * x * y) for x, y, z in ((a, b, c), (b, c, a), (c, a, b))]
    np.testing.assert_allclose(triangle_cosines(points, cells), (np.min(cosines), np.max(cosines)), rtol=1e-9)
    flat = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert triangle_cosines(flat, np.array([[0, 1, 2]])) == (0.0, 1.0)


def test_numpy_gives_the_same_where_there_is_no_numba(monkeypatch, mesh):
    wish = 0.04 * np.random.default_rng(0).normal(size=mesh("disc", 8).points.shape)
    found = []
    for compiled in (True, False):
        for module in (meshes, quality, limiter):
            monkeypatch.setattr(module, "COMPILED", compiled)
        disc = SimplexMesh(mesh("disc", 8).points, mesh("disc", 8).cells)
        points, cut = limiter.limited(disc, wish, find_boundary(disc, np.zeros(disc.n, dtype=bool)))
        facts = quality.measured(points, disc.cells, 1 + points[:, 0] ** 2, disc.determinants)
        found.append((points, cut, disc.sizes, list(facts.as_dict().values())))
    assert 0.1 < found[0][1] < 1
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("far", [0.05, 0.3, 1.0, 3.0])
def test_no_cell_that_is_not_sound_is_without_doubt(far):
    points, cells, random = random_triangles(2)
    wished, share = far * random.normal(size=points.shape), random.random(len(points))
    way = share[:, None] * wished
    doubtful = doubtful_triangles(points, points + way, wished, share, cells, FLOOR)
    root = first_root(path_polynomials(edge_matrices(points, cells), edge_matrices(way, cells), FLOOR))
    assert doubtful[root <= 1].all()
    assert 0 < doubtful.sum() < len(cells)
    # Where nodes were put elsewhere, on a boundary, their determinants count.
    elsewhere = doubtful_triangles(points, points[:, ::-1].copy(), 0 * wished, share, cells, FLOOR)
    assert elsewhere.all()
