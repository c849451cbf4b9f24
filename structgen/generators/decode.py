"""From what a network proposes to a valid web: connected, exact in its counts, free of crossing struts.

Shared by all generators. The proposal is a position for each node and a score (a log-odds) for each candidate edge; the
result is valid by construction, not by repair: a maximum spanning tree of the scores, then the best edges that remain,
never past the degree limit and never through another strut. A tilt of the scores by lambda times the length, found by
bisection, brings the mean edge length to the one asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.geometry import segment_distance
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Bisection steps for the tilt, and its largest magnitude per mean edge length.
TILT_STEPS, MAX_TILT = 18, 30.0
#: Struts and nodes are kept this much further apart than touching, so that rounding cannot close the gap.
CLEARANCE = 1.001


class DecodeError(ValueError):
    """The proposal admits no valid web with the counts asked for."""


def fit_box(pos: FloatArray, extents: npt.ArrayLike) -> FloatArray:
    """``pos (n, 3)`` stretched along each axis so that its bounding box has sides ``extents`` and centre 0."""
    low, high = pos.min(0), pos.max(0)
    side = high - low
    wanted = np.asarray(extents, float)
    factor = np.divide(wanted, side, out=np.zeros(3), where=side > 0)
    fitted: FloatArray = (pos - (low + high) / 2) * factor
    return fitted


def spread(pos: FloatArray, extents: npt.ArrayLike, distance: float, rng: np.random.Generator) -> FloatArray:
    """``pos`` fitted to the box with nodes nearer than ``distance`` pushed apart.

    Raises `DecodeError` where they cannot be.
    """
    half = np.asarray(extents, float) / 2
    # What has no extent along an axis cannot be stretched along it.
    collapsed = (np.ptp(pos, axis=0) == 0) & (half > 0)
    if collapsed.any():
        pos = pos + collapsed * rng.standard_normal(pos.shape)
    pos = fit_box(pos, extents)
    for _ in range(200):
        pairs = cKDTree(pos).query_pairs(distance, output_type="ndarray")
        if not len(pairs):
            return pos
        i, j = pairs.T
        apart = pos[i] - pos[j]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        aside = rng.standard_normal(apart.shape) * (half > 0)
        direction = np.where(length > 1e-3 * distance, apart / np.maximum(length, 1e-300), aside)
        push = 0.55 * (1.02 * distance - length) * direction
        np.add.at(pos, i, push)
        np.add.at(pos, j, -push)
        pos = fit_box(np.clip(pos, -half, half), extents)
    raise DecodeError(f"{len(pos)} nodes do not fit into the box at a distance of {distance:.3g} mm")


def crossing(pos: FloatArray, edges: IntArray, radius: FloatArray) -> BoolArray:
    """``(m, m)`` which edges ``(m, 2)`` run through one another: nearer than the sum of their radii, no shared node."""
    a, b = pos[edges[:, 0]], pos[edges[:, 1]]
    reach = np.linalg.norm(a - b, axis=1) / 2 + radius
    middle = (a + b) / 2
    i, j = np.triu_indices(len(edges), 1)
    near = np.square(middle[i] - middle[j]).sum(1) < np.square(reach[i] + reach[j])
    i, j = i[near], j[near]
    apart = (edges[i][:, :, None] != edges[j][:, None, :]).all(axis=(1, 2))
    i, j = i[apart], j[apart]
    hit = segment_distance(a[i], b[i], a[j], b[j]) < CLEARANCE * (radius[i] + radius[j])
    matrix = np.zeros((len(edges), len(edges)), bool)
    matrix[i[hit], j[hit]] = matrix[j[hit], i[hit]] = True
    return matrix


@dataclass(frozen=True)
class _Candidates:
    """Candidate edges ``(c, 2)`` among ``nodes`` nodes, with lengths (mm) and scores.

    excluded: for each candidate the set of those that run through it, as the bits of a number.
    """

    nodes: int
    edges: IntArray
    length: FloatArray
    score: FloatArray
    excluded: list[int]

    @classmethod
    def of(cls, pos: FloatArray, edges: IntArray, score: FloatArray, radius: FloatArray) -> _Candidates:
        """From positions, candidates, their scores and radii ``(c,)``."""
        length = np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1)
        packed = np.packbits(crossing(pos, edges, radius), axis=1, bitorder="little")
        return cls(len(pos), edges, length, score, [int.from_bytes(row.tobytes(), "little") for row in packed])

    def chosen(self, score: FloatArray, count: int, max_degree: int) -> IntArray | None:
        """Numbers of ``count`` candidates that make a valid web, greedily by ``score``; None where greed fails."""
        order = np.argsort(-score, kind="stable").tolist()
        ends = self.edges.tolist()
        degree = [0] * self.nodes
        parent = list(range(self.nodes))
        taken: list[int] = []
        rest: list[int] = []
        blocked = 0

        def root(i: int) -> int:
            while parent[i] != i:
                parent[i] = parent[parent[i]]
                i = parent[i]
            return i

        for closing in (False, True):
            for e in rest if closing else order:
                i, j = ends[e]
                if degree[i] >= max_degree or degree[j] >= max_degree or blocked >> e & 1:
                    continue
                a, b = root(i), root(j)
                if a == b and not closing:
                    rest.append(e)
                    continue
                if closing and len(taken) == count:
                    break
                parent[a] = b
                degree[i] += 1
                degree[j] += 1
                blocked |= self.excluded[e]
                taken.append(e)
            if len(taken) < self.nodes - 1:
                return None
        return np.sort(np.array(taken)) if len(taken) == count else None


def choose_edges(proposal: _Candidates, count: int, mean_length: float, max_degree: int) -> IntArray:
    """Numbers of the ``count`` candidates that make a valid web with about the mean edge length asked for (mm).

    Raises `DecodeError` where no tilt gives a valid web.
    """

    def attempt(tilt: float) -> tuple[float, IntArray | None]:
        taken = proposal.chosen(proposal.score + tilt * proposal.length / mean_length, count, max_degree)
        return (np.nan if taken is None else float(proposal.length[taken].mean()) - mean_length), taken

    low, high = -MAX_TILT, MAX_TILT
    found: list[tuple[float, IntArray]] = []
    tilt = 0.0
    for _ in range(TILT_STEPS):
        excess, taken = attempt(tilt)
        if taken is not None:
            found.append((abs(excess), taken))
        # Long struts are in each other's way: where greed fails, shorter ones are tried.
        if np.isnan(excess) or excess > 0:
            high = tilt
        else:
            low = tilt
        tilt = (low + high) / 2
    if not found:
        raise DecodeError(f"no valid web of {proposal.nodes} nodes and {count} edges was found")
    return min(found, key=lambda item: item[0])[1]


@dataclass(frozen=True)
class Proposal:
    """What a model proposes for one web; positions in mm about the origin, score > 0 for its own edges."""

    pos: FloatArray
    edges: IntArray
    score: FloatArray
    kind: IntArray
    log_radius: FloatArray
    known_nodes: int = 0
    known_edges: int = 0


@dataclass(frozen=True)
class Decoded:
    """A valid web, and how many edges of the proposal were changed."""

    web: WebGraph
    edges_changed: int


def decode(
    proposal: Proposal, target: DesignTargets, radius: float, max_degree: int, rng: np.random.Generator,
    known_radius: FloatArray | None = None, region: FloatArray | None = None, lenient: bool = False,
) -> Decoded:  # fmt: skip
    """Interim."""
    thickness = radius * np.clip(np.exp(proposal.log_radius), 0.5, 2.0)
    pos = spread(proposal.pos, target.extents, 2 * float(thickness.max()), rng)
    candidates = _Candidates.of(pos, proposal.edges, proposal.score, thickness)
    chosen = choose_edges(candidates, target.edges, target.mean_edge_length, max_degree)
    web = WebGraph(pos, proposal.edges[chosen].T, thickness[chosen], proposal.kind[chosen])
    return Decoded(web, int(np.setxor1d(np.flatnonzero(proposal.score > 0), chosen).size))


def all_pairs(nodes: int) -> IntArray:
    """``(n (n - 1) / 2, 2)`` every pair of nodes once, i < j."""
    return np.column_stack(np.triu_indices(nodes, 1)).astype(np.int64)
