"""Nodal values carried from where the nodes were to where they are now, on a mesh whose cells stay the same."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import splu

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.interpolation import interpolated
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.operators import Operators

TRANSFERS = ("conservative", "consistent")
#: Longest way of a node in one step of a conservative transfer, in sizes of the cells about it.
LONGEST = 1.0


def transferred(old: SimplexMesh, values: FloatArray, points: FloatArray, how: str) -> FloatArray:
    """Nodal ``values (n, k)`` of ``old`` for the mesh of the same cells whose nodes are at ``points (n, d)``.

    "consistent" takes the old function at the new nodes: no new extrema, but integrals change and each move blurs.
    "conservative" keeps integrals to rounding where boundary nodes slide on straight boundaries, and constants
    everywhere; it blurs far less and may overshoot a little. Raises `ValueError` for another.
    """
    if how == "consistent":
        return interpolated(old, values, points)
    if how != "conservative":
        raise ValueError(f"transfer is {how!r}, must be one of {', '.join(map(repr, TRANSFERS))}")
    way = np.linalg.norm(points - old.points, axis=1) / old.sizes
    steps = max(1, int(np.ceil(way.max() / LONGEST)))
    for k in range(steps):
        start, end = (old.points + share * (points - old.points) for share in (k / steps, (k + 1) / steps))
        values = _swept(old, start, end, values)
    return values


def _swept(mesh: SimplexMesh, start: FloatArray, end: FloatArray, values: FloatArray) -> FloatArray:
    r"""One step of a conservative transfer of ``values (n, k)``.

    While the nodes go straight from ``start`` to ``end (n, d)`` with the velocity w, a function u that stands still has

        d/ds int psi_i u = int psi_i div(w u) = - int u w . grad psi_i        (w . n = 0 on the boundary),

    as the basis functions psi_i go with the nodes: the arbitrary Lagrangian-Eulerian form of du/dt = 0 (J. Donea et
    al., Encyclopedia of Computational Mechanics (2004), ch. 14). By the midpoint rule this is a step of
    Crank-Nicolson. Summed over i the right-hand side is zero, so that the integral of u is kept; in 2D the mass matrix
    is quadratic in s, for which the midpoint rule is exact, so that a constant is kept too (geometric conservation).
    """
    middle = Operators(SimplexMesh((start + end) / 2, mesh.cells))
    corners = mesh.dim + 1
    unit = (np.ones((corners, corners)) + np.eye(corners)) / (corners * (corners + 1))
    velocity = (end - start)[mesh.cells]
    local = np.einsum("cid,ckd,kj->cij", middle.mesh.gradients, velocity, unit)
    swept = middle.assembled(-middle.mesh.volumes[:, None, None] * local)
    before, after = (Operators(SimplexMesh(points, mesh.cells)).mass for points in (start, end))
    carried: FloatArray = splu((after - swept / 2).tocsc()).solve((before + swept / 2) @ values)
    return carried
