"""Training of the predictor on simulated tests; batches come from the seed and the number of the step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulate.mechanics.predictor.features import Seen, seen
from simulate.mechanics.predictor.labels import AXES, TEST, UNITS, Labels, Webs, labelled
from simulate.mechanics.predictor.network import Predictor, PredictorConfig, SeenBatch
from simulate.mechanics.predictor.quality import predicted, quality, temperatures
from simulate.mechanics.predictor.store import save_predictor
from simulate.training import WEIGHTS, Loop
from structgen.parallel import parallel_map
from structgen.plans import check_plan, learning_rate
from structgen.seeds import generator
from structgen.web import FloatArray, IntArray, WebGraph

LABELS = "labels.npz"
SPLITS = ("train", "validation", "test")
#: Least spread that a feature is divided by.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class PredictorPlan:
    """What is trained how long. steps: optimiser steps in all. batch: tests a step. beta: how far tests of which the
    network is unsure weigh less, from 1, not at all, to 0, as in the likelihood (M. Seitzer et al., ICLR 2022)."""

    steps: int = 3_500
    batch: int = 64
    seed: int = 0
    learning_rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    clip: float = 1.0
    ema: float = 0.998
    beta: float = 0.5

    def __post_init__(self) -> None:
        check_plan(self, beta=(0.0, 1.0))

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine down to a hundredth."""
        return learning_rate(self, step, 0.01)


@dataclass(frozen=True)
class PredictorProgress:
    """A report: what is being done, how much of how many, the loss and seconds of a step, validation if new."""

    what: str
    done: int
    total: int
    loss: float = math.nan
    seconds: float = math.nan
    validation: dict[str, Any] | None = None


Report = Callable[[PredictorProgress], None]


@dataclass(frozen=True)
class TensionTests:
    """Tests of one split: what the network sees of each, and ``truth (s, 3)``, logarithms of what came out."""

    seens: list[Seen]
    truth: FloatArray


def train_predictor(
    webs: Webs, split: IntArray, out: str | Path, plan: PredictorPlan, *,
    config: PredictorConfig | None = None, data: Mapping[str, Any] | None = None, resume: bool = False,
    workers: int = 1, scheduler: str | None = None, checkpoint_seconds: float = 60.0, validate_every: int = 1000,
    command: str = "", report: Report | None = None,
) -> Predictor:  # fmt: skip
    """Simulate the tests of ``webs``, train on them, calibrate; all files go to ``out``.

    Arguments:
        split: ``(w,)`` 0 for webs to learn from, 1 for those to calibrate on, 2 for those the card's metrics are of.
        config: sizes of the network; None for the usual ones.
        data: what the webs are, for the card.
        resume: go on from ``out/checkpoint.pt``. Labels that ``out/labels.npz`` holds are used in any case.
        workers, scheduler: who simulates; see `structgen.parallel.parallel_map`.
        report: called as it goes; what it raises, like Ctrl-C, ends the run with what it has saved.
        command: how this run can be repeated, kept in the card.

    Raises `ValueError` where a split has no tests, or a checkpoint or labels are of another run.
    """
    out = Path(out)
    tell = report or (lambda progress: None)
    split = np.asarray(split)
    if split.shape != (len(webs),):
        raise ValueError(f"split has shape {split.shape}, must be ({len(webs)},), one a web")
    labels = labelled(
        webs, out / LABELS, workers, scheduler, lambda k, n: tell(PredictorProgress("simulated web", k, n))
    )
    tests = by_split(webs, split, labels, workers, scheduler, tell)
    loop = _Loop(out, plan, lambda: Predictor(config or PredictorConfig()), tests, {
        **(data or {}), "webs": len(webs), "simulation": TEST, "simulation, processor seconds": round(labels.seconds),
        "tests": {name: len(tests[name].truth) for name in SPLITS}, "units": UNITS,
    }, command)  # fmt: skip
    return loop.run(
        resume, checkpoint_seconds, validate_every,
        lambda done, loss, seconds, new: tell(PredictorProgress("step", done, plan.steps, loss, seconds, new)),
    )  # fmt: skip


def by_split(
    webs: Webs, split: IntArray, labels: Labels, workers: int = 1, scheduler: str | None = None,
    tell: Report | None = None,
) -> dict[str, TensionTests]:  # fmt: skip
    """The tests of each of `SPLITS`; those without labels are left out."""
    known = labels.known
    rows = np.flatnonzero(known.any(axis=1))
    parts: dict[str, tuple[list[Seen], list[FloatArray]]] = {name: ([], []) for name in SPLITS}
    for done, (k, seens) in enumerate(zip(
        rows, parallel_map(_seen_along, [(webs[int(k)], known[k]) for k in rows], workers, scheduler), strict=True
    ), 1):  # fmt: skip
        seen_ones, truths = parts[SPLITS[split[k]]]
        seen_ones += seens
        truths.append(np.log(labels.values[k][known[k]]))
        if tell:
            tell(PredictorProgress("prepared web", done, len(rows)))
    for name, (seen_ones, _) in parts.items():
        if not seen_ones:
            raise ValueError(f"webs: none of the split {name} carries a load along any axis")
    return {name: TensionTests(ones, np.concatenate(truths)) for name, (ones, truths) in parts.items()}


def _seen_along(task: tuple[WebGraph, np.ndarray]) -> list[Seen]:
    web, along = task
    return [seen(web, axis) for axis, wanted in zip(AXES, along, strict=True) if wanted]


class _Loop(Loop[Predictor]):
    """One training run."""

    # What is left in the end is measured after the calibration.
    validates_last = False

    def __init__(
        self, out: Path, plan: PredictorPlan, make: Callable[[], Predictor], tests: Mapping[str, TensionTests],
        data: dict[str, Any], command: str,
    ) -> None:  # fmt: skip
        super().__init__(out, plan, make, command)
        self.tests, self.data = tests, data
        _scale(self.network, tests["train"])
        self.start_average()
        self.truth = torch.from_numpy(tests["train"].truth.astype(np.float32))

    def backward(self, step: int) -> float:
        plan, train = self.plan, self.tests["train"]
        rng = generator(plan.seed, step)
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.choice(len(train.seens), min(plan.batch, len(train.seens)), replace=False)
        mean, log_variance = self.network(SeenBatch.of_all([train.seens[k] for k in rows]))
        loss = likelihood(self.truth[rows], mean, log_variance, self.network.error_scale[1], plan.beta)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    def validate(self) -> dict[str, Any]:
        return self._quality("validation")

    def finish(self, validation: dict[str, Any]) -> None:
        """Calibrate on the validation webs; write the weights, and the model card beside them."""
        kept = self.tests["validation"]
        self.average.temperature.fill_(1.0)
        mean, deviation = predicted(self.average, kept.seens)
        for buffer, found in zip(
            (self.average.temperature, self.average.far), temperatures((kept.truth - mean) / deviation), strict=True
        ):
            buffer.copy_(torch.from_numpy(found))
        save_predictor(self.average, self.out / WEIGHTS)
        self.write_card("predictor", self.data, {name: self._quality(name) for name in SPLITS[1:]})

    def identity(self) -> dict[str, Any]:
        return super().identity() | {f"{name} tests": len(one.truth) for name, one in self.tests.items()}

    def _quality(self, split: str) -> dict[str, Any]:
        return quality(self.average, self.tests[split].seens, self.tests[split].truth)


def likelihood(
    truth: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, unit: torch.Tensor, beta: float
) -> torch.Tensor:
    """Negative logarithm of the Gaussian likelihood of ``truth (b, 3)``, each term times its variance to ``beta``.

    ``unit (3,)``: spread of the errors of the estimate, in which variances are counted.
    """
    terms = (log_variance + (truth - mean).square() / log_variance.exp()) / 2
    weight = ((log_variance / 2).exp() / unit).detach() ** (2 * beta)
    return (weight * terms).mean()


def _scale(network: Predictor, tests: TensionTests) -> None:
    """Mean and spread of what goes in, and of the errors of the estimate, from the training webs."""
    batch = SeenBatch.of_all(tests.seens)
    error = torch.from_numpy(tests.truth.astype(np.float32)) - batch.estimate
    for scale, values in (
        (network.node_scale, batch.node), (network.edge_scale, batch.edge),
        (network.whole_scale, torch.cat([batch.whole, batch.estimate], dim=1)), (network.error_scale, error),
    ):  # fmt: skip
        scale[0], scale[1] = values.mean(dim=0), values.std(dim=0).clamp_min(LEAST_SPREAD)
