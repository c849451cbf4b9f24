"""A mesh, and a monitor on it, made ready for the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.fields import Fields, monitor_fields
from simulate.mesh_movement.um2n.graph import AtPlaces, Combined, GridGraph, MeshGraph, real
from simulate.mesh_movement.um2n.kernels import placed


class Prepared:
    """A mesh with all that the network needs of it, whatever the monitor.

    The network sees the domain with its centroid at 0, its area 1, and most of its boundary along the axes: moved,
    turned, mirrored or scaled meshes look the same to it.
    """

    def __init__(self, mesh: SimplexMesh, boundary: Boundary) -> None:
        self.mesh, self.boundary = mesh, boundary
        self.unit = float(np.sqrt(mesh.volumes.sum()))
        self.middle: FloatArray = mesh.node_volumes @ mesh.points / self.unit**2
        self.turn = turn_of(mesh)
        seen = SimplexMesh((mesh.points - self.middle) @ self.turn / self.unit, mesh.cells)
        seen.__dict__["neighbours"] = mesh.neighbours  # the same, and costly to find again
        self.grid = Background(seen)
        self.squares = GridGraph(self.grid)
        self.nodes = MeshGraph(seen, boundary.nodes, self.turn.T @ boundary.tangents @ self.turn)

    def at_nodes(self, values: Tensor) -> Tensor:
        """``(n, k)`` of what is at the squares, ``values (g, k)``."""
        result: Tensor = AtPlaces.apply(values, self.grid.layout, self.grid.mesh.points)  # type: ignore[no-untyped-call]
        return result

    def combined(self, weights: Tensor, fields: Fields) -> Tensor:
        """``(n, 2)`` sum of the vectors of ``fields`` by ``weights (g, k)`` at the squares.

        As smooth on a fine mesh as on a coarse one, and along the boundary where that follows the grid.
        """
        summed: Tensor = Combined.apply(weights, self.grid.layout, self.grid.mesh.points, *fields.vectors)  # type: ignore[no-untyped-call]
        return self.nodes.tangential(summed)

    def in_place(self, points: Tensor) -> FloatArray:
        """``points (p, 2)`` of the network where they are in the mesh, in the box around it."""
        return placed(points.detach().numpy(), self.turn * self.unit, self.middle, *self.mesh.box)

    def real_size(self, displacement: Tensor) -> FloatArray:
        """``displacement (n, 2)`` of the network as one of the mesh."""
        result: FloatArray = displacement.detach().numpy().astype(float) @ self.turn.T * self.unit
        return result

    def seen(self, points: FloatArray) -> Tensor:
        """``points (p, 2)`` of the mesh as the network sees them."""
        return real((points - self.middle) @ self.turn / self.unit)


def turn_of(mesh: SimplexMesh) -> FloatArray:
    """``(2, 2)`` rotation whose columns are the axes along which most of the boundary lies: the mean of the fourth
    power of its directions, weighed by length."""
    edges = mesh.boundary_facets
    x, y = (mesh.points[edges[:, 1]] - mesh.points[edges[:, 0]]).T
    along = x + 1j * y
    mean = np.sum(along**4 / np.abs(along) ** 3)
    # At 45 degrees one of two, whatever rounding says.
    angle = (np.angle(mean) + (2 * np.pi if np.angle(mean) < -np.pi + 1e-6 else 0)) / 4
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@dataclass(frozen=True)
class Case:
    """A mesh, a monitor as a function of points ``(p, 2)``, and its fields."""

    prepared: Prepared
    monitor: Callable[[FloatArray], FloatArray]
    fields: Fields

    @classmethod
    def of(cls, prepared: Prepared, monitor: Callable[[FloatArray], FloatArray]) -> Case:
        """With the fields of the monitor at the nodes."""
        return cls(prepared, monitor, monitor_fields(prepared.grid, monitor(prepared.mesh.points)))

    def sample(self, points: Tensor) -> Tensor:
        """The monitor at ``points (p, 2)`` of the network, without a gradient."""
        return real(self.monitor(self.prepared.in_place(points)))
