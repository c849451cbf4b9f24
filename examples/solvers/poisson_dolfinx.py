"""Poisson's equation with dolfinx, before and after its nodes moved.

    apt install python3-dolfinx                     # Debian 12; or any dolfinx
    PYTHONPATH=. python3 examples/solvers/poisson_dolfinx.py

-laplacian(u) = f on the unit square, u a narrow peak that is known. The nodes are moved in place: spaces, functions and
forms on the mesh see the new geometry, only what was computed with the old must be computed again. The classical movers
need NumPy and SciPy alone, so that a checkout beside the solver's own interpreter will do.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import ufl
from dolfinx import fem, mesh
from dolfinx.fem.petsc import LinearProblem
from mpi4py import MPI
from petsc4py import PETSc

from simulate import move_solver_mesh
from simulate.mesh_movement import monitor

WIDTH = 0.1

domain = mesh.create_unit_square(MPI.COMM_WORLD, 20, 20)
# Newer versions of dolfinx write functionspace.
space = getattr(fem, "functionspace", fem.FunctionSpace)(domain, ("Lagrange", 1))
x = ufl.SpatialCoordinate(domain)
exact = ufl.exp(-((x[0] - 0.51) ** 2 + (x[1] - 0.65) ** 2) / WIDTH**2)
u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
stiffness = ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx
load = -ufl.div(ufl.grad(exact)) * v * ufl.dx(metadata={"quadrature_degree": 6})
# At the boundary the peak is below 1e-5.
boundary = fem.locate_dofs_geometrical(space, lambda x: np.isclose(x[:2] * (1 - x[:2]), 0).any(axis=0))
problem = LinearProblem(
    stiffness, load, bcs=[fem.dirichletbc(PETSc.ScalarType(0), boundary, space)],
    petsc_options={"ksp_type": "preonly", "pc_type": "lu"},
)  # fmt: skip


def solved():
    """The solution on the mesh as it is now, and its error in L2."""
    solution = problem.solve()
    squared = fem.form((solution - exact) ** 2 * ufl.dx(metadata={"quadrature_degree": 6}))
    return solution, float(np.sqrt(fem.assemble_scalar(squared)))


solution, before = solved()
domain, moved = move_solver_mesh(domain, partial(monitor.hessian, strength=20), of=solution, method="monge-ampere")
solution, after = solved()

print(f"dolfinx, {moved.after.nodes} nodes, {moved.method} in {moved.seconds:.2f} s")
print(f"error in L2 {before:.3e} -> {after:.3e}, {1 - after / before:.0%} less")
sys.exit(0 if after < before else 1)
