"""A web under construction: threads that start and end on earlier threads and split them, laid in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: The chance of a place ``(k, 3)`` mm, relative to that of others, ``(k,)``.
Weight = Callable[[FloatArray], npt.NDArray[np.float64] | npt.NDArray[np.bool_]]

#: Landing places looked at for each new thread.
LANDINGS = 6
#: A batch is at most this share of the threads that lie already, so that threads land on threads of many ages.
BATCH = 0.2
#: Batches after which no more threads are laid where few find a place.
BATCHES = 200
#: A thread may be longer or shorter than meant by this factor, if no place lies nearer to where it was to end.
STRETCH = 1.6


@dataclass
class Spinning:
    """Nodes and threads so far.

    Arguments:
        gap: least distance of junctions along a thread when they are made, mm.
        max_degree: a junction with that many threads takes no more.
        held: ``(n,)`` which nodes are attachment points on something that is no web; no thread lands on these.
    """

    gap: float
    max_degree: int
    pos: FloatArray = field(default_factory=lambda: np.empty((0, 3)))
    ends: IntArray = field(default_factory=lambda: np.empty((0, 2), np.int64))
    kind: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    held: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

    @property
    def degree(self) -> IntArray:
        """``(n,)`` number of threads at each node."""
        return np.bincount(self.ends.ravel(), minlength=len(self.pos))

    def nodes(self, at: npt.ArrayLike, held: bool = False) -> IntArray:
        """New nodes, attachment points if ``held``, at ``(k, 3)``; returns their numbers."""
        places = np.asarray(at, float).reshape(-1, 3)
        self.pos = np.concatenate([self.pos, places])
        self.held = np.concatenate([self.held, np.full(len(places), held)])
        return np.arange(len(self.pos) - len(places), len(self.pos))

    def threads(self, start: IntArray, end: IntArray, kind: int) -> None:
        """Threads from ``start`` to ``end``, ``(k,)`` nodes; left out where these are joined already, or too full."""
        pairs = np.column_stack([start, end])
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        degree = self.degree
        room = self.max_degree - degree[pairs] - _rank(pairs.ravel()).reshape(-1, 2)
        pairs = pairs[(room > 0).all(axis=1)]
        n = len(self.pos)
        known = _code(self.ends, n)
        code, first = np.unique(_code(pairs, n), return_index=True)
        new = np.sort(first[~np.isin(code, known)])
        self.ends = np.concatenate([self.ends, pairs[new]])
        self.kind = np.concatenate([self.kind, np.full(len(new), kind)])

    def split(self, edge: IntArray, share: FloatArray) -> IntArray:
        """The junction at ``share`` of the length of each of the threads ``edge``, ``(k,)``.

        Places are rounded to cells of about `gap`, one junction a cell; the first and the last cell are the thread's
        own ends. -1 where that end is an attachment point.
        """
        a, b = self.pos[self.ends[edge].T]
        cells = np.maximum((np.linalg.norm(b - a, axis=1) / self.gap).astype(np.int64), 1)
        cell = np.minimum((share * cells).astype(np.int64), cells - 1)
        at_end = (cell == 0) | (cell == cells - 1)
        node = np.where(share < 0.5, self.ends[edge, 0], self.ends[edge, 1])
        node = np.where(at_end & self.held[node], -1, node)
        inner = np.flatnonzero(~at_end)
        if not len(inner):
            return node
        key = edge[inner] * (cells.max() + 1) + cell[inner]
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        made = inner[first]
        place = a[made] + ((cell[made] + 0.5) / cells[made])[:, None] * (b - a)[made]
        number = self.nodes(place)
        node[inner] = number[which]
        # `made` is sorted by thread and place on it: consecutive junctions of a thread become its pieces.
        owner = edge[made]
        last = np.r_[owner[1:] != owner[:-1], True]
        begins = np.r_[True, last[:-1]]
        after = np.r_[number[1:], -1]
        after[last] = self.ends[owner[last], 1]
        self.ends[owner[begins], 1] = number[begins]
        self.ends = np.concatenate([self.ends, np.column_stack([number, after])])
        self.kind = np.concatenate([self.kind, self.kind[owner]])
        return node

    def grid(
        self, kinds: Sequence[int], weight: Weight | None = None
    ) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
        """Places about a gap apart on all threads of ``kinds``, but where ``weight`` is 0.

        Returns positions ``(k, 3)``, threads ``(k,)``, shares of their length ``(k,)`` and chances ``(k,)``: even over
        the length of threads, times the weight.
        """
        able = np.flatnonzero(np.isin(self.kind, kinds))
        a, b = self.pos[self.ends[able].T]
        length = np.linalg.norm(b - a, axis=1)
        cells = np.maximum((length / self.gap).astype(np.int64), 1)
        which = np.repeat(np.arange(len(able)), cells)
        share = (np.arange(len(which)) - np.repeat(np.cumsum(cells) - cells, cells) + 0.5) / cells[which]
        place = a[which] + share[:, None] * (b - a)[which]
        chance = (length / cells)[which] * (1.0 if weight is None else weight(place))
        use = chance > 0
        return place[use], able[which][use], share[use], chance[use]

    def join(self, start: tuple[IntArray, FloatArray], end: tuple[IntArray, FloatArray], kind: int) -> None:
        """Threads from places (thread, share) to places, both on threads that lie already."""
        count = len(start[0])
        node = self.split(np.concatenate([start[0], end[0]]), np.concatenate([start[1], end[1]]))
        good = (node[:count] >= 0) & (node[count:] >= 0)
        self.threads(node[:count][good], node[count:][good], kind)

    def hang(self, points: FloatArray, kinds: Sequence[int], kind: int, aim: FloatArray) -> None:
        """A thread from each attachment point ``(k, 3)`` to the place on ``kinds`` of thread nearest to its ``aim``."""
        place, edge, share, _ = self.grid(kinds)
        nearest = cKDTree(place).query(aim)[1]
        node = self.split(edge[nearest], share[nearest])
        good = (node >= 0) & (self.degree[node] + _rank(node) < self.max_degree)
        self.threads(self.nodes(points[good], held=True), node[good], kind)

    def tangle(
        self,
        rng: np.random.Generator,
        count: int,
        length: float,
        kind: int,
        start: Sequence[int],
        end: Sequence[int],
        slope: float = 1.0,
        weight: Weight | None = None,
        spread: float = 0.35,
    ) -> None:
        """About ``count`` threads of ``kind`` from threads of kinds ``start`` to threads of kinds ``end``.

        Arguments:
            length: median length, mm; lengths are log-normal with sigma ``spread``.
            slope: directions are even over the sphere after z was scaled by this.
            weight: chance of a start by its place, ``(k, 3) -> (k,)``; even over the length of threads if None. No
                thread ends where it is 0.
        """
        left = count
        for _ in range(BATCHES):
            begin, begin_edge, begin_share, chance = self.grid(start, weight)
            landing, landing_edge, landing_share, _ = self.grid(end, weight)
            if left <= 0 or not len(begin) or not len(landing):
                return
            batch = min(left, max(8, int(BATCH * len(self.ends))))
            pick = rng.choice(len(begin), size=batch, p=chance / chance.sum())
            direction = rng.standard_normal((batch, 3)) * (1.0, 1.0, slope)
            direction /= np.linalg.norm(direction, axis=1)[:, None]
            reach = length * np.exp(spread * rng.standard_normal(batch))
            aim = begin[pick] + reach[:, None] * direction
            near = cKDTree(landing).query(aim, k=min(LANDINGS, len(landing)))[1].reshape(batch, -1)
            span = np.linalg.norm(landing[near] - begin[pick, None], axis=2)
            good = np.abs(np.log(np.maximum(span, 1e-9) / reach[:, None])) < np.log(STRETCH)
            good &= landing_edge[near] != begin_edge[pick, None]
            able = np.flatnonzero(good.any(axis=1))
            target = near[able, good.argmax(axis=1)[able]]
            origin = pick[able]
            self.join((begin_edge[origin], begin_share[origin]), (landing_edge[target], landing_share[target]), kind)
            left -= max(len(able), 1)


def _rank(node: IntArray) -> IntArray:
    """How often each entry of ``node`` stands before it in the list."""
    order = np.argsort(node, kind="stable")
    ordered = node[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(node) else np.empty(0, np.int64)
    position = np.arange(len(node)) - np.repeat(begins, np.diff(np.r_[begins, len(node)]))
    rank = np.empty(len(node), np.int64)
    rank[order] = position
    return rank


def _code(pairs: IntArray, n: int) -> IntArray:
    return np.minimum(pairs[:, 0], pairs[:, 1]) * n + np.maximum(pairs[:, 0], pairs[:, 1])
