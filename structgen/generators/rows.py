"""Rows of the adjacency matrix, one a new node: how likely one is, and how one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from structgen.generators.batches import CATEGORIES
from structgen.generators.laid import Laid
from structgen.generators.nets_causal import LINKS

#: Places drawn for a node at a time, of which the first within the box is taken.
TRIES = 5
#: Webs are drawn colder than they were learned, as what is placed wrong is never taken back: what the logits of a
#: place's component, its spread, the noise of the number of links and that of the edges are divided or multiplied by.
COMPONENT, SPREAD, LINK_NOISE, EDGE_NOISE = 0.5, 0.6, 0.6, 0.5
#: All but the first so many nodes: what a web becomes is decided there, and drawn cold it would too often be of the
#: most frequent sort.
EARLY = 6
#: Log-odds of an edge that is given, and of that to the node that a new one is grown from.
CERTAIN = 12.0
#: Trials of a strut that runs through none.
DETOURS = 4
#: Least log-odds of an edge that a row must have.
TINY = 1e-3


def rows_log_likelihood(logit: Tensor, edge: Tensor, free: Tensor, plan: Tensor) -> Tensor:
    """``(B, N)`` log-likelihood of rows of independent edges, given how many there are beside the one to the parent.

    logit, edge, free ``(B, N, T)``: log-odds, what is there, and what may be. plan ``(B, N)``: 0 none, 1 one, 2 at
    least two. One edge has a probability in proportion to its odds; two or more that of the row over that of all
    rows of at least two.
    """
    logit = logit.masked_fill(~free, -40.0)
    ones = (logit.log_softmax(-1) * edge).sum(-1)
    none = -softplus(logit).sum(-1)
    fewer = none + softplus(torch.logsumexp(logit, -1))  # log of the probability of none or one
    row = none + (logit * edge).sum(-1)
    several = row - torch.log(-torch.expm1(fewer.clamp_max(-1e-6)))
    return torch.where(plan == 0, 0.0, torch.where(plan == 1, ones, several))


def drawn_row(noisy: Tensor, parent: Tensor, plan: Tensor) -> Tensor:
    """``(B, T)`` log-odds with logistic noise made to agree with the plan: > 0 are the edges of a row.

    Of rows that fall short of their plan the best places are taken, of those that should have one edge the best.
    """
    parent = parent[:, None]
    barred = torch.full_like(noisy, -CERTAIN)
    others = noisy.clone()
    others[:, 0] = -CERTAIN  # the origin is no node
    others = others.scatter(1, parent, barred)
    rank = others.argsort(-1, descending=True).argsort(-1)
    count = noisy.shape[1]
    least = torch.tensor([0, 1, 2])[plan][:, None].clamp_max(max(count - 2, 0))
    most = torch.tensor([0, 1, count])[plan][:, None]
    forced = torch.where(rank < least, others.clamp_min(TINY), others)
    kept = torch.where(rank < most, forced, forced.clamp_max(-TINY))
    row = kept.scatter(1, parent, -barred)
    row[:, 0] = -CERTAIN
    return row


def clear_row(noisy: Tensor, parent: Tensor, plan: Tensor, point: Tensor, laid: Laid) -> Tensor:
    """`drawn_row` of a node at ``point (B, 3)`` without struts that run through others: the next best do instead."""
    for _ in range(DETOURS):
        odds = drawn_row(noisy, parent, plan)
        chosen = odds > 0
        chosen[torch.arange(len(odds)), parent] = False
        bad = torch.zeros_like(chosen)
        for rank in range(int(chosen.sum(1).max())):
            has = chosen.sum(1) > rank
            other = (chosen & (chosen.cumsum(1) == rank + 1)).long().argmax(1)
            crossed = torch.tensor(laid.crossed(point.double().numpy(), other.numpy())) & has
            bad[torch.arange(len(odds)), other] |= crossed
        if not bad.any():
            break
        noisy = noisy.masked_fill(bad, -CERTAIN)
    return odds.masked_fill(bad, -CERTAIN)


@dataclass(frozen=True)
class Chance:
    """All random numbers of sampled webs, cooled, each web's own: ``(B, N, M)`` uniform, ``(B, N, M, 3)`` normal, and
    logistic and Gumbel noise for the edges ``(B, N, N)``, their kinds ``(B, N, N, kinds)`` and the plans ``(B, N, 3)``.
    """

    parent: Tensor
    component: Tensor
    normal: Tensor
    edge: Tensor
    kind: Tensor
    links: Tensor

    @classmethod
    def of(cls, sizes: Sequence[int], rngs: Sequence[np.random.Generator]) -> Chance:
        """For webs of so many nodes."""
        most, kinds = max(sizes), CATEGORIES - 1
        shapes = [(most, TRIES), (most, TRIES), (most, TRIES, 3), (most, most), (most, most, kinds), (most, LINKS)]
        arrays = [np.zeros((len(sizes), *shape), np.float32) for shape in shapes]
        spread, edge, links = (
            np.where(np.arange(most) < EARLY, 1.0, cold) for cold in (SPREAD, EDGE_NOISE, LINK_NOISE)
        )
        for b, (n, rng) in enumerate(zip(sizes, rngs, strict=True)):
            arrays[0][b, :n] = rng.random((n, TRIES), np.float32)
            arrays[1][b, :n] = rng.random((n, TRIES), np.float32)
            arrays[2][b, :n] = spread[:n, None, None] * rng.standard_normal((n, TRIES, 3), np.float32)
            arrays[3][b, :n, :n] = edge[:n, None] * rng.logistic(size=(n, n))
            arrays[4][b, :n, :n] = rng.gumbel(size=(n, n, kinds))
            arrays[5][b, :n] = links[:n, None] * rng.gumbel(size=(n, LINKS))
        return cls(*(torch.tensor(array) for array in arrays))
