"""Recovered derivatives: exact where they can be, and converging."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.recovery import recovered_gradient, recovered_hessian


@pytest.mark.parametrize("recovery", ["l2", "zz"])
@pytest.mark.parametrize(("name", "size"), [("square", 5), ("L", 3), ("disc", 4), ("cube", 3)])
def test_of_a_linear_function_the_gradient_is_exact(mesh, recovery, name, size):
    one = mesh(name, size)
    slope = np.arange(1, one.dim + 1)
    found = recovered_gradient(one, one.points @ slope, recovery)
    np.testing.assert_allclose(found, np.tile(slope, (one.n, 1)), atol=1e-8)


@pytest.mark.parametrize("recovery", ["l2", "zz"])
def test_gradients_converge(mesh, recovery):
    errors = []
    for n in (8, 16, 32):
        one = mesh("square", n)
        x, y = one.points.T
        exact = np.stack([3 * np.cos(3 * x) * np.cos(2 * y), -2 * np.sin(3 * x) * np.sin(2 * y)], axis=1)
        squared = ((recovered_gradient(one, np.sin(3 * x) * np.cos(2 * y), recovery) - exact) ** 2).sum(axis=1)
        errors.append(np.sqrt(one.node_volumes @ squared))
    rate = np.log2(errors[0] / errors[2]) / 2
    assert rate > (1.8 if recovery == "zz" else 1.3)


def test_the_hessian_of_a_parabola_inside(mesh):
    one = mesh("square", 16)
    x, y = one.points.T
    inside = (np.abs(one.points - 0.5) < 0.2).all(axis=1)
    for recovery in ("l2", "zz"):
        found = recovered_hessian(one, x * x + x * y - 2 * y * y, recovery)[inside]
        np.testing.assert_allclose(found, np.tile([[2.0, 1], [1, -4]], (inside.sum(), 1, 1)), atol=3e-2)


def test_another_recovery_is_refused(mesh, refused):
    one = mesh("square", 2)
    with refused("recovery is 'spr'", "'zz'"):
        recovered_gradient(one, one.points[:, 0], "spr")
