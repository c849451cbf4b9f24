"""Skins of all nodes of a web that have room for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assembly.hybrid.creases import between_directions, half_angles, most_points, points_between
from assembly.hybrid.pieces import SHORTEST_SHAFT
from assembly.hybrid.skins import MOST_SCALE, write_rings, write_skins
from assembly.hybrid.struts import Struts
from assembly.threads import over_ranges
from structgen.web import FloatArray, IntArray

#: Nodes, rings or shafts that a thread takes at a time.
CHUNK = 2048


@dataclass(frozen=True, eq=False)
class Rings:
    """Where the end rings of struts lie, before anything is known of what collides.

    Arguments:
        angles: ``(2 m,)`` half angle under which each is seen from its node.
        along: ``(2 m,)`` distance of each from its node, mm.
        united: ``(n,)`` 1 where there is no room for them.
    """

    angles: FloatArray
    along: FloatArray
    united: IntArray


@dataclass(frozen=True, eq=False)
class Skins:
    """Skins about nodes, between the end rings of their struts.

    Arguments:
        along: ``(2 m,)`` distance of each end ring from its node, mm.
        vertices: corner ``j`` of end ring ``h`` is row ``h sides + j``; the rest lies between the rings.
        face_place: ``(n + 1,)`` rows of ``faces`` of each node.
        spheres: ``(n,)`` radius of a sphere about each skin, 0 where there is none.
        united: ``(n,)`` 1 where there is no room for a skin, so that the struts have to be united.
    """

    along: FloatArray
    vertices: FloatArray
    face_place: IntArray
    faces: IntArray
    spheres: FloatArray
    united: IntArray


def rings_of(s: Struts, none: bool = False) -> Rings:
    """The end rings of all struts; ``none`` leaves no room for any."""
    directions, wide, angles = s.directions, np.repeat(s.wide, 2), np.empty(2 * s.m)
    write_ranges(lambda a, b: half_angles(a, b, s.offsets, s.halves, directions, wide, angles), s.n)
    along = wide / np.tan(angles)
    tight = along[::2] + along[1::2] + SHORTEST_SHAFT * s.wide > s.lengths
    united = np.full(s.n, int(none))
    united[s.ends[tight].ravel()] = 1
    united[np.diff(s.offsets) == 0] = 1
    return Rings(angles, along, united)


def spheres_of(s: Struts, angles: FloatArray) -> FloatArray:
    """``(n,)`` radius of a sphere about the rings and the skin of each node, mm."""
    spheres = np.zeros(s.n)
    reach = np.maximum(np.repeat(s.wide, 2) / np.sin(angles), MOST_SCALE * np.repeat(s.radius, 2))
    np.maximum.at(spheres, s.ends.ravel(), reach)
    return spheres


def skins_of(s: Struts, sides: int, step: float, rings: Rings) -> Skins:
    """The skins of the nodes that have room for ``rings``. ``step`` is that of float32 in mm.

    A skin depends on the struts at its node alone.
    """
    m, n, directions = s.m, s.n, s.directions
    angles, along, united = rings.angles, rings.along, rings.united
    degree = np.diff(s.offsets)
    place = _rows(most_points(degree, sides))
    room, counts, spread = np.empty((place[-1], 3)), np.zeros(n, np.int64), between_directions()
    round_radius = np.repeat(s.radius, 2)
    write_ranges(
        lambda a, b: points_between(
            a, b, s.offsets, s.halves, directions, round_radius, angles, s.across, sides, united,
            spread, place, room, counts,
        ),
        n,
    )  # fmt: skip
    row = _rows(counts)
    points = room[np.repeat(place[:-1] - row[:-1], counts) + np.arange(row[-1])]
    centre = np.repeat(np.arange(n), counts)
    spots = np.clip(points + s.pos[centre], *s.box)
    corners = ring_corners(s, sides, np.repeat(np.arange(m), 2), places_along(s, along))
    degree, spheres = np.where(united, 0, degree), spheres_of(s, angles)
    face_place = _rows(np.where(united, 0, 2 * (degree * sides + counts) - 4 - degree * (sides - 2)))
    faces, failed = np.empty((face_place[-1], 3), np.int64), np.zeros(n, np.int64)
    write_ranges(
        lambda a, b: write_skins(
            a, b, s.offsets, s.halves, s.axes, s.across, angles, s.radius, s.pos, s.box, spheres, corners, row, spots,
            step, united, face_place, faces, failed,
        ),
        n,
    )  # fmt: skip
    united = united | failed
    spheres[united == 1] = 0
    return Skins(along, np.concatenate([corners.reshape(-1, 3), spots]), face_place, faces, spheres, united)


def write_ranges(write: Callable[[int, int], None], count: int) -> None:
    """Run ``write(first, last)`` over ranges that make up ``0..count``."""
    for _ in over_ranges(write, count, CHUNK):
        pass


def places_along(s: Struts, along: FloatArray) -> FloatArray:
    """``(2 m,)`` distance of each end ring from the start of its strut."""
    places = along.copy()
    places[1::2] = s.lengths - along[1::2]
    return places


def ring_corners(s: Struts, sides: int, strut: IntArray, places: FloatArray) -> FloatArray:
    """``(r, sides, 3)`` corners of rings, each at ``places`` mm from the start of a ``strut``."""
    corners = np.empty((len(strut), sides, 3))
    starts = s.starts
    write_ranges(
        lambda a, b: write_rings(a, b, strut, places, starts, s.axes, s.across, s.wide, s.box, corners), len(strut)
    )
    return corners


def _rows(counts: IntArray) -> IntArray:
    """``(n + 1,)`` first row of each of n things of so many rows, and the end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
