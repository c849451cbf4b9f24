"""Meshes of FiPy."""

from __future__ import annotations

import numpy as np
import pytest

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.monitor import ball, gradient

fipy = pytest.importorskip("fipy", reason="needs FiPy: pip install 'structgen-webs[fipy]'")
from fipy import CellVariable, FaceVariable, Grid1D, Grid2D, Grid3D, SkewedGrid2D, Tri2D  # noqa: E402
from fipy.meshes.mesh2D import Mesh2D  # noqa: E402

BUMP = ball((0.4, 0.6), 0.2, 8)
MIXED = Grid2D(nx=2, ny=2) + Tri2D(nx=2, ny=2).__add__(((2.0,), (0.0,)))


def square(n=6):
    return Tri2D(nx=n, ny=n, dx=1 / n, dy=1 / n)


def of_cells(points, cells):
    """A Mesh2D of triangles, faces and cells in any order and sense, as a reader of files would make it."""
    edges = np.sort(cells[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    faces, of_cell = np.unique(edges, axis=0, return_inverse=True)
    swapped = faces.copy()
    swapped[::2] = faces[::2, ::-1]
    return Mesh2D(points.T, swapped.T, of_cell.reshape(-1, 3).T)


def of_centres(mesh):
    centres = np.asarray(mesh.cellCenters)
    return CellVariable(mesh=mesh, value=3 + centres[0] + 2 * centres[1])


def test_meshes_and_fields(keeps_to_the_contract, arrays):
    for mesh in (square(), of_cells(*arrays("square", 5))):
        moved, _, new = keeps_to_the_contract(mesh, of_centres(mesh))
        assert type(moved) is Mesh2D and moved.numberOfCells == mesh.numberOfCells
        cells = adapter_of(moved).arrays(moved)[1]
        np.testing.assert_allclose(np.asarray(moved.cellCenters).T, new[cells].mean(axis=1), atol=1e-12)
        assert np.asarray(moved.cellVolumes).sum() == pytest.approx(1)
        np.testing.assert_array_equal(moved.exteriorFaces.value, mesh.exteriorFaces.value)
        # Normals of the boundary point outward.
        outward = np.asarray(moved.faceNormals) * (np.asarray(moved.faceCenters) - 0.5)
        assert (outward.sum(axis=0)[moved.exteriorFaces.value] > 0).all()


def test_a_linear_function_is_solved_on_the_moved_mesh():
    mesh, report = move_solver_mesh(square(8), BUMP)
    assert report.after.variation < 0.4 * report.before.variation
    u = CellVariable(mesh=mesh)
    speed = FaceVariable(mesh=mesh, rank=1, value=((1.0,), (0.0,)))
    u.constrain(mesh.faceCenters[1], where=mesh.exteriorFaces)
    fipy.UpwindConvectionTerm(coeff=speed).solve(var=u, solver=fipy.LinearLUSolver())
    # Along the flow nothing changes: between 0 and 1, growing upward.
    assert np.corrcoef(u.value, np.asarray(mesh.cellCenters)[1])[0, 1] > 0.98


def test_a_variable_as_monitor_and_as_solution():
    mesh = square(16)
    centres = np.asarray(mesh.cellCenters).T
    level = CellVariable(mesh=mesh, value=BUMP(centres))
    _, report = move_solver_mesh(mesh, level)
    assert report.after.variation < 0.5 * report.before.variation
    _, other = move_solver_mesh(mesh, 2 * level)  # an expression of variables
    np.testing.assert_allclose(other.points, report.points, atol=1e-6)
    steep = CellVariable(mesh=mesh, value=np.tanh(15 * (centres[:, 0] - 0.4)))
    _, report = move_solver_mesh(mesh, gradient, of=steep)
    assert report.after.variation < 0.5 * report.before.variation


def test_nodal_values_of_a_positive_variable_are_positive():
    mesh = square(10)
    centres = np.asarray(mesh.cellCenters)
    spike = CellVariable(mesh=mesh, value=np.where(np.abs(centres[0] - 0.5) < 0.05, 1e3, 1.0))
    nodal = adapter_of(mesh).nodal(mesh, spike)
    assert (nodal > 0).all() and nodal.max() > 500
    assert move_solver_mesh(mesh, spike)[1].after.inverted == 0


@pytest.mark.parametrize(
    "mesh", [Grid2D(nx=3, ny=3), SkewedGrid2D(nx=3, ny=3), Grid1D(nx=3), Grid3D(nx=2, ny=2, nz=2),
             MIXED],
    ids=["grid", "skewed", "line", "space", "mixed"],
)  # fmt: skip
def test_other_cells_are_refused(refused, mesh):
    with refused("mesh is a", "of FiPy", "only triangles"):
        move_solver_mesh(mesh, BUMP)


def test_fields_that_do_not_fit_are_refused(refused):
    mesh = square()
    with refused("field is of another mesh"):
        move_solver_mesh(mesh, of_centres(square()))
    for field in (FaceVariable(mesh=mesh, value=1.0), CellVariable(mesh=mesh, rank=1), fipy.Variable(1.0)):
        with refused("field is a", "CellVariable of one number a cell"):
            move_solver_mesh(mesh, gradient, of=field)
