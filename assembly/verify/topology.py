"""How the faces of a mesh hang together: edges, fans around vertices, shells, and which shell lies inside which."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assembly.verify.predicates import collinear
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Faces around a vertex from which on they are sorted rather than searched.
MANY = 48


class Shells(NamedTuple):
    """The connected pieces of a closed surface.

    Arguments:
        label: ``(f,)`` shell of each face, counted from 0 in the order of their lowest vertices.
        volume: ``(s,)`` signed volumes in mm3, negative where a shell is turned inside out.
        genus: ``(s,)`` handles of each.
        around: ``(s,)`` how many other shells a shell lies within, those turned inside out counted negative.
    """

    label: IntArray
    volume: FloatArray
    genus: IntArray
    around: IntArray


def checked_mesh(vertices: npt.ArrayLike, faces: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """``vertices`` ``(v, 3)`` and ``faces`` ``(f, 3)`` as contiguous arrays; `ValueError` if they are no such mesh."""
    points = np.ascontiguousarray(vertices, np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"vertices has shape {points.shape}, expected (v, 3)")
    if not np.isfinite(points).all():
        row = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ValueError(f"vertices row {row} is {points[row].tolist()}: coordinates must be finite")
    numbers = np.asarray(faces)
    if numbers.ndim != 2 or numbers.shape[1] != 3 or numbers.dtype.kind not in "iu":
        raise ValueError(f"faces has shape {numbers.shape} and type {numbers.dtype}, expected whole numbers (f, 3)")
    if len(points) > np.iinfo(np.int32).max or len(numbers) > np.iinfo(np.int32).max // 3:
        raise ValueError(f"faces has {len(numbers)} rows, at most {np.iinfo(np.int32).max // 3} can be checked")
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(points)):
        row = int(np.flatnonzero(((numbers < 0) | (numbers >= len(points))).any(axis=1))[0])
        raise ValueError(f"faces row {row} is {numbers[row].tolist()}: must lie in 0..{len(points) - 1}")
    return points, np.ascontiguousarray(numbers, np.int64)


def find_degenerate(vertices: FloatArray, faces: IntArray) -> IntArray:
    """``(k,)`` faces without an area: a corner twice, or three corners on one line, exactly."""
    return np.flatnonzero(_degenerate(vertices, faces))


@compiled
def _degenerate(v: FloatArray, faces: IntArray) -> npt.NDArray[np.bool_]:
    flat = np.empty(len(faces), np.bool_)
    for f in range(len(faces)):
        a, b, c = faces[f]
        flat[f] = a == b or b == c or c == a or collinear(v, a, b, c)
    return flat


def find_open_vertices(n: int, faces: IntArray) -> IntArray:
    """``(k,)`` vertices among n whose faces are not one closed, consistently wound fan.

    A mesh of faces with three different corners each is closed, oriented and manifold, each edge with two faces that
    run along it in opposite directions, if and only if there are none. Vertices of no face count.
    """
    return np.flatnonzero(_open_vertices(n, faces))


@compiled
def _open_vertices(n: int, faces: IntArray) -> npt.NDArray[np.bool_]:
    start = np.zeros(n + 1, np.int64)
    for f in range(len(faces)):
        for k in range(3):
            start[faces[f, k] + 1] += 1
    for vertex in range(n):
        start[vertex + 1] += start[vertex]
    # Each face goes from `source` to `target` around its corner.
    source, target = np.empty(start[n], np.int32), np.empty(start[n], np.int32)
    for f in range(len(faces)):
        a, b, c = faces[f]
        for vertex, one, two in ((a, b, c), (b, c, a), (c, a, b)):
            source[start[vertex]], target[start[vertex]] = one, two
            start[vertex] += 1
    # Filling has moved each start to the next one's.
    fault = np.empty(n, np.bool_)
    for vertex in range(n):
        first = start[vertex - 1] if vertex else 0
        fault[vertex] = not _is_cycle(source[first : start[vertex]], target[first : start[vertex]])
    return fault


@compiled
def _is_cycle(source: npt.NDArray[np.int32], target: npt.NDArray[np.int32]) -> bool:
    """Whether the steps from ``source`` to ``target`` are one closed walk that visits nothing twice."""
    count = len(source)
    if count == 0 or (source == target).any():
        return False
    if count >= MANY:
        order = np.argsort(source)
        source, target = source[order], target[order]
    at = target[0]
    for done in range(1, count + 1):
        if at == source[0]:
            return done == count
        if count >= MANY:
            k = np.searchsorted(source, at)
            if k == count or source[k] != at:
                return False
        else:
            k = 0
            while k < count and source[k] != at:
                k += 1
            if k == count:
                return False
        at = target[k]
    return False


def edge_fault(vertex: int, faces: IntArray) -> str:
    """What is wrong with the faces around a vertex that `find_open_vertices` lists, in words."""
    mine = faces[(faces == vertex).any(axis=1)]
    if not len(mine):
        return "a vertex has no face"
    if (mine == np.roll(mine, 1, axis=1)).any():
        return "a face has a corner twice"
    place = np.argmax(mine == vertex, axis=1)
    rolled = np.take_along_axis(mine, (place[:, None] + np.arange(3)) % 3, axis=1)
    ends, count = np.unique(rolled[:, 1:], return_counts=True)
    if (count != 2).any():
        odd = count[count != 2]
        return f"an edge has {int(odd[0])} face{'' if odd[0] == 1 else 's'} instead of 2"
    if len(np.unique(rolled[:, 1])) < len(ends):
        return "an edge has two faces that run the same way along it: one is turned over"
    return "surfaces touch in a single vertex"


def shells_of(vertices: FloatArray, faces: IntArray) -> Shells:
    """The shells of a closed, oriented and manifold surface without self-intersections."""
    label, count = label_shells(len(vertices), faces)
    volume, corners = np.empty(count), np.empty(count, np.int64)
    _measure(vertices, faces, label, volume, corners)
    genus = 1 - (corners - np.bincount(label, minlength=count) // 2) // 2
    around = np.zeros(count, np.int64)
    if count > 1:
        order = np.argsort(label, kind="stable")
        first = np.searchsorted(label[order], np.arange(count + 1))
        _windings(vertices, faces[order], first, around)
    return Shells(label, volume, genus, around)


def without_voids(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray, npt.NDArray[np.bool_]]:
    """The mesh without the shells of closed holes inside, which no printer can empty; and the mask of faces kept."""
    shells = shells_of(vertices, faces)
    kept = (shells.volume > 0)[shells.label]
    if kept.all():
        return vertices, faces, kept
    used, number = np.unique(faces[kept], return_inverse=True)
    return vertices[used], number.reshape(-1, 3).astype(np.int64), kept


@compiled
def _root(parent: npt.NDArray[np.int32], a: int) -> int:
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@compiled
def label_shells(n: int, faces: IntArray) -> tuple[IntArray, int]:
    """``(f,)`` which connected piece of a surface with n vertices each face is of, and how many pieces there are."""
    parent = np.arange(n).astype(np.int32)
    for f in range(len(faces)):
        a = _root(parent, faces[f, 0])
        for k in range(1, 3):
            b = _root(parent, faces[f, k])
            a, b = min(a, b), max(a, b)
            parent[b] = a
    number = np.full(n, -1, np.int32)
    used = np.zeros(n, np.bool_)
    for f in range(len(faces)):
        used[_root(parent, faces[f, 0])] = True
    count = 0
    for vertex in range(n):
        if used[vertex]:
            number[vertex] = count
            count += 1
    label = np.empty(len(faces), np.int64)
    for f in range(len(faces)):
        label[f] = number[_root(parent, faces[f, 0])]
    return label, count


@compiled
def _measure(v: FloatArray, faces: IntArray, label: IntArray, volume: FloatArray, corners: IntArray) -> None:
    """Signed volumes, about a point of each shell, and numbers of vertices."""
    volume[:], corners[:] = 0, 0
    origin = np.full(len(volume), -1, np.int64)
    seen = np.zeros(len(v), np.bool_)
    for f in range(len(faces)):
        s = label[f]
        if origin[s] < 0:
            origin[s] = faces[f, 0]
        o = v[origin[s]]
        a, b, c = v[faces[f, 0]], v[faces[f, 1]], v[faces[f, 2]]
        ax, ay, az = a[0] - o[0], a[1] - o[1], a[2] - o[2]
        bx, by, bz = b[0] - o[0], b[1] - o[1], b[2] - o[2]
        cx, cy, cz = c[0] - o[0], c[1] - o[1], c[2] - o[2]
        volume[s] += (ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)) / 6
        for k in range(3):
            if not seen[faces[f, k]]:
                seen[faces[f, k]] = True
                corners[s] += 1


@compiled
def _windings(v: FloatArray, faces: IntArray, first: IntArray, around: IntArray) -> None:
    """How often the other shells, the faces from ``first[s]`` to ``first[s + 1]``, wind around a vertex of each."""
    count = len(around)
    low, high = np.empty((count, 3)), np.empty((count, 3))
    low[:], high[:] = np.inf, -np.inf
    for s in range(count):
        for f in range(first[s], first[s + 1]):
            for k in range(3):
                for x in range(3):
                    low[s, x] = min(low[s, x], v[faces[f, k], x])
                    high[s, x] = max(high[s, x], v[faces[f, k], x])
    for s in range(count):
        p = v[faces[first[s], 0]]
        for other in range(count):
            outside = other == s
            for x in range(3):
                outside |= p[x] < low[other, x] or p[x] > high[other, x]
            if outside:
                continue
            angle = 0.0
            for f in range(first[other], first[other + 1]):
                angle += _solid_angle(v[faces[f, 0]], v[faces[f, 1]], v[faces[f, 2]], p)
            around[s] += round(angle / (4 * math.pi))


@compiled
def _solid_angle(a: FloatArray, b: FloatArray, c: FloatArray, p: FloatArray) -> Any:
    """Of a triangle seen from p: A. van Oosterom, J. Strackee, IEEE Trans. Biomed. Eng. 30 (1983), equation 8."""
    ax, ay, az = a[0] - p[0], a[1] - p[1], a[2] - p[2]
    bx, by, bz = b[0] - p[0], b[1] - p[1], b[2] - p[2]
    cx, cy, cz = c[0] - p[0], c[1] - p[1], c[2] - p[2]
    la, lb, lc = (
        math.sqrt(ax * ax + ay * ay + az * az),
        math.sqrt(bx * bx + by * by + bz * bz),
        math.sqrt(cx * cx + cy * cy + cz * cz),
    )
    triple = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    ab, bc, ca = ax * bx + ay * by + az * bz, bx * cx + by * cy + bz * cz, cx * ax + cy * ay + cz * az
    return 2 * math.atan2(triple, la * lb * lc + ab * lc + bc * la + ca * lb)


def welded_twins(vertices: FloatArray) -> IntArray:
    """``(k, 2)`` vertices that are equal in float32: the first of its place, and each later one.

    A reader of STL, which has no vertex numbers, makes them one. Of a closed manifold surface nothing may be made one:
    faces collapse if the two are neighbours, four faces share an edge if they have one in common, and else two fans
    meet in one vertex.
    """
    rounded = np.ascontiguousarray(vertices.astype(np.float32) + np.float32(0))
    return _twins(rounded, rounded.view(np.uint32))


@compiled
def _twins(rounded: npt.NDArray[np.float32], bits: npt.NDArray[np.uint32]) -> IntArray:
    """By an open hash table of places."""
    size = 16
    while size < 2 * len(rounded):
        size *= 2
    table = np.full(size, -1, np.int32)
    twins, count = np.empty((16, 2), np.int64), 0
    for vertex in range(len(rounded)):
        key = np.uint64(bits[vertex, 0]) * np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ (key >> np.uint64(29)) ^ np.uint64(bits[vertex, 1])) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(32)) ^ np.uint64(bits[vertex, 2])) * np.uint64(0x94D049BB133111EB)
        slot = np.int64((key ^ (key >> np.uint64(31))) & np.uint64(size - 1))
        while table[slot] >= 0:
            there = table[slot]
            if (rounded[there] == rounded[vertex]).all():
                break
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = vertex
            continue
        if count == len(twins):
            twins = np.concatenate((twins, np.empty_like(twins)))
        twins[count, 0], twins[count, 1] = table[slot], vertex
        count += 1
    return twins[:count]
