"""The mesh of a web: skins and shafts where there is room, exact unions where struts come too close to each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.hybrid.contacts import boxes_of, cell_of, find_contacts, grid_of
from assembly.hybrid.mending import grounded
from assembly.hybrid.nodes import Skins, places_along, ring_corners, rings_of, skins_of, write_ranges
from assembly.hybrid.parts import parts_of, unit_ball
from assembly.hybrid.pieces import Pieces, lay_out, spread_united, stretches
from assembly.hybrid.skins import write_shafts, write_skins
from assembly.hybrid.struts import Struts, struts_of
from assembly.hybrid.unions import sewn
from assembly.hybrid.unions import united as united_parts
from assembly.threads import over_ranges
from structgen.web import FloatArray, IntArray, WebGraph

#: Buckets of the grid that a thread takes at a time.
BUCKETS = 1 << 16


def mesh(
    web: WebGraph, sides: int, step: float, shortest: float, whole: bool, tell: Callable[[str], None], workers: int = 1
) -> tuple[FloatArray, IntArray, int]:
    """The mesh of a web whose struts are prisms of ``sides``, standing on z = 0.

    Returns vertices ``(v, 3)`` in mm, exact in float32, faces ``(f, 3)``, the last of which come from unions, and how
    many of these there are.

    Arguments:
        step: of float32 where the web lies, mm.
        shortest: edges up to so many mm are collapsed.
        whole: unite everything exactly, as a reference.
        workers: processes that unite clusters where there are many; 0 is one a core.
    """
    s = struts_of(web, sides, shortest)
    tell(f"meshing {s.m} struts and {s.n} nodes")
    skins = skins_of(s, sides, step, rings_of(s, none=whole))
    if whole:
        pieces, united, along = _everything(s, skins)
    else:
        pairs = contacts_of(s, skins, grid_cell(s)) if s.m else np.empty((0, 2), np.int64)
        pieces, united, along = pieces_of(s, skins.united, skins.along, pairs)
    vertices, first, faces = free_surface(s, sides, skins, pieces, along, united == 0)
    if not len(pieces.strut) and not united.any():
        return *compact(vertices, faces), 0
    parts = parts_of(s, sides, pieces, united, vertices, first)
    tell(f"uniting {len(pieces.strut)} stretches of struts in {len(parts.clusters)} clusters")
    used = used_vertices(len(vertices), faces)
    lowest = min(float(vertices[used, 2].min(initial=np.inf)), parts.lowest())
    more, sewed = sewn(parts, united_parts(parts, shortest, lowest, workers), vertices, sides)
    vertices, faces = compact(np.concatenate([vertices, more]), np.concatenate([faces, sewed]))
    return vertices, faces, len(sewed)


def free_surface(
    s: Struts, sides: int, skins: Skins, pieces: Pieces, along: FloatArray, kept: npt.NDArray[np.bool_]
) -> tuple[FloatArray, IntArray, IntArray]:
    """What is not united: vertices, the first vertex of each ring, and the faces of skins and of shafts.

    Arguments:
        along: ``(2 m,)`` distance of each end ring from its node, mm.
        kept: ``(n,)`` the nodes whose skins it has.
    """
    strut = np.concatenate([np.repeat(np.arange(s.m), 2), pieces.extra[:, 0].astype(np.int64)])
    places = np.concatenate([places_along(s, along), pieces.extra[:, 1]])
    # Of all rings only those that are cut lie elsewhere than where the skins have them.
    moved = np.flatnonzero(np.concatenate([along != skins.along, np.ones(len(pieces.extra), bool)]))
    points = len(skins.vertices) - 2 * s.m * sides
    vertices = np.concatenate([skins.vertices, np.empty((sides * len(pieces.extra), 3))])
    first = sides * np.arange(len(strut))
    first[2 * s.m :] += points
    corner = np.arange(sides)
    vertices[first[moved, None] + corner] = ring_corners(s, sides, strut[moved], places[moved])
    chosen = np.repeat(kept, np.diff(skins.face_place))
    skin_faces = skins.faces if chosen.all() else skins.faces[chosen]
    shafts = np.empty((2 * sides * len(pieces.shafts), 3), np.int64)
    start, end = first[pieces.shafts[:, 0]], first[pieces.shafts[:, 1]]
    write_ranges(lambda a, b: write_shafts(a, b, start, end, sides, shafts), len(start))
    return vertices, first, np.concatenate([skin_faces, shafts])


def grid_cell(s: Struts) -> float:
    """Size of the cells in which contacts are looked for, mm."""
    return cell_of(s.starts, s.axes * s.lengths[:, None], reach_of(s))


def contacts_of(s: Struts, skins: Skins, cell: float) -> IntArray:
    """``(c, 2)`` struts that come near each other, in order; marks the nodes whose skins are in the way."""
    starts, spans, reach = s.starts, s.axes * s.lengths[:, None], reach_of(s)
    boxes, owner = boxes_of(starts, spans, reach, s.pos, skins.spheres, cell)
    grid = grid_of(boxes, cell)
    crowded = np.zeros(s.n, np.int64)
    # To the end before `crowded` is read, which it fills.
    found = list(over_ranges(
        lambda a, b: find_contacts(
            a, b, *grid, boxes, owner, s.ends, starts, spans, reach, s.pos, skins.spheres, skins.face_place,
            skins.faces, skins.vertices, crowded,
        ),
        len(grid[0]) - 1,
        BUCKETS,
    ))  # fmt: skip
    skins.united[crowded == 1] = 1
    return np.unique(np.concatenate(found), axis=0)


def pieces_of(s: Struts, united: IntArray, along: FloatArray, pairs: IntArray) -> tuple[Pieces, IntArray, FloatArray]:
    """What is united, the nodes of it marked, and where the end rings are (distance from their nodes).

    ``united`` and ``along`` are those of the skins, ``pairs`` the contacts.
    """
    reach, starts = reach_of(s), s.starts
    near = stretches(pairs, starts, s.axes, s.lengths, reach).reshape(-1, 2)
    strut = pairs.ravel()
    order = np.lexsort([near[:, 0], strut])
    offsets = np.concatenate([[0], np.cumsum(np.bincount(strut, minlength=s.m))])
    united, along = united.copy(), along.copy()
    intervals = near[order]
    spread_united(
        united, s.ends, s.lengths, s.wide, along, s.offsets, s.halves, s.directions, reach, s.pos, offsets, intervals
    )
    piece_of = np.full(len(strut), -1)
    strut, span, rings, extra, shafts, p, x, f = lay_out(
        united, s.ends, s.lengths, s.wide, along, offsets, intervals, order, piece_of
    )
    pieces = Pieces(strut[:p], span[:p], rings[:p], piece_of.reshape(-1, 2), extra[:x], shafts[:f])
    return pieces, united, along


def reach_of(s: Struts) -> FloatArray:
    """``(m,)`` how far the parts of each strut reach from its axis, mm."""
    return np.maximum(s.wide, unit_ball()[2] * s.radius)


def _everything(s: Struts, skins: Skins) -> tuple[Pieces, IntArray, FloatArray]:
    """As `_pieces`, but all of a web is united: whole struts, which have no rings."""
    none = np.empty((0, 2), np.int64)
    span = np.column_stack([0 * s.lengths, s.lengths])
    pieces = Pieces(np.arange(s.m), span, np.full((s.m, 2), -1), none, none.astype(float), none)
    return pieces, skins.united, skins.along


def used_vertices(count: int, faces: IntArray) -> npt.NDArray[np.bool_]:
    """``(count,)`` which vertices have a face."""
    used = np.zeros(count, bool)
    used[faces.ravel()] = True
    return used


def compact(vertices: FloatArray, faces: IntArray, lowest: float | None = None) -> tuple[FloatArray, IntArray]:
    """The mesh without unused vertices, in float32, moved down by ``lowest`` mm; if not given, until it is on z = 0."""
    used = used_vertices(len(vertices), faces)
    if not used.all():
        faces = (np.cumsum(used) - 1)[faces]
        vertices = vertices[used]
    return grounded(vertices, float(vertices[:, 2].min()) if lowest is None else lowest), faces


def is_compiled() -> bool:
    """Whether the mesher's inner loops have been compiled, in this process or in an earlier one."""
    slowest: Any = write_skins
    return bool(slowest.signatures) or any(Path(slowest.stats.cache_path).glob("skins.write_skins-*.nbi"))
