"""Derivatives recovered from nodal values: gradients and Hessians that are continuous and linear in each cell."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.operators import Operators

Recovery = Literal["l2", "zz"]


def recovered_gradient(mesh: SimplexMesh, values: FloatArray, recovery: Recovery = "l2") -> FloatArray:
    """``(n, d)`` gradient at the nodes of the linear function with nodal ``values (n,)``.

    Arguments:
        recovery: "l2", the L2 projection of the gradients of the cells on linear functions, or "zz", the patch
            recovery of O. C. Zienkiewicz and J. Z. Zhu, Int. J. Numer. Methods Eng. 33 (1992) 1331: about each node
            a linear function is fitted to the gradients at the centroids of its cells.
    """
    if recovery not in ("l2", "zz"):
        raise ValueError(f"recovery is {recovery!r}, must be 'l2' or 'zz'")
    in_cells = np.einsum("ckd,ck->cd", mesh.gradients, values[mesh.cells])
    if recovery == "zz":
        return _patch_recovered(mesh, in_cells)
    operators = Operators(mesh)
    loads = np.stack([mesh.gathered(mesh.volumes / (mesh.dim + 1) * column) for column in in_cells.T], axis=1)
    return np.stack([operators.mass_solved(column) for column in loads.T], axis=1)


def recovered_hessian(mesh: SimplexMesh, values: FloatArray, recovery: Recovery = "l2") -> FloatArray:
    """``(n, d, d)`` symmetric Hessian at the nodes: `recovered_gradient` twice."""
    gradient = recovered_gradient(mesh, values, recovery)
    rows = np.stack([recovered_gradient(mesh, column, recovery) for column in gradient.T], axis=1)
    hessian: FloatArray = (rows + rows.transpose(0, 2, 1)) / 2
    return hessian


def _patch_recovered(mesh: SimplexMesh, in_cells: FloatArray) -> FloatArray:
    """The value at each node of the linear function fitted to ``in_cells (c, d)`` about it."""
    n, dim, count = mesh.n, mesh.dim, len(mesh.cells)
    touches = csr_array(
        (np.ones(mesh.cells.size), (mesh.cells.ravel(), np.repeat(np.arange(count), dim + 1))), shape=(n, count)
    )
    # Patches that reach one ring further determine the fit at the boundary too.
    few = np.diff(touches.indptr) < 2 * dim + 1
    boundary = np.zeros(n, dtype=bool)
    boundary[mesh.boundary_facets] = True
    wide = ((touches @ touches.T @ touches) > 0).astype(float)
    patches = csr_array(touches + wide.multiply((few | boundary)[:, None].astype(float))).tocoo()
    node, cell = patches.coords
    centres = mesh.points[mesh.cells].mean(axis=1)
    offset = (centres[cell] - mesh.points[node]) / mesh.sizes[node, None]
    basis = np.concatenate([np.ones((len(node), 1)), offset], axis=1)
    normal = np.zeros((n, dim + 1, dim + 1))
    load = np.zeros((n, dim + 1, dim))
    np.add.at(normal, node, basis[:, :, None] * basis[:, None, :])
    np.add.at(load, node, basis[:, :, None] * in_cells[cell][:, None, :])
    # A trace of regularisation on the slopes only: what a patch cannot determine is taken as constant.
    normal[:, np.arange(1, dim + 1), np.arange(1, dim + 1)] += 1e-10 * normal[:, :1, 0]
    fitted: FloatArray = np.linalg.solve(normal, load)[:, 0].astype(float)
    return fitted
