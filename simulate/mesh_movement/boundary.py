"""How boundary nodes may move: corners stay, others slide along straight, planar or curved pieces of the boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray
from simulate.mesh_movement.closest import PieceSurface
from simulate.mesh_movement.meshes import SimplexMesh, facet_normals

#: A user's projection: wished positions ``(k, d)`` and numbers ``(k,)`` of nodes to positions on the boundary.
Projection = Callable[[FloatArray, IntArray], FloatArray]
#: Turns below this, in degrees, count as none.
STRAIGHT = 1e-3


@dataclass(frozen=True)
class Boundary:
    """What a node may do.

    Attributes:
        nodes: ``(b,)`` the nodes that may not move freely, ascending.
        tangents: ``(b, d, d)`` projection of a displacement of each on where it may go; zero where it stays.
        pieces: the curved pieces, each with the nodes ``(k,)`` that slide on it.
        projection: the user's way to put nodes of curved pieces on the boundary, instead of the pieces.
    """

    nodes: IntArray
    tangents: FloatArray
    pieces: tuple[tuple[IntArray, PieceSurface], ...]
    projection: Projection | None = None

    def tangential(self, displacement: FloatArray) -> FloatArray:
        """``displacement (n, d)`` less what boundary nodes may not do."""
        result = displacement.copy()
        result[self.nodes] = np.einsum("bij,bj->bi", self.tangents, displacement[self.nodes])
        return result

    @property
    def curved(self) -> bool:
        """Whether `placed` does anything."""
        return bool(self.pieces)

    def placed(self, points: FloatArray) -> FloatArray:
        """``points (n, d)`` with the nodes of curved pieces put on the boundary."""
        if not self.pieces:
            return points
        result = points.copy()
        for nodes, surface in self.pieces:
            if self.projection is None:
                result[nodes] = surface.closest(points[nodes])
            else:
                result[nodes] = _projected(self.projection, points[nodes], nodes)
        return result


def find_boundary(
    mesh: SimplexMesh, fixed: BoolArray, boundary: str | Projection | None = None, corner_angle: float = 35.0
) -> Boundary:
    """The boundary of ``mesh``.

    Where boundary facets turn by at least ``corner_angle`` (degrees) there is a corner (2D) or a ridge (3D). Nodes of
    corners, ridge ends and ``fixed (n,)`` stay; nodes of ridges slide along them; all others slide along their piece,
    which is straight or planar where its facets turn by nothing, else curved: its nodes are put back on the piecewise
    linear boundary of the start, or where a callable ``boundary`` puts them. ``boundary="fixed"`` holds all of them.
    """
    if not (boundary is None or callable(boundary) or (isinstance(boundary, str) and boundary == "fixed")):
        raise ValueError(f"boundary is {boundary!r}, must be None, 'fixed' or a callable")
    kinds = _Kinds(mesh, corner_angle)
    held = fixed[kinds.nodes] | (kinds.order == 0)
    if isinstance(boundary, str):
        held[:] = True
    loose = np.setdiff1d(np.flatnonzero(fixed), kinds.nodes)
    dim = mesh.dim
    tangents = np.where(held[:, None, None], 0.0, kinds.tangents)
    nodes = np.concatenate([kinds.nodes, loose])
    order = np.argsort(nodes)
    tangents = np.concatenate([tangents, np.zeros((len(loose), dim, dim))])[order]
    pieces = tuple(
        (kinds.nodes[on & ~held], PieceSurface(mesh.points[simplices]))
        for on, simplices in kinds.curved()
        if (on & ~held).any()
    )
    return Boundary(nodes[order], tangents, pieces, boundary if callable(boundary) else None)


class _Kinds:
    """Sorts boundary nodes: `order` 0 stays, 1 on a ridge (3D), d - 1 otherwise on a piece of facets."""

    def __init__(self, mesh: SimplexMesh, corner_angle: float) -> None:
        self.mesh, self.dim = mesh, mesh.dim
        facets = mesh.boundary_facets
        self.nodes, local = np.unique(facets, return_inverse=True)
        self.facets: IntArray = local.reshape(facets.shape).astype(np.int64)
        self.points = mesh.points[self.nodes]
        self.normals = facet_normals(self.points, self.facets)
        # Ridges: what two facets share, a node in 2D, an edge in 3D.
        self.ridges, sides = _shared(self.facets)
        turn = np.full(len(self.ridges), 180.0)
        pair = sides[:, 1] >= 0
        turn[pair] = _angle(self.normals[sides[pair, 0]], self.normals[sides[pair, 1]])
        self.sharp = turn >= corner_angle
        self.piece = _components(sides[pair & ~self.sharp], len(self.facets))
        self.bent_pieces = np.zeros(self.piece.max() + 1, dtype=bool)
        self.bent_pieces[self.piece[sides[pair & ~self.sharp & (turn > STRAIGHT), 0]]] = True
        count = np.bincount(self.ridges[self.sharp].ravel(), minlength=len(self.nodes))
        self.order = np.where(count == 0, self.dim - 1, 0)
        mean = np.zeros_like(self.points)
        for corner in range(self.dim):
            np.add.at(mean, self.facets[:, corner], self.normals)
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), np.finfo(float).tiny)
        self.tangents = np.eye(self.dim) - mean[:, :, None] * mean[:, None, :]
        self.line_piece = np.zeros(0, dtype=np.int64)
        if self.dim == 3:
            self._sort_ridges(count, corner_angle)

    def _sort_ridges(self, count: IntArray, corner_angle: float) -> None:
        """Nodes between two sharp edges that go on slide along them."""
        lines = self.ridges[self.sharp]
        along = self.points[lines[:, 1]] - self.points[lines[:, 0]]
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        at, sides = _shared(lines)
        at = at[:, 0]
        pair = (sides[:, 1] >= 0) & (count[at] == 2)
        one, other = sides[pair].T
        node = at[pair]
        # Both directions away from the first line's far end.
        first = np.where(lines[one, 1] == node, 1.0, -1.0)[:, None] * along[one]
        second = np.where(lines[other, 0] == node, 1.0, -1.0)[:, None] * along[other]
        turn = _angle(first, second)
        smooth = turn < corner_angle
        self.order[node[smooth]] = 1
        direction = first + second
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), np.finfo(float).tiny)
        self.tangents[node[smooth]] = (direction[:, :, None] * direction[:, None, :])[smooth]
        joined = sides[pair][smooth]
        self.line_piece = _components(joined, len(lines))
        self.bent_lines = np.zeros(self.line_piece.max(initial=-1) + 1, dtype=bool)
        self.bent_lines[self.line_piece[joined[turn[smooth] > STRAIGHT, 0]]] = True

    def curved(self) -> list[tuple[BoolArray, IntArray]]:
        """Each curved piece: mask of the boundary nodes that slide on it, and its simplices in numbers of the mesh."""
        found = []
        for groups, bent, simplices, order in self._piece_groups():
            for k in np.flatnonzero(bent):
                rows = simplices[groups == k]
                on = np.zeros(len(self.nodes), dtype=bool)
                on[rows] = True
                found.append((on & (self.order == order), self.nodes[rows]))
        return found

    def _piece_groups(self) -> list[tuple[Any, Any, Any, int]]:
        surfaces = [(self.piece, self.bent_pieces, self.facets, self.dim - 1)]
        if self.dim == 2:
            return surfaces
        return [*surfaces, (self.line_piece, self.bent_lines, self.ridges[self.sharp], 1)]


def _shared(simplices: IntArray) -> tuple[IntArray, IntArray]:
    """The sides of ``simplices (b, k)``, ``(s, k - 1)``, and the two simplices ``(s, 2)`` at each.

    Where one or more than two meet in a side its second simplex is -1: such sides end every piece.
    """
    k = simplices.shape[1]
    sides = np.concatenate([np.delete(simplices, corner, axis=1) for corner in range(k)])
    owner = np.tile(np.arange(len(simplices)), k)
    rows, group = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    group = group.ravel()
    order = np.argsort(group, kind="stable")
    count = np.bincount(group, minlength=len(rows))
    start = np.cumsum(count) - count
    both = np.full((len(rows), 2), -1, dtype=np.int64)
    both[:, 0] = owner[order[start]]
    two = count == 2
    both[two, 1] = owner[order[start[two] + 1]]
    return rows.astype(np.int64), both


def _components(pairs: IntArray, n: int) -> IntArray:
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64) if n else np.zeros(0, dtype=np.int64)


def _angle(u: FloatArray, v: FloatArray) -> FloatArray:
    """Degrees between unit vectors ``(k, d)``; exact near zero."""
    degrees: FloatArray = np.degrees(2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1)))
    return degrees


def _projected(projection: Projection, points: FloatArray, nodes: IntArray) -> FloatArray:
    result = np.asarray(projection(points.copy(), nodes.copy()), dtype=float)
    if result.shape != points.shape or not np.isfinite(result).all():
        raise ValueError(f"boundary gave an array of shape {result.shape}, must give {points.shape} finite numbers")
    return result
