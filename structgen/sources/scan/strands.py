"""Graphs of straight struts from skeletons: tracing, straightening, pruning of spurs, contraction of junctions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Strands:
    """A graph under construction: like a WebGraph, but it may be empty.

    Arguments:
        pos: ``(n, 3)`` node positions, mm.
        edges: ``(m, 2)`` node numbers, i < j, each edge once.
    """

    pos: FloatArray
    edges: IntArray

    @classmethod
    def of(cls, pos: FloatArray, edges: IntArray | Sequence[tuple[int, int]]) -> Strands:
        """The graph without self-loops, repeated edges and nodes that no edge has."""
        pairs = np.sort(np.asarray(edges, np.int64).reshape(-1, 2), axis=1)
        pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
        used, inverse = np.unique(pairs, return_inverse=True)
        return cls(pos[used], inverse.reshape(-1, 2).astype(np.int64))

    @property
    def degree(self) -> IntArray:
        """``(n,)`` edges at each node."""
        return np.bincount(self.edges.ravel(), minlength=len(self.pos))

    @property
    def lengths(self) -> FloatArray:
        """``(m,)`` edge lengths, mm."""
        lengths: FloatArray = np.linalg.norm(self.pos[self.edges[:, 0]] - self.pos[self.edges[:, 1]], axis=1)
        return lengths

    def components(self) -> IntArray:
        """``(n,)`` number of the connected part of each node."""
        n = len(self.pos)
        adjacency = coo_array((np.ones(len(self.edges)), self.edges.T), shape=(n, n))
        label: IntArray = connected_components(adjacency, directed=False)[1].astype(np.int64)
        return label

    def kept(self, keep: BoolArray) -> Strands:
        """The graph with the edges where ``keep`` (m,) holds."""
        return Strands.of(self.pos, self.edges[keep])


def traced(cells: IntArray, pos: FloatArray) -> Strands:
    """The graph of voxels ``cells`` (n, 3) that touch, without the long sides of triangles; nodes at ``pos``."""
    if len(cells) < 2:
        return Strands.of(pos, [])
    pairs = cKDTree(cells).query_pairs(1.8, output_type="ndarray").astype(np.int64)
    steps = np.abs(cells[pairs[:, 0]] - cells[pairs[:, 1]]).sum(axis=1)
    near: list[dict[int, int]] = [{} for _ in cells]
    for (i, j), step in zip(pairs.tolist(), steps.tolist(), strict=True):
        near[i][j] = near[j][i] = step
    # Two voxels that touch at an edge or a corner and share a neighbour nearer to both are joined through it.
    kept = [
        (i, j)
        for (i, j), step in zip(pairs.tolist(), steps.tolist(), strict=True)
        if step == 1 or not any(near[i][k] < step and near[j][k] < step for k in near[i].keys() & near[j].keys())
    ]
    return Strands.of(pos, kept)


def chains(graph: Strands) -> list[list[int]]:
    """Paths of nodes between junctions and ends, through nodes of degree 2; a ring begins and ends at one node."""
    near: list[list[tuple[int, int]]] = [[] for _ in range(len(graph.pos))]
    for e, (i, j) in enumerate(graph.edges.tolist()):
        near[i].append((j, e))
        near[j].append((i, e))
    used = [False] * len(graph.edges)
    paths = []
    for start in sorted(range(len(near)), key=lambda node: len(near[node]) == 2):
        for link in near[start]:
            node, e = link
            if used[e]:
                continue
            used[e] = True
            path = [start, node]
            while len(near[node]) == 2 and node != start:
                node, e = near[node][near[node][0][1] == e]
                used[e] = True
                path.append(node)
            paths.append(path)
    return paths


def straightened(graph: Strands, tolerance: float) -> Strands:
    """The graph with each chain as straight struts, split where it bends by more than ``tolerance`` mm."""
    edges: list[tuple[int, int]] = []
    for path in chains(graph):
        corners = bends(graph.pos[path], tolerance)
        if path[0] == path[-1] and len(corners) < 4:
            third = len(path) // 3
            corners = [0, third, 2 * third, len(path) - 1] if third else [0]
        edges += [(path[a], path[b]) for a, b in pairwise(corners)]
    return Strands.of(graph.pos, edges)


def bends(points: FloatArray, tolerance: float) -> list[int]:
    """Numbers of the points that a poly-line keeps that stays within ``tolerance`` of all (Douglas, Peucker 1973)."""
    kept = {0, len(points) - 1}
    todo = [(0, len(points) - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        away = distance_to_segment(points[a + 1 : b], points[a], points[b])
        worst = int(away.argmax())
        if away[worst] > tolerance:
            middle = a + 1 + worst
            kept.add(middle)
            todo += [(a, middle), (middle, b)]
    return sorted(kept)


def distance_to_segment(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Distance of ``points`` (..., 3) to the segments from ``start`` to ``end``, both (3,) or (..., 3)."""
    along = end - start
    share = np.einsum("...i,...i->...", points - start, along)
    share = np.clip(share / np.maximum(np.einsum("...i,...i->...", along, along), 1e-300), 0, 1)
    distance: FloatArray = np.linalg.norm(points - start - share[..., None] * along, axis=-1)
    return distance


def pruned(graph: Strands, length: float) -> Strands:
    """The graph without spurs: chains from an end to a junction that are shorter than ``length`` mm."""
    while True:
        degree, drop = graph.degree, set()
        for path in chains(graph):
            ends = sorted((int(degree[path[0]]), int(degree[path[-1]])))
            if ends[0] == 1 and ends[1] > 2 and _length(graph, path) < length:
                drop |= {frozenset(pair) for pair in pairwise(path)}
        if not drop:
            return graph
        graph = graph.kept(np.array([frozenset(edge) not in drop for edge in graph.edges.tolist()], bool))


def without_crumbs(graph: Strands, length: float) -> Strands:
    """The graph without connected parts whose edges add up to less than ``length`` mm."""
    if not len(graph.edges):
        return graph
    label = graph.components()[graph.edges[:, 0]]
    return graph.kept(np.bincount(label, graph.lengths)[label] >= length)


def contracted(graph: Strands, reach: float) -> Strands:
    """The graph with junctions joined by an edge shorter than ``reach`` mm made one, shortest edge first.

    A cluster never grows wider than ``reach``, so that chains of near junctions keep their shape. A junction goes to
    the mean of its cluster, weighted by degree; ends of threads and bends are drawn into a junction, not it to them.
    """
    degree = graph.degree
    parent = list(range(len(graph.pos)))
    members = {i: [i] for i in parent}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    lengths = graph.lengths
    for e in np.argsort(lengths, kind="stable").tolist():
        if lengths[e] >= reach:
            break
        i, j = (root(int(k)) for k in graph.edges[e])
        if i == j or max(degree[members[i]].max(), degree[members[j]].max()) < 3:
            continue
        both = members[i] + members[j]
        if np.ptp(graph.pos[both], axis=0).max() < reach:
            parent[j] = i
            members[i] = both
            del members[j]
    pos = graph.pos.copy()
    for i, group in members.items():
        weight = np.maximum(degree[group] - 2, 0).astype(float)
        pos[i] = np.average(graph.pos[group], axis=0, weights=weight) if weight.any() else graph.pos[i]
    roots = np.array([root(i) for i in range(len(parent))], np.int64)
    return Strands.of(pos, roots[graph.edges])


def folded(graph: Strands, tolerance: float) -> Strands:
    """The graph without stems: junctions moved along a strut to its other end where nothing moves by ``tolerance`` mm.

    Thinning joins two threads before they meet at an acute angle, and parts the crossing of two into two forks. Such
    a fork is drawn into its neighbour if all its other threads, led there straight, pass the fork within ``tolerance``.
    """
    near: dict[int, set[int]] = {i: set() for i in range(len(graph.pos))}
    for i, j in graph.edges.tolist():
        near[i].add(j)
        near[j].add(i)
    todo = [tuple(edge) for edge in graph.edges[np.argsort(graph.lengths, kind="stable")].tolist()]
    while todo:
        again: set[tuple[int, int]] = set()
        for edge in todo:
            for fork, goal in (edge, edge[::-1]):
                others = near[fork] - {goal}
                if goal not in near[fork] or len(others) < 2:
                    continue
                at = graph.pos[fork]
                miss = distance_to_segment(at, graph.pos[sorted(others)], graph.pos[goal])
                if miss.max() < tolerance:
                    for other in near.pop(fork):
                        near[other].discard(fork)
                    near[fork] = set()
                    for other in others:
                        near[goal].add(other)
                        near[other].add(goal)
                    again |= {(min(node, other), max(node, other)) for node in (goal, *others) for other in near[node]}
                    break
        todo = sorted(again, key=lambda edge: float(np.linalg.norm(graph.pos[edge[0]] - graph.pos[edge[1]])))
    return Strands.of(graph.pos, [(i, j) for i in near for j in near[i] if i < j])


def refined(graph: Strands, points: FloatArray, reach: float, most: float) -> Strands:
    """The graph with junctions and bends moved to where lines fitted to the points of their struts meet.

    A strut's points are those within ``reach`` mm of it, not at its very ends; a node moves by at most ``most`` mm.
    """
    if not len(graph.edges):
        return graph
    start, end = graph.pos[graph.edges[:, 0]], graph.pos[graph.edges[:, 1]]
    home, away = nearest_edge(graph, points, reach)
    lengths = graph.lengths
    n = len(graph.pos)
    # Pull towards the old place: decides where the lines leave a direction open.
    normal = np.tile(0.05 * np.eye(3), (n, 1, 1))
    moment = 0.05 * graph.pos
    order = np.argsort(home, kind="stable")
    bounds = np.searchsorted(home[order], np.arange(len(graph.edges) + 1))
    for e, (i, j) in enumerate(graph.edges.tolist()):
        rows = order[bounds[e] : bounds[e + 1]]
        rows = rows[away[rows] <= reach]
        axis = (end[e] - start[e]) / max(lengths[e], 1e-300)
        along = (points[rows] - start[e]) @ axis
        inner = min(1.5 * reach, 0.25 * lengths[e])
        rows = rows[(along > inner) & (along < lengths[e] - inner)]
        if len(rows) < 6 or lengths[e] < 3 * reach:
            middle, weight = (start[e] + end[e]) / 2, 0.1
        else:
            middle, weight = points[rows].mean(axis=0), 1.0
            axis = np.linalg.svd(points[rows] - middle, full_matrices=False)[2][0]
        across = weight * (np.eye(3) - np.outer(axis, axis))
        for node in (i, j):
            normal[node] += across
            moment[node] += across @ middle
    step = np.linalg.solve(normal, moment[..., None])[..., 0] - graph.pos
    size = np.linalg.norm(step, axis=1, keepdims=True)
    return Strands(graph.pos + step * np.minimum(1, most / np.maximum(size, 1e-300)), graph.edges)


def nearest_edge(graph: Strands, points: FloatArray, reach: float) -> tuple[IntArray, FloatArray]:
    """``(p,)`` number of the edge nearest to each point, -1 further than ``reach`` mm, and its distance (inf there).

    Edges are looked up by samples on them; exact distances are then taken to the edges of the nearest few samples.
    """
    best = np.full(len(points), -1, np.int64)
    away = np.full(len(points), np.inf)
    if not len(graph.edges) or not len(points):
        return best, away
    start, end = graph.pos[graph.edges[:, 0]], graph.pos[graph.edges[:, 1]]
    place, owner = samples(start, end, 0.5 * reach)
    few = min(8, len(place))
    _, found = cKDTree(place).query(points, k=np.arange(1, few + 1), distance_upper_bound=1.1 * reach)
    for column in found.T:
        rows = np.flatnonzero(column < len(place))
        edge = owner[column[rows]]
        distance = distance_to_segment(points[rows], start[edge], end[edge])
        closer = (distance < away[rows]) & (distance <= reach)
        best[rows[closer]], away[rows[closer]] = edge[closer], distance[closer]
    return best, away


def samples(start: FloatArray, end: FloatArray, spacing: float) -> tuple[FloatArray, IntArray]:
    """Evenly spaced places on segments, at the middle of steps of at most ``spacing``, and the segment of each."""
    count = np.maximum(np.ceil(np.linalg.norm(end - start, axis=1) / spacing), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    share = (step + 0.5) / count[owner]
    return start[owner] + share[:, None] * (end - start)[owner], owner


def _length(graph: Strands, path: list[int]) -> float:
    return float(np.linalg.norm(np.diff(graph.pos[path], axis=0), axis=1).sum())
