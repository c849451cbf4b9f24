"""Finite-element operators give the integrals of functions known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.operators import Operators


@pytest.mark.parametrize(("name", "size", "volume"), [("square", 5, 1), ("cube", 3, 1), ("L", 3, 3)])
def test_integrals_of_linear_functions(mesh, name, size, volume):
    one = mesh(name, size)
    operators = Operators(one)
    slope = np.arange(1, one.dim + 1)
    u = one.points @ slope
    assert u @ operators.laplacian @ u == pytest.approx((slope**2).sum() * volume)
    tensor = np.broadcast_to(np.diag(slope), (len(one.cells), one.dim, one.dim))
    assert u @ operators.stiffness(tensor) @ u == pytest.approx((slope**3).sum() * volume)
    assert np.ones(one.n) @ operators.mass @ np.ones(one.n) == pytest.approx(volume)
    np.testing.assert_allclose(operators.mass @ np.ones(one.n), one.node_volumes)


def test_products_are_integrated_exactly(mesh):
    one = mesh("square", 4)
    x, y = one.points.T
    assert x @ Operators(one).mass @ y == pytest.approx(1 / 4)
    assert x @ Operators(one).mass @ x == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ["square", "disc", "cube"])
def test_the_mass_is_solved_for(mesh, name):
    one = mesh(name, 4)
    operators = Operators(one)
    wanted = np.random.default_rng(0).normal(size=one.n)
    np.testing.assert_allclose(operators.mass_solved(operators.mass @ wanted), wanted, atol=1e-7)


def test_derivatives_in_cells(mesh):
    one = mesh("cube", 3)
    operators = Operators(one)
    u = one.points @ [2.0, -1, 3]
    for axis, slope in enumerate((2.0, -1, 3)):
        np.testing.assert_allclose(operators.gradient[axis] @ u, slope)
        # The integral of d psi_i summed over all nodes is that of the derivative of one: zero.
        assert abs((operators.divergence[axis] @ np.ones(len(one.cells))).sum()) < 1e-12
