"""Exact unions of what collides, cluster by cluster, and how they are sewn to the rings of the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from structgen.web import FloatArray, IntArray

#: Segments of the balls at united nodes: fewer would bulge, more would cost triangles and show nothing.
BALL_SEGMENTS = 12
#: Balls reach this far beyond the prisms' corners: ends of collinear struts that meet at the surface would pinch it.
BALL_COVER = 1.005
#: Prisms begin this many radii from the node, inside of its ball: those of collinear struts then share no face.
PRISM_START = 0.06
#: Turns the balls out of the planes in which designed webs like to lie, so that few faces coincide.
BALL_TURN = (0.318, 0.577, 0.211)
#: Where a union is tried again, its pieces are made otherwise by at most this share of their radius and this angle (rad).
VARIATION, VARIATION_TURN = 0.004, 0.05


@dataclass(frozen=True, eq=False)
class Cluster:
    """Pieces and nodes that are united with each other: ``pieces`` and ``nodes`` are their numbers."""

    pieces: IntArray
    nodes: IntArray


@lru_cache(maxsize=1)
def ball() -> tuple[FloatArray, IntArray, float]:
    """Vertices and faces of a ball about the origin that the unit ball lies inside of, and how far it reaches."""
    import manifold3d

    round_one = manifold3d.Manifold.sphere(1.0, BALL_SEGMENTS).rotate([math.degrees(a) for a in BALL_TURN])
    mesh = round_one.to_mesh64()
    vertices, faces = np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64)
    a, b, c = vertices[faces.T]
    normals = np.cross(b - a, c - a)
    inner = ((normals * a).sum(axis=1) / np.linalg.norm(normals, axis=1)).min()
    return vertices * (BALL_COVER / inner), faces, BALL_COVER / float(inner)


def prism_faces(sides: int, rings: int) -> IntArray:
    """Faces of a closed prism through ``rings`` rings of ``sides`` corners, counter-clockwise about its axis."""
    j = np.arange(sides)
    k = (j + 1) % sides
    rows = []
    for ring in range(rings - 1):
        a, b = ring * sides, (ring + 1) * sides
        rows += [np.column_stack([a + j, a + k, b + k]), np.column_stack([a + j, b + k, b + j])]
    caps, top = np.arange(1, sides - 1), (rings - 1) * sides
    rows.append(np.column_stack([0 * caps, caps + 1, caps]))
    rows.append(np.column_stack([0 * caps + top, caps + top, caps + 1 + top]))
    return np.concatenate(rows)


def unite(meshes: Sequence[tuple[FloatArray, IntArray]], tolerance: float) -> tuple[FloatArray, IntArray]:
    """Vertices and faces of the exact union; edges shorter than ``tolerance`` mm are collapsed."""
    import manifold3d

    solids = [manifold3d.Manifold(manifold3d.Mesh64(vertices, faces)) for vertices, faces in meshes]
    united: Any = manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add).simplify(tolerance)
    if united.status() != manifold3d.Error.NoError or united.is_empty():
        raise RuntimeError(f"the union of {len(meshes)} pieces failed: {united.status()}")
    mesh = united.to_mesh64()
    return np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64)
