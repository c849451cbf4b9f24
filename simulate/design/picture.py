"""A picture of a search: all that was tried, and the finalists as predicted and as simulated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulate.design.front import Finalist
from simulate.design.study import Trial
from simulate.design.wishes import Wishes, unit
from structgen.files import whole_file

PICTURE = "pareto.png"


def draw(trials: Sequence[Trial], found: Sequence[Finalist], wishes: Wishes, path: Path) -> None:
    """Of one objective its values by trial; of several the first against each of the others. Writes a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [objective.name for objective in wishes.objectives]
    panels: list[tuple[str | None, str]] = [(name, names[0]) for name in names[1:]] or [(None, names[0])]
    figure = Figure(figsize=(6.4 * len(panels), 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    for ax, (across, up) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for met, colour, label in ((False, "0.85", "tried, beyond a limit"), (True, "0.6", "tried")):
            some = [one for one in trials if wishes.met(one.predicted) == met]
            if some:
                ax.scatter(
                    [_at(one.number, one.predicted, across) for one in some], [one.predicted[up] for one in some],
                    s=9, color=colour, label=label,
                )  # fmt: skip
        _finalists(ax, found, across, up)
        ax.set_xlabel("trial" if across is None else f"{across} ({unit(across)})".replace(" ()", ""))
        ax.set_ylabel(f"{up} ({unit(up)})".replace(" ()", ""))
        ax.legend(fontsize=8)
        ax.grid(alpha=0.3)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})


def _finalists(ax: Any, found: Sequence[Finalist], across: str | None, up: str) -> None:
    x = [_at(one.trial.number, one.trial.predicted, across) for one in found]
    y = np.array([one.trial.predicted[up] for one in found])
    spread = np.exp([one.trial.deviation.get(up, 0.0) for one in found])
    ax.errorbar(
        x, y, yerr=[y - y / spread, y * spread - y], fmt="o", ms=4, lw=0.8, color="tab:blue",
        label="finalists, predicted, 68 %",
    )  # fmt: skip
    places: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for one, a, b in zip(found, x, y, strict=True):
        if one.simulated is not None:
            place = _at(one.trial.number, one.simulated, across), one.simulated[up]
            places[one.best].append(place)
            ax.plot([a, place[0]], [b, place[1]], lw=0.6, color="tab:red")
    for some, marker, size, label in ((places[False], "x", 5, "simulated"), (places[True], "*", 9, "simulated, best")):
        if some:
            ax.plot(*zip(*some, strict=True), marker, ms=size, color="tab:red", label=label)


def _at(number: int, values: dict[str, float], across: str | None) -> float:
    return number if across is None else values[across]
