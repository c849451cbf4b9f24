"""The designs that are left: the best of a search, simulated, and what is written of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.design.properties import simulated_of
from simulate.design.study import Search, Trial
from simulate.design.wishes import UNITS, Wishes, unit
from simulate.mechanics.pulling import EquilibriumError
from structgen.files import whole_file, write_json
from structgen.io import write_web
from structgen.web import FloatArray, WebGraph

FRONT, TABLE, WEBS = "front.json", "front.csv", "webs"


@dataclass(frozen=True)
class Finalist:
    """A trial with its web and what the test found; ``simulated`` is None where there is no equilibrium.

    ``meets``: whether it keeps the limits by the test; ``best``: whether no other finalist that does is better in all
    objectives, by the test.
    """

    trial: Trial
    web: WebGraph
    simulated: dict[str, float] | None
    meets: bool
    best: bool


def undominated(scores: FloatArray) -> npt.NDArray[np.bool_]:
    """``(k,)`` which rows of ``scores (k, d)`` no other row is below or equal to in all, and below in one, column."""
    no_worse = (scores[:, None] <= scores[None]).all(axis=2)
    better = (scores[:, None] < scores[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def chosen(trials: Sequence[Trial], wishes: Wishes, most: int) -> list[Trial]:
    """Up to ``most`` trials to simulate: of one objective the best, of several the front, evenly along it.

    By prediction. Raises `ValueError` where none keeps the limits, naming what comes nearest.
    """
    good = [one for one in trials if wishes.met(one.predicted)]
    if not good:
        raise ValueError(f"no design meets the targets in {len(trials)} webs{_nearest(trials, wishes)}")
    scores = np.array([wishes.scores(one.predicted) for one in good])
    if len(wishes.objectives) == 1:
        return [good[k] for k in np.argsort(scores[:, 0], kind="stable")[:most]]
    front = np.flatnonzero(undominated(scores))
    front = front[np.argsort(scores[front, 0], kind="stable")]
    return [good[k] for k in front[np.unique(np.linspace(0, len(front) - 1, min(most, len(front))).astype(int))]]


def finalists(
    search: Search, trials: Sequence[Trial], most: int, tell: Callable[[int, int], None] | None = None
) -> list[Finalist]:
    """The `chosen` of ``trials``, each made again and pulled. Raises `ValueError` where there is none."""
    found: list[tuple[Trial, WebGraph, dict[str, float] | None]] = []
    kept = chosen(trials, search.wishes, most)
    for done, trial in enumerate(kept, 1):
        web = search.web(trial)
        try:
            found.append((trial, web, simulated_of(web, search.axis)))
        except EquilibriumError:
            found.append((trial, web, None))
        if tell:
            tell(done, len(kept))
    meets = np.array([values is not None and search.wishes.met(values) for _, _, values in found])
    scores = np.array([
        search.wishes.scores(values) if good and values else [np.inf] * len(search.wishes.objectives)
        for (_, _, values), good in zip(found, meets, strict=True)
    ])  # fmt: skip
    best = undominated(scores) & meets
    return [Finalist(*row, bool(m), bool(b)) for row, m, b in zip(found, meets, best, strict=True)]


def write_front(found: Sequence[Finalist], about: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Write front.json, front.csv and webs/design_NNNN.npz into ``folder``; returns the rows of front.json."""
    rows = []
    for one in found:
        file = Path(WEBS) / f"design_{one.trial.number:04}.npz"
        row = {
            "trial": one.trial.number, "file": str(file), "asked": one.trial.targets.as_dict(),
            "predicted": one.trial.predicted, "deviation of logarithm": one.trial.deviation,
            "simulated": one.simulated, "meets the targets": one.meets, "best": one.best,
        }  # fmt: skip
        rows.append(row)
        write_web(one.web, folder / file, about | row)
    write_json(folder / FRONT, about | {"units": {name: unit(name) for name in UNITS}, "designs": rows})
    with whole_file(folder / TABLE) as temporary:
        temporary.write_text(_table(found, rows))
    return rows


def _table(found: Sequence[Finalist], rows: Sequence[dict[str, Any]]) -> str:
    """front.csv: a row a finalist, each property as predicted and as simulated."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [(kind, name) for name in UNITS for kind in ("predicted", "simulated")]
    units = {name: f" ({unit(name)})" if unit(name) else "" for name in UNITS}
    writer.writerow(["trial", "file", "meets", "best", *(f"{kind} {name}{units[name]}" for kind, name in columns)])
    for one, row in zip(found, rows, strict=True):
        cells = [f"{row[kind][name]:.6g}" if row[kind] else "" for kind, name in columns]
        writer.writerow([one.trial.number, row["file"], int(one.meets), int(one.best), *cells])
    return text.getvalue()


def _nearest(trials: Sequence[Trial], wishes: Wishes) -> str:
    if not trials:
        return ": the generator made none of the targets in these ranges"
    worst = [max(wishes.violations(one.predicted)) for one in trials]
    near = trials[int(np.argmin(worst))].predicted
    off = ", ".join(
        f"{limit.name} {near[limit.name]:.3g} {unit(limit.name)}".strip()
        for limit in wishes.limits
        if limit.violation(near[limit.name]) > 0
    )
    return f"; the nearest has {off}: widen the ranges or limits, or try more"
