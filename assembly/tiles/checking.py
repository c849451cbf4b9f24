"""Whether tiles make up one sound solid: each is tested with all faces of the others that reach into its box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.hybrid.mesher import used_vertices
from assembly.tiles.meshing import TileMesh
from assembly.verify import UnsoundSolid, find_degenerate, find_open_vertices, find_self_intersections, welded_twins
from assembly.verify.topology import edge_fault, label_shells
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray


class Checked(NamedTuple):
    """A tile whose faces are sound.

    Arguments:
        volume: ``(s,)`` signed volume of each connected piece of the tile's surface with the middle of the part, mm3.
        corners, faces: ``(s,)`` how many vertices and faces each has.
        shared: ``(k, 3)`` float32 vertices that other tiles have too; ``shared_label`` ``(k,)`` their pieces.
    """

    volume: FloatArray
    corners: IntArray
    faces: IntArray
    shared: npt.NDArray[np.float32]
    shared_label: IntArray


class Whole(NamedTuple):
    """What the tiles make up.

    Arguments:
        kept: for each tile, ``(s,)`` which pieces of its surface are of the body; others bound closed holes inside.
        volume: mm3.
        genus: handles.
        faces: how many the body has.
    """

    kept: list[npt.NDArray[np.bool_]]
    volume: float
    genus: int
    faces: int


class Stored:
    """Meshes of tiles in a folder: one is in memory at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.boxes: list[FloatArray] = []

    def put(self, mesh: TileMesh) -> None:
        """Store the next tile."""
        number = len(self.boxes)
        np.save(self._folder / f"vertices-{number}.npy", mesh.vertices)
        np.save(self._folder / f"faces-{number}.npy", mesh.faces)
        low, high = mesh.vertices.min(axis=0, initial=np.inf), mesh.vertices.max(axis=0, initial=-np.inf)
        self.boxes.append(np.array([low, high], np.float64))

    @property
    def middle(self) -> FloatArray:
        """``(3,)`` of the box of all tiles, mm."""
        boxes = np.array([box for box in self.boxes if np.isfinite(box).all()])
        centre: FloatArray = (boxes[:, 0].min(axis=0) + boxes[:, 1].max(axis=0)) / 2
        return centre

    def get(self, number: int) -> tuple[FloatArray, IntArray]:
        """Vertices and faces of a tile."""
        vertices, faces = (np.load(self._folder / f"{name}-{number}.npy") for name in ("vertices", "faces"))
        return vertices.astype(np.float64), faces.astype(np.int64)

    def put_pieces(self, number: int, label: IntArray) -> None:
        """Store ``(f,)`` which connected piece of the surface of tile ``number`` each face is of."""
        np.save(self._folder / f"pieces-{number}.npy", label.astype(np.int32))

    def kept(self, number: int, pieces: npt.NDArray[np.bool_]) -> tuple[FloatArray, IntArray]:
        """As `get`, but only the faces of some pieces, an ``(s,)`` mask."""
        vertices, faces = self.get(number)
        return vertices, faces[pieces[np.load(self._folder / f"pieces-{number}.npy")]]

    def halo(self, number: int) -> tuple[FloatArray, IntArray]:
        """Vertices and faces of all other tiles that reach into the box of tile ``number``, border included."""
        box, found, faces, count = self.boxes[number], [np.empty((0, 3))], [np.empty((0, 3), np.int64)], 0
        for other, around in enumerate(self.boxes):
            if other == number or not ((around[0] <= box[1]) & (around[1] >= box[0])).all():
                continue
            vertices, theirs = self.get(other)
            theirs = theirs[_reaching(vertices, theirs, box)]
            used = used_vertices(len(vertices), theirs)
            found.append(vertices[used])
            faces.append((np.cumsum(used) - 1)[theirs] + count)
            count += len(found[-1])
        return np.concatenate(found), np.concatenate(faces)


def checked_tile(stored: Stored, number: int) -> Checked:
    """Tile ``number``, closed, manifold, free of intersections, also with its neighbours; else `UnsoundSolid`."""
    own, faces = stored.get(number)
    if not len(faces):
        none = np.empty(0, np.int64)
        stored.put_pieces(number, none)
        return Checked(np.empty(0), none, none, np.empty((0, 3), np.float32), none)
    others, halo = stored.halo(number)
    points = np.concatenate([own, others])
    twins = welded_twins(points)
    place = np.arange(len(points))
    place[twins[:, 1]] = twins[:, 0]
    if len(bad := twins[twins[:, 1] < len(own)]):
        raise UnsoundSolid("float32", "two vertices are the same in float32", own[bad[0, 0]])
    shared = np.unique(twins[twins[:, 0] < len(own), 0])
    everything = np.concatenate([faces, place[halo + len(own)]])
    # A vertex of the tile has all its faces here: they reach into the box.
    faulty = find_open_vertices(len(points), everything)
    if len(faulty := faulty[faulty < len(own)]):
        raise UnsoundSolid("closed", edge_fault(int(faulty[0]), everything), own[faulty[0]])
    if len(found := find_degenerate(own, faces)):
        raise UnsoundSolid("degenerate", "a face has no area", own[faces[found[0]]].mean(axis=0))
    subset = np.arange(len(everything)) < len(faces)
    if len(pairs := find_self_intersections(points, everything, subset)):
        raise UnsoundSolid("self-intersection", "two faces cross or touch", points[everything[pairs[0]]].mean((0, 1)))
    label, count = label_shells(len(own), faces)
    vertex_label = np.zeros(len(own), np.int64)
    vertex_label[faces] = label[:, None]
    a, b, c = (own[faces[:, k]] - stored.middle for k in range(3))
    volume = np.bincount(label, np.einsum("fi,fi->f", a, np.cross(b, c)) / 6, count).astype(np.float64)
    corners = np.bincount(vertex_label, minlength=count)
    stored.put_pieces(number, label)
    counts = np.bincount(label, minlength=count)
    return Checked(volume, corners, counts, own[shared].astype(np.float32), vertex_label[shared])


def joined(tiles: Sequence[Checked]) -> Whole:
    """The one body that the tiles make up, without closed holes inside; `UnsoundSolid` where there are more."""
    first = np.concatenate([[0], np.cumsum([len(tile.volume) for tile in tiles])]).astype(np.int64)
    piece = np.concatenate([tile.shared_label + first[k] for k, tile in enumerate(tiles)])
    places, where = np.unique(np.concatenate([tile.shared for tile in tiles]), axis=0, return_inverse=True)
    size = int(first[-1]) + len(places)
    links = coo_array((np.ones(len(piece)), (piece, first[-1] + where.ravel())), shape=(size, size))
    shells, shell = connected_components(links, directed=False)
    of_piece, of_place = shell[: first[-1]], shell[first[-1] :]
    volume = np.bincount(of_piece, np.concatenate([tile.volume for tile in tiles]), shells)
    bodies = np.flatnonzero(volume > 0)
    if len(bodies) != 1:
        raise UnsoundSolid("bodies", f"it has {len(bodies)} instead of 1")
    body = int(bodies[0])
    faces = sum(int(tile.faces[of_piece[first[k] : first[k + 1]] == body].sum()) for k, tile in enumerate(tiles))
    corners = sum(int(tile.corners[of_piece[first[k] : first[k + 1]] == body].sum()) for k, tile in enumerate(tiles))
    # A vertex that several tiles have counts once.
    corners -= int(np.count_nonzero(of_piece[piece] == body)) - int(np.count_nonzero(of_place == body))
    kept = [of_piece[first[k] : first[k + 1]] == body for k in range(len(tiles))]
    genus = 1 - (corners - faces // 2) // 2
    return Whole(kept, float(volume[body]), genus, faces)


@compiled
def _reaching(v: FloatArray, faces: IntArray, box: FloatArray) -> npt.NDArray[np.bool_]:
    """``(f,)`` whose boxes touch ``box``."""
    found = np.ones(len(faces), np.bool_)
    for f in range(len(faces)):
        for x in range(3):
            a, b, c = v[faces[f, 0], x], v[faces[f, 1], x], v[faces[f, 2], x]
            if min(a, b, c) > box[1, x] or max(a, b, c) < box[0, x]:
                found[f] = False
    return found
