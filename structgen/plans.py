"""What plans of trainings share: ranges of their numbers, and how the learning rate goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

#: Least and greatest of what every plan holds; whole numbers for what must be whole.
RANGES: Mapping[str, tuple[float, float]] = {
    "steps": (1, 10**8), "batch": (1, 10**5), "seed": (0, 2**63 - 1), "learning_rate": (1e-8, 1.0),
    "warmup": (0, 10**6), "weight_decay": (0.0, 1.0), "clip": (1e-8, 1e8), "ema": (0.0, 1.0),
}  # fmt: skip

#: Arithmetic in training: all in 32 bits, or products of matrices in bfloat16.
PRECISIONS = ("32-true", "bf16-mixed")


def check_plan(plan: Any, **others: tuple[float, float]) -> None:
    """`ValueError` for a number of ``plan`` out of `RANGES`, or of ``others``, which add to these or replace them.

    And for a precision that is none of `PRECISIONS`, where the plan has one.
    """
    precision = getattr(plan, "precision", PRECISIONS[0])
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}, must be one of {', '.join(PRECISIONS)}")
    for name, (low, high) in {**RANGES, **others}.items():
        value = getattr(plan, name)
        if not low <= value <= high or (isinstance(low, int) and value != int(value)):
            kind = "be a whole number" if isinstance(low, int) else "lie"
            raise ValueError(f"{name} is {value}, must {kind} in {low} to {high}")


def learning_rate(plan: Any, step: int, least: float) -> float:
    """Of a step: linear warm-up, then a cosine down to ``least`` of the largest."""
    warm = min(1.0, (step + 1) / max(1, min(plan.warmup, plan.steps // 5)))
    swing = (1 + least) / 2 + (1 - least) / 2 * math.cos(math.pi * step / plan.steps)
    return float(plan.learning_rate * warm * swing)
