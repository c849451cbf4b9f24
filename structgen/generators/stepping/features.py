"""What the network is told of the last node and its pairs, and of those of the node to come: see `growing.Growing`."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.stepping.state import Drawn, Floats, Integers


@compiled
def tell_last(web: Drawn, place: int, unit: Floats, known: Floats, blur: float, node: Floats, pair: Floats) -> None:
    """Features of the last node, ``node (B, NODE_FEATURES)``, and of its pairs with those up to it, ``pair (B, place +
    1, PAIR_FEATURES + CATEGORIES)``, which end with the pair's category, one-hot.

    unit ``(B,)`` mm; known ``(B,)``: 1 where length and degree asked for are told, else 0.
    """
    for b in range(len(unit)):
        scale = unit[b]
        half = web.half[b]
        box = math.sqrt(half[0] ** 2 + half[1] ** 2 + half[2] ** 2)
        start = web.parent[b, place]
        for axis in range(3):
            here = web.pos[b, place, axis]
            node[b, axis] = here / scale
            node[b, 3 + axis] = (half[axis] + here) / scale
            node[b, 6 + axis] = (half[axis] - here) / scale
            node[b, 9 + axis] = here / box
            node[b, 12 + axis] = (here - web.pos[b, start, axis]) / scale
            low, high = half[axis] + web.seen[b, 0, axis], half[axis] - web.seen[b, 1, axis]
            node[b, 22 + axis], node[b, 25 + axis] = low / scale, high / scale
            node[b, 28 + axis], node[b, 31 + axis] = low / box, high / box
        edges_left = max(web.wanted[b] - web.edges[b], -8.0)
        nodes_left = max(web.nodes[b] - place, 0.0)
        thread_left = (web.length[b] * web.wanted[b] - web.thread[b]) / max(edges_left, 1.0)
        node[b, 16] = math.log(nodes_left + 1) - 2
        node[b, 17] = place / web.nodes[b]
        node[b, 18] = known[b] * min(max(edges_left / (nodes_left + 0.5), -1.0), 5.0)
        node[b, 19] = known[b] * math.log(max(edges_left, 0.0) + 1)
        node[b, 20] = known[b] * min(max(thread_left / scale - 1, -2.0), 4.0)
        node[b, 21] = blur
        edges = 0
        for category in range(34, node.shape[1]):
            node[b, category] = 0.0
        for t in range(place):
            category = web.kind[b, place, t]
            if category > 0:
                node[b, 34 + category] += 1.0
                edges += 1
        node[b, 15] = edges
        for t in range(place + 1):
            _tell(web, b, t, place, web.pos[b, place, 0], web.pos[b, place, 1], web.pos[b, place, 2], scale, pair)
            pair[b, t, 13] = web.radius[b, place, t]
            for category in range(14, pair.shape[2]):
                pair[b, t, category] = 0.0
            pair[b, t, 14 + web.kind[b, place, t]] = 1.0


@compiled
def tell_next(web: Drawn, place: int, unit: Floats, point: Floats, parent: Integers, pair: Floats) -> None:
    """Features ``(B, place + 1, CANDIDATE_FEATURES)`` of the pairs of the next node, at ``point (B, 3)`` and grown from
    ``parent (B,)``, with those up to the last.
    """
    first = 1 if place else 0
    for b in range(len(unit)):
        x, y, z = point[b, 0], point[b, 1], point[b, 2]
        grown_from = parent[b]
        back = (web.pos[b, grown_from, 0] - x, web.pos[b, grown_from, 1] - y, web.pos[b, grown_from, 2] - z)
        far = math.sqrt(back[0] ** 2 + back[1] ** 2 + back[2] ** 2 + 1e-12)
        nearest = np.inf
        for t in range(place + 1):
            _tell(web, b, t, place, x, y, z, unit[b], pair)
            if t >= first:
                nearest = min(nearest, pair[b, t, 3])
            pair[b, t, 14] = pair[b, t, 15] = 0.0
        # Where the edge would close a triangle, or a mesh of four.
        for t in range(first, place + 1):
            if web.kind[b, grown_from, t] > 0:
                pair[b, t, 14] = 1.0
                for u in range(first, place + 1):
                    if web.kind[b, t, u] > 0:
                        pair[b, u, 15] = 1.0
        for t in range(place + 1):
            pair[b, t, 13] = math.log(min(max((pair[b, t, 3] + 0.02) / (nearest + 0.02), 0.1), 50.0))
            x, y, z = pair[b, t, 0], pair[b, t, 1], pair[b, t, 2]
            length = math.sqrt(x**2 + y**2 + z**2 + 1e-12)
            pair[b, t, 16] = (x * back[0] + y * back[1] + z * back[2]) / (length * far)


@compiled
def _tell(web: Drawn, b: int, t: int, place: int, x: float, y: float, z: float, unit: float, pair: Floats) -> None:
    """What both have: place ``t`` as it is seen from x, y, z, in the first 13 columns of ``pair[b, t]``."""
    u, v, w = (web.pos[b, t, 0] - x) / unit, (web.pos[b, t, 1] - y) / unit, (web.pos[b, t, 2] - z) / unit
    distance = math.sqrt(u * u + v * v + w * w + 1e-8)
    degree = web.degree[b, t]
    pair[b, t, 0], pair[b, t, 1], pair[b, t, 2] = u / 2, v / 2, w / 2
    pair[b, t, 3] = distance / 2
    pair[b, t, 4] = math.log(distance + 0.1)
    pair[b, t, 5] = degree / 4
    pair[b, t, 6] = 1.0 if degree == 1 else 0.0
    pair[b, t, 7] = math.log(place - t + 1.0) / 4
    pull = web.pull[b, t]
    pair[b, t, 8], pair[b, t, 9], pair[b, t, 10] = pull[0], pull[1], pull[2]
    pair[b, t, 11] = -(pull[0] * u + pull[1] * v + pull[2] * w) / distance
    u, v, w = u / distance, v / distance, w / distance
    moment = web.moment[b, t]
    square = moment[0] * u * u + moment[1] * v * v + moment[2] * w * w
    pair[b, t, 12] = square + 2 * (moment[3] * u * v + moment[4] * u * w + moment[5] * v * w)
