r"""The Monge-Ampere mover.

A potential phi on the mesh at the start, whose points are xi, gives the map x = xi + grad phi, and

    m(x) det(I + H(phi)) = theta,    theta = integral of m det(I + H) / volume,    d phi / dn = 0 on the boundary,

spreads the monitor m evenly: C. J. Budd, R. D. Russell and E. Walsh, J. Comput. Phys. 282 (2015) 540; A. T. T. McRae,
C. J. Cotter and C. J. Budd, SIAM J. Sci. Comput. 40 (2018) A1121 (MCB). Linear elements. The Hessian is recovered by
L2 projection with *lumped* mass, which needs no solve and does not overshoot at steep monitors, as the consistent one
does; the gradient, which moves the nodes, by fitted quadratics, because the lumped projection is off by the order of a
cell on irregular meshes and inverts cells; the residual is integrated by a rule of degree 2, because lumping it there
costs accuracy.

**Newton.** The linearisation is d -> div(m cof(I + H) grad d) exactly: the terms with grad m cancel, because the rows
of a cofactor matrix are free of divergence. So each step solves a symmetric positive-definite system, where the
eigenvalues of I + H are kept above a bound. As the residual is weighted with the consistent mass M and H recovered with
the lumped one L, the discrete linearisation is near M L^-1 K, K the stiffness matrix of the operator above; a step
solves K d = L M^-1 r.

**Relaxation** (MCB): K of the Laplacian, a step of fixed length; slower and more robust.

**Continuation.** Where Newton's method does not come down to the tolerance, it starts again with m^s, s in steps
up to 1, each from the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh, cell_means, facet_normals, small_determinants
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.sampling import Field
from simulate.mesh_movement.solvers import Solver, prepared

Scheme = Literal["newton", "relaxation"]
#: Points of quadrature of degree 2: near each corner, as the barycentric weight of that corner.
NEAR_CORNER = {2: 2 / 3, 3: 0.5854101966249685}
#: Least eigenvalue of I + H in the operator of Newton's method.
LEAST_STRETCH = 0.05
#: Time step of the relaxation, in units of the greatest monitor.
RELAXATION_STEP = 0.7
#: Newton steps before it counts as stuck, and steps at each strength of a continuation.
NEWTON_STEPS, CONTINUATION_STEPS = 25, 12


@dataclass(frozen=True)
class Potential:
    """A state of the solution: ``phi (n,)``, its gradient ``(n, d)``, I + H ``(n, d, d)``, and the residual."""

    phi: FloatArray
    gradient: FloatArray
    stretch: FloatArray
    monitor: FloatArray
    load: FloatArray
    residual: float


@dataclass(frozen=True)
class Solution:
    """What the solver found: the potential ``(n,)``, the displacement ``(n, d)``, how, and whether the residual came
    below the tolerance, at the ``strength`` (power of the monitor) reached."""

    phi: FloatArray
    displacement: FloatArray
    iterations: int
    residual: float
    converged: bool
    strength: float


class MongeAmpere:
    """The solver on one mesh; keeps its operators between calls."""

    def __init__(self, mesh: SimplexMesh, boundary: Boundary, operators: Operators) -> None:
        self.mesh, self.boundary, self.operators = mesh, boundary, operators
        self._free = _all_but_one(mesh.component)
        dim = mesh.dim
        near = NEAR_CORNER[dim]
        rest = (1 - near) / dim
        self._weights = np.full((dim + 1, dim + 1), rest) + (near - rest) * np.eye(dim + 1)

    def solve(
        self, field: Field, tolerance: float, max_iterations: int, scheme: Scheme = "newton",
        start: FloatArray | None = None,
    ) -> Solution:  # fmt: skip
        """Solve for the monitor ``field`` to the relative residual ``tolerance``, from ``start (n,)`` or from 0."""
        phi = np.zeros(self.mesh.n) if start is None else start
        if scheme == "relaxation":
            state, used = self._relaxed(self._state(phi, field), field, tolerance, max_iterations)
            return self._solution(state, used, tolerance, 1.0)
        state, used = self._newton(self._state(phi, field), field, tolerance, min(max_iterations, NEWTON_STEPS))
        if state.residual <= tolerance or used >= max_iterations:
            return self._solution(state, used, tolerance, 1.0)
        return self._continued(field, tolerance, max_iterations, used)

    def _continued(self, field: Field, tolerance: float, max_iterations: int, used: int) -> Solution:
        """Newton's method at growing strengths of the monitor; the strength reached is in the solution."""
        strength, step = 0.0, 0.25
        best = self._state(np.zeros(self.mesh.n), field, strength)
        while strength < 1 and used < max_iterations and step > 0.02:
            wanted = min(strength + step, 1.0)
            # Between strengths a rough solution will do.
            target = tolerance if wanted == 1 else max(tolerance, 0.02)
            budget = min(CONTINUATION_STEPS, max_iterations - used)
            state, steps = self._newton(self._state(best.phi, field, wanted), field, target, budget, wanted)
            used += steps
            if state.residual <= target or (wanted < 1 and state.residual < 0.1):
                best, strength = state, wanted
                step *= 1.5
            else:
                step /= 2
        return self._solution(best, used, tolerance, strength)

    def _solution(self, state: Potential, used: int, tolerance: float, strength: float) -> Solution:
        converged = strength == 1 and state.residual <= tolerance
        return Solution(state.phi, state.gradient, used, state.residual, converged, strength)

    def _newton(
        self, state: Potential, field: Field, tolerance: float, max_iterations: int, strength: float = 1.0
    ) -> tuple[Potential, int]:
        mesh, operators = self.mesh, self.operators
        for done in range(max_iterations):
            if state.residual <= tolerance:
                return state, done
            cofactors = state.monitor[:, None, None] * _bounded_cofactors(state.stretch)
            matrix = operators.stiffness(cell_means(cofactors, mesh.cells))
            load = mesh.node_volumes * operators.mass_solved(state.load)
            precision = min(1e-2, 0.1 * max(state.residual, 1e-7))
            step = self._grounded(matrix, precision)(load)
            length, accepted = 1.0, None
            while length > 0.03:
                tried = self._state(state.phi + length * step, field, strength)
                if tried.residual < (1 - 0.1 * length) * state.residual:
                    accepted = tried
                    break
                length /= 2
            if accepted is None:
                return state, done + 1
            state = accepted
        return state, max_iterations

    def _relaxed(self, state: Potential, field: Field, tolerance: float, max_iterations: int) -> tuple[Potential, int]:
        best = state
        for done in range(max_iterations):
            if state.residual <= tolerance:
                return state, done
            load = self.mesh.node_volumes * self.operators.mass_solved(state.load)
            step = self._laplace_solved(load)
            size = RELAXATION_STEP / float(state.monitor.max())
            state = self._state(state.phi + size * step, field)
            if state.residual < best.residual:
                best = state
            elif not state.residual <= 10 * best.residual:
                break
        return best, max_iterations

    def _grounded(self, matrix: Any, tolerance: float) -> Solver:
        """Solves with ``matrix``; the solution is zero at one node of each connected part."""
        free = self._free
        solve = prepared(matrix[free][:, free], self.mesh.dim, tolerance)

        def solved(load: FloatArray) -> FloatArray:
            result = np.zeros(len(load))
            result[free] = solve(load[free])
            return result

        return solved

    @cached_property
    def _laplace_solved(self) -> Solver:
        return self._grounded(self.operators.laplacian, 1e-8)

    def _state(self, phi: FloatArray, field: Field, strength: float = 1.0) -> Potential:
        """The state of ``phi (n,)`` for the monitor to the power ``strength``."""
        mesh, dim = self.mesh, self.mesh.dim
        slopes = [matrix @ phi for matrix in self.operators.gradient]
        gradient = np.stack([matrix @ phi for matrix in self.operators.fitted_gradient], axis=1)
        low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
        # A step too long may throw nodes anywhere; the monitor is only asked in the box around the mesh.
        gradient = np.clip(np.nan_to_num(self.boundary.tangential(gradient)), low - high, high - low)
        points = self.boundary.placed(mesh.points + gradient)
        monitor = field.values(np.clip(points, low, high)) ** strength
        hessian = np.empty((mesh.n, dim, dim))
        for i in range(dim):
            for j in range(dim):
                hessian[:, i, j] = -(self.operators.divergence[j] @ slopes[i])
        hessian += self._boundary_hessian(np.stack(slopes, axis=1))
        hessian /= mesh.node_volumes[:, None, None]
        stretch = np.eye(dim) + (hessian + hessian.transpose(0, 2, 1)) / 2
        load, residual = self._residual(monitor, stretch)
        return Potential(phi, points - mesh.points, stretch, monitor, load, residual)

    def _residual(self, monitor: FloatArray, stretch: FloatArray) -> tuple[FloatArray, float]:
        """``(n,)`` integrals of psi_i (m det(I + H) - theta), and their norm over that of the integrals of theta."""
        mesh = self.mesh
        density = (monitor[mesh.cells] @ self._weights) * small_determinants(
            np.einsum("qk,ckij->cqij", self._weights, stretch[mesh.cells])
        )
        share = mesh.volumes / (mesh.dim + 1)
        per_cell = share * density.sum(axis=1)
        part = mesh.component[mesh.cells[:, 0]]
        theta = np.bincount(part, per_cell) / np.bincount(part, mesh.volumes)
        surplus = (density - theta[part, None]) @ self._weights
        load = mesh.scattered(share[:, None] * surplus)
        even = theta[mesh.component] * mesh.node_volumes
        return load, float(np.linalg.norm(load) / np.linalg.norm(even))

    @cached_property
    def _facets(self) -> tuple[FloatArray, FloatArray]:
        """Outward normals of boundary facets, and their areas over the number of their nodes."""
        mesh = self.mesh
        rows = mesh.boundary_facets
        normal = facet_normals(mesh.points, rows)
        # The facet is the base of its cell, whose height is that of the corner opposite.
        inside = mesh.points[mesh.cells[mesh.boundary_cells]].sum(axis=1) - mesh.points[rows].sum(axis=1)
        height = ((mesh.points[rows[:, 0]] - inside) * normal).sum(axis=1)
        return normal, mesh.volumes[mesh.boundary_cells] / height

    def _boundary_hessian(self, slopes: FloatArray) -> FloatArray:
        """``(n, d, d)`` boundary integral of psi_i times the tangential gradient times the normal."""
        mesh = self.mesh
        normals, share = self._facets
        inside = slopes[mesh.boundary_cells]
        tangential = inside - (inside * normals).sum(axis=1, keepdims=True) * normals
        term = share[:, None, None] * tangential[:, :, None] * normals[:, None, :]
        result = np.zeros((mesh.n, mesh.dim, mesh.dim))
        for corner in range(mesh.dim):
            np.add.at(result, mesh.boundary_facets[:, corner], term)
        return result


def _bounded_cofactors(stretch: FloatArray) -> FloatArray:
    """``(n, d, d)`` cofactors of ``stretch (n, d, d)`` with its eigenvalues raised to `LEAST_STRETCH`."""
    values, vectors = np.linalg.eigh(stretch)
    values = np.maximum(values, LEAST_STRETCH)
    others = values.prod(axis=1, keepdims=True) / values
    cofactors: FloatArray = (vectors * others[:, None, :]) @ vectors.transpose(0, 2, 1)
    return cofactors


def _all_but_one(component: IntArray) -> IntArray:
    """All nodes but the first of each connected part: the potential is known up to a constant there."""
    first = np.unique(component, return_index=True)[1]
    free = np.ones(len(component), dtype=bool)
    free[first] = False
    return np.flatnonzero(free)
