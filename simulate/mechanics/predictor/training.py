"""Training of the predictor on simulated tests; batches come from the seed and the number of the step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulate.mechanics.predictor.features import Seen, seen
from simulate.mechanics.predictor.labels import AXES, TEST, UNITS, Labels, Webs, labelled
from simulate.mechanics.predictor.network import Predictor, PredictorConfig, SeenBatch
from simulate.mechanics.predictor.quality import predicted, quality, temperatures
from simulate.mechanics.predictor.store import save_predictor
from structgen.files import sha256, whole_file, write_json
from structgen.parallel import parallel_map
from structgen.plans import check_plan, learning_rate
from structgen.seeds import generator
from structgen.web import FloatArray, IntArray, WebGraph

LABELS, CHECKPOINT, WEIGHTS, CARD, LOG = (
    "labels.npz", "checkpoint.pt", "weights.safetensors", "card.json", "log.jsonl"
)  # fmt: skip
SPLITS = ("train", "validation", "test")
#: Least spread that a feature is divided by.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class PredictorPlan:
    """What is trained how long. steps: optimiser steps in all. batch: tests a step. beta: how far tests of which the
    network is unsure weigh less, from 1, not at all, to 0, as in the likelihood (M. Seitzer et al., ICLR 2022)."""

    steps: int = 3_000
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
    loop = _Loop(out, plan, config or PredictorConfig(), tests, {
        **(data or {}), "webs": len(webs), "simulation": TEST, "simulation, processor seconds": round(labels.seconds),
        "tests": {name: len(tests[name].truth) for name in SPLITS}, "units": UNITS,
    }, command)  # fmt: skip
    if resume:
        loop.restore()
    else:
        (out / LOG).unlink(missing_ok=True)
    loop.run(checkpoint_seconds, validate_every, tell)
    return loop.average.eval().requires_grad_(False)


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


class _Loop:
    """One training run."""

    def __init__(
        self, out: Path, plan: PredictorPlan, config: PredictorConfig, tests: Mapping[str, TensionTests],
        data: dict[str, Any], command: str,
    ) -> None:  # fmt: skip
        self.out, self.plan, self.tests, self.data, self.command, self.done = out, plan, tests, data, command, 0
        torch.manual_seed(plan.seed)
        self.network, self.average = Predictor(config), Predictor(config)
        _scale(self.network, tests["train"])
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False).eval()
        self.truth = torch.from_numpy(tests["train"].truth.astype(np.float32))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
        )

    def run(self, checkpoint_seconds: float, validate_every: int, tell: Report) -> None:
        """All steps that are left, then calibration and the card."""
        saved, steps = time.monotonic(), self.plan.steps
        try:
            while self.done < steps:
                began = time.monotonic()
                loss = self.step()
                validation = None
                if self.done % validate_every == 0 and self.done < steps:
                    kept = self.tests["validation"]
                    validation = quality(self.average, kept.seens, kept.truth)
                    self.log({"step": self.done, "loss": loss, "validation": validation})
                if time.monotonic() - saved > checkpoint_seconds:
                    self.checkpoint()
                    saved = time.monotonic()
                tell(PredictorProgress("step", self.done, steps, loss, time.monotonic() - began, validation))
        finally:
            self.checkpoint()
            self.finish()

    def step(self) -> float:
        """The next optimiser step; it is done whole or not at all."""
        plan, step, train = self.plan, self.done, self.tests["train"]
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate(step)
        rng = generator(plan.seed, step)
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.choice(len(train.seens), min(plan.batch, len(train.seens)), replace=False)
        mean, log_variance = self.network(SeenBatch.of_all([train.seens[k] for k in rows]))
        loss = likelihood(self.truth[rows], mean, log_variance, self.network.error_scale[1], plan.beta)
        if not math.isfinite(loss.item()):
            raise ValueError(f"learning_rate is {plan.learning_rate:g}, too high: loss of step {step} is not finite")
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), plan.clip)
        keep = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            self.optimizer.step()
            for mean_of, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean_of.lerp_(value, 1 - keep)
            self.done += 1
        return loss.item()

    def checkpoint(self) -> None:
        """Everything needed to go on."""
        state = {
            "step": self.done, "run": self._identity(), "network": self.network.state_dict(),
            "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        with whole_file(self.out / CHECKPOINT) as temporary:
            torch.save(state, temporary)

    def restore(self) -> None:
        """Load the checkpoint."""
        path = self.out / CHECKPOINT
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no checkpoint to resume from")
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            begun, step = json.loads(state["run"]), int(state["step"])
        except Exception as error:  # torch.load raises whatever its zip and pickle readers raise
            raise ValueError(f"{path}: not a sound checkpoint ({' '.join(str(error).split())[:160]})") from None
        now = json.loads(self._identity())
        differing = [f"{k} {begun.get(k)}, now {v}" for k, v in now.items() if begun.get(k) != v]
        if differing or not 0 <= step <= self.plan.steps:
            raise ValueError(
                f"{path}: was begun with {'; '.join(differing) or f'step {step}'}; start anew or use those"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = step

    def finish(self) -> None:
        """Calibrate on the validation webs; write the weights, and the model card beside them."""
        kept = self.tests["validation"]
        self.average.temperature.fill_(1.0)
        mean, deviation = predicted(self.average, kept.seens)
        for buffer, found in zip(
            (self.average.temperature, self.average.far), temperatures((kept.truth - mean) / deviation), strict=True
        ):
            buffer.copy_(torch.from_numpy(found))
        save_predictor(self.average, self.out / WEIGHTS)
        write_json(self.out / CARD, {
            "model": "predictor", "version": version("structgen-webs"), "sha256": sha256(self.out / WEIGHTS),
            "parameters": sum(p.numel() for p in self.network.parameters()), "config": asdict(self.network.config),
            "data": self.data, "plan": asdict(self.plan), "seed": self.plan.seed, "steps_done": self.done,
            "command": self.command,
            "metrics": {
                name: quality(self.average, self.tests[name].seens, self.tests[name].truth) for name in SPLITS[1:]
            },
        })  # fmt: skip

    def log(self, row: dict[str, Any]) -> None:
        """One line of JSON in the log of the run."""
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG).open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    def _identity(self) -> str:
        counts = {f"{name} tests": len(one.truth) for name, one in self.tests.items()}
        return json.dumps(asdict(self.plan) | asdict(self.network.config) | counts)


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
