"""Scans to graphs, checked by a round trip: web -> noisy point cloud with lost threads -> web.

Points: 4 a voxel along a strut, Gaussian noise of 0.3 voxel along each axis, 0.5 % stray points. Lost are whole
struts, or pieces of struts as long as a mean strut's 2/5. A junction (three or more struts) is found within 3 voxels,
one to one. Webs: a planar orb-like one made here, and with ``--web FILE`` one of yours (a tracing), planar or not.
``--scan FILE`` adds the quality report of a real scan.
"""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, save, table

from structgen import read_web
from structgen.sources.clouds import read_cloud
from structgen.sources.scan import scan_web
from structgen.sources.scan.round_trip import junction_score, sampled
from structgen.web import WebGraph

LOST = (0.0, 0.1, 0.25)
#: The claims: least F1 at each share lost, and the largest error of the total length where one is claimed.
LEAST_F1, LENGTH_ERROR = (0.95, 0.90, 0.80), (0.05, 0.05, None)
#: In mean strut lengths: a voxel, the gap that is closed, and a lost piece.
VOXEL, GAP, PIECE = 1 / 24, 3.3, 0.4
KINDS = ("whole struts", "pieces")
MATCH_VOXELS = 3


def orb_like(radii: int = 26, turns: int = 20, seed: int = 0) -> WebGraph:
    """A planar web of radii, rings of capture thread and anchors, with uneven meshes; about 24 mm a turn."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * (np.arange(radii) + rng.uniform(-0.2, 0.2, radii)) / radii
    reach = 6.0 + 2.4 * np.arange(turns + 1)
    distance = reach[:, None] + rng.uniform(-0.5, 0.5, (turns + 1, radii))
    distance[-1] += 8.0 + rng.uniform(0, 8, radii)
    pos = np.stack([distance * np.cos(angle), distance * np.sin(angle), np.zeros_like(distance)], axis=-1).reshape(
        -1, 3
    )
    node = np.arange(len(pos)).reshape(turns + 1, radii)
    rings = [(a, b) for ring in node[:-1] for a, b in zip(ring, np.roll(ring, -1), strict=True)]
    spokes = [(a, b) for inner, outer in pairwise(node) for a, b in zip(inner, outer, strict=True)]
    return WebGraph.from_edges(pos, np.array(rings + spokes))


def trip(web: WebGraph, kind: str, lost: float, seed: int) -> dict[str, Any]:
    """One round trip."""
    mean = float(web.lengths.mean())
    voxel = VOXEL * mean
    points = sampled(web, voxel, seed, lost, PIECE * mean if kind == "pieces" else None)
    began = time.perf_counter()
    result = scan_web(points, voxel, GAP * mean)
    seconds = time.perf_counter() - began
    f1, precision, recall = junction_score(result.web, web, MATCH_VOXELS * voxel)
    length = float(result.web.lengths.sum() / web.lengths.sum())
    return {
        "lost": kind, "share": lost, "seed": seed, "F1": f1, "precision": precision, "recall": recall,
        "length": length, "supported": result.report["length_supported"], "points": len(points), "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--web", type=Path, action="append", default=[])
    arguments.add_argument("--scan", type=Path, action="append", default=[])
    arguments.add_argument("--voxel", type=float, default=3.0, help="for --scan")
    arguments.add_argument("--gap", type=float, default=40.0, help="for --scan")
    arguments.add_argument("--spur", type=float, default=3.0, help="for --scan")
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    result: dict[str, Any] = {"trips": {}, "scans": {}}
    webs = {"orb-like": orb_like()} | {path.stem: read_web(path) for path in options.web}
    for name, web in webs.items():
        rows = [trip(web, kind, lost, seed) for kind in KINDS for lost in LOST for seed in range(options.seeds)]
        result["trips"][name] = rows
        print(f"{name}: {web}, voxel {VOXEL * web.lengths.mean():.3g} mm")
        print(table([list(rows[0]), *(list(row.values()) for row in rows)]))
        for kind in KINDS:
            for lost, least, error in zip(LOST, LEAST_F1, LENGTH_ERROR, strict=True):
                chosen = [row for row in rows if row["lost"] == kind and row["share"] == lost]
                f1 = min(row["F1"] for row in chosen)
                off = max(abs(row["length"] - 1) for row in chosen)
                holds = f1 >= least and (error is None or off <= error)
                claim = f"F1 >= {least}" + (f", length within {error:.0%}" if error else "")
                print(f"{kind}, {lost:.0%} lost: worst F1 {f1:.3f}, length off {off:.1%}; {claim}: "
                      f"{'holds' if holds else 'DOES NOT HOLD'}")  # fmt: skip
    for path in options.scan:
        modes: list[dict[str, Any]] = [{"keep_all": True}, {"connect": True}, {}]
        for mode in modes:
            scan = scan_web(read_cloud(path), options.voxel, options.gap, spur=options.spur, **mode)
            report = scan.report | {"suspicious_edges": len(scan.report["suspicious_edges"])}
            result["scans"][f"{path.stem} {' '.join(mode) or 'largest'}"] = report
            print(table([[path.stem, " ".join(mode) or "largest"], *report.items()]))
    save("scan_round_trip", result, options.output)


if __name__ == "__main__":
    main()
