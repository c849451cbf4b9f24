"""Integrators from noise to data: plain functions over any velocity or denoiser.

The first three follow dx/dt = v(x, t) from noise (t = 0) to data (t = 1); the last removes Gaussian noise of standard
deviations that fall to 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor

from structgen.generators.flows import times

Velocity = Callable[[Tensor, float], Tensor]
#: Data to be expected at x that holds noise of standard deviation sigma.
Denoiser = Callable[[Tensor, float], Tensor]
#: Standard normal numbers of the shape of what is given.
Normal = Callable[[Tensor], Tensor]


def euler(v: Velocity, x: Tensor, steps: int | Sequence[float]) -> Tensor:
    """Explicit Euler steps, one call of ``v`` each: so many even ones, or between the times that are given."""
    for t, end in pairwise(_times(steps)):
        x = x + (end - t) * v(x, t)
    return x


def midpoint(v: Velocity, x: Tensor, steps: int | Sequence[float]) -> Tensor:
    """Midpoint steps (order 2), two calls of ``v`` each."""
    for t, end in pairwise(_times(steps)):
        half = x + 0.5 * (end - t) * v(x, t)
        x = x + (end - t) * v(half, (t + end) / 2)
    return x


def heun(v: Velocity, x: Tensor, steps: int | Sequence[float]) -> Tensor:
    """Heun's steps (order 2), two calls of ``v`` each; the last is Euler's, since ``v`` may be singular at the end."""
    for t, end in pairwise(_times(steps)):
        first = v(x, t)
        ahead = x + (end - t) * first
        x = ahead if end == 1 else x + 0.5 * (end - t) * (first + v(ahead, end))
    return x


def edm(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Sequence[float],
    normal: Normal,
    churn: float = 0.0,
    between: tuple[float, float] = (0.0, math.inf),
    swell: float = 1.0,
) -> Tensor:
    """The stochastic sampler of T. Karras, M. Aittala, T. Aila, S. Laine (NeurIPS 2022), algorithm 2.

    Arguments:
        denoise: data to be expected at x and sigma.
        x: data with noise of standard deviation ``sigmas[0]``.
        sigmas: falling to 0, as of `structgen.generators.flows.karras`; Heun's steps between them.
        normal: where fresh noise comes from.
        churn: S_churn; 0 adds no noise on the way, so the result is a function of ``x``.
        between: S_min and S_max, sigmas between which noise is added; swell: S_noise, its gain.
    """
    if len(sigmas) < 2 or sigmas[-1] != 0 or any(a <= b for a, b in pairwise(sigmas)):
        raise ValueError(f"sigmas are {list(sigmas)}, must fall to 0")
    for sigma, end in pairwise(sigmas):
        gain = min(churn / (len(sigmas) - 1), math.sqrt(2) - 1) if between[0] <= sigma <= between[1] else 0.0
        raised = sigma * (1 + gain)
        if gain > 0:
            x = x + math.sqrt(raised**2 - sigma**2) * swell * normal(x)
        slope = (x - denoise(x, raised)) / raised
        ahead = x + (end - raised) * slope
        x = ahead if end == 0 else x + (end - raised) * (slope + (ahead - denoise(ahead, end)) / end) / 2
    return x


def _times(steps: int | Sequence[float]) -> Sequence[float]:
    return times(steps) if isinstance(steps, int) else steps
