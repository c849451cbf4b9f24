"""Webs larger than a network sees at once: a given web is extended, region by region.

Nodes that are given stay where they are, and the network paints in the others: in-painting, where the given part is an
input that the networks are trained with.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.generators.decode import Decoded, DecodeError, Proposal, decode
from structgen.generators.polish import Room, polished
from structgen.generators.request import Completed, TrainingRange
from structgen.generators.sizing import fit_box
from structgen.targets import DesignTargets
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

if TYPE_CHECKING:
    from structgen.generators.model import Ask, Generated, WebGenerator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Nodes added at a time, and given nodes shown to the network at most, as shares of the most it was trained on.
MOST_NEW, MOST_KNOWN = 1 / 2, 3 / 8
#: How far from a web, in mean edge lengths, a region may lie and still be joined to it.
REACH = 4.0
#: Proposals made for a region at a time until one is valid, and whether their decoding is lenient. Mostly the first is;
#: where it is not, several side by side take less time than one after the other.
ROUNDS = ((1, False), (3, False), (4, True), (4, True))
#: Edges of a grown web up to which all of it is polished at once: memory goes with their square.
MOST_POLISHED = 10_000
#: Most nodes of a web: a quarter of an hour's work.
MOST_NODES = 100_000


@dataclass(frozen=True)
class Sampling:
    """How a model is sampled."""

    model: WebGenerator
    rng: np.random.Generator
    steps: int
    guidance: float

    @property
    def most_new(self) -> int:
        """Most nodes added at a time."""
        return max(2, int(MOST_NEW * self.model.range.most_nodes))

    def parts(self, nodes: int) -> int:
        """Parts that a web of so many nodes is made in."""
        return 1 if nodes <= self.model.range.most_nodes else -(-nodes // self.most_new)

    @property
    def most_known(self) -> int:
        """Most given nodes shown at a time."""
        return max(2, int(MOST_KNOWN * self.model.range.most_nodes))


@dataclass(frozen=True)
class Cell:
    """A box, ``corners (2, 3)`` in mm, and the number of nodes it is to hold."""

    corners: FloatArray
    nodes: int


def extended(sampling: Sampling, web: WebGraph, region: FloatArray, targets: DesignTargets) -> WebGraph:
    """See `WebGenerator.extend`."""
    from structgen.generators.model import OutOfRangeWarning

    if region.shape != (2, 3) or not np.isfinite(region).all() or (region[0] > region[1]).any():
        raise ValueError(f"region is {region.tolist()}, must be the lower and the upper corner of a box, in mm")
    sides = region[1] - region[0]
    if not sides.any():
        raise ValueError(f"region is {region.tolist()}, a box without extent")
    if targets.extents is not None and not np.allclose(targets.extents, sides, rtol=1e-3):
        raise ValueError(f"extents is {targets.extents}, the sides of the region are {tuple(sides.tolist())}")
    if targets.edges is not None and targets.nodes is not None and targets.edges < targets.nodes:
        raise ValueError(f"edges is {targets.edges}, to join {targets.nodes} nodes to a web takes at least as many")
    request = sampling.model.range.complete(replace(targets, extents=tuple(sides.tolist())))
    full = request.target
    assert full.nodes is not None and full.edges is not None and full.mean_edge_length is not None
    nearest = float(_away(web.pos, region).min())
    if nearest > REACH * full.mean_edge_length:
        raise ValueError(
            f"region is {region.tolist()}, {nearest:.4g} mm from the web: at most {REACH:g} mean edge lengths, "
            f"{REACH * full.mean_edge_length:.4g} mm, can be bridged"
        )
    cells, budget = list(_cells(region, full.nodes, sampling.most_new)), max(full.edges, full.nodes)
    larger = web
    for cell, edges in zip(*_in_turn(cells, budget, web.pos), strict=True):
        larger = _painted(sampling, larger, cell, edges, full.mean_edge_length)[0]
    # Few new nodes are no small web: those that are given count too.
    outside = [line for line in request.outside if not line.startswith("nodes is")]
    if outside:
        reached = float(larger.lengths[web.m :].mean())
        warnings.warn(
            f"{'; '.join(outside)}: new edges reached a mean length of {reached:.4g} mm for "
            f"{full.mean_edge_length:.4g} mm", OutOfRangeWarning, stacklevel=3,
        )  # fmt: skip
    return larger


def grown(
    sampling: Sampling, request: Completed, radius: float | None, told: Callable[[], None] = lambda: None
) -> Generated:
    """A web of more nodes than the network is asked for at a time: one cell of the box is made, the others follow.

    told: called after each of `parts` of it.
    """
    from structgen.generators.model import Generated

    target = request.target
    assert target.nodes is not None and target.edges is not None
    assert target.extents is not None and target.mean_edge_length is not None
    box = np.array([[-0.5], [0.5]]) * np.array(target.extents)
    cells = list(_cells(box, target.nodes, sampling.most_new))
    ordered, edges = _in_turn(cells, target.edges + 1, cells[0].corners.mean(0)[None])
    first = ordered[0]
    sides = tuple((first.corners[1] - first.corners[0]).tolist())
    counts = DesignTargets(target.mean_edge_length, sides, first.nodes, edges[0] - 1)
    seed = int(sampling.rng.integers(2**62))
    model = sampling.model
    of_first = replace(model.range.complete(counts), style=request.style)
    begun = model.answered([of_first], 1, seed, radius, sampling.steps, sampling.guidance)[0]
    web, changed = begun.web.translated(first.corners.mean(0)), begun.edges_changed
    told()
    edges[1] += edges[0] - 1 - web.m  # the first may have fewer than it should where that is past the training range
    for cell, count in zip(ordered[1:], edges[1:], strict=True):
        web, more = _painted(sampling, web, cell, count, target.mean_edge_length)
        changed += more
        told()
    raw = DesignTargets.measure(web).as_array()
    # The nodes end a little short of the box; stretched to it, the struts are too long.
    pos, half = fit_box(web.pos, target.extents), box[1]
    if web.m <= MOST_POLISHED:
        inside = Room(-half, half, np.abs(pos) < half)
        pos = polished(pos, web.edge_index.T, web.radius, target.mean_edge_length, inside)
    fitted = replace(web, pos=pos)
    if len(crossing_pairs(fitted)):
        raise ValueError(f"extents is {target.extents}: struts of the grown web cross when it is fitted to the box")
    return Generated(fitted, target, request.filled, raw, web, changed, request.outside)


def _away(pos: FloatArray, region: FloatArray) -> FloatArray:
    """``(n,)`` distance of each point from a box; 0 within it."""
    away: FloatArray = np.linalg.norm(pos - np.clip(pos, *region), axis=1)
    return away


def _cells(box: FloatArray, nodes: int, most: int) -> Iterator[Cell]:
    """``box`` cut across its longest side until no part holds more than ``most`` of the nodes spread over it.

    Into as few parts as that takes, of near equal size: each costs a proposal.
    """
    parts = -(-nodes // most)
    if parts == 1:
        yield Cell(box, nodes)
        return
    axis, half = int(np.argmax(box[1] - box[0])), round(nodes * (parts // 2) / parts)
    at = box[0, axis] + (box[1, axis] - box[0, axis]) * half / nodes
    low, high = box.copy(), box.copy()
    low[1, axis] = high[0, axis] = at
    yield from _cells(low, half, most)
    yield from _cells(high, nodes - half, most)


def _in_turn(cells: list[Cell], edges: int, begun: FloatArray) -> tuple[list[Cell], list[int]]:
    """Cells in an order in which each is near what is there, and the number of edges that come with each.

    begun ``(k, 3)``: points of what is there at first. Each cell gets at least one edge for each node.
    """
    left, order = list(cells), []
    points = begun
    while left:
        nearest = [float(_away(points, cell.corners).min()) for cell in left]
        cell = left.pop(int(np.argmin(nearest)))
        order.append(cell)
        points = np.concatenate([points, cell.corners, cell.corners.mean(0)[None]])
    sizes = np.array([cell.nodes for cell in order])
    extra = edges - int(sizes.sum())
    shares = np.diff(np.round(extra * np.concatenate([[0], np.cumsum(sizes)]) / sizes.sum())).astype(int)
    return order, (sizes + shares).tolist()


def _painted(sampling: Sampling, web: WebGraph, cell: Cell, edges: int, mean_length: float) -> tuple[WebGraph, int]:
    """``web`` with the nodes of ``cell`` and ``edges`` more edges of ``mean_length`` mm, and how many were changed."""
    model = sampling.model
    shown = np.sort(np.argsort(_away(web.pos, cell.corners), kind="stable")[: sampling.most_known])
    known = web.subweb(shown)
    reach = np.concatenate([known.pos, cell.corners])
    low, high = reach.min(0), reach.max(0)
    centre = (low + high) / 2
    ask = _ask(model.range, known, cell, edges, mean_length, low, high)
    # New struts lie between what is shown and the cell; what else is there is in their way.
    around = np.concatenate([shown, np.setdiff1d(_reaching_into(web, low, high), shown)])
    given = web.subweb(around).translated(-centre)
    wanted = replace(ask.target, mean_edge_length=mean_length, edges=given.m + edges, nodes=None, mean_degree=None)
    median = float(np.median(web.radius))
    reason: Exception = DecodeError("no proposal")
    for count, lenient in ROUNDS:
        rngs = sampling.rng.spawn(count)
        proposals = model.propose([ask] * count, rngs, sampling.steps, sampling.guidance)
        for proposal, rng in zip(proposals, rngs, strict=True):
            try:
                decoded = decode(
                    _beside(proposal, len(shown), given), wanted, median, model.config.max_degree, rng, given.radius,
                    cell.corners - centre, lenient=lenient,
                )  # fmt: skip
                if decoded.web.m < given.m + edges:
                    raise DecodeError(f"{decoded.web.m - given.m} edges were found")
                joined = _joined(web, around, decoded, centre, cell)
                _check(joined, web, model.config.max_degree)
            except DecodeError as error:
                reason = error
            else:
                return joined, decoded.edges_changed
    attempts = sum(count for count, _ in ROUNDS)
    raise ValueError(
        f"region {cell.corners.tolist()}: no valid extension by {cell.nodes} nodes and {edges} edges in {attempts} "
        f"attempts ({reason})"
    )


def _ask(
    trained: TrainingRange, known: WebGraph, cell: Cell, edges: int, mean_length: float, low: FloatArray,
    high: FloatArray,
) -> Ask:  # fmt: skip
    """For ``known`` and the nodes of ``cell`` with ``edges`` more, all in the box ``low`` to ``high`` about its centre.

    The network is told of the whole: mean length and counts of what is known and of what is new together.
    """
    from structgen.generators.model import Ask

    nodes, total, centre = known.n + cell.nodes, known.m + edges, (low + high) / 2
    lengths = float(known.lengths.sum()) + edges * mean_length
    # What is known may be in pieces, and have fewer edges than a connected web.
    counts = int(np.clip(total, nodes - 1, nodes * (nodes - 1) // 2))
    whole = DesignTargets(lengths / total, tuple((high - low).tolist()), nodes, counts)
    return Ask(trained.complete(whole).near, known.translated(-centre), cell.corners - centre)


def _reaching_into(web: WebGraph, low: FloatArray, high: FloatArray) -> IntArray:
    """Nodes of the struts whose bounding boxes meet the box ``low`` to ``high``."""
    ends = web.pos[web.edge_index]
    thick = web.radius[:, None] + float(web.radius.max())
    meets = ((ends.min(0) - thick <= high) & (ends.max(0) + thick >= low)).all(axis=1)
    return np.unique(web.edge_index[:, meets])


def _beside(proposal: Proposal, shown: int, given: WebGraph) -> Proposal:
    """``proposal``, whose first ``shown`` nodes are those of ``given``, with all of ``given`` as what is known."""
    known = proposal.known_nodes
    # What is given may be in pieces; a pair that would bridge them is none of the extension.
    own = np.arange(len(proposal.edges)) >= proposal.known_edges
    own &= proposal.edges.max(axis=1, initial=0) >= known
    edges = proposal.edges[own]
    return Proposal(
        np.concatenate([given.pos, proposal.pos[known:]]),
        np.concatenate([given.edge_index.T, np.where(edges < shown, edges, edges - shown + given.n)]),
        np.concatenate([np.ones(given.m), proposal.score[own]]),
        np.concatenate([given.kind, proposal.kind[own]]),
        np.concatenate([np.zeros(given.m), proposal.log_radius[own]]),
        given.n, given.m,
    )  # fmt: skip


def _joined(web: WebGraph, around: IntArray, decoded: Decoded, centre: FloatArray, cell: Cell) -> WebGraph:
    """``web`` and what is new in ``decoded``, whose first nodes are the nodes ``around`` of it."""
    new, known = decoded.web, len(around)
    number = np.concatenate([around, web.n + np.arange(new.n - known)])
    added = new.edge_index.max(axis=0) >= known
    # Moved back, a node on a face of the cell may be off by a bit.
    pos = np.clip(new.pos[known:] + centre, *cell.corners)
    return WebGraph(
        np.concatenate([web.pos, pos]),
        np.concatenate([web.edge_index, np.sort(number[new.edge_index[:, added]], axis=0)], axis=1),
        np.concatenate([web.radius, new.radius[added]]),
        np.concatenate([web.kind, new.kind[added]]),
    )


def _check(joined: WebGraph, web: WebGraph, max_degree: int) -> None:
    """Raise `DecodeError` where what is new in ``joined`` makes it less valid than ``web`` was."""
    if (joined.degree > np.maximum(max_degree, np.pad(web.degree, (0, joined.n - web.n)))).any():
        raise DecodeError(f"a node would have more than {max_degree} edges")
    close = cKDTree(joined.pos).query_pairs(2 * float(joined.radius.min()), output_type="ndarray")
    if (crossing_pairs(joined) >= web.m).any() or (close >= web.n).any():
        raise DecodeError("new struts would cross others")
