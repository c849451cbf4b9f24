"""Meshes of NGSolve."""

from __future__ import annotations

import numpy as np
import pytest

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.monitor import ball, gradient

ngsolve = pytest.importorskip("ngsolve", reason="needs NGSolve: pip install 'structgen-webs[ngsolve]'")
from netgen.csg import unit_cube  # noqa: E402
from netgen.geom2d import CSG2d, Rectangle, SplineGeometry, unit_square  # noqa: E402
from netgen.meshing import MeshingStep  # noqa: E402
from netgen.occ import Box, OCCGeometry  # noqa: E402
from ngsolve import H1, L2, CoefficientFunction, GridFunction, Integrate, Mesh, x, y, z  # noqa: E402
from ngsolve.meshes import MakeStructured2DMesh  # noqa: E402

BUMP = ball((0.4, 0.6), 0.2, 8)


def square(size=0.15, **options):
    return Mesh(unit_square.GenerateMesh(maxh=size, **options))


def cube():
    return Mesh(unit_cube.GenerateMesh(maxh=0.4))


def of_space(mesh, space, order):
    field = GridFunction(space(mesh, order=order))
    field.Set(3 + x + 2 * y + (3 * z if mesh.dim == 3 else 0))
    return field


@pytest.mark.parametrize("make", [square, cube, lambda: MakeStructured2DMesh(quads=False, nx=5, ny=4)])
@pytest.mark.parametrize(("space", "order"), [(H1, 1), (H1, 3), (L2, 1)])
def test_meshes_and_fields(keeps_to_the_contract, make, space, order):
    mesh = make()
    moved, _, new = keeps_to_the_contract(mesh, of_space(mesh, space, order))
    np.testing.assert_allclose([vertex.point for vertex in moved.vertices], new, rtol=1e-15)
    assert Integrate(1, moved) == pytest.approx(1)
    # Its points are those that NGSolve integrates over.
    middle = new[adapter_of(moved).arrays(moved)[1]].mean(axis=1)
    volumes = Integrate(CoefficientFunction(1), moved, element_wise=True).NumPy()
    assert Integrate(x, moved) == pytest.approx(volumes @ middle[:, 0])


def test_a_coefficient_function_that_jumps_is_averaged():
    mesh = MakeStructured2DMesh(quads=False, nx=2, ny=1)
    field = GridFunction(L2(mesh, order=0))
    field.vec.FV().NumPy()[:] = [1, 2, 3, 4]
    _, cells = adapter_of(mesh).arrays(mesh)
    expected = [
        np.mean([value for cell, value in zip(cells, (1, 2, 3, 4), strict=True) if n in cell]) for n in range(6)
    ]
    np.testing.assert_allclose(adapter_of(mesh).nodal(mesh, field), expected)


def test_names_stay():
    geometry = CSG2d()
    inner = Rectangle(pmin=(0.3, 0.3), pmax=(0.7, 0.7), mat="inner", bc="rim")
    geometry.Add(inner)
    geometry.Add((Rectangle(pmin=(0, 0), pmax=(1, 1), mat="outer", bc="wall") - inner).Mat("outer"))
    mesh = Mesh(geometry.GenerateMesh(maxh=0.1))
    moved, report = move_solver_mesh(mesh, BUMP, fixed=_of_boundary(mesh, "rim"))
    assert report.after.variation < report.before.variation
    assert moved.GetMaterials() == mesh.GetMaterials() and moved.GetBoundaries() == mesh.GetBoundaries()
    for name, area in (("inner", 0.16), ("outer", 0.84)):
        assert Integrate(1, moved, definedon=moved.Materials(name)) == pytest.approx(area)
    assert Integrate(1, moved, definedon=moved.Boundaries("wall")) == pytest.approx(4)


def test_a_box_of_occ_and_a_mesh_refined():
    mesh = Mesh(OCCGeometry(Box((0, 0, 0), (1, 1, 1))).GenerateMesh(maxh=0.5))
    mesh.Refine()
    moved, report = move_solver_mesh(mesh, ball((0.3, 0.4, 0.5), 0.3, 5))
    assert report.after.variation < report.before.variation and Integrate(1, moved) == pytest.approx(1)


def test_a_field_as_monitor_and_as_solution():
    mesh = square(0.08)
    level = 1 + 8 * ngsolve.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) / 0.04)
    _, report = move_solver_mesh(mesh, level)
    assert report.after.variation < 0.3 * report.before.variation
    steep = GridFunction(H1(mesh, order=2))
    steep.Set(ngsolve.atan(20 * (x - 0.4)))
    _, report = move_solver_mesh(mesh, gradient, of=steep)
    near = np.abs(report.points[:, 0] - 0.4) < 0.1
    before = np.abs(adapter_of(mesh).arrays(mesh)[0][:, 0] - 0.4) < 0.1
    assert near.sum() > 1.2 * before.sum()


def test_curved_meshes_are_refused_and_moved_ones_stay_straight(refused):
    geometry = SplineGeometry()
    geometry.AddCircle((0, 0), 1, bc="rim")
    mesh = Mesh(geometry.GenerateMesh(maxh=0.3))
    mesh.Curve(3)
    with refused("mesh is curved, of order 3", "mesh.Curve(1)"):
        move_solver_mesh(mesh, ball((0, 0), 0.3))
    mesh.Curve(1)

    def onto(at, nodes):
        return at / np.linalg.norm(at, axis=1, keepdims=True)

    moved, report = move_solver_mesh(mesh, ball((0.6, 0), 0.3), boundary=onto)
    area = Integrate(1, moved)
    assert report.after.variation < report.before.variation and area == pytest.approx(np.pi, rel=0.02)
    # By the old geometry new nodes would lie elsewhere on the circle than between those that moved.
    moved.Refine()
    moved.Curve(3)
    assert Integrate(1, moved) == pytest.approx(area)


def test_a_curved_mesh_can_be_deformed_by_the_displacement():
    geometry = SplineGeometry()
    geometry.AddCircle((0, 0), 1)
    mesh = Mesh(geometry.GenerateMesh(maxh=0.3))
    moved, report = move_solver_mesh(mesh, ball((0.3, 0), 0.3), boundary="fixed")
    mesh.Curve(3)
    shift = GridFunction(ngsolve.VectorH1(mesh, order=1))
    shift.vec.FV().NumPy()[:] = report.displacement.T.ravel()
    mesh.SetDeformation(shift)
    assert Integrate(1, mesh) == pytest.approx(np.pi, rel=1e-4)
    assert Integrate((x - 0.3) ** 2, mesh) == pytest.approx(Integrate((x - 0.3) ** 2, moved), rel=0.05)


def _of_boundary(mesh, name):
    return [v.nr for element in mesh.Boundaries(name).Elements() for v in element.vertices]


def test_other_meshes_are_refused(refused):
    with refused("mesh has quadrilaterals", "triangles alone"):
        move_solver_mesh(square(quad_dominated=True), BUMP)
    second = unit_square.GenerateMesh(maxh=0.3)
    second.SecondOrder()
    with refused("mesh has triangles of order 2"):
        move_solver_mesh(Mesh(second), BUMP)
    surface = Mesh(unit_cube.GenerateMesh(maxh=0.5, perfstepsend=MeshingStep.MESHSURFACE))
    with refused("mesh has no cells", "tetrahedra alone"):
        move_solver_mesh(surface, BUMP)
    mesh = square()
    mesh.SetDeformation(GridFunction(H1(mesh, order=1, dim=2)))
    with refused("mesh is deformed", "UnsetDeformation"):
        move_solver_mesh(mesh, BUMP)


def test_periodic_sides_must_move_alike(refused):
    mesh = MakeStructured2DMesh(quads=False, nx=8, ny=8, periodic_x=True)
    with refused("mesh is periodic", "boundary='fixed'"):
        move_solver_mesh(mesh, ball((0.0, 0.3), 0.3, 8))
    moved, report = move_solver_mesh(mesh, ball((0.5, 0.3), 0.3, 8), boundary="fixed")
    assert report.displacement.any()
    for node in (ngsolve.VERTEX, ngsolve.EDGE):
        assert moved.GetPeriodicNodePairs(node) == mesh.GetPeriodicNodePairs(node) != []


def test_fields_that_do_not_fit_are_refused(refused):
    mesh = square(0.3)
    with refused("field is of another mesh"):
        move_solver_mesh(mesh, GridFunction(H1(square(0.3), order=1)))
    with refused("field has 2 components"):
        move_solver_mesh(mesh, gradient, of=CoefficientFunction((x, y)))
    with refused("field has 1 complex components"):
        move_solver_mesh(mesh, gradient, of=GridFunction(H1(mesh, order=1, complex=True)))
