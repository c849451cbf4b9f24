"""Gradients from quadratics fitted to nodal values: of second order on any mesh, also at boundaries.

Polynomial-preserving recovery: Z. Zhang and A. Naga, SIAM J. Sci. Comput. 26 (2005) 1192. About each node a quadratic
is fitted, by least squares, to the values at the nodes of its cells; where those are too few, or lie on one side as at
boundaries, also at the nodes of the next ring. The mean of the gradients of the cells of a node, which is cheaper, is
off by the order of a cell wherever these do not lie evenly about it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from simulate.mesh_movement.meshes import SimplexMesh

#: Share of the trace added to the normal matrices, and the size of an inverse from which a fit counts as undetermined.
TRACE, UNDETERMINED = 1e-13, 1e7


def fitted_gradient(mesh: SimplexMesh) -> list[Any]:
    """For each axis the ``(n, n)`` matrix that gives the derivative at the nodes of nodal values."""
    n, dim = mesh.n, mesh.dim
    terms = (dim + 1) * (dim + 2) // 2
    at, of = _patches(mesh, terms + 1)
    offset = (mesh.points[of] - mesh.points[at]) / mesh.sizes[at, None]
    squares = [offset[:, a] * offset[:, b] for a in range(dim) for b in range(a, dim)]
    basis = np.column_stack([np.ones(len(at)), offset, *squares])
    normal = np.zeros((n, terms, terms))
    for i in range(terms):
        for j in range(i, terms):
            normal[:, i, j] = normal[:, j, i] = np.bincount(at, basis[:, i] * basis[:, j], n)
    trace = np.trace(normal, axis1=1, axis2=2)
    inverse = np.linalg.inv(normal + TRACE * trace[:, None, None] * np.eye(terms))
    # Where the nodes lie on a conic the smallest of the quadratics that fit is taken.
    loose = np.abs(inverse).max(axis=(1, 2)) * trace > UNDETERMINED
    inverse[loose] = np.linalg.pinv(normal[loose], rcond=1 / UNDETERMINED, hermitian=True)
    slopes = np.einsum("pdt,pt->pd", inverse[at, 1 : dim + 1], basis) / mesh.sizes[at, None]
    return [csr_array((column, (at, of)), shape=(n, n)) for column in slopes.T]


def _patches(mesh: SimplexMesh, least: int) -> tuple[Any, Any]:
    """Pairs of a node and a node of its patch, itself included: its ring, and the next where it is needed."""
    n, k = mesh.n, mesh.dim + 1
    cells = csr_array(
        (np.ones(mesh.cells.size), (mesh.cells.ravel(), np.repeat(np.arange(len(mesh.cells)), k))),
        shape=(n, len(mesh.cells)),
    )
    ring = csr_array(cells @ cells.T)
    few = np.diff(ring.indptr) < least
    few[mesh.boundary_facets] = True
    here = np.flatnonzero(few)
    wide = csr_array((np.ones(len(here)), (here, here)), shape=(n, n)) @ ring @ ring
    pairs = (ring + wide).tocoo()
    return pairs.row, pairs.col
