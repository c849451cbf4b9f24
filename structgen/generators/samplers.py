"""From noise (t = 0) to data (t = 1): integrators of dx/dt = v(x, t), and chains that jump between categories.

Plain functions over any velocity and any denoiser.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from structgen.generators.flows import jump_share

Velocity = Callable[[Tensor, float], Tensor]
#: From positions, categories ``(P,)`` and time to a velocity and the probabilities ``(P, C)`` of the data's categories.
JointDenoiser = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]
#: Flow time of the positions and share of the categories kept, at a time.
Clock = Callable[[float], tuple[float, float]]


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


def redrawn(state: Tensor, probability: Tensor, share: Tensor | float, uniform: Tensor) -> Tensor:
    """Categories ``state (P,)`` of which a share is drawn anew from ``probability (P, C)``.

    ``uniform (P,)`` in [0, 1) decides on both: below ``1 - share`` a category stays.
    """
    share = torch.as_tensor(share, dtype=uniform.dtype, device=uniform.device)
    fresh = (uniform - (1 - share)) / share.clamp_min(1e-9)
    drawn = (fresh[:, None] >= probability.to(uniform).cumsum(1)[:, :-1]).sum(1)
    return torch.where(uniform >= 1 - share, drawn.to(state.dtype), state)


def joint(
    denoise: JointDenoiser, x: Tensor, state: Tensor, steps: int, clock: Clock, uniform: Callable[[], Tensor]
) -> tuple[Tensor, Tensor]:
    """``steps`` steps of a flow of positions and a jumping chain of categories, one call of ``denoise`` each.

    Positions move by the two-step Adams-Bashforth method (order 2), categories by Euler steps in which each jumps on
    its own: exact where the categories of the data are independent of each other. ``uniform`` gives the ``(P,)``
    random numbers of a step.
    """
    last: tuple[float, Tensor] | None = None
    for k in range(_checked(steps)):
        (t, kept), (t_next, kept_next) = clock(k / steps), clock((k + 1) / steps)
        v, probability = denoise(x, state, k / steps)
        h = t_next - t
        # A step as long as the one before weighs its velocity by a half; the last may be shorter.
        ahead = v if last is None else v + 0.5 * h / last[0] * (v - last[1])
        x = x + h * ahead
        if h > 0:
            last = (h, v)
        share = jump_share(torch.tensor(kept, dtype=torch.float64), torch.tensor(kept_next, dtype=torch.float64))
        state = redrawn(state, probability, share, uniform())
    return x, state


def _checked(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"steps is {steps}, must be at least 1")
    return steps
