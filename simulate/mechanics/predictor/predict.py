"""Stiffness, strength and toughness of a web without a test: what the network says, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from simulate.mechanics.predictor.features import seen
from simulate.mechanics.predictor.labels import PROPERTIES, UNITS
from simulate.mechanics.predictor.network import Predictor
from simulate.mechanics.predictor.quality import predicted
from simulate.mechanics.predictor.store import SHIPPED, load_predictor
from structgen.web import FloatArray, WebGraph

#: Nodes of the webs that the shipped network was trained on: of others it knows nothing.
FEWEST_NODES, MOST_NODES = 8, 128


@dataclass(frozen=True)
class Properties:
    """``median (3,)``: stiffness and strength, MPa, and toughness, MJ/m^3, as of `TensionResult`; as likely too low as
    too high. ``deviation (3,)``: standard deviation of their logarithms, 0.1 is about 10 %: 68 % of webs are within it,
    95 % within ``far (3,)`` times it."""

    median: FloatArray
    deviation: FloatArray
    far: FloatArray

    @property
    def stiffness(self) -> float:
        """MPa."""
        return float(self.median[0])

    @property
    def strength(self) -> float:
        """MPa."""
        return float(self.median[1])

    @property
    def toughness(self) -> float:
        """MJ/m^3."""
        return float(self.median[2])

    def interval(self, percent: int = 68) -> FloatArray:
        """``(3, 2)`` lower and upper ends between which ``percent`` of webs lie, 68 or 95; `ValueError` for others."""
        if percent not in (68, 95):
            raise ValueError(f"percent is {percent!r}, must be 68 or 95")
        factor = np.exp(self.deviation * (self.far if percent == 95 else 1.0))
        ends: FloatArray = np.column_stack([self.median / factor, self.median * factor])
        return ends

    def as_dict(self) -> dict[str, Any]:
        """The numbers with their units, for JSON."""
        ends = {f"{percent} %": self.interval(percent).tolist() for percent in (68, 95)}
        return {
            name: {"median": float(self.median[k]), **{key: rows[k] for key, rows in ends.items()}, "unit": UNITS[name]}
            for k, name in enumerate(PROPERTIES)
        }


def predict(web: WebGraph, axis: Any = "x", network: str | Path | Predictor = SHIPPED) -> Properties:
    """`Properties` of ``web`` pulled along ``axis`` as ``tension(web, "dragline", axis, to_strain=3)`` pulls it.

    >>> from simulate import predict
    >>> found = predict(web, axis="x")
    >>> found.strength, found.interval()[1]

    Arguments:
        axis: ``"x"``, ``"y"``, ``"z"`` or a vector.
        network: the shipped one, a ``.safetensors`` file of `structgen train predictor`, or one that is loaded.

    Raises `ValueError` for a web that cannot be pulled so, or of fewer or more nodes than the network was trained on.
    """
    return predictions([web], axis, network)[0]


def predictions(
    webs: Sequence[WebGraph], axis: Any = "x", network: str | Path | Predictor = SHIPPED
) -> list[Properties]:
    """`predict` of each of ``webs``, all at once."""
    for k, web in enumerate(webs):
        if not FEWEST_NODES <= web.n <= MOST_NODES:
            raise ValueError(
                f"web {k} has {web.n} nodes, must have {FEWEST_NODES} to {MOST_NODES}, as those the predictor was "
                "trained on; `tension` simulates any"
            )
    loaded = network if isinstance(network, Predictor) else _loaded(str(network))
    mean, deviation = predicted(loaded, [seen(web, axis) for web in webs])
    far = loaded.far.double().numpy()
    return [Properties(np.exp(m), d, far) for m, d in zip(mean, deviation, strict=True)]


@lru_cache(maxsize=4)
def _loaded(name: str) -> Predictor:
    return load_predictor(name)
