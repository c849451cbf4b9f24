"""Poisson's equation by way of files, before and after the nodes moved: for a solver that has no adapter.

    pip install 'structgen-webs[solvers]'
    python examples/solvers/poisson_files.py

The solver (here scikit-fem in a function that only reads and writes files) leaves a mesh with its solution u in a file;
meshio reads it, the nodes are moved, and the solver reads the mesh again. On the command line the same is

    structgen mesh move solution.vtu --monitor hessian:u --strength 20 -o moved.vtu
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import meshio
import numpy as np
import skfem
from skfem.helpers import dot, grad

from simulate import move_solver_mesh
from simulate.mesh_movement import monitor

WIDTH = 0.1


def exact(x):
    return np.exp(-((x[0] - 0.51) ** 2 + (x[1] - 0.65) ** 2) / WIDTH**2)


def solver(mesh_file, solution_file):
    """-laplacian(u) = f on the mesh of a file, u a narrow peak that is known; the error in L2."""
    mesh = meshio.read(mesh_file)
    cells = np.ascontiguousarray(mesh.cells_dict["triangle"].T.astype(np.int64))
    basis = skfem.Basis(
        skfem.MeshTri(np.ascontiguousarray(mesh.points[:, :2].T), cells), skfem.ElementTriP1(), intorder=6
    )

    @skfem.BilinearForm
    def stiffness(u, v, _):
        return dot(grad(u), grad(v))

    @skfem.LinearForm
    def load(v, w):
        squared = (w.x[0] - 0.51) ** 2 + (w.x[1] - 0.65) ** 2
        return (4 / WIDTH**2 - 4 * squared / WIDTH**4) * exact(w.x) * v

    @skfem.Functional
    def squared_error(w):
        return (w["u"] - exact(w.x)) ** 2

    given = exact(basis.doflocs)
    u = skfem.solve(*skfem.condense(stiffness.assemble(basis), load.assemble(basis), x=given, D=basis.get_dofs()))
    meshio.Mesh(mesh.points, mesh.cells, point_data={"u": u}).write(solution_file)
    return float(np.sqrt(squared_error.assemble(basis, u=basis.interpolate(u))))


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    square = skfem.MeshTri().refined(4)
    points = np.pad(square.p.T, ((0, 0), (0, 1)))
    meshio.Mesh(points, [("triangle", square.t.T)]).write(folder / "mesh.vtu")
    before = solver(folder / "mesh.vtu", folder / "solution.vtu")
    mesh, moved = move_solver_mesh(meshio.read(folder / "solution.vtu"), partial(monitor.hessian, strength=20), of="u")
    mesh.write(folder / "moved.vtu")
    after = solver(folder / "moved.vtu", folder / "solution.vtu")

print(f"files, {moved.after.nodes} nodes, {moved.method} in {moved.seconds:.2f} s")
print(f"error in L2 {before:.3e} -> {after:.3e}, {1 - after / before:.0%} less")
sys.exit(0 if after < before else 1)
