"""A web while it is joined: which module a node is of, how many struts it may have, what passes for plausible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from structgen.web import FloatArray, IntArray, WebGraph

BoolArray = npt.NDArray[np.bool_]

BRIDGE_KIND = 8
#: Quantiles of the modules' edge lengths and angles between which a new strut is plausible.
QUANTILES = (0.05, 0.95)
#: Shares of the median edge length that are plausible whatever the quantiles: modules may be all alike. What is nearer
#: is welded.
ALIKE = (0.3, 1.5)
#: New struts reach no further than this many median edge lengths: a few long threads do not make the search wide.
LONGEST = 3.0
#: Degrees within which the sharpest plausible angle lies: a lattice has but right angles.
SHARPEST = (12.0, 30.0)
#: Cosine of the angle, 2 degrees, within which struts from one node run along each other.
ALONG = float(np.cos(np.radians(2)))
#: Modules looked at for what is plausible.
MOST_MEASURED = 2000


@dataclass(frozen=True)
class Plausible:
    """What modules are like, and new struts should be: lengths from ``low`` to ``high`` and about ``typical`` mm.

    ``cosine``: of the sharpest angle between a new strut and others at its ends.
    """

    low: float
    typical: float
    high: float
    cosine: float

    @classmethod
    def of(cls, webs: Sequence[WebGraph]) -> Plausible:
        """From the 5 % and 95 % quantiles of the edge lengths and the 5 % quantile of the angles of ``webs``."""
        webs = webs[:: -(-len(webs) // MOST_MEASURED)]
        lengths = np.concatenate([web.lengths for web in webs])
        typical = float(np.median(lengths))
        low, high = np.quantile(lengths, QUANTILES).tolist()
        cosines = np.concatenate([meeting(web)[1] for web in webs])
        sharpest = np.quantile(np.degrees(np.arccos(cosines)), QUANTILES[0]) if len(cosines) else SHARPEST[0]
        cosine = float(np.cos(np.radians(np.clip(sharpest, *SHARPEST))))
        high = min(max(high, ALIKE[1] * typical), LONGEST * typical)
        return cls(min(low, ALIKE[0] * typical), typical, high, cosine)


@dataclass(frozen=True)
class Draft:
    """A web that is being joined.

    Arguments:
        web: of n nodes.
        owner: ``(n,)`` number of the module a node is of, -1 where several share it.
        most: ``(n,)`` struts that a node may have.
        frayed: ``(n,)`` whether a strut was cut off at the node.
    """

    web: WebGraph
    owner: IntArray
    most: IntArray
    frayed: BoolArray

    @property
    def room(self) -> IntArray:
        """``(n,)`` struts that a node may still get."""
        return self.most - self.web.degree

    def with_nodes(self, owner: IntArray, max_degree: int, web: WebGraph) -> Draft:
        """The draft of ``web``, which has new nodes of ``owner`` after those of this one."""
        count = len(owner)
        return Draft(
            web,
            np.concatenate([self.owner, owner]),
            np.concatenate([self.most, np.full(count, max_degree)]),
            np.concatenate([self.frayed, np.zeros(count, bool)]),
        )

    def with_struts(self, ends: IntArray, radius: FloatArray) -> Draft:
        """The draft with bridges ``ends (k, 2)`` of ``radius (k,)`` mm after the struts it has."""
        web = self.web
        kind = np.concatenate([web.kind, np.full(len(ends), BRIDGE_KIND)])
        edges = np.concatenate([web.edge_index, np.sort(ends.reshape(-1, 2), axis=1).T], axis=1)
        return replace(self, web=WebGraph(web.pos, edges, np.concatenate([web.radius, radius]), kind))

    def without_struts(self, gone: BoolArray) -> Draft:
        """The draft without the struts ``gone`` (m,), whose ends are frayed."""
        if not gone.any():
            return self
        web, frayed = self.web, self.frayed.copy()
        frayed[web.edge_index[:, gone]] = True
        left = WebGraph(web.pos, web.edge_index[:, ~gone], web.radius[~gone], web.kind[~gone])
        return replace(self, web=left, frayed=frayed)

    def kept(self, nodes: BoolArray) -> Draft:
        """The draft of the ``nodes`` (n,) alone."""
        if nodes.all():
            return self
        return Draft(self.web.subweb(nodes), self.owner[nodes], self.most[nodes], self.frayed[nodes])


@dataclass(frozen=True)
class Star:
    """Struts by node: those of node i are the rows ``start[i]`` to ``start[i + 1]``.

    Arguments:
        start: ``(n + 1,)``.
        strut: ``(2 m,)`` number of the strut.
        way: ``(2 m, 3)`` unit vector along it, away from the node; 0 for a strut without length.
    """

    start: IntArray
    strut: IntArray
    way: FloatArray

    @classmethod
    def of(cls, web: WebGraph) -> Star:
        """Of every node of ``web``."""
        i, j = web.edge_index
        node = np.concatenate([i, j])
        order = np.argsort(node, kind="stable")
        way = unit(web.pos[j] - web.pos[i])
        start = np.concatenate([[0], np.cumsum(web.degree)])
        return cls(start, np.tile(np.arange(web.m), 2)[order], np.concatenate([way, -way])[order])

    def at(self, nodes: IntArray) -> tuple[IntArray, IntArray]:
        """Rows of all struts at each of ``nodes`` (k,), and for each of them which of the nodes it is at."""
        count = self.start[nodes + 1] - self.start[nodes]
        which = np.repeat(np.arange(len(nodes)), count)
        first = np.repeat(self.start[nodes] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        return first + np.arange(len(which)), which

    def largest_cosine(self, nodes: IntArray, ways: FloatArray) -> FloatArray:
        """``(k,)`` cosine of the sharpest angle between ``ways`` (k, 3), unit, and the struts at ``nodes`` (k,)."""
        rows, which = self.at(nodes)
        largest = np.full(len(nodes), -1.0)
        np.maximum.at(largest, which, np.einsum("ij,ij->i", self.way[rows], ways[which]))
        return largest


def unit(vectors: FloatArray) -> FloatArray:
    """``vectors`` (..., 3) of length one; 0 stays."""
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(size > 0, size, 1.0))


def meeting(web: WebGraph) -> tuple[IntArray, FloatArray]:
    """``(k, 2)`` pairs of struts that share a node, and ``(k,)`` the cosine of the angle between them there."""
    star = Star.of(web)
    node = np.repeat(np.arange(web.n), web.degree)
    pairs, cosines = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for step in range(1, int(web.degree.max())):
        here = np.flatnonzero(node[step:] == node[:-step])
        pairs.append(np.column_stack([star.strut[here], star.strut[here + step]]))
        cosines.append(np.einsum("ij,ij->i", star.way[here], star.way[here + step]))
    return np.concatenate(pairs), np.clip(np.concatenate(cosines), -1, 1)
