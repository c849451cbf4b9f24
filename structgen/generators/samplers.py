"""From noise to data: integrators and chains, plain functions over any velocity or denoiser.

The first three follow dx/dt = v(x, t) from noise (t = 0) to data (t = 1); `edm` removes Gaussian noise of standard
deviations that fall to 0; `joint` also lets categories jump.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from structgen.generators.flows import jump_share, times

Velocity = Callable[[Tensor, float], Tensor]
#: Data to be expected at x that holds noise of standard deviation sigma.
Denoiser = Callable[[Tensor, float], Tensor]
#: Standard normal numbers of the shape of what is given.
Normal = Callable[[Tensor], Tensor]
#: From positions, categories ``(P,)`` and time to a velocity and the probabilities ``(P, C)`` of the data's categories.
JointDenoiser = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]
#: Flow time of the positions and share of the categories kept, at a time.
Clock = Callable[[float], tuple[float, float]]
#: From categories, probabilities of the data's, and the share that jumps, to the next categories.
Jump = Callable[[Tensor, Tensor, Tensor], Tensor]


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


def redrawn(state: Tensor, probability: Tensor, share: Tensor | float, uniform: Tensor) -> Tensor:
    """Categories ``state (P,)`` of which a share is drawn anew from ``probability (P, C)``.

    ``uniform (P,)`` in [0, 1) decides on both: below ``1 - share`` a category stays.
    """
    share = torch.as_tensor(share, dtype=uniform.dtype, device=uniform.device)
    fresh = (uniform - (1 - share)) / share.clamp_min(1e-9)
    drawn = (fresh[:, None] >= probability.to(uniform).cumsum(1)[:, :-1]).sum(1)
    return torch.where(uniform >= 1 - share, drawn.to(state.dtype), state)


def systematic(chance: Tensor, group: Tensor, order: Tensor, start: Tensor) -> Tensor:
    """``(P,)`` which are drawn, each with its ``chance``, and of each group as many as its chances add up to.

    Up or down to a whole number: the systematic sampling of W. Madow (1949), which makes counts as even as they can be.

    Arguments:
        group: ``(P,)`` number of the group of each; order ``(P,)`` in which those of a group come.
        start: ``(G,)`` uniform in [0, 1), where the count of each group begins.
    """
    row = torch.argsort(order, stable=True)
    row = row[torch.argsort(group[row], stable=True)]
    sorted_chance, sorted_group = chance[row].double(), group[row]
    sums = sorted_chance.new_zeros(len(start)).index_add(0, sorted_group, sorted_chance)
    before = sums.cumsum(0) - sums
    # Of a group of sum 2, rounding must not draw a third, nor leave out the second.
    count = (sorted_chance.cumsum(0) - before[sorted_group]).clamp_min(0) + start[sorted_group].double()
    first = torch.ones_like(sorted_group, dtype=torch.bool)
    first[1:] = sorted_group[1:] != sorted_group[:-1]
    whole = (count + 1e-6).floor()
    earlier = torch.where(first, (start[sorted_group].double() + 1e-6).floor(), whole.roll(1))
    drawn = torch.zeros_like(first)
    drawn[row] = whole > earlier
    return drawn


def joint(
    denoise: JointDenoiser, x: Tensor, state: Tensor, steps: int, clock: Clock, jump: Jump
) -> tuple[Tensor, Tensor]:
    """``steps`` steps of a flow of positions and a jumping chain of categories, one call of ``denoise`` each.

    Positions move by the two-step Adams-Bashforth method (order 2), categories by Euler steps in which each jumps on
    its own: exact where the categories of the data are independent of each other. ``jump`` draws them, as `redrawn`.
    """
    last: tuple[float, Tensor] | None = None
    for time, end in pairwise(times(steps)):
        (t, kept), (t_next, kept_next) = clock(time), clock(end)
        v, probability = denoise(x, state, time)
        h = t_next - t
        # A step as long as the one before weighs its velocity by a half; the last may be shorter.
        ahead = v if last is None else v + 0.5 * h / last[0] * (v - last[1])
        x = x + h * ahead
        if h > 0:
            last = (h, v)
        share = jump_share(torch.tensor(kept, dtype=torch.float64), torch.tensor(kept_next, dtype=torch.float64))
        state = jump(state, probability, share)
    return x, state


def _times(steps: int | Sequence[float]) -> Sequence[float]:
    return times(steps) if isinstance(steps, int) else steps
