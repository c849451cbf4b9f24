"""A frame: struts below the surface of a shape, along its sharp edges and in a net between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from assembly.filling.trimming import COVER, Trimmed
from assembly.join import MAX_DEGREE
from assembly.meshes import TriangleMesh
from assembly.shape import Shape
from assembly.surfaces import MeshSurface
from assembly.surfaces.sampling import spread
from structgen.web import FloatArray, IntArray, WebGraph

FRAME_KIND = 1
#: An edge is sharp where its faces turn by more than this, as a cosine.
SHARP = np.cos(np.radians(35))
#: Nodes of the net are at least this share of the web's median length apart.
SPACING = 1.0
#: The surface is looked at in steps of this share of that distance.
FINE = 0.25
#: Places of opposite sides of a thin wall count as this share of the distance apart, for each unit their normals are.
WALL = 0.5
#: A strut that would leave the shape is bent at its middle, up to so many times.
BENDS = 3
#: Nodes among which one is chosen for the end of a strut.
CHOICES = 12
MAX_FINE_FACES = 4_000_000


@dataclass(frozen=True)
class _Net:
    """Nodes on the surface ``(k, 3)``, and pairs of them ``(e, 2)``."""

    pos: FloatArray
    pairs: IntArray


def framed(cut: Trimmed, shape: Shape, radius: float, seed: int) -> Trimmed:
    """``cut`` with a frame of struts of ``radius`` mm and kind "frame", at whose nodes its anchored struts end.

    Ends of anchored struts nearer to each other than the frame's spacing, the web's median length, share a node.
    """
    web = cut.web
    spacing = max(SPACING * float(np.median(web.lengths)), 4 * radius)
    feet = shape.closest(web.pos[cut.anchored])
    net = _net(shape, feet, spacing, seed)
    depth = COVER * max(radius, float(web.radius.max()))
    nodes, pairs = _inside(shape, shape.sunk(net.pos, depth), net.pairs, depth)
    # Ends of struts go to a near node; struts that would leave the shape then are left out.
    number = np.arange(web.n) + len(nodes)
    number[cut.anchored] = _taken(nodes, pairs, web.pos[cut.anchored], web.degree[cut.anchored])
    pos = np.concatenate([nodes, web.pos])
    edges = number[web.edge_index.T]
    keep = (edges[:, 0] != edges[:, 1]) & np.isinf(shape.first_hits(pos[edges[:, 0]], pos[edges[:, 1]]))
    whole = WebGraph.from_edges(
        pos,
        np.concatenate([pairs, edges[keep]]),
        np.concatenate([np.full(len(pairs), radius), web.radius[keep]]),
        np.concatenate([np.full(len(pairs), FRAME_KIND), web.kind[keep]]),
    )
    used = np.unique(whole.edge_index)
    return Trimmed(whole.subweb(used), np.flatnonzero(used < len(nodes)))


def _taken(nodes: FloatArray, pairs: IntArray, ends: FloatArray, struts: IntArray) -> IntArray:
    """``(k,)`` the node that each of ``ends (k, 3)`` with so many ``struts (k,)`` goes to: the nearest with room."""
    degree = np.bincount(pairs.ravel(), minlength=len(nodes))
    near = cKDTree(nodes).query(ends, k=[*range(1, min(CHOICES, len(nodes)) + 1)])[1]
    taken = np.empty(len(ends), np.int64)
    for k, choices in enumerate(near):
        room = degree[choices] + struts[k] <= MAX_DEGREE
        taken[k] = choices[int(np.argmax(room))] if room.any() else choices[int(np.argmin(degree[choices]))]
        degree[taken[k]] += struts[k]
    return taken


def _net(shape: Shape, feet: FloatArray, spacing: float, seed: int) -> _Net:
    """A net over the surface: sharp edges first, then the ``feet (k, 3)`` of struts, then what fills the gaps."""
    sharp = _sharp_edges(shape.mesh)
    chain, chain_ends = _divided(shape.mesh.vertices, sharp, FINE * spacing)
    corners = np.flatnonzero(~np.isin(np.bincount(sharp.ravel(), minlength=1), (0, 2)))
    filling, _ = MeshSurface(shape.mesh).sample(spacing, seed)
    between = np.concatenate([feet, filling])
    if len(chain):
        # Below the surface, places beside an edge would fall on it.
        between = between[cKDTree(chain).query(between)[0] > spacing / 2]
    candidates = np.concatenate([shape.mesh.vertices[corners], chain, between])
    kept = spread(candidates, spacing)
    nodes = candidates[kept]
    along = np.count_nonzero(kept < len(corners) + len(chain))
    pairs = [_neighbours(shape, nodes, spacing)]
    if along:
        # Nodes on sharp edges follow each other along them, whatever else is near.
        owner = cKDTree(nodes[:along]).query(chain)[1]
        pairs.append(owner[chain_ends])
    rows = np.sort(np.concatenate(pairs), axis=1)
    return _Net(nodes, np.unique(rows[rows[:, 0] != rows[:, 1]], axis=0))


def _sharp_edges(mesh: TriangleMesh) -> IntArray:
    """``(e, 2)`` vertices of the edges at which the faces turn sharply."""
    ends, which = mesh.half_edges
    first = np.argsort(which, kind="stable").reshape(-1, 2) // 3
    cosine = (mesh.normals[first[:, 0]] * mesh.normals[first[:, 1]]).sum(axis=1)
    return np.asarray(ends[cosine < SHARP])


def _divided(vertices: FloatArray, edges: IntArray, step: float) -> tuple[FloatArray, IntArray]:
    """Points along ``edges`` at most ``step`` mm apart, and the pairs ``(p, 2)`` of them that follow each other."""
    a, b = vertices[edges[:, 0]], vertices[edges[:, 1]]
    count = np.ceil(np.linalg.norm(b - a, axis=1) / step).astype(np.int64) + 1
    count = np.maximum(count, 2)
    first = np.cumsum(count) - count
    edge = np.repeat(np.arange(len(edges)), count)
    place = np.arange(len(edge)) - first[edge]
    share = (place / np.maximum(count[edge] - 1, 1))[:, None]
    follows = np.flatnonzero(place > 0)
    return (1 - share) * a[edge] + share * b[edge], np.column_stack([follows - 1, follows])


def _neighbours(shape: Shape, nodes: FloatArray, spacing: float) -> IntArray:
    """``(e, 2)`` pairs of nodes whose parts of the surface meet, and between which no third node lies (Gabriel)."""
    import trimesh

    mesh, fine = shape.mesh, FINE * spacing
    if mesh.area / (0.4 * fine**2) + len(mesh.faces) > MAX_FINE_FACES:
        raise ValueError(f"frame: a net with struts of {spacing:.3g} mm is too fine for a shape of {mesh.area:.4g} mm2")
    corners, faces, source = trimesh.remesh.subdivide_to_size(
        mesh.vertices, mesh.faces, fine, max_iter=30, return_index=True
    )
    lifted = cKDTree(np.hstack([nodes, WALL * spacing * shape.normals(nodes)]))
    normals = mesh.normals[np.asarray(source)]
    owner = np.column_stack(
        [lifted.query(np.hstack([corners[faces[:, k]], WALL * spacing * normals]))[1] for k in range(3)]
    )
    pairs = np.sort(np.concatenate([owner[:, [0, 1]], owner[:, [1, 2]], owner[:, [2, 0]]]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    middles = nodes[pairs].mean(axis=1)
    half = np.linalg.norm(nodes[pairs[:, 0]] - nodes[pairs[:, 1]], axis=1) / 2
    free = cKDTree(nodes).query(middles)[0] >= half * (1 - 1e-9)
    return np.asarray(pairs[free])


def _inside(shape: Shape, nodes: FloatArray, pairs: IntArray, depth: float) -> tuple[FloatArray, IntArray]:
    """Nodes and pairs with struts that leave the shape bent at sunk middles, or left out."""
    done = []
    for _ in range(BENDS + 1):
        leaves = np.isfinite(shape.first_hits(nodes[pairs[:, 0]], nodes[pairs[:, 1]]))
        done.append(pairs[~leaves])
        pairs = pairs[leaves]
        if not len(pairs):
            break
        middles = shape.sunk(shape.closest(nodes[pairs].mean(axis=1)), depth)
        number = len(nodes) + np.arange(len(pairs))
        nodes = np.concatenate([nodes, middles])
        pairs = np.concatenate([np.column_stack([pairs[:, 0], number]), np.column_stack([pairs[:, 1], number])])
    return nodes, np.concatenate(done)
