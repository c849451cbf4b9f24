"""Whether a mesh is the sound solid of a web: nothing is taken on trust, whatever made it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.verify.intersections import find_self_intersections, search_leaves
from assembly.verify.report import PLA_DENSITY, SolidReport
from assembly.verify.topology import (
    Shells,
    checked_mesh,
    edge_fault,
    find_degenerate,
    find_open_vertices,
    shells_of,
    welded_twins,
)
from structgen.compiled import tell_if_compiling
from structgen.web import FloatArray, IntArray, WebGraph

#: How far, in strut radii, the surface may lie beyond the nodes: the corner of a three-sided strut with its circle's
#: area lies 1.56 radii from its axis.
BEYOND = 1.6
#: Steps of float32 by which a box may be wrong.
ROUNDING = 64
VOLUME_TOLERANCE = 0.01


class UnsoundSolid(RuntimeError):  # noqa: N818
    """A mesh that is no sound solid.

    Arguments:
        check: the check that failed: ``closed, float32, degenerate, self-intersection, orientation, bodies, box`` or
            ``volume``.
        reason: what is wrong.
        where: the place in mm, if it has one.
    """

    def __init__(self, check: str, reason: str, where: FloatArray | None = None) -> None:
        self.check = check
        self.where = None if where is None else tuple(float(x) for x in where)
        place = "" if where is None else f" at ({', '.join(f'{x:.4g}' for x in where)}) mm"
        super().__init__(f"the solid is not sound: {check}: {reason}{place}")


def verified(
    vertices: npt.ArrayLike,
    faces: npt.ArrayLike,
    web: WebGraph,
    *,
    density: float = PLA_DENSITY,
    method: str = "",
    volume: float | None = None,
    tolerance: float = VOLUME_TOLERANCE,
    subset: npt.NDArray[np.bool_] | None = None,
    since: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> SolidReport:
    """The report on a mesh that is the sound solid of ``web``; else `UnsoundSolid` naming the failed check.

    Sound means: closed, each edge with exactly two faces that run along it in opposite directions; one fan of faces
    around each vertex; vertices that stay apart when rounded to float32; then, with vertices in float32 as files hold
    them, no face without an area and no two faces that touch or cross; outward, with closed holes inside recognised;
    as many bodies as the web has components; about its box. The web may have been moved in z to stand on z = 0.

    Arguments:
        vertices: ``(v, 3)`` in mm.
        faces: ``(f, 3)`` vertex numbers, counter-clockwise seen from outside.
        web: the web that it is the solid of.
        density: g/cm3.
        method: how it was made, for the report.
        volume: what the volume should be in mm3, if known, ...
        tolerance: ... but for this share.
        subset: ``(f,)`` mask of the faces to test against all for intersections; all if not given.
        since: the `time.perf_counter` from which the seconds of the report are counted; from now if not given.
        progress: told in a line what goes on.

    Raises `ValueError` for arrays that are no mesh.
    """
    since = time.perf_counter() if since is None else since
    density = number("density", density, "> 0 g/cm3", lambda value: value > 0)
    points, corners = checked_mesh(vertices, faces)
    if progress:
        tell_if_compiling(search_leaves, progress)
    _check_surface(points, corners)
    points = points.astype(np.float32).astype(np.float64)
    _check_faces(points, corners, subset, progress)
    shells = shells_of(points, corners)
    _check_shells(points, corners, shells)
    bodies = int((shells.volume > 0).sum())
    components = int(web.components().max()) + 1
    if bodies != components:
        raise UnsoundSolid("bodies", f"it has {bodies}, the web {components} parts", _smallest(points, corners, shells))
    check_box(points, web)
    total, genus = float(shells.volume.sum()), int(shells.genus.sum())
    error = None if volume is None else total / volume - 1
    if error is not None and abs(error) > tolerance:
        raise UnsoundSolid("volume", f"it has {total:.6g} mm3 instead of {volume:.6g}, {100 * error:+.2g} %")
    x, y, z = np.ptp(points, axis=0).tolist()
    return SolidReport(
        struts=web.m,
        nodes=web.n,
        components=components,
        volume_mm3=total,
        mass_g=total / 1000 * density,
        triangles=len(corners),
        triangles_per_strut=len(corners) / web.m,
        watertight=True,
        bodies=bodies,
        shells=len(shells.volume),
        voids=len(shells.volume) - bodies,
        bounding_box_mm=(x, y, z),
        genus=genus,
        contacts=genus - (web.m - web.n + bodies),
        self_intersections=0,
        faces_tested=len(corners) if subset is None else int(np.count_nonzero(subset)),
        float32_manifold=True,
        method=method,
        volume_error=error,
        seconds=time.perf_counter() - since,
    )


def _check_surface(points: FloatArray, faces: IntArray) -> None:
    """Closed, manifold, also when welded in float32."""
    if not len(faces):
        raise UnsoundSolid("closed", "it has no faces")
    if len(found := find_open_vertices(len(points), faces)):
        vertex = int(found[0])
        raise UnsoundSolid("closed", f"{edge_fault(vertex, faces)}{_others(found)}", points[vertex])
    if len(found := welded_twins(points)):
        one, two = found[0]
        raise UnsoundSolid("float32", f"vertices {one} and {two} are the same in float32{_others(found)}", points[one])


def _check_faces(
    points: FloatArray, faces: IntArray, subset: npt.NDArray[np.bool_] | None, progress: Callable[[str], None] | None
) -> None:  # fmt: skip
    """Every face has an area, no two have more in common than corners and edges."""
    if len(found := find_degenerate(points, faces)):
        reason = f"face {found[0]} has no area{_others(found)}"
        raise UnsoundSolid("degenerate", reason, points[faces[found[0]]].mean(axis=0))
    if len(pairs := find_self_intersections(points, faces, subset, progress)):
        one, two = pairs[0]
        reason = f"faces {one} and {two} cross or touch{_others(pairs)}"
        raise UnsoundSolid("self-intersection", reason, points[faces[pairs[0]]].mean(axis=(0, 1)))


def _check_shells(points: FloatArray, faces: IntArray, shells: Shells) -> None:
    """Outward: nothing lies around a body, one shell more around a void."""
    wrong = np.flatnonzero((shells.volume == 0) | (shells.around != (shells.volume < 0)))
    if len(wrong):
        s = int(wrong[0])
        face = faces[np.argmax(shells.label == s)]
        if shells.volume[s] <= 0:
            reason = f"shell {s} of {len(shells.volume)} is inside out"
        else:
            reason = f"shell {s} of {len(shells.volume)} lies inside another"
        raise UnsoundSolid("orientation", reason + _others(wrong), points[face[0]])


def _smallest(points: FloatArray, faces: IntArray, shells: Shells) -> FloatArray:
    """A point of the smallest body."""
    smallest = np.argmin(np.where(shells.volume > 0, shells.volume, np.inf))
    place: FloatArray = points[faces[np.argmax(shells.label == smallest)][0]]
    return place


def check_box(points: FloatArray, web: WebGraph) -> None:
    """Every node lies within the box of the solid, which is no more than `BEYOND` radii larger than the nodes'."""
    radius = np.zeros(web.n)
    for ends in web.edge_index:
        np.maximum.at(radius, ends, web.radius)
    wide = BEYOND * radius[:, None]
    box = np.array([points.min(axis=0), points.max(axis=0)])
    least = np.array([web.pos.min(axis=0), web.pos.max(axis=0)])
    most = np.array([(web.pos - wide).min(axis=0), (web.pos + wide).max(axis=0)])
    for corners in (box, least, most):  # in z only heights can be compared
        corners[:, 2] -= corners[0, 2]
    slack = ROUNDING * np.spacing(np.float32(np.abs(box).max()))
    outward = np.array([[-1], [1]])
    wrong = ((outward * (least - box) > slack) | (outward * (box - most) > slack)).any(axis=0)
    if wrong.any():
        x = int(np.argmax(wrong))
        size = f"{box[0, x]:.4g} to {box[1, x]:.4g} mm in {'xyz'[x]}"
        raise UnsoundSolid("box", f"it goes from {size}, the nodes from {least[0, x]:.4g} to {least[1, x]:.4g}")


def _others(found: IntArray) -> str:
    return f" (and {len(found) - 1} more such)" if len(found) > 1 else ""
