"""From a web to a noisy, incomplete point cloud, and how well a web read back agrees: a check of reading scans."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from structgen.seeds import generator
from structgen.sources.scan.strands import FloatArray
from structgen.web import WebGraph


def sampled(
    web: WebGraph,
    voxel: float,
    seed: int,
    lost: float = 0.0,
    piece: float | None = None,
    density: float = 4.0,
    noise: float = 0.3,
    stray: float = 0.005,
) -> FloatArray:
    """``(p, 3)`` points as a scanner might see ``web``, mm.

    Arguments:
        voxel: the length in mm that ``density`` and ``noise`` refer to.
        seed: same seed, same points.
        lost: share of the web that is not seen.
        piece: what is lost: pieces of struts of about this length in mm, or whole struts if None.
        density: points a voxel along a strut, at even random places.
        noise: standard deviation of a point along each axis, in voxels.
        stray: share of points added anywhere in the box.
    """
    for name, value in (("lost", lost), ("stray", stray)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value}, must be a share from 0 to below 1")
    rng = generator(seed)
    start, end = web.pos[web.edge_index]
    pieces = np.ones(web.m, int) if piece is None else np.maximum(np.rint(web.lengths / piece), 1).astype(int)
    first = np.cumsum(pieces) - pieces
    seen = rng.random(pieces.sum()) >= lost
    count = np.maximum(np.rint(density * web.lengths / voxel), 1).astype(int)
    edge = np.repeat(np.arange(web.m), count)
    share = rng.random(len(edge))
    kept = seen[first[edge] + (share * pieces[edge]).astype(int)]
    points = (start[edge] + share[:, None] * (end - start)[edge])[kept]
    points += noise * voxel * rng.standard_normal(points.shape)
    margin = 5 * voxel
    box = points.min(axis=0) - margin, points.max(axis=0) + margin
    return np.concatenate([points, rng.uniform(*box, (int(stray * len(points)), 3))])


def junction_score(web: WebGraph, truth: WebGraph, distance: float) -> tuple[float, float, float]:
    """F1, precision and recall of the junctions (nodes of three or more struts) of ``web``.

    A junction is found if one of ``truth`` lies within ``distance`` mm; each is found once, nearest first.
    """
    found, true = web.pos[web.degree > 2], truth.pos[truth.degree > 2]
    if not len(found) or not len(true):
        return 0.0, 0.0, 0.0
    pairs = cKDTree(found).sparse_distance_matrix(cKDTree(true), distance, output_type="coo_matrix")
    taken: tuple[set[int], set[int]] = (set(), set())
    for k in np.argsort(pairs.data, kind="stable").tolist():
        i, j = int(pairs.row[k]), int(pairs.col[k])
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
    hits = len(taken[0])
    return 2 * hits / (len(found) + len(true)), hits / len(found), hits / len(true)
