"""Webs asked to be like a given one (`generate --like`): how near do they come to it, and how near without?

Given are whole webs that no model has seen: procedural ones of a seed of their own, and any of `--webs`. Parts of a web
are what webs like it are held against, in number of nodes the same. Rows: other parts of the same web, which is as near
as anything can come; webs like it; webs of the same targets that are not told what to be like. Means over the webs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, save, table
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from structgen.evaluation import classifier
from structgen.evaluation.distributions import DISTANCES, Measured, compare
from structgen.evaluation.picture import INK, MADE, RAW, VIEW, lines
from structgen.files import whole_file
from structgen.generators import load_model
from structgen.generators.likeness import STREAM, part_of
from structgen.io import read_web
from structgen.seeds import generator
from structgen.sources.training_set import ARCHITECTURES, source_webs
from structgen.targets import DesignTargets
from structgen.web import WebGraph

#: Seed of the given webs; those that models learned from and are tested on are of others.
SEED = 1000
#: Webs of each architecture in the picture.
SHOWN = 2
ROWS = ("other parts", "like", "by targets alone")


def parts(web: WebGraph, nodes: int, count: int, stream: int) -> list[WebGraph]:
    """Parts of ``web``, drawn anew for each ``stream``."""
    return [part_of(web, nodes, generator(SEED, STREAM, stream, k)) for k in range(count)]


def distances(a: Sequence[WebGraph], b: Sequence[WebGraph], untold: set[str]) -> dict[str, float]:
    """Classifier and distances between two sets, but those that are ``untold``."""
    own = np.arange(len(a))
    found: dict[str, float] = {}
    for name, x, y in zip(("auc", "auc_silk"), classifier.features(a), classifier.features(b), strict=True):
        auc = classifier.two_sample_auc(x, y, own, own, 0)
        assert auc is not None
        found[name] = auc.value
    intervals = compare(Measured.of(a), Measured.of(b), 0, 2)
    found |= {name: interval.value for name, interval in intervals.items() if interval is not None}
    return {name: value for name, value in found.items() if name not in untold}


def answers(model: Any, web: WebGraph, nodes: int, count: int) -> dict[str, list[WebGraph]]:
    """The webs of each row."""
    results = model.generate(DesignTargets(nodes=nodes), count, SEED, like=web)
    alone = model.sample([result.asked for result in results], 1, SEED)
    webs = parts(web.largest_component(), nodes, count, 1), [result.web for result in results], alone
    return dict(zip(ROWS, webs, strict=True))


def measured(web: WebGraph, sets: dict[str, list[WebGraph]], nodes: int) -> dict[str, dict[str, float]]:
    """The rows of one given web."""
    real = parts(web.largest_component(), nodes, len(sets["like"]), 0)
    untold = set() if web.kind.any() else {"silk", "auc_silk"}
    if np.ptp(web.radius) == 0:
        untold |= {"radius", "auc_silk"}
    return {name: distances(some, real, untold) for name, some in sets.items()}


def draw(examples: dict[str, tuple[WebGraph, dict[str, list[WebGraph]]]], path: Path) -> None:
    """Parts of a web of each architecture, webs like each, and others of the same targets, into ``path`` (.png)."""
    figure = Figure(figsize=(15, 6), layout="constrained")
    FigureCanvasAgg(figure)
    rows = {"a part": INK, "like it": MADE, "same targets": RAW}
    grid: Any = figure.subplots(len(rows), SHOWN * len(examples), squeeze=False)
    for place, (name, (web, sets)) in enumerate(examples.items()):
        for k in range(SHOWN):
            part = part_of(web.largest_component(), sets["like"][k].n, generator(SEED, k, STREAM))
            column = grid[:, SHOWN * place + k]
            webs = [_face_on(one) for one in (part, sets["like"][k], sets["by targets alone"][k])]
            reach = 0.53 * max(float(np.ptp(one.pos @ VIEW[:2].T, axis=0).max()) for one in webs)
            for axes, one, colour in zip(column, webs, rows.values(), strict=True):
                lines(axes, one, colour, reach)
        grid[0, SHOWN * place].set_title(name, fontsize=12, color=INK)
    for axes, (label, colour) in zip(grid[:, 0], rows.items(), strict=True):
        axes.text(-0.05, 0.5, label, transform=axes.transAxes, rotation=90, va="center", ha="right", color=colour)
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def _face_on(web: WebGraph) -> WebGraph:
    """``web`` turned so that the picture shows its two longer sides."""
    turn = np.linalg.svd(web.pos - web.pos.mean(axis=0), full_matrices=False)[2]
    return web.rotated(VIEW.T @ turn)


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--webs", type=Path, nargs="*", default=[], help="files of more webs to be like")
    arguments.add_argument("--sources", type=int, default=24, help="procedural webs to be like")
    arguments.add_argument("--nodes", type=int, default=48, help="of each new web")
    arguments.add_argument("--count", type=int, default=96, help="new webs for each given one")
    arguments.add_argument("--picture", type=Path, help="picture of some of the webs, .png")
    options = arguments.parse_args()
    model = load_model()
    given = [(ARCHITECTURES[k % 4], web) for k, web in enumerate(source_webs(options.sources, SEED, 2))]
    given += [(path.stem, read_web(path)) for path in options.webs]
    groups: dict[str, list[dict[str, dict[str, float]]]] = {}
    examples: dict[str, tuple[WebGraph, dict[str, list[WebGraph]]]] = {}
    for k, (name, web) in enumerate(given):
        print(f"web {k + 1} of {len(given)}: {name}, {web.n} nodes", file=sys.stderr)
        sets = answers(model, web, options.nodes, options.count)
        examples.setdefault(name, (web, sets))
        groups.setdefault(name, []).append(measured(web, sets, options.nodes))
    if options.picture:
        draw({name: examples[name] for name in ARCHITECTURES if name in examples}, options.picture)
    groups["all procedural"] = [one for name in ARCHITECTURES for one in groups.get(name, [])]
    means = {
        name: {row: {key: float(np.mean([one[row][key] for one in ones])) for key in ones[0][row]} for row in ROWS}
        for name, ones in groups.items() if ones
    }  # fmt: skip
    names = {"auc": "AUC", "auc_silk": "AUC, silk", **DISTANCES}
    for group, rows in means.items():
        print(f"\n{group}, {len(groups[group])} webs\n")
        print(table([["", *ROWS], *([names[key], *(rows[row][key] for row in ROWS)] for key in rows["like"])]))
    save("likeness", {"nodes": options.nodes, "count": options.count, "means": means}, options.output)


if __name__ == "__main__":
    main()
