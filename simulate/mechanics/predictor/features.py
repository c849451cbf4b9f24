"""A web and how it is pulled, as the network sees it: numbers that turning, moving and scaling do not change.

Stresses of a web pulled slowly depend neither on its size nor on the common scale of its radii, nor on how it is
turned about the axis or mirrored: only lengths over lengths, areas over areas and directions to the axis go in. Silk
kinds do not: in the test that is learned all threads follow one law. What many
layers of messages would be needed for, shortest paths and flow between grips, is worked out before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_flow
from scipy.sparse.linalg import spsolve

from simulate.mechanics.grips import Grips, grips_of
from simulate.mechanics.predictor.labels import TEST
from simulate.mechanics.predictor.paths import Bundle, bundle_of, taut_strains
from simulate.mechanics.silk import LAWS
from structgen.web import FloatArray, IntArray, WebGraph

Float32Array = npt.NDArray[np.float32]

#: Strain beyond which it does not matter when a path is taut, and how many paths the network is told of.
LATE, FIRST_PATHS = 6.0, (0, 1, 2, 3, 5, 7, 11)
#: Areas are rounded to this many parts of the largest for the largest flow.
PARTS = 10_000
#: Least estimate of the bundle, MPa: where no path is taut within the test.
LEAST = 0.1
#: Columns of `Seen`.
NODE_FEATURES, EDGE_FEATURES, WHOLE_FEATURES, ESTIMATES = 9, 9, 15 + len(FIRST_PATHS), 3


@dataclass(frozen=True)
class Seen:
    """``node (n, NODE_FEATURES)``, ``edge (m, EDGE_FEATURES)``, ``whole (WHOLE_FEATURES,)``, ``ends (2, m)``.

    ``estimate (3,)``: logarithms of stiffness, strength and toughness (MPa) of the web as a bundle of paths, from which
    the network goes on.
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
    node_taut, edge_taut = (_soon(strain) for strain in taut_strains(web, grips))
    bundle = bundle_of(web, grips)
    potential, flow, conductance = _flow(web, grips, area / lengths)
    along = np.abs(place[i] - place[j])
    node = [
        np.log(web.degree), web.degree == 1, grips.held, np.abs(place - middle) / grips.length, reach / grips.length,
        node_taut, np.abs(potential), np.abs(potential - (place - middle) / grips.length),
        np.bincount(web.edge_index.ravel(), np.tile(flow, 2), web.n) / section,
    ]  # fmt: skip
    edge = [
        np.log(lengths / mean), np.log(area / mean_area), (along / lengths) ** 2, along / grips.length, edge_taut,
        np.log1p(flow / section), np.log1p(flow / area), grips.held[i] ^ grips.held[j], grips.held[i] & grips.held[j],
    ]  # fmt: skip
    soon = _soon(np.resize(np.append(bundle.taut, np.full(FIRST_PATHS[-1] + 1, np.inf)), FIRST_PATHS[-1] + 1))
    whole = [
        np.log(web.n), 2 * web.m / web.n, np.log(mean / grips.length), np.log(section / mean_area),
        np.log(lengths / mean).std(), np.log(area / mean_area).std(), np.log(grips.held.sum()),
        float(grips.name == "anchors"), np.log(conductance / (section / grips.length) + 1e-6),
        _least_cut(web, grips, area) / section, float(reach.max()) / grips.length, float(reach.mean()) / grips.length,
        float(((along / lengths) ** 2).mean()), np.log1p(len(bundle.taut)), float((node_taut < 1).mean()),
        *soon[list(FIRST_PATHS)],
    ]  # fmt: skip
    return Seen(
        np.column_stack(node).astype(np.float32), np.column_stack(edge).astype(np.float32),
        np.array(whole, np.float32), _estimate(bundle, section, grips.length), web.edge_index,
    )  # fmt: skip


def _soon(strain: FloatArray) -> FloatArray:
    """Strains from 0 to 1, those beyond `LATE` alike."""
    capped = np.minimum(strain, LATE)
    soon: FloatArray = capped / (1 + capped) * (1 + LATE) / LATE
    return soon


def _estimate(bundle: Bundle, section: float, length: float) -> Float32Array:
    found = bundle.pulled(LAWS[TEST["law"]], TEST["to_strain"], section, length)
    estimate: Float32Array = np.log(np.maximum(found, LEAST)).astype(np.float32)
    return estimate


def _flow(web: WebGraph, grips: Grips, conductance: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Where nodes would be, along the axis in lengths, if threads had no length at rest; the forces; their sum.

    ``(n,)``, ``(m,)`` with EA/l of each thread its conductance; the whole's bounds the stiffness over E.
    """
    i, j = web.edge_index
    held = grips.held
    known = (grips.velocity @ grips.axis) / grips.length
    if known[held].min() >= 0:  # of two plates one stands still
        known = np.where(held, known - 0.5, 0.0)
    potential = known.copy()
    if not held.all():
        free = np.flatnonzero(~held)
        rows, columns = np.concatenate([i, j, i, j]), np.concatenate([j, i, i, j])
        values = np.concatenate([-conductance, -conductance, conductance, conductance])
        laplacian = csr_array(coo_array((values, (rows, columns)), shape=(web.n, web.n)))
        potential[free] = spsolve(laplacian[free][:, free].tocsc(), -laplacian[free] @ known)
    steps = np.abs(potential[i] - potential[j])
    flow = conductance * steps
    return potential, flow * grips.length, float((flow * steps).sum())


def _least_cut(web: WebGraph, grips: Grips, area: FloatArray) -> float:
    """Area of the fewest threads that part the held nodes of one end from those of the other."""
    i, j = web.edge_index
    place = grips.velocity @ grips.axis
    middle = (place[grips.held].min() + place[grips.held].max()) / 2
    low, high = np.flatnonzero(grips.held & (place < middle)), np.flatnonzero(grips.held & (place >= middle))
    source, sink, unit = web.n, web.n + 1, float(area.max()) / PARTS
    parts = np.maximum(1, np.round(area / unit)).astype(np.int32)
    many = np.full(len(low) + len(high), min(int(parts.sum()), 2**30), np.int32)
    rows = np.concatenate([i, j, np.full(len(low), source), high])
    columns = np.concatenate([j, i, low, np.full(len(high), sink)])
    capacity = csr_array(
        coo_array((np.concatenate([parts, parts, many]), (rows, columns)), shape=(web.n + 2, web.n + 2))
    )
    return float(maximum_flow(capacity.astype(np.int32), source, sink).flow_value) * unit
