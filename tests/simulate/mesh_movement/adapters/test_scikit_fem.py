"""Meshes of scikit-fem."""

from __future__ import annotations

import numpy as np
import pytest

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.monitor import ball, hessian

skfem = pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

SQUARE, CUBE = skfem.MeshTri().refined(3), skfem.MeshTet().refined(2)


@pytest.mark.parametrize("mesh", [SQUARE, SQUARE.oriented(), CUBE], ids=["square", "oriented", "cube"])
@pytest.mark.parametrize("degree", [1, 2])
def test_meshes_and_fields(keeps_to_the_contract, mesh, degree):
    elements = {2: (skfem.ElementTriP1, skfem.ElementTriP2), 3: (skfem.ElementTetP1, skfem.ElementTetP2)}
    basis = skfem.Basis(mesh, elements[mesh.dim()][degree - 1]())
    field = 3 + np.arange(1, mesh.dim() + 1) @ basis.doflocs
    moved, _, new = keeps_to_the_contract(mesh, (basis, field))
    np.testing.assert_array_equal(moved.t, mesh.t)
    np.testing.assert_array_equal(moved.p, new.T)


def test_names_stay():
    mesh = SQUARE.with_boundaries({"left": lambda x: x[0] == 0}).with_subdomains({"low": lambda x: x[1] < 0.5})
    moved, report = move_solver_mesh(mesh, ball((0.4, 0.6), 0.2, 8), method="monge-ampere")
    np.testing.assert_array_equal(moved.boundaries["left"], mesh.boundaries["left"])
    np.testing.assert_array_equal(moved.subdomains["low"], mesh.subdomains["low"])
    assert (moved.p[0, moved.facets[:, moved.boundaries["left"]]] == 0).all()
    assert report.method == "monge-ampere" and report.after.variation < 0.3 * report.before.variation
    np.testing.assert_array_equal(moved.p.T, report.points)


def test_a_solution_as_vector_or_as_field_moves_alike():
    basis = skfem.Basis(SQUARE, skfem.ElementTriP1())
    u = np.tanh(10 * (basis.doflocs[0] - 0.4))
    first, _ = move_solver_mesh(SQUARE, hessian, of=(basis, u))
    second, _ = move_solver_mesh(SQUARE, hessian, of=u)
    third, _ = move_solver_mesh(SQUARE, hessian(*adapter_of(SQUARE).arrays(SQUARE), u))
    np.testing.assert_array_equal(first.p, second.p)
    np.testing.assert_array_equal(first.p, third.p)
    assert (first.p != SQUARE.p).any()


@pytest.mark.parametrize(
    "mesh", [skfem.MeshQuad(), skfem.MeshTri2(), skfem.MeshHex(), skfem.MeshLine(), skfem.MeshTri1DG.from_mesh(SQUARE)]
)
def test_other_cells_are_refused(refused, mesh):
    with refused(f"mesh is a {type(mesh).__name__} of scikit-fem", "MeshTri and MeshTet"):
        move_solver_mesh(mesh, ball((0.5, 0.5), 0.2))


def test_fields_that_do_not_fit_are_refused(refused):
    other = skfem.Basis(skfem.MeshTri().refined(2), skfem.ElementTriP1())
    with refused("field is of another mesh"):
        move_solver_mesh(SQUARE, hessian, of=(other, other.zeros()))
    cellwise = skfem.Basis(SQUARE, skfem.ElementTriP0())
    with refused("field is of ElementTriP0", "one value at each node"):
        move_solver_mesh(SQUARE, hessian, of=(cellwise, cellwise.zeros()))
    basis = skfem.Basis(SQUARE, skfem.ElementTriP1())
    with refused("field has the type float64 and shape (5,)", f"{basis.N} real numbers"):
        move_solver_mesh(SQUARE, hessian, of=(basis, np.zeros(5)))
    with refused("field has the type complex128"):
        move_solver_mesh(SQUARE, hessian, of=(basis, basis.zeros() * 1j))
