"""What drawn webs still lack: threads as taut as those of their style, and as thick as in the data; and a critic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from structgen.generators.critic import Critic
from structgen.generators.decode import Proposal, evened
from structgen.generators.gauges import GAUGES, gauged, gauges_of
from structgen.generators.model import Ask
from structgen.generators.sizing import turned
from structgen.generators.styles import Style, Styles
from structgen.generators.taut import taut
from structgen.generators.traits import SILKS, traits
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: What is known of webs of one sort counts half where there are so many of them.
FEW = 10
#: What a drawn web's log-odds of being real are lowered by for missing its box by a factor e on one side, and for lying
#: off its style by one standard deviation in each trait.
MISSED, UNLIKE = 12.0, 6.0


@dataclass(frozen=True)
class Choice:
    """Whole webs ``drawn`` for one request in one style, to choose from."""

    ask: Ask
    style: Style
    drawn: list[Proposal]


class Finish(nn.Module):
    """gauges ``(SILKS, GAUGES)`` of threads in the data; the critic; sorts ``(SILKS,)``: its mean judgement of drawn
    webs that are mostly of a silk. Until `learn_from` threads are as thick as they were drawn, and no web is judged
    more real than another.
    """

    gauges: Tensor
    sorts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gauges", torch.zeros(SILKS, GAUGES))
        self.register_buffer("sorts", torch.zeros(SILKS))
        self.critic = Critic()

    @torch.no_grad()
    def learn_from(self, choices: Sequence[Choice], webs: Sequence[WebGraph], seed: int) -> None:
        """From real ``webs``, and others that were drawn for targets like theirs."""
        self.gauges.copy_(torch.from_numpy(gauges_of(webs)))
        of_real = [traits(web.pos, web.edge_index.T, web.kind, np.log(web.radius)) for web in webs]
        mended = [self.mended(one, choice.style) for choice in choices for one in choice.drawn]
        of_drawn = _traits(mended)
        self.critic.learn(np.stack(of_real), of_drawn, seed)
        odds, sort = self.critic.judged(of_drawn), _sorts(mended)
        sums, counts = (np.bincount(sort, weights, SILKS) for weights in (odds, np.ones(len(odds))))
        self.sorts.copy_(torch.from_numpy((sums + FEW * odds.mean()) / (counts + FEW)))

    def mended(self, proposal: Proposal, style: Style) -> Proposal:
        """A whole web with threads as thick as those of the data, and as taut as those of its style."""
        even = evened(proposal)
        own = even.score > 0
        log_radius = gauged(even.log_radius, even.kind, own, self.gauges.double().numpy())
        return replace(even, pos=taut((even.pos, even.edges[own]), style.bends), log_radius=log_radius)

    def best(self, choice: Choice, styles: Styles) -> Proposal:
        """Of webs drawn for one request that which looks most like a real one of its style, for how far it misses its
        box; mended, turned and scaled to what is asked for.
        """
        fitted, merit = self.judged(choice, styles)
        return fitted[int(merit.argmax())]

    def judged(self, choice: Choice, styles: Styles) -> tuple[list[Proposal], FloatArray]:
        """Webs drawn for one request, mended, turned and scaled to it, and how good each is."""
        target = choice.ask.target
        assert target.mean_edge_length is not None
        fitted, off = [], []
        for proposal in choice.drawn:
            mended = self.mended(proposal, choice.style)
            own = mended.edges[mended.score > 0]
            pos, away = turned(mended.pos, own, np.asarray(target.extents), target.mean_edge_length)
            fitted.append(replace(mended, pos=pos))
            off.append(away)
        seen = _traits(fitted)
        merit = self.merit(fitted, seen) - MISSED * np.array(off) - UNLIKE * styles.unlike(seen, choice.style)
        return fitted, merit

    def merit(self, mended: Sequence[Proposal], seen: FloatArray) -> FloatArray:
        """``(k,)`` log-odds that webs of traits ``seen (k, TRAITS)`` are real, beyond those of others of the same silk.

        A sort of webs that is harder to draw than others is not to die out when the best are chosen.
        """
        beyond: FloatArray = self.critic.judged(seen) - self.sorts.double().numpy()[_sorts(mended)]
        return beyond


def _traits(proposals: Sequence[Proposal]) -> FloatArray:
    """``(k, TRAITS)`` of the webs that the model itself proposes."""
    rows = []
    for one in proposals:
        own = one.score > 0
        rows.append(traits(one.pos, one.edges[own], one.kind[own], one.log_radius[own]))
    return np.stack(rows)


def _sorts(proposals: Sequence[Proposal]) -> npt.NDArray[np.int64]:
    """``(k,)`` the silk that most threads of each are of."""
    return np.array([np.bincount(one.kind[one.score > 0], minlength=SILKS)[:SILKS].argmax() for one in proposals])
