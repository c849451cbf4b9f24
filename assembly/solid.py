"""Struts to one closed, printable solid by an exact boolean union."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.checks import number, whole
from structgen.web import FloatArray, IntArray, WebGraph

MAX_STRUTS = 20_000
SIDES = (3, 64)
#: Segments of the balls at the nodes: fewer would bulge, more would cost triangles and show nothing.
BALL_SEGMENTS = (12, 16)
#: Balls reach this far beyond the prisms' ends: ends of collinear struts that meet at the surface would pinch it.
BALL_COVER = 1.001
#: Edges shorter than this many float32 steps at the largest coordinate are collapsed ...
SHORTEST_EDGE = 16
#: ... which must be less than this share of the thinnest strut's radius.
FINEST_RADIUS = 0.125
PLA_DENSITY = 1.24
#: Turns the balls out of the planes in which designed webs like to lie, so that few faces coincide.
BALL_TURN = (0.318, 0.577, 0.211)


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed triangle mesh standing on z = 0.

    Arguments:
        vertices: ``(v, 3)`` in mm, all different and exact in float32.
        faces: ``(f, 3)`` vertex numbers, counter-clockwise seen from outside.
        report: ``struts, nodes, volume_mm3, mass_g, triangles, watertight, bodies, bounding_box_mm, genus``.
    """

    vertices: FloatArray
    faces: IntArray
    report: dict[str, Any]


def solidify(
    web: WebGraph, sides: int = 8, density: float = PLA_DENSITY, progress: Callable[[str], None] | None = None
) -> Solid:
    """The printable solid of a connected web: one watertight body without self-intersections, resting on z = 0.

    Each strut is a prism with the cross-section area of its circle, each node a ball that the prisms' ends are inside
    of; all are united at once (manifold3d), what stands out over the box of the round struts is cut off, and holes
    inside are filled. x and y stay as they are.

    Arguments:
        web: the web, connected, at most 20,000 struts.
        sides: sides of a prism, 3 to 64.
        density: of the material in g/cm3, for the mass (PLA: 1.24).
        progress: told in a line what goes on.

    Raises `ValueError` for a web that is not connected, too large, or too thin for float32 where it lies.
    """
    sides = whole("sides", sides, *SIDES)
    density = number("density", density, "> 0 g/cm3", lambda value: value > 0)
    if web.m > MAX_STRUTS:
        raise ValueError(f"web has {web.m} struts, at most {MAX_STRUTS} can be made solid at once")
    if not web.is_connected:
        count = web.components().max() + 1
        raise ValueError(f"web has {count} separate parts, must be connected: use web.largest_component()")
    step = _resolution(web)
    tell = progress or (lambda _: None)
    tell(f"uniting {web.m} struts and {web.n} nodes")
    united = _union(web, sides)
    tell("checking the solid")
    vertices, faces = _sound_mesh(united, step)
    volume = _volume(vertices, faces)
    report = {
        "struts": web.m,
        "nodes": web.n,
        "volume_mm3": volume,
        "mass_g": volume / 1000 * density,
        "triangles": len(faces),
        "watertight": True,
        "bodies": 1,
        "bounding_box_mm": np.ptp(vertices, axis=0).tolist(),
        "genus": 1 - (len(vertices) - len(faces) // 2) // 2,
    }
    return Solid(vertices, faces, report)


def _union(web: WebGraph, sides: int) -> Any:
    import manifold3d

    # A regular polygon of this circumradius has the area of the unit circle.
    widen = math.sqrt(2 * math.pi / (sides * math.sin(2 * math.pi / sides)))
    radius = widen * web.radius
    node_radius = np.zeros((web.n, 1))
    for ends in web.edge_index:  # numpy 2.4's ufunc.at reads past values that it would have to broadcast
        np.maximum.at(node_radius[:, 0], ends, web.radius)
    ball_radius = widen * node_radius[:, 0]
    ball = _ball(min(max(sides, BALL_SEGMENTS[0]), BALL_SEGMENTS[1]))
    bar = manifold3d.Manifold.cylinder(1.0, 1.0, 1.0, sides)
    i, j = web.edge_index
    along = web.pos[j] - web.pos[i]
    pieces = [bar.transform(matrix) for matrix in _bar_frames(web.pos[i], along, radius)]
    pieces += [ball.scale([r, r, r]).translate(p) for r, p in zip(ball_radius.tolist(), web.pos.tolist(), strict=True)]
    united = manifold3d.Manifold.batch_boolean(pieces, manifold3d.OpType.Add)
    # Polyhedra that enclose a round strut stand out over it; the part is to be no larger than the web and its radii.
    low, high = (web.pos - node_radius).min(axis=0), (web.pos + node_radius).max(axis=0)
    return united ^ manifold3d.Manifold.cube((high - low).tolist()).translate(low.tolist())


def _ball(segments: int) -> Any:
    """A polyhedral ball about the origin that the unit ball lies inside of."""
    import manifold3d

    ball = manifold3d.Manifold.sphere(1.0, segments).rotate([math.degrees(a) for a in BALL_TURN])
    mesh = ball.to_mesh64()
    a, b, c = np.array(mesh.vert_properties[:, :3])[mesh.tri_verts.T]
    normals = np.cross(b - a, c - a)
    inner = ((normals * a).sum(axis=1) / np.linalg.norm(normals, axis=1)).min()
    return ball.scale([BALL_COVER / inner] * 3)


def _bar_frames(start: FloatArray, along: FloatArray, radius: FloatArray) -> FloatArray:
    """``(m, 3, 4)`` maps of the unit cylinder on z onto each strut; struts of no length are left out."""
    length = np.linalg.norm(along, axis=1)
    keep = length > 0
    start, along, radius, length = start[keep], along[keep], radius[keep], length[keep]
    axis = along / length[:, None]
    across = np.eye(3)[np.argmin(np.abs(axis), axis=1)]
    u = np.cross(across, axis)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(axis, u)
    return np.stack([u * radius[:, None], v * radius[:, None], along, start], axis=2)


def _resolution(web: WebGraph) -> float:
    """The step of float32 where the web lies, mm; `ValueError` where struts are too thin for it."""
    reach, thinnest = float(np.abs(web.pos).max() + web.radius.max()), float(web.radius.min())
    step = float(np.spacing(np.float32(reach)))
    if SHORTEST_EDGE * step > FINEST_RADIUS * thinnest:
        raise ValueError(
            f"web has struts of radius {thinnest:.3g} mm up to {reach:.4g} mm from the origin, where float32 resolves "
            f"{step:.2g} mm: use thicker struts or move it nearer to the origin"
        )
    return step


def _sound_mesh(united: Any, step: float) -> tuple[FloatArray, IntArray]:
    """Vertices on z >= 0, all different and exact in float32, with faces; checked."""
    if united.is_empty():
        raise RuntimeError(f"the union of the struts failed: {united.status()}")
    mesh = united.simplify(SHORTEST_EDGE * step).to_mesh64()
    vertices = np.array(mesh.vert_properties[:, :3])
    vertices[:, 2] -= vertices[:, 2].min()
    vertices, faces = _in_order(_apart(vertices, step), np.array(mesh.tri_verts, np.int64))
    vertices, faces = _without_voids(vertices, faces)
    if fault := _fault(vertices, faces):
        raise RuntimeError(f"the union of the struts is no sound solid: {fault}")
    return vertices, faces


def _apart(vertices: FloatArray, step: float) -> npt.NDArray[np.float32]:
    """The vertices in float32, where those that rounding makes one are moved apart by ``step`` mm in x.

    Else a reader of STL, which has no vertex numbers, would weld them and break the surface.
    """
    order = np.lexsort(vertices.T[::-1])
    rounded = vertices[order].astype(np.float32) + np.float32(0)
    while True:
        _, first, place = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
        later = np.flatnonzero(first[place.reshape(-1)] != np.arange(len(rounded)))
        if not len(later):
            break
        rounded[later, 0] += np.float32(step)
    apart = np.empty_like(rounded)
    apart[order] = rounded
    return apart


def _in_order(vertices: npt.NDArray[np.float32], faces: IntArray) -> tuple[FloatArray, IntArray]:
    """The mesh in an order that depends on the places of its vertices only."""
    order = np.lexsort(vertices.T[::-1])
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    faces = number[faces]
    first = np.argmin(faces, axis=1)
    faces = np.take_along_axis(faces, (first[:, None] + np.arange(3)) % 3, axis=1)
    return vertices[order].astype(np.float64), faces[np.lexsort(faces.T[::-1])]


def _without_voids(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """The mesh without the shells of closed holes inside, which no printer can empty."""
    label = _shells(len(vertices), faces)[faces[:, 0]]
    volumes = np.bincount(label, weights=_signed_volumes(vertices, faces))
    faces = faces[volumes[label] > 0]
    used, number = np.unique(faces, return_inverse=True)
    return vertices[used], number.reshape(-1, 3).astype(np.int64)


def _fault(vertices: FloatArray, faces: IntArray) -> str:
    """What keeps a mesh from being one closed, consistently wound body; empty if nothing does."""
    if not len(faces):
        return "nothing is left of it"
    n = len(vertices)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    forward, backward = np.argsort(start * n + end), np.argsort(end * n + start)
    there, back = (start * n + end)[forward], (end * n + start)[backward]
    if (there[1:] == there[:-1]).any() or not np.array_equal(there, back):
        return "an edge has not exactly two faces"
    # Half-edge h stands for the corner it starts from; across its edge that corner is met by the next of its twin.
    following = np.roll(np.arange(len(start)).reshape(-1, 3), -1, axis=1).ravel()
    if _components(len(start), forward, following[backward]).max() + 1 != n:
        return "surfaces touch at a point"
    if (bodies := int(_shells(n, faces).max()) + 1) != 1:
        return f"it has {bodies} bodies"
    return "" if _volume(vertices, faces) > 0 else "its volume is not positive"


def _shells(n: int, faces: IntArray) -> IntArray:
    a, b, c = faces.T
    return _components(n, np.concatenate([a, b]), np.concatenate([b, c]))


def _components(n: int, a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> IntArray:
    """``(n,)`` component of each of n things where a[k] and b[k] belong together."""
    links = coo_array((np.ones(len(a)), (a, b)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _signed_volumes(vertices: FloatArray, faces: IntArray) -> FloatArray:
    a, b, c = (vertices[faces[:, k]] - vertices[0] for k in range(3))
    return np.asarray(np.einsum("fi,fi->f", a, np.cross(b, c)) / 6)


def _volume(vertices: FloatArray, faces: IntArray) -> float:
    return float(_signed_volumes(vertices, faces).sum())
