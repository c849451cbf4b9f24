"""Inverse design against chance: fronts of load and mass found by ParEGO and by random sampling, all simulated.

Both get as many trials, and as many finalists are simulated. Hypervolume: area that the simulated front dominates, load
from 0 and mass to the greatest in any trial, over the whole of that box with the greatest load simulated.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, save, table

from simulate.design.front import Finalist, finalists
from simulate.design.study import Search, Trial
from simulate.design.wishes import Wishes
from simulate.mechanics.predictor.store import load_predictor
from structgen.generators import load_model
from structgen.targets import DesignTargets
from structgen.web import FloatArray, WebGraph

MODEL = "analog"
WISHES = ("load=max", "mass=min")
SAMPLERS = ("parego", "random")


def found_by(sampler: str, trials: int, most: int, seed: int) -> tuple[list[Trial], list[Finalist], dict[str, Any]]:
    """Trials, finalists, and what they took."""
    model = load_model(MODEL)

    def make(targets: DesignTargets, web_seed: int) -> WebGraph:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.sample(targets, seed=web_seed)[0]

    with tempfile.TemporaryDirectory() as folder:
        search = Search(make, Wishes.of(WISHES), Path(folder), load_predictor(), seed=seed, sampler=sampler)
        processor, wall = time.process_time(), time.perf_counter()
        tried = search.run(trials)
        best = finalists(search, tried, most)
    cost = {
        "processor_seconds": round(time.process_time() - processor, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
    }
    return tried, best, cost


def simulated(found: list[Finalist]) -> FloatArray:
    """``(k, 2)`` load and mass of the simulated front, by mass."""
    rows = [(one.simulated["load"], one.simulated["mass"]) for one in found if one.best and one.simulated]
    return np.array(sorted(rows, key=lambda row: row[1])).reshape(-1, 2)


def hypervolume(front: FloatArray, most: FloatArray) -> float:
    """Share of the box from no load to ``most[0]`` and from mass ``most[1]`` down to none that ``front`` dominates."""
    load, mass = front[front[:, 1] <= most[1]].T
    area = float((np.diff(np.append(mass, most[1])) * np.maximum.accumulate(load)).sum()) if len(load) else 0.0
    return area / float(most[0] * most[1])


def beaten(front: FloatArray, by: FloatArray) -> float:
    """Share of ``front`` for which ``by`` has a web of more load and less mass."""
    return float(((by[:, None, 0] > front[None, :, 0]) & (by[:, None, 1] < front[None, :, 1])).any(axis=0).mean())


def main() -> None:
    """Search, simulate, print, write."""
    options = parser(__doc__)
    options.add_argument("--trials", type=int, default=300, help="trials of each search")
    options.add_argument("--finalists", type=int, default=24, help="webs simulated of each search")
    options.add_argument("--seeds", type=int, default=2, help="searches of each kind")
    given = options.parse_args()
    found_by("random", 2, 2, 0)  # compiles
    runs = []
    for seed in range(given.seeds):
        of_seed = {name: found_by(name, given.trials, given.finalists, seed) for name in SAMPLERS}
        fronts = {name: simulated(found) for name, (_, found, _) in of_seed.items()}
        most = np.array([
            max(float(front[:, 0].max()) for front in fronts.values()),
            max(one.predicted["mass"] for tried, _, _ in of_seed.values() for one in tried),
        ])  # fmt: skip
        for name, (tried, found, cost) in of_seed.items():
            other = fronts[SAMPLERS[1 - SAMPLERS.index(name)]]
            loads = [(one.trial.predicted["load"], one.simulated["load"]) for one in found if one.simulated]
            runs.append({
                "seed": seed, "sampler": name, "trials": given.trials, "webs": len(tried), "simulated": len(found),
                "hypervolume": hypervolume(fronts[name], most), "front": fronts[name].tolist(),
                "front beaten by the other": beaten(fronts[name], other),
                "median error of predicted load": float(np.median([abs(np.log(a / b)) for a, b in loads])), **cost,
            })  # fmt: skip
    head = [
        "seed", "sampler", "hypervolume", "front beaten by the other", "median error of predicted load",
        "processor_seconds", "wall_seconds",
    ]  # fmt: skip
    print(table([head, *([run[name] for name in head] for run in runs)]))
    save("design", {"model": MODEL, "targets": list(WISHES), "runs": runs}, given.output)


if __name__ == "__main__":
    main()
