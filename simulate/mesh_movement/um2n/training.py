"""Training of the network on random meshes and monitors; every case comes from the seed and its number.

No target meshes are needed: the loss is how unevenly the moved mesh shares the monitor. A resumed run draws what an
uninterrupted one would have drawn.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulate.mesh_movement.limiter import limited
from simulate.mesh_movement.move import MeshMover
from simulate.mesh_movement.problems.domains import KINDS_2D
from simulate.mesh_movement.problems.monitors import KINDS
from simulate.mesh_movement.quality import measured
from simulate.mesh_movement.um2n import background, samples
from simulate.mesh_movement.um2n.losses import equidistribution_loss, paper_loss, target_loss
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig
from simulate.mesh_movement.um2n.prepared import Case
from simulate.mesh_movement.um2n.samples import random_case, random_mesh
from simulate.mesh_movement.um2n.store import save_network
from structgen.files import sha256, whole_file, write_json
from structgen.plans import check_plan, learning_rate

CHECKPOINT, WEIGHTS, CARD, LOG = "checkpoint.pt", "weights.safetensors", "card.json", "log.jsonl"
LOSSES = ("equidistribution", "targets", "paper")
#: Steps for which a mesh is used, each with a new monitor: meshes take longer to make.
LIFE = 8
#: Cases in a validation, always the same ones, of numbers no training reaches.
VALIDATION, FIRST_VALIDATION = 64, 2**40


@dataclass(frozen=True)
class MoverPlan:
    """What is trained how long.

    steps: optimiser steps in all. batch: cases a step. loss: "equidistribution"; "targets", the same and the distance
    to Monge-Ampere targets; or "paper", UM2N's areas and Chamfer distance to such targets.
    """

    steps: int = 12_000
    batch: int = 4
    seed: int = 0
    learning_rate: float = 2e-3
    warmup: int = 100
    weight_decay: float = 1e-3
    clip: float = 1.0
    ema: float = 0.998
    loss: str = "equidistribution"

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r}, must be one of {', '.join(LOSSES)}")
        check_plan(self, batch=(1, 10**4))

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine down to a hundredth."""
        return learning_rate(self, step, 0.01)


@dataclass(frozen=True)
class MoverProgress:
    """A report from the loop: step done, of how many, its loss, seconds a step, validation if new."""

    step: int
    steps: int
    loss: float
    seconds: float
    validation: dict[str, float] | None = None


def train_mover(
    out: str | Path, plan: MoverPlan, *, config: NetworkConfig | None = None, resume: bool = False,
    checkpoint_seconds: float = 60.0, validate_every: int = 500, command: str = "",
    report: Callable[[MoverProgress], None] | None = None,
) -> UM2N:  # fmt: skip
    """Train a network; write checkpoint, weights, card and log to ``out``.

    Arguments:
        config: sizes of the network; None for the usual ones.
        resume: go on from ``out/checkpoint.pt`` (plan and sizes must be those it was begun with).
        report: called after every step; what it raises, like Ctrl-C, ends the run with checkpoint and weights saved.
        command: how this run can be repeated, kept in the card.

    Returns the network with averaged weights. Raises `ValueError` for a checkpoint that does not fit, and when the
    loss is no longer finite.
    """
    loop = _Loop(Path(out), plan, config or NetworkConfig(), command)
    if resume:
        loop.restore()
    else:
        (loop.out / LOG).unlink(missing_ok=True)
    saved, validation = time.monotonic(), {}
    try:
        while loop.done < plan.steps:
            began = time.monotonic()
            loss = loop.step()
            validation = loop.validate() if loop.done % validate_every == 0 or loop.done == plan.steps else {}
            if validation:
                loop.log({"step": loop.done, "loss": loss, "validation": validation})
            if time.monotonic() - saved > checkpoint_seconds:
                loop.checkpoint()
                saved = time.monotonic()
            if report:
                report(MoverProgress(loop.done, plan.steps, loss, time.monotonic() - began, validation or None))
    finally:
        loop.checkpoint()
        loop.finish(validation or loop.validate())
    return loop.average.eval().requires_grad_(False)


class _Loop:
    """One training run."""

    def __init__(self, out: Path, plan: MoverPlan, config: NetworkConfig, command: str) -> None:
        self.out, self.plan, self.command, self.done = out, plan, command, 0
        torch.manual_seed(plan.seed)
        self.network, self.average = UM2N(config), UM2N(config)
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
        )
        self.mesh = lru_cache(maxsize=2 * plan.batch)(lambda number: random_mesh(number, plan.seed))

    def step(self) -> float:
        """The next optimiser step; it is done whole or not at all."""
        plan, step = self.plan, self.done
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate(step)
        self.optimizer.zero_grad()
        total = 0.0
        for place in range(plan.batch):
            # The meshes of a batch are renewed one after the other.
            age = (step + place * LIFE // plan.batch) // LIFE
            case = random_case(self.mesh(age * plan.batch + place), step * plan.batch + place, plan.seed)
            loss = loss_of(plan.loss, case, self.network(case)) / plan.batch
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        if not math.isfinite(total):
            raise ValueError(f"learning_rate is {plan.learning_rate:g}, too high: loss of step {step} is not finite")
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), plan.clip)
        keep = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            self.optimizer.step()
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
            self.done += 1
        return total

    def validate(self) -> dict[str, float]:
        """Of the averaged network on the cases kept for it: see `validated`."""
        return validated(self.average, kept_cases(VALIDATION, self.plan.seed))

    def checkpoint(self) -> None:
        """Everything needed to go on, and the averaged weights for use meanwhile."""
        state = {
            "step": self.done, "plan": json.dumps(asdict(self.plan)), "config": json.dumps(asdict(self.network.config)),
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        with whole_file(self.out / CHECKPOINT) as temporary:
            torch.save(state, temporary)
        save_network(self.average, self.out / WEIGHTS)

    def restore(self) -> None:
        """Load the checkpoint."""
        path = self.out / CHECKPOINT
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no checkpoint to resume from")
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            begun, sizes = json.loads(state["plan"]), json.loads(state["config"])
            step = int(state["step"])
        except Exception as error:  # torch.load raises whatever its zip and pickle readers raise
            raise ValueError(f"{path}: not a sound checkpoint ({' '.join(str(error).split())[:160]})") from None
        now = asdict(self.plan) | asdict(self.network.config)
        differing = [f"{k} {v}, now {now[k]}" for k, v in (begun | sizes).items() if now.get(k) != v]
        if differing or not 0 <= step <= self.plan.steps:
            raise ValueError(
                f"{path}: was begun with {'; '.join(differing) or f'step {step}'}; start anew or use those"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = step

    def finish(self, validation: dict[str, float]) -> None:
        """The model card beside the weights."""
        write_json(self.out / CARD, {
            "model": "um2n", "version": version("structgen-webs"), "sha256": sha256(self.out / WEIGHTS),
            "parameters": sum(p.numel() for p in self.network.parameters()), "config": asdict(self.network.config),
            "data": {
                "domains": list(KINDS_2D), "monitors": list(KINDS),
                "nodes": [samples.FEWEST, samples.MOST], "large": [samples.LARGE, samples.LARGE_SHARE],
                "strengths": [samples.WEAKEST, samples.STRONGEST],
                "squares": [background.FEWEST, background.MANY, background.MOST],
            },
            "plan": asdict(self.plan), "seed": self.plan.seed, "steps_done": self.done, "command": self.command,
            "metrics": {"validation": validation},
        })  # fmt: skip

    def log(self, row: dict[str, Any]) -> None:
        """One line of JSON in the log of the run."""
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG).open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def loss_of(kind: str, case: Case, displacement: torch.Tensor) -> torch.Tensor:
    """The loss of one of `LOSSES`."""
    if kind == "equidistribution":
        return equidistribution_loss(case, displacement)
    target = monge_ampere_target(case)
    if kind == "paper":
        return paper_loss(case, displacement, target)
    return equidistribution_loss(case, displacement) + target_loss(case, displacement, target)


def monge_ampere_target(case: Case) -> torch.Tensor:
    """``(n, 2)`` where the Newton Monge-Ampere mover, as far as it comes, puts the nodes, in units of the domain."""
    prepared = case.prepared
    mover = MeshMover(prepared.mesh.points, prepared.mesh.cells)
    moved = mover.move(case.monitor, method="monge-ampere", fallback=False, max_iterations=30)
    return prepared.seen(moved.points)


@lru_cache(maxsize=2)
def kept_cases(count: int, seed: int) -> list[Case]:
    """Cases that no training with this seed sees: meshes and monitors of other numbers."""
    numbers = range(FIRST_VALIDATION, FIRST_VALIDATION + count)
    return [random_case(random_mesh(number, seed), number, seed) for number in numbers]


@torch.no_grad()
def validated(network: UM2N, cases: list[Case]) -> dict[str, float]:
    """Mean loss; medians of the variation of the load that is left after the limiter, relative to the start; shares
    of cases that invert a cell before the limiter, and that end better than they start."""
    losses, left, inverts = [], [], []
    for case in cases:
        displacement = network(case)
        losses.append(float(equidistribution_loss(case, displacement)))
        mesh, boundary = case.prepared.mesh, case.prepared.boundary
        points, cut = limited(mesh, case.prepared.real_size(displacement), boundary)
        before, after = (
            measured(at, mesh.cells, case.monitor(at), mesh.determinants).variation for at in (mesh.points, points)
        )
        left.append(after / before)
        inverts.append(cut > 0)
    return {
        "loss": float(np.mean(losses)), "variation left, median": float(np.median(left)),
        "variation left, worst tenth": float(np.quantile(left, 0.9)), "limited": float(np.mean(inverts)),
        "better": float(np.mean(np.array(left) < 1)),
    }  # fmt: skip
