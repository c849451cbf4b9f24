"""A mesh, and a monitor on it, made ready for the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.fields import Fields, OnSides, monitor_fields
from simulate.mesh_movement.um2n.graph import GridGraph, MeshGraph, applied, real


class Prepared:
    """A mesh with all that the network needs of it, whatever the monitor."""

    def __init__(self, mesh: SimplexMesh, boundary: Boundary) -> None:
        self.mesh, self.boundary = mesh, boundary
        self.grid = Background(mesh)
        self.squares = GridGraph(self.grid)
        self.nodes = MeshGraph(mesh, boundary.nodes, boundary.tangents)
        self.unit = float(np.sqrt(self.grid.area))
        self.middle = (mesh.points.min(axis=0) + mesh.points.max(axis=0)) / 2
        self._sides_to_nodes = [matrix.astype(np.float32) for matrix in self.grid.sides_to_nodes]
        self._centres_to_nodes = self.grid.centres_to_nodes.astype(np.float32)

    def at_nodes(self, values: Tensor) -> Tensor:
        """``(n, k)`` of what is at the squares, ``values (g, k)``."""
        return applied(self._centres_to_nodes, values)

    def combined(self, weights: Tensor, vectors: tuple[OnSides, ...]) -> Tensor:
        """``(n, 2)`` sum of ``vectors`` by ``weights (g, k)`` at the squares.

        As smooth on a fine mesh as on a coarse one, and along the boundary where that follows the grid.
        """
        parts = []
        for axis, side in enumerate(self.grid.sides):
            one, other = torch.from_numpy(side.one), torch.from_numpy(side.other)
            share = (weights.index_select(0, one) + weights.index_select(0, other)) / 2
            on_sides = (share * real(np.stack([vector[axis] for vector in vectors], axis=1))).sum(dim=1, keepdim=True)
            parts.append(applied(self._sides_to_nodes[axis], on_sides))
        return self.nodes.tangential(torch.cat(parts, dim=1))

    def in_place(self, points: Tensor) -> FloatArray:
        """``points (p, 2)`` of the network where they are in the mesh, in the box around it."""
        placed: FloatArray = points.detach().numpy().astype(float) * self.unit + self.middle
        return np.clip(placed, self.mesh.points.min(axis=0), self.mesh.points.max(axis=0))


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
