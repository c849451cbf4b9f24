"""Lost stretches of thread: ends joined over gaps, T-joints, threads that cross, and bridges between parts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from structgen.geometry import nearest_shares
from structgen.sources.scan.strands import BoolArray, FloatArray, IntArray, Strands, samples

#: Largest angle, degrees, between a thread's direction at its end and the link over a gap.
TURN = 30.0
#: The same where the thread reaches a junction and has no continuation there: more often it really ends so.
TURN_AT_JUNCTION = 20.0
#: Two threads at a junction continue one another if they bend by less than this, degrees.
CONTINUES = 40.0


@dataclass(frozen=True)
class Ends:
    """Where a thread may have been lost.

    Arguments:
        node: ``(k,)`` node at the end.
        inner: ``(k,)`` node at the other end of the last strut.
        out: ``(k, 3)`` unit direction in which the thread would go on.
        free: ``(k,)`` whether it is the end of a thread; else it meets a junction or bend that it does not continue.
    """

    node: IntArray
    inner: IntArray
    out: FloatArray
    free: BoolArray


def loose_ends(graph: Strands, least: float) -> Ends:
    """Ends of threads, and struts of at least ``least`` mm without a continuation at their junction or bend."""
    both = np.concatenate([graph.edges, graph.edges[:, ::-1]])
    order = np.argsort(both[:, 1], kind="stable")
    inner, node = both[order].T
    out = graph.pos[node] - graph.pos[inner]
    length = np.linalg.norm(out, axis=1)
    out = out / np.maximum(length, 1e-300)[:, None]
    bounds = np.searchsorted(node, np.arange(len(graph.pos) + 1))
    loose = np.zeros(len(node), bool)
    for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if b - a == 1:
            loose[a] = True
        else:
            # Going on straight means leaving along the direction of arrival: opposite to the other's arrival.
            cosine = -out[a:b] @ out[a:b].T
            np.fill_diagonal(cosine, -1)
            loose[a:b] = (cosine.max(axis=1) < np.cos(np.radians(CONTINUES))) & (length[a:b] >= least)
    free = graph.degree[node] == 1
    return Ends(node[loose], inner[loose], out[loose], free[loose])


def gaps_closed(graph: Strands, gap: float, voxel: float) -> Strands:
    """The graph with loose ends that face each other within ``gap`` mm joined, the nearest and straightest first."""
    ends = loose_ends(graph, 4 * voxel)
    if len(ends.node) < 2:
        return graph
    pairs = cKDTree(graph.pos[ends.node]).query_pairs(gap, output_type="ndarray").astype(np.int64)
    i, j = pairs.T
    across = graph.pos[ends.node[j]] - graph.pos[ends.node[i]]
    distance = np.linalg.norm(across, axis=1)
    turns = []
    for k, sign in ((i, 1.0), (j, -1.0)):
        cosine = sign * np.einsum("ij,ij->i", across, ends.out[k]) / np.maximum(distance, 1e-300)
        turns.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    # Where ends nearly touch, noise of a voxel decides the direction between them.
    slack = np.degrees(np.arctan2(voxel, distance))
    turn = np.maximum(*turns)
    free = ends.free[i] & ends.free[j]
    allowed = np.where(free, TURN, TURN_AT_JUNCTION) + slack
    fine = (turn <= allowed) & (ends.node[i] != ends.node[j]) & (ends.node[i] != ends.inner[j])
    fine &= ends.inner[i] != ends.node[j]
    cost = distance * (1 + (turn / TURN) ** 2) * np.where(free, 1.0, 1.5)
    taken = np.zeros(len(ends.node), bool)
    links = []
    for row in np.flatnonzero(fine)[np.argsort(cost[fine], kind="stable")].tolist():
        a, b = int(i[row]), int(j[row])
        if not (taken[a] or taken[b]):
            taken[[a, b]] = True
            links.append((int(ends.node[a]), int(ends.node[b])))
    return Strands.of(graph.pos, np.concatenate([graph.edges, np.array(links, np.int64).reshape(-1, 2)]))


def t_joints(graph: Strands, gap: float, voxel: float) -> Strands:
    """The graph with ends of threads carried on, by up to ``gap`` mm, to the first thread that they run into.

    The end may miss the thread by a voxel and a half, or by a tenth of the way.
    """
    ends = loose_ends(graph, 0.0)
    reach = gap + 2 * voxel
    start, end = graph.pos[graph.edges[:, 0]], graph.pos[graph.edges[:, 1]]
    spacing = max(2 * voxel, 0.1 * gap)
    place, owner = samples(start, end, spacing)
    tree = cKDTree(place)
    hits: dict[int, list[tuple[float, int]]] = {}
    pos, links = list(graph.pos), []
    for node, inner, out in zip(ends.node[ends.free].tolist(), ends.inner[ends.free].tolist(), ends.out[ends.free],
                                strict=True):  # fmt: skip
        at = graph.pos[node]
        near = np.unique(owner[tree.query_ball_point(at + 0.5 * reach * out, 0.5 * reach + spacing)])
        near = near[(graph.edges[near] != node).all(axis=1) & (graph.edges[near] != inner).all(axis=1)]
        if not len(near):
            continue
        way, share, miss = _closest(at, at + reach * out, start[near], end[near])
        hit = (miss <= np.maximum(1.5 * voxel, 0.1 * way * reach)) & (way * reach <= gap + miss)
        if hit.any():
            best = np.flatnonzero(hit)[np.argmin(way[hit])]
            edge = int(near[best])
            pos.append(start[edge] + share[best] * (end[edge] - start[edge]))
            links.append((node, len(pos) - 1))
            hits.setdefault(edge, []).append((float(share[best]), len(pos) - 1))
    return Strands.of(np.array(pos), np.array([*_split(graph.edges, hits), *links], np.int64))


def crossings_joined(graph: Strands, reach: float) -> Strands:
    """The graph with threads that pass within ``reach`` mm of one another split there and joined by one junction."""
    if not len(graph.edges):
        return graph
    start, end = graph.pos[graph.edges[:, 0]], graph.pos[graph.edges[:, 1]]
    spacing = 2 * reach
    place, owner = samples(start, end, spacing)
    pairs = owner[cKDTree(place).query_pairs(reach + 1.01 * spacing, output_type="ndarray")]
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0).astype(np.int64)
    a, b = graph.edges[pairs[:, 0]], graph.edges[pairs[:, 1]]
    apart = (a[:, :, None] != b[:, None, :]).all(axis=(1, 2))
    pairs = pairs[apart]
    s, t, miss = _closest(start[pairs[:, 0]], end[pairs[:, 0]], start[pairs[:, 1]], end[pairs[:, 1]])
    inside = (s > 0) & (s < 1) & (t > 0) & (t < 1) & (miss <= reach)
    hits: dict[int, list[tuple[float, int]]] = {}
    pos = list(graph.pos)
    for (e, f), u, v in zip(pairs[inside].tolist(), s[inside].tolist(), t[inside].tolist(), strict=True):
        pos.append((start[e] + u * (end[e] - start[e]) + start[f] + v * (end[f] - start[f])) / 2)
        hits.setdefault(e, []).append((u, len(pos) - 1))
        hits.setdefault(f, []).append((v, len(pos) - 1))
    return Strands.of(np.array(pos), np.array(_split(graph.edges, hits), np.int64))


def bridged(graph: Strands, spacing: float) -> tuple[Strands, FloatArray]:
    """The graph made one by the shortest straight bridges between its parts, and the bridges' ends ``(b, 2, 3)``.

    Bridges begin at nodes and at places ``spacing`` mm apart on struts (Prim's minimum spanning tree over parts).
    """
    start, end = graph.pos[graph.edges[:, 0]], graph.pos[graph.edges[:, 1]]
    label, lengths = graph.components(), graph.lengths
    inner, owner = samples(start, end, spacing)
    place = np.concatenate([graph.pos, inner])
    part = np.concatenate([label, label[graph.edges[owner, 0]]])
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(label.max() + 2))
    best, source = np.full(len(place), np.inf), np.zeros(len(place), np.int64)
    outside = np.ones(len(place), bool)
    new, bridges = int(np.bincount(label).argmax()), []
    for _ in range(int(label.max())):
        members = order[bounds[new] : bounds[new + 1]]
        outside[members] = False
        rest = np.flatnonzero(outside)
        distance, which = cKDTree(place[members]).query(place[rest], distance_upper_bound=best[rest].max())
        closer = distance < best[rest]
        best[rest[closer]], source[rest[closer]] = distance[closer], members[which[closer]]
        nearest = int(rest[best[rest].argmin()])
        bridges.append((int(source[nearest]), nearest))
        new = int(part[nearest])
    joints = {place_number: place_number for place_number in range(len(graph.pos))}
    pos = list(graph.pos)
    hits: dict[int, list[tuple[float, int]]] = {}
    for k in sorted({k for bridge in bridges for k in bridge if k >= len(graph.pos)}):
        edge = int(owner[k - len(graph.pos)])
        pos.append(place[k])
        joints[k] = len(pos) - 1
        share = float(np.linalg.norm(place[k] - start[edge]) / lengths[edge])
        hits.setdefault(edge, []).append((share, len(pos) - 1))
    links = np.array([(joints[a], joints[b]) for a, b in bridges], np.int64).reshape(-1, 2)
    places = np.array(pos)
    return Strands.of(places, np.concatenate([_split(graph.edges, hits), links])), places[links]


def _closest(
    p0: FloatArray, p1: FloatArray, q0: FloatArray, q1: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `nearest_shares`, with the distance there."""
    s, t = nearest_shares(p0, p1, q0, q1)
    apart = p0 + s[..., None] * (p1 - p0) - q0 - t[..., None] * (q1 - q0)
    return s, t, np.linalg.norm(apart, axis=-1)


def _split(edges: IntArray, hits: dict[int, list[tuple[float, int]]]) -> IntArray:
    """``edges`` with those in ``hits`` led through new nodes, given with their share of the way."""
    whole = np.ones(len(edges), bool)
    whole[list(hits)] = False
    pieces = []
    for e, found in hits.items():
        stops = [int(edges[e, 0]), *(node for _, node in sorted(found)), int(edges[e, 1])]
        pieces += list(pairwise(stops))
    return np.concatenate([edges[whole], np.array(pieces, np.int64).reshape(-1, 2)])
