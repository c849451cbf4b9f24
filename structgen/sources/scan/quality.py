"""How good a web read from a scan is: what points support, and what is suspicious."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from structgen.sources.scan.strands import FloatArray, Strands, nearest_edge, samples
from structgen.web import WebGraph

#: Struts with points along less than this share of their length are suspicious.
DOUBTFUL = 0.5


def confidence(web: WebGraph, points: FloatArray, reach: float) -> FloatArray:
    """``(m,)`` share of the length of each strut that has a point within ``reach`` mm."""
    start, end = web.pos[web.edge_index]
    place, owner = samples(start, end, reach / 4)
    distance, _ = cKDTree(points).query(place, distance_upper_bound=reach)
    share: FloatArray = np.bincount(owner, np.isfinite(distance), web.m) / np.bincount(owner, minlength=web.m)
    return share


def support_by_chance(web: WebGraph, points: FloatArray, reach: float) -> float:
    """Share of the length of ``web`` that ``points`` would support if it lay 4 ``reach`` off, mean of six directions.

    What support is worth: among dense points a strut is supported wherever it lies.
    """
    shifts = 4 * reach * np.concatenate([np.eye(3), -np.eye(3)])
    shares = [confidence(web.translated(shift), points, reach) @ web.lengths for shift in shifts]
    return float(np.mean(shares) / web.lengths.sum())


def parts(graph: Strands) -> dict[str, Any]:
    """Of all that is found, before a part is chosen or parts are bridged: length, parts, share of the largest."""
    label = graph.components()
    length = np.bincount(label[graph.edges[:, 0]], graph.lengths, label.max() + 1)
    largest = int(np.bincount(label).argmax())
    return {
        "nodes": len(graph.pos),
        "edges": len(graph.edges),
        "length_mm": round(float(length.sum()), 3),
        "components": len(length),
        "largest_component_share": round(float(length[largest] / length.sum()), 4),
    }


def report(web: WebGraph, confident: FloatArray, points: FloatArray, reach: float) -> dict[str, Any]:
    """The quality of ``web`` against the ``points`` that it was read from, JSON values.

    ``points_explained``: share of the points within ``reach`` mm of a strut. ``length_supported``: share of the
    length that points support. ``suspicious_edges``: those with points along less than half of their length, without
    the invented ones. ``degree``: how many nodes have 1, 2, 3 ... struts.
    """
    graph = Strands(np.asarray(web.pos), np.ascontiguousarray(web.edge_index.T))
    near, _ = nearest_edge(graph, points, reach)
    invented = web.kind == 8
    suspicious = np.flatnonzero((confident < DOUBTFUL) & ~invented)
    degree = np.bincount(web.degree)
    return {
        "points_used": len(points),
        "points_explained": round(float((near >= 0).mean()), 4) if len(points) else 0.0,
        "nodes": web.n,
        "edges": web.m,
        "length_mm": round(float(web.lengths.sum()), 3),
        "length_supported": round(float(confident @ web.lengths / web.lengths.sum()), 4),
        "mean_confidence": round(float(confident.mean()), 4),
        "components": int(web.components().max()) + 1,
        "degree": {str(k): int(count) for k, count in enumerate(degree) if count},
        "suspicious_edges": suspicious.tolist(),
        "suspicious_length_mm": round(float(web.lengths[suspicious].sum()), 3),
        "invented_edges": int(invented.sum()),
        "invented_length_mm": round(float(web.lengths[invented].sum()), 3),
    }
