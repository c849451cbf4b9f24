"""Fitted gradients are exact for quadratics, at boundaries too, and defined on the smallest meshes."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.fitting import fitted_gradient
from simulate.mesh_movement.meshes import checked_mesh
from simulate.mesh_movement.problems.domains import random_domain


@pytest.mark.parametrize("kind", ["star", "holes", "disc", "bent cube"])
def test_gradients_of_quadratics_are_exact_on_irregular_meshes(kind):
    mesh = checked_mesh(*random_domain(kind, 300, 1))
    random = np.random.default_rng(0)
    matrix, slope = random.normal(size=(mesh.dim, mesh.dim)), random.normal(size=mesh.dim)
    values = np.einsum("ni,ij,nj->n", mesh.points, matrix, mesh.points) + mesh.points @ slope + 3
    exact = mesh.points @ (matrix + matrix.T) + slope
    found = np.stack([operator @ values for operator in fitted_gradient(mesh)], axis=1)
    np.testing.assert_allclose(found, exact, atol=1e-7)


@pytest.mark.parametrize(("name", "size"), [("square", 1), ("square", 2), ("cube", 1)])
def test_on_the_smallest_meshes_linear_functions_are_exact(mesh, name, size):
    one = mesh(name, size)
    slope = np.arange(1, one.dim + 1)
    found = np.stack([operator @ (one.points @ slope + 5) for operator in fitted_gradient(one)], axis=1)
    assert np.isfinite(found).all()
    if one.n > one.dim + 5:
        np.testing.assert_allclose(found, np.tile(slope, (one.n, 1)), atol=1e-6)
