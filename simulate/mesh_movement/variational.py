r"""The variational mover: Huang's functional, the robust path.

Let F be the gradient of the map from the mesh at the start to the moved one in a cell K, J its inverse, and m the
monitor. The moved mesh makes small

    I = sum over K of |K| m^(1 - p) [ theta tr(J J^T)^(d p / 2) + (1 - 2 theta) d^(d p / 2) det(J)^p ],

alignment (cells keep their shape) and equidistribution: W. Huang, J. Comput. Phys. 174 (2001) 903, for the metric
m^(2/d) I, in the discrete form of W. Huang and L. Kamenski, J. Comput. Phys. 301 (2015) 322. |K| is the volume of the
moved cell. A cell that becomes flat makes I infinite, so a descent that starts valid stays valid.

The descent is L-BFGS whose first matrix is the inverse of the stiffness matrix of m^(1 - p) tr(J J^T)^(d p / 2) on the
moved mesh, without which the number of steps grows with the number of nodes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import block_diag, csr_array

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import BoolArray, FloatArray
from simulate.mesh_movement.limiter import FLOOR, first_root, path_polynomials
from simulate.mesh_movement.meshes import (
    SimplexMesh,
    basis_gradients,
    cell_means,
    determinants,
    edge_matrices,
    small_determinants,
)
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.sampling import Field
from simulate.mesh_movement.solvers import Solver, prepared

#: Exponent p > 1 and weight theta in 0..1/2 of alignment.
EXPONENT, ALIGNMENT = 1.5, 0.1
#: Pairs of steps and gradients kept; steps between two matrices.
MEMORY, REBUILD = 8, 15
#: The descent also ends when this many steps lowered the functional by less than this share of all that it fell.
PATIENCE, PROGRESS = 10, 0.01
#: A decrease below this share of the functional is rounding.
ROUNDING = 1e-14


@dataclass(frozen=True)
class Descent:
    """What the descent found: the points ``(n, d)``, steps taken, the first decrease, and whether the gradient came
    below the tolerance or the functional stopped falling."""

    points: FloatArray
    iterations: int
    first: float
    converged: bool


class Variational:
    """The mover on one mesh; keeps what depends on it alone."""

    def __init__(self, mesh: SimplexMesh, boundary: Boundary, operators: Operators) -> None:
        self.mesh, self.boundary, self.operators = mesh, boundary, operators
        self._inverse = np.linalg.inv(edge_matrices(mesh.points, mesh.cells))

    @cached_property
    def _bases(self) -> list[Any]:
        """Of all nodes, and, where there are curved pieces of the boundary, with the nodes on them held."""
        curved = np.isin(self.boundary.nodes, np.concatenate([[-1], *(nodes for nodes, _ in self.boundary.pieces)]))
        return [self._basis(held) for held in ([np.zeros_like(curved), curved] if curved.any() else [curved])]

    def _basis(self, held: BoolArray) -> Any:
        """``(n d, free)`` matrix whose columns are the ways in which nodes may move."""
        dim = self.mesh.dim
        values, vectors = np.linalg.eigh(self.boundary.tangents)
        on = (values > 0.5) & ~held[:, None]
        moves = np.ones((self.mesh.n, dim), dtype=bool)
        moves[self.boundary.nodes] = on
        directions = np.broadcast_to(np.eye(dim), (self.mesh.n, dim, dim)).copy()
        directions[self.boundary.nodes] = vectors
        node, which = np.nonzero(moves)
        rows = (node[:, None] * dim + np.arange(dim)).ravel()
        columns = np.repeat(np.arange(len(node)), dim)
        data = directions[node, :, which].ravel()
        return csr_array((data, (rows, columns)), shape=(self.mesh.n * dim, len(node)))

    def solve(self, field: Field, tolerance: float, max_iterations: int, start: FloatArray | None = None) -> Descent:
        """Descend from ``start (n, d)``, a valid mesh, or from the mesh, until the preconditioned gradient is
        ``tolerance`` of what it was at first, or the functional hardly falls.

        Along a curved boundary of straight pieces the functional has kinks, at which the descent may get stuck; it
        then goes on with the nodes of curved pieces where they are.
        """
        points = self.mesh.points if start is None else start
        used, first = 0, 0.0
        for basis in self._bases:
            found = self._descended(points, basis, field, tolerance, max_iterations - used, first)
            points, used = found.points, used + found.iterations
            first = max(first, found.first)
            if found.converged or used >= max_iterations:
                break
        return replace(found, iterations=used)

    def _descended(
        self, points: FloatArray, basis: Any, field: Field, tolerance: float, max_iterations: int, first: float
    ) -> Descent:
        energy, gradient = self.energy(points, field)
        reduced = basis.T @ gradient.ravel()
        memory: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=MEMORY)
        matrix, solve = self._preconditioner(points, basis, field)
        scale = 1.0
        done, stuck = 0, False
        energies = [energy]
        while True:
            step = -_two_loops(reduced, memory, solve, scale)
            slope = -float(step @ reduced)
            first = max(first, slope) if done == 0 else first
            slow = done >= PATIENCE and energies[-1 - PATIENCE] - energy <= PROGRESS * (energies[0] - energy)
            converged = slow or slope <= tolerance**2 * first or slope <= ROUNDING * abs(energy)
            if converged or done >= max_iterations:
                return Descent(points, done, first, converged)
            moved = self._searched(points, (basis @ step).reshape(points.shape), slope, energy, field)
            done += 1
            if moved is None and stuck:
                return Descent(points, done, first, False)
            if moved is not None:
                new, energy, gradient = moved
                after = basis.T @ gradient.ravel()
                taken, change = basis.T @ (new - points).ravel(), after - reduced
                if taken @ change > 1e-10 * np.linalg.norm(taken) * np.linalg.norm(change):
                    memory.append((taken, change))
                    # The length of the last step over what the matrix alone would give.
                    scale = float(taken @ (matrix @ taken)) / float(taken @ change)
                points, reduced = new, after
            # Where the search failed the memory may mislead; the matrix alone gives a direction of descent.
            energies.append(energy)
            stuck = moved is None
            if stuck or done % REBUILD == 0:
                memory.clear()
                matrix, solve = self._preconditioner(points, basis, field)

    def _searched(
        self, points: FloatArray, step: FloatArray, slope: float, energy: float, field: Field
    ) -> tuple[FloatArray, float, FloatArray] | None:
        """New points along ``step`` with enough less energy, their energy and gradient; None where there are none."""
        edges = edge_matrices(points, self.mesh.cells)
        length = 1.0
        root = first_root(path_polynomials(edges, edge_matrices(step, self.mesh.cells))).min()
        if root <= 1:
            length = 0.8 * float(root)
        rests = (step == 0).all(axis=1, keepdims=True)
        least = FLOOR * self.mesh.determinants
        for _ in range(12):
            tried = np.where(rests, points, self.boundary.placed(points + length * step))
            if (determinants(tried, self.mesh.cells) > least).all():
                lower, gradient = self.energy(tried, field)
                if lower <= energy - 1e-4 * length * slope:
                    return tried, lower, gradient
            length /= 2
        return None

    def energy(self, points: FloatArray, field: Field) -> tuple[float, FloatArray]:
        """The functional of a valid mesh ``points (n, d)``, and its gradient ``(n, d)``."""
        mesh, dim, p = self.mesh, self.mesh.dim, EXPONENT
        monitor = cell_means(field.values(points), mesh.cells)
        weight = mesh.volumes * monitor ** (1 - p)
        stretch = edge_matrices(points, mesh.cells) @ self._inverse
        det = small_determinants(stretch)
        inverse = np.linalg.inv(stretch)
        norm = (inverse**2).sum(axis=(1, 2))
        q = dim * p / 2
        aligned, even = ALIGNMENT * norm**q, (1 - 2 * ALIGNMENT) * dim**q * det ** (-p)
        density = det * (aligned + even)
        # d tr(J J^T) = -2 J^T J J^T : dF, d det F = det F J^T : dF.
        transposed = inverse.transpose(0, 2, 1)
        turned = transposed @ inverse @ transposed
        stress = (density - p * det * even)[:, None, None] * transposed
        stress -= (2 * q * det * aligned / norm)[:, None, None] * turned
        forces = weight[:, None, None] * (mesh.gradients @ stress.transpose(0, 2, 1))
        gradient = np.stack([mesh.scattered(forces[:, :, axis]) for axis in range(dim)], axis=1)
        pull = mesh.gathered((1 - p) * weight / monitor * density / (dim + 1))
        gradient += pull[:, None] * field.slopes(points)
        return float(weight @ density), gradient

    def _preconditioner(self, points: FloatArray, basis: Any, field: Field) -> tuple[Any, Solver]:
        mesh, dim = self.mesh, self.mesh.dim
        monitor = cell_means(field.values(points), mesh.cells)
        inverse = np.linalg.inv(edge_matrices(points, mesh.cells) @ self._inverse)
        norm = (inverse**2).sum(axis=(1, 2))
        volume = determinants(points, mesh.cells) / mesh.determinants * mesh.volumes
        scale = volume * monitor ** (1 - EXPONENT) * norm ** (dim * EXPONENT / 2)
        slopes = basis_gradients(points, mesh.cells)
        matrix = self.operators.assembled(scale[:, None, None] * (slopes @ slopes.transpose(0, 2, 1)))
        spread = block_diag([matrix] * dim, format="csr")
        # From one block an axis to the coordinates of one node after another.
        order = (np.arange(mesh.n)[:, None] + mesh.n * np.arange(dim)).ravel()
        matrix = basis.T @ spread[order][:, order] @ basis
        return matrix, prepared(matrix, dim, 1e-3)


def _two_loops(
    gradient: FloatArray, memory: deque[tuple[FloatArray, FloatArray]], solve: Solver, scale: float
) -> FloatArray:
    """The inverse Hessian of L-BFGS times ``gradient``: J. Nocedal, Math. Comp. 35 (1980) 773."""
    q = gradient.copy()
    shares = []
    for step, change in reversed(memory):
        share = float(step @ q) / float(step @ change)
        shares.append(share)
        q -= share * change
    q = scale * solve(q)
    for (step, change), share in zip(memory, reversed(shares), strict=True):
        q += (share - float(change @ q) / float(step @ change)) * step
    return q
