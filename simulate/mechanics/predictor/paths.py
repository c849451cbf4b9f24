"""Paths of threads between grips: which draws taut first, and a bundle of paths that share no thread.

Until a path is straight it carries nothing, so webs of loose threads are ruled by the lengths of their shortest paths.
A bundle of such paths, each a spring of its own, is a crude model of the test: it needs no equilibrium.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.mechanics.grips import BoolArray, Grips
from simulate.mechanics.kernels import compiled
from simulate.mechanics.law import Law
from simulate.mechanics.tension_result import MAJOR, SECANT
from structgen.web import FloatArray, IntArray, WebGraph

#: Most paths in a bundle, and strains of the web at which it is pulled.
MOST_PATHS, POINTS = 16, 121


@dataclass(frozen=True)
class Bundle:
    """Paths that share no thread, the first to be taut first.

    ``taut (p,)``: strain of the web at which each is straight; ``length``, ``area (p,)``: its length, mm, and the area
    of its thinnest thread, mm^2; ``along``, ``across``, ``speed (p,)``: how far its ends lie from each other along the
    axis and across it, mm, and how fast they part, mm a unit of strain.
    """

    taut: FloatArray
    length: FloatArray
    area: FloatArray
    along: FloatArray
    across: FloatArray
    speed: FloatArray

    def pulled(self, law: Law, to_strain: float, section: float, length: float) -> FloatArray:
        """``(3,)`` stiffness, strength and toughness of the bundle alone, as `TensionResult` has them; 0 for none."""
        strain = np.linspace(0, to_strain, POINTS)[:, None]
        along = self.along + strain * self.speed
        distance = np.hypot(along, self.across)
        stretch = distance / self.length - 1
        stress = np.interp(stretch, law.strain, law.stress, left=0.0, right=0.0)
        load = (stress * self.area * self.speed * along / np.maximum(distance, 1e-300)).sum(axis=1) / length / section
        greatest = np.maximum.accumulate(load)
        fallen = load < (1 - MAJOR) * greatest
        end = int(fallen.argmax()) if fallen.any() else POINTS
        top = int(load[:end].argmax()) if end else 0
        strength = float(load[top])
        if not strength > 0:
            return np.zeros(3)
        low, high = (float(strain[(load >= share * strength).argmax(), 0]) for share in SECANT)
        spacing = to_strain / (POINTS - 1)
        stiffness = (SECANT[1] - SECANT[0]) * strength / max(high - low, spacing / 2)
        return np.array([stiffness, strength, float(load.sum()) * spacing])


def taut_strains(web: WebGraph, grips: Grips) -> tuple[FloatArray, FloatArray]:
    """``(n,)`` and ``(m,)`` strain of the web at which the first path through each node and thread is taut.

    Infinite where there is none: a path between nodes that move alike, or none but there and back.
    """
    node, edge = _taut(web.n, *_held(web, grips), np.ascontiguousarray(web.edge_index), web.lengths)
    return node, edge


def bundle_of(web: WebGraph, grips: Grips) -> Bundle:
    """Paths taken greedily: the one that is taut first, then the first of what is left without its threads."""
    ends, area = np.ascontiguousarray(web.edge_index), np.pi * web.radius**2
    rows, count = _bundle(web.n, *_held(web, grips), ends, web.lengths, area, MOST_PATHS)
    return Bundle(*rows[:count].T)


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
    n: int, start: int, first: IntArray, other: IntArray, number: IntArray, lengths: FloatArray, alive: BoolArray,
    distance: FloatArray, came: IntArray,
) -> None:  # fmt: skip
    """Dijkstra's distances from ``start`` over threads ``alive``, and by which thread each node is come to."""
    done = np.zeros(n, np.bool_)
    distance[:] = np.inf
    came[:] = -1
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
            e = number[k]
            if alive[e] and least + lengths[e] < distance[other[k]]:
                distance[other[k]] = least + lengths[e]
                came[other[k]] = e


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
    distance, came = np.empty((h, n)), np.empty(n, np.int64)
    alive = np.ones(m, np.bool_)
    for a in range(h):
        _shortest(n, held[a], first, other, number, lengths, alive, distance[a], came)
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


@compiled
def _bundle(
    n: int, held: IntArray, place: FloatArray, speed: FloatArray, across: FloatArray, ends: IntArray,
    lengths: FloatArray, area: FloatArray, most: int,
) -> tuple[FloatArray, int]:  # fmt: skip
    m, h = ends.shape[1], len(held)
    first, other, number = _neighbours(n, ends)
    distance, came = np.empty((h, n)), np.empty((h, n), np.int64)
    alive = np.ones(m, np.bool_)
    rows = np.empty((most, 6))
    for p in range(most):
        best, start, end = np.inf, -1, -1
        for a in range(h):
            _shortest(n, held[a], first, other, number, lengths, alive, distance[a], came[a])
            for b in range(h):
                parting = speed[b] - speed[a]
                if parting > 0.0 and np.isfinite(distance[a, held[b]]):
                    strain = _strain_of(distance[a, held[b]], place[b] - place[a], across[a, b], parting)
                    if strain < best:
                        best, start, end = strain, a, b
        if start < 0:
            return rows, p
        thinnest, node = np.inf, held[end]
        while node != held[start]:
            e = came[start, node]
            alive[e] = False
            thinnest = min(thinnest, area[e])
            node = ends[0, e] + ends[1, e] - node
        rows[p] = (
            best, distance[start, held[end]], thinnest, place[end] - place[start], across[start, end],
            speed[end] - speed[start],
        )  # fmt: skip
    return rows, most
