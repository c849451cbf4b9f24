"""A closed shape: what lies inside, how deep, and where its surface is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assembly.meshes import TriangleMesh, read_mesh
from assembly.meshes.bvh import INSIDE, SIDE, Tree
from structgen.web import FloatArray, IntArray

AXES = "xyz"
#: Steps in which a point is sunk: near an edge the nearest face changes from step to step.
SINKING = 12


@dataclass(frozen=True, eq=False)
class Shape:
    """The volume inside a closed surface; inner surfaces that look inward bound voids.

    Arguments:
        mesh: closed, each edge with two faces that look to one side. Turned round if it is inside out as a whole.

    Raises `ValueError` for any other mesh, with the number of edges that are wrong and the place of the first.
    """

    mesh: TriangleMesh

    def __post_init__(self) -> None:
        mesh = self.mesh
        if fault := mesh.fault():
            raise ValueError(f"mesh {fault}: a shape must be a closed surface, repair it first")
        size = float(np.prod(np.ptp(mesh.bounds, axis=0)))
        if not abs(mesh.volume) > 1e-9 * size:
            raise ValueError("mesh encloses no volume")
        if mesh.volume < 0:
            object.__setattr__(self, "mesh", mesh.turned())

    @classmethod
    def read(cls, path: str | Path) -> Shape:
        """The shape in a file, see `assembly.meshes.read_mesh`; an error begins with the path."""
        mesh = read_mesh(path)
        try:
            return cls(mesh)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @property
    def bounds(self) -> FloatArray:
        """``(2, 3)`` least and largest coordinates in mm."""
        return self.mesh.bounds

    @property
    def size(self) -> FloatArray:
        """``(3,)`` sides of the box in mm."""
        return np.asarray(np.ptp(self.bounds, axis=0))

    @property
    def volume(self) -> float:
        """Volume in mm3."""
        return self.mesh.volume

    @property
    def bodies(self) -> int:
        """Number of separate outer surfaces."""
        return int((self.mesh.shell_volumes > 0).sum())

    def contains(self, points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """``(n,)`` whether each of ``points (n, 3)`` lies inside; on the surface either may come out."""
        return np.asarray(self.distance(points) < 0)

    def distance(self, points: npt.ArrayLike) -> FloatArray:
        """``(n,)`` distance in mm of ``points (n, 3)`` from the surface, negative inside.

        Sign by the normal where the surface is nearest, at edges and vertices the mean weighted by angle: J. A.
        Baerentzen & H. Aanaes, Signed distance computation using the angle weighted pseudonormal, IEEE TVCG 11 (2005).
        """
        pos = _points(points)
        places, faces, features = self._nearest(pos)
        away = pos - places
        outward = (away * self._normals_at(faces, features)).sum(axis=1) >= 0
        distance: FloatArray = np.linalg.norm(away, axis=1)
        return np.where(outward, distance, -distance)

    def closest(self, points: npt.ArrayLike) -> FloatArray:
        """``(n, 3)`` places of the surface nearest to ``points (n, 3)``."""
        return self._nearest(points)[0]

    def sunk(self, points: npt.ArrayLike, depth: float) -> FloatArray:
        """``(n, 3)`` places about ``depth`` mm below the surface, near where ``points (n, 3)`` are nearest to it.

        Less deep where the shape is too thin; always inside.
        """
        best = places = self.closest(points)
        level = np.zeros(len(places))
        least = np.full(len(places), np.inf)
        for _ in range(SINKING):
            outward = (places - self.closest(places)) / np.where(level == 0, 1, level)[:, None]
            outward = np.where((np.abs(level) > 1e-9 * depth)[:, None], outward, self.normals(places))
            places = places - (level + depth)[:, None] * outward
            level = self.distance(places)
            better = np.abs(level + depth) < least
            best, least = np.where(better[:, None], places, best), np.where(better, np.abs(level + depth), least)
        return best

    def normals(self, points: npt.ArrayLike) -> FloatArray:
        """``(n, 3)`` outward unit normals of the surface where it is nearest to ``points (n, 3)``."""
        _, faces, features = self._nearest(points)
        normals = self._normals_at(faces, features)
        return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1), np.finfo(float).tiny)[:, None])

    def first_hits(self, starts: npt.ArrayLike, ends: npt.ArrayLike) -> FloatArray:
        """``(n,)`` share of the way from ``starts (n, 3)`` to ``ends`` where it first meets the surface; inf if not."""
        return self._tree.first_hits(_points(starts), _points(ends))

    def check_room(self, size: npt.ArrayLike) -> None:
        """Raise `ValueError` where the box is smaller than a module's ``size (3,)`` mm along two axes or more.

        Along one it may be: a plate is filled with slices of modules.
        """
        module = np.broadcast_to(np.asarray(size, float), 3)
        short = [AXES[k] for k in range(3) if self.size[k] < (1 - 1e-9) * module[k]]
        if len(short) > 1:
            ours, theirs = (" x ".join(f"{side:.4g}" for side in sides) for sides in (self.size, module))
            raise ValueError(
                f"shape of {ours} mm is smaller than a module of {theirs} mm along {' and '.join(short)}: "
                "take smaller modules or a larger shape"
            )

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self.mesh.corners[self._proper])

    @cached_property
    def _proper(self) -> IntArray:
        """Numbers of the faces but slivers, which have no side: their neighbours are as near."""
        return np.flatnonzero(self.mesh.normals.any(axis=1))

    def _nearest(self, points: npt.ArrayLike) -> tuple[FloatArray, IntArray, IntArray]:
        """Places, faces and features as of `assembly.meshes.bvh.Tree.closest`."""
        places, faces, features = self._tree.closest(_points(points))
        return places, self._proper[faces], features

    def _normals_at(self, faces: IntArray, features: IntArray) -> FloatArray:
        mesh = self.mesh
        normals = mesh.normals[faces]
        at_side = (features >= SIDE) & (features < INSIDE)
        side = mesh.half_edges[1][3 * faces[at_side] + features[at_side] - SIDE]
        normals[at_side] = self._edge_normals[side]
        at_corner = features < SIDE
        normals[at_corner] = mesh.vertex_normals[mesh.faces[faces[at_corner], features[at_corner]]]
        return normals

    @cached_property
    def _edge_normals(self) -> FloatArray:
        """``(e, 3)`` sum of the normals of the two faces of each edge."""
        ends, which = self.mesh.half_edges
        normals = np.repeat(self.mesh.normals, 3, axis=0)
        return np.column_stack([np.bincount(which, normals[:, k], len(ends)) for k in range(3)])


def _points(points: npt.ArrayLike) -> FloatArray:
    array = np.asarray(points, float)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"points has shape {array.shape}, expected (n, 3)")
    if not np.isfinite(array).all():
        raise ValueError("points must be finite")
    return array
