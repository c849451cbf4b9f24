"""Scans to webs: from a point cloud to a graph of straight struts, each with the confidence that it is there.

>>> result = scan_web(points, voxel=2.0, gap=25.0, scale=(1, 1, 2))
>>> result.web, result.confidence, result.report["points_explained"]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.sources.scan import links, quality, voxels
from structgen.sources.scan.strands import (
    BoolArray,
    FloatArray,
    Strands,
    contracted,
    folded,
    pruned,
    refined,
    straightened,
    traced,
    without_crumbs,
)
from structgen.web import DEFAULT_RADIUS, MAX_COORDINATE, WebGraph

#: Silk type of edges that were invented to connect the parts of a web.
BRIDGE = 8
MAX_POINTS = 50_000_000
#: Lengths in voxels. A point needs NEIGHBOURS others within STRAY. A strut leaves the skeleton by at most BEND, where
#: threads are straight. Junctions nearer than JUNCTION are one, a fork is drawn into the junction it leads to where no
#: thread leaves its skeleton by FORK. Points within SUPPORT belong to a strut, within TRUST they show that it is there;
#: threads within CROSSING touch.
STRAY, NEIGHBOURS = 3.0, 3
BEND, JUNCTION, FORK, SUPPORT, TRUST, CROSSING = 1.5, 5.0, 2.5, 2.0, 1.5, 1.5


@dataclass(frozen=True)
class ScanResult:
    """A web read from a scan.

    Arguments:
        web: the web; struts that were invented to connect its parts are of kind 8, bridge, all others of kind 0.
        confidence: ``(m,)`` share of each strut's length that points support, 0 to 1; 0 for invented struts.
        report: how good it is, JSON values; see `structgen.sources.scan.quality.report`.
        points: ``(p, 3)`` points in mm that were used: those that are neither stray nor in a body.
    """

    web: WebGraph
    confidence: FloatArray
    report: dict[str, Any]
    points: FloatArray


def scan_web(
    points: npt.ArrayLike,
    voxel: float,
    gap: float,
    scale: Sequence[float] = (1.0, 1.0, 1.0),
    *,
    connect: bool = False,
    keep_all: bool = False,
    spur: float = 5.0,
    body: int = 5,
    radius: float = DEFAULT_RADIUS,
) -> ScanResult:
    """The web that a point cloud shows.

    Stray points and bodies go; the rest is voxelised, thinned to a skeleton, and split at junctions and where threads
    bend; spurs are pruned, junctions that thinning has parted are joined, nodes are moved to where lines fitted to the
    points meet. Then loose ends that face each other are joined over gaps, threads that cross get a junction, and ends
    that run into a thread a T-joint.

    Arguments:
        points: ``(p, 3)`` points, in any unit.
        voxel: side of a voxel in mm: about the thickness of a thread in the scan, and less than a fifth of a mesh.
        gap: longest lost stretch of thread in mm that is filled in; 0 fills none.
        scale: mm per unit of ``points`` along x, y, z.
        connect: join all parts, the nearest first, by invented struts (kind 8, confidence 0) to one connected web.
        keep_all: keep all parts though not connected; by default the one with the most nodes.
        spur: side branches, and parts, shorter than this many voxels are taken for noise.
        body: what is thicker than about twice this many voxels is no thread and goes; 0 keeps all.
        radius: strut radius in mm that the web gets; a scan does not show it.

    Needs scikit-image. Raises `ValueError` naming the argument that is wrong, or if there is no thread.
    """
    cloud, h, reach = _checked(points, voxel, gap, scale)
    for name, number in (("spur", spur), ("body", body)):
        if not 0 <= number < 1000:
            raise ValueError(f"{name} is {number}, must be a number of voxels from 0 to below 1000")
    keep = ~voxels.lonely(cloud, STRAY * h, NEIGHBOURS)
    counts = {"points": len(cloud), "points_stray": int((~keep).sum())}
    cloud = cloud[keep]
    graph, inside = Strands.of(np.empty((0, 3)), []), np.empty(0, bool)
    if len(cloud):
        graph, inside = _skeleton_graph(cloud, h, spur, int(body))
        cloud = cloud[~inside]
    counts["points_in_bodies"] = int(inside.sum())
    if not len(graph.edges):
        raise ValueError(
            f"no thread of {spur:g} voxels is found: of {counts['points']} points {counts['points_stray']} are stray "
            f"(fewer than {NEIGHBOURS} others within {STRAY * h:g} mm), {counts['points_in_bodies']} in bodies; "
            f"try another voxel, it is {h:g} mm"
        )
    graph = _tidied(_linked(graph, reach, h), cloud, h, spur)
    parts = quality.parts(graph)
    bridges = np.empty((0, 2, 3))
    if connect:
        graph, bridges = links.bridged(graph, max(0.25 * reach, 4 * h))
    web = WebGraph(graph.pos, graph.edges.T, np.asarray(radius), np.where(_invented(graph, bridges), BRIDGE, 0))
    if not (connect or keep_all):
        web = web.largest_component()
    confidence = quality.confidence(web, cloud, TRUST * h)
    confidence[web.kind == BRIDGE] = 0.0
    report = counts | quality.report(web, confidence, cloud, SUPPORT * h) | {"before_selection": parts}
    report["length_supported_by_chance"] = round(quality.support_by_chance(web, cloud, TRUST * h), 4)
    report["parameters"] = {
        "voxel_mm": h, "gap_mm": reach, "scale": [float(s) for s in scale], "connect": connect, "keep_all": keep_all,
        "spur_voxels": spur, "body_voxels": body,
    }  # fmt: skip
    return ScanResult(web, confidence, report, cloud)


def _checked(
    points: npt.ArrayLike, voxel: float, gap: float, scale: Sequence[float]
) -> tuple[FloatArray, float, float]:
    """Points, voxel and gap in mm."""
    cloud = np.asarray(points)
    if cloud.ndim != 2 or cloud.shape[1] != 3 or cloud.dtype.kind not in "iuf":
        raise ValueError(f"points are {cloud.dtype} of shape {cloud.shape}, expected numbers of shape (p, 3)")
    if not 2 <= len(cloud) <= MAX_POINTS:
        raise ValueError(f"points are {len(cloud)}, must be 2 to {MAX_POINTS}")
    factors = np.asarray(scale, float)
    if factors.shape != (3,) or not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError(f"scale is {scale}, must be three numbers > 0, mm per unit along x, y, z")
    for name, value, least in (("voxel", voxel, "> 0"), ("gap", gap, ">= 0")):
        if not (np.isfinite(value) and (value > 0 or (name == "gap" and value == 0))):
            raise ValueError(f"{name} is {value}, must be a finite length {least} in mm")
    cloud = cloud.astype(float) * factors
    bad = ~np.isfinite(cloud).all(axis=1) | (np.abs(cloud) > MAX_COORDINATE).any(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"points row {row} is {cloud[row]} mm: must be finite and within +-{MAX_COORDINATE:g} mm")
    return cloud, float(voxel), float(gap)


def _skeleton_graph(points: FloatArray, h: float, spur: float, body: int) -> tuple[Strands, BoolArray]:
    """The graph of the skeleton of ``points``, and which of them lie in bodies."""
    grid = voxels.thickened(voxels.voxelised(points, h))
    bodies = voxels.bodies(grid, body)
    inside = bodies[grid.cells(points)]
    grid.filled[bodies] = False
    cells = voxels.skeleton(grid)
    graph = without_crumbs(traced(cells, grid.centres(cells)), (spur + 1) * h)
    graph = straightened(pruned(contracted(graph, 2 * h), spur * h), BEND * h)
    return _tidied(graph, points[~inside], h, spur), inside


def _linked(graph: Strands, gap: float, h: float) -> Strands:
    graph = links.crossings_joined(links.gaps_closed(graph, gap, h), CROSSING * h)
    return links.t_joints(graph, gap, h)


def _tidied(graph: Strands, points: FloatArray, h: float, spur: float) -> Strands:
    graph = pruned(contracted(graph, JUNCTION * h), spur * h)
    for _ in range(2):
        graph = refined(graph, points, SUPPORT * h, SUPPORT * h)
        graph = folded(straightened(graph, BEND * h), FORK * h)
    return contracted(refined(graph, points, SUPPORT * h, SUPPORT * h), JUNCTION * h)


def _invented(graph: Strands, bridges: FloatArray) -> BoolArray:
    """``(m,)`` which edges are bridges."""
    ends = {frozenset(map(tuple, bridge)) for bridge in bridges.tolist()}
    return np.array([frozenset(map(tuple, pair)) in ends for pair in graph.pos[graph.edges].tolist()], bool)
