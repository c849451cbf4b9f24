"""From pairs that a network has decided on to a proposal: which pairs are candidates for the decoder, their scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor

from structgen.generators.batches import relative_radius
from structgen.generators.decode import Proposal
from structgen.generators.model import Ask

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Score of given edges.
CERTAIN = 1e3
#: Pairs proposed beside the edges: the likeliest, so many a node, and the nearest of each node.
LIKELY, NEAREST = 6, 4


def agreeing(odds: Tensor, edge: Tensor, uniform: Tensor) -> Tensor:
    """Log-odds plus logistic noise, given that the sum is positive where there is an ``edge`` and nowhere else."""
    positive = odds.sigmoid()
    # Noise logit(v) makes the sum positive where v > 1 - positive.
    v = torch.where(edge, 1 - positive + positive * uniform, (1 - positive) * uniform).clamp(1e-12, 1 - 1e-12)
    score = odds + torch.logit(v)
    return torch.where(edge, score.clamp_min(1e-6), score.clamp_max(-1e-6))


def proposal_of(
    ask: Ask, pos: FloatArray, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64],
    own: BoolArray, kind: npt.NDArray[np.int64], score: FloatArray, log_radius: FloatArray,
) -> Proposal:  # fmt: skip
    """The given edges, then the model's own and those that might take their place.

    first, second ``(P,)``: the nodes of each pair, i < j; own: whether it is an edge of the raw web; kind, score,
    log_radius: of the edge that it is or might be.
    """
    n, known = len(pos), ask.known.n if ask.known else 0
    free = second >= known  # a pair is i < j, and known nodes come first
    rank = np.where(free & ~own, score, -np.inf)
    use = free & own
    use[np.argsort(-rank, kind="stable")[: LIKELY * n]] = True
    dense = np.full((n, n), np.inf)
    dense[first, second] = dense[second, first] = np.linalg.norm(pos[first] - pos[second], axis=1)
    near = np.zeros((n, n), bool)
    np.put_along_axis(near, np.argsort(dense, axis=1, kind="stable")[:, :NEAREST], True, axis=1)
    use |= near[first, second] | near[second, first]
    use |= _tree(n, first, second, np.where(free, score, CERTAIN))
    use &= free
    edges = np.column_stack([first, second])[use]
    score, kind, log_radius = score[use], kind[use], log_radius[use].astype(float)
    if ask.known is None:
        return Proposal(pos, edges, score, kind, log_radius)
    given = ask.known
    pos = np.concatenate([given.pos, pos[known:]])
    return Proposal(
        pos, np.concatenate([given.edge_index.T, edges]), np.concatenate([np.full(given.m, CERTAIN), score]),
        np.concatenate([given.kind, kind]), np.concatenate([relative_radius(given), log_radius]), given.n, given.m,
    )  # fmt: skip


def _tree(n: int, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], score: FloatArray) -> BoolArray:
    """``(P,)`` pairs of the spanning tree of the largest scores: with it a connected web can be chosen."""
    cost = np.zeros((n, n))
    cost[first, second] = 1 + score.max() - score
    tree = minimum_spanning_tree(cost).toarray() > 0
    found: BoolArray = tree[first, second]
    return found
