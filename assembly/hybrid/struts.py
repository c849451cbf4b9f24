"""The struts of a web as the mesher needs them: frames, radii and what meets at each node."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from structgen.web import FloatArray, IntArray, WebGraph


@dataclass(frozen=True, eq=False)
class Struts:
    """Struts with a length, whose nodes are apart.

    Arguments:
        pos: ``(n, 3)`` nodes, mm.
        ends: ``(m, 2)`` node numbers.
        radius: ``(m,)`` of the round struts; ``wide``: circumradius of polygons of the same area.
        lengths: ``(m,)``; ``axes``, ``across``: ``(m, 3)`` unit vectors along each strut and across it.
        offsets, halves: ``(n + 1,)`` rows of ``(2 m,)``: strut ends at each node; end ``2 k`` is the start of strut k.
        box: ``(2, 3)`` box of balls about the nodes that are as wide as their polygons.
    """

    pos: FloatArray
    ends: IntArray
    radius: FloatArray
    wide: FloatArray
    lengths: FloatArray
    axes: FloatArray
    across: FloatArray
    offsets: IntArray
    halves: IntArray
    box: FloatArray

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.pos)

    @property
    def m(self) -> int:
        """Number of struts."""
        return len(self.ends)

    @property
    def starts(self) -> FloatArray:
        """``(m, 3)`` where each strut starts."""
        return self.pos[self.ends[:, 0]]

    def only(self, struts: IntArray) -> tuple[Struts, IntArray]:
        """Some struts, in ascending order, and ``(k,)`` their nodes, both numbered anew in the same order."""
        nodes, ends = np.unique(self.ends[struts], return_inverse=True)
        ends = ends.reshape(-1, 2)
        part = Struts(
            self.pos[nodes], ends, self.radius[struts], self.wide[struts], self.lengths[struts], self.axes[struts],
            self.across[struts], *_incidence(ends, len(nodes)), self.box,
        )  # fmt: skip
        return part, nodes

    @property
    def directions(self) -> FloatArray:
        """``(2 m, 3)`` unit vectors from the node along the strut of each strut end."""
        return np.stack([self.axes, -self.axes], axis=1).reshape(-1, 3)

    @property
    def node_radius(self) -> FloatArray:
        """``(n,)`` circumradius of the thickest strut at each node; of a web of no length, half the side of its box."""
        thickest = np.full(self.n, 0.0 if self.m else np.ptp(self.box, axis=0).max() / 2)
        np.maximum.at(thickest, self.ends.ravel(), np.repeat(self.wide, 2))
        return thickest


def widening(sides: int) -> float:
    """Circumradius of a regular polygon with the area of the unit circle."""
    return math.sqrt(2 * math.pi / (sides * math.sin(2 * math.pi / sides)))


def struts_of(web: WebGraph, sides: int, shortest: float) -> Struts:
    """The struts of ``web``; nodes at one place, and those of edges up to ``shortest`` mm, are one.

    Of struts between the same two nodes the thickest is left.
    """
    node = _merged(web, shortest)
    kept, node = np.unique(node, return_inverse=True)
    ends = np.sort(node[web.edge_index], axis=0)
    # By ends, then the thickest first.
    order = np.lexsort([-web.radius, ends[1], ends[0]])
    first = np.ones(web.m, bool)
    first[1:] = (ends[:, order[1:]] != ends[:, order[:-1]]).any(axis=0)
    chosen = np.sort(order[first])
    chosen = chosen[ends[0, chosen] != ends[1, chosen]]
    ends, radius = np.ascontiguousarray(ends[:, chosen].T), web.radius[chosen]
    pos, n = web.pos[kept], len(kept)
    along = pos[ends[:, 1]] - pos[ends[:, 0]]
    lengths = np.linalg.norm(along, axis=1)
    axes = along / lengths[:, None]
    across = np.cross(np.eye(3)[np.argmin(np.abs(axes), axis=1)], axes)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    node_radius = np.zeros((web.n, 1))
    for side in web.edge_index:
        np.maximum.at(node_radius[:, 0], side, web.radius)
    node_radius *= widening(sides)
    box = np.array([(web.pos - node_radius).min(axis=0), (web.pos + node_radius).max(axis=0)])
    return Struts(pos, ends, radius, widening(sides) * radius, lengths, axes, across, *_incidence(ends, n), box)


def _incidence(ends: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """``offsets`` and ``halves`` of struts between n nodes."""
    halves = np.argsort(ends.ravel(), kind="stable")
    return np.concatenate([[0], np.cumsum(np.bincount(ends.ravel(), minlength=n))]), halves


def _merged(web: WebGraph, shortest: float) -> IntArray:
    """``(n,)`` the first of the nodes that each node is one with."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    i, j = web.edge_index[:, web.lengths <= shortest]
    order = np.lexsort(web.pos.T)
    same = np.flatnonzero((web.pos[order[1:]] == web.pos[order[:-1]]).all(axis=1))
    i, j = np.concatenate([i, order[same]]), np.concatenate([j, order[same + 1]])
    if not len(i):
        return np.arange(web.n)
    label = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(web.n, web.n)), directed=False)[1]
    _, first = np.unique(label, return_index=True)
    return np.asarray(first[label], np.int64)
