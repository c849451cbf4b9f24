"""The distance field's solids: time, memory, triangles and volume; each case in a process of its own.

The web is a cubic lattice whose nodes are moved at random; radius 0.6 mm, struts 10 mm long or so. Volumes are compared
with an exact union (manifold3d, 32 sides) of the web of some 1,000 struts. Verification tests every face.
"""

from __future__ import annotations

import itertools
import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
from common import parser, save, table

from structgen.web import FloatArray, IntArray, WebGraph

RADIUS, SPACING = 0.6, 10.0
#: Nodes a side of the lattice: some 1,000 and 10,000 struts.
SIDES = (8, 15)
CASES: dict[str, dict[str, float]] = {
    "radius / 1.5": {"resolution": RADIUS / 1.5},
    "radius / 2.5": {"resolution": RADIUS / 2.5},
    "radius / 2.5, fillet 1 radius": {"resolution": RADIUS / 2.5, "fillet": RADIUS},
    "radius / 2.5, tapered": {"resolution": RADIUS / 2.5, "taper": 2.0},
}


def lattice(side: int) -> WebGraph:
    """A cubic lattice of ``side**3`` nodes, each moved by up to 2 mm."""
    rng = np.random.default_rng(0)
    cells = np.array(list(itertools.product(range(side), repeat=3)))
    pos = SPACING * cells + rng.uniform(-2, 2, cells.shape)
    number = np.arange(side**3).reshape(side, side, side)
    pairs = [(number.take(range(side - 1), a), number.take(range(1, side), a)) for a in range(3)]
    edges = np.concatenate([np.column_stack([i.ravel(), j.ravel()]) for i, j in pairs])
    return WebGraph.from_edges(pos, edges, RADIUS)


def measure(side: int, options: dict[str, float]) -> dict[str, Any]:
    """One case, after a small one that compiles or loads everything."""
    from assembly.field import field_solid
    from assembly.verify import verified

    taper = options.get("taper", 0.0)

    def made(web: WebGraph) -> tuple[FloatArray, IntArray]:
        radii = RADIUS * (1 + (taper - 1) * np.random.default_rng(1).random(web.n)) if taper else None
        return field_solid(web, node_radius=radii, resolution=options["resolution"], fillet=options.get("fillet", 0.0))

    made(lattice(2))
    web = lattice(side)
    cpu, wall = time.process_time(), time.perf_counter()
    vertices, faces = made(web)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    thick = web.with_radius(RADIUS * max(taper, 1.0))
    report = verified(vertices, faces, thick)
    return {
        "struts": web.m, "seconds": wall, "cpu_seconds": cpu, "peak_gib": peak, "triangles": len(faces),
        "triangles_per_strut": len(faces) / web.m, "triangles_per_second": len(faces) / wall,
        "volume_mm3": report.volume_mm3, "genus": report.genus, "genus_of_the_web": web.m - web.n + 1,
        "verify_seconds": report.seconds,
    }  # fmt: skip


def union_volume(side: int) -> float:
    """By manifold3d."""
    from assembly.solid import solidify

    return float(solidify(lattice(side), sides=32).report["volume_mm3"])


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--case", nargs=2, help="measure one case here: nodes a side, name")
    options = arguments.parse_args()
    if options.case:
        print(json.dumps(measure(int(options.case[0]), CASES[options.case[1]])))
        return
    exact = union_volume(SIDES[0])
    results: dict[str, list[dict[str, Any]]] = {}
    rows: list[list[object]] = [
        ["step", "struts", "s", "cpu s", "GiB", "triangles a strut", "triangles / s", "verify s"]
    ]
    for name in CASES:
        for side in SIDES:
            command = [sys.executable, __file__, "--case", str(side), name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            one = json.loads(done.stdout)
            if side == SIDES[0] and "taper" not in CASES[name]:
                one["volume_error"] = one["volume_mm3"] / exact - 1
            results.setdefault(name, []).append(one)
            columns = ("struts", "seconds", "cpu_seconds", "peak_gib", "triangles_per_strut", "triangles_per_second")
            rows.append([name, *(one[column] for column in columns), one["verify_seconds"]])
    print(table(rows))
    exponents = {
        name: math.log(more["cpu_seconds"] / less["cpu_seconds"]) / math.log(more["struts"] / less["struts"])
        for name, (less, more) in results.items()
    }
    errors = {name: pair[0]["volume_error"] for name, pair in results.items() if "volume_error" in pair[0]}
    print("\n" + table([["step", "exponent", "volume error"], *([n, exponents[n], errors.get(n, "")] for n in CASES)]))
    save("field", {"cases": results, "exponents": exponents, "volume_errors": errors}, options.output)


if __name__ == "__main__":
    main()
