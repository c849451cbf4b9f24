"""Webs made task by task, in this process or in others: the same webs, bit for bit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from structgen.generators.decode import DecodeError, Proposal
from structgen.generators.growth import Sampling, grown
from structgen.generators.request import Completed
from structgen.parallel import one_thread, parallel_map, thread_map
from structgen.seeds import generator

if TYPE_CHECKING:
    from structgen.generators.model import Ask, Generated, WebGenerator

#: Webs sampled at a time, and of these at most so many side by side, on one thread. What a web's numbers round to
#: depends on the others beside it.
SAMPLE_BATCH, ABREAST = 32, 8
#: Fresh proposals tried before a web is given up.
ATTEMPTS = 6


@dataclass(frozen=True)
class Task:
    """One batch: the ``requests`` for webs ``first``, ``first + 1``, ... of all, and how they are made."""

    model: WebGenerator
    requests: Sequence[Completed]
    first: int
    seed: int
    radius: float | None
    steps: int
    guidance: float

    def __len__(self) -> int:
        """Parts that its webs are made in; for a web of no more nodes than the model has learned of it is one."""
        sampling = self._sampling()
        return sum(sampling.parts(request.target.nodes or 0) for request in self.requests)

    def made(self, told: Callable[[int], None] = lambda count: None) -> list[Generated]:
        """The webs; ``told`` of the parts that are done, as they are. Raises `ValueError` where none is found."""
        from structgen.generators.model import Ask

        done: dict[int, Generated] = {}
        todo = []
        with one_thread():
            for k, request in enumerate(self.requests, self.first):
                sampling = self._sampling(k)
                if sampling.parts(request.target.nodes or 0) > 1:
                    done[k] = grown(sampling, request, self.radius, lambda: told(1))
                else:
                    todo.append((k, request))
            for attempt in range(ATTEMPTS):
                if not todo:
                    break
                failed: list[tuple[int, Completed]] = []
                rngs = [generator(self.seed, k, attempt) for k, _ in todo]
                asks = [Ask(request.near, style=request.style) for _, request in todo]
                proposals = self._proposals(asks, rngs)
                for (k, request), rng, proposal in zip(todo, rngs, proposals, strict=True):
                    try:
                        done[k] = self.model.decoded(request, proposal, self.radius, rng, attempt == ATTEMPTS - 1)
                    except DecodeError as error:
                        failed.append((k, request))
                        reason = error
                told(len(todo) - len(failed))
                todo = failed
        if todo:
            raise ValueError(
                f"targets {todo[0][1].target.as_dict()}: {reason} in {ATTEMPTS} attempts; ask for fewer edges or "
                "thinner struts"
            )
        return [done[k] for k in sorted(done)]

    def _proposals(self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator]) -> list[Proposal]:
        """Those of the model, made side by side for webs of like size."""
        order = np.argsort([ask.target.nodes or 0 for ask in asks], kind="stable")
        parts = [part.tolist() for part in np.array_split(order, math.ceil(len(asks) / ABREAST))]

        def proposed(part: list[int]) -> list[Proposal]:
            return self.model.propose([asks[k] for k in part], [rngs[k] for k in part], self.steps, self.guidance)

        found = dict(zip(order.tolist(), itertools.chain(*thread_map(proposed, parts)), strict=True))
        return [found[k] for k in range(len(asks))]

    def _sampling(self, *path: int) -> Sampling:
        return Sampling(self.model, generator(self.seed, *path), self.steps, self.guidance)


def made_by(
    tasks: Sequence[Task], workers: int, scheduler: str | None, progress: Callable[[int, int], None] | None
) -> list[Generated]:
    """The webs of all ``tasks``; see `structgen.parallel.parallel_map` for who makes them.

    progress: told how many parts of how many are done, in other processes whole tasks at a time.
    """
    parts, total = 0, sum(map(len, tasks))

    def told(count: int) -> None:
        nonlocal parts
        parts += count
        if progress:
            progress(parts, total)

    results: list[Generated] = []
    if workers == 1 and scheduler is None:
        for task in tasks:
            results += task.made(told)
        return results
    for task, webs in zip(tasks, parallel_map(Task.made, tasks, workers, scheduler), strict=True):
        results += webs
        told(len(task))
    return results
