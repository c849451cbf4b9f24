"""The raw parts of unions: prisms along stretches of struts, balls about nodes; what belongs to which cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.hybrid.nodes import ring_corners
from assembly.hybrid.pieces import Pieces
from assembly.hybrid.struts import Struts, widening
from structgen.web import FloatArray, IntArray

#: Segments of the balls at united nodes: fewer would bulge, more would cost triangles and show nothing.
BALL_SEGMENTS = 12
#: Prisms end inside the ball of a node, this many radii from it, so that those of collinear struts share no face, ...
TIP = 0.06
#: ... this many radii wide, to be well inside, and have their full width so many radii from the node.
TIP_RADIUS, TAPER = 0.85, 0.15
#: Turns the balls out of the planes in which designed webs like to lie, so that few faces coincide.
BALL_TURN = (0.318, 0.577, 0.211)
#: Where a union is tried again, its parts are made wider or thinner by up to this share ...
VARIATION = 0.004
#: ... between these shares of a prism's length.
VARIED = (0.03, 0.97)

Part = tuple[FloatArray, IntArray]


@lru_cache(maxsize=1)
def unit_ball() -> tuple[FloatArray, IntArray, float]:
    """Vertices and faces of a polyhedron with the volume of the unit ball, and how far it reaches."""
    import manifold3d

    ball = manifold3d.Manifold.sphere(1.0, BALL_SEGMENTS).rotate([math.degrees(a) for a in BALL_TURN])
    reach = (4 / 3 * math.pi / ball.volume()) ** (1 / 3)
    mesh = ball.to_mesh64()
    return reach * np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64), reach


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
        prisms: ``(p, 4, sides, 3)`` corners of their rings: a tip where they end in a node, two of full width, a tip.
        rings: ``(p, 4)`` which of these rings are there.
        cut: ``(p, 2)`` first vertex in the mesh of the first and the last ring; -1 where it lies in a node's ball.
        centres, radii: ``(b, 3), (b,)`` of the balls.
        clusters: the parts of each, prisms first, then balls, which are numbered from ``p`` on.
        box: ``(2, 3)`` in which all is kept.
    """

    prisms: FloatArray
    rings: npt.NDArray[np.bool_]
    cut: IntArray
    centres: FloatArray
    radii: FloatArray
    clusters: list[IntArray]
    box: FloatArray

    def lowest(self) -> float:
        """Least z of the parts, which is that of their union, mm."""
        ball = np.clip(self.centres[:, None] + self.radii[:, None, None] * unit_ball()[0], *self.box)
        return float(min(self.prisms[self.rings][..., 2].min(initial=np.inf), ball[..., 2].min(initial=np.inf)))

    def of_cluster(self, cluster: int, trial: int) -> list[Part]:
        """Vertices and faces of the parts of a cluster, in each trial after the first slightly different ones."""
        members, count = self.clusters[cluster], len(self.prisms)
        rng = np.random.default_rng([trial, len(members)])
        made = []
        for part in members.tolist():
            wider = 1 + VARIATION * rng.uniform(-1, 1) if trial else 1.0
            if part < count:
                made.append(self._prism(part, wider))
            else:
                made.append(self._ball(part - count, wider, rng if trial else None))
        return made

    def only(self, clusters: range) -> Parts:
        """The parts of some clusters, which are numbered from 0 on."""
        members = np.sort(np.concatenate([self.clusters[c] for c in clusters]))
        p = int(np.searchsorted(members, len(self.prisms)))
        prism, ball = members[:p], members[p:] - len(self.prisms)
        return Parts(
            self.prisms[prism],
            self.rings[prism],
            self.cut[prism],
            self.centres[ball],
            self.radii[ball],
            [np.searchsorted(members, self.clusters[c]) for c in clusters],
            self.box,
        )

    def cut_corners(self, cluster: int) -> FloatArray:
        """``(k, 3)`` corners of the rings at which a cluster is cut from the rest."""
        members = self.clusters[cluster]
        members = members[members < len(self.prisms)]
        corners = [self.prisms[members[self.cut[members, end] >= 0], 1 + end].reshape(-1, 3) for end in (0, 1)]
        return np.concatenate(corners)

    def _prism(self, part: int, wider: float) -> Part:
        rings = list(self.prisms[part, self.rings[part]])
        if wider != 1:
            at = int(self.rings[part, 0] and len(rings) > 2)
            start, end = rings[at : at + 2]
            varied = [start + share * (end - start) for share in VARIED]
            rings[at + 1 : at + 1] = [ring.mean(axis=0) + wider * (ring - ring.mean(axis=0)) for ring in varied]
        return np.concatenate(rings), prism_faces(len(rings[0]), len(rings))

    def _ball(self, number: int, wider: float, rng: np.random.Generator | None) -> Part:
        vertices, faces, _ = unit_ball()
        if rng is not None:
            vertices = vertices @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        return np.clip(self.centres[number] + self.radii[number] * wider * vertices, *self.box), faces


def parts_of(s: Struts, sides: int, pieces: Pieces, united: IntArray, vertices: FloatArray, first: IntArray) -> Parts:
    """The parts that ``pieces`` and ``united`` nodes consist of; ring r begins in row ``first[r]`` of ``vertices``."""
    cut = np.where(pieces.rings >= 0, first[pieces.rings], -1)
    at_node, wide, span = cut < 0, s.wide[pieces.strut], pieces.span
    inward = np.array([1, -1])
    tips, full = (span + at_node * share * wide[:, None] * inward for share in (TIP, TAPER))
    places = np.stack([tips[:, 0], full[:, 0], full[:, 1], tips[:, 1]], axis=1)
    prisms = ring_corners(s, sides, np.repeat(pieces.strut, 4), places.ravel()).reshape(-1, 4, sides, 3)
    for ring in (0, 3):
        middle = prisms[:, ring].mean(axis=1, keepdims=True)
        prisms[:, ring] = middle + TIP_RADIUS / widening(sides) * (prisms[:, ring] - middle)
    for ring, end in ((1, 0), (2, 1)):
        at_ring = np.flatnonzero(~at_node[:, end])
        prisms[at_ring, ring] = vertices[cut[at_ring, end][:, None] + np.arange(sides)]
    # A prism between nodes that are nearly one has no room to be wide, ...
    long = places[:, 2] - places[:, 1] > TIP * wide
    rings = np.column_stack([at_node[:, 0], long, long, at_node[:, 1]])
    node = np.flatnonzero(united)
    number = np.full(s.n, -1)
    number[node] = len(prisms) + np.arange(len(node))
    piece, side = np.nonzero(at_node)
    i = np.concatenate([pieces.contacts[:, 0], piece])
    j = np.concatenate([pieces.contacts[:, 1], number[s.ends[pieces.strut[piece], side]]])
    total = len(prisms) + len(node)
    label = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(total, total)), directed=False)[1]
    # ... and lies within their balls if they are nearer still.
    solid = np.concatenate([tips[:, 1] - tips[:, 0] > TIP * wide, np.ones(len(node), bool)])
    order = np.flatnonzero(solid)[np.argsort(label[solid], kind="stable")]
    clusters = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return Parts(prisms, rings, cut, s.pos[node], s.node_radius[node] / widening(sides), clusters, s.box)
