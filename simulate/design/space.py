"""What is varied: design targets, within ranges."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from structgen.targets import DesignTargets

#: Ranges by default, and the widest allowed. ``spacing`` is the mean edge length over the box's diagonal by the cube
#: root of the nodes: a mean edge length that fits the box and the nodes.
RANGES: Mapping[str, tuple[float, float]] = {
    "nodes": (12, 96), "mean_degree": (2.0, 3.3), "spacing": (0.25, 0.5), "dx": (20, 60), "dy": (20, 60),
    "dz": (20, 60),
}  # fmt: skip
LIMITS: Mapping[str, tuple[float, float]] = {
    "nodes": (8, 128), "mean_degree": (1.5, 4.0), "spacing": (0.1, 1.0), "dx": (1e-3, 1e4), "dy": (1e-3, 1e4),
    "dz": (1e-3, 1e4),
}  # fmt: skip

_RANGE = re.compile(r"\s*([a-z_-]+)\s*=\s*([-+0-9.eE]+?)\s*(?:\.\.\s*([-+0-9.eE]+?))?\s*")


@dataclass(frozen=True)
class Space:
    """``ranges``: low and high of each of `RANGES`; those left out are as there."""

    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (low, high) in self.ranges.items():
            if name not in RANGES:
                raise ValueError(f"range of {name!r}: must be of one of {', '.join(RANGES)}")
            least, most = LIMITS[name]
            if not least <= low <= high <= most:
                raise ValueError(f"range {name} is {low:g}..{high:g}, must rise and lie in {least:g}..{most:g}")
            if name == "nodes" and (low != int(low) or high != int(high)):
                raise ValueError(f"range nodes is {low:g}..{high:g}, must be of whole numbers")
        object.__setattr__(self, "ranges", dict(RANGES) | dict(self.ranges))

    @classmethod
    def of(cls, texts: Sequence[str]) -> Space:
        """From texts: ``nodes=16..64``, or ``dx=40`` for what stays as it is."""
        ranges: dict[str, tuple[float, float]] = {}
        for text in texts:
            match = _RANGE.fullmatch(text)
            try:
                low, high = (float(match[2]), float(match[3] or match[2])) if match else (math.nan, math.nan)
            except ValueError:
                match = None
            if match is None:
                raise ValueError(f"range {text!r} must be NAME=LOW..HIGH or NAME=VALUE")
            name = match[1].replace("-", "_")
            if name in ranges:
                raise ValueError(f"range of {name} is given twice")
            ranges[name] = (low, high)
        return cls(ranges)

    @property
    def varied(self) -> list[str]:
        """Names of those whose range is not a single value."""
        return [name for name, (low, high) in self.ranges.items() if low < high]

    def shares(self, values: Mapping[str, float]) -> list[float]:
        """Where in their ranges ``values`` of the `varied` are, from 0 to 1."""
        ends = [(name, *self.ranges[name]) for name in self.varied]
        return [(values[name] - low) / (high - low) for name, low, high in ends]

    def values(self, shares: Sequence[float]) -> dict[str, float]:
        """The values of the `varied` at these `shares`."""
        values: dict[str, float] = {}
        for name, share in zip(self.varied, shares, strict=True):
            low, high = self.ranges[name]
            value = min(low + share * (high - low), high)
            values[name] = round(value) if name == "nodes" else value
        return values

    def suggested(self, trial: Any) -> DesignTargets:
        """The targets that an Optuna ``trial`` suggests."""
        return self.targets({
            name: trial.suggest_int(name, int(low), int(high)) if name == "nodes" else trial.suggest_float(
                name, low, high
            )
            for name, (low, high) in self.ranges.items()
        })  # fmt: skip

    @staticmethod
    def targets(values: Mapping[str, float]) -> DesignTargets:
        """The targets with these values of what is varied."""
        nodes = int(values["nodes"])
        edges = round(values["mean_degree"] * nodes / 2)
        box = (values["dx"], values["dy"], values["dz"])
        return DesignTargets(
            mean_edge_length=values["spacing"] * math.hypot(*box) / nodes ** (1 / 3), extents=box, nodes=nodes,
            edges=min(max(edges, nodes - 1), nodes * (nodes - 1) // 2),
        )  # fmt: skip
