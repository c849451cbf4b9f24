"""Exact unions of clusters, checked in float32 and sewn to the rings of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.hybrid.mending import faulty_faces, grounded, mended
from assembly.hybrid.parts import Part, Parts
from structgen.parallel import parallel_map
from structgen.web import FloatArray, IntArray

#: A union that is not sound in float32 and cannot be mended is made so often, each time of slightly different parts.
TRIALS = 4
#: Clusters that a process unites at a time.
BATCH = 500
#: Up to so many batches, processes take longer to start than they save.
FEW = 4


def unite(parts: Sequence[Part], tolerance: float) -> Part:
    """Vertices and faces of the exact union; edges shorter than ``tolerance`` mm are collapsed."""
    import manifold3d

    solids = [manifold3d.Manifold(manifold3d.Mesh64(vertices, faces)) for vertices, faces in parts]
    united: Any = manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add).simplify(tolerance)
    if united.status() != manifold3d.Error.NoError or united.is_empty():
        raise RuntimeError(f"the union of {len(parts)} parts failed: {united.status()}")
    mesh = united.to_mesh64()
    return np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64)


def united(parts: Parts, tolerance: float, lowest: float, workers: int = 1) -> list[Part]:
    """The union of each cluster, sound when moved down by ``lowest`` mm and rounded to float32, if that is possible.

    Edges shorter than ``tolerance`` mm are collapsed. Many clusters are united by so many ``workers``, which are
    processes, since manifold3d lets no other thread run.
    """
    count = len(parts.clusters)
    batches = [(parts.only(range(first, min(first + BATCH, count))), tolerance) for first in range(0, count, BATCH)]
    made = list(chain.from_iterable(parallel_map(_first_trial, batches, workers if len(batches) > FEW else 1)))
    unsound = _unsound(made, lowest)
    for trial in range(TRIALS):
        left = []
        for c in unsound.tolist():
            if trial:
                made[c] = unite(parts.of_cluster(c, trial), tolerance)
            made[c], sound = mended(made[c], parts.cut_corners(c), tolerance, lowest)
            if not sound:
                left.append(c)
        unsound = np.array(left, np.int64)
    return made


def _first_trial(batch: tuple[Parts, float]) -> list[Part]:
    parts, tolerance = batch
    return [unite(parts.of_cluster(c, 0), tolerance) for c in range(len(parts.clusters))]


def _unsound(meshes: Sequence[Part], lowest: float) -> IntArray:
    """The numbers of those meshes that are not sound in float32."""
    if not len(meshes):
        return np.empty(0, np.int64)
    vertices, faces, owner = joined(meshes)
    return np.unique(owner[faces[faulty_faces(grounded(vertices, lowest), faces), 0]])


def joined(meshes: Sequence[Part]) -> tuple[FloatArray, IntArray, IntArray]:
    """All vertices, all faces, and the number of the mesh of each vertex; vertices of each mesh in order of x, y, z.

    The order depends on the places of the vertices only, and so does that of the faces.
    """
    vertices = np.concatenate([v for v, _ in meshes])
    counts = np.array([len(v) for v, _ in meshes])
    owner = np.repeat(np.arange(len(meshes)), counts)
    begin = np.cumsum(counts) - counts
    faces = np.concatenate([f + b for (_, f), b in zip(meshes, begin.tolist(), strict=True)])
    order = np.lexsort([vertices[:, 2], vertices[:, 1], vertices[:, 0], owner])
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    faces = number[faces]
    lead = np.argmin(faces, axis=1)
    faces = np.take_along_axis(faces, (lead[:, None] + np.arange(3)) % 3, axis=1)
    return vertices[order], faces[np.lexsort(faces.T[::-1])], owner


def sewn(parts: Parts, meshes: Sequence[Part], vertices: FloatArray, sides: int) -> tuple[FloatArray, IntArray]:
    """New vertices and the faces of the unions, joined to the rings at which they were cut from the mesh.

    New vertices are numbered after ``vertices``. Closed holes inside are left out.
    """
    more, faces, owner = joined(meshes)
    cluster_of = np.empty(len(parts.prisms) + len(parts.centres), np.int64)
    for c, members in enumerate(parts.clusters):
        cluster_of[members] = c
    piece, side = np.nonzero(parts.cut >= 0)
    corner = (parts.cut[piece, side][:, None] + np.arange(sides)).ravel()
    match = _matches(more, owner, vertices[corner], np.repeat(cluster_of[piece], sides))
    if (match < 0).any():
        place = vertices[corner[match < 0][0]]
        raise RuntimeError(f"a cut ring is lost in the union at ({', '.join(f'{x:.4g}' for x in place)}) mm")
    number = len(vertices) + np.arange(len(more))
    number[match] = corner
    ring = np.full(len(more), -1)
    ring[match] = np.repeat(np.arange(len(piece)), sides)
    a, b, c = ring[faces].T
    faces = faces[~((a == b) & (b == c) & (a >= 0))]
    return more, number[faces[~_in_void(more, faces, ring >= 0)]]


def _matches(points: FloatArray, owner: IntArray, wanted: FloatArray, wanted_owner: IntArray) -> IntArray:
    """``(w,)`` the row of ``points`` at the same place as each wanted one, with the same owner; -1 if there is none."""
    x, y, z = np.concatenate([wanted, points]).T
    order = np.lexsort([np.arange(len(x)) < len(wanted), z, y, x, np.concatenate([wanted_owner, owner])])
    # A wanted point comes right after the one at its place.
    rows = np.flatnonzero(order < len(wanted))
    before = order[rows - 1]
    match = np.full(len(wanted), -1)
    row = order[rows]
    point = before - len(wanted)
    good = (rows > 0) & (point >= 0)
    good &= (points[point] == wanted[row]).all(axis=1) & (owner[point] == wanted_owner[row])
    match[row[good]] = point[good]
    return match


def _in_void(vertices: FloatArray, faces: IntArray, cut: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """``(f,)`` which faces bound closed holes inside: their shell is inside out and not cut from anything."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b, c = faces.T
    links = coo_array((np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([b, c]))), shape=(len(cut),) * 2)
    count, label = connected_components(links, directed=False)
    p, q, r = (vertices[k] - vertices[faces[0, 0]] for k in (a, b, c))
    volume = np.bincount(label[a], np.einsum("fi,fi->f", p, np.cross(q, r)), count)
    open_ones = np.bincount(label, cut, count) > 0
    inside_out: npt.NDArray[np.bool_] = ((volume < 0) & ~open_ones)[label[a]]
    return inside_out
