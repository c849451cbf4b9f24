"""Movers of meshes side by side: the Helmholtz demo, a ring monitor, validity over random cases, linear solvers.

The targets are those of the README: the demo's published error in at most 10 Newton steps, the ring to a residual of
1e-3 within 0.3 s at 40 x 40 squares and 3 s at 100 x 100, no inverted cell in 2,000 random cases.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from common import parser, save, table

from simulate.mesh_movement import solvers
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.monitor import ring
from simulate.mesh_movement.move import METHODS, MovedMesh, move_mesh
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.problems import domains, helmholtz, monitors
from structgen.parallel import parallel_map

PUBLISHED = {"movement, uniform": 0.010233817, "movement, moved": 0.005955820}
#: The relaxation takes many cheap steps.
STEPS = {"monge-ampere-relaxation": 400}


def moved(method: str, *arguments: Any, **options: Any) -> MovedMesh:
    """`move_mesh` by one method alone, with the steps it needs."""
    steps = STEPS.get(method, 100)
    return move_mesh(*arguments, method=method, fallback=False, max_iterations=steps, **options)


def helmholtz_demo() -> dict[str, Any]:
    """The demo of ``movement``: L2 error before and after, by each method."""
    points, cells = helmholtz.mesh()
    before = helmholtz.error(points, cells)
    rows: list[list[object]] = [["mesh", "L2 error", "reduction", "steps", "s"], ["uniform", before, 0.0, 0, 0.0]]
    found: dict[str, Any] = {"uniform": before, "published": PUBLISHED}
    for method in METHODS:
        tolerance = 1e-8 if method == "monge-ampere" else 1e-3
        monitor = partial(helmholtz.monitor, highest=helmholtz.HIGHEST if method == "variational" else None)
        result = moved(method, points, cells, monitor, tolerance=tolerance)
        after = helmholtz.error(result.points, result.cells)
        rows.append([method, after, 1 - after / before, result.iterations, result.seconds])
        found[method] = {"error": after, "iterations": result.iterations, "seconds": result.seconds}
    rows += [[name, error, 1 - error / before, "", ""] for name, error in PUBLISHED.items()]
    print("\nHelmholtz demo of movement, 441 nodes\n" + table(rows))
    return found


def ring_monitor(repeats: int) -> list[dict[str, Any]]:
    """The ring monitor of ``movement``'s tests on the unit square, to a residual of 1e-3; best of several runs.

    Beside the time on the clock that of the processor, which other programs on the machine do not lengthen.
    """
    monitor = ring((0.5, 0.5), np.sqrt(0.15), strength=10, width=200)
    rows: list[list[object]] = [
        ["nodes", "method", "s", "processor s", "steps", "converged", "variation", "before", "inverted"]
    ]
    found = []
    for n in (40, 100):
        points, cells = domains.block(2, n)
        for method in METHODS:
            runs = []
            for _ in range(repeats):
                began = time.process_time()
                run = moved(method, points, cells, monitor)
                runs.append((run.seconds, time.process_time() - began, run))
            seconds, (processor, best) = min(run[0] for run in runs), min((run[1:] for run in runs), key=lambda r: r[0])
            rows.append([len(points), method, seconds, processor, best.iterations, best.converged,
                         best.after.variation, best.before.variation, best.after.inverted])  # fmt: skip
            facts = best.as_dict() | {"seconds": seconds, "processor_seconds": processor}
            found.append({"squares": n, "nodes": len(points)} | facts)
    print("\nRing monitor, to 1e-3\n" + table(rows))
    return found


def random_case(number: int) -> dict[str, Any]:
    """One random case: domain, mesh, monitor, strength and method."""
    random = np.random.default_rng([6, number])
    kind, of = str(random.choice(domains.KINDS)), str(random.choice(monitors.KINDS))
    method = sorted(METHODS)[number % len(METHODS)]
    strength = float(10 ** random.uniform(0, 3))
    points, cells = domains.random_domain(kind, int(random.integers(80, 400)), number)
    monitor = monitors.random_monitor(of, strength, points, number)
    began = time.perf_counter()
    result = move_mesh(points, cells, monitor if random.random() < 0.5 else monitor(points), method=method)
    return {
        "case": number, "domain": kind, "monitor": of, "strength": strength, "nodes": len(points), "asked": method,
        "method": result.method, "fallback": result.fallback, "inverted": result.after.inverted,
        "min_jacobian": result.after.min_jacobian, "limited": result.limited,
        "before": result.before.variation, "after": result.after.variation, "seconds": time.perf_counter() - began,
    }  # fmt: skip


def validity(cases: int, workers: int) -> dict[str, Any]:
    """Random cases: how many cells are inverted, which method was used, how much more even the monitor is shared."""
    results = list(parallel_map(random_case, range(cases), workers))
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for case in results:
        strength = "1-10" if case["strength"] < 10 else "10-100" if case["strength"] < 100 else "100-1000"
        groups[case["asked"], strength].append(case)
    rows: list[list[object]] = [
        ["asked", "strength", "cases", "inverted", "by itself", "by variational", "nothing", "variation left", "s"]
    ]
    for (asked, strength), group in sorted(groups.items()):
        used = [case["method"] for case in group]
        fell = sum(name == "variational" != asked for name in used)
        left = [case["after"] / case["before"] for case in group if case["before"] > 0]
        rows.append([
            asked, strength, len(group), sum(case["inverted"] for case in group), used.count(asked), fell,
            used.count("none"), statistics.median(left),
            statistics.median(case["seconds"] for case in group),
        ])  # fmt: skip
    inverted = sum(case["inverted"] for case in results)
    print(f"\nValidity: {inverted} inverted cells in {cases} random cases (medians)\n" + table(rows))
    head, *body = rows
    return {
        "cases": cases,
        "inverted": inverted,
        "groups": [dict(zip(map(str, head), row, strict=True)) for row in body],
    }


def linear_solvers() -> list[dict[str, Any]]:
    """Seconds to prepare and solve a system of a Newton step, by size and solver, to 1e-3."""
    rows: list[list[object]] = [["dimension", "unknowns", "factorisation s", "multigrid s", "diagonal s"]]
    found = []
    everything, nothing = dict.fromkeys((2, 3), 10**9), dict.fromkeys((2, 3), 0)
    for dim, sizes in ((2, (50, 100, 150, 200, 320)), (3, (10, 13, 18, 24, 32))):
        for n in sizes:
            mesh = SimplexMesh(*domains.block(dim, n))
            weight = ring(np.full(dim, 0.5), 0.3)(mesh.points)[mesh.cells].mean(axis=1)
            matrix = Operators(mesh).stiffness(weight[:, None, None] * np.eye(dim))[1:, 1:]
            load = np.random.default_rng(0).normal(size=mesh.n - 1)
            seconds = {}
            for name, direct, pyamg in (
                ("factorisation", everything, True), ("multigrid", nothing, True), ("diagonal", nothing, False)
            ):  # fmt: skip
                if name == "factorisation" and dim == 3 and n > 24:
                    continue
                with (
                    mock.patch.object(solvers, "DIRECT", direct),
                    mock.patch.object(solvers, "DIRECT_WITH_PYAMG", direct),
                    mock.patch.object(solvers, "has_pyamg", lambda pyamg=pyamg: pyamg and solvers_has_pyamg),
                ):
                    began = time.perf_counter()
                    solvers.prepared(matrix, dim, 1e-3)(load)
                    seconds[name] = time.perf_counter() - began
            rows.append(
                [dim, mesh.n - 1, *(seconds.get(name, "") for name in ("factorisation", "multigrid", "diagonal"))]
            )
            found.append({"dimension": dim, "unknowns": mesh.n - 1, "seconds": seconds})
    print("\nLinear solvers\n" + table(rows))
    return found


solvers_has_pyamg = solvers.has_pyamg()


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__)
    options.add_argument("--cases", type=int, default=2000, help="random cases for validity")
    options.add_argument("--workers", type=int, default=1, help="processes for the random cases")
    options.add_argument("--repeats", type=int, default=5, help="runs of each timed case, of which the best counts")
    given = options.parse_args()
    result = {
        "helmholtz": helmholtz_demo(),
        "ring": ring_monitor(given.repeats),
        "solvers": linear_solvers(),
        "validity": validity(given.cases, given.workers),
    }
    save("mesh_movement", result, given.output)


if __name__ == "__main__":
    main()
