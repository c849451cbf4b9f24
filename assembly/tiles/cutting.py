"""What each tile of a web needs to know: its own nodes, and all struts that decide about their faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assembly.hybrid.mesher import reach_of
from assembly.hybrid.nodes import Rings, spheres_of
from assembly.hybrid.pieces import Pieces
from assembly.hybrid.struts import Struts
from structgen.web import FloatArray, IntArray

#: Boxes are widened by this share of the grid's cell: rounding must not part what touches.
SLACK = 0.01

Item = TypeVar("Item")


class Made(Sequence[Item]):
    """Items that are made when they are asked for, so that one at a time is in memory."""

    def __init__(self, make: Callable[[int], Item], count: int) -> None:
        self._make, self._count = make, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._make(k) for k in range(self._count)[index]]
        return self._make(range(self._count)[index])

    def __iter__(self) -> Iterator[Item]:
        return (self._make(k) for k in range(self._count))


@dataclass(frozen=True, eq=False)
class Nearby:
    """What the contacts of one tile depend on.

    Arguments:
        s: struts of the tile and those that come near them.
        struts, nodes: their numbers in the web.
        rings: of ``s``; nodes that lack some of their struts count as united.
        own: ``(k,)`` rows of ``nodes`` that belong to the tile.
        sides, step, cell: as in `assembly.hybrid.mesher`, of the whole web.
    """

    s: Struts
    struts: IntArray
    nodes: IntArray
    rings: Rings
    own: IntArray
    sides: int
    step: float
    cell: float


@dataclass(frozen=True, eq=False)
class Tile:
    """What the faces of one tile depend on.

    Arguments:
        s: struts of the tile and of its clusters.
        rings: of ``s``, in their final places; all nodes but those whose skins the tile has count as united.
        pieces, united: whole clusters that belong to the tile, and the ``(n,)`` nodes in them; its shafts.
        sides, step, shortest: as in `assembly.hybrid.mesher.mesh`.
        lowest, ground: z of the lowest point of the parts of the whole web, and of its mesh, mm.
    """

    s: Struts
    rings: Rings
    pieces: Pieces
    united: IntArray
    sides: int
    step: float
    shortest: float
    lowest: float = 0.0
    ground: float = 0.0


def tiles_of(pos: FloatArray, count: int) -> IntArray:
    """``(n,)`` number of the tile of each node: boxes halved across their longest side, of as many nodes each."""
    label = np.zeros(len(pos), np.int64)
    left = [(np.arange(len(pos)), 0, min(count, len(pos)))]
    while left:
        nodes, first, parts = left.pop()
        if parts == 1:
            label[nodes] = first
            continue
        axis = int(np.argmax(np.ptp(pos[nodes], axis=0)))
        order = nodes[np.argsort(pos[nodes, axis], kind="stable")]
        half = parts // 2
        middle = len(nodes) * half // parts
        left += [(np.sort(order[:middle]), first, half), (np.sort(order[middle:]), first + half, parts - half)]
    return label


class Neighbourhoods:
    """Makes the `Nearby` of each tile."""

    def __init__(self, s: Struts, rings: Rings, tile: IntArray, sides: int, step: float, cell: float) -> None:
        self._s, self._rings, self._tile, self._sides, self._step, self._cell = s, rings, tile, sides, step, cell
        a, b, reach = s.starts, s.pos[s.ends[:, 1]], reach_of(s)[:, None]
        self._strut_boxes = np.stack([np.minimum(a, b) - reach, np.maximum(a, b) + reach], axis=1)
        radius = spheres_of(s, rings.angles)[:, None]
        self._node_boxes = np.stack([s.pos - radius, s.pos + radius], axis=1)

    def __call__(self, number: int) -> Nearby:
        """Of tile ``number``."""
        s, own = self._s, self._tile == number
        mine = own[s.ends].any(axis=1)
        boxes = np.concatenate([self._strut_boxes[mine], self._node_boxes[own]])
        slack = SLACK * self._cell
        box = np.array([boxes[:, 0].min(axis=0) - slack, boxes[:, 1].max(axis=0) + slack])
        whole = own | _overlaps(self._node_boxes, box)
        struts = np.flatnonzero(whole[s.ends].any(axis=1) | _overlaps(self._strut_boxes, box))
        part, nodes = s.only(struts)
        rings = _rings_of(self._rings, struts, np.where(whole, self._rings.united, 1)[nodes])
        return Nearby(part, struts, nodes, rings, np.flatnonzero(own[nodes]), self._sides, self._step, self._cell)


class Tiles:
    """Makes each `Tile`, from what is known of the whole web.

    Arguments:
        s, rings: of the web; ``rings`` in their final places, with all nodes that are united.
        pieces: of the web.
        tile: ``(n,)`` tile of each node.
        sides, step, shortest: as in `Tile`.
    """

    def __init__(
        self, s: Struts, rings: Rings, pieces: Pieces, tile: IntArray, sides: int, step: float, shortest: float
    ) -> None:
        self._s, self._rings, self._pieces, self._node_tile = s, rings, pieces, tile
        self._sides, self._step, self._shortest = sides, step, shortest
        self.ring_strut = np.concatenate([np.repeat(np.arange(s.m), 2), pieces.extra[:, 0].astype(np.int64)])
        strut_tile = tile[s.ends[:, 0]]
        self._shaft_tile = strut_tile[self.ring_strut[pieces.shafts[:, 0]]]
        label = _clusters(s, pieces)
        # A cluster belongs to the tile of its first piece.
        _, first, which = np.unique(label, return_index=True, return_inverse=True)
        self._piece_tile = strut_tile[pieces.strut[first]][which]

    def has_clusters(self, number: int) -> bool:
        """Whether anything is united in tile ``number``."""
        return bool((self._piece_tile == number).any())

    def __call__(self, number: int) -> Tile:
        """Tile ``number``."""
        s, all_pieces = self._s, self._pieces
        own = self._node_tile == number
        mine, shafts = self._piece_tile == number, all_pieces.shafts[self._shaft_tile == number]
        struts = np.union1d(np.flatnonzero(own[s.ends].any(axis=1)), all_pieces.strut[mine])
        part, nodes = s.only(struts)
        skip = np.where(own, self._rings.united, 1)[nodes]
        rings = _rings_of(self._rings, struts, skip)
        strut, ends = all_pieces.strut[mine], all_pieces.rings[mine]
        piece, side = np.nonzero(ends < 0)
        united = np.zeros(len(nodes), np.int64)
        united[np.searchsorted(nodes, s.ends[strut[piece], side])] = 1
        used = np.unique(np.concatenate([ends.ravel(), shafts.ravel()]))
        extra = used[used >= 2 * s.m]
        row = np.cumsum(mine) - 1
        contacts = all_pieces.contacts[mine[all_pieces.contacts].all(axis=1)]

        def ring(numbers: IntArray) -> IntArray:
            """Rings of the web, numbered as in the tile."""
            at_end = np.searchsorted(struts, numbers // 2) * 2 + numbers % 2
            between = 2 * len(struts) + np.searchsorted(extra, numbers)
            return np.where(numbers < 0, -1, np.where(numbers < 2 * s.m, at_end, between))

        places = all_pieces.extra[extra - 2 * s.m]
        places[:, 0] = np.searchsorted(struts, places[:, 0].astype(np.int64))
        pieces = Pieces(
            np.searchsorted(struts, strut), all_pieces.span[mine], ring(ends), row[contacts], places, ring(shafts)
        )
        return Tile(part, rings, pieces, united, self._sides, self._step, self._shortest)

    def standing(self, lowest: float, ground: float) -> Callable[[int], Tile]:
        """What makes each tile, with the z that are known after others."""
        return lambda number: replace(self(number), lowest=lowest, ground=ground)


def _clusters(s: Struts, pieces: Pieces) -> IntArray:
    """``(p,)`` cluster of each piece."""
    piece, side = np.nonzero(pieces.rings < 0)
    count = len(pieces.strut)
    i = np.concatenate([pieces.contacts[:, 0], piece])
    j = np.concatenate([pieces.contacts[:, 1], count + s.ends[pieces.strut[piece], side]])
    links = coo_array((np.ones(len(i)), (i, j)), shape=(count + s.n, count + s.n))
    label: IntArray = connected_components(links, directed=False)[1][:count].astype(np.int64)
    return label


def _rings_of(rings: Rings, struts: IntArray, united: IntArray) -> Rings:
    ends = (2 * struts[:, None] + [0, 1]).ravel()
    return Rings(rings.angles[ends], rings.along[ends], united)


def _overlaps(boxes: FloatArray, box: FloatArray) -> Any:
    return ((boxes[:, 0] <= box[1]) & (boxes[:, 1] >= box[0])).all(axis=1)
