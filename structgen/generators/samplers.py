"""Integrators of dx/dt = v(x, t) from noise (t = 0) to data (t = 1): plain functions over any velocity."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]


def euler(v: Velocity, x: Tensor, steps: int) -> Tensor:
    """``steps`` explicit Euler steps, one call of ``v`` each."""
    for k in range(_checked(steps)):
        x = x + v(x, k / steps) / steps
    return x


def midpoint(v: Velocity, x: Tensor, steps: int) -> Tensor:
    """``steps`` midpoint steps (order 2), two calls of ``v`` each."""
    h = 1 / _checked(steps)
    for k in range(steps):
        half = x + 0.5 * h * v(x, k * h)
        x = x + h * v(half, (k + 0.5) * h)
    return x


def _checked(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"steps is {steps}, must be at least 1")
    return steps
