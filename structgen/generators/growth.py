"""Webs larger than a network sees at once: a given web is extended, region by region.

Nodes that are given stay where they are, and the network paints in the others: in-painting, where the given part is an
input that the networks are trained with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.generators.decode import Decoded, DecodeError, decode, fit_box
from structgen.generators.request import Completed
from structgen.targets import DesignTargets
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

if TYPE_CHECKING:
    from structgen.generators.model import Generated, WebGenerator

FloatArray = npt.NDArray[np.float64]

#: Nodes added at a time, and given nodes shown to the network at most, as shares of the most it was trained on.
MOST_NEW, MOST_KNOWN = 3 / 8, 1 / 2
#: How far from a web, in mean edge lengths, a region may lie and still be joined to it.
REACH = 4.0
#: Fresh proposals for a region before it is given up.
ATTEMPTS = 12


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


@dataclass(frozen=True)
class Cell:
    """A box, ``corners (2, 3)`` in mm, and the number of nodes it is to hold."""

    corners: FloatArray
    nodes: int


def extended(sampling: Sampling, web: WebGraph, region: FloatArray, targets: DesignTargets) -> WebGraph:
    """See `WebGenerator.extend`."""
    if region.shape != (2, 3) or not np.isfinite(region).all() or (region[0] > region[1]).any():
        raise ValueError(f"region is {region.tolist()}, must be the lower and the upper corner of a box, in mm")
    sides = region[1] - region[0]
    if not sides.any():
        raise ValueError(f"region is {region.tolist()}, a box without extent")
    if targets.extents is not None and not np.allclose(targets.extents, sides, rtol=1e-3):
        raise ValueError(f"extents is {targets.extents}, the sides of the region are {tuple(sides.tolist())}")
    if targets.edges is not None and targets.nodes is not None and targets.edges < targets.nodes:
        raise ValueError(f"edges is {targets.edges}, to join {targets.nodes} nodes to a web takes at least as many")
    full = sampling.model.range.complete(replace(targets, extents=tuple(sides.tolist()))).target
    assert full.nodes is not None and full.edges is not None and full.mean_edge_length is not None
    nearest = float(_away(web.pos, region).min())
    if nearest > REACH * full.mean_edge_length:
        raise ValueError(
            f"region is {region.tolist()}, {nearest:.4g} mm from the web: at most {REACH:g} mean edge lengths, "
            f"{REACH * full.mean_edge_length:.4g} mm, can be bridged"
        )
    cells, budget = list(_cells(region, full.nodes, sampling.most_new)), max(full.edges, full.nodes)
    for cell, edges in zip(*_in_turn(cells, budget, web.pos), strict=True):
        web = _painted(sampling, web, cell, edges, full.mean_edge_length)[0]
    return web


def grown(sampling: Sampling, request: Completed, radius: float | None) -> Generated:
    """A web of more nodes than the network is asked for at a time: one cell of the box is made, the others follow."""
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
    begun = model.generate(counts, 1, seed, radius=radius, steps=sampling.steps, guidance=sampling.guidance)[0]
    web, changed = begun.web.translated(first.corners.mean(0)), begun.edges_changed
    for cell, count in zip(ordered[1:], edges[1:], strict=True):
        web, more = _painted(sampling, web, cell, count, target.mean_edge_length)
        changed += more
    raw = DesignTargets.measure(web).as_array()
    fitted = replace(web, pos=fit_box(web.pos, target.extents))
    if len(crossing_pairs(fitted)):
        raise ValueError(f"extents is {target.extents}: struts of the grown web cross when it is fitted to the box")
    return Generated(fitted, target, request.filled, raw, web, changed, request.outside)


def _away(pos: FloatArray, region: FloatArray) -> FloatArray:
    """``(n,)`` distance of each point from a box; 0 within it."""
    away: FloatArray = np.linalg.norm(pos - np.clip(pos, *region), axis=1)
    return away


def _cells(box: FloatArray, nodes: int, most: int) -> Iterator[Cell]:
    """``box`` halved along its longest side until no part holds more than ``most`` of the nodes spread over it."""
    if nodes <= most:
        yield Cell(box, nodes)
        return
    axis, half = int(np.argmax(box[1] - box[0])), nodes // 2
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
    from structgen.generators.model import Ask

    model, rng = sampling.model, sampling.rng
    away = _away(web.pos, cell.corners)
    most = max(2, int(MOST_KNOWN * model.range.most_nodes))
    shown = np.sort(np.argsort(away, kind="stable")[:most])
    known = web.subweb(shown)
    inner = np.concatenate([known.pos, cell.corners])
    low, high = inner.min(0), inner.max(0)
    centre = (low + high) / 2
    total = known.m + edges
    lengths = known.lengths.sum() + edges * mean_length
    whole = DesignTargets(
        float(lengths / total), tuple((high - low).tolist()), known.n + cell.nodes,
        max(total, known.n + cell.nodes - 1),
    )  # fmt: skip
    near = model.range.complete(whole).near
    region = cell.corners - centre
    ask = Ask(near, known.translated(-centre), region)
    wanted = replace(whole, mean_edge_length=mean_length, edges=total, mean_degree=None)
    median = float(np.median(web.radius))
    free = model.config.max_degree - web.degree[shown] + known.degree
    reason: Exception = DecodeError("no proposal")
    for attempt in range(ATTEMPTS):
        proposal = model.propose([ask], [rng], sampling.steps, sampling.guidance)[0]
        try:
            decoded = decode(
                proposal, wanted, median, model.config.max_degree, rng, known.radius, region,
                lenient=attempt >= ATTEMPTS // 2,
            )  # fmt: skip
        except DecodeError as error:
            reason = error
            continue
        if (decoded.web.degree[: known.n] > np.maximum(free, known.degree)).any():
            reason = DecodeError(f"a node would have more than {model.config.max_degree} edges")
            continue
        joined = _joined(web, shown, decoded, centre)
        if decoded.web.m == total and _meets_no_other(joined, web):
            return joined, decoded.edges_changed
        reason = DecodeError("new struts would cross others")
    raise ValueError(
        f"region {cell.corners.tolist()}: no valid extension by {cell.nodes} nodes and {edges} edges in {ATTEMPTS} "
        f"attempts ({reason})"
    )


def _joined(web: WebGraph, shown: npt.NDArray[np.int64], decoded: Decoded, centre: FloatArray) -> WebGraph:
    """``web`` and what is new in ``decoded``, whose first nodes are the nodes ``shown`` of it."""
    new = decoded.web
    number = np.concatenate([shown, web.n + np.arange(new.n - len(shown))])
    added = new.edge_index.max(axis=0) >= len(shown)
    return WebGraph(
        np.concatenate([web.pos, new.pos[len(shown) :] + centre]),
        np.concatenate([web.edge_index, np.sort(number[new.edge_index[:, added]], axis=0)], axis=1),
        np.concatenate([web.radius, new.radius[added]]),
        np.concatenate([web.kind, new.kind[added]]),
    )


def _meets_no_other(joined: WebGraph, web: WebGraph) -> bool:
    """Whether what is new in ``joined`` neither crosses nor touches what the network was not shown of ``web``."""
    if (crossing_pairs(joined) >= web.m).any():
        return False
    close = cKDTree(joined.pos).query_pairs(2 * float(joined.radius.min()), output_type="ndarray")
    return not (close >= web.n).any()
