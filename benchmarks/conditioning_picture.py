"""The picture of `conditioning.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from structgen.evaluation.picture import INK, MADE, RAW, REAL
from structgen.files import whole_file
from structgen.targets import NAMES

BLUE = "#2f6f9f"
SHADE = "#e9edf1"
SHORT = ("length", "dx", "dy", "dz", "nodes", "edges", "degree")


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw what `conditioning.py` found into ``path`` (.png)."""
    figure: Any = Figure(figsize=(15, 7.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(wspace=0.04, hspace=0.04)
    left, middle, right = figure.subfigures(1, 3, width_ratios=[1.0, 1.25, 1.0])
    figure.suptitle(f"What the {result['model']} model makes of requests", fontsize=13, color=INK, parse_math=False)
    top, bottom = left.subplots(2, 1, height_ratios=[2.4, 1])
    _guidance(top, bottom, result["guidance"])
    _subsets(middle.subplots(), result["subsets"])
    beyond = result["beyond"]
    upper, lower = right.subplots(2, 1)
    _beyond(upper, beyond["mean_degree"], "mean degree", "mean degree")
    _beyond(lower, beyond["mean_edge_length"], "mean edge length", "mean edge length / node spacing")
    upper.legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1.0, 0.02))
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def _guidance(axes: Any, below: Any, rows: list[dict[str, Any]]) -> None:
    """Raw R2 over guidance with bootstrap bands, and how much decoding had to change."""
    at = [row["guidance"] for row in rows]
    least = min(row[name]["low"] for row in rows for name in ("mean_edge_length", "mean_degree"))
    for name, label, colour in (("mean_edge_length", "mean edge length", BLUE), ("mean_degree", "mean degree", MADE)):
        low, high, middle = ([row[name][key] for row in rows] for key in ("low", "high", "r2"))
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(at, middle, color=colour, marker="o", markersize=5, linewidth=1.8, label=label)
    # Far below 0 all are equally useless.
    axes.set_ylim(max(least - 0.05, -1), 1.02)
    axes.axhline(0, color=REAL, linewidth=0.8)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    axes.tick_params(labelbottom=False)
    _plain(axes, "guidance", "", "R² of the raw proposal")
    below.plot(at, [100 * row["edges_changed"] for row in rows], color=INK, marker="o", markersize=4, linewidth=1.4)
    below.set_ylim(bottom=0)
    for each in (axes, below):
        each.axvline(1, color=REAL, linewidth=0.8, linestyle=":", zorder=0)
    _plain(below, "", "guidance (0: length and degree hidden, 1: as trained)", "edges changed\nby decoding, %")


def _subsets(axes: Any, rows: list[dict[str, Any]]) -> None:
    """A row for each subset of the targets, numbers raw and decoded: bold what was asked, pale what was filled in."""
    asked_map = LinearSegmentedColormap.from_list("asked", ["#cfe3d4", "#f3d9a4", MADE])
    pale_map = LinearSegmentedColormap.from_list("filled", ["#f6f7f8", "#f3ead6", "#e6b3a6"])
    for y, row in enumerate(rows):
        for x, name in enumerate(NAMES):
            raw, decoded = (100 * row[stage][name] for stage in ("raw", "decoded"))
            asked = name in row["asked"]
            colour = (asked_map if asked else pale_map)(min(raw / 50, 1.0))
            axes.add_patch(Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, linewidth=0))
            axes.text(
                x,
                y,
                f"{_percent(raw)} → {_percent(decoded)}",
                ha="center",
                va="center",
                fontsize=8.5,
                color=INK if asked else REAL,
                fontweight="bold" if asked else "normal",
            )
    axes.set(xlim=(-0.5, len(NAMES) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(NAMES)), SHORT)
    axes.set_yticks(range(len(rows)), [_label(row["asked"]) for row in rows])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_title("any subset of the targets", fontsize=11, color=INK, pad=10)
    axes.set_xlabel(
        "mean error in %, raw → decoded: bold against what was asked,\npale against what was filled in; colour: raw",
        fontsize=9,
        color=INK,
    )


def _percent(value: float) -> str:
    """A percentage in few characters."""
    return "0" if value < 0.05 else f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _label(asked: list[str]) -> str:
    if len(asked) == len(NAMES):
        return "all"
    names = dict(zip(NAMES, SHORT, strict=True)) | {"dx": "box"}
    return ", ".join(names[name] for name in asked if name not in ("dy", "dz"))


def _beyond(axes: Any, facts: dict[str, Any], title: str, label: str) -> None:
    """Asked against reached, the training range shaded."""
    asked = np.array(facts["asked"])
    most = 1.04 * float(asked.max())
    least = min(float(asked.min()), facts["trained"][0]) - 0.04 * most
    axes.axvspan(*facts["trained"], color=SHADE, linewidth=0, zorder=0, label="trained on")
    axes.plot([least, most], [least, most], color=REAL, linewidth=1, zorder=1)
    width = 0.006 * (most - least)
    for stage, colour, shift in (("raw", RAW, -width), ("decoded", MADE, width)):
        axes.scatter(asked + shift, facts[stage], s=16, color=colour, label=stage, alpha=0.75, linewidths=0, zorder=2)
    axes.set_xlim(least, most)
    refused = f", {facts['refused']} refused" if facts["refused"] else ""
    _plain(axes, f"past the range: {title}", f"{label}, asked{refused}", "reached")


def _plain(axes: Any, title: str, below: str, beside: str) -> None:
    axes.set_title(title, fontsize=11, color=INK)
    axes.set_xlabel(below, fontsize=9, color=INK)
    axes.set_ylabel(beside, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
