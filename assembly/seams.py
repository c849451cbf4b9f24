"""Seams that a generator makes: modules are cut back where they meet, and the web between them is made anew."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from assembly.draft import BoolArray, Star
from assembly.join import Parts
from assembly.weld import side_by_side
from structgen.targets import DesignTargets
from structgen.web import FloatArray, IntArray, WebGraph

#: What makes a seam: a web, the ``(2, 3)`` corners of a box and targets of what is to lie in it give the web with more
#: nodes in the box. Those it had, and their edges, come first and stay bit for bit.
Extend = Callable[[WebGraph, FloatArray, DesignTargets], WebGraph]

#: Width of a seam, and how far around it a generator is shown the web, in mean edge lengths.
WIDTH, AROUND = 2.0, 4.0
#: A seam is no wider than this share of the shorter module.
MOST_CUT = 0.4
#: Where along a module, from 0 to 1, it is looked at for what its inside is like.
SLICES = (0.4, 0.5, 0.6)
#: A seam is asked to have so many times the edges of a slice, and so much longer ones: what the cut leaves beside it
#: has lost its long struts, and gains new ones. Set by `benchmarks/seams.py`, so that a seam is as the inside.
FEWER, LONGER = 0.92, 1.15
#: Fewest nodes of a seam: of less the targets would be none of a web.
FEWEST = 4
#: How often a generator is asked for a seam.
ATTEMPTS = 3


@dataclass(frozen=True)
class Seam:
    """Where a module meets the next one.

    Arguments:
        first, second: numbers of the modules.
        ends: where along it ``first`` ends, and where ``second`` begins, in mm along the curve.
        middle: where along ``first`` and along ``second`` the middle of the seam is; on a closed curve they may differ.
        centre: ``(3,)`` in mm.
        frame: ``(3, 3)``, columns: the direction of the curve there, and two across it.
    """

    first: int
    second: int
    ends: tuple[float, float]
    middle: tuple[float, float]
    centre: FloatArray
    frame: FloatArray


def seamed(webs: Sequence[WebGraph], along: Sequence[FloatArray], seams: Sequence[Seam], extend: Extend) -> Parts:
    """``webs`` cut back at ``seams`` and what ``extend`` makes between them.

    At each seam the nodes within one mean edge length of its middle, and beyond it, go. ``extend`` is asked for as
    many nodes and edges, and of such a length, as so wide a slice from the inside of the two modules has; again where
    it joins but one of the modules, and if it still does the other one is left to be bridged to what is new. Where it
    finds none the nodes come back.

    Arguments:
        along: where along the curve each node of each web is, ``(n,)`` in mm.

    Warns of seams that could not be made, with the reason of the last.
    """
    growth = _Growth(webs, along, seams)
    missing = [k for k in range(len(seams)) if not growth.make(k, extend)]
    if missing:
        warnings.warn(
            f"{len(missing)} of {len(seams)} seams could not be generated and are bridged ({growth.reason})",
            stacklevel=3,
        )
    return growth.result(len(seams) - len(missing))


class _Growth:
    """Modules side by side, what is cut from them, and the nodes and struts of seams that are made so far."""

    def __init__(self, webs: Sequence[WebGraph], along: Sequence[FloatArray], seams: Sequence[Seam]) -> None:
        self._web, self._owner = side_by_side(webs)
        self._webs, self._along, self._seams = webs, along, seams
        self._star, self._tree = Star.of(self._web), cKDTree(self._web.pos)
        self._centres = cKDTree(np.array([seam.centre for seam in seams]))
        self._widths = np.array([self._width(seam) for seam in seams])
        #: Seam that a node of the modules is cut at, -1 for those that stay.
        self._cut = _cut_back(self._web, self._owner, np.concatenate(along), seams, self._widths)
        self._start = np.searchsorted(self._owner, np.arange(len(webs) + 1))
        self._new: dict[int, _Piece] = {}
        #: The same in the order of their nodes' numbers.
        self._made: list[_Piece] = []
        self._count = self._web.n
        self.reason = "too little is left of a web"

    def _width(self, seam: Seam) -> float:
        gap = (seam.middle[0] - seam.ends[0]) + (seam.ends[1] - seam.middle[1])
        shortest = min(float(np.ptp(self._along[k])) for k in (seam.first, seam.second))
        return max(min(WIDTH * self._mean_length(seam), MOST_CUT * shortest), gap)

    def _mean_length(self, seam: Seam) -> float:
        return float(np.concatenate([self._webs[k].lengths for k in (seam.first, seam.second)]).mean())

    def _as_inside(self, seam: Seam, width: float) -> DesignTargets:
        """What slices as wide as the seam, from the inside of the two modules, have: nodes, and struts that touch them.

        Webs thin out towards their ends, and struts that touch a slice are longer than others.
        """
        nodes, lengths = [], []
        for k in (seam.first, seam.second):
            along, web = self._along[k], self._webs[k]
            low, high = float(along.min()), float(along.max())
            for share in SLICES:
                inside = np.abs(along - low - share * (high - low)) <= width / 2
                nodes.append(np.count_nonzero(inside))
                lengths.append(web.lengths[inside[web.edge_index].any(axis=0)])
        count = max(round(float(np.mean(nodes))), FEWEST)
        every = np.concatenate(lengths)
        edges = int(np.clip(round(FEWER * len(every) / len(lengths)), count + 1, count * (count - 1) // 2))
        mean = LONGER * float(every.mean()) if len(every) else self._mean_length(seam)
        return DesignTargets(mean, nodes=count, edges=edges)

    def make(self, number: int, extend: Extend) -> bool:
        """Make a seam; whether that worked."""
        seam = self._seams[number]
        pair = [np.arange(*self._start[k : k + 2]) for k in (seam.first, seam.second)]
        if not all((self._cut[nodes] < 0).any() for nodes in pair):
            return self._restored(number, pair)
        box, targets = self._asked(number, pair)
        local, names = self._around(seam, box)
        found = None
        for _ in range(ATTEMPTS):
            try:
                found = _extended(local, box, targets, extend)
            except ValueError as error:
                self.reason = str(error)
                continue
            label = found.components()[: local.n]
            first, second = (label[np.isin(names, nodes)] for nodes in pair)
            if np.isin(first, second).any():
                break
        if found is None:
            return self._restored(number, pair)
        self._add(number, seam, found, local, names)
        return True

    def _asked(self, number: int, pair: list[IntArray]) -> tuple[FloatArray, DesignTargets]:
        """The box of a seam in its frame, and targets of what is to lie in it."""
        seam, width = self._seams[number], self._widths[number]
        near = [
            nodes[np.abs(self._along[k] - middle) <= max(width, 1e-9)]
            for nodes, k, middle in zip(pair, (seam.first, seam.second), seam.middle, strict=True)
        ]
        nodes = np.concatenate(near)
        if not len(nodes):
            nodes = np.concatenate(pair)
        across = ((self._web.pos[nodes] - seam.centre) @ seam.frame)[:, 1:]
        low, high = across.min(axis=0), across.max(axis=0)
        box = np.array([[-width / 2, *low], [width / 2, *high]])
        return box, self._as_inside(seam, width)

    def _around(self, seam: Seam, box: FloatArray) -> tuple[WebGraph, IntArray]:
        """What is there around a seam's ``box``, in its frame, and the number of each node."""
        middle = seam.centre + seam.frame @ box.mean(axis=0)
        reach = float(np.linalg.norm(box[1] - box[0])) / 2 + AROUND * self._mean_length(seam)
        ball = np.sort(np.array(self._tree.query_ball_point(middle, reach), np.int64))
        struts = np.unique(self._star.strut[self._star.at(ball)[0]])
        struts = struts[(self._cut[self._web.edge_index[:, struts]] < 0).all(axis=0)]
        edges, radius, kind = [self._web.edge_index[:, struts].T], [self._web.radius[struts]], [self._web.kind[struts]]
        far = reach + 2 * float(self._widths.max())
        pieces = [self._new[k] for k in sorted(self._centres.query_ball_point(middle, far)) if k in self._new]
        for piece in pieces:
            edges.append(piece.edges)
            radius.append(piece.radius)
            kind.append(piece.kind)
        rows = np.concatenate(edges)
        names, number = np.unique(rows, return_inverse=True)
        pos = np.array([self._place(name) for name in names.tolist()])
        ends = np.sort(number.reshape(-1, 2), axis=1).T
        return (
            WebGraph((pos - seam.centre) @ seam.frame, ends, np.concatenate(radius), np.concatenate(kind)), names,
        )  # fmt: skip

    def _place(self, name: int) -> FloatArray:
        """Where a node lies: of a module, or of a piece, which may be further away than one whose struts end at it."""
        pos, first = self._web.pos, 0
        if name >= self._web.n:
            piece = self._made[bisect_right(self._made, name, key=lambda piece: piece.first) - 1]
            pos, first = piece.pos, piece.first
        place: FloatArray = pos[name - first]
        return place

    def _add(self, number: int, seam: Seam, larger: WebGraph, local: WebGraph, names: IntArray) -> None:
        pos = seam.centre + larger.pos[local.n :] @ seam.frame.T
        every = np.concatenate([names, self._count + np.arange(len(pos))])
        edges = every[larger.edge_index[:, local.m :]].T
        piece = _Piece(self._count, pos, edges, larger.radius[local.m :], larger.kind[local.m :])
        self._new[number] = piece
        self._made.append(piece)
        self._count += len(pos)

    def _restored(self, number: int, pair: list[IntArray]) -> bool:
        """Give back what was cut for a seam that is not made: False."""
        for nodes in pair:
            self._cut[nodes[self._cut[nodes] == number]] = -1
        return False

    def result(self, made: int) -> Parts:
        """All in one web."""
        pieces, count = list(self._new.values()), len(self._webs)
        kept = np.concatenate([self._cut < 0, np.ones(self._count - self._web.n, bool)])
        own = (self._cut[self._web.edge_index] < 0).all(axis=0)
        owner = [self._owner, *(np.full(len(p.pos), count + k) for k, p in zip(self._new, pieces, strict=True))]
        whole = WebGraph.from_edges(
            np.concatenate([self._web.pos, *(piece.pos for piece in pieces)]),
            np.concatenate([self._web.edge_index[:, own].T, *(piece.edges for piece in pieces)]),
            np.concatenate([self._web.radius[own], *(piece.radius for piece in pieces)]),
            np.concatenate([self._web.kind[own], *(piece.kind for piece in pieces)]),
        )
        settled = [np.empty((0, 2), np.int64)]
        for number in self._new:
            a, b = sorted((self._seams[number].first, self._seams[number].second))
            met = self._new[number].edges
            joined = np.unique(self._owner[met[met < self._web.n]])
            pairs = [(k, count + number) for k in (a, b) if k in joined]
            settled.append(np.array([(a, b), *pairs]))
        return Parts(whole.subweb(kept), np.concatenate(owner)[kept], np.concatenate(settled), made)


@dataclass(frozen=True)
class _Piece:
    """What is new at a seam: nodes numbered from ``first``, and struts of them."""

    first: int
    pos: FloatArray
    edges: IntArray
    radius: FloatArray
    kind: IntArray


def _cut_back(web: WebGraph, owner: IntArray, along: FloatArray, seams: Sequence[Seam], widths: FloatArray) -> IntArray:
    """``(n,)`` seam that each node is cut at, -1 for none; what is cut off from the rest of its module goes too."""
    cut = np.full(web.n, -1)
    start = np.searchsorted(owner, np.arange(int(owner.max()) + 2))
    nearest = np.full(web.n, np.inf)
    which = np.full(web.n, -1)
    for k, (seam, width) in enumerate(zip(seams, widths.tolist(), strict=True)):
        for side, (module, middle) in enumerate(zip((seam.first, seam.second), seam.middle, strict=True)):
            nodes = slice(start[module], start[module + 1])
            beyond = (middle - along[nodes]) * (1 - 2 * side)
            cut[nodes][beyond < width / 2] = k
            nearer = np.abs(beyond) < nearest[nodes]
            nearest[nodes][nearer], which[nodes][nearer] = np.abs(beyond)[nearer], k
    stays = (cut < 0)[web.edge_index].all(axis=0)
    i, j = web.edge_index[:, stays]
    label = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(web.n, web.n)), directed=False)[1]
    sizes = np.bincount(label, weights=cut < 0)
    largest = np.zeros(int(owner.max()) + 1)
    np.maximum.at(largest, owner, np.where(cut < 0, sizes[label], 0))
    main = _first_of(label, owner, (cut < 0) & (sizes[label] == largest[owner]))
    off = (cut < 0) & (label != main[owner]) & (which >= 0)
    cut[off] = which[off]
    return cut


def _first_of(label: IntArray, owner: IntArray, able: BoolArray) -> IntArray:
    """``(k,)`` for each owner the label of its first node that is ``able``; -1 for none."""
    first = np.full(int(owner.max()) + 1, -1)
    nodes = np.flatnonzero(able)[::-1]
    first[owner[nodes]] = label[nodes]
    return first


def _extended(web: WebGraph, box: FloatArray, targets: DesignTargets, extend: Extend) -> WebGraph:
    """``web`` with what ``extend`` makes in the two halves of ``box``: at once it would crowd where it begins."""
    assert targets.nodes is not None and targets.edges is not None
    halves = [box.copy(), box.copy()]
    halves[0][1, 0] = halves[1][0, 0] = box[:, 0].mean()
    cells = halves if targets.nodes >= 2 * FEWEST else [box]
    larger = web
    for k, cell in enumerate(cells, start=1):
        nodes, edges = ((k * n) // len(cells) - ((k - 1) * n) // len(cells) for n in (targets.nodes, targets.edges))
        given, edges = larger, int(np.clip(edges, nodes + 1, nodes * (nodes - 1) // 2))
        larger = extend(given, cell, DesignTargets(targets.mean_edge_length, nodes=nodes, edges=edges))
        same = larger.n >= given.n and np.array_equal(larger.pos[: given.n], given.pos)
        if not same or not np.array_equal(larger.edge_index[:, : given.m], given.edge_index):
            raise RuntimeError("extend has changed the web that it was given, must keep its nodes and edges first")
    return larger
