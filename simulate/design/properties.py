"""What a web is, by the predictor and by the test."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.labels import PROPERTIES, TEST
from simulate.mechanics.predictor.network import Predictor
from simulate.mechanics.predictor.predict import predict
from simulate.mechanics.silk import LAWS
from simulate.mechanics.virtual_tests import tension
from structgen.web import WebGraph


def shape_of(web: WebGraph) -> dict[str, float]:
    """What needs no test: mass in g of silk with the web's radii, lengths in mm, counts."""
    lengths = web.lengths
    return {
        "mass": float((lengths * np.pi * web.radius**2).sum()) * LAWS[TEST["law"]].density * 1e-3,
        "thread_length": float(lengths.sum()), "mean_edge_length": float(lengths.mean()),
        **dict(zip(("dx", "dy", "dz"), web.extents.tolist(), strict=True)),
        "nodes": float(web.n), "edges": float(web.m), "mean_degree": 2 * web.m / web.n,
    }  # fmt: skip


def predicted_of(web: WebGraph, axis: Any, network: Predictor) -> tuple[dict[str, float], dict[str, float]]:
    """All properties of `simulate.design.wishes.UNITS`, and standard deviations of the logarithms of those predicted.

    Raises `ValueError` for a web that cannot be pulled along ``axis``.
    """
    found = predict(web, axis, network)
    section = float((web.lengths * np.pi * web.radius**2).sum()) / grips_of(web, axis, TEST["grips"]).length
    values = dict(zip(PROPERTIES, found.median.tolist(), strict=True)) | {"load": found.strength * section}
    deviations = dict(zip(PROPERTIES, found.deviation.tolist(), strict=True))
    return values | shape_of(web), deviations | {"load": deviations["strength"]}


def simulated_of(web: WebGraph, axis: Any) -> dict[str, float]:
    """The same from the test itself; raises as `tension` does."""
    result = tension(web, axis=axis, **TEST)
    values = {name: float(getattr(result, name)) for name in PROPERTIES}
    return values | {"load": result.strength * result.section} | shape_of(web)
