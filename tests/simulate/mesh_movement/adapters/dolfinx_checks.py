"""Checks of the adapter in the interpreter that has dolfinx, which may have no pytest; run by test_dolfinx.py."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.meshes import checked_mesh
from simulate.mesh_movement.monitor import ball, gradient

functionspace = getattr(fem, "functionspace", fem.FunctionSpace)


def square(n=6):
    return mesh.create_unit_square(MPI.COMM_WORLD, n, n)


def cube():
    return mesh.create_unit_cube(MPI.COMM_WORLD, 3, 4, 5, mesh.CellType.tetrahedron)


def refused(words, call, *arguments, **options):
    said = ""
    try:
        call(*arguments, **options)
    except ValueError as error:
        said = str(error)
    assert words in said, said


def volume(domain):
    return fem.assemble_scalar(fem.form(fem.Constant(domain, 1.0) * ufl.dx))


def round_trip():
    for domain in (square(), cube()):
        adapter = adapter_of(domain)
        points, cells = adapter.arrays(domain)
        assert abs(checked_mesh(points, cells).volumes.sum() - 1) < 1e-12
        for family, degree in (("Lagrange", 1), ("Lagrange", 2), ("DG", 1)):
            field = fem.Function(functionspace(domain, (family, degree)))
            field.interpolate(lambda x: 3 + x[0] + 2 * x[1] + 3 * x[2])
            expected = 3 + points @ np.arange(1, points.shape[1] + 1)
            np.testing.assert_allclose(adapter.nodal(domain, field), expected, atol=1e-12)
        assert adapter.nodal(domain, expected) is None


def moved_in_place():
    for domain, centre in ((square(10), (0.4, 0.6)), (cube(), (0.4, 0.6, 0.5))):
        same, report = move_solver_mesh(domain, ball(centre, 0.3, 8), method="monge-ampere")
        assert same is domain and report.after.variation < 0.6 * report.before.variation
        points, cells = adapter_of(domain).arrays(domain)
        np.testing.assert_array_equal(points, report.points)
        assert abs(volume(domain) - 1) < 1e-12
        # dolfinx integrates over the moved cells.
        x = ufl.SpatialCoordinate(domain)
        found = fem.assemble_scalar(fem.form(x[0] ** 2 * ufl.dx))
        corners = points[cells][..., 0]
        d = points.shape[1]
        square_means = ((corners**2).sum(axis=1) + corners.sum(axis=1) ** 2) / ((d + 1) * (d + 2))
        assert abs(found - checked_mesh(points, cells).volumes @ square_means) < 1e-12


def fields():
    domain = square(16)
    field = fem.Function(functionspace(domain, ("Lagrange", 2)))
    field.interpolate(lambda x: np.tanh(15 * (x[0] - 0.4)))
    _, report = move_solver_mesh(domain, gradient, of=field, method="monge-ampere")
    assert report.after.variation < 0.5 * report.before.variation


def other_cells():
    quads = mesh.create_unit_square(MPI.COMM_WORLD, 3, 3, mesh.CellType.quadrilateral)
    refused("kind quadrilateral", move_solver_mesh, quads, ball((0.5, 0.5), 0.2))
    refused("kind interval", move_solver_mesh, mesh.create_unit_interval(MPI.COMM_WORLD, 3), ball((0.5,), 0.2))


def other_fields():
    domain, other = square(), square()
    refused("another mesh", move_solver_mesh, domain, gradient, of=fem.Function(functionspace(other, ("Lagrange", 1))))
    vector = fem.Function(fem.VectorFunctionSpace(domain, ("Lagrange", 1)))
    refused("2 a node", move_solver_mesh, domain, gradient, of=vector)


def node_numbers():
    """A node of the geometry, not a degree of freedom, is held."""
    domain = square(8)
    points, _ = adapter_of(domain).arrays(domain)
    node = int(np.linalg.norm(points - 0.5, axis=1).argmin())
    _, report = move_solver_mesh(domain, ball((0.4, 0.6), 0.2, 8), method="monge-ampere", fixed=[node])
    assert np.allclose(domain.geometry.x[node, :2], 0.5) and report.displacement.any()


warnings.simplefilter("error", UserWarning)
checks = (round_trip, moved_in_place, fields, other_cells, other_fields, node_numbers)
for check in checks:
    check()
sys.stdout.write(f"{len(checks)} checks passed\n")
