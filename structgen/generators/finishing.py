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
MISSED, UNLIKE = 3.0, 6.0


#: A web as it is, or as a model proposes it.
Shown = WebGraph | Proposal


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
        self.tell_apart(
            traits_of(webs), [self.mended(one, choice.style) for choice in choices for one in choice.drawn], seed
        )

    @torch.no_grad()
    def tell_apart(self, real: FloatArray, drawn: Sequence[Shown], seed: int) -> None:
        """Learn anew to tell ``drawn`` webs from those of traits ``real (k, TRAITS)``."""
        seen = traits_of(drawn)
        self.critic.learn(real, seen, seed)
        odds, sort = self.critic.judged(seen), _sorts(drawn)
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
        fitted, off = self.fitted(choice)
        return fitted[int((self.suited(fitted, choice.style, styles) - MISSED * off).argmax())]

    def fitted(self, choice: Choice) -> tuple[list[Proposal], FloatArray]:
        """Webs drawn for one request, mended, turned and scaled to it, and how far each is off its box."""
        target = choice.ask.target
        assert target.mean_edge_length is not None
        fitted, off = [], []
        for proposal in choice.drawn:
            mended = self.mended(proposal, choice.style)
            own = mended.edges[mended.score > 0]
            pos, away = turned(mended.pos, own, np.asarray(target.extents), target.mean_edge_length)
            fitted.append(replace(mended, pos=pos))
            off.append(away)
        return fitted, np.array(off)

    def suited(self, webs: Sequence[Shown], style: Style, styles: Styles) -> FloatArray:
        """``(k,)`` how good webs are that were asked for in a style: `merit`, less for what is unlike it."""
        seen = traits_of(webs)
        suited: FloatArray = self.merit(webs, seen) - UNLIKE * styles.unlike(seen, style)
        return suited

    def merit(self, webs: Sequence[Shown], seen: FloatArray) -> FloatArray:
        """``(k,)`` log-odds that webs of traits ``seen (k, TRAITS)`` are real, beyond those of others of the same silk.

        A sort of webs that is harder to draw than others is not to die out when the best are chosen.
        """
        beyond: FloatArray = self.critic.judged(seen) - self.sorts.double().numpy()[_sorts(webs)]
        return beyond


def traits_of(webs: Sequence[Shown]) -> FloatArray:
    """``(k, TRAITS)`` of webs, of proposals those that the model itself proposes."""
    return np.stack([traits(*_parts(web)) for web in webs])


def _sorts(webs: Sequence[Shown]) -> npt.NDArray[np.int64]:
    """``(k,)`` the silk that most threads of each are of."""
    return np.array([np.bincount(_parts(web)[2], minlength=SILKS)[:SILKS].argmax() for web in webs])


def _parts(web: Shown) -> tuple[FloatArray, npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]:
    """Nodes, edges, their silk and the logarithm of their radius."""
    if isinstance(web, WebGraph):
        return web.pos, web.edge_index.T, web.kind, np.log(web.radius)
    own = web.score > 0
    return web.pos, web.edges[own], web.kind[own], web.log_radius[own]
