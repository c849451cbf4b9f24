"""Meshes rounded to float32, as STL files hold them, without losing their soundness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.meshes.mesh import TriangleMesh
from assembly.verify import find_open_vertices
from structgen.web import FloatArray, IntArray

Float32 = npt.NDArray[np.float32]

#: Rounds of taking slivers out: one may hide others.
ROUNDS = 20


def in_float32(mesh: TriangleMesh, low: float = 0.0) -> tuple[FloatArray, IntArray]:
    """Vertices ``(v, 3)`` that are exact in float32 and all different, and faces ``(f, 3)``, of a closed mesh.

    Neighbours that rounding makes one become one where the surface stays closed so; other such vertices are moved
    apart by a step of float32. Slivers lower than ``low`` mm, which rounding turns over, are taken out where that can
    be. Whether no faces cross is for the caller to check. The order depends on the places alone.
    """
    rounded = mesh.vertices.astype(np.float32) + np.float32(0)
    place = np.unique(rounded, axis=0, return_inverse=True)[1].reshape(-1)
    a = mesh.faces.ravel()
    b = np.roll(mesh.faces, -1, axis=1).ravel()
    short = place[a] == place[b]
    vertices, faces = _merged(rounded, mesh.faces, a[short], b[short])
    if len(found := find_open_vertices(len(vertices), faces)):
        bad = np.unique(vertices[found], axis=0)
        torn = (rounded[a][:, None] == bad).all(axis=2).any(axis=1) if len(bad) else np.zeros(len(a), bool)
        keep = short & ~torn
        vertices, faces = _merged(rounded, mesh.faces, a[keep], b[keep])
    exact = _apart(vertices).astype(np.float64)
    return _ordered(*(_mended(exact, faces, low) if low else (exact, faces)))


def _mended(vertices: FloatArray, faces: IntArray, low: float) -> tuple[FloatArray, IntArray]:
    """The mesh with few faces lower than ``low``: those with a short side lose it, of others the long side is flipped.

    Both move the surface by less than ``low``.
    """
    for _ in range(ROUNDS):
        height, sides = _heights(vertices[faces])
        slivers = np.flatnonzero(height < low)
        slivers = slivers[np.argsort(height[slivers], kind="stable")]
        mesh = _Surgery(vertices, faces)
        for face in slivers.tolist():
            if sides[face].min() < low:
                mesh.collapse(face, int(sides[face].argmin()))
            else:
                mesh.flip(face, int(sides[face].argmax()), height[face])
        if not mesh.changed.any():
            break
        faces = mesh.done()
    used, number = np.unique(faces, return_inverse=True)
    return vertices[used], number.reshape(-1, 3).astype(np.int64)


def _heights(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Height ``(f,)`` of each face over its longest side, and its sides ``(f, 3)``."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
    a, b, c = corners.transpose(1, 0, 2)
    double = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return double / np.maximum(sides.max(axis=1), np.finfo(float).tiny), sides


class _Surgery:
    """Faces changed one by one, each place at most once, so that what is known of its neighbours stays true."""

    def __init__(self, vertices: FloatArray, faces: IntArray) -> None:
        self.changed = np.zeros(len(vertices), bool)
        self._vertices, self._faces = vertices, faces.copy()
        self._sorted = np.argsort(faces.ravel(), kind="stable") // 3
        self._starts = np.cumsum(np.bincount(faces.ravel() + 1, minlength=len(vertices) + 1))

    def _around(self, vertex: int) -> IntArray:
        """Faces with this corner."""
        return self._sorted[self._starts[vertex] : self._starts[vertex + 1]]

    def collapse(self, face: int, side: int) -> None:
        """Make the ends of a side one vertex, if the surface stays closed."""
        kept, lost = (int(self._faces[face, (side + k) % 3]) for k in range(2))
        one, other = (np.unique(self._faces[self._around(vertex)]) for vertex in (kept, lost))
        ring = np.union1d(one, other)
        # Two common neighbours, no more: else two sheets of surface would meet.
        if self.changed[ring].any() or len(np.intersect1d(one, other)) != 4:
            return
        rows = self._faces[self._around(lost)]
        self._faces[self._around(lost)] = np.where(rows == lost, kept, rows)
        self.changed[ring] = True

    def flip(self, face: int, side: int, height: float) -> None:
        """Put the other diagonal in place of a side, if that makes no face as low as ``height``."""
        u, v, p = (int(self._faces[face, (side + k) % 3]) for k in range(3))
        if self.changed[[u, v, p]].any():
            return
        other = [g for g in self._around(u).tolist() if g != face and v in self._faces[g]]
        if len(other) != 1:
            return
        c = int(self._faces[other[0]].sum()) - u - v
        if self.changed[c] or c in self._faces[self._around(p)]:
            return
        new = np.array([[p, u, c], [c, v, p]])
        if (_heights(self._vertices[new])[0] <= height).any():
            return
        self._faces[[face, other[0]]] = new
        self.changed[[u, v, p, c]] = True

    def done(self) -> IntArray:
        """The faces, without those that have collapsed."""
        a, b, c = self._faces.T
        return np.asarray(self._faces[(a != b) & (b != c) & (c != a)])


def _merged(vertices: Float32, faces: IntArray, a: IntArray, b: IntArray) -> tuple[Float32, IntArray]:
    """The mesh with vertices a[k] and b[k] made one."""
    links = coo_array((np.ones(len(a)), (a, b)), shape=(len(vertices),) * 2)
    label = connected_components(links, directed=False)[1]
    faces = label[faces]
    one, two, three = faces.T
    faces = faces[(one != two) & (two != three) & (three != one)]
    first = np.unique(label, return_index=True)[1]
    used, number = np.unique(faces, return_inverse=True)
    return vertices[first[used]], number.reshape(-1, 3).astype(np.int64)


def _apart(vertices: Float32) -> Float32:
    """The vertices, those at one place moved apart in x."""
    vertices = vertices.copy()
    while True:
        _, first, place = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
        later = np.flatnonzero(first[place.reshape(-1)] != np.arange(len(vertices)))
        if not len(later):
            return vertices
        vertices[later, 0] = np.nextafter(vertices[later, 0], np.float32(np.inf))


def _ordered(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    order = np.lexsort(vertices.T[::-1])
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    faces = number[faces]
    faces = np.take_along_axis(faces, (np.argmin(faces, axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    return vertices[order], faces[np.lexsort(faces.T[::-1])]
