"""From what a network proposes to a valid web: connected, exact in its counts, free of crossing struts.

Shared by all generators, and valid by construction, not by repair. Nodes are fitted to the box and kept apart
(`spread`), edges are chosen greedily by score (`choosing`), then the nodes are moved a little until the mean edge
length is the one asked for (`polish`). A part of the web may be given: then the rest is painted in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.generators.choosing import CLEARANCE, Candidates, best, choose_edges
from structgen.generators.polish import Room, polished
from structgen.generators.quantiles import of_sorts
from structgen.generators.sizing import fit_box, sized
from structgen.generators.uncrossing import uncrossed
from structgen.geometry import nearest_shares
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Rounds of pushing nodes apart.
PUSHES = 400
#: Least and largest strut radius in medians.
THICKNESS = (0.5, 2.0)
#: Spread of the log radius of a silk below which all its threads get the same.
EVEN = 0.1
#: How often the struts may be made thinner by half where no web is found with the radius asked for.
HALVINGS = 6
#: Score below all others of pairs that the model did not propose; out of reach of any tilt.
UNPROPOSED = 1e4


class DecodeError(ValueError):
    """The proposal admits no valid web with the counts asked for."""


@dataclass(frozen=True)
class Proposal:
    """What a model proposes for one web.

    Arguments:
        pos: ``(n, 3)`` node positions in mm, about the origin.
        edges: ``(c, 2)`` candidate edges, each once with i < j.
        score: ``(c,)`` log-odds, the noise of sampling already in it: > 0 means the model's own (raw) web has it.
        kind: ``(c,)`` silk types of the candidates, see `structgen.web.KINDS`.
        log_radius: ``(c,)`` logarithm of the strut radius over the web's median.
        known_nodes: the first so many nodes are given and stay where they are, bit for bit.
        known_edges: the first so many candidates are given edges that stay, whatever their score.
    """

    pos: FloatArray
    edges: IntArray
    score: FloatArray
    kind: npt.NDArray[Any]
    log_radius: FloatArray
    known_nodes: int = 0
    known_edges: int = 0


@dataclass(frozen=True)
class Decoded:
    """A valid web and in how many edges it differs from the raw one, known edges aside.

    The web's edges are in the order of the candidates; pairs that were none come last.
    """

    web: WebGraph
    edges_changed: int


def decode(
    proposal: Proposal,
    target: DesignTargets,
    radius: float,
    max_degree: int,
    rng: np.random.Generator,
    known_radius: FloatArray | None = None,
    region: FloatArray | None = None,
    lenient: bool = False,
) -> Decoded:
    """The valid web nearest to what is proposed, with the counts, box and mean edge length of ``target``.

    Arguments:
        target: complete. Without known nodes the web has its box to the last bit. With them, ``edges`` counts the known
            ones too, but ``mean_edge_length`` is that of the new edges alone and ``extents`` is not used.
        radius: median strut radius in mm; struts have half to twice that.
        max_degree: most edges at a node. Known edges may exceed it, or cross; no new edge adds to that.
        rng: for nodes that lie in one place.
        known_radius: ``(known_edges,)`` mm, kept bit for bit.
        region: ``(2, 3)`` lower and upper corner in mm within which new nodes are kept.
        lenient: rather than fail, use pairs that are no candidates, or take fewer edges than asked for where greed
            finds no more, and where even so no web is found halve the radius of new struts, up to `HALVINGS` times.

    New nodes are connected to known ones, so the web is connected where the known part is.

    Raises `DecodeError` where no valid web is found.
    """
    assert target.extents is not None and target.mean_edge_length is not None and target.edges is not None
    every = evened(_with_all_pairs(proposal) if lenient else proposal)
    for halving in range(HALVINGS + 1 if lenient else 1):
        thickness = radius * 0.5**halving * np.clip(np.exp(every.log_radius), *THICKNESS)
        if known_radius is not None:
            thickness[: every.known_edges] = known_radius
        try:
            return _decoded(every, target, thickness, max_degree, rng, region, lenient)
        except DecodeError as error:
            reason = error
    raise reason


def _decoded(
    proposal: Proposal,
    target: DesignTargets,
    thickness: FloatArray,
    max_degree: int,
    rng: np.random.Generator,
    region: FloatArray | None,
    lenient: bool,
) -> Decoded:
    """`decode` with strut radii ``thickness (c,)`` in mm."""
    assert target.extents is not None and target.mean_edge_length is not None and target.edges is not None
    known_nodes, known_edges = proposal.known_nodes, proposal.known_edges
    if known_nodes:
        low, high = np.array([[-np.inf] * 3, [np.inf] * 3]) if region is None else np.asarray(region, float)
        pos = _painted_in(proposal, thickness, low, high, rng)
        free = np.repeat(np.arange(len(pos)) >= known_nodes, 3).reshape(-1, 3)
    else:
        high = np.asarray(target.extents) / 2
        low = -high
        taken = best(proposal.score, np.arange(len(proposal.score)), target.edges)
        likely = proposal.edges[taken]
        pos = sized(proposal.pos, likely, target.extents, target.mean_edge_length)
        pos = uncrossed(pos, likely, thickness[taken], high)
        pos = spread(pos, target.extents, 2 * float(thickness.max(initial=0.0)), rng)
        # Nodes on the faces of the box make it what it is.
        free = (pos > low) & (pos < high)
    candidates = Candidates(pos, proposal.edges, proposal.score, thickness, known_nodes, known_edges)
    choice = choose_edges(candidates, target.edges, target.mean_edge_length, max_degree, lenient=lenient)
    if choice is None:
        raise DecodeError(f"no valid web of {len(pos)} nodes and {target.edges} edges was found")
    chosen = choice.taken
    room = Room(low, high, free, known_nodes, known_edges)
    pos = polished(pos, proposal.edges[chosen], thickness[chosen], target.mean_edge_length, room)
    raw = known_edges + np.flatnonzero(proposal.score[known_edges:] > 0)
    web = WebGraph(pos, proposal.edges[chosen].T, thickness[chosen], proposal.kind[chosen])
    return Decoded(web, len(np.setxor1d(raw, chosen[known_edges:], assume_unique=True)))


def evened(proposal: Proposal) -> Proposal:
    """``proposal`` with one radius for all threads of a silk, where they are so near one that this is what is meant."""
    new = proposal.score > 0
    new[: proposal.known_edges] = False
    log_radius, silk = np.array(proposal.log_radius, float), proposal.kind.astype(np.int64)
    middle, spread, _ = of_sorts(log_radius, silk, new, int(silk.max(initial=0)) + 1)
    even = (spread < EVEN)[silk]
    even[: proposal.known_edges] = False
    log_radius = np.where(even, middle[silk], log_radius)
    if new.any() and not proposal.known_edges:  # radii of a web are told over its median
        log_radius -= np.median(log_radius[new])
    return replace(proposal, log_radius=log_radius)


def _with_all_pairs(proposal: Proposal) -> Proposal:
    """``proposal`` with all pairs as candidates but those of two known nodes; the added ones come last."""
    n = len(proposal.pos)
    i, j = all_pairs(n).T
    new = j >= proposal.known_nodes
    new[new] = ~np.isin(i[new] * n + j[new], proposal.edges[:, 0] * n + proposal.edges[:, 1])
    i, j = i[new], j[new]
    if not len(i):
        return proposal
    far = np.linalg.norm(proposal.pos[i] - proposal.pos[j], axis=1)
    score = min(float(proposal.score.min(initial=0.0)), 0.0) - UNPROPOSED - far / max(float(far.max()), 1e-300)
    raw = proposal.kind[proposal.score > 0]
    usual = np.bincount(raw).argmax() if len(raw) else 0
    return replace(
        proposal,
        edges=np.concatenate([proposal.edges, np.column_stack([i, j])]),
        score=np.concatenate([proposal.score, score]),
        kind=np.concatenate([proposal.kind, np.full(len(i), usual, proposal.kind.dtype)]),
        log_radius=np.concatenate([proposal.log_radius, np.zeros(len(i))]),
    )


# -- positions ---------------------------------------------------------------------------------------------


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
    for _ in range(PUSHES):
        pairs = cKDTree(pos).query_pairs(distance, output_type="ndarray")
        if not len(pairs):
            return pos
        pos = fit_box(np.clip(pos + _push(pos, pairs, distance, half > 0, rng), -half, half), extents)
    raise _no_room(len(pos), "box", distance)


def _painted_in(
    proposal: Proposal, thickness: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Positions with the new nodes within ``low`` to ``high``, away from all nodes and off the known struts."""
    known, distance, axes = proposal.known_nodes, 2 * float(thickness.max(initial=0.0)), high > low
    start, end = proposal.pos[proposal.edges[: proposal.known_edges].T]
    new_radius = float(thickness[proposal.known_edges :].max(initial=0.0))
    reach = CLEARANCE * (thickness[: proposal.known_edges] + new_radius)
    pos = proposal.pos.copy()
    for _ in range(PUSHES):
        pos[known:] = np.clip(pos[known:], low, high)
        pairs = cKDTree(pos).query_pairs(distance, output_type="ndarray")
        pairs = pairs[(pairs >= known).any(axis=1)]
        new = pos[known:, None]
        share = nearest_shares(new, new, start, end)[1][..., None]
        away = new - (start + share * (end - start))
        node, strut = np.nonzero(np.linalg.norm(away, axis=2) < reach)
        if not len(pairs) and not len(node):
            return pos
        push = _push(pos, pairs, distance, axes, rng)[known:]
        np.add.at(push, node, _outwards(away[node, strut], reach[strut, None], axes, rng))
        pos[known:] += push
    raise _no_room(len(pos) - known, "region", distance)


def _push(pos: FloatArray, pairs: IntArray, distance: float, axes: BoolArray, rng: np.random.Generator) -> FloatArray:
    """``(n, 3)`` moves that bring ``pairs (k, 2)`` of nodes ``distance`` apart, along ``axes`` where they coincide."""
    i, j = pairs.T
    push = _outwards(pos[i] - pos[j], np.full((len(pairs), 1), distance), axes, rng)
    moves = np.zeros_like(pos)
    np.add.at(moves, i, push)
    np.add.at(moves, j, -push)
    return moves


def _outwards(apart: FloatArray, distance: FloatArray, axes: BoolArray, rng: np.random.Generator) -> FloatArray:
    """A little over half of what vectors ``apart (k, 3)`` lack in length of ``distance (k, 1)``, in their direction."""
    length = np.linalg.norm(apart, axis=1, keepdims=True)
    aside = rng.standard_normal(apart.shape) * axes
    direction = np.where(length > 1e-3 * distance, apart / np.maximum(length, 1e-300), aside)
    push: FloatArray = 0.55 * (1.05 * distance - length) * direction
    return push


def _no_room(nodes: int, where: str, distance: float) -> DecodeError:
    return DecodeError(f"{nodes} nodes do not fit into the {where} at a distance of {distance:.3g} mm")


def all_pairs(nodes: int) -> IntArray:
    """``(n (n - 1) / 2, 2)`` every pair of nodes once, i < j."""
    return np.column_stack(np.triu_indices(nodes, 1)).astype(np.int64)
