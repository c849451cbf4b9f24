"""Training runs of networks: steps, an average of the weights, checkpoints to go on from, log and card.

A resumed run draws what an uninterrupted one would have drawn, where random numbers of a step come from its number.
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from structgen.files import sha256, whole_file, write_json

CHECKPOINT, WEIGHTS, CARD, LOG = "checkpoint.pt", "weights.safetensors", "card.json", "log.jsonl"

Net = TypeVar("Net", bound=nn.Module)
#: Told after each step: how many are done, the loss, seconds it took, the validation if there is a new one.
Tell = Callable[[int, float, float, dict[str, Any] | None], None]


class Loop(ABC, Generic[Net]):
    """One training run in the folder ``out``; ``done`` steps of ``plan.steps`` are done.

    ``plan``: see `structgen.plans`, with a method ``rate(step)``. ``network`` is what learns, ``average`` has the
    averaged weights that are kept.

    Arguments:
        make: gives a network with a ``config``, a dataclass; called for both.
        command: how this run can be repeated, kept in the card.
    """

    #: Whether the last step is validated like those at intervals.
    validates_last = True

    def __init__(self, out: Path, plan: Any, make: Callable[[], Net], command: str) -> None:
        self.out, self.plan, self.command, self.done = out, plan, command, 0
        torch.manual_seed(plan.seed)
        self.network, self.average = make(), make()
        self.start_average()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
        )

    @abstractmethod
    def backward(self, step: int) -> float:
        """Add the slopes of the loss of ``step`` to the parameters of the network; returns the loss."""

    @abstractmethod
    def validate(self) -> dict[str, Any]:
        """How good the average is on what is kept for it."""

    @abstractmethod
    def finish(self, validation: dict[str, Any]) -> None:
        """Weights and card; ``validation`` is that of the last step, empty if there was none."""

    def start_average(self) -> None:
        """Let the average be the network as it is."""
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False).eval()

    def run(self, resume: bool, checkpoint_seconds: float, validate_every: int, tell: Tell) -> Net:
        """All steps that are left; what ``tell`` raises, like Ctrl-C, ends them with what is done kept.

        Returns the average. Raises `ValueError` for a checkpoint that does not fit, and when the loss is no longer
        finite.
        """
        if resume:
            self._restore()
        else:
            (self.out / LOG).unlink(missing_ok=True)
        steps = self.plan.steps
        saved, validation = time.monotonic(), {}
        try:
            while self.done < steps:
                began = time.monotonic()
                loss = self._step()
                last = self.done == steps
                due = self.validates_last if last else self.done % validate_every == 0
                validation = self.validate() if due else {}
                if validation:
                    self._log({"step": self.done, "loss": loss, "validation": validation})
                if time.monotonic() - saved > checkpoint_seconds:
                    self.checkpoint()
                    saved = time.monotonic()
                tell(self.done, loss, time.monotonic() - began, validation or None)
        finally:
            self.checkpoint()
            self.finish(validation)
        return self.average.eval().requires_grad_(False)

    def checkpoint(self) -> None:
        """Everything needed to go on."""
        state = {
            "step": self.done, "run": json.dumps(self.identity()), "network": self.network.state_dict(),
            "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        with whole_file(self.out / CHECKPOINT) as temporary:
            torch.save(state, temporary)

    def identity(self) -> dict[str, Any]:
        """What a run that goes on must have in common with the one that was begun."""
        return asdict(self.plan) | self._config()

    def write_card(self, model: str, data: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
        """The model card beside the weights."""
        write_json(self.out / CARD, {
            "model": model, "version": version("structgen-webs"), "sha256": sha256(self.out / WEIGHTS),
            "parameters": sum(p.numel() for p in self.network.parameters()), "config": self._config(),
            "data": data, "plan": asdict(self.plan), "seed": self.plan.seed, "steps_done": self.done,
            "command": self.command, "metrics": metrics,
        })  # fmt: skip

    def _config(self) -> dict[str, Any]:
        config: Any = self.network.config
        return asdict(config)

    def _step(self) -> float:
        """The next optimiser step; it is done whole or not at all."""
        plan, step = self.plan, self.done
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate(step)
        self.optimizer.zero_grad()
        loss = self.backward(step)
        if not math.isfinite(loss):
            raise ValueError(f"learning_rate is {plan.learning_rate:g}, too high: loss of step {step} is not finite")
        nn.utils.clip_grad_norm_(self.network.parameters(), plan.clip)
        keep = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            self.optimizer.step()
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
            self.done += 1
        return loss

    def _restore(self) -> None:
        """Load the checkpoint."""
        path = self.out / CHECKPOINT
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no checkpoint to resume from")
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            begun, step = json.loads(state["run"]), int(state["step"])
        except Exception as error:  # torch.load raises whatever its zip and pickle readers raise
            raise ValueError(f"{path}: not a sound checkpoint ({' '.join(str(error).split())[:160]})") from None
        now = json.loads(json.dumps(self.identity()))
        differing = [f"{k} {begun.get(k)}, now {v}" for k, v in now.items() if begun.get(k) != v]
        if differing or not 0 <= step <= self.plan.steps:
            raise ValueError(
                f"{path}: was begun with {'; '.join(differing) or f'step {step}'}; start anew or use those"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = step

    def _log(self, row: dict[str, Any]) -> None:
        """One line of JSON in the log of the run."""
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG).open("a") as stream:
            stream.write(json.dumps(row) + "\n")
