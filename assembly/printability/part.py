"""A web or a solid as checks see it: standing on the plate, to be turned and cut into layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from assembly.printability.layers import MOST_RUNS, Layers, mesh_layers, web_layers
from assembly.printability.struts import node_radius
from assembly.printability.surfaces import areas, closed, signed_volumes
from structgen.web import FloatArray, IntArray, WebGraph

#: Lines between which the thinnest strut cannot hide.
LINES_IN_STRUT = 2.5


class Surface(Protocol):
    """Anything with ``vertices (v, 3)`` in mm and ``faces (f, 3)``: a `Solid`, a `TriangleMesh`."""

    @property
    def vertices(self) -> FloatArray:
        """``(v, 3)`` mm."""

    @property
    def faces(self) -> IntArray:
        """``(f, 3)`` vertex numbers."""


@dataclass(frozen=True, eq=False)
class Part:
    """A web, or the surface of a solid; exactly one of the two.

    Arguments:
        web: struts.
        vertices: ``(v, 3)`` mm.
        faces: ``(f, 3)``, counter-clockwise seen from outside.
    """

    web: WebGraph | None
    vertices: FloatArray
    faces: IntArray

    @classmethod
    def of(cls, thing: WebGraph | Surface | Any) -> Part:
        """``thing`` set down on z = 0; raises `ValueError` for what is neither web nor closed mesh."""
        if isinstance(thing, WebGraph):
            return cls(thing, np.empty((0, 3)), np.empty((0, 3), np.int64)).grounded()
        if not (hasattr(thing, "vertices") and hasattr(thing, "faces")):
            raise ValueError(f"part is a {type(thing).__name__}, must be a web, a solid or a mesh")
        vertices, faces = np.array(thing.vertices, np.float64), np.array(thing.faces, np.int64)
        if not len(faces):
            raise ValueError("part is a mesh without faces")
        if not closed(faces, len(vertices)):
            raise ValueError("part is an open mesh: its surface has holes or edges, so it has no inside")
        if signed_volumes(vertices, faces).sum() < 0:
            faces = faces[:, ::-1].copy()
        return cls(None, vertices, faces).grounded()

    @property
    def box(self) -> FloatArray:
        """``(2, 3)`` least and greatest x, y, z, mm."""
        if self.web is None:
            return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])
        radius = node_radius(self.web)[:, None]
        return np.stack([(self.web.pos - radius).min(axis=0), (self.web.pos + radius).max(axis=0)])

    @property
    def size(self) -> FloatArray:
        """``(3,)`` sides of the box, mm."""
        low, high = self.box
        return np.asarray(high - low)

    def grounded(self) -> Part:
        """The part moved along z until it stands on z = 0."""
        down = np.array([0.0, 0.0, -self.box[0, 2]])
        if self.web is not None:
            return replace(self, web=self.web.translated(down))
        return replace(self, vertices=self.vertices + down)

    def turned(self, rotation: FloatArray) -> Part:
        """The part turned about the origin and set down again."""
        if self.web is not None:
            return replace(self, web=self.web.rotated(rotation)).grounded()
        return replace(self, vertices=self.vertices @ rotation.T).grounded()

    def layers(self, height: float, most: int = MOST_RUNS) -> Layers:
        """The part cut into layers of ``height`` mm; rows are as close as its thinnest struts need."""
        if self.web is not None:
            pitch = min(max(height, 0.1), 2 * float(self.web.radius.min()) / LINES_IN_STRUT)
            return web_layers(self.web, pitch, height, most)
        return mesh_layers(self.vertices, self.faces, max(height, 0.1), height, most)

    def undersides(self, ways: FloatArray, angle: float, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Middles (k, 3), areas (k,) and, for each of ``ways`` (d, 3) down, the share (k, d) that hangs over."""
        steep = math.cos(math.radians(angle))
        if self.web is not None:
            rows = np.arange(0, self.web.m, max(1, self.web.m // most))
            i, j = self.web.edge_index[:, rows]
            along, length = self.web.pos[j] - self.web.pos[i], self.web.lengths[rows]
            along /= np.where(length > 0, length, 1)[:, None]
            across = np.sqrt(np.clip(1 - (along @ ways.T) ** 2, 0, 1))
            area = 2 * self.web.radius[rows] * length
            return (self.web.pos[i] + self.web.pos[j]) / 2, area, np.where(across > steep, across, 0.0)
        rows = np.argsort(-areas(self.vertices, self.faces), kind="stable")[:most]
        corners = self.vertices[self.faces[rows]]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        size = np.linalg.norm(normals, axis=1)
        facing = normals / np.where(size > 0, size, 1)[:, None] @ ways.T
        return corners.mean(axis=1), size / 2, np.where(facing > steep, facing, 0.0)
