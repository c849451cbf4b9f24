"""Operators of linear finite elements on a simplex mesh, assembled once and kept."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.fitting import fitted_gradient
from simulate.mesh_movement.meshes import SimplexMesh


class Operators:
    """What the movers need of ``mesh``; matrices share one sparsity pattern."""

    def __init__(self, mesh: SimplexMesh) -> None:
        self.mesh = mesh

    @cached_property
    def _pattern(self) -> tuple[IntArray, IntArray, IntArray]:
        """Index pointers, row indices and, for each entry of the cells' matrices in turn, its place in the data."""
        mesh, k = self.mesh, self.mesh.dim + 1
        rows = np.repeat(mesh.cells, k, axis=1).ravel()
        columns = np.tile(mesh.cells, k).ravel()
        key = columns * mesh.n + rows
        unique, place = np.unique(key, return_inverse=True)
        pointers = np.searchsorted(unique, np.arange(mesh.n + 1) * mesh.n)
        return pointers, unique % mesh.n, place.ravel()

    def assembled(self, local: FloatArray) -> Any:
        """The ``(n, n)`` matrix with the sum of the cells' ``local (c, d + 1, d + 1)``."""
        pointers, rows, place = self._pattern
        data = np.bincount(place, local.ravel(), len(rows))
        return csc_array((data, rows, pointers), shape=(self.mesh.n, self.mesh.n))

    def stiffness(self, tensors: FloatArray) -> Any:
        """The matrix of the integrals of grad psi_i . A grad psi_j for symmetric ``tensors (c, d, d)``."""
        g = self.mesh.gradients
        scaled = (self.mesh.volumes[:, None, None] * g) @ tensors
        return self.assembled(scaled @ g.transpose(0, 2, 1))

    @cached_property
    def mass(self) -> Any:
        """The consistent mass matrix."""
        k = self.mesh.dim + 1
        unit = (np.ones((k, k)) + np.eye(k)) / (k * (k + 1))
        return csr_array(self.assembled(self.mesh.volumes[:, None, None] * unit))

    @cached_property
    def laplacian(self) -> Any:
        """The stiffness matrix of the Laplacian."""
        return self.stiffness(
            np.broadcast_to(np.eye(self.mesh.dim), (len(self.mesh.cells), self.mesh.dim, self.mesh.dim))
        )

    def mass_solved(self, load: FloatArray, steps: int = 40, tolerance: float = 1e-10) -> FloatArray:
        """``(n,)`` solution of mass x = ``load (n,)``: conjugate gradients scaled by the diagonal.

        The scaled matrix has its spectrum in [1/2, (d + 2)/2] on any mesh (A. J. Wathen, IMA J. Numer. Anal. 7
        (1987) 449), so that a dozen steps do.
        """
        scale = 1 / self.mass.diagonal()
        x: FloatArray = scale * load
        r = load - self.mass @ x
        z = scale * r
        p, rz = z, float(r @ z)
        stop = tolerance**2 * float(load @ (scale * load))
        for _ in range(steps):
            if rz <= stop:
                break
            q = self.mass @ p
            a = rz / float(p @ q)
            x, r = x + a * p, r - a * q
            z = scale * r
            rz, before = float(r @ z), rz
            p = z + rz / before * p
        return x

    @cached_property
    def gradient(self) -> list[Any]:
        """For each axis the ``(c, n)`` matrix that gives the derivative in each cell of nodal values."""
        mesh, k = self.mesh, self.mesh.dim + 1
        pointers = np.arange(len(mesh.cells) + 1) * k
        return [
            csr_array(
                (mesh.gradients[:, :, axis].ravel(), mesh.cells.ravel(), pointers), shape=(len(mesh.cells), mesh.n)
            )
            for axis in range(mesh.dim)
        ]

    @cached_property
    def divergence(self) -> list[Any]:
        """For each axis the ``(n, c)`` matrix of the integrals of d psi_i times what is constant in each cell."""
        return [csr_array((matrix * self.mesh.volumes[:, None]).T) for matrix in self.gradient]

    @cached_property
    def fitted_gradient(self) -> list[Any]:
        """For each axis the ``(n, n)`` matrix that gives the derivative at the nodes of nodal values."""
        return fitted_gradient(self.mesh)
