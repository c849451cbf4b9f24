"""The webs of an evaluation: test webs of a seed, and those generated for their targets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from structgen.evaluation.adherence import held_out_rows
from structgen.evaluation.references import rows_of_sizes
from structgen.generators.model import Generated, OutOfRangeWarning
from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets
from structgen.web import IntArray, WebGraph

#: Requests in one call of a model.
CALL = 32

#: Told what is done, and how many of how many.
Progress = Callable[[str, int, int], None]


class Model(Protocol):
    """What is evaluated: any generator of webs; ``config.max_degree`` is the largest degree that it allows."""

    @property
    def config(self) -> Any:
        """Sizes and limits of the model."""

    def generate(self, targets: Sequence[DesignTargets], n: int, seed: int, **options: Any) -> list[Generated]:
        """``n`` webs for each of ``targets``; `ValueError` for those that the model refuses."""


@dataclass(frozen=True)
class Trial:
    """The webs of one seed, place by place for the same targets.

    rows ``(k,)``: numbers of the test webs in the data set. test: these webs. webs: what was generated for their
    targets, or the webs given. results: what the model said of each, None for given webs. refused: why requests were.
    """

    seed: int
    rows: IntArray
    test: list[WebGraph]
    webs: list[WebGraph]
    results: list[Generated] | None
    refused: list[str]


def ask(
    model: Model, targets: Sequence[DesignTargets], seed: int, progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> tuple[list[Generated | None], list[str]]:  # fmt: skip
    """One web for each of ``targets``, None where the model refuses, and the reasons of the refusals.

    Without warnings of requests past the training range: how far off their answers are is measured.

    `CALL` requests a call; where a call is refused its requests are made one by one, to find those that are at fault.
    """
    results: list[Generated | None] = []
    reasons: list[str] = []
    for first in range(0, len(targets), CALL):
        some = targets[first : first + CALL]
        own = int(generator(seed, 9, first).integers(2**31))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OutOfRangeWarning)
            try:
                results += model.generate(some, 1, own, **options)
            except ValueError:
                for k, target in enumerate(some):
                    try:
                        results += model.generate([target], 1, own + k, **options)
                    except ValueError as error:
                        results.append(None)
                        reasons.append(str(error))
        if progress:
            progress(len(results), len(targets))
    return results, reasons


def asked_trial(
    model: Model, dataset: Dataset, count: int, seed: int, progress: Callable[[int, int], None] | None, **options: Any
) -> Trial:
    """``count`` test webs drawn with ``seed``, and a web for the targets of each; without those that are refused.

    Raises `ValueError` where fewer than two requests are answered.
    """
    rows = held_out_rows(dataset, count, seed)
    test = [dataset[int(k)] for k in rows]
    results, reasons = ask(model, [DesignTargets.measure(web) for web in test], seed, progress, **options)
    kept = [k for k, result in enumerate(results) if result is not None]
    if len(kept) < 2:
        why = f" ({reasons[0]})" if reasons else ""
        raise ValueError(f"the model answered {len(kept)} of {len(rows)} requests{why}, at least 2 are needed")
    answered = [result for result in results if result is not None]
    return Trial(seed, rows[kept], [test[k] for k in kept], [result.web for result in answered], answered, reasons)


def given_trial(webs: Sequence[WebGraph], dataset: Dataset, count: int, seed: int) -> Trial:
    """At most ``count`` of ``webs``, drawn with ``seed``, and test webs of the same node numbers."""
    if len(webs) < 2:
        raise ValueError(f"{len(webs)} web is too few to compare, at least 2 are needed")
    some = [webs[k] for k in generator(seed, 10).permutation(len(webs))[:count]]
    rows = rows_of_sizes(dataset, [web.n for web in some], seed, "test")
    return Trial(seed, rows, [dataset[int(k)] for k in rows], some, None, [])
