"""The two graphs of the network: squares of the background grid for the encoder, nodes of the mesh for the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.kernels import node_sums
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.encoder_kernels import edge_features
from simulate.mesh_movement.um2n.fields import Fields
from simulate.mesh_movement.um2n.grid_kernels import Layout, linked_squares
from simulate.mesh_movement.um2n.kernels import Index, linked
from simulate.mesh_movement.um2n.place_kernels import at_places, combined, combined_pull, from_places

#: Features of an edge of the grid; length of a vector field, in units of the domain, that counts half in them.
EDGE_FEATURES, GENTLE = 4, 0.02
#: Logits of attention to neighbours are kept within this.
LOGIT = 8.0


@dataclass(frozen=True)
class Graph:
    """Edges both ways in the order of their targets: ``source``, ``target`` ``(e,)``; ``pointers (n + 1,)`` say where
    those of each target begin."""

    source: Tensor
    target: Tensor
    pointers: Tensor

    @classmethod
    def of(cls, pointers: Index, source: Index) -> Graph:
        """Of nodes that each of ``n`` hears, ``source (e,)``, and where those of each begin, ``pointers (n + 1,)``."""
        target = np.repeat(np.arange(len(pointers) - 1, dtype=np.int32), np.diff(pointers))
        return cls(*(torch.from_numpy(array) for array in (source, target, pointers)))

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.pointers) - 1


class GridGraph:
    """Squares of a grid and the sides between them; ``volumes (g,)``, sum 1."""

    def __init__(self, grid: Background) -> None:
        self.graph = Graph.of(*linked_squares(grid.layout))
        self.volumes = real(grid.volumes / grid.volumes.sum())
        self._centres = grid.centres

    def features(self, fields: Fields) -> Tensor:
        """``(e, EDGE_FEATURES)`` of each edge: rise of the level, the level at its target, and how far it goes along
        the first and the last vector field there."""
        vectors, graph = fields.at_centres[:, [0, -1]], self.graph
        return torch.from_numpy(
            edge_features(graph.pointers.numpy(), graph.source.numpy(), self._centres, fields.level, vectors, GENTLE)
        )


class MeshGraph:
    """Nodes of a 2D mesh of area 1 and its edges.

    Attributes:
        graph: the edges.
        cells: ``(c, 3)``; reference: ``(c,)`` their determinants at the start.
        points: ``(n, 2)``; volumes: ``(n,)`` of each node, sum 1.
        sizes: ``(n,)`` length of the mesh about each node.
        held: ``(b,)`` boundary nodes; tangents: ``(b, 2, 2)`` what is left of a displacement of each.
    """

    def __init__(self, mesh: SimplexMesh, held: IntArray, tangents: FloatArray) -> None:
        self.graph = Graph.of(*linked(mesh.cells, mesh.neighbours, mesh.n))
        self.n = mesh.n
        self.cells = torch.from_numpy(mesh.cells)
        self.reference = real(mesh.determinants)
        self.points = real(mesh.points)
        self.volumes = real(mesh.node_volumes)
        self.sizes = real(mesh.sizes)
        self.held, self.tangents = torch.from_numpy(held), real(tangents)

    def tangential(self, displacement: Tensor) -> Tensor:
        """``displacement (n, 2)`` less what boundary nodes may not do."""
        result = displacement.clone()
        result[self.held] = torch.einsum("bij,bj->bi", self.tangents, displacement[self.held])
        return result

    def at_corners(self, nodal: Tensor) -> Tensor:
        """``(c, 3, ...)`` of ``nodal (n, ...)``."""
        return nodal.index_select(0, self.cells.reshape(-1)).view(-1, 3, *nodal.shape[1:])

    def gathered(self, per_cell: Tensor) -> Tensor:
        """``(n,)`` sum over the cells of each node of ``per_cell (c,)``."""
        if not torch.is_grad_enabled():
            return torch.from_numpy(node_sums(per_cell.numpy(), self.cells.numpy(), self.n))
        zero = torch.zeros(self.n, dtype=per_cell.dtype)
        return zero.index_add(0, self.cells.reshape(-1), per_cell.repeat_interleave(3))

    def determinants(self, points: Tensor) -> Tensor:
        """``(c,)`` twice the signed areas of the cells of ``points (n, 2)``."""
        corner = self.at_corners(points)
        u, v = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        result: Tensor = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        return result


class AtPlaces(torch.autograd.Function):
    """`at_places` of values ``(g, k)``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, layout: Layout, points: FloatArray) -> Tensor:
        ctx.where = layout, points
        return torch.from_numpy(at_places(layout, points, values.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        layout, points = ctx.where
        return torch.from_numpy(from_places(layout, points, grads[0].contiguous().numpy())), None, None


class Combined(torch.autograd.Function):
    """`combined` by weights ``(g, k)``."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, layout: Layout, points: FloatArray, x: FloatArray, y: FloatArray) -> Tensor:
        ctx.where = layout, points, x, y
        return torch.from_numpy(combined(layout, points, weights.detach().numpy(), x, y))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        layout, points, x, y = ctx.where
        pull = combined_pull(layout, points, grads[0].contiguous().numpy(), x, y)
        return torch.from_numpy(pull), None, None, None, None


def real(array: FloatArray) -> Tensor:
    """As a tensor of 32 bits."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def neighbour_softmax(logits: Tensor, target: Tensor, count: int) -> Tensor:
    """Softmax of ``logits (e, h)`` over the edges of each of ``count`` targets, ``target (e,)`` counted from 0.

    Logits are kept within `LOGIT` by tanh: then no maximum has to be found first.
    """
    weight = bounded_exp(logits)
    total = torch.zeros(count, weight.shape[1]).index_add(0, target, weight)
    return weight / total.index_select(0, target)


def bounded_exp(logits: Tensor) -> Tensor:
    """exp of ``logits`` kept within +-`LOGIT` by tanh."""
    return (LOGIT * torch.tanh(logits / LOGIT)).exp()
