"""The main job from end to end: time by stage, the part checked by trimesh, same seed same bytes.

With ``--web FILE`` the job begins with a web of your own, on which the model is fine-tuned.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from common import parser, save, table

from structgen import read_web

PROGRAM = str(Path(sys.executable).with_name("structgen"))


def run(folder: Path, seed: int, web: Path | None) -> tuple[dict[str, Any], float]:
    """The report of one run into ``folder``, and its wall-clock seconds."""
    began = time.perf_counter()
    command = [PROGRAM, "demo", *([str(web)] if web else []), "-o", str(folder), "--seed", str(seed), "-q"]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report, seconds


def part_facts(folder: Path) -> dict[str, Any]:
    """What trimesh says of the STL, and how far its extents are from those of the web."""
    mesh = trimesh.load_mesh(folder / "web.stl")
    web = read_web(folder / "web.npz")
    excess = np.asarray(mesh.extents) - web.extents
    return {
        "watertight": bool(mesh.is_watertight),
        "bodies": int(mesh.body_count),
        "volume_mm3": float(mesh.volume),
        "components": int(web.components().max()) + 1,
        "extents_beyond_web_mm": excess.tolist(),
        "largest_strut_diameter_mm": 2 * float(web.radius.max()),
    }


def digests(folder: Path) -> dict[str, str]:
    """Hashes of the files that a seed decides."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("web.stl", "web.npz", "web.3mf")
    }


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--web", type=Path)
    arguments.add_argument("--once", action="store_true", help="leave out the runs that compare bytes")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        seeds = {"first": 0} if options.once else {"first": 0, "again": 0, "other": 1}
        runs = {part: run(Path(name) / part, seed, options.web) for part, seed in seeds.items()}
        report, seconds = runs["first"]
        facts = part_facts(Path(name) / "first")
        found = {part: digests(Path(name) / part) for part in seeds}
    asked = np.array([[m["asked"][k] for k in ("mean_edge_length", "dx", "dy", "dz")] for m in report["modules"]])
    reached = np.array([[m["reached"][k] for k in ("mean_edge_length", "dx", "dy", "dz")] for m in report["modules"]])
    facts |= {"struts": report["solid"]["struts"], "triangles": report["solid"]["triangles"]}
    facts |= {"largest_length_error": float(np.abs(reached[:, 0] / asked[:, 0] - 1).max())}
    facts |= {"largest_extent_error_mm": float(np.abs(reached - asked)[:, 1:].max())}
    if not options.once:
        facts["same seed, same bytes"] = found["first"] == found["again"]
        facts["other seed, other bytes"] = found["first"] != found["other"]
    print(table([["stage", "seconds"], *report["seconds"].items(), ["whole command", seconds]]))
    print(table([["the part", "value"], *facts.items()]))
    result = {"seconds": report["seconds"], "wall_seconds": {part: s for part, (_, s) in runs.items()}, "part": facts}
    save("main_job_own_web" if options.web else "main_job", result, options.output)


if __name__ == "__main__":
    main()
