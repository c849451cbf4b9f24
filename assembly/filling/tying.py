"""Loose parts of a web tied to the rest by struts inside a shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from assembly.draft import BRIDGE_KIND
from assembly.join import MAX_DEGREE
from assembly.shape import Shape
from structgen.geometry import segment_distance
from structgen.web import FloatArray, IntArray, WebGraph

#: Shreds of cut modules with fewer nodes are left out.
LEAST_NODES = 4
#: A part larger than this share of the nodes must be tied; smaller ones are left out where they cannot be.
LARGEST_LOST = 0.02
#: Nearest nodes looked at in each round, and ties no longer than so many median lengths in it.
ROUNDS = ((8, 3.0), (64, 3.0), (512, 8.0))
#: A tie within this angle of a strut at its own end would run along it.
LARGEST_COSINE = np.cos(np.radians(12))


@dataclass(frozen=True)
class Tied:
    """A web in one component: ``kept (n,)`` are the numbers its nodes had, ``ties`` struts are new."""

    web: WebGraph
    kept: IntArray
    ties: int


def tied(web: WebGraph, shape: Shape) -> Tied:
    """``web`` made one component by new struts inside ``shape``, clear of others, shortest first.

    Raises `ValueError` for a part that no such strut of at most 8 median lengths ties, unless it is small: shreds of
    fewer than 4 nodes, and parts with up to 2 % of the nodes that cannot be tied, are left out.
    """
    size = np.bincount(web.components())
    kept = np.flatnonzero(((size >= LEAST_NODES) | (size == size.max()))[web.components()])
    struts = _Struts(web.subweb(kept))
    for nearest, share in ROUNDS:
        struts.tie(shape, nearest, share * float(np.median(web.lengths)))
    label = struts.web().components()
    size = np.bincount(label)
    largest, loose = int(size.argmax()), size.copy()
    loose[largest] = 0
    if loose.max() > max(LARGEST_LOST * len(kept), LEAST_NODES):
        x, y, z = web.pos[kept[label == loose.argmax()]].mean(axis=0)
        raise ValueError(
            f"a part of {loose.max()} of {len(kept)} nodes about ({x:.4g}, {y:.4g}, {z:.4g}) mm hangs loose, and no "
            "strut inside the shape ties it to the rest: take smaller modules, or more overlap"
        )
    main = label == largest
    return Tied(struts.web().subweb(main), kept[main], struts.web().m - web.subweb(kept).m)


class _Struts:
    """A web that gains struts."""

    def __init__(self, web: WebGraph) -> None:
        self._web = web
        self._degree = web.degree
        self._group = web.components()
        i, j = web.edge_index
        self._middles = cKDTree((web.pos[i] + web.pos[j]) / 2)
        self._longest, self._thickest = float(web.lengths.max()), float(web.radius.max())
        order = np.argsort(web.edge_index.ravel(), kind="stable")
        self._at = np.split(order % web.m, np.cumsum(self._degree)[:-1])
        self._new: list[tuple[int, int]] = []
        self._new_radius: list[float] = []

    def web(self) -> WebGraph:
        """The web with its new struts, which come last."""
        web = self._web
        if not self._new:
            return web
        return WebGraph(
            web.pos,
            np.concatenate([web.edge_index, np.array(self._new).T], axis=1),
            np.concatenate([web.radius, self._new_radius]),
            np.concatenate([web.kind, np.full(len(self._new), BRIDGE_KIND)]),
        )

    def tie(self, shape: Shape, nearest: int, reach: float) -> None:
        """Join groups by struts between ``nearest`` nodes, at most ``reach`` mm long."""
        for i, j in self._candidates(shape, nearest, reach).tolist():
            if self._group[i] != self._group[j] and self._is_clear(i, j):
                self._new.append((i, j))
                self._new_radius.append(self._radius(i, j))
                self._degree[[i, j]] += 1
                self._group[self._group == self._group[j]] = self._group[i]

    def _candidates(self, shape: Shape, nearest: int, reach: float) -> IntArray:
        """``(k, 2)`` pairs (i < j) of nodes of different groups, inside the shape all the way, shortest first."""
        pos = self._web.pos
        largest = np.bincount(self._group).argmax()
        loose = np.flatnonzero(self._group != largest)
        if not len(loose):
            return np.empty((0, 2), np.int64)
        k = min(nearest, len(pos))
        distance, there = cKDTree(pos).query(pos[loose], k=[*range(1, k + 1)], distance_upper_bound=reach)
        i, j, gap = np.repeat(loose, k), there.ravel(), distance.ravel()
        keep = np.isfinite(gap)
        i, j, gap = i[keep], j[keep], gap[keep]
        keep = (self._group[i] != self._group[j]) & (gap > 0)
        keep &= (self._degree[i] < MAX_DEGREE) & (self._degree[j] < MAX_DEGREE)
        pairs, gap = np.sort(np.column_stack([i, j])[keep], axis=1), gap[keep]
        pairs, first = np.unique(pairs, axis=0, return_index=True)
        gap = gap[first]
        keep = np.isinf(shape.first_hits(pos[pairs[:, 0]], pos[pairs[:, 1]]))
        order = np.argsort(gap[keep], kind="stable")
        return np.asarray(pairs[keep][order])

    def _radius(self, i: int, j: int) -> float:
        """The median at both ends, but no thicker than what each end has: it is covered for no more."""
        at_i, at_j = (self._web.radius[self._at[node]] for node in (i, j))
        return float(min(np.median(np.concatenate([at_i, at_j])), at_i.max(), at_j.max()))

    def _is_clear(self, i: int, j: int) -> bool:
        """Whether a strut from i to j touches no other, but at its ends, where it runs along none."""
        pos, radius = self._web.pos, self._radius(i, j)
        a, b = pos[i], pos[j]
        length = float(np.linalg.norm(b - a))
        reach = (length + self._longest) / 2 + radius + self._thickest
        near = self._middles.query_ball_point((a + b) / 2, reach)
        edges = np.concatenate([self._web.edge_index[:, near].T, np.array(self._new, np.int64).reshape(-1, 2)])
        thickness = np.concatenate([self._web.radius[near], self._new_radius])
        at_i, at_j = (edges == i).any(axis=1), (edges == j).any(axis=1)
        apart = ~at_i & ~at_j
        gap = segment_distance(a, b, pos[edges[apart, 0]], pos[edges[apart, 1]])
        if (gap < radius + thickness[apart]).any():
            return False
        return _turns_off(pos, edges[at_i], i, b - a) and _turns_off(pos, edges[at_j], j, a - b)


def _turns_off(pos: FloatArray, edges: IntArray, node: int, way: FloatArray) -> bool:
    """Whether ``way`` from ``node`` runs along none of its ``edges``."""
    along = pos[edges.sum(axis=1) - node] - pos[node]
    cosine = along @ way / np.maximum(np.linalg.norm(along, axis=1) * np.linalg.norm(way), np.finfo(float).tiny)
    return bool((cosine < LARGEST_COSINE).all())
