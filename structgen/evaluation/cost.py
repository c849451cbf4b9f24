"""What a web costs: seconds, at some numbers of steps, one web or many a call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from structgen.targets import DesignTargets

STEPS, BATCHES = (2, 5, 10, 20, 50), (1, 16)
#: What is asked for: a web of medium size.
TARGET = DesignTargets(nodes=48, mean_degree=2.8)


def cost(
    model: Any, steps: Sequence[int] = STEPS, batches: Sequence[int] = BATCHES, repeats: int = 3
) -> list[dict[str, float]]:
    """Median seconds a web for each of ``steps`` and webs a call of ``batches``: by the clock, and of all processors.

    A first call, untimed, warms the model up.
    """
    model.generate([TARGET], 1, 0)
    rows = []
    for count in steps:
        for batch in batches:
            seconds = []
            for seed in range(repeats):
                began = np.array([time.perf_counter(), time.process_time()])
                model.generate([TARGET], batch, seed, steps=count)
                seconds.append((np.array([time.perf_counter(), time.process_time()]) - began) / batch)
            clock, processors = np.median(seconds, axis=0).tolist()
            rows.append({
                "steps": count, "webs_a_call": batch, "seconds_a_web": clock, "cpu_seconds_a_web": processors,
            })  # fmt: skip
    return rows
