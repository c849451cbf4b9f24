"""DesignTargets: the seven numbers a web is asked for by, or measured to have."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.web import MAX_COORDINATE, WebGraph

#: Order of the seven numbers in arrays, tables and files.
NAMES = ("mean_edge_length", "dx", "dy", "dz", "nodes", "edges", "mean_degree")
#: How far a stated mean degree may lie from 2 edges / nodes (it is often given with two digits).
DEGREE_TOLERANCE = 0.005
#: Share by which rounding may carry the mean length of one straight edge past the diagonal of its box.
ROUNDING = 1e-6


@dataclass(frozen=True)
class DesignTargets:
    """What a web should be, after W. Lu, N. A. Lee, M. J. Buehler, PNAS 120 (2023): seven numbers.

    Arguments (any may be left out; a generator fills them from what it was trained on):
        mean_edge_length: mm, > 0.
        extents: sides dx, dy, dz of the bounding box of the nodes, mm, >= 0, not all 0.
        nodes: number of nodes, >= 2.
        edges: number of undirected edges, from nodes - 1 to nodes (nodes - 1) / 2.
        mean_degree: 2 edges / nodes, >= 1; so of nodes, edges and mean degree only two are free. Given with nodes
            or edges it becomes what the nearest whole count of the other has.

    Raises `ValueError` naming the argument, its value and what is allowed.
    """

    mean_edge_length: float | None = None
    extents: tuple[float, float, float] | None = None
    nodes: int | None = None
    edges: int | None = None
    mean_degree: float | None = None

    def __post_init__(self) -> None:
        length = _number("mean_edge_length", self.mean_edge_length, above=0.0)
        object.__setattr__(self, "mean_edge_length", length)
        if self.extents is not None:
            object.__setattr__(self, "extents", _extents(self.extents))
        nodes = _whole("nodes", self.nodes, 2)
        edges = _whole("edges", self.edges, 1)
        degree = _number("mean_degree", self.mean_degree, above=0.0)
        if degree is not None and degree < 1:
            raise ValueError(f"mean_degree is {degree:g}, must be >= 1, as it is in every connected web")
        # Of nodes, edges and mean degree two give the third.
        if nodes is not None and edges is None and degree is not None:
            edges = round(degree * nodes / 2)
            degree = 2 * edges / nodes
        elif edges is not None and nodes is None and degree is not None:
            nodes = round(2 * edges / degree)
            if nodes < 2:
                raise ValueError(f"mean_degree is {degree:g}, but a web of {edges} edges has at most {edges}")
            degree = 2 * edges / nodes
        elif nodes is not None and edges is not None:
            consistent = 2 * edges / nodes
            if degree is not None and abs(degree - consistent) > DEGREE_TOLERANCE:
                raise ValueError(
                    f"mean_degree is {degree:g}, but {edges} edges at {nodes} nodes have mean degree "
                    f"2 * {edges} / {nodes} = {consistent:.4g}; leave one of the three out"
                )
            degree = consistent
        if nodes is not None and edges is not None and not nodes - 1 <= edges <= nodes * (nodes - 1) // 2:
            raise ValueError(
                f"edges is {edges}, a connected web of {nodes} nodes has {nodes - 1} to {nodes * (nodes - 1) // 2} "
                f"(mean degree {2 * (nodes - 1) / nodes:.4g} to {nodes - 1})"
            )
        for name, value in (("nodes", nodes), ("edges", edges), ("mean_degree", degree)):
            object.__setattr__(self, name, value)
        longest = math.inf if self.extents is None else math.hypot(*self.extents) * (1 + ROUNDING)
        if length is not None and self.extents is not None and length > longest:
            raise ValueError(
                f"mean_edge_length is {length:g} mm, longer than the diagonal of the extents "
                f"({math.hypot(*self.extents):.4g} mm)"
            )

    @classmethod
    def measure(cls, web: WebGraph) -> DesignTargets:
        """The seven numbers of ``web``; `ValueError` for one without extent, or in pieces with too few edges."""
        dx, dy, dz = web.extents.tolist()
        if dx == dy == dz == 0:
            raise ValueError("all nodes of the web lie in one point")
        return cls(float(web.lengths.mean()), (dx, dy, dz), web.n, web.m)

    @classmethod
    def from_array(cls, values: npt.ArrayLike) -> DesignTargets:
        """From ``(7,)`` numbers in the order of `NAMES`; NaN stands for not asked."""
        array = np.asarray(values, float)
        if array.shape != (len(NAMES),):
            raise ValueError(f"targets have shape {array.shape}, expected ({len(NAMES)},): {', '.join(NAMES)}")
        row: list[Any] = [None if np.isnan(v) else float(v) for v in array]
        extents = None if row[1:4] == [None] * 3 else (row[1], row[2], row[3])
        return cls(row[0], extents, row[4], row[5], row[6])

    def as_array(self) -> npt.NDArray[np.float64]:
        """``(7,)`` numbers in the order of `NAMES`; NaN where nothing is asked."""
        box = self.extents or (None, None, None)
        row = (self.mean_edge_length, *box, self.nodes, self.edges, self.mean_degree)
        return np.array([math.nan if v is None else v for v in row], float)

    def as_dict(self) -> dict[str, float | None]:
        """Name to number, None where nothing is asked; what reports and files hold."""
        row = {name: None if math.isnan(v) else v for name, v in zip(NAMES, self.as_array().tolist(), strict=True)}
        return row | {"nodes": self.nodes, "edges": self.edges}

    @property
    def is_complete(self) -> bool:
        """Whether all seven are known."""
        return not np.isnan(self.as_array()).any()

    def filled(self, defaults: DesignTargets) -> tuple[DesignTargets, tuple[str, ...]]:
        """These targets with what is missing taken from ``defaults`` (complete), and the names of what was.

        A missing mean edge length keeps the defaults' ratio to the box, and missing extents their shape
        and ratio to the mean edge length, so that a request at any scale is filled at that scale.
        """
        if not defaults.is_complete:
            raise ValueError("defaults must be complete")
        assert defaults.extents is not None and defaults.mean_edge_length is not None
        assert defaults.mean_degree is not None and defaults.nodes is not None
        box = np.array(defaults.extents)
        changes: dict[str, Any] = {}
        names: list[str] = []
        if self.extents is None:
            scale = 1.0 if self.mean_edge_length is None else self.mean_edge_length / defaults.mean_edge_length
            changes["extents"] = tuple((box * scale).tolist())
            names += ["dx", "dy", "dz"]
        if self.mean_edge_length is None:
            scale = 1.0 if self.extents is None else float(np.linalg.norm(self.extents) / np.linalg.norm(box))
            changes["mean_edge_length"] = defaults.mean_edge_length * scale
            names.append("mean_edge_length")
        changes |= self._counts_filled(defaults, names)
        return replace(self, **changes), tuple(name for name in NAMES if name in names)

    def _counts_filled(self, defaults: DesignTargets, names: list[str]) -> dict[str, Any]:
        """Nodes and edges from what is given of nodes, edges and mean degree; notes what it filled."""
        assert defaults.mean_degree is not None and defaults.nodes is not None
        nodes, edges, degree = self.nodes, self.edges, self.mean_degree
        names += [name for name in ("nodes", "edges", "mean_degree") if getattr(self, name) is None]
        if nodes is None and edges is not None:
            least = math.ceil((1 + math.sqrt(1 + 8 * edges)) / 2)
            nodes = min(max(round(2 * edges / defaults.mean_degree), least), edges + 1)
        elif nodes is None:
            nodes = defaults.nodes
            if degree is not None:
                # A tree of n nodes has mean degree 2 - 2 / n, a web of n nodes at most n - 1.
                most = 2 / (2 - degree) if degree < 2 else math.inf
                nodes = round(min(max(nodes, math.ceil(degree + 1)), most))
        degree = defaults.mean_degree if degree is None else degree
        if edges is None:
            edges = min(max(round(degree * nodes / 2), nodes - 1), nodes * (nodes - 1) // 2)
        return {"nodes": nodes, "edges": edges, "mean_degree": None}


def _number(name: str, value: Any, above: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{name} is {value!r}, must be a finite number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}, must be a finite number")
    if not above < number <= MAX_COORDINATE:
        raise ValueError(f"{name} is {number:g}, must be > {above:g} and at most {MAX_COORDINATE:g}")
    return number


def _whole(name: str, value: Any, least: int) -> int | None:
    if value is None:
        return None
    number = _number(name, value, above=0.0)
    if number is None or number != int(number) or number < least:
        raise ValueError(f"{name} is {value}, must be a whole number >= {least}")
    return int(number)


def _extents(value: Any) -> tuple[float, float, float]:
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        dx, dy, dz = (float(v) for v in value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"extents is {value!r}, must be three numbers dx, dy, dz in mm") from None
    if not all(0 <= v <= MAX_COORDINATE for v in (dx, dy, dz)) or dx == dy == dz == 0:
        raise ValueError(f"extents is ({dx:g}, {dy:g}, {dz:g}) mm, must be >= 0, at most {MAX_COORDINATE:g}, not all 0")
    return dx, dy, dz
