"""Any triangle mesh as a surface to wrap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.meshes import TriangleMesh
from assembly.meshes.bvh import Tree
from assembly.surfaces.sampling import spread
from assembly.surfaces.surface import CANDIDATES, Patch, Surface, frames_about
from structgen.seeds import generator
from structgen.web import FloatArray, IntArray

#: Steps from the middle of a module to its nodes: at each the way is bent to the surface.
STEPS = 12
#: Middles of modules are this share of a module's smaller side apart, at least; their cells fit into modules then.
SPACING = 0.62
RELAXATIONS = 6
#: Places of opposite sides of a thin wall count as this share of the spacing apart, for each unit their normals are.
WALL = 0.5


@dataclass(frozen=True, eq=False)
class MeshSurface(Surface):
    """The surface of ``mesh``, open or closed; its normals are its outer side.

    Modules lie with x level and y upward where the surface is steep, else with x along that of space.
    """

    mesh: TriangleMesh

    def __post_init__(self) -> None:
        proper = self.mesh.normals.any(axis=1)
        if not proper.any():
            raise ValueError("mesh has no area")
        if not proper.all():
            object.__setattr__(self, "mesh", TriangleMesh(self.mesh.vertices, self.mesh.faces[proper]))

    @property
    def area(self) -> float:
        """Area in mm2."""
        return self.mesh.area

    def patches(self, size: tuple[float, float], overlap: float, seed: int) -> list[Patch]:
        """Modules about evenly spread middles, of each the part about its own; see `Surface.patches`.

        A part reaches beyond the border with the next by ``overlap`` of the distance between middles.
        """
        spacing = SPACING * min(size)
        middles, frames = self._evenly(spacing, seed)
        tree = cKDTree(_apart(middles, frames[:, :, 2], spacing))
        return [self._patch(k, middles, frames, tree, spacing, overlap) for k in range(len(middles))]

    def scatter(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """See `Surface.scatter`."""
        total = np.cumsum(self.mesh.face_areas)
        faces = np.searchsorted(total, rng.uniform(0, total[-1], count), side="right").clip(max=len(total) - 1)
        u, v = np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 1, count)
        shares = np.column_stack([1 - u, u * (1 - v), u * v])
        points = np.einsum("nk,nki->ni", shares, self.mesh.corners[faces])
        return points, self._frames(faces)

    def _evenly(self, spacing: float, seed: int) -> tuple[FloatArray, FloatArray]:
        """Middles and frames: Poisson disks, then moved to the middles of what is nearest to each (Lloyd)."""
        count = int(max(CANDIDATES * self.area / spacing**2, 1000))
        cloud, frames = self.scatter(count, generator(seed, 1))
        lifted = _apart(cloud, frames[:, :, 2], spacing)
        chosen = spread(lifted, spacing)
        for _ in range(RELAXATIONS):
            owner = cKDTree(lifted[chosen]).query(lifted)[1]
            total = np.bincount(owner, minlength=len(chosen))[:, None]
            means = np.column_stack([np.bincount(owner, column, len(chosen)) for column in lifted.T]) / total
            chosen = np.unique(cKDTree(lifted).query(means)[1])
        return cloud[chosen], frames[chosen]

    def _patch(
        self, own: int, middles: FloatArray, frames: FloatArray, tree: cKDTree, spacing: float, overlap: float
    ) -> Patch:
        def placed(local: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
            points, normals = self._walked(middles[own], frames[own], local[:, :2])
            lifted = _apart(points, normals, spacing)
            ours = np.linalg.norm(lifted - tree.data[own], axis=1)
            return points + local[:, 2:] * normals, ours - tree.query(lifted)[0] <= overlap * spacing

        return placed

    def _walked(self, start: FloatArray, frame: FloatArray, ways: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Places and normals reached from ``start`` straight on along the surface by ``ways (n, 2)`` in ``frame``."""
        places = np.tile(start, (len(ways), 1))
        step = np.linalg.norm(ways, axis=1, keepdims=True) / STEPS
        heading = ways @ frame[:, :2].T / np.maximum(STEPS * step, np.finfo(float).tiny)
        normals = np.tile(frame[:, 2], (len(ways), 1))
        for _ in range(STEPS):
            places, faces, _ = self._tree.closest(places + step * heading)
            normals = self.mesh.normals[faces]
            turned = heading - (heading * normals).sum(axis=1, keepdims=True) * normals
            size = np.linalg.norm(turned, axis=1, keepdims=True)
            heading = np.where(size > 1e-9, turned / np.maximum(size, 1e-9), heading)
        return places, normals

    def _frames(self, faces: IntArray) -> FloatArray:
        normals = self.mesh.normals[faces]
        steep = np.abs(normals[:, 2]) < np.sqrt(0.5)
        level = np.cross([0.0, 0, 1], normals)
        return frames_about(normals, np.where(steep[:, None], level, [1.0, 0, 0]))

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self.mesh.corners)


def _apart(points: FloatArray, normals: FloatArray, spacing: float) -> FloatArray:
    """``(n, 6)`` points in which opposite sides of a thin wall are not near."""
    return np.hstack([points, WALL * spacing * normals])
