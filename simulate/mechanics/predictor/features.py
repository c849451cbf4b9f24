"""A web and how it is pulled, as the network sees it: numbers that turning, moving and scaling do not change.

Stresses of a web pulled slowly depend neither on its size nor on the common scale of its radii, nor on how it is
turned about the axis or mirrored: only lengths over lengths, areas over areas and directions to the axis go in. Silk
kinds do not: in the test that is learned all threads follow one law. A quick test comes first, and what it found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.labels import TEST
from simulate.mechanics.predictor.paths import taut_strains
from simulate.mechanics.predictor.quick import quick_test
from simulate.mechanics.silk import LAWS
from structgen.web import FloatArray, IntArray, WebGraph

Float32Array = npt.NDArray[np.float32]

#: Strain beyond which it does not matter when a path is taut.
LATE = 6.0
#: Least estimate of the quick test, MPa: where no path is taut within the test.
LEAST = 0.1
#: Columns of `Seen`.
NODE_FEATURES, EDGE_FEATURES, WHOLE_FEATURES = 6, 9, 16


@dataclass(frozen=True)
class Seen:
    """``node (n, NODE_FEATURES)``, ``edge (m, EDGE_FEATURES)``, ``whole (WHOLE_FEATURES,)``, ``ends (2, m)``.

    ``estimate (3,)``: logarithms of stiffness, strength and toughness (MPa) by the quick test, from which the network
    goes on.
    """

    node: Float32Array
    edge: Float32Array
    whole: Float32Array
    estimate: Float32Array
    ends: IntArray


def seen(web: WebGraph, axis: npt.ArrayLike | str = "x") -> Seen:
    """``web`` pulled along ``axis``, with the grips of the test that is learned.

    Raises `ValueError` where `grips_of` does.
    """
    grips = grips_of(web, axis, TEST["grips"])
    i, j = web.edge_index
    lengths, area = web.lengths, np.pi * web.radius**2
    if not lengths.all():
        raise ValueError(f"web: edge {int(lengths.argmin())} has no length")
    mean, section = float(lengths.mean()), float((lengths * area).sum()) / grips.length
    mean_area = float((lengths * area).sum() / lengths.sum())
    place = web.pos @ grips.axis
    across = web.pos - np.outer(place, grips.axis)
    middle = (place[grips.held].min() + place[grips.held].max()) / 2
    reach = np.linalg.norm(across - across.mean(axis=0), axis=1)
    node_taut, edge_taut = taut_strains(web, grips)
    quick = quick_test(web, grips, LAWS[TEST["law"]], TEST["to_strain"], float(node_taut.min()))
    along = np.abs(place[i] - place[j])
    straight = (along / lengths) ** 2
    node = [
        np.log(web.degree), web.degree == 1, grips.held, np.abs(place - middle) / grips.length, reach / grips.length,
        _soon(node_taut),
    ]  # fmt: skip
    edge = [
        np.log(lengths / mean), np.log(area / mean_area), straight, along / grips.length, _soon(edge_taut),
        grips.held[i] ^ grips.held[j], grips.held[i] & grips.held[j], quick.turn > 0, 1 / np.maximum(quick.turn, 1),
    ]  # fmt: skip
    whole = [
        np.log(web.n), 2 * web.m / web.n, np.log(mean / grips.length), np.log(section / mean_area),
        np.log(lengths / mean).std(), np.log(area / mean_area).std(), np.log(grips.held.sum()),
        float(grips.name == "anchors"), float(reach.max()) / grips.length, float(reach.mean()) / grips.length,
        float(straight.mean()), _soon(node_taut.min()), np.log1p(quick.turn.max()), *quick.strain, quick.rough,
    ]  # fmt: skip
    return Seen(
        np.column_stack(node).astype(np.float32), np.column_stack(edge).astype(np.float32),
        np.array(whole, np.float32), np.log(np.maximum(quick.values, LEAST)).astype(np.float32), web.edge_index,
    )  # fmt: skip


def _soon(strain: FloatArray) -> FloatArray:
    """Strains from 0 to 1, those beyond `LATE` alike."""
    capped = np.minimum(strain, LATE)
    soon: FloatArray = capped / (1 + capped) * (1 + LATE) / LATE
    return soon
