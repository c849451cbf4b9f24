"""Time and memory of the network and of the Newton Monge-Ampere mover as meshes grow, each in a process of its own.

The targets are those of the README: the network within 0.25 s at 20,000 nodes, and 12 s and 3 GB at 1,000,000, with two
threads; ten times as fast as the Newton mover from 10,000 nodes on; time growing with an exponent of at most 1.1.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import torch
from common import parser, save, table

from simulate.mesh_movement.monitor import ring
from simulate.mesh_movement.move import MeshMover
from simulate.mesh_movement.problems import domains

#: Squares a side: about 10,000, 20,000, 100,000 and 1,000,000 nodes.
SIDES = (99, 141, 316, 999)
#: The ring of ``movement``'s tests, and a narrow one, which Newton's method has to approach step by step.
MONITORS = {"ring": (10.0, 200.0), "narrow ring": (50.0, 1000.0)}
METHODS = ("um2n", "monge-ampere")
#: The Newton mover is not asked above: it would take minutes.
MOST_NEWTON = 150_000
THREADS = 2


def one(side: int, method: str, monitor: str, repeats: int) -> dict[str, Any]:
    """Median seconds of ``repeats``: to make the mover ready, to move at first and to move again; peak memory."""
    torch.set_num_threads(THREADS)
    points, cells = domains.block(2, side)
    strength, width = MONITORS[monitor]
    level = ring((0.5, 0.5), np.sqrt(0.15), strength=strength, width=width)
    small = MeshMover(*domains.block(2, 8))
    small.move(level, method=method)
    ready, first, again = [], [], []
    for _ in range(repeats):
        began = time.perf_counter()
        mover = MeshMover(points, cells)
        ready.append(time.perf_counter() - began)
        moved = mover.move(level, method=method, fallback=False)
        first.append(moved.seconds)
        mover.potential = None
        again.append(mover.move(level, method=method, fallback=False).seconds)
    return {
        "nodes": len(points), "method": method, "monitor": monitor, "ready": statistics.median(ready),
        "first": statistics.median(first), "again": statistics.median(again),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, "iterations": moved.iterations,
        "before": moved.before.variation, "after": moved.after.variation, "inverted": moved.after.inverted,
    }  # fmt: skip


def in_a_process(*case: Any) -> dict[str, Any]:
    """`one` in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__)
    options.add_argument("--sides", type=int, nargs="+", default=SIDES, help="squares a side of the meshes")
    options.add_argument("--case", help="one case, as JSON: what each process is given")
    given = options.parse_args()
    if given.case:
        print(json.dumps(one(*json.loads(given.case))))
        return
    rows: list[list[object]] = [
        ["nodes", "monitor", "method", "ready s", "first move s", "again s", "GB", "steps", "variation", "before"]
    ]
    found = []
    for monitor in MONITORS:
        for side in given.sides:
            for method in METHODS:
                if method == "monge-ampere" and (side + 1) ** 2 > MOST_NEWTON:
                    continue
                case = in_a_process(side, method, monitor, 5 if side < 200 else 1)
                found.append(case)
                rows.append([case[name] for name in (
                    "nodes", "monitor", "method", "ready", "first", "again", "gigabytes", "iterations", "after",
                    "before",
                )])  # fmt: skip
    print(f"\n{THREADS} threads, medians\n" + table(rows))
    result: dict[str, Any] = {"threads": THREADS, "cases": found}
    for monitor in MONITORS:
        network = {c["nodes"]: c for c in found if c["method"] == "um2n" and c["monitor"] == monitor}
        newton = {c["nodes"]: c for c in found if c["method"] == "monge-ampere" and c["monitor"] == monitor}
        result[monitor] = {
            "times as fast, first move": {n: newton[n]["first"] / network[n]["first"] for n in newton},
            "times as fast, again": {n: newton[n]["again"] / network[n]["again"] for n in newton},
        }
        if len(network) > 1:
            low, high = min(network), max(network)
            growth = np.log(network[high]["first"] / network[low]["first"]) / np.log(high / low)
            result[monitor]["exponent"] = float(growth)
        print(monitor, json.dumps(result[monitor]))
    save("mesh_movement_scale", result, given.output)


if __name__ == "__main__":
    main()
