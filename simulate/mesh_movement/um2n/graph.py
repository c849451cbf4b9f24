"""The two graphs of the network: squares of the background grid for the encoder, nodes of the mesh for the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_array
from torch import Tensor

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.background import Background
from simulate.mesh_movement.um2n.fields import Fields

#: Features of an edge of the grid.
EDGE_FEATURES = 4


@dataclass(frozen=True)
class Graph:
    """Edges both ways in the order of their targets: ``source``, ``target`` ``(e,)``; ``pointers (n + 1,)`` say where
    those of each target begin."""

    source: Tensor
    target: Tensor
    pointers: Tensor

    @classmethod
    def of(cls, one: IntArray, other: IntArray, n: int) -> Graph:
        """Of pairs of nodes, each once or more, either way round, of ``n`` nodes."""
        both = np.concatenate([one, other]).astype(np.int32), np.concatenate([other, one]).astype(np.int32)
        matrix = coo_array((np.ones(2 * len(one), dtype=bool), both), shape=(n, n)).tocsr()
        matrix.sum_duplicates()
        target = np.repeat(np.arange(n, dtype=np.int32), np.diff(matrix.indptr))
        return cls(*(torch.from_numpy(array) for array in (matrix.indices, target, matrix.indptr)))

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.pointers) - 1


class GridGraph:
    """Squares of a grid and the sides between them; ``volumes (g,)``, sum 1."""

    def __init__(self, grid: Background) -> None:
        one, other = (np.concatenate([getattr(side, name) for side in grid.sides]) for name in ("one", "other"))
        self.graph = Graph.of(one, other, grid.g)
        self.volumes = real(grid.volumes / grid.volumes.sum())
        i, j = self.graph.target.numpy(), self.graph.source.numpy()
        along = grid.centres[j] - grid.centres[i]
        self._way = along / np.linalg.norm(along, axis=1, keepdims=True)

    def features(self, fields: Fields) -> Tensor:
        """``(e, EDGE_FEATURES)`` of each edge: rise of the level, the level at its target, and how far it goes along
        the first and the last vector field there."""
        i, j = self.graph.target.numpy(), self.graph.source.numpy()
        chosen = fields.at_centres[:, [0, -1]]
        chosen = chosen / (0.02 + np.linalg.norm(chosen, axis=2, keepdims=True))
        way = np.einsum("ed,ekd->ek", self._way, chosen[i])
        return real(np.stack([fields.level[j] - fields.level[i], fields.level[i], *way.T], axis=1))


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
        a, b, c = mesh.cells.T
        self.graph = Graph.of(np.concatenate([a, b, c]), np.concatenate([b, c, a]), mesh.n)
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
        zero = torch.zeros(self.n, dtype=per_cell.dtype)
        return zero.index_add(0, self.cells.reshape(-1), per_cell.repeat_interleave(3))

    def determinants(self, points: Tensor) -> Tensor:
        """``(c,)`` twice the signed areas of the cells of ``points (n, 2)``."""
        corner = self.at_corners(points)
        u, v = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        result: Tensor = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        return result


class Applied(torch.autograd.Function):
    """A sparse matrix of SciPy times a tensor ``(k, m)``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, matrix: Any) -> Tensor:
        """``matrix @ values``."""
        ctx.matrix = matrix
        return torch.from_numpy(matrix @ values.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """By the transpose."""
        return torch.from_numpy(ctx.matrix.T @ grads[0].numpy()), None


def applied(matrix: Any, values: Tensor) -> Tensor:
    """``matrix @ values``, differentiable."""
    result: Tensor = Applied.apply(values, matrix)  # type: ignore[no-untyped-call]
    return result


def real(array: FloatArray) -> Tensor:
    """As a tensor of 32 bits."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def neighbour_softmax(logits: Tensor, target: Tensor, count: int) -> Tensor:
    """Softmax of ``logits (e, h)`` over the edges of each of ``count`` targets, ``target (e,)`` counted from 0.

    Logits are kept within +-8 by tanh: then no maximum has to be found first.
    """
    weight = (8 * torch.tanh(logits / 8)).exp()
    total = torch.zeros(count, weight.shape[1]).index_add(0, target, weight)
    return weight / total.index_select(0, target)
