"""What a web still has to get, told to the chain that draws its edges: their number, their length, the joins.

A network says how likely each edge is on its own. Given sums over them the same
edges have other log-odds, by an exponential tilt; drawn from those the web has about the sums asked for.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Most that log-odds are moved by; where no edge is left to give, they fall by so much.
MOST = 20.0


def tilted(logit: Tensor, length: Tensor, web: Tensor, budget: Tensor, prior: float = 1.0) -> Tensor:
    """Log-odds ``(P,)`` of edges with the expected count, and about the length, that each of B webs still has to get.

    Independent edges given the sums of their count and length have about the log-odds ``logit + a + b (length - 1)``:
    a and b of each web by Newton's method, b with a normal prior, lest a web whose nodes lie badly loses its shape.

    Arguments:
        length: ``(P,)`` of the edges, over the mean length asked for.
        web: ``(P,)`` number of the web of each.
        budget: ``(B, 2)`` count and total length wanted; where it is no edge, all log-odds fall by `MOST`.
        prior: standard deviation of b; 0 for the count alone.
    """
    z = length - 1
    count, excess = budget[:, 0], budget[:, 1] - budget[:, 0]
    a, b = torch.zeros_like(count), torch.zeros_like(count)
    for k in range(16):
        p = (logit + a[web] + b[web] * z).sigmoid()
        w = p * (1 - p)
        terms = torch.stack([p, p * z, w, w * z, w * z * z], 1)
        sums = logit.new_zeros(len(budget), 5).index_add(0, web, terms)
        s0, s1, h00, h01, h11 = sums.unbind(1)
        miss0, h00 = count - s0, h00 + 1e-3
        if prior > 0 and k < 10:
            miss1, h11 = excess - s1 - b / prior**2, h11 + 1 / prior**2
            b = b + ((h00 * miss1 - h01 * miss0) / (h00 * h11 - h01**2).clamp_min(1e-6)).clamp(-1, 1)
            miss0 = miss0 * h11 - h01 * miss1
            h00 = (h00 * h11 - h01**2).clamp_min(1e-6)
        # The count comes last, and exactly.
        a = (a + (miss0 / h00).clamp(-1.5, 1.5)).clamp(-MOST, MOST)
    a = torch.where(count > 0.5, a, -MOST)
    return logit + a[web] + torch.where(count > 0.5, b, 0.0)[web] * z


def joining(logit: Tensor, apart: Tensor, web: Tensor, count: Tensor, joins: Tensor) -> Tensor:
    """Log-odds ``(P,)`` in which as many edges between parts are expected as it takes to join the parts of each web.

    Where fewer are: those between parts and those within one are then tilted each to its count.

    Arguments:
        apart: ``(P,)`` which pairs lie in two parts.
        web: ``(P,)`` number of the web of each; count, joins ``(B,)`` edges left to give, and needed to join the parts.
    """
    between = logit.new_zeros(len(count)).index_add(0, web, logit.sigmoid() * apart)
    needed = torch.minimum(joins, count)
    short = between < needed
    group = 2 * web + apart
    wanted = torch.stack([count - needed, needed], 1).flatten()
    zero = torch.zeros_like(logit)
    split = tilted(logit, zero, group, torch.stack([wanted, zero.new_zeros(len(wanted))], 1), prior=0.0)
    return torch.where(short[web], split, logit)
