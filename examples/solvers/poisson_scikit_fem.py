"""Poisson's equation with scikit-fem, before and after its nodes moved.

    pip install 'structgen-webs[solvers]'
    python examples/solvers/poisson_scikit_fem.py

-laplacian(u) = f on the unit square, u a narrow peak that is known. The monitor is large where the Hessian of the
solution found is: there linear elements are least accurate, and there nodes are drawn to.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import skfem
from skfem.helpers import dot, grad

from simulate import move_solver_mesh
from simulate.mesh_movement import monitor

WIDTH = 0.1


def exact(x):
    return np.exp(-((x[0] - 0.51) ** 2 + (x[1] - 0.65) ** 2) / WIDTH**2)


def source(x):
    squared = (x[0] - 0.51) ** 2 + (x[1] - 0.65) ** 2
    return (4 / WIDTH**2 - 4 * squared / WIDTH**4) * exact(x)


@skfem.BilinearForm
def stiffness(u, v, _):
    return dot(grad(u), grad(v))


@skfem.LinearForm
def load(v, w):
    return source(w.x) * v


@skfem.Functional
def squared_error(w):
    return (w["u"] - exact(w.x)) ** 2


def solved(mesh):
    """The solution as a basis and its vector, and its error in L2."""
    basis = skfem.Basis(mesh, skfem.ElementTriP1(), intorder=6)
    given = exact(basis.doflocs)
    u = skfem.solve(*skfem.condense(stiffness.assemble(basis), load.assemble(basis), x=given, D=basis.get_dofs()))
    return (basis, u), float(np.sqrt(squared_error.assemble(basis, u=basis.interpolate(u))))


mesh = skfem.MeshTri().refined(4)
solution, before = solved(mesh)
mesh, moved = move_solver_mesh(mesh, partial(monitor.hessian, strength=20), of=solution)
solution, after = solved(mesh)

print(f"scikit-fem, {moved.after.nodes} nodes, {moved.method} in {moved.seconds:.2f} s")
print(f"error in L2 {before:.3e} -> {after:.3e}, {1 - after / before:.0%} less")
sys.exit(0 if after < before else 1)
