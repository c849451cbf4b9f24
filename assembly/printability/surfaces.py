"""Patches of a mesh: thin walls, slopes that hang over, and shells that enclose hollows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from structgen.web import FloatArray, IntArray

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Patch:
    """Faces that hang together.

    Arguments:
        faces: their numbers.
        where: their middle, weighted by area, mm.
        area: mm2.
    """

    faces: IntArray
    where: tuple[float, float, float]
    area: float


def patches(vertices: FloatArray, faces: IntArray, chosen: Mask, least: float) -> list[Patch]:
    """The ``chosen`` faces in patches joined at vertices, those of at least ``least`` mm2, largest first."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return []
    label = shells(len(vertices), faces[rows])[faces[rows, 0]]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order], prepend=-1))[1:]
    area, middle = areas(vertices, faces), vertices[faces].mean(axis=1)
    found = []
    for group in np.split(rows[order], cuts):
        total = float(area[group].sum())
        if total >= least and total > 0:
            x, y, z = (area[group] @ middle[group] / total).tolist()
            found.append(Patch(group, (x, y, z), total))
    return sorted(found, key=lambda patch: (-patch.area, patch.where))


def areas(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """``(f,)`` mm2."""
    return np.asarray(np.linalg.norm(_doubled(vertices, faces), axis=1) / 2)


def overhang_angles(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """``(f,)`` degrees above the plate of faces that look down; 90 for all others."""
    normals = _doubled(vertices, faces)
    size = np.linalg.norm(normals, axis=1)
    down = np.where(size > 0, -normals[:, 2] / np.where(size > 0, size, 1), 0.0)
    return np.asarray(np.degrees(np.arccos(np.clip(down, 0.0, 1.0))))


def shells(n: int, faces: IntArray) -> IntArray:
    """``(n,)`` number of the shell of each vertex: what is joined by faces."""
    a, b, c = faces.T
    links = coo_array((np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([b, c]))), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def signed_volumes(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """``(f,)`` mm3 between each face and the middle of the box: their sum is the volume."""
    a, b, c = (vertices[faces[:, k]] - vertices.mean(axis=0) for k in range(3))
    return np.asarray(np.einsum("fi,fi->f", a, np.cross(b, c)) / 6)


def hollows(vertices: FloatArray, faces: IntArray) -> list[Patch]:
    """Closed hollows: shells turned inside out, largest surface first; ``area`` holds their volume in mm3."""
    label = shells(len(vertices), faces)[faces[:, 0]]
    volume = np.bincount(label, signed_volumes(vertices, faces))
    found = []
    for shell in np.flatnonzero(volume < 0).tolist():
        rows = np.flatnonzero(label == shell)
        x, y, z = vertices[np.unique(faces[rows])].mean(axis=0).tolist()
        found.append(Patch(rows, (x, y, z), float(-volume[shell])))
    return sorted(found, key=lambda patch: (-patch.area, patch.where))


def closed(faces: IntArray, n: int) -> bool:
    """Whether each edge of a mesh of ``n`` vertices is passed as often one way as the other."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    return np.array_equal(np.sort(start * n + end), np.sort(end * n + start))


def _doubled(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """``(f, 3)`` outward normals, twice as long as the area is large."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))
