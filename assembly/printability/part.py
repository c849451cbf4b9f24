"""A web or a solid as checks see it: standing on the plate, to be turned and cut into layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from assembly.files.surface import Surface
from assembly.meshes import TriangleMesh
from assembly.placing import STANDS, box_of
from assembly.printability.layers import MOST_RUNS, Layers, mesh_layers, web_layers
from structgen.web import FloatArray, WebGraph

#: Lines between which the thinnest strut cannot hide.
LINES_IN_STRUT = 2.5
#: Of webs layers tell volumes only, for which fewer runs do.
MOST_WEB_RUNS = 5_000_000
#: Rows are no closer than this, mm, however thin the layers are.
CLOSEST_ROWS = 0.1


@dataclass(frozen=True, eq=False)
class Part:
    """A web or a mesh."""

    shape: WebGraph | TriangleMesh

    @classmethod
    def of(cls, thing: WebGraph | Surface | Any) -> Part:
        """``thing`` set down on z = 0, a mesh that is inside out turned; raises `ValueError` for anything else."""
        if isinstance(thing, WebGraph):
            return cls(thing).grounded()
        if not (hasattr(thing, "vertices") and hasattr(thing, "faces")):
            raise ValueError(f"part is a {type(thing).__name__}, must be a web, a solid or a mesh")
        mesh = thing if isinstance(thing, TriangleMesh) else TriangleMesh(thing.vertices, thing.faces)
        return cls(mesh.turned() if mesh.volume < 0 else mesh).grounded()

    @property
    def box(self) -> FloatArray:
        """``(2, 3)`` least and greatest x, y, z, mm."""
        return box_of(self.shape)

    @property
    def size(self) -> FloatArray:
        """``(3,)`` sides of the box, mm."""
        low, high = self.box
        return np.asarray(high - low)

    @property
    def area(self) -> float:
        """Of its surface, mm2; of a web that of its struts."""
        if isinstance(self.shape, TriangleMesh):
            return self.shape.area
        return float(2 * math.pi * (self.shape.radius * self.shape.lengths).sum())

    def grounded(self) -> Part:
        """The part moved along z until it stands on z = 0."""
        low = float(self.box[0, 2])
        if abs(low) <= STANDS:
            return self
        down = np.array([0.0, 0.0, -low])
        if isinstance(self.shape, TriangleMesh):
            return Part(TriangleMesh(self.shape.vertices + down, self.shape.faces))
        return Part(self.shape.translated(down))

    def turned(self, rotation: FloatArray) -> Part:
        """The part turned about the origin and set down again."""
        if isinstance(self.shape, TriangleMesh):
            return Part(TriangleMesh(self.shape.vertices @ rotation.T, self.shape.faces)).grounded()
        return Part(self.shape.rotated(rotation)).grounded()

    def layers(self, height: float, most: int | None = None) -> Layers:
        """The part cut into layers of ``height`` mm, of at most ``most`` runs; a web's rows see its thinnest struts."""
        pitch = max(height, CLOSEST_ROWS)
        if isinstance(self.shape, TriangleMesh):
            return mesh_layers(self.shape.vertices, self.shape.faces, pitch, height, most or MOST_RUNS)
        pitch = min(pitch, 2 * float(self.shape.radius.min()) / LINES_IN_STRUT)
        return web_layers(self.shape, pitch, height, most or MOST_WEB_RUNS)

    def undersides(self, ways: FloatArray, angle: float, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Middles (k, 3), areas (k,) and, for each of ``ways`` (d, 3) down, the share (k, d) that hangs over."""
        steep = math.cos(math.radians(angle))
        if isinstance(self.shape, TriangleMesh):
            rows = np.argsort(-self.shape.face_areas, kind="stable")[:most]
            facing = self.shape.normals[rows] @ ways.T
            middle, area = self.shape.corners[rows].mean(axis=1), self.shape.face_areas[rows]
            return middle, area, np.where(facing > steep, facing, 0.0)
        web = self.shape
        rows = np.arange(0, web.m, max(1, web.m // most))
        i, j = web.edge_index[:, rows]
        length = web.lengths[rows]
        along = (web.pos[j] - web.pos[i]) / np.where(length > 0, length, 1)[:, None]
        across = np.sqrt(np.clip(1 - (along @ ways.T) ** 2, 0, 1))
        return (web.pos[i] + web.pos[j]) / 2, 2 * web.radius[rows] * length, np.where(across > steep, across, 0.0)
