"""Patches of a mesh: faces chosen for what they are, walls of hollows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.meshes import TriangleMesh
from structgen.web import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Patch:
    """Faces that hang together.

    Arguments:
        faces: their numbers.
        where: their middle, weighted by area, mm.
        size: mm2, or mm3 of a hollow.
        border: length of its edge, mm; 0 where it is closed.
    """

    faces: IntArray
    where: tuple[float, float, float]
    size: float
    border: float = 0.0


def patches(mesh: TriangleMesh, chosen: npt.NDArray[np.bool_], least: float) -> list[Patch]:
    """The ``chosen`` faces in patches joined at vertices, those of at least ``least`` mm2, largest first."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return []
    n = len(mesh.vertices)
    a, b, c = mesh.faces[rows].T
    links = (np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([b, c])))
    label = connected_components(coo_array(links, shape=(n, n)), directed=False)[1][a]
    border = np.bincount(label, _free_edges(mesh, rows))
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    found = []
    for group, edge in zip(np.split(rows[order], starts[1:]), border[label[order][starts]].tolist(), strict=True):
        area = float(mesh.face_areas[group].sum())
        if area >= least and area > 0:
            found.append(Patch(group, _middle(mesh, group), area, edge))
    return sorted(found, key=lambda patch: (-patch.size, patch.where))


def _free_edges(mesh: TriangleMesh, rows: IntArray) -> FloatArray:
    """``(k,)`` mm of edges of each of the faces ``rows`` that none of the others shares."""
    ends = np.stack([mesh.faces[rows], np.roll(mesh.faces[rows], -1, axis=1)], axis=2).reshape(-1, 2)
    ends.sort(axis=1)
    _, which, count = np.unique(ends[:, 0] * len(mesh.vertices) + ends[:, 1], return_inverse=True, return_counts=True)
    length = np.linalg.norm(mesh.vertices[ends[:, 0]] - mesh.vertices[ends[:, 1]], axis=1)
    free: FloatArray = np.where(count[which.reshape(-1)] == 1, length, 0.0).reshape(-1, 3).sum(axis=1)
    return free


def hollows(mesh: TriangleMesh) -> list[Patch]:
    """Closed hollows, the walls of which are shells turned inside out, largest first."""
    found = []
    for shell in np.flatnonzero(mesh.shell_volumes < 0).tolist():
        rows = np.flatnonzero(mesh.shells == shell)
        found.append(Patch(rows, _middle(mesh, rows), float(-mesh.shell_volumes[shell])))
    return sorted(found, key=lambda patch: (-patch.size, patch.where))


def overhang_angles(mesh: TriangleMesh) -> FloatArray:
    """``(f,)`` degrees above the plate of faces that look down; 90 for all others."""
    return np.asarray(np.degrees(np.arccos(np.clip(-mesh.normals[:, 2], 0.0, 1.0))))


def closed(mesh: TriangleMesh) -> bool:
    """Whether each edge is passed as often one way as the other, so that there is an inside."""
    n = len(mesh.vertices)
    start, end = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    return bool(np.array_equal(np.sort(start * n + end), np.sort(end * n + start)))


def _middle(mesh: TriangleMesh, rows: IntArray) -> tuple[float, float, float]:
    weights = mesh.face_areas[rows]
    x, y, z = (weights @ mesh.corners[rows].mean(axis=1) / weights.sum()).tolist()
    return x, y, z
