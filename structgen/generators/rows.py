"""Rows of the adjacency matrix, one a new node: how likely one is, and how one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import softplus

from structgen.generators.batches import CATEGORIES
from structgen.generators.nets_causal import LINKS

Floats = npt.NDArray[np.float32]

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


@dataclass(frozen=True)
class Chance:
    """All random numbers of sampled webs, cooled, each web's own.

    Uniform for a parent ``(B, N)``, the components ``(B, N, M)`` and other parents ``(B, N, M)``; normal ``(B, N, M,
    3)``; logistic and Gumbel noise for the edges ``(B, N, N)`` to nodes before, their kinds ``(B, N, N, kinds)`` and
    the plans ``(B, N, 3)``.
    """

    parent: Floats
    component: Floats
    normal: Floats
    edge: Floats
    kind: Floats
    links: Floats
    others: Floats

    @classmethod
    def of(cls, sizes: Sequence[int], rngs: Sequence[np.random.Generator]) -> Chance:
        """For webs of so many nodes."""
        most, kinds = max(sizes), CATEGORIES - 1
        shapes = [
            (most,),
            (most, TRIES),
            (most, TRIES, 3),
            (most, most),
            (most, most, kinds),
            (most, LINKS),
            (most, TRIES),
        ]
        chance = cls(*(np.zeros((len(sizes), *shape), np.float32) for shape in shapes))
        spread, edge, links = (
            np.where(np.arange(most) < EARLY, 1.0, cold).astype(np.float32) for cold in (SPREAD, EDGE_NOISE, LINK_NOISE)
        )
        for b, (n, rng) in enumerate(zip(sizes, rngs, strict=True)):
            chance.parent[b, :n] = rng.random(n, np.float32)
            chance.component[b, :n] = rng.random((n, TRIES), np.float32)
            chance.normal[b, :n] = spread[:n, None, None] * rng.standard_normal((n, TRIES, 3), np.float32)
            row, column = np.tril_indices(n)
            chance.edge[b, row, column] = edge[row] * (_gumbel(rng, len(row)) - _gumbel(rng, len(row)))
            chance.kind[b, row, column] = _gumbel(rng, len(row), kinds)
            chance.links[b, :n] = links[:n, None] * _gumbel(rng, n, LINKS)
            chance.others[b, :n] = rng.random((n, TRIES), np.float32)
        return chance


def _gumbel(rng: np.random.Generator, *shape: int) -> Floats:
    """Gumbel noise; the difference of two is logistic."""
    noise: Floats = -np.log(np.maximum(rng.standard_exponential(shape, np.float32), np.finfo(np.float32).tiny))
    return noise
