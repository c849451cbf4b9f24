"""Shortest paths of threads between grips: until one is straight a web carries next to nothing."""

from __future__ import annotations

import math

import numpy as np

from simulate.mechanics.grips import Grips
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph


def taut_strains(web: WebGraph, grips: Grips) -> tuple[FloatArray, FloatArray]:
    """``(n,)`` and ``(m,)`` strain of the web at which the first path through each node and thread is taut.

    Infinite where there is none: a path between nodes that move alike, or none but there and back.
    """
    node, edge = _taut(web.n, *_held(web, grips), np.ascontiguousarray(web.edge_index), web.lengths)
    return node, edge


def _held(web: WebGraph, grips: Grips) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Held nodes, their places along the axis, how fast they move, and ``(h, h)`` their distances across the axis."""
    held = np.flatnonzero(grips.held)
    place = web.pos[held] @ grips.axis
    flat = web.pos[held] - np.outer(place, grips.axis)
    across = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    return held, place, grips.velocity[held] @ grips.axis, across


@compiled
def _strain_of(length: float, along: float, across: float, speed: float) -> float:
    """Strain at which ends that part with ``speed > 0`` are ``length`` apart."""
    # A path is never shorter than the distance of its ends, but for rounding.
    return max(0.0, (math.sqrt(max(0.0, length * length - across * across)) - along) / speed)


@compiled
def _shortest(
    n: int, start: int, first: IntArray, other: IntArray, number: IntArray, lengths: FloatArray, distance: FloatArray
) -> None:
    """Dijkstra's distances from ``start``."""
    done = np.zeros(n, np.bool_)
    distance[:] = np.inf
    distance[start] = 0.0
    for _ in range(n):
        node, least = -1, np.inf
        for v in range(n):
            if not done[v] and distance[v] < least:
                node, least = v, distance[v]
        if node < 0:
            return
        done[node] = True
        for k in range(first[node], first[node + 1]):
            distance[other[k]] = min(distance[other[k]], least + lengths[number[k]])


@compiled
def _neighbours(n: int, ends: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Rows of neighbours: where each begins, the nodes, and by which thread."""
    m = ends.shape[1]
    first = np.zeros(n + 1, np.int64)
    for e in range(m):
        first[ends[0, e] + 1] += 1
        first[ends[1, e] + 1] += 1
    first = np.cumsum(first)
    fill = first[:-1].copy()
    other, number = np.empty(2 * m, np.int64), np.empty(2 * m, np.int64)
    for e in range(m):
        for a, b in ((ends[0, e], ends[1, e]), (ends[1, e], ends[0, e])):
            other[fill[a]], number[fill[a]] = b, e
            fill[a] += 1
    return first, other, number


@compiled
def _taut(
    n: int, held: IntArray, place: FloatArray, speed: FloatArray, across: FloatArray, ends: IntArray,
    lengths: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    m, h = ends.shape[1], len(held)
    first, other, number = _neighbours(n, ends)
    distance = np.empty((h, n))
    for a in range(h):
        _shortest(n, held[a], first, other, number, lengths, distance[a])
    node, edge = np.full(n, np.inf), np.full(m, np.inf)
    for a in range(h):
        for b in range(h):
            along, parting = place[b] - place[a], speed[b] - speed[a]
            if parting <= 0.0:
                continue
            for v in range(n):
                node[v] = min(node[v], _strain_of(distance[a, v] + distance[b, v], along, across[a, b], parting))
            for e in range(m):
                i, j = ends[0, e], ends[1, e]
                way = min(distance[a, i] + distance[b, j], distance[a, j] + distance[b, i]) + lengths[e]
                edge[e] = min(edge[e], _strain_of(way, along, across[a, b], parting))
    return node, edge
