"""A data card: what a data set holds, as numbers (JSON) and as histograms of its targets (PNG)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from structgen import __version__
from structgen.files import whole_file, write_json
from structgen.sources.neighbourhoods import SPLITS, Dataset
from structgen.targets import NAMES
from structgen.web import KINDS, FloatArray

CARD, PICTURE = "card.json", "card.png"
BINS = 32
UNITS = dict.fromkeys(("mean_edge_length", "dx", "dy", "dz"), " (mm)")
#: Targets that are whole numbers: a bin holds equally many of them.
COUNTS = ("nodes", "edges")
COLOURS = ("#2a7fb8", "#d08c1d", "#c2577a")


def card(dataset: Dataset) -> dict[str, Any]:
    """Header, counts by split, ranges, share of struts by silk type, and a histogram of each target by split.

    ``histograms[target]`` has ``edges`` (of at most 32 bins, alike for all splits) and ``counts`` by split.
    """
    targets = np.asarray(dataset.arrays["targets"], float)
    kinds = np.bincount(dataset.arrays["kind"])
    webs = {split: len(np.unique(dataset.arrays["web"][dataset.indices(split)])) for split in SPLITS}
    histograms = {}
    for column, name in enumerate(NAMES):
        edges = _bin_edges(targets[:, column], name in COUNTS)
        counts = {split: np.histogram(targets[dataset.indices(split), column], edges)[0].tolist() for split in SPLITS}
        histograms[name] = {"edges": edges.tolist(), "counts": counts}
    return dataset.info() | {
        "made_with": f"structgen {__version__}",
        "fingerprint": dataset.fingerprint,
        "source_webs": webs,
        "silk": {KINDS.get(k, f"kind {k}"): int(n) for k, n in enumerate(kinds.tolist()) if n},
        "histograms": histograms,
    }


def _bin_edges(values: FloatArray, whole: bool) -> FloatArray:
    low, high = float(values.min()), float(values.max())
    if not whole:
        return np.linspace(low, high if high > low else low + 1, BINS + 1)
    width = math.ceil((high - low + 1) / BINS)
    return np.arange(low, high + 1 + width, width) - 0.5


def write_card(dataset: Dataset, folder: str | Path) -> dict[str, Any]:
    """Write ``card.json`` and ``card.png`` into ``folder``; returns the card."""
    facts = card(dataset)
    write_json(Path(folder) / CARD, facts)
    with whole_file(Path(folder) / PICTURE) as temporary:
        _picture(facts).savefig(temporary, format="png", dpi=100, metadata={"Software": None})
    return facts


def _picture(facts: dict[str, Any]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 4)
    for axes, (name, histogram) in zip(grid.flat, facts["histograms"].items(), strict=False):
        edges = np.array(histogram["edges"])
        for split, colour in zip(SPLITS, COLOURS, strict=True):
            share = np.array(histogram["counts"][split]) / max(sum(histogram["counts"][split]), 1)
            axes.stairs(share, edges, color=colour, label=split, fill=split == SPLITS[0], alpha=0.6)
            axes.stairs(share, edges, color=colour)
        axes.set_title(name.replace("_", " ") + UNITS.get(name, ""), fontsize=11)
        axes.set_yticks([])
    notes = grid.flat[len(facts["histograms"])]
    notes.axis("off")
    counts = facts["neighbourhoods"]
    lines = [f"{split}: {counts[split]:,} of {facts['source_webs'][split]} webs" for split in SPLITS]
    lines += ["", *(f"{name}: {100 * n / sum(facts['silk'].values()):.1f} %" for name, n in facts["silk"].items())]
    notes.text(0, 1, "\n".join(lines), va="top", fontsize=10, parse_math=False)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    notes.legend(handles, labels, loc="lower left", frameon=False)
    figure.suptitle(f"{facts['origin']}, split by {facts['split_by']}", fontsize=11, parse_math=False)
    return figure
