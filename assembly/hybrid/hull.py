"""Triangulation of directions: the convex hull of points on the unit sphere.

The hull of points on a sphere is their Delaunay triangulation on it: where no other point lies in the circle of a ring
of points, faces of the hull fill the ring.
"""

from __future__ import annotations

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: A point sees a face from above if it is higher over it than this (unit sphere); points of one circle do not.
LEAST_HEIGHT = 1e-11


@compiled
def sphere_hull(
    points: FloatArray, count: int, faces: IntArray, links: IntArray, planes: FloatArray, marks: IntArray
) -> int:
    """Number of faces of the convex hull of the first ``count`` of ``points`` ``(v, 3)`` on the unit sphere.

    Incremental: each point removes the faces that it sees from above and is joined to their border. Points of one
    circle may be joined by any of its triangulations. Returns 0 where the points are flat or too close to be told
    apart.

    Arguments:
        faces, links: ``(2 v, 3)``, written: corners counter-clockwise from outside, and the face across each edge
            from a corner to the next.
        planes: ``(2 v, 4)``, work space for unit normals and offsets.
        marks: ``(5, 4 v)``, work space.
    """
    seen, stack, hidden, border, at = marks[0], marks[1], marks[2], marks[3], marks[4]
    first = _first_faces(points, count, faces, links, planes)
    if first[0] < 0:
        return 0
    total = 4
    for f in range(2 * count):
        seen[f] = -1
    for p in range(count):
        if p == first[0] or p == first[1] or p == first[2] or p == first[3]:
            continue
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        best, height = -1, LEAST_HEIGHT
        for f in range(total):
            over = planes[f, 0] * x + planes[f, 1] * y + planes[f, 2] * z - planes[f, 3]
            if over > height:
                best, height = f, over
        if best < 0:
            return 0
        # All faces seen from p, by flooding from the one that it is highest over; their border, edge by edge.
        seen[best] = p
        stack[0] = best
        depth, removed, edges = 1, 0, 0
        while depth:
            depth -= 1
            f = stack[depth]
            hidden[removed] = f
            removed += 1
            for k in range(3):
                g = links[f, k]
                if seen[g] == p:
                    continue
                over = planes[g, 0] * x + planes[g, 1] * y + planes[g, 2] * z - planes[g, 3]
                if over > LEAST_HEIGHT:
                    seen[g] = p
                    stack[depth] = g
                    depth += 1
        for r in range(removed):
            f = hidden[r]
            for k in range(3):
                if seen[links[f, k]] != p:
                    border[edges] = 3 * f + k
                    edges += 1
        if edges != removed + 2:
            return 0
        # New faces, in the places of the removed ones and two more; border edges are read before they are written over.
        for e in range(edges):
            f, k = border[e] // 3, border[e] % 3
            stack[e] = faces[f, k]
            at[2 * e] = faces[f, (k + 1) % 3]
            at[2 * e + 1] = links[f, k]
        if not _fan(points, p, edges, removed, total, hidden, stack, at, border, faces, links, planes):
            return 0
        total += 2
    return total


@compiled
def _fan(
    points: FloatArray,
    p: int,
    edges: int,
    removed: int,
    total: int,
    hidden: IntArray,
    start: IntArray,
    at: IntArray,
    place: IntArray,
    faces: IntArray,
    links: IntArray,
    planes: FloatArray,
) -> bool:
    """Join point p to the border edges; ``at`` holds the end and the outer face of each."""
    for e in range(edges):
        place[e] = hidden[e] if e < removed else total + e - removed
    for e in range(edges):
        f, a, b, outer = place[e], start[e], at[2 * e], at[2 * e + 1]
        faces[f, 0], faces[f, 1], faces[f, 2] = a, b, p
        links[f, 0] = outer
        for k in range(3):
            if faces[outer, k] == b and faces[outer, (k + 1) % 3] == a:
                links[outer, k] = f
        links[f, 1] = -1
        for other in range(edges):
            if start[other] == b:
                links[f, 1] = place[other]
            if at[2 * other] == a:
                links[f, 2] = place[other]
        if links[f, 1] < 0 or not _plane(points, faces, planes, f):
            return False
    return True


@compiled
def _plane(points: FloatArray, faces: IntArray, planes: FloatArray, f: int) -> bool:
    """Write the unit normal and offset of face f; false if it has no area."""
    a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
    ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
    vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = (x * x + y * y + z * z) ** 0.5
    if length < 1e-300:
        return False
    x, y, z = x / length, y / length, z / length
    planes[f, 0], planes[f, 1], planes[f, 2] = x, y, z
    planes[f, 3] = x * points[a, 0] + y * points[a, 1] + z * points[a, 2]
    return True


@compiled
def _first_faces(
    points: FloatArray, count: int, faces: IntArray, links: IntArray, planes: FloatArray
) -> tuple[int, int, int, int]:
    """Corners of a large tetrahedron, whose faces are written; -1 where all points are in one plane."""
    none = (-1, -1, -1, -1)
    if count < 4:
        return none
    a, b, c, d = 0, 0, 0, 0
    far = 0.0
    for p in range(count):
        x, y, z = points[p, 0] - points[a, 0], points[p, 1] - points[a, 1], points[p, 2] - points[a, 2]
        if x * x + y * y + z * z > far:
            b, far = p, x * x + y * y + z * z
    ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
    nx, ny, nz, far = 0.0, 0.0, 0.0, 0.0
    for p in range(count):
        vx, vy, vz = points[p, 0] - points[a, 0], points[p, 1] - points[a, 1], points[p, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        if x * x + y * y + z * z > far:
            c, far, nx, ny, nz = p, x * x + y * y + z * z, x, y, z
    far, side = 1e-9, 0.0
    for p in range(count):
        x, y, z = points[p, 0] - points[a, 0], points[p, 1] - points[a, 1], points[p, 2] - points[a, 2]
        over = nx * x + ny * y + nz * z
        if abs(over) > far:
            d, far, side = p, abs(over), over
    if side == 0.0:
        return none
    if side > 0:
        b, c = c, b
    for f, (i, j, k) in enumerate(((a, b, c), (a, d, b), (b, d, c), (c, d, a))):
        faces[f, 0], faces[f, 1], faces[f, 2] = i, j, k
        if not _plane(points, faces, planes, f):
            return none
    for f, (i, j, k) in enumerate(((1, 2, 3), (3, 2, 0), (1, 3, 0), (2, 1, 0))):
        links[f, 0], links[f, 1], links[f, 2] = i, j, k
    return a, b, c, d
