"""Advection with FiPy, before and after its nodes moved.

    pip install 'structgen-webs[fipy]'
    python examples/solvers/advection_fipy.py

b . grad(u) - 0.001 laplacian(u) = f on the unit square by finite volumes, u a front along b that is known. Upwinding
smears the front over some cells, so the monitor is large where u is steep. FiPy's values are those of cells; they are
taken to the nodes for it. The moved mesh is a new one: make variables on it anew.

Where diffusion rules, FiPy is best left on meshes that are as regular as can be: its flux through a face is along the
line between the centres of the cells on its sides, which is wrong where faces are askew to it, as they are where nodes
moved.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
from fipy import CellVariable, DiffusionTerm, LinearLUSolver, PowerLawConvectionTerm, Tri2D

from simulate import move_solver_mesh
from simulate.mesh_movement import monitor

ANGLE, STEEPNESS, DIFFUSION = np.radians(25), 20.0, 1e-3


def exact(x, y):
    return np.tanh(STEEPNESS * (np.cos(ANGLE) * (y - 0.5) - np.sin(ANGLE) * (x - 0.5)))


def source(x, y):
    u = exact(x, y)
    return 2 * DIFFUSION * STEEPNESS**2 * u * (1 - u**2)


def solved(mesh):
    """The solution, and its error in L2, at the centres of cells."""
    u = CellVariable(mesh=mesh)
    u.constrain(exact(*np.asarray(mesh.faceCenters)), where=mesh.exteriorFaces)
    centres = np.asarray(mesh.cellCenters)
    advection = PowerLawConvectionTerm(coeff=[np.cos(ANGLE), np.sin(ANGLE)])
    equation = advection - DiffusionTerm(coeff=DIFFUSION) == CellVariable(mesh=mesh, value=source(*centres))
    equation.solve(var=u, solver=LinearLUSolver())
    return u, float(np.sqrt(((u.value - exact(*centres)) ** 2 * np.asarray(mesh.cellVolumes)).sum()))


mesh = Tri2D(nx=20, ny=20, dx=0.05, dy=0.05)
solution, before = solved(mesh)
mesh, moved = move_solver_mesh(mesh, partial(monitor.arc_length, strength=5), of=solution)
solution, after = solved(mesh)

print(f"FiPy, {moved.after.nodes} nodes, {moved.after.cells} cells, {moved.method} in {moved.seconds:.2f} s")
print(f"error in L2 {before:.3e} -> {after:.3e}, {1 - after / before:.0%} less")
sys.exit(0 if after < before else 1)
