"""Faces of a mesh that run through, onto or against each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assembly.threads import over_ranges
from assembly.verify.predicates import collinear
from assembly.verify.triangles import triangles_meet
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

Boxes = npt.NDArray[np.float32]

#: Faces in a leaf of the tree of boxes.
LEAF = 4
#: Leaves that a thread takes at a time.
CHUNK = 8192
#: Pairs that are returned at most.
LIMIT = 1_000_000
MORTON_BITS = 21
#: A height above a plane is off by less than this share of the product of the largest coordinate differences: each of
#: its six triple products by 8 roundings of 2**-53, and four times as much to be safe.
PLANE_BOUND = 6 * 8 * 4 * 2.0**-53


def find_self_intersections(
    vertices: FloatArray,
    faces: IntArray,
    subset: npt.NDArray[np.bool_] | None = None,
    progress: Callable[[str], None] | None = None,
    limit: int = LIMIT,
) -> IntArray:
    """``(k, 2)`` pairs of faces that share more than their common corners or edge, each pair and the list in order.

    Exact for the numbers given, whatever their size: touching counts, rounding does not. Faces without an area are
    left out; `find_degenerate` lists them. A tree of boxes over the faces in Morton order finds the pairs to test, in
    time that grows with the number of faces.

    Arguments:
        vertices: ``(v, 3)`` in mm.
        faces: ``(f, 3)`` vertex numbers.
        subset: ``(f,)`` mask: only pairs with at least one of these faces.
        progress: told in a line how far it is.
        limit: where there are more pairs, those found first are returned.
    """
    vertices, faces = np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int64)
    chosen = np.ones(len(faces), bool) if subset is None else np.ascontiguousarray(subset, bool)
    if chosen.shape != (len(faces),):
        raise ValueError(f"subset has shape {chosen.shape}, expected ({len(faces)},), one a face")
    numbers = np.flatnonzero(chosen)
    if not len(numbers):
        return np.empty((0, 2), np.int64)
    numbers = numbers[np.argsort(_morton(vertices, faces[numbers]), kind="stable")]
    corners = faces[numbers]
    boxes = _boxes(vertices, corners)
    tree = _tree(boxes)
    leaves = -(-len(numbers) // LEAF)

    def among(first: int, last: int) -> IntArray:
        return numbers[search_leaves(vertices, corners, boxes, tree, first, last, limit)]

    def against(first: int, last: int) -> IntArray:
        return _search_others(vertices, corners, numbers, boxes, tree, faces, chosen, first, last, limit)

    searches = [over_ranges(among, leaves, CHUNK)]
    if len(numbers) < len(faces):
        searches.append(over_ranges(against, len(faces), LEAF * CHUNK))
    parts = -(-leaves // CHUNK) + (len(searches) - 1) * -(-len(faces) // (LEAF * CHUNK))
    found, count = [np.empty((0, 2), np.int64)], 0
    for k, pairs in enumerate(itertools.chain(*searches)):
        found.append(pairs)
        count += len(pairs)
        if progress and parts > 1:
            progress(f"testing faces for intersections: {100 * (k + 1) // parts} %")
        if count >= limit:
            break
    pairs = np.sort(np.concatenate(found)[:limit], axis=1)
    return pairs[np.lexsort(pairs.T[::-1])]


@compiled
def _spread(value: int) -> int:
    """21 bits with two zeros after each."""
    value = (value | value << 32) & 0x1F00000000FFFF
    value = (value | value << 16) & 0x1F0000FF0000FF
    value = (value | value << 8) & 0x100F00F00F00F00F
    value = (value | value << 4) & 0x10C30C30C30C30C3
    return (value | value << 2) & 0x1249249249249249


@compiled
def _morton(vertices: FloatArray, faces: IntArray) -> IntArray:
    """``(f,)`` place of each face's middle along a curve that keeps neighbours in space together."""
    low, high = vertices[faces[0, 0]].copy(), vertices[faces[0, 0]].copy()
    for f in range(len(faces)):
        for k in range(3):
            for x in range(3):
                low[x] = min(low[x], vertices[faces[f, k], x])
                high[x] = max(high[x], vertices[faces[f, k], x])
    widest = max((high - low).max(), 1e-300)
    scale = (2.0**MORTON_BITS - 1) / (3 * widest)
    code = np.empty(len(faces), np.int64)
    for f in range(len(faces)):
        a, b, c = faces[f]
        code[f] = 0
        for x in range(3):
            along = (vertices[a, x] - low[x]) + (vertices[b, x] - low[x]) + (vertices[c, x] - low[x])
            code[f] |= _spread(int(along * scale)) << x
    return code


@compiled
def _boxes(vertices: FloatArray, faces: IntArray) -> Boxes:
    """``(f, 6)`` lower and upper corners of the faces' boxes, rounded outward."""
    boxes = np.empty((len(faces), 6), np.float32)
    for f in range(len(faces)):
        _enclose_face(vertices, faces[f, 0], faces[f, 1], faces[f, 2], boxes, f)
    return boxes


@compiled
def _enclose_face(vertices: FloatArray, a: int, b: int, c: int, boxes: Boxes, i: int) -> None:
    for x in range(3):
        low = min(vertices[a, x], vertices[b, x], vertices[c, x])
        high = max(vertices[a, x], vertices[b, x], vertices[c, x])
        boxes[i, x], boxes[i, 3 + x] = low, high
        if boxes[i, x] > low:
            boxes[i, x] = np.nextafter(boxes[i, x], np.float32(-np.inf))
        if boxes[i, 3 + x] < high:
            boxes[i, 3 + x] = np.nextafter(boxes[i, 3 + x], np.float32(np.inf))


@compiled
def _tree(boxes: Boxes) -> Boxes:
    """``(2 p, 6)`` boxes of a binary tree: 1 is the root, 2 k and 2 k + 1 are below k.

    The leaves, from p on, hold `LEAF` faces each.
    """
    leaves = -(-len(boxes) // LEAF)
    first = 1
    while first < leaves:
        first *= 2
    tree = np.empty((2 * first, 6), np.float32)
    tree[:, :3], tree[:, 3:] = np.inf, -np.inf
    for f in range(len(boxes)):
        _enclose(tree, first + f // LEAF, boxes, f)
    for k in range(2 * first - 1, 1, -1):
        _enclose(tree, k // 2, tree, k)
    return tree


@compiled
def _enclose(a: Boxes, i: int, b: Boxes, j: int) -> None:
    for x in range(3):
        a[i, x] = min(a[i, x], b[j, x])
        a[i, 3 + x] = max(a[i, 3 + x], b[j, 3 + x])


@compiled
def _overlap(a: Boxes, i: int, b: Boxes, j: int) -> bool:
    x = (a[i, 0] <= b[j, 3]) & (b[j, 0] <= a[i, 3])
    y = (a[i, 1] <= b[j, 4]) & (b[j, 1] <= a[i, 4])
    return bool(x & y & (a[i, 2] <= b[j, 5]) & (b[j, 2] <= a[i, 5]))


@compiled
def search_leaves(
    vertices: FloatArray, faces: IntArray, boxes: Boxes, tree: Boxes, start: int, stop: int, limit: int
) -> IntArray:  # fmt: skip
    """Pairs of places in ``faces``, the first of them in the leaves from ``start`` to ``stop``.

    Going up the tree from a leaf, only what lies to the right is searched: each pair is found once.
    """
    first = len(tree) // 2
    pairs, count = np.empty((64, 2), np.int64), 0
    stack = np.empty(64, np.int64)
    for leaf in range(start, stop):
        up = first + leaf
        stack[0], depth = up, 1  # first the leaf itself
        while depth > 0 or up > 1:
            if depth == 0:
                if up % 2 == 0:
                    stack[0], depth = up + 1, 1
                up //= 2
                continue
            depth -= 1
            node = stack[depth]
            if not _overlap(tree, first + leaf, tree, node):
                continue
            if node < first:
                stack[depth], stack[depth + 1] = 2 * node + 1, 2 * node
                depth += 2
                continue
            there = LEAF * (node - first)
            for f in range(LEAF * leaf, min(LEAF * (leaf + 1), len(faces))):
                if not _overlap(boxes, f, tree, node):
                    continue
                a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
                for g in range(max(there, f + 1), min(there + LEAF, len(faces))):
                    if not _overlap(boxes, f, boxes, g):
                        continue
                    if _meet(vertices, a, b, c, faces[g, 0], faces[g, 1], faces[g, 2]):
                        pairs, count = _kept(pairs, count, f, g)
                        if count >= limit:
                            return pairs[:count]
    return pairs[:count]


@compiled
def _search_others(
    vertices: FloatArray, corners: IntArray, numbers: IntArray, boxes: Boxes, tree: Boxes, faces: IntArray,
    chosen: npt.NDArray[np.bool_], start: int, stop: int, limit: int,
) -> IntArray:  # fmt: skip
    """Pairs of a face that is not chosen, of those from ``start`` to ``stop``, and one in the tree."""
    first = len(tree) // 2
    pairs, count = np.empty((64, 2), np.int64), 0
    stack = np.empty(64, np.int64)
    own = np.empty((1, 6), np.float32)
    for f in range(start, stop):
        if chosen[f]:
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        _enclose_face(vertices, a, b, c, own, 0)
        stack[0], depth = 1, 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if not _overlap(own, 0, tree, node):
                continue
            if node < first:
                stack[depth], stack[depth + 1] = 2 * node + 1, 2 * node
                depth += 2
                continue
            there = LEAF * (node - first)
            for g in range(there, min(there + LEAF, len(corners))):
                if not _overlap(own, 0, boxes, g):
                    continue
                if _meet(vertices, a, b, c, corners[g, 0], corners[g, 1], corners[g, 2]):
                    pairs, count = _kept(pairs, count, f, numbers[g])
                    if count >= limit:
                        return pairs[:count]
    return pairs[:count]


@compiled
def _kept(pairs: IntArray, count: int, f: int, g: int) -> tuple[IntArray, int]:
    """``pairs`` with one more, and how many they are."""
    if count == len(pairs):
        pairs = np.concatenate((pairs, np.empty_like(pairs)))
    pairs[count, 0], pairs[count, 1] = f, g
    return pairs, count + 1


@compiled
def _meet(vertices: FloatArray, a: int, b: int, c: int, d: int, e: int, h: int) -> bool:
    """Whether two faces share more than corners or an edge and both have an area."""
    if _clear(vertices, a, b, c, d, e, h) or _clear(vertices, d, e, h, a, b, c):
        return False
    if not triangles_meet(vertices, a, b, c, d, e, h):
        return False
    return not (collinear(vertices, a, b, c) or collinear(vertices, d, e, h))


@compiled
def _clear(v: FloatArray, a: int, b: int, c: int, d: int, e: int, f: int) -> bool:
    """Whether the corners of d, e, f that a, b, c lacks lie surely, and all, on one side of the plane of a, b, c.

    Then the triangles have no point in common but common corners and the edge between them.
    """
    ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
    wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
    nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    size = max(abs(ux), abs(uy), abs(uz)) * max(abs(wx), abs(wy), abs(wz))
    above, below = False, False
    for p in (d, e, f):
        if p != a and p != b and p != c:
            px, py, pz = v[p, 0] - v[a, 0], v[p, 1] - v[a, 1], v[p, 2] - v[a, 2]
            height = nx * px + ny * py + nz * pz
            bound = PLANE_BOUND * size * max(abs(px), abs(py), abs(pz))
            above |= not height < -bound
            below |= not height > bound
    return above != below
