"""A picture of an evaluation: distributions, adherence, and webs, real and generated for the same targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from structgen.evaluation.distributions import angles, relative_lengths
from structgen.evaluation.trials import Trial
from structgen.files import whole_file
from structgen.targets import NAMES, DesignTargets
from structgen.web import KINDS, FloatArray, WebGraph

REAL, MADE, RAW = "#8a94a3", "#c2452d", "#e0a43a"
INK = "#2b2f36"
#: Webs shown side by side.
SHOWN = 8
#: Rows of the view: to the right, up, towards the viewer.
_TURN, _TILT = np.radians(-35.0), np.radians(22.0)
VIEW = np.array(
    [
        [np.cos(_TURN), np.sin(_TURN), 0],
        [-np.sin(_TURN) * np.sin(_TILT), np.cos(_TURN) * np.sin(_TILT), np.cos(_TILT)],
        [np.sin(_TURN) * np.cos(_TILT), -np.cos(_TURN) * np.cos(_TILT), np.sin(_TILT)],
    ]
)


def draw(trials: Sequence[Trial], path: str | Path, title: str = "") -> None:
    """Draw the webs of ``trials`` into ``path`` (.png)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    asked = trials[0].results is not None
    figure = Figure(figsize=(17, 11 if asked else 8.2), layout="constrained")
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(
        3 if asked else 2, 1, height_ratios=[1, 1, 1.75] if asked else [1, 1.75], hspace=0.02
    )
    figure.suptitle(title, fontsize=13, color=INK, parse_math=False)
    _histograms(parts[0], trials)
    if asked:
        _adherence(parts[1], trials)
    _gallery(parts[-1], trials[0])
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def _histograms(figure: Any, trials: Sequence[Trial]) -> None:
    test = [web for trial in trials for web in trial.test]
    made = [web for trial in trials for web in trial.webs]
    shown: list[tuple[str, Callable[[WebGraph], FloatArray], FloatArray]] = [
        ("edge length / mean", relative_lengths, np.linspace(0, 3, 46)),
        ("junction angle (deg)", angles, np.linspace(0, 180, 46)),
        ("degree", lambda web: web.degree.astype(float), np.arange(0.5, 9.5)),
        ("strut radius / median", lambda web: web.radius / np.median(web.radius), np.linspace(0.2, 2.6, 37)),
        ("silk kind", lambda web: web.kind.astype(float), np.arange(-0.5, len(KINDS))),
    ]
    for axes, (name, measure, bins) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        sides = (("test", test, REAL), ("generated", made, MADE))
        for label, webs, colour in sides:
            values = np.clip(np.concatenate([measure(web) for web in webs]), bins[0], bins[-1])
            share = np.histogram(values, bins)[0] / max(len(values), 1)
            axes.stairs(share, bins, fill=label == "test", color=colour, alpha=0.6 if label == "test" else 1.0,
                        linewidth=1.8, label=label)  # fmt: skip
        _plain(axes, name)
        axes.set_yticks([])
        if name == "silk kind":
            axes.set_xticks(list(KINDS), list(KINDS.values()), rotation=60, ha="right", fontsize=8)
        if name == "degree":
            axes.set_xticks(range(1, 9))
        if name == "edge length / mean":
            axes.legend(frameon=False, fontsize=10)


def _adherence(figure: Any, trials: Sequence[Trial]) -> None:
    asked = np.array([DesignTargets.measure(web).as_array() for trial in trials for web in trial.test])
    decoded = np.array([DesignTargets.measure(web).as_array() for trial in trials for web in trial.webs])
    raw = np.array([result.raw for trial in trials for result in trial.results or ()])
    for c, (axes, name) in enumerate(zip(figure.subplots(1, len(NAMES)), NAMES, strict=True)):
        known = np.concatenate([column[np.isfinite(column)] for column in (asked[:, c], raw[:, c], decoded[:, c])])
        low, high = float(known.min()), float(known.max())
        margin = 0.05 * (high - low) + 1e-9
        axes.plot([low, high], [low, high], color=REAL, linewidth=1)
        axes.scatter(asked[:, c], raw[:, c], s=7, color=RAW, label="raw", linewidths=0, alpha=0.7)
        axes.scatter(asked[:, c], decoded[:, c], s=7, color=MADE, label="decoded", linewidths=0, alpha=0.7)
        axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin), aspect="equal")
        axes.locator_params(nbins=4)
        _plain(axes, name.replace("_", " ") + (" (mm)" if c < 4 else ""))
        if c == 0:
            axes.set_ylabel("reached", fontsize=9)
            axes.legend(frameon=False, fontsize=9, loc="upper left", markerscale=2, handletextpad=0.1)
        axes.set_xlabel("asked", fontsize=9)


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=11, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _gallery(figure: Any, trial: Trial) -> None:
    """Webs of evenly spaced sizes, test webs above those generated for their targets, each pair at one scale."""
    order = np.argsort([web.n for web in trial.test], kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int))
    grid = figure.subplots(2, len(places), squeeze=False, gridspec_kw={"wspace": 0.0, "hspace": 0.0})
    for column, k in enumerate(order[places].tolist()):
        pair = trial.test[k], trial.webs[k]
        reach = 0.53 * max(float(np.ptp(web.pos @ VIEW[:2].T, axis=0).max()) for web in pair)
        for row, (web, colour) in enumerate(zip(pair, (INK, MADE), strict=True)):
            lines(grid[row, column], web, colour, reach)
        grid[0, column].set_title(f"{pair[0].n} nodes, {pair[0].m} edges", fontsize=10, color=INK)
    for axes, label, colour in zip(grid[:, 0], ("test", "generated"), (INK, MADE), strict=True):
        axes.text(-0.04, 0.5, label, transform=axes.transAxes, rotation=90, va="center", ha="right", fontsize=12,
                  color=colour)  # fmt: skip


def lines(axes: Any, web: WebGraph, colour: str, reach: float) -> None:
    """A web seen from the side and above: struts further off are paler, thinner and behind the others."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    seen = web.pos @ VIEW.T
    seen = seen - (seen.min(axis=0) + seen.max(axis=0)) / 2
    ends = seen[web.edge_index.T]
    depth = ends[:, :, 2].mean(axis=1)
    near = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    order = np.argsort(depth, kind="stable")
    shades = np.tile(to_rgba(colour), (web.m, 1))
    shades[:, 3] = 0.3 + 0.7 * near
    axes.add_collection(
        LineCollection(
            ends[order][:, :, :2], colors=shades[order], linewidths=0.7 + 0.9 * near[order], capstyle="round"
        )
    )
    axes.scatter(seen[:, 0], seen[:, 1], s=3.5, color=colour, linewidths=0, zorder=3)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")
