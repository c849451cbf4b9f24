"""The raw parts of unions: prisms along stretches of struts, balls about nodes; what belongs to which cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.hybrid.nodes import ring_corners
from assembly.hybrid.pieces import Pieces
from assembly.hybrid.struts import Struts
from structgen.web import FloatArray, IntArray

#: Segments of the balls at united nodes: fewer would bulge, more would cost triangles and show nothing.
BALL_SEGMENTS = 12
#: Balls reach this far beyond the prisms' corners: ends of collinear struts that meet at the surface would pinch it.
BALL_COVER = 1.005
#: Prisms begin this many radii from the node, inside of its ball: those of collinear struts then share no face.
PRISM_START = 0.06
#: Turns the balls out of the planes in which designed webs like to lie, so that few faces coincide.
BALL_TURN = (0.318, 0.577, 0.211)
#: Where a union is tried again, its parts are made wider or thinner by up to this share ...
VARIATION = 0.004
#: ... between these shares of a prism's length.
VARIED = (0.03, 0.97)

Part = tuple[FloatArray, IntArray]


@lru_cache(maxsize=1)
def unit_ball() -> tuple[FloatArray, IntArray, float]:
    """Vertices and faces of a ball about the origin that the unit ball lies inside of, and how far it reaches."""
    import manifold3d

    round_one = manifold3d.Manifold.sphere(1.0, BALL_SEGMENTS).rotate([math.degrees(a) for a in BALL_TURN])
    mesh = round_one.to_mesh64()
    vertices, faces = np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64)
    a, b, c = (vertices[corner] for corner in faces.T)
    normals = np.cross(b - a, c - a)
    inner = float(((normals * a).sum(axis=1) / np.linalg.norm(normals, axis=1)).min())
    return vertices * (BALL_COVER / inner), faces, BALL_COVER / inner


@lru_cache(maxsize=8)
def prism_faces(sides: int, rings: int) -> IntArray:
    """Faces of a closed prism through ``rings`` rings of ``sides`` corners, counter-clockwise about its axis."""
    j = np.arange(sides)
    k = (j + 1) % sides
    rows = []
    for a, b in ((ring * sides, (ring + 1) * sides) for ring in range(rings - 1)):
        rows += [np.column_stack([a + j, a + k, b + k]), np.column_stack([a + j, b + k, b + j])]
    caps, top = np.arange(1, sides - 1), (rings - 1) * sides
    rows.append(np.column_stack([0 * caps, caps + 1, caps]))
    rows.append(np.column_stack([0 * caps + top, caps + top, caps + 1 + top]))
    return np.concatenate(rows)


@dataclass(frozen=True, eq=False)
class Parts:
    """Prisms and balls to be united.

    Arguments:
        prisms: ``(p, 2, sides, 3)`` corners of their end rings; those of no length are only listed in ``pieces``.
        cut: ``(p, 2)`` first vertex in the mesh of either end ring; -1 where it lies in a node's ball.
        centres, radii: ``(b, 3), (b,)`` of the balls.
        clusters: the parts of each, prisms first, then balls, which are numbered from ``p`` on.
        box: ``(2, 3)`` in which all is kept.
    """

    prisms: FloatArray
    cut: IntArray
    centres: FloatArray
    radii: FloatArray
    clusters: list[IntArray]
    box: FloatArray

    def lowest(self) -> float:
        """Least z of the parts, which is that of their union, mm."""
        ball = np.clip(self.centres[:, None] + self.radii[:, None, None] * unit_ball()[0], *self.box)
        return float(min(self.prisms[..., 2].min(initial=np.inf), ball[..., 2].min(initial=np.inf)))

    def of_cluster(self, cluster: int, trial: int) -> list[Part]:
        """Vertices and faces of the parts of a cluster, in each trial after the first slightly different ones."""
        members, count = self.clusters[cluster], len(self.prisms)
        rng = np.random.default_rng([trial, int(members[0])])
        made = []
        for part in members.tolist():
            wider = 1 + VARIATION * rng.uniform(-1, 1) if trial else 1.0
            if part < count:
                made.append(self._prism(part, wider))
            else:
                made.append(self._ball(part - count, wider, rng if trial else None))
        return made

    def _prism(self, part: int, wider: float) -> Part:
        start, end = self.prisms[part]
        if wider == 1:
            return np.concatenate([start, end]), prism_faces(len(start), 2)
        rings = [start + share * (end - start) for share in VARIED]
        rings = [ring.mean(axis=0) + wider * (ring - ring.mean(axis=0)) for ring in rings]
        return np.concatenate([start, *rings, end]), prism_faces(len(start), 4)

    def _ball(self, number: int, wider: float, rng: np.random.Generator | None) -> Part:
        vertices, faces, _ = unit_ball()
        if rng is not None:
            vertices = vertices @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        # Never thinner: the ends of prisms must stay inside.
        return np.clip(self.centres[number] + self.radii[number] * max(wider, 1) * vertices, *self.box), faces


def parts_of(s: Struts, sides: int, pieces: Pieces, united: IntArray, vertices: FloatArray, first: IntArray) -> Parts:
    """The parts that ``pieces`` and ``united`` nodes consist of; ring r is row ``first[r]`` and following of vertices."""
    cut = np.where(pieces.rings >= 0, first[pieces.rings], -1)
    inside = PRISM_START * s.wide[pieces.strut]
    places = pieces.span + np.where(cut < 0, np.column_stack([inside, -inside]), 0)
    strut = np.repeat(pieces.strut, 2)
    prisms = ring_corners(s, sides, strut, places.ravel()).reshape(-1, 2, sides, 3)
    at_ring = cut >= 0
    prisms[at_ring] = vertices[cut[at_ring][:, None] + np.arange(sides)]
    node = np.flatnonzero(united)
    number = np.full(s.n, -1)
    number[node] = len(prisms) + np.arange(len(node))
    piece, side = np.nonzero(~at_ring)
    i = np.concatenate([pieces.contacts[:, 0], piece])
    j = np.concatenate([pieces.contacts[:, 1], number[s.ends[pieces.strut[piece], side]]])
    total = len(prisms) + len(node)
    label = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(total, total)), directed=False)[1]
    # A prism between nodes that are as good as one lies inside of their balls.
    solid = np.concatenate([places[:, 1] - places[:, 0] > inside, np.ones(len(node), bool)])
    order = np.flatnonzero(solid)[np.argsort(label[solid], kind="stable")]
    clusters = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return Parts(prisms, cut, s.pos[node], s.node_radius[node], clusters, s.box)
