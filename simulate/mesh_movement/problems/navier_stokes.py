r"""Incompressible flow on a mesh that moves: Taylor-Hood elements, BDF2, pressure correction.

    u_t + (u - w) . grad u - nu laplacian(u) + grad p = 0,   div u = 0,

where u_t is taken along the nodes, which move with w: the arbitrary Lagrangian-Eulerian form, in which values go with
the nodes and none is interpolated. Velocity quadratic, pressure linear; cells at a curved boundary have curved sides. A
step solves for the velocity, with the convecting one extrapolated, then corrects the pressure: the incremental scheme
in rotational form, in the variables that spare the corrected velocity (J. L. Guermond, P. Minev and J. Shen, Comput.
Methods Appl. Mech. Eng. 195 (2006) 6011, section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray
from simulate.mesh_movement.problems.elements import fem_mesh, scikit_fem, solved_with

#: Degree of quadrature: quadratic times slope of quadratic times quadratic.
DEGREE = 5
#: Most that a side is bent, as a share of the height of its cell.
MOST_BENT = 0.15


@dataclass(frozen=True)
class Channel:
    """A channel with a body in it.

    Attributes:
        curve: puts points ``(k, 2)`` on the body's boundary.
        on_body, at_outlet: mask ``(k,)`` of boundary points ``(k, 2)``.
        inflow: velocity ``(k, 2)`` at boundary points ``(k, 2)`` but those at the outlet.
        viscosity: nu.
    """

    curve: Callable[[FloatArray], FloatArray]
    on_body: Callable[[FloatArray], BoolArray]
    at_outlet: Callable[[FloatArray], BoolArray]
    inflow: Callable[[FloatArray], FloatArray]
    viscosity: float


@dataclass(frozen=True)
class Flow:
    """A state.

    Attributes:
        places, places_before: ``(m, 2)`` nodes of the velocity now and one step before, the ``n`` corners of cells
            first.
        velocity, velocity_before: ``(m, 2)``.
        pressure: ``(n,)``.
        corrections: ``(n, 2)`` of the pressure, the last and the one before.
    """

    places: FloatArray
    places_before: FloatArray
    velocity: FloatArray
    velocity_before: FloatArray
    pressure: FloatArray
    corrections: FloatArray


class FlowSpace:
    """What steps need of the mesh ``points (n, 2)``, ``cells (c, 3)`` of a channel."""

    def __init__(self, points: FloatArray, cells: IntArray, channel: Channel) -> None:
        from scipy.sparse.linalg import splu
        from skfem.helpers import dot, grad

        skfem = scikit_fem()
        self.channel, self.n = channel, len(points)
        mesh = fem_mesh(points, cells)
        rim = mesh.boundary_facets()
        ends, between = mesh.facets[:, rim], self.n + rim
        body = channel.on_body(points[ends].reshape(-1, 2)).reshape(2, -1).all(axis=0)
        quadratic = skfem.MeshTri2.from_mesh(mesh)
        places = quadratic.doflocs.copy()
        places[:, between[body]] = self._bent(places.T, mesh, rim[body], channel.curve).T
        quadratic = skfem.MeshTri2(places, quadratic.t)
        #: ``(m, 2)`` nodes of the velocity.
        self.places: FloatArray = np.ascontiguousarray(places.T)
        outlet = channel.at_outlet(self.places[between])
        #: Nodes of the velocity where it is given, and those of them on the body.
        self.held = np.unique(np.concatenate([ends[:, ~outlet].ravel(), between[~outlet]]))
        self.body = np.unique(np.concatenate([ends[:, body].ravel(), between[body]]))
        self.basis = skfem.CellBasis(quadratic, skfem.ElementTriP2(), intorder=DEGREE)
        linear = self.basis.with_element(skfem.ElementTriP1())
        mass = skfem.BilinearForm(lambda u, v, _: u * v)
        stiffness = skfem.BilinearForm(lambda u, v, _: dot(grad(u), grad(v)))
        self.mass, self.stiffness = mass.assemble(self.basis), stiffness.assemble(self.basis)
        #: For each axis the ``(n, m)`` integrals of slopes of the velocity times the functions of the pressure.
        self.slopes = [
            skfem.BilinearForm(lambda u, q, _, axis=axis: grad(u)[axis] * q).assemble(self.basis, linear)
            for axis in range(2)
        ]
        self._inside = np.setdiff1d(np.arange(self.n), np.unique(ends[:, outlet]))
        self._laplace = splu(stiffness.assemble(linear)[self._inside][:, self._inside].tocsc())
        self._pressure_mass = splu(mass.assemble(linear).tocsc())
        self._transport = skfem.BilinearForm(lambda u, v, w: dot(w["a"], grad(u)) * v)

    def _bent(
        self, places: FloatArray, mesh: Any, sides: IntArray, curve: Callable[[FloatArray], FloatArray]
    ) -> FloatArray:
        """``(k, 2)`` middles of ``sides`` put on the curve, as far as their cells stay valid.

        Bent by s towards a corner at the height h the least determinant of a cell, over what it was, is 1 - 4 s / h
        where the angles at the side are not obtuse.
        """
        middle = places[self.n + sides]
        start, end = places[mesh.facets[:, sides]]
        opposite = places[mesh.t[:, mesh.f2t[0, sides]]].sum(axis=0) - start - end
        along = end - start
        area = np.abs(along[:, 0] * (opposite - start)[:, 1] - along[:, 1] * (opposite - start)[:, 0])
        height = area / np.linalg.norm(along, axis=1)
        bend = curve(middle) - middle
        share = np.minimum(1, MOST_BENT * height / np.maximum(np.linalg.norm(bend, axis=1), np.finfo(float).tiny))
        bent: FloatArray = middle + share[:, None] * bend
        return bent

    def start(self, velocity: FloatArray) -> Flow:
        """The state at rest in time of ``velocity (m, 2)``."""
        zero = np.zeros(self.n)
        return Flow(self.places, self.places, velocity, velocity, zero, np.zeros((self.n, 2)))

    def step(self, flow: Flow, dt: float) -> tuple[Flow, FloatArray]:
        """The state after ``dt`` on this mesh, to which the nodes move meanwhile; the force on the body ``(2,)``."""
        matrix = self._momentum(flow, dt)
        history = self.mass @ (4 * flow.velocity - flow.velocity_before) / (2 * dt)
        wanted = flow.pressure + flow.corrections @ [4 / 3, -1 / 3]
        load = history + self._pushed(wanted)
        velocity = solved_with(matrix, load, self.channel.inflow(self.places), self.held)
        outflow = sum(slope @ component for slope, component in zip(self.slopes, velocity.T, strict=True))
        correction = np.zeros(self.n)
        correction[self._inside] = self._laplace.solve(-1.5 / dt * outflow[self._inside])
        pressure = flow.pressure + correction - self.channel.viscosity * self._pressure_mass.solve(outflow)
        force = (history + self._pushed(pressure) - matrix @ velocity)[self.body].sum(axis=0)
        corrections = np.stack([correction, flow.corrections[:, 0]], axis=1)
        return Flow(self.places, flow.places, velocity, flow.velocity, pressure, corrections), force

    def _momentum(self, flow: Flow, dt: float) -> Any:
        moved = (3 * self.places - 4 * flow.places + flow.places_before) / (2 * dt)
        carrying = 2 * flow.velocity - flow.velocity_before - moved
        a = np.stack([np.asarray(self.basis.interpolate(column)) for column in carrying.T])
        transport = self._transport.assemble(self.basis, a=a)
        return 1.5 / dt * self.mass + transport + self.channel.viscosity * self.stiffness

    def _pushed(self, pressure: FloatArray) -> FloatArray:
        """``(m, 2)`` integrals of the pressure times slopes of the functions of the velocity."""
        return np.stack([slope.T @ pressure for slope in self.slopes], axis=1)

    def vorticity(self, velocity: FloatArray) -> FloatArray:
        """``(n,)`` dv/dx - du/dy, projected on linear functions."""
        u, v = velocity.T
        found: FloatArray = self._pressure_mass.solve(self.slopes[0] @ v - self.slopes[1] @ u)
        return found
