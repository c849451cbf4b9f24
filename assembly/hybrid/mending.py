"""Meshes that are sound before they are rounded to float32, and not after: vertices are moved by some steps."""

from __future__ import annotations

import numpy as np

from assembly.hybrid.parts import Part
from assembly.verify import find_degenerate, find_self_intersections, welded_twins
from structgen.web import FloatArray, IntArray

#: Vertices are moved so often, by up to a share of the tolerance that grows up to 1.
ROUNDS = 40
FIRST_MOVE = 1 / 16


def grounded(vertices: FloatArray, lowest: float) -> FloatArray:
    """Vertices moved down by ``lowest`` mm and rounded to float32."""
    moved = (vertices - [0, 0, lowest]).astype(np.float32).astype(np.float64) + 0.0
    return np.asarray(moved)


def faulty_faces(vertices: FloatArray, faces: IntArray) -> IntArray:
    """Faces without an area, that touch or cross others, or with a vertex that is as good as another in float32."""
    twin = np.zeros(len(vertices), bool)
    twin[welded_twins(vertices).ravel()] = True
    crossing = find_self_intersections(vertices, faces).ravel()
    return np.unique(
        np.concatenate([np.flatnonzero(twin[faces].any(axis=1)), find_degenerate(vertices, faces), crossing])
    )


def mended(mesh: Part, fixed: FloatArray, tolerance: float, lowest: float) -> tuple[Part, bool]:
    """The mesh with vertices of faulty faces moved by up to ``tolerance`` mm, and whether it is sound in float32.

    Where it cannot be mended it has fewer faulty faces. Vertices that are among ``fixed`` ``(k, 3)`` stay.
    """
    vertices, faces = mesh
    rows = np.dtype([("", float)] * 3)
    free = ~np.isin(np.ascontiguousarray(vertices).view(rows), np.ascontiguousarray(fixed).view(rows))[:, 0]
    faulty, rng = faulty_faces(grounded(vertices, lowest), faces), np.random.default_rng(len(vertices))
    for k in range(ROUNDS):
        if not len(faulty):
            break
        around = np.unique(faces[faulty])
        moving = around[free[around] & (rng.random(len(around)) < 0.5)]
        reach = tolerance * max(FIRST_MOVE, k / ROUNDS)
        moved = vertices.copy()
        moved[moving] += rng.uniform(-reach, reach, (len(moving), 3))
        found = faulty_faces(grounded(moved, lowest), faces)
        if len(found) <= len(faulty):
            vertices, faulty = moved, found
    return (vertices, faces), not len(faulty)
