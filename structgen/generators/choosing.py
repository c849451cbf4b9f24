"""Which candidate edges make the web: connected, exact in number, within the degree limit, through no other strut.

Greedy by score: a maximum spanning tree first (J. B. Kruskal, Proc. AMS 7 (1956)), then the best edges that remain. A
tilt of the scores by lambda times the length brings the mean edge length near the one asked for. Whether struts
cross is found out only for those candidates that come into question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from structgen.geometry import segment_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Struts and nodes are kept this much further apart than touching, so that rounding cannot close the gap.
CLEARANCE = 1.001
#: Trials of a tilt, and its largest magnitude per mean edge length.
TILT_STEPS, MAX_TILT = 12, 100.0
#: Relative miss of the mean length at which tilting ends; moving the nodes a little does the rest.
TILT_TOLERANCE = 0.01
#: First tilt tried, per relative miss of the mean length.
FIRST_TILT = 8.0
#: Candidates looked at first, per edge to choose.
POOL = 3
#: How often edges are given precedence where those taken before them cut nodes off.
RESCUES = 6


@dataclass(frozen=True)
class Candidates:
    """Candidate edges ``edges (c, 2)`` with ``score (c,)`` and ``radius (c,)`` (mm) among nodes ``pos (n, 3)`` (mm).

    The first ``known_edges`` are taken already; the first ``known_nodes`` count as connected.
    """

    pos: FloatArray
    edges: IntArray
    score: FloatArray
    radius: FloatArray
    known_nodes: int = 0
    known_edges: int = 0


@dataclass(frozen=True)
class Choice:
    """Numbers of the candidates taken, ascending, the known ones included; ``error``: relative miss of mean length."""

    taken: IntArray
    error: float


def overlapping(low: FloatArray, high: FloatArray, rows: IntArray, columns: IntArray) -> tuple[IntArray, IntArray]:
    """Places ``r < c`` in ``rows`` and ``columns`` whose boxes ``low (3, k)`` to ``high (3, k)`` overlap."""
    near = np.triu(np.ones((len(rows), len(columns)), bool), 1)
    for axis in range(3):
        near &= low[axis, rows][:, None] <= high[axis, columns]
        near &= high[axis, rows][:, None] >= low[axis, columns]
    r, c = np.nonzero(near)
    return r, c


class Crossings:
    """Which of the struts cross: nearer than the sum of their radii, no shared node. Tested only where asked for."""

    def __init__(self, pos: FloatArray, edges: IntArray, radius: FloatArray) -> None:
        self.ends, self.radius = edges, radius
        self.start, self.end = pos[edges[:, 0]], pos[edges[:, 1]]
        reach = CLEARANCE * radius[:, None]
        self.low = np.ascontiguousarray((np.minimum(self.start, self.end) - reach).T)
        self.high = np.ascontiguousarray((np.maximum(self.start, self.end) + reach).T)
        self.tested = np.zeros(len(edges), bool)
        self.of: dict[int, list[int]] = {}

    def test(self, struts: IntArray) -> None:
        """Let ``of`` list all crossings among ``struts`` and those tested before."""
        new = struts[~self.tested[struts]]
        if not len(new):
            return
        among = np.concatenate([new, np.flatnonzero(self.tested)])
        self.tested[new] = True
        r, c = overlapping(self.low, self.high, new, among)
        e, f = self._near_lines(new[r], among[c])
        gap = segment_distance(self.start[e], self.end[e], self.start[f], self.end[f])
        hit = gap < CLEARANCE * (self.radius[e] + self.radius[f])
        for k, m in zip(e[hit].tolist(), f[hit].tolist(), strict=True):
            self.of.setdefault(k, []).append(m)
            self.of.setdefault(m, []).append(k)

    def _near_lines(self, e: IntArray, f: IntArray) -> tuple[IntArray, IntArray]:
        """Those of the pairs ``e, f`` that share no node and whose straight lines come near enough to cross."""
        (i, j), (k, m) = self.ends[e].T, self.ends[f].T
        apart = (i != k) & (i != m) & (j != k) & (j != m)
        e, f = e[apart], f[apart]
        u, v, w = (self.end[e] - self.start[e]).T, (self.end[f] - self.start[f]).T, (self.start[e] - self.start[f]).T
        normal = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
        volume = normal[0] * w[0] + normal[1] * w[1] + normal[2] * w[2]
        area = normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2
        # Of nearly parallel lines the normal is only rounding.
        skew = area > 1e-12 * (u * u).sum(0) * (v * v).sum(0)
        near = ~skew | (volume**2 <= area * (CLEARANCE * (self.radius[e] + self.radius[f])) ** 2)
        return e[near], f[near]


class Chooser:
    """Chooses among `Candidates` by any scores; keeps between calls what it learnt of crossings."""

    def __init__(self, candidates: Candidates, count: int, max_degree: int) -> None:
        """``count``: edges to choose, the known ones included."""
        self.candidates, self.count, self.max_degree = candidates, count, max_degree
        self.nodes = len(candidates.pos)
        self.i, self.j = candidates.edges.T
        self.pairs: list[tuple[int, int]] = [*zip(self.i.tolist(), self.j.tolist(), strict=True)]
        self.known = np.arange(candidates.known_edges)
        self.crossings = Crossings(candidates.pos, candidates.edges, candidates.radius)

    def choose(self, score: FloatArray) -> IntArray | None:
        """Numbers of candidates that make a connected web, greedily by ``score``; None where greed cannot connect.

        They are fewer than ``count`` where greed finds no more.
        """
        size = POOL * max(self.count - len(self.known), self.nodes)
        usable = np.ones(len(score), bool)
        usable[self.known] = False
        pool = best(score, np.flatnonzero(usable), size)
        precedence = np.zeros(len(score), np.int64)
        rescues = 0
        while True:
            self.crossings.test(np.concatenate([self.known, pool]))
            order = pool[np.lexsort((-score[pool], -precedence[pool]))]
            taken, part, degree = self._grow(order.tolist())
            connected = len(set(part)) == 1
            if connected and len(taken) >= self.count:
                break
            # What was not looked at may help, if its ends have room and it joins two parts where some are left.
            usable[pool] = False
            joins = self.i != self.j if connected else np.array(part)[self.i] != np.array(part)[self.j]
            room = np.array(degree) < self.max_degree
            more = best(score, np.flatnonzero(usable & joins & room[self.i] & room[self.j]), size)
            if not len(more):
                if connected or rescues == RESCUES:
                    break
                # Struts in the way of all that joins a part give way to the best of these.
                rescues += 1
                joining = self._best_of_parts(np.array(part), np.flatnonzero(joins & (precedence == 0)), score)
                precedence[joining] = 1
                more = joining[usable[joining]]
            pool = np.concatenate([pool, more])
        return np.sort(np.array(taken, np.int64)) if connected else None

    def _best_of_parts(self, part: IntArray, among: IntArray, score: FloatArray) -> IntArray:
        """For each part (``part (n,)``) the best of candidates ``among`` with an end in it and no known edge across."""
        self.crossings.test(among)
        forbidden = {f for e in self.known.tolist() for f in self.crossings.of.get(e, ())}
        firsts: dict[int, int] = {}
        for e in among[np.argsort(-score[among], kind="stable")].tolist():
            if e not in forbidden:
                for end in self.pairs[e]:
                    firsts.setdefault(int(part[end]), e)
        return np.array(sorted(set(firsts.values())), np.int64)

    def _grow(self, order: list[int]) -> tuple[list[int], list[int], list[int]]:
        """Taken candidates, the part each node is in, and its degree, from candidates ``order``, best first."""
        pairs, crossed, most = self.pairs, self.crossings.of, self.max_degree
        degree = [0] * self.nodes
        parent = list(range(self.nodes))
        for node in range(self.candidates.known_nodes):
            parent[node] = 0
        taken = self.known.tolist()
        blocked: set[int] = set()
        for e in taken:
            blocked.update(crossed.get(e, ()))
            for node in pairs[e]:
                degree[node] += 1
        joins = self.nodes - max(self.candidates.known_nodes, 1)
        rest: list[int] = []
        for at, e in enumerate(order):
            if not joins:
                rest += order[at:]
                break
            i, j = pairs[e]
            if e in blocked or degree[i] >= most or degree[j] >= most:
                continue
            while parent[i] != i:
                parent[i] = i = parent[parent[i]]
            while parent[j] != j:
                parent[j] = j = parent[parent[j]]
            if i == j:
                rest.append(e)
                continue
            parent[max(i, j)] = min(i, j)
            joins -= 1
            taken.append(e)
            blocked.update(crossed.get(e, ()))
            for node in pairs[e]:
                degree[node] += 1
        if not joins:
            for e in rest:
                if len(taken) >= self.count:
                    break
                i, j = pairs[e]
                if e not in blocked and degree[i] < most and degree[j] < most:
                    degree[i] += 1
                    degree[j] += 1
                    taken.append(e)
                    blocked.update(crossed.get(e, ()))
        for node in range(self.nodes):
            # A root has the least number of its part: its nodes' parents are settled before them.
            parent[node] = parent[parent[node]]
        return taken, parent, degree


def best(score: FloatArray, among: IntArray, count: int) -> IntArray:
    """The ``count`` of the numbers ``among`` with the highest scores, in no order."""
    if len(among) <= count:
        return among
    chosen: IntArray = among[np.argpartition(-score[among], count)[:count]]
    return chosen


def choose_edges(
    candidates: Candidates, count: int, mean_length: float, max_degree: int, *, lenient: bool = False
) -> Choice | None:
    """``count`` candidates that make a valid web, the new ones with about ``mean_length`` (mm); None if not found.

    lenient: where ``count`` cannot be had, as many as greed reaches.
    """
    chooser = Chooser(candidates, count, max_degree)
    length = np.linalg.norm(candidates.pos[candidates.edges[:, 0]] - candidates.pos[candidates.edges[:, 1]], axis=1)
    found: list[Choice] = []

    def attempt(score: FloatArray) -> float:
        taken = chooser.choose(score)
        if taken is None:
            return np.inf
        new = taken[candidates.known_edges :]
        error = float(length[new].mean()) / mean_length - 1 if len(new) else 0.0
        found.append(Choice(taken, error))
        # Long struts are in each other's way: where greed falls short, shorter ones are tried.
        return error if len(taken) >= count else np.inf

    low, high = (-MAX_TILT, np.nan), (MAX_TILT, np.nan)
    tilt, stride, was = 0.0, 1.0, 0.0
    for _ in range(TILT_STEPS):
        error = attempt(candidates.score + tilt * length / mean_length)
        if abs(error) < TILT_TOLERANCE:
            break
        # Where one end of the bracket stays, its error counts for half (the Illinois rule), lest the other creep.
        if error > 0:
            high, low = (tilt, error), (low[0], low[1] / (2 if was > 0 else 1))
        else:
            low, high = (tilt, error), (high[0], high[1] / (2 if was < 0 else 1))
        was = error
        if np.isnan(low[1]) or np.isnan(high[1]):
            # One side only is known: stride on, ever further.
            stride = max(stride, FIRST_TILT * min(abs(error), 1.0))
            following = float(np.clip(tilt - np.sign(error) * stride, -MAX_TILT, MAX_TILT))
            if following == tilt:
                break
            tilt, stride = following, 3 * stride
        else:
            share = -low[1] / (high[1] - low[1]) if np.isfinite(high[1]) else 0.5
            tilt = low[0] + float(np.clip(share, 0.1, 0.9)) * (high[0] - low[0])
    if not any(len(choice.taken) >= count for choice in found):
        # The tilt without end: the shortest first.
        attempt(-length)
    if not lenient:
        found = [choice for choice in found if len(choice.taken) == count]
    return min(found, key=lambda choice: (-len(choice.taken), abs(choice.error)), default=None)
