"""Whether a generator makes webs of its own: unique, novel, and no nearer to training webs than test webs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from structgen.evaluation.isomorphism import Codes, Hashed, distinct, known
from structgen.evaluation.matching import Frame, dataset_shapes, near, nearest, shapes_by_size
from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.web import FloatArray, IntArray, WebGraph

#: A web is a copy where its nodes are off by less than this share of its mean edge length, root mean square. Rounding
#: to float32, pushing touching nodes apart and fitting to a box move nodes by less; between independent webs the
#: distance is some ten times as large (`Memorisation`), so that neither copies are missed nor others taken for some.
COPY = 0.02
#: Pairings of nodes tried for a web in the search for its nearest training web.
BUDGET = 120
#: Webs of each set whose nearest training web is sought.
SEARCHED = 128


@dataclass(frozen=True)
class Training:
    """The training part of a data set: rows ``(t,)``, and the graph code of each."""

    dataset: Dataset
    rows: IntArray
    codes: Codes

    @classmethod
    def of(cls, dataset: Dataset, codes: Codes) -> Training:
        """That of ``dataset``, of which ``codes (k,)`` are those of all graphs."""
        rows = dataset.indices("train")
        return cls(dataset, rows, codes[rows])


def copies(webs: Sequence[WebGraph], training: Training, frame: Frame) -> int:
    """How many of ``webs`` are copies (`COPY`) of training webs."""
    found = 0
    sizes = sorted({web.n for web in webs})
    for n, shapes in dataset_shapes(training.dataset, training.rows, frame, sizes):
        same = (web for web in webs if web.n == n)
        found += sum(len(near(web.pos, shapes, COPY * float(web.lengths.mean()))) > 0 for web in same)
    return found


def repeats(webs: Sequence[WebGraph]) -> int:
    """How many of ``webs`` are copies (`COPY`, at the same size) of an earlier one."""
    shapes = shapes_by_size(webs, "rigid")
    return sum(
        bool((near(web.pos, shapes[web.n], COPY * float(web.lengths.mean())) < k).any()) for k, web in enumerate(webs)
    )


def novelty(webs: Sequence[WebGraph], training: Training) -> dict[str, float]:
    """Shares of ``webs``: unique and known as graphs, unique and novel as shapes.

    Small webs share their graph with training webs by chance, test webs too; so novel is what is no copy of a training
    web, neither as it is nor stretched to the same box.
    """
    hashed, count = Hashed.of(webs), len(webs)
    rigid, fitted = (copies(webs, training, frame) for frame in ("rigid", "fitted"))
    return {
        "unique_graphs": distinct(hashed) / count,
        "unique_shapes": 1 - repeats(webs) / count,
        "graphs_known": float(known(hashed, training.dataset, training.rows, training.codes).mean()),
        "copies": rigid / count,
        "stretched_copies": fitted / count,
        "novel": 1 - max(rigid, fitted) / count,
    }


def distances(webs: Sequence[WebGraph], training: Training, budget: int | None = BUDGET) -> tuple[FloatArray, float]:
    """Distance of each of ``webs`` to its nearest training web, fitted to its box, over its mean edge length.

    Webs without a training web of as many nodes are left out. Also the share of those whose search was not cut short.
    """
    found, exact = [], []
    sizes = sorted({web.n for web in webs})
    for n, shapes in dataset_shapes(training.dataset, training.rows, "fitted", sizes):
        for web in webs:
            if web.n == n:
                closest = nearest(web.pos, shapes, budget)
                found.append(closest.distance / float(web.lengths.mean()))
                exact.append(closest.exact)
    return np.array(found), float(np.mean(exact)) if exact else 0.0


def memorisation(
    webs: Sequence[WebGraph], test: Sequence[WebGraph], training: Training, seed: int, searched: int = SEARCHED
) -> dict[str, Any]:
    """Distances to the nearest training web: of ``webs``, and of ``test`` webs, which no training could have shown.

    p: the chance of distances so much smaller than those of test webs if both were alike (Mann and Whitney 1947, one
    side); near 0 it says that training webs are remembered. Of each set at most ``searched`` webs, in the same places.
    """
    facts: dict[str, Any] = {"unit": "mean edge length", "pairings_tried": BUDGET}
    places = generator(seed, 3).permutation(min(len(webs), len(test)))[:searched].tolist()
    found = {}
    for name, some in (("generated", webs), ("test", test)):
        found[name], exact = distances([some[k] for k in places], training)
        facts[name] = {"webs": len(found[name]), "search_complete": exact}
        if len(found[name]):
            low, median = np.quantile(found[name], [0.05, 0.5])
            facts[name] |= {"median": float(median), "q05": float(low)}
    if not (len(found["generated"]) and len(found["test"])):
        return facts | {"p": None}
    return facts | {"p": float(mannwhitneyu(found["generated"], found["test"], alternative="less").pvalue)}
