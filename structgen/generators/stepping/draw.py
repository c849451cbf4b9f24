"""Webs drawn from the network, node by node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from structgen.generators.batches import Request
from structgen.generators.decode import Proposal
from structgen.generators.growing import unit_of
from structgen.generators.model import Ask
from structgen.generators.nets_causal import SURROUNDINGS, CausalGraphTransformer
from structgen.generators.rows import CERTAIN, COMPONENT, EARLY, TRIES, Chance
from structgen.generators.sequences import given_nodes, proposal
from structgen.generators.stepping.around import tell_around
from structgen.generators.stepping.edges import draw_edges
from structgen.generators.stepping.network import Last, Stream
from structgen.generators.stepping.places import draw_parents, draw_places, tell_parents
from structgen.generators.stepping.state import Drawn, Floats, Integers

#: Places in sampling are taken to be off by this many units of length.
BLUR = 0.03
#: Struts are laid this far apart, in units of length, where one of `rows.DETOURS` trials allows it.
CLEAR = 0.045
#: What the log-odds of edges that close a triangle are lowered by: what is drawn cold has too many.
OPENNESS = 1.1


@torch.inference_mode()
def drawn(
    net: CausalGraphTransformer, asks: Sequence[Ask], styles: Tensor, rngs: Sequence[np.random.Generator],
    guidance: float,
) -> list[Proposal]:  # fmt: skip
    """One proposal for each of ``asks``, told of ``styles (B, STYLE + 1)``, from its own random numbers."""
    return _Drawing(net, asks, styles, rngs, guidance).run()


class _Drawing:
    """Webs drawn side by side."""

    def __init__(
        self, net: CausalGraphTransformer, asks: Sequence[Ask], styles: Tensor, rngs: Sequence[np.random.Generator],
        guidance: float,
    ) -> None:  # fmt: skip
        self.net, self.asks, self.guidance = net, asks, guidance
        self.sizes = [ask.target.nodes or 0 for ask in asks]
        self.most = max(self.sizes)
        self.extended = np.array([ask.known is not None for ask in asks])
        self.given, self.chance = given_nodes(asks, self.most), Chance.of(self.sizes, rngs)
        request = Request.of([ask.target for ask in asks])
        hidden = [torch.full((len(asks),), h) for h in ([False] if guidance == 1 else [False, True])]
        units = [unit_of(request, drop) for drop in hidden]
        self.streams = [
            Stream(net, self.most + 1, net.modulations(request.condition(drop), styles), unit, (~drop).float(), BLUR)
            for drop, unit in zip(hidden, units, strict=True)
        ]
        corners = np.array([ask.corners for ask in asks], np.float32)
        self.web = Drawn.empty(self.most + 1, request, (CLEAR * units[0]).numpy(), corners)

    def run(self) -> list[Proposal]:
        web, chance, given = self.web, self.chance, self.given
        shape = web.radius.shape
        score, thick = np.full(shape, -CERTAIN, np.float32), np.zeros(shape, np.float32)
        silk = np.zeros(shape, np.int64)
        count, category = given.count.numpy(), given.kind.numpy()
        for place in range(self.most):
            last = [stream.read(web, place) for stream in self.streams]
            links = self._guided([self.net.numbers_of_links(one.h, torch.tensor(place)) for one in last])
            plan = torch.from_numpy((links.numpy() + chance.links[:, place]).argmax(-1))
            planned = [one.h + self.net.planned(plan) for one in last]
            point, parent = self._placed(last, planned, place)
            fixed = place < count
            point[fixed], parent[fixed] = given.pos.numpy()[fixed, place], given.parent.numpy()[fixed, place]
            rows = [
                stream.row(web, one, place, point, parent) for stream, one in zip(self.streams, planned, strict=True)
            ]
            draw_edges(
                web, place, point, parent, plan.numpy(), self._guided(rows).numpy(), chance.edge[:, place],
                chance.kind[:, place], category[:, place], count, OPENNESS, score, silk, thick,
            )  # fmt: skip
        return [
            proposal(ask, n, order, web.pos[b], score[b], silk[b], thick[b])
            for b, (ask, n, order) in enumerate(zip(self.asks, self.sizes, given.order, strict=True))
        ]

    def _placed(self, last: list[Last], planned: list[Tensor], place: int) -> tuple[Floats, Integers]:
        """A place in the box for the next node, ``(B, 3)``, and the place it is grown from, ``(B,)``: of `TRIES` drawn
        the first that lies within and whose strut has a free way, or the nearest to the box, moved in.

        The region that a given web is extended into is within reach of few nodes: others to grow from are tried.
        """
        joins = [stream.joined(h, one, place) for stream, h, one in zip(self.streams, planned, last, strict=True)]
        b, chance, logit = len(self.asks), self.chance, self._guided(joins).numpy()
        parents, point, off = np.empty(b, np.int64), np.empty((b, 3), np.float32), np.full(b, np.inf, np.float32)
        draw_parents(logit, place, chance.parent[:, place].copy(), parents)
        self._grow(last, planned, place, np.arange(b), parents, point, off)
        for trial in range(TRIES):
            rows = np.flatnonzero((off > 0) & self.extended & (place >= self.given.count.numpy()))
            if not len(rows):
                break
            others, places, outside = parents.copy(), point.copy(), off.copy()
            draw_parents(logit, place, chance.others[:, place, trial].copy(), others)
            self._grow(last, planned, place, rows, others, places, outside)
            better = outside < off
            parents[better], point[better], off[better] = others[better], places[better], outside[better]
        return point, parents

    def _grow(
        self, last: list[Last], planned: list[Tensor], place: int, rows: Integers, parents: Integers, point: Floats,
        off: Floats,
    ) -> None:  # fmt: skip
        """See `draw_places`."""
        width, pair = self.net.width, last[0].pair.shape[-1]
        outs, around = [], torch.empty(len(rows), SURROUNDINGS)
        for stream, one, h in zip(self.streams, last, planned, strict=True):
            told = torch.empty(len(rows), 2 * width + pair)
            tell_parents(rows, parents, h.numpy(), stream.memory.numpy(), one.pair.numpy(), told.numpy())
            tell_around(self.web, place, stream.unit, rows, parents, around.numpy())
            outs.append(self.net.mixture(torch.cat([told, around], -1)))
        logit = self._guided([one.logit for one in outs]) / (COMPONENT if place >= EARLY else 1.0)
        mixture = torch.cat([outs[0].mean, outs[0].log_scale, outs[0].lower], -1)
        draw_places(
            self.web, self.streams[0].unit, rows, parents, logit.numpy(), mixture.numpy(), around.numpy(),
            self.chance.component[:, place].copy(), self.chance.normal[:, place].copy(), point, off,
        )  # fmt: skip

    def _guided(self, values: list[Tensor]) -> Tensor:
        """Conditional values, with guidance moved away from the unconditional ones."""
        return values[0] if len(values) == 1 else values[1] + self.guidance * (values[0] - values[1])
