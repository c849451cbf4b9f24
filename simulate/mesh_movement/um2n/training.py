"""Training of the network on random meshes and monitors; every case comes from the seed and its number.

No target meshes are needed: the loss is how unevenly the moved mesh shares the monitor. A resumed run draws what an
uninterrupted one would have drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
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
from simulate.training import WEIGHTS, Loop
from structgen.plans import check_plan, learning_rate

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

    def tell(done: int, loss: float, seconds: float, validation: dict[str, Any] | None) -> None:
        if report:
            report(MoverProgress(done, plan.steps, loss, seconds, validation))

    loop = _Loop(Path(out), plan, lambda: UM2N(config or NetworkConfig()), command)
    return loop.run(resume, checkpoint_seconds, validate_every, tell)


class _Loop(Loop[UM2N]):
    """One training run."""

    def __init__(self, out: Path, plan: MoverPlan, make: Callable[[], UM2N], command: str) -> None:
        super().__init__(out, plan, make, command)
        self.mesh = lru_cache(maxsize=2 * plan.batch)(lambda number: random_mesh(number, plan.seed))

    def backward(self, step: int) -> float:
        plan, total = self.plan, 0.0
        for place in range(plan.batch):
            # The meshes of a batch are renewed one after the other.
            age = (step + place * LIFE // plan.batch) // LIFE
            case = random_case(self.mesh(age * plan.batch + place), step * plan.batch + place, plan.seed)
            loss = loss_of(plan.loss, case, self.network(case)) / plan.batch
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        return total

    def validate(self) -> dict[str, float]:
        return validated(self.average, kept_cases(VALIDATION, self.plan.seed))

    def checkpoint(self) -> None:
        """Everything needed to go on, and the averaged weights for use meanwhile."""
        super().checkpoint()
        save_network(self.average, self.out / WEIGHTS)

    def finish(self, validation: dict[str, float]) -> None:
        self.write_card("um2n", {
            "domains": list(KINDS_2D), "monitors": list(KINDS), "nodes": [samples.FEWEST, samples.MOST],
            "large": [samples.LARGE, samples.LARGE_SHARE], "strengths": [samples.WEAKEST, samples.STRONGEST],
            "squares": [background.FEWEST, background.MANY, background.MOST],
        }, {"validation": validation or self.validate()})  # fmt: skip


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
