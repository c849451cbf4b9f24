"""Learning from one's own choice: a model that draws several webs and keeps the best is taught to draw such ones.

Direct preference optimisation (R. Rafailov et al., NeurIPS 2023), round by round on webs that the model draws itself
(R. Y. Pang et al., NeurIPS 2024). Which is better `Finish` tells, whose critic learns anew in each round what still
tells drawn webs from real ones (I. Goodfellow et al., NeurIPS 2014). Beside it real webs are learned on, so that the
model keeps to them. All of this takes an exact likelihood, hence it is for the autoregressive model.

What is learned maximises the likelihood of real webs no more, but makes those that are drawn more like them.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from structgen import __version__
from structgen.files import sha256, write_json
from structgen.generators.autoregressive import Autoregressive
from structgen.generators.batches import Request
from structgen.generators.finishing import Choice
from structgen.generators.model import raw_web_of
from structgen.generators.sequences import sequences
from structgen.generators.store import load_model, rounded, save_model
from structgen.plans import PRECISIONS, check_plan, learning_rate
from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets
from structgen.training import CALIBRATION_WEBS, CARD, LOG, WEIGHTS, one_size, some_webs
from structgen.web import WebGraph

#: Parts of the likelihood that drawn webs are compared by: all but radii, which are drawn without their scatter.
PARTS = ("links", "parent", "place", "edges", "kind")
#: Least learning rate of a round, as a share of the largest.
LEAST = 0.05

#: Told what is being done in which round, how much of how much, and a remark.
Tell = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class PreferencePlan:
    """What is learned how long.

    rounds: how often webs are drawn anew. requests: targets of training webs in a round, `CANDIDATES` webs drawn for
    each. steps: in a round. batch: webs a step, half of them better, half of them worse, and as many real ones.
    strength: how firmly the model is held to what it was at the beginning of the round, `beta` of the paper.
    likelihood: weight of that of real webs, nats a node. share: of the way from the model that was given to that which
    it became, how much is gone in the end: all of it loses more of the former than needs be (M. Wortsman et al., Robust
    fine-tuning of zero-shot models, CVPR 2022).
    """

    steps: int = 200
    rounds: int = 8
    requests: int = 1536
    batch: int = 32
    seed: int = 0
    learning_rate: float = 1e-4
    warmup: int = 30
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.98
    strength: float = 0.1
    likelihood: float = 1.0
    share: float = 0.5
    precision: str = PRECISIONS[0]

    def __post_init__(self) -> None:
        check_plan(
            self, rounds=(1, 10**4), requests=(2, 10**6), batch=(2, 10**4), strength=(1e-6, 1e3),
            likelihood=(0.0, 1e3), share=(1e-3, 1.0),
        )  # fmt: skip

    def rate(self, step: int) -> float:
        """Learning rate of a step of a round."""
        return learning_rate(self, step, LEAST)


@dataclass(frozen=True)
class Pair:
    """Two webs drawn for one request: of what the model was told, and how likely it held each at the time (nats)."""

    choice: Choice
    better: WebGraph
    worse: WebGraph
    held: tuple[float, float] = (0.0, 0.0)


def prefer(
    model: Autoregressive, dataset: Dataset, out: str | Path, plan: PreferencePlan, *, resume: bool = False,
    tell: Tell | None = None, command: str = "",
) -> Autoregressive:  # fmt: skip
    """Teach a trained ``model`` what it would choose; write weights, card and log to ``out`` after each round.

    resume: go on after the last round in ``out``, whose plan must be this one, as must be ``model``. command: how to do
    this again, for the card. Returns the model taught. Raises `ValueError` for a run in ``out`` that does not fit, and
    when the loss is no longer finite.
    """
    out, say = Path(out), tell or (lambda what, done, total, note: None)
    if not len(dataset.indices("train")):
        raise ValueError(f"{dataset.path}: holds no webs to use for train; build it with a larger count")
    begun = _fingerprint(model)
    taught, first = _resumed(out, plan, dataset, begun) if resume else (copy.deepcopy(model), 0)
    if not resume:
        (out / LOG).unlink(missing_ok=True)
    for number in range(first, plan.rounds):
        log = _round(taught, dataset, plan, number, say)
        if number + 1 == plan.rounds:
            say("calibration", 0, 1, "")
            _part_way(model, taught, plan.share)
            rounded(taught)
            taught.calibrate(some_webs(dataset, CALIBRATION_WEBS, generator(plan.seed, 7)), plan.seed)
            say("calibration", 1, 1, "")
        _write(taught, dataset, out, plan, begun, number + 1, log, command)
    return taught


@torch.no_grad()
def _part_way(start: Autoregressive, end: Autoregressive, share: float) -> None:
    """The network of ``end`` becomes what lies so far on the way to it from that of ``start``."""
    for one, other in zip(end.net.parameters(), start.net.parameters(), strict=True):
        one.lerp_(other, 1 - share)


def _round(model: Autoregressive, dataset: Dataset, plan: PreferencePlan, number: int, say: Tell) -> dict[str, float]:
    """One round, in place; what is to be known of it."""
    rng, name = generator(plan.seed, number), f"round {number + 1}/{plan.rounds}"
    train = dataset.indices("train")
    rows = rng.choice(train, min(plan.requests, len(train)), replace=False)
    targets = [DesignTargets.measure(dataset[int(k)]) for k in rows]
    choices = model.choices(targets, rng, progress=lambda done, total: say(f"{name}, webs drawn", done, total, ""))
    model.finish.learn_from(choices, some_webs(dataset, CALIBRATION_WEBS, rng), int(rng.integers(2**31)))
    pairs, gain = _pairs(model, choices)
    taught = _Taught(model, dataset, plan)
    pairs = taught.held(pairs)
    losses: list[dict[str, float]] = []
    for step in range(plan.steps):
        began = time.monotonic()
        losses.append(taught.step(step, pairs, rng))
        last = {key: float(np.mean([loss[key] for loss in losses[-20:]])) for key in losses[0]}
        note = f"{last['told apart']:.0%} told apart, {time.monotonic() - began:.2f} s a step"
        say(f"{name}, steps", step + 1, plan.steps, note)
    taught.settle()
    return {"round": number + 1, "gain": gain, **last}


def _pairs(model: Autoregressive, choices: Sequence[Choice]) -> tuple[list[Pair], float]:
    """Best and worst of what was drawn for each request, in the order of their size; and how much the best gain."""
    pairs, gains = [], []
    for choice in choices:
        merit = model.finish.judged(choice, model.styles)[1]
        better, worse = (raw_web_of(choice.drawn[int(k)]) for k in (merit.argmax(), merit.argmin()))
        gains.append(float(merit.max() - merit.mean()))
        if better is not None and worse is not None:
            pairs.append(Pair(choice, better, worse))
    return sorted(pairs, key=lambda pair: pair.better.n), float(np.mean(gains))


class _Taught:
    """The model of one round while it learns, and the mean of its weights."""

    def __init__(self, model: Autoregressive, dataset: Dataset, plan: PreferencePlan) -> None:
        self.model, self.dataset, self.plan = model, dataset, plan
        self.train = dataset.indices("train")
        learned = [*model.net.parameters()]
        model.net.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(
            learned, plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
        )
        self.average = [p.detach().clone() for p in learned]
        self.learned = learned

    def likelihood(self, pairs: Sequence[Pair]) -> Tensor:
        """``(2, k)`` log-likelihoods of better and worse webs, nats, in `PARTS`."""
        webs = [pair.better for pair in pairs] + [pair.worse for pair in pairs]
        asked = [pair.choice for pair in pairs] * 2
        batch = replace(
            sequences(webs, np.zeros(len(webs), bool)), request=Request.of([one.ask.target for one in asked]),
            style=self.model.styles.told([one.style for one in asked]),
        )  # fmt: skip
        with self._mixed():
            parts = self.model.parts_of_likelihood(batch)
        return torch.stack([parts[name].float().sum(1) for name in PARTS]).sum(0).reshape(2, -1)

    @torch.no_grad()
    def held(self, pairs: Sequence[Pair]) -> list[Pair]:
        """``pairs`` with how likely the model holds their webs."""
        most, rows = self.plan.batch, []
        for first in range(0, len(pairs), most):
            some = pairs[first : first + most]
            likely = self.likelihood(some).T.tolist()
            rows += [replace(pair, held=(better, worse)) for pair, (better, worse) in zip(some, likely, strict=True)]
        return rows

    def step(self, step: int, pairs: Sequence[Pair], rng: np.random.Generator) -> dict[str, float]:
        """One step on pairs of like size, and on as many real webs."""
        plan, count = self.plan, min(self.plan.batch // 2, len(pairs))
        first = int(rng.integers(len(pairs) - count + 1))
        some = pairs[first : first + count]
        rows = one_size(self.dataset, self.train, plan.batch, rng)
        gain = self.likelihood(some) - torch.tensor([pair.held for pair in some]).T
        apart = gain[0] - gain[1]
        with self._mixed():
            real = self.model(self.model.batch([self.dataset[int(k)] for k in rows], rng))["total"]
        loss = -logsigmoid(plan.strength * apart).mean() + plan.likelihood * real
        total, likely = float(loss.detach()), float(real.detach())
        if not math.isfinite(total):
            raise ValueError(f"learning_rate is {plan.learning_rate:g}, too high: loss of step {step} is not finite")
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate(step)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.learned, plan.clip)
        self.optimizer.step()
        keep = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, value in zip(self.average, self.learned, strict=True):
                mean.lerp_(value, 1 - keep)
        return {"total": total, "told apart": float((apart > 0).float().mean()), "real": likely}

    @torch.no_grad()
    def settle(self) -> None:
        """The model takes the mean of its weights."""
        for mean, value in zip(self.average, self.learned, strict=True):
            value.copy_(mean)
        self.model.eval().requires_grad_(False)

    def _mixed(self) -> Any:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.plan.precision == "bf16-mixed")


def _write(
    model: Autoregressive, dataset: Dataset, out: Path, plan: PreferencePlan, begun: str, done: int,
    log: dict[str, float], command: str,
) -> None:  # fmt: skip
    """Weights, card and a line of the log after ``done`` rounds."""
    out.mkdir(parents=True, exist_ok=True)
    save_model(model, out / WEIGHTS)
    with (out / LOG).open("a") as stream:
        stream.write(json.dumps(log) + "\n")
    write_json(out / CARD, {
        "model": model.name, "version": __version__, "sha256": sha256(out / WEIGHTS),
        "parameters": sum(p.numel() for p in model.parameters()), "config": model.config_dict(),
        "data": dataset.info(), "plan": asdict(plan), "begun_with": begun, "seed": plan.seed, "rounds_done": done,
        "steps_done": done * plan.steps, "command": command, "metrics": {"last round": log},
    })  # fmt: skip


def _fingerprint(model: Autoregressive) -> str:
    """SHA-256 of the weights of the network."""
    digest = hashlib.sha256()
    for value in model.net.parameters():
        digest.update(value.detach().numpy().tobytes())
    return digest.hexdigest()


def _resumed(out: Path, plan: PreferencePlan, dataset: Dataset, begun: str) -> tuple[Autoregressive, int]:
    """The model of a run in ``out`` and its rounds so far."""
    if not (out / CARD).is_file():
        raise FileNotFoundError(f"{out / CARD}: no run to resume")
    try:
        card = json.loads((out / CARD).read_text())
        done, same = int(card["rounds_done"]), card["sha256"] == sha256(out / WEIGHTS)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(
            f"{out / CARD}: not a sound card of such a run ({' '.join(str(error).split())[:120]})"
        ) from None
    if card.get("plan") != asdict(plan):
        raise ValueError(f"{out / CARD}: was begun with another plan")
    if card.get("data") != json.loads(json.dumps(dataset.info())):
        raise ValueError(f"{out / CARD}: was begun with other data than {dataset.path}")
    if card.get("begun_with") != begun:
        raise ValueError(f"{out / CARD}: was begun with another model than is given now")
    model = load_model(out / WEIGHTS)
    if not same or not isinstance(model, Autoregressive) or not 0 < done <= plan.rounds:
        raise ValueError(f"{out / CARD}: does not fit the weights beside it")
    return model, done
