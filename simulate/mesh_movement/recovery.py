"""Derivatives recovered from nodal values: gradients and Hessians that are continuous and linear in each cell."""

from __future__ import annotations

from itertools import permutations
from typing import Literal

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import SimplexMesh, cell_means
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
        return patch_recovered(mesh, in_cells)
    operators = Operators(mesh)
    loads = np.stack([mesh.gathered(mesh.volumes / (mesh.dim + 1) * column) for column in in_cells.T], axis=1)
    return np.stack([operators.mass_solved(column) for column in loads.T], axis=1)


def recovered_hessian(mesh: SimplexMesh, values: FloatArray, recovery: Recovery = "l2") -> FloatArray:
    """``(n, d, d)`` symmetric Hessian at the nodes: `recovered_gradient` twice."""
    gradient = recovered_gradient(mesh, values, recovery)
    rows = np.stack([recovered_gradient(mesh, column, recovery) for column in gradient.T], axis=1)
    hessian: FloatArray = (rows + rows.transpose(0, 2, 1)) / 2
    return hessian


def patch_recovered(mesh: SimplexMesh, in_cells: FloatArray) -> FloatArray:
    """``(n, k)`` the value at each node of the linear function fitted to ``in_cells (c, k)`` about it.

    A patch at the boundary lies on one side of its node, which costs an order of accuracy: nodes there take the mean
    of the functions fitted about their neighbours inside, and corners that of theirs.
    """
    n, dim = mesh.n, mesh.dim
    centres = cell_means(mesh.points, mesh.cells)
    offset = (centres[:, None] - mesh.points[mesh.cells]) / mesh.sizes[mesh.cells][:, :, None]
    basis = np.concatenate([np.ones((*offset.shape[:2], 1)), offset], axis=2)
    normal = np.zeros((n, dim + 1, dim + 1))
    load = np.zeros((n, dim + 1, in_cells.shape[1]))
    np.add.at(normal, mesh.cells, basis[..., :, None] * basis[..., None, :])
    np.add.at(load, mesh.cells, basis[..., :, None] * in_cells[:, None, None, :])
    # A trace of regularisation on the slopes only: what a patch cannot determine is taken as constant.
    normal[:, np.arange(1, dim + 1), np.arange(1, dim + 1)] += 1e-10 * normal[:, :1, 0]
    fitted = np.linalg.solve(normal, load)
    value: FloatArray = fitted[:, 0].astype(float)
    slope = fitted[:, 1:] / mesh.sizes[:, None, None]
    good = np.ones(n, dtype=bool)
    good[mesh.boundary_facets] = False
    one, other = mesh.cells[:, list(permutations(range(dim + 1), 2))].reshape(-1, 2).T
    while good.any() and not good.all():
        wanted = good[other] & ~good[one]
        at, of = one[wanted], other[wanted]
        step = mesh.points[at] - mesh.points[of]
        count = np.bincount(at, minlength=n)
        new = count > 0
        if not new.any():
            break
        for array, term in ((value, value[of] + np.einsum("pa,pab->pb", step, slope[of])), (slope, slope[of])):
            total = np.zeros_like(array)
            np.add.at(total, at, term)
            array[new] = total[new] / count[new].reshape(-1, *[1] * (array.ndim - 1))
        good |= new
    return value
