"""Training of generators with Lightning Fabric: one CPU, one GPU, or several.

Every random number of step k comes from ``(seed, k)``, so a resumed run draws what an uninterrupted one would have
drawn: on the CPU both end with the same bits.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from structgen import __version__
from structgen.files import sha256, whole_file, write_json
from structgen.generators.losses import share_of
from structgen.generators.model import Config, WebGenerator
from structgen.generators.request import TrainingRange
from structgen.generators.store import model_type, rounded, save_model
from structgen.plans import PRECISIONS, check_plan, learning_rate
from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.web import WebGraph

CHECKPOINT, WEIGHTS, CARD, LOG = "checkpoint.pt", "weights.safetensors", "card.json", "log.jsonl"
#: Webs in one validation loss, always the same ones with the same noise.
VALIDATION_WEBS = 128
#: Training webs that a trained model is calibrated on, at most: half as many as steps in short runs.
CALIBRATION_WEBS = 16384
#: Webs that `WebGenerator.prepare` is given, at most, for each step: a short training is not to begin with a long wait.
KEPT_A_STEP = 16


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained how long.

    steps: optimiser steps in all. batch: webs a step, over all devices. precision: one of `PRECISIONS`; bf16-mixed
    takes two thirds of the time on processors with bfloat16 instructions, and longer on others.
    """

    steps: int = 4000
    batch: int = 32
    seed: int = 0
    learning_rate: float = 1e-3
    warmup: int = 100
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.998
    precision: str = PRECISIONS[0]

    def __post_init__(self) -> None:
        check_plan(self, batch=(2, 10**5))

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine down to a twentieth."""
        return learning_rate(self, step, 0.05)


@dataclass(frozen=True)
class Progress:
    """A report from the loop: step done, of how many, training losses, seconds a step (lately), validation if new."""

    step: int
    steps: int
    losses: dict[str, float]
    seconds: float
    validation: dict[str, float] | None = None


def train(
    model: str | WebGenerator,
    dataset: Dataset,
    out: str | Path,
    plan: TrainingPlan,
    *,
    config: Config | None = None,
    resume: bool = False,
    accelerator: str = "cpu",
    devices: int = 1,
    machines: int = 1,
    workers: int = 0,
    checkpoint_seconds: float = 120.0,
    validate_every: int = 250,
    report: Callable[[Progress], None] | None = None,
    command: str = "",
) -> WebGenerator:
    """Train a generator on the train split of ``dataset``; write checkpoints, weights, card and log to ``out``.

    Arguments:
        model: a model to fine-tune; its configuration is kept. Or one of `store.MODELS` by name:
            then a new one is made from ``config``.
        resume: go on from ``out/checkpoint.pt`` (the plan and data must be the ones it was begun with).
        report: called after every step; what it raises, like Ctrl-C, ends the run with checkpoint and weights saved.
        devices, machines: how many share a batch; the losses are those of one process, but for rounding.
        workers: processes that prepare batches ahead, which keeps a GPU busy; 0: none. The batches are the same.
        command: how this run can be repeated, kept in the card.

    Returns the trained model (averaged weights). Raises `ValueError` for a checkpoint that does not fit, for a data
    set without training or validation webs, and when the loss is no longer finite.
    """
    out = Path(out)
    for split in ("train", "validation"):
        if not len(dataset.indices(split)):
            raise ValueError(f"{dataset.path}: holds no webs to use for {split}; build it with a larger count")
    try:
        fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=machines)
    except Exception as error:  # lightning raises several of its own
        raise ValueError(f"accelerator {accelerator!r}, devices {devices}: {' '.join(str(error).split())}") from None
    if devices * machines > 1:
        fabric.launch()
    if plan.batch % fabric.world_size:
        raise ValueError(f"batch is {plan.batch}, must be a multiple of the number of processes, {fabric.world_size}")
    torch.manual_seed(plan.seed)
    training_range = _training_range(dataset)
    if isinstance(model, str):
        kind = model_type(model)
        model = kind(config or kind.config_type(), training_range)
    else:
        model = _copy(model, training_range)
    if model.keeps:
        count = min(model.keeps, KEPT_A_STEP * plan.steps)
        model.prepare(some_webs(dataset, count, generator(plan.seed, 8)))
    model.train()
    for parameter in model.learned():
        parameter.requires_grad_(True)
    model.to(fabric.device)  # before the state of the optimiser is restored, which goes where its parameters are
    average = _copy(model, training_range)
    decay = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=plan.learning_rate, betas=(0.9, 0.99),
    )  # fmt: skip
    first = _restore(out / CHECKPOINT, plan, dataset, model, average, optimizer) if resume else 0
    wrapped, optimizer = fabric.setup(model, optimizer)
    average.to(fabric.device)
    # A model of its own to make batches: workers are sent one without gradients on the CPU.
    batches = _Batches(dataset, _copy(model, training_range), plan)
    loop = _Loop(
        fabric, wrapped, model, average, optimizer, dataset, plan, out, command, batches.ahead(first, workers), first
    )
    if not resume and fabric.is_global_zero:
        (out / LOG).unlink(missing_ok=True)
    saved = time.monotonic()
    validation: dict[str, float] = {}
    try:
        while loop.done < plan.steps:
            began = time.monotonic()
            losses = loop.step()
            validation = loop.validate() if loop.done % validate_every == 0 or loop.done == plan.steps else {}
            if validation:
                loop.log({"step": loop.done, "train": losses, "validation": validation})
            if time.monotonic() - saved > checkpoint_seconds:
                loop.checkpoint()
                saved = time.monotonic()
            if report and fabric.is_global_zero:
                report(Progress(loop.done, plan.steps, losses, time.monotonic() - began, validation or None))
        loop.calibrate()
    finally:
        loop.checkpoint()
        loop.finish(validation or loop.validate())
    return average.eval().requires_grad_(False).cpu()


@dataclass(frozen=True)
class _Batches:
    """The batch of each step, which depends on ``(seed, step)`` alone: whoever makes it makes the same."""

    dataset: Dataset
    model: WebGenerator
    plan: TrainingPlan

    @cached_property
    def rows(self) -> np.ndarray:
        """Numbers of the training webs."""
        return self.dataset.indices("train")

    def __len__(self) -> int:
        return self.plan.steps

    def __getitem__(self, step: int) -> Any:
        rng = generator(self.plan.seed, step, 0)
        rows = one_size(self.dataset, self.rows, self.plan.batch, rng)
        return self.model.batch([self.dataset[int(k)] for k in rows], rng)

    def ahead(self, first: int, workers: int) -> Iterable[Any]:
        """Those from step ``first`` on, prepared by so many processes."""
        return DataLoader(
            self,  # type: ignore[arg-type]  # it has what is needed of a Dataset of torch
            batch_size=None, sampler=range(first, len(self)), num_workers=workers,
            multiprocessing_context="spawn" if workers else None, generator=torch.Generator(),
        )  # fmt: skip


@dataclass
class _Loop:
    """One training run: what a step, a validation and a checkpoint need."""

    fabric: Fabric
    wrapped: nn.Module
    model: WebGenerator
    average: WebGenerator
    optimizer: Any
    dataset: Dataset
    plan: TrainingPlan
    out: Path
    command: str
    batches: Iterable[Any]
    done: int

    def __post_init__(self) -> None:
        self._coming = iter(self.batches)

    def step(self) -> dict[str, float]:
        """The next optimiser step, on the batch of ``(seed, step)``; it is done whole or not at all."""
        plan, step = self.plan, self.done
        # Each process makes the whole batch and takes its share, so that all see what one process alone would see.
        batch = share_of(next(self._coming), self.fabric.global_rank, self.fabric.world_size).to(self.fabric.device)
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate(step)
        # Not left to Fabric, whose mixed precision walks through arguments and stops at frozen dataclasses.
        mixed = plan.precision == "bf16-mixed"
        with torch.autocast(self.fabric.device.type, torch.bfloat16, enabled=mixed):
            losses: dict[str, torch.Tensor] = self.wrapped(batch)
        means: Any = self.fabric.all_reduce({name: value.detach() for name, value in losses.items()})
        numbers = {name: float(value) for name, value in means.items()}
        if not math.isfinite(numbers["total"]):
            raise ValueError(f"learning_rate is {plan.learning_rate:g}, too high: loss of step {step} is not finite")
        self.optimizer.zero_grad()
        self.fabric.backward(losses["total"])
        self.fabric.clip_gradients(self.wrapped, self.optimizer, max_norm=plan.clip)
        keep = min(plan.ema, (1 + step) / (10 + step))
        with _interrupt_held(), torch.no_grad():
            self.optimizer.step()
            for mean, value in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
            self.done += 1
        return numbers

    def calibrate(self) -> None:
        """Round the averaged model as its file is to be; let it measure what its sampler needs on training webs, of one
        process, on the CPU.
        """
        rounded(self.average)
        if self.fabric.is_global_zero:
            count = min(CALIBRATION_WEBS, self.plan.steps // 2)
            webs = some_webs(self.dataset, count, generator(self.plan.seed, 7))
            self.average.cpu().eval().calibrate(webs, self.plan.seed)
            self.average.to(self.fabric.device)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses of the averaged model on fixed webs of the validation split with fixed noise."""
        rng = generator(self.plan.seed)
        rows = rng.permutation(self.dataset.indices("validation"))[:VALIDATION_WEBS]
        sums: dict[str, float] = {}
        chunks = np.array_split(rows, max(1, len(rows) // 32))
        for chunk in chunks:
            batch = self.average.batch([self.dataset[int(k)] for k in chunk], rng).to(self.fabric.device)
            for name, value in self.average(batch).items():
                sums[name] = sums.get(name, 0.0) + float(value) / len(chunks)
        return sums

    def checkpoint(self) -> None:
        """Everything needed to go on, and the averaged weights for use meanwhile."""
        if not self.fabric.is_global_zero:
            return
        state = {
            "step": self.done,
            "plan": json.dumps(asdict(self.plan)),
            "data": json.dumps(_identity(self.dataset)),
            "config": json.dumps(self.model.config_dict()),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with whole_file(self.out / CHECKPOINT) as temporary:
            torch.save(state, temporary)
        save_model(self.average, self.out / WEIGHTS)

    def finish(self, validation: dict[str, float]) -> None:
        """The model card beside the weights."""
        if self.fabric.is_global_zero:
            write_json(self.out / CARD, {
                "model": self.model.name, "version": __version__, "sha256": sha256(self.out / WEIGHTS),
                "parameters": sum(p.numel() for p in self.model.parameters()), "config": self.model.config_dict(),
                "data": self.dataset.info(), "plan": asdict(self.plan), "seed": self.plan.seed, "steps_done": self.done,
                "command": self.command,
                "metrics": {"validation": {k: v if math.isfinite(v) else None for k, v in validation.items()}},
            })  # fmt: skip

    def log(self, row: dict[str, Any]) -> None:
        """One line of JSON in the log of the run."""
        if self.fabric.is_global_zero:
            self.out.mkdir(parents=True, exist_ok=True)
            with (self.out / LOG).open("a") as stream:
                stream.write(json.dumps(row) + "\n")


@contextlib.contextmanager
def _interrupt_held() -> Iterator[None]:
    """Ctrl-C pressed meanwhile takes effect at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed and callable(before):
        before(*pressed[0])


def _identity(dataset: Dataset) -> dict[str, Any]:
    """What tells a data set from others."""
    return dataset.header | {"fingerprint": dataset.fingerprint}


def one_size(dataset: Dataset, rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` rows at random whose webs are of like size, so that little of the batch is padding."""
    drawn = rng.choice(rows, size=4 * count)
    ends = dataset.arrays["node_ptr"]
    sizes = ends[drawn + 1] - ends[drawn]
    quarter = int(rng.integers(4))
    chosen: np.ndarray = drawn[np.argsort(sizes, kind="stable")][quarter * count : (quarter + 1) * count]
    return rng.permutation(chosen)


def some_webs(dataset: Dataset, count: int, rng: np.random.Generator) -> list[WebGraph]:
    """``count`` training webs at random, or all where there are fewer."""
    rows = dataset.indices("train")
    return [dataset[int(k)] for k in rng.choice(rows, min(count, len(rows)), replace=False)]


def _training_range(dataset: Dataset) -> TrainingRange:
    train = dataset.indices("train")
    sample = train[:: max(1, len(train) // 200)]
    ratio = float(np.median([np.median(w.radius) / w.lengths.mean() for w in (dataset[int(k)] for k in sample)]))
    return TrainingRange.of(dataset.arrays["targets"][train], ratio)


def _copy(model: WebGenerator, training_range: TrainingRange) -> WebGenerator:
    twin = type(model)(model.config, training_range)
    twin.load_state_dict(model.state_dict())
    return twin.requires_grad_(False)


def _differing(begun: dict[str, Any], now: dict[str, Any]) -> str:
    return ", ".join(f"{name} {begun.get(name)}, now {v}" for name, v in now.items() if begun.get(name) != v)


def _restore(
    path: Path,
    plan: TrainingPlan,
    dataset: Dataset,
    model: WebGenerator,
    average: WebGenerator,
    optimizer: torch.optim.Optimizer,
) -> int:
    """Load a checkpoint in place; returns the number of steps it had done."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no checkpoint to resume from")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        begun, data, config = ({**json.loads(state[key])} for key in ("plan", "data", "config"))
        step = int(state["step"])
        if not 0 <= step <= begun["steps"]:
            raise ValueError(f"its step is {step}")
    except Exception as error:  # torch.load raises whatever its zip and pickle readers raise
        raise ValueError(f"{path}: not a sound checkpoint ({' '.join(str(error).split())[:120]})") from None
    if begun != asdict(plan):
        raise ValueError(f"{path}: was begun with another plan ({_differing(begun, asdict(plan))})")
    if config != model.config_dict():
        raise ValueError(f"{path}: was begun with another model ({_differing(config, model.config_dict())})")
    if data != _identity(dataset):
        raise ValueError(f"{path}: was begun with other data than {dataset.path}")
    try:
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: does not fit the model ({' '.join(str(error).split())[:120]})") from None
    return step
