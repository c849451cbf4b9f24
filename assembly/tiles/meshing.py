"""The mesh of one tile: with the same numbers at its border as its neighbours, since a strut decides them alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assembly.hybrid.mesher import compact, contacts_of, free_surface
from assembly.hybrid.nodes import places_along, ring_corners, skins_of
from assembly.hybrid.parts import parts_of
from assembly.hybrid.unions import sewn
from assembly.hybrid.unions import united as united_parts
from assembly.tiles.cutting import Nearby, Tile
from structgen.web import FloatArray, IntArray


class Found(NamedTuple):
    """What one tile knows of collisions, in numbers of the web.

    Arguments:
        pairs: ``(c, 2)`` struts that come near each other, with all those of the tile.
        own: ``(k,)`` nodes of the tile; ``united``: whether they have no room for their skins.
        low: ``(k,)`` least z of their skins, mm; infinite where there is none.
    """

    pairs: IntArray
    own: IntArray
    united: IntArray
    low: FloatArray


class TileMesh(NamedTuple):
    """The faces of a tile.

    Arguments:
        vertices: ``(v, 3)`` float32, mm.
        faces: ``(f, 3)`` int32.
        low: least z before the part is set down, mm; infinite if there are no faces.
    """

    vertices: npt.NDArray[np.float32]
    faces: npt.NDArray[np.int32]
    low: float


def find_collisions(near: Nearby) -> Found:
    """The contacts of a tile."""
    skins = skins_of(near.s, near.sides, near.step, near.rings)
    pairs = contacts_of(near.s, skins, near.cell)
    low = np.full(near.s.n, np.inf)
    heights = skins.vertices[:, 2][skins.faces].min(axis=1) if len(skins.faces) else np.empty(0)
    np.minimum.at(low, np.repeat(np.arange(near.s.n), np.diff(skins.face_place)), heights)
    return Found(near.struts[pairs], near.nodes[near.own], skins.united[near.own], low[near.own])


def lowest_of_parts(tile: Tile) -> float:
    """Least z of what is united in a tile, mm."""
    strut = np.concatenate([np.repeat(np.arange(tile.s.m), 2), tile.pieces.extra[:, 0].astype(np.int64)])
    places = np.concatenate([places_along(tile.s, tile.rings.along), tile.pieces.extra[:, 1]])
    corners = ring_corners(tile.s, tile.sides, strut, places).reshape(-1, 3)
    first = tile.sides * np.arange(len(strut))
    return parts_of(tile.s, tile.sides, tile.pieces, tile.united, corners, first).lowest()


def mesh_tile(tile: Tile) -> TileMesh:
    """The faces of a tile's own skins, shafts and clusters."""
    skins = skins_of(tile.s, tile.sides, tile.step, tile.rings)
    pieces = tile.pieces
    vertices, first, faces = free_surface(tile.s, tile.sides, skins, pieces, tile.rings.along, tile.rings.united == 0)
    if len(pieces.strut):
        parts = parts_of(tile.s, tile.sides, pieces, tile.united, vertices, first)
        more, sewed = sewn(parts, united_parts(parts, tile.shortest, tile.lowest), vertices, tile.sides)
        vertices, faces = np.concatenate([vertices, more]), np.concatenate([faces, sewed])
    low = float(vertices[faces, 2].min(initial=np.inf))
    vertices, faces = compact(vertices, faces, tile.ground)
    return TileMesh(vertices.astype(np.float32), faces.astype(np.int32), low)
