"""The table of distances: generated webs and reference sets, each against the test webs of the same targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from structgen.evaluation import classifier, distributions
from structgen.evaluation.distributions import DISTANCES, Measured, compare
from structgen.evaluation.references import random_geometric, retrieved, rows_of_sizes
from structgen.evaluation.trials import Trial
from structgen.measures import SIGMA, Interval
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets
from structgen.web import IntArray, WebGraph

#: Rows of the table; raw are proposals before decoding, train is what a perfect generator would have.
ROWS = ("generated", "raw", "train", "retrieval", "random")
#: Columns beside `DISTANCES`.
AUCS = {"auc": "AUC, structure", "auc_silk": "AUC, with silk and radius"}
#: Rows with both `AUCS`; the others, which have no silk of their own to judge, have the first alone.
WITH_SILK = ("generated", "train")
#: Distances whose ratio to that of training webs is averaged: as published, and for places and sizes.
RATIOS = {"graph": tuple(SIGMA), "geometry": ("length", "angle", "radius", "inertia")}
#: Below this a distance rounds to 0 at four digits and nothing is divided by it.
ZERO = 5e-5


@dataclass(frozen=True)
class Sets:
    """The sets of webs of a trial by row, and which of the test webs are left out in cross-validation with each web.

    places ``(k,)``: the place of the test web for whose targets a web is. tied ``(k,)``: for each place the first that
    has the same web: one training web may be retrieved for several targets.
    """

    webs: dict[str, list[WebGraph]]
    places: dict[str, IntArray]
    tied: dict[str, IntArray]


def sets_of(trial: Trial, dataset: Dataset) -> Sets:
    """The sets of all `ROWS` that there are for ``trial``: of webs given there are no proposals."""
    targets = [DesignTargets.measure(web) for web in trial.test]
    train = rows_of_sizes(dataset, [web.n for web in trial.test], trial.seed)
    fitted, nearest = retrieved(dataset, targets)
    ratio = radius_ratio(dataset, train)
    every = np.arange(len(targets))
    webs, places = {"generated": trial.webs}, {}
    if trial.results is not None:
        raw = [(k, result.raw_web) for k, result in enumerate(trial.results) if result.raw_web is not None]
        if raw:
            webs["raw"], places["raw"] = [web for _, web in raw], np.array([k for k, _ in raw])
    webs |= {
        "train": [dataset[int(k)] for k in train],
        "retrieval": fitted,
        "random": [
            random_geometric(target, ratio * (target.mean_edge_length or 1.0), trial.seed, k)
            for k, target in enumerate(targets)
        ],
    }
    _, first, same = np.unique(nearest, return_index=True, return_inverse=True)
    tied = {row: first[same] if row == "retrieval" else every for row in webs}
    return Sets(webs, {row: places.get(row, every) for row in webs}, tied)


def radius_ratio(dataset: Dataset, rows: IntArray) -> float:
    """Median over the neighbourhoods ``rows`` of median strut radius over mean edge length."""
    return float(np.median([np.median(web.radius) / web.lengths.mean() for web in (dataset[int(k)] for k in rows)]))


def comparison(
    trials: Sequence[Trial], dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> tuple[dict[str, Any], list[Sets]]:
    """Each of `DISTANCES` and `AUCS` of each row, mean and spread over ``trials``; and the sets that were compared.

    low and high: bounds that a bootstrap over webs gives, mean over the trials. sd: standard deviation over the trials.
    """
    found: dict[str, list[dict[str, Interval | None]]] = {}
    sets = [sets_of(trial, dataset) for trial in trials]
    total = sum(len(some.webs) for some in sets)
    for trial, some in zip(trials, sets, strict=True):
        test = Measured.of(trial.test)
        described = classifier.features(trial.test) if classifier.available() else None
        for row, webs in some.webs.items():
            cells = compare(Measured.of(webs), test, trial.seed, distributions.DRAWS)
            if described is not None:
                # A web and the test web of its targets are left out together. Test webs come from other sources than
                # training webs, and a forest may learn which: the row of training webs shows how much that tells.
                tied = some.tied[row]
                names = [name for name in AUCS if name == "auc" or row in WITH_SILK]
                cells |= {
                    name: classifier.two_sample_auc(a, b, tied[some.places[row]], tied, trial.seed)
                    for name, a, b in zip(names, classifier.features(webs), described, strict=False)
                }
            found.setdefault(row, []).append(cells)
            if progress:
                progress(sum(map(len, found.values())), total)
    rows = {row: {name: _merged([cells[name] for cells in of]) for name in of[0]} for row, of in found.items()}
    return {"rows": rows, "ratio": {row: _ratios(cells, rows["train"]) for row, cells in rows.items()}}, sets


def _merged(cells: Sequence[Interval | None]) -> dict[str, float] | None:
    known = [cell for cell in cells if cell is not None]
    if not known:
        return None
    values = [cell.value for cell in known]
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    low, high = (float(np.mean([getattr(cell, end) for cell in known])) for end in ("low", "high"))
    return {"value": float(np.mean(values)), "sd": spread, "low": low, "high": high}


def _ratios(cells: dict[str, Any], train: dict[str, Any]) -> dict[str, float | None]:
    """Value over that of training webs for each distance, and the means of `RATIOS`; None where that is 0."""
    ratio: dict[str, float | None] = {}
    for name in DISTANCES:
        known = cells[name] and train[name] and train[name]["value"] >= ZERO
        ratio[name] = cells[name]["value"] / train[name]["value"] if known else None
    for name, members in RATIOS.items():
        values = [value for value in (ratio[member] for member in members) if value is not None]
        ratio[f"mean_{name}"] = float(np.mean(values)) if values else None
    return ratio
