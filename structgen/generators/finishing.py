"""What drawn webs still lack, learned from real ones when training is over: threads as taut and as thick; a critic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from structgen.generators.critic import Critic
from structgen.generators.decode import Proposal, evened
from structgen.generators.gauges import GAUGES, gauged, gauges_of
from structgen.generators.taut import QUANTILES, SILKS, Threads, bend_quantiles, taut
from structgen.generators.traits import traits
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: What is known of webs of one sort counts half where there are so many of them.
FEW = 10


class Finish(nn.Module):
    """bends ``(2, SILKS, QUANTILES)`` of threads as they are drawn and as they are in the data; gauges ``(SILKS,
    GAUGES)``; the critic; sorts ``(SILKS,)``: its mean judgement of drawn webs that are mostly of a silk. Until `learn`
    threads are left as they are, and no web is judged better than another.
    """

    bends: Tensor
    gauges: Tensor
    sorts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bends", torch.zeros(2, SILKS, QUANTILES))
        self.register_buffer("gauges", torch.zeros(SILKS, GAUGES))
        self.register_buffer("sorts", torch.zeros(SILKS))
        self.critic = Critic()

    @torch.no_grad()
    def learn(self, webs: Sequence[WebGraph], drawn: Sequence[Proposal], seed: int) -> None:
        """From real ``webs`` and others ``drawn`` for the same targets."""
        real = [(web.pos, web.edge_index.T, web.kind) for web in webs]
        bends = np.stack([bend_quantiles(map(_threads, drawn)), bend_quantiles(real)])
        self.bends.copy_(torch.from_numpy(bends))
        self.gauges.copy_(torch.from_numpy(gauges_of(webs)))
        of_real = [traits(*threads, np.log(web.radius)) for threads, web in zip(real, webs, strict=True)]
        mended = [self.mended(one) for one in drawn]
        of_drawn = self._traits(mended)
        self.critic.learn(np.stack(of_real), of_drawn, seed)
        odds, sort = self.critic.judged(of_drawn), _sorts(mended)
        sums, counts = (np.bincount(sort, weights, SILKS) for weights in (odds, np.ones(len(odds))))
        self.sorts.copy_(torch.from_numpy((sums + FEW * odds.mean()) / (counts + FEW)))

    def mended(self, proposal: Proposal) -> Proposal:
        """A whole web with threads as taut and as thick as those of the data."""
        drawn, real = self.bends.double().numpy()
        even = evened(proposal)
        log_radius = gauged(even.log_radius, even.kind, even.score > 0, self.gauges.double().numpy())
        return replace(even, pos=taut(_threads(even), drawn, real), log_radius=log_radius)

    def merit(self, mended: Sequence[Proposal]) -> FloatArray:
        """``(k,)`` log-odds that webs are real, beyond those of other drawn webs of the same silk.

        A sort of webs that is harder to draw than others is not to die out when the best are chosen.
        """
        beyond: FloatArray = self.critic.judged(self._traits(mended)) - self.sorts.double().numpy()[_sorts(mended)]
        return beyond

    @staticmethod
    def _traits(proposals: Sequence[Proposal]) -> FloatArray:
        return np.stack([traits(*_threads(one), one.log_radius[one.score > 0]) for one in proposals])


def _sorts(proposals: Sequence[Proposal]) -> npt.NDArray[np.int64]:
    """``(k,)`` the silk that most threads of each are of."""
    return np.array([np.bincount(_threads(one)[2], minlength=SILKS)[:SILKS].argmax() for one in proposals])


def _threads(proposal: Proposal) -> Threads:
    """Those that the model itself proposes."""
    own = proposal.score > 0
    return proposal.pos, proposal.edges[own], proposal.kind[own]
