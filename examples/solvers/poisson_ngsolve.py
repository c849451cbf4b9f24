"""Poisson's equation with NGSolve, before and after its nodes moved.

    pip install 'structgen-webs[ngsolve]'
    python examples/solvers/poisson_ngsolve.py

-laplacian(u) = f on the unit square, u a front that is known. The moved mesh is a new one: make spaces and functions
on it anew. Elements of higher order can be used on it; nodes move by what linear elements need.
"""

from __future__ import annotations

import sys
from functools import partial

from netgen.geom2d import unit_square
from ngsolve import H1, BilinearForm, GridFunction, Integrate, LinearForm, Mesh, atan, dx, grad, sqrt, x, y

from simulate import move_solver_mesh
from simulate.mesh_movement import monitor

# A circular front; f follows by NGSolve's own differentiation.
exact = atan(40 * (sqrt((x + 0.05) ** 2 + (y + 0.05) ** 2) - 0.7))
source = -(exact.Diff(x).Diff(x) + exact.Diff(y).Diff(y))


def solved(mesh):
    """The solution, and its error in L2."""
    space = H1(mesh, order=1, dirichlet=".*")
    u, v = space.TnT()
    stiffness = BilinearForm(grad(u) * grad(v) * dx).Assemble()
    load = LinearForm(source * v * dx(bonus_intorder=8)).Assemble()
    solution = GridFunction(space)
    solution.Set(exact, definedon=mesh.Boundaries(".*"))
    residual = load.vec - stiffness.mat * solution.vec
    solution.vec.data += stiffness.mat.Inverse(space.FreeDofs()) * residual
    return solution, Integrate((solution - exact) ** 2 * dx(bonus_intorder=8), mesh) ** 0.5


mesh = Mesh(unit_square.GenerateMesh(maxh=0.05))
solution, before = solved(mesh)
mesh, moved = move_solver_mesh(mesh, partial(monitor.hessian, strength=10), of=solution)
solution, after = solved(mesh)

print(f"NGSolve, {moved.after.nodes} nodes, {moved.method} in {moved.seconds:.2f} s")
print(f"error in L2 {before:.3e} -> {after:.3e}, {1 - after / before:.0%} less")
sys.exit(0 if after < before else 1)
