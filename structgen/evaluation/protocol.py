"""The whole evaluation of a generator, or of webs from files: what `structgen evaluate` runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from structgen.evaluation import classifier, novelty
from structgen.evaluation.adherence import adherence, as_json, held_out_targets, summary
from structgen.evaluation.comparison import Sets, comparison
from structgen.evaluation.cost import cost
from structgen.evaluation.distributions import DRAWS
from structgen.evaluation.isomorphism import dataset_codes
from structgen.evaluation.leakage import leakage
from structgen.evaluation.outside import past_the_range
from structgen.evaluation.soundness import soundness
from structgen.evaluation.trials import Model, Progress, Trial, ask, asked_trial, given_trial
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets
from structgen.web import FloatArray, WebGraph

#: Largest degree allowed where webs are given without a model that knows its own.
MAX_DEGREE = 8
#: Requests of each kind past the training range.
OUTSIDE = 16
#: Guidance of a sweep; 0 is without targets, 1 without guidance.
SWEEP = (0.0, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Background:
    """What is found out about data sets alone, once for all models that are evaluated on them."""

    training: novelty.Training
    leakage: dict[str, Any]

    @classmethod
    def of(cls, dataset: Dataset, progress: Progress | None = None, trained_on: Dataset | None = None) -> Background:
        """Of ``dataset``: codes of graphs, and what its test webs and training webs share.

        ``trained_on``: the data set whose training part models learned from, where it is another one.
        """
        tell = progress or (lambda what, done, total: None)
        tell("codes of the data set", 0, 2)
        codes = dataset_codes(dataset)
        learned = (trained_on, dataset_codes(trained_on)) if trained_on else (dataset, codes)
        tell("leakage of the data set", 1, 2)
        training = novelty.Training.of(*learned)
        background = cls(training, leakage(dataset, codes, training))
        tell("leakage of the data set", 2, 2)
        return background


@dataclass(frozen=True)
class Evaluated:
    """Everything an evaluation found (JSON values), and the webs of its trials, for the picture."""

    result: dict[str, Any]
    trials: list[Trial]


def run(
    model: Model, dataset: Dataset, *, webs: int = 256, seeds: int = 3, seed: int = 0, progress: Progress | None = None,
    background: Background | None = None, trained_on: Dataset | None = None, guidance_sweep: Sequence[float] = (),
    cost_steps: Sequence[int] = (), **generate_options: Any,
) -> dict[str, Any]:  # fmt: skip
    """The protocol on ``model`` as JSON values; see `evaluated` for the arguments."""
    return evaluated(
        model, dataset, webs=webs, seeds=seeds, seed=seed, progress=progress, background=background,
        trained_on=trained_on, guidance_sweep=guidance_sweep, cost_steps=cost_steps, **generate_options,
    ).result  # fmt: skip


def run_files(
    webs: Sequence[WebGraph], dataset: Dataset, *, most: int = 256, seeds: int = 3, seed: int = 0,
    progress: Progress | None = None, max_degree: int = MAX_DEGREE,
) -> dict[str, Any]:  # fmt: skip
    """The protocol on given ``webs`` as JSON values, without what needs requests: adherence, decoding, cost."""
    return evaluated_files(
        webs, dataset, most=most, seeds=seeds, seed=seed, progress=progress, max_degree=max_degree
    ).result


def evaluated(
    model: Model, dataset: Dataset, *, webs: int = 256, seeds: int = 3, seed: int = 0, progress: Progress | None = None,
    background: Background | None = None, trained_on: Dataset | None = None, guidance_sweep: Sequence[float] = (),
    cost_steps: Sequence[int] = (), **generate_options: Any,
) -> Evaluated:  # fmt: skip
    """Ask ``model`` for the targets of test webs of ``dataset`` and compare what it makes with these.

    Arguments:
        webs: test webs of each trial, fewer where there are fewer. 256 or more for figures to report.
        seeds: trials, each with test webs and generated webs of its own: ``seed``, ``seed + 1``, ...
        progress: told what is done.
        background: of ``dataset``, where it is known already.
        trained_on: the data set that the model learned from, where it is another one.
        guidance_sweep: values of ``guidance`` to compare, on the targets of the first trial.
        cost_steps: numbers of steps whose cost is measured.
        generate_options: for ``model.generate``: guidance, steps.

    Raises `ValueError` where the model answers fewer than two requests of a trial.
    """
    _check(webs, seeds)
    began = time.process_time()
    trials = [
        asked_trial(model, dataset, webs, seed + k, _named(progress, f"web of trial {k + 1}"), **generate_options)
        for k in range(seeds)
    ]
    asked = held_out_targets(dataset, OUTSIDE, seed)
    outside = {
        name: _outside(model, targets, seed, _named(progress, f"web past the range of {name}"), **generate_options)
        for name, targets in past_the_range(dataset, asked).items()
    }
    generated = time.process_time() - began
    max_degree = int(model.config.max_degree)
    result = _measured(trials, dataset, seed, max_degree, progress, background, trained_on)
    result["adherence"]["outside"] = outside
    began = time.process_time()
    if guidance_sweep:
        targets = held_out_targets(dataset, webs, seed)
        result["guidance"] = _sweep(model, targets, guidance_sweep, seed, max_degree, progress, generate_options)
    result["cost"] = cost(model, cost_steps) if cost_steps else []
    result["cpu_seconds"]["generation"] = generated + time.process_time() - began
    result["protocol"] |= {"options": {k: v for k, v in generate_options.items() if v is not None}}
    return Evaluated(result, trials)


def evaluated_files(
    webs: Sequence[WebGraph], dataset: Dataset, *, most: int = 256, seeds: int = 3, seed: int = 0,
    progress: Progress | None = None, max_degree: int = MAX_DEGREE, trained_on: Dataset | None = None,
) -> Evaluated:  # fmt: skip
    """Compare at most ``most`` of ``webs`` with test webs of ``dataset`` that have as many nodes; as `evaluated`."""
    _check(most, seeds)
    trials = [given_trial(webs, dataset, most, seed + k) for k in range(seeds)]
    return Evaluated(_measured(trials, dataset, seed, max_degree, progress, trained_on=trained_on), trials)


def _check(webs: int, seeds: int) -> None:
    if webs < 2 or seeds < 1:
        raise ValueError(f"webs is {webs}, seeds {seeds}, must be at least 2 and 1")


def _named(progress: Progress | None, what: str) -> Any:
    return (lambda done, total: progress(what, done, total)) if progress else None


def _measured(
    trials: Sequence[Trial], dataset: Dataset, seed: int, max_degree: int, progress: Progress | None,
    background: Background | None = None, trained_on: Dataset | None = None,
) -> dict[str, Any]:  # fmt: skip
    began = time.process_time()
    background = background or Background.of(dataset, progress, trained_on)
    training = background.training
    distributions, sets = comparison(trials, dataset, _named(progress, "row of the table"))
    first = trials[0]
    result = {
        "protocol": _protocol(trials, dataset, training, seed, max_degree),
        "refused": _refused(trials),
        "leakage": background.leakage,
        "adherence": _adherence(trials, sets),
        "validity": _validity(trials, sets, max_degree),
        "novelty": {
            "generated": novelty.novelty(first.webs, training), "test": novelty.novelty(first.test, training)
        },
        "distributions": distributions,
        "memorisation": novelty.memorisation(first.webs, first.test, training, seed),
    }  # fmt: skip
    return result | {"cpu_seconds": {"evaluation": time.process_time() - began, "generation": 0.0}}


def _protocol(
    trials: Sequence[Trial], dataset: Dataset, training: novelty.Training, seed: int, max_degree: int
) -> dict[str, Any]:
    given = trials[0].results is None
    sources = {split: len(np.unique(dataset.arrays["web"][dataset.indices(split)])) for split in ("train", "test")}
    notes = [
        f"source webs: {sources['test']} of the test webs, {sources['train']} of the training webs; the fewer, the "
        "further apart even these are",
        "distances: mean over the trials; low and high are bounds of a bootstrap over webs, mean over the trials",
        "novelty: webs of the first trial, against all training webs of as many nodes",
        f"memorisation: at most {novelty.SEARCHED} webs of the first trial, {novelty.BUDGET} pairings tried for each",
    ]
    if given:
        notes.append("webs were given without requests: adherence and decoding are left out, test webs match in nodes")
    if not classifier.available():
        notes.append(f"AUC {classifier.MISSING}")
    return {
        "seed": seed, "trials": len(trials), "webs": [len(trial.webs) for trial in trials], "max_degree": max_degree,
        "bootstrap_draws": DRAWS, "copy_tolerance": novelty.COPY, "data": dataset.header["origin"],
        "data_fingerprint": dataset.fingerprint, "source_webs": sources,
        "trained_on": training.dataset.header["origin"], "notes": notes,
    }  # fmt: skip


def _refused(trials: Sequence[Trial]) -> dict[str, Any]:
    reasons = [reason for trial in trials for reason in trial.refused]
    asked = sum(len(trial.webs) for trial in trials if trial.results is not None) + len(reasons)
    return {"asked": asked, "refused": len(reasons), "example": reasons[0] if reasons else None}


def _targets(webs: Sequence[WebGraph]) -> FloatArray:
    return np.array([DesignTargets.measure(web).as_array() for web in webs])


def _adherence(trials: Sequence[Trial], sets: Sequence[Sets]) -> dict[str, Any]:
    """By row, over all trials, inside of the training range; empty for webs that were given."""
    if trials[0].results is None:
        return {}
    asked = np.concatenate([_targets(trial.test) for trial in trials])
    raw = np.array([result.raw for trial in trials for result in trial.results or ()])
    rows = {"decoded": "generated", "retrieval": "retrieval", "random": "random"}
    reached = {name: np.concatenate([_targets(some.webs[row]) for some in sets]) for name, row in rows.items()}
    return {name: as_json(adherence(asked, values)) for name, values in ({"raw": raw} | reached).items()}


def _validity(trials: Sequence[Trial], sets: Sequence[Sets], max_degree: int) -> dict[str, Any]:
    rows = {name: [web for some in sets for web in some.webs[name]] for name in ("generated", "train")}
    table: dict[str, Any] = {name: soundness(webs, max_degree) for name, webs in rows.items()}
    table["test"] = soundness([web for trial in trials for web in trial.test], max_degree)
    results = [result for trial in trials for result in trial.results or ()]
    if results:
        table["raw"] = soundness([result.raw_web for result in results], max_degree)
        table["edges_changed"] = sum(r.edges_changed for r in results) / sum(r.web.m for r in results)
        exact = [(r.web.n, r.web.m) == (w.n, w.m) for t in trials for r, w in zip(t.results or (), t.test, strict=True)]
        table["counts_exact"] = float(np.mean(exact))
    return table


def _outside(
    model: Model, targets: Sequence[DesignTargets], seed: int, progress: Any = None, **options: Any
) -> dict[str, Any]:
    results, reasons = ask(model, targets, seed, progress, **options)
    kept = [(target, result) for target, result in zip(targets, results, strict=True) if result is not None]
    facts: dict[str, Any] = {"asked": len(targets), "refused": len(reasons), "example": reasons[0] if reasons else None}
    if kept:
        asked = [target.as_array() for target, _ in kept]
        facts |= summary([result for _, result in kept], asked, int(model.config.max_degree))
    return facts


def _sweep(
    model: Model, targets: Sequence[DesignTargets], guidances: Sequence[float], seed: int, max_degree: int,
    progress: Progress | None, options: dict[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """Adherence and validity at each guidance, for the same targets and noise."""
    rows = []
    for guidance in guidances:
        told = _named(progress, f"web at guidance {guidance:g}")
        results, reasons = ask(model, targets, seed, told, **(options | {"guidance": guidance}))
        kept = [(target, result) for target, result in zip(targets, results, strict=True) if result is not None]
        facts = {"guidance": guidance, "refused": len(reasons)}
        if kept:
            facts |= summary([r for _, r in kept], [t.as_array() for t, _ in kept], max_degree)
        rows.append(facts)
    return rows
