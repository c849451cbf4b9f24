"""A triangle mesh: two arrays and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from structgen.web import MAX_COORDINATE, FloatArray, IntArray

MAX_FACES = 5_000_000
#: A face lower than this share of its longest side has no direction.
SLIVER = 1e-9


@dataclass(frozen=True, eq=False)
class TriangleMesh:
    """A triangle mesh, open or closed.

    Arguments:
        vertices: ``(v, 3)`` in mm, finite, at most 1e6 in magnitude.
        faces: ``(f, 3)`` vertex numbers, counter-clockwise seen from outside; f in 1..5,000,000.

    The arrays are copied and made read-only. Raises `ValueError`.
    """

    vertices: FloatArray
    faces: IntArray

    def __post_init__(self) -> None:
        vertices = _table("vertices", self.vertices, np.float64)
        faces = _table("faces", self.faces, np.int64)
        if not len(faces):
            raise ValueError("mesh has no faces, at least 1 is needed")
        if len(faces) > MAX_FACES:
            raise ValueError(f"mesh has {len(faces)} faces, at most {MAX_FACES} are taken")
        wrong = ~(np.abs(vertices) <= MAX_COORDINATE).all(axis=1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"vertex {row} is {vertices[row]}, must be finite and within +-{MAX_COORDINATE:g} mm")
        wrong = ((faces < 0) | (faces >= len(vertices))).any(axis=1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"face {row} is {faces[row]}, vertex numbers must lie in 0..{len(vertices) - 1}")
        for name, array in (("vertices", vertices), ("faces", faces)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def welded(cls, vertices: npt.ArrayLike, faces: npt.ArrayLike) -> TriangleMesh:
        """The mesh with equal vertices made one, in order of their places, and without collapsed faces."""
        raw = cls(np.asarray(vertices), np.asarray(faces))
        # 0 and -0 are one place.
        places, label = np.unique(raw.vertices + 0.0, axis=0, return_inverse=True)
        corners = label.reshape(-1)[raw.faces]
        a, b, c = corners.T
        corners = corners[(a != b) & (b != c) & (c != a)]
        used, number = np.unique(corners, return_inverse=True)
        return cls(places[used], number.reshape(-1, 3))

    @cached_property
    def corners(self) -> FloatArray:
        """``(f, 3, 3)`` places of the corners of the faces."""
        return self.vertices[self.faces]

    @cached_property
    def cross(self) -> FloatArray:
        """``(f, 3)`` outward normals as long as twice the area of their faces, in mm2."""
        a, b, c = self.corners.transpose(1, 0, 2)
        return np.cross(b - a, c - a)

    @cached_property
    def face_areas(self) -> FloatArray:
        """``(f,)`` areas in mm2."""
        areas: FloatArray = np.linalg.norm(self.cross, axis=1) / 2
        return areas

    @cached_property
    def normals(self) -> FloatArray:
        """``(f, 3)`` outward unit normals; 0 for slivers, whose direction is but rounding."""
        size = np.linalg.norm(self.cross, axis=1)
        longest = np.linalg.norm(self.corners - np.roll(self.corners, 1, axis=1), axis=2).max(axis=1)
        proper = size > SLIVER * longest**2
        return np.asarray(np.where(proper, 1 / np.where(proper, size, 1), 0)[:, None] * self.cross)

    @cached_property
    def vertex_normals(self) -> FloatArray:
        """``(v, 3)`` outward unit normals, of the faces around weighted by their angles."""
        total = np.zeros_like(self.vertices)
        for k in range(3):
            here, there, back = (self.corners[:, (k + step) % 3] for step in range(3))
            u, v = there - here, back - here
            angle = np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1))
            for axis in range(3):
                weights = angle * self.normals[:, axis]
                total[:, axis] += np.bincount(self.faces[:, k], weights, len(self.vertices))
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1), np.finfo(float).tiny)[:, None])

    @property
    def area(self) -> float:
        """Area in mm2."""
        return float(self.face_areas.sum())

    @property
    def volume(self) -> float:
        """Enclosed volume in mm3; negative where the faces look inward, without meaning for an open mesh."""
        return float(self._signed_volumes.sum())

    @property
    def bounds(self) -> FloatArray:
        """``(2, 3)`` least and largest coordinates of the faces in mm."""
        corners = self.corners.reshape(-1, 3)
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    @cached_property
    def shells(self) -> IntArray:
        """``(f,)`` number of the connected piece of surface that each face belongs to, counted from 0."""
        n = len(self.vertices)
        a, b, c = self.faces.T
        links = (np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([b, c])))
        label = connected_components(coo_array(links, shape=(n, n)), directed=False)[1][a]
        return np.unique(label, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def shell_volumes(self) -> FloatArray:
        """``(shells,)`` signed volume of each piece of surface, negative for the wall of a void."""
        return np.asarray(np.bincount(self.shells, weights=self._signed_volumes), float)

    @cached_property
    def half_edges(self) -> tuple[IntArray, IntArray]:
        """``(e, 2)`` edges with the smaller vertex first, and ``(3 f,)`` which of them each side of a face is.

        Side 3 f + k of face f goes from its corner k to the next.
        """
        ends = np.sort(np.stack([self.faces, np.roll(self.faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        code = ends[:, 0] * len(self.vertices) + ends[:, 1]
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        return ends[first], which.reshape(-1).astype(np.int64)

    def turned(self) -> TriangleMesh:
        """The mesh inside out."""
        return TriangleMesh(self.vertices, self.faces[:, ::-1])

    def fault(self) -> str:
        """Why the mesh is not the surface of a volume, with the first place where; empty if it is.

        Closed: each edge has two faces, which run along it in opposite directions.
        """
        ends, which = self.half_edges
        count = np.bincount(which, minlength=len(ends))
        start = self.faces.ravel()
        along = np.bincount(which, weights=start == ends[which, 0], minlength=len(ends))
        for wrong, text in (
            (count == 1, "is open: {} edges have one face only"),
            (count > 2, "is not manifold: {} edges have more than two faces"),
            (along * 2 != count, "is not wound one way round: at {} edges neighbouring faces look to opposite sides"),
        ):
            if wrong.any():
                x, y, z = self.vertices[ends[np.flatnonzero(wrong)[0]]].mean(axis=0)
                return f"{text.format(np.count_nonzero(wrong))}, the first near ({x:.4g}, {y:.4g}, {z:.4g}) mm"
        return ""

    @cached_property
    def _signed_volumes(self) -> FloatArray:
        a, b, c = (self.corners - self.vertices[0]).transpose(1, 0, 2)
        return np.asarray(np.einsum("fi,fi->f", a, np.cross(b, c)) / 6)


def _table(name: str, value: Any, dtype: type) -> npt.NDArray[Any]:
    array = np.array(value)
    if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"{name} has shape {array.shape}, expected numbers ({name[0]}, 3)")
    if dtype is np.int64 and array.dtype.kind == "f":
        raise ValueError(f"{name} are not whole numbers")
    return array.astype(dtype)
