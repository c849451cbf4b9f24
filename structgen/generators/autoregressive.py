"""Model 3: webs node by node, with an exact likelihood.

A web grows from one node. A causal transformer reads what is there and says which node is joined next, where the new
node lies from it (a mixture of normal distributions, C. Bishop 1994), which other earlier nodes it is joined to, and
the silk kind and radius of each new strut: the new row of the full adjacency matrix, as in model 3 of W. Lu,
N. A. Lee, M. J. Buehler, PNAS 120 (2023) and GraphRNN (J. You et al., ICML 2018). At each node the network is told what
is left of what was asked for: nodes, edges, thread, and room on each side of the box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from structgen.generators.batches import CATEGORIES, CONDITIONS, Request, category, centred, padded
from structgen.generators.decode import Proposal
from structgen.generators.growing import Growing
from structgen.generators.losses import weighted_mean
from structgen.generators.model import Ask, Config, WebGenerator
from structgen.generators.nets_causal import Cache, CausalGraphTransformer
from structgen.generators.orders import growth_order, parents
from structgen.generators.request import TrainingRange
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Places drawn for a node at a time, of which the first within the box is taken.
TRIES = 16
#: Log-odds of an edge that is given, and of that to the node that a new one is grown from.
CERTAIN = 12.0


@dataclass(frozen=True)
class AutoregressiveConfig(Config):
    """Sizes of the network, see `nets_causal.CausalGraphTransformer`."""

    width: int = 128
    edge_width: int = 24
    layers: int = 5
    heads: int = 8
    hidden: int = 32
    components: int = 16

    LIMITS: ClassVar[dict[str, tuple[int, int]]] = Config.LIMITS | {
        "width": (2, 1024), "edge_width": (1, 256), "layers": (1, 64), "heads": (1, 64), "hidden": (1, 1024),
        "components": (1, 256),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ValueError(f"width is {self.width}, must be a multiple of heads, {self.heads}")


@dataclass(frozen=True)
class Sequences:
    """Webs in growth order, with a place for the origin before the first node: T = N + 1 places.

    pos ``(B, T, 3)`` mm; mask ``(B, T)`` of places that are no padding; parent ``(B, T)`` the place that a node is
    grown from; kind, radius ``(B, T, T)`` as in `batches.Batch`; drop ``(B,)`` where length and degree are hidden.
    """

    request: Request
    pos: Tensor
    mask: Tensor
    parent: Tensor
    kind: Tensor
    radius: Tensor
    drop: Tensor

    def to(self, device: torch.device) -> Sequences:
        """The same on ``device``."""
        return Sequences(self.request.to(device), *(getattr(self, f.name).to(device) for f in fields(self)[1:]))


class Autoregressive(WebGenerator):
    """The autoregressive transformer: `log_likelihood` of webs beside what all generators do."""

    name = "autoregressive"
    config_type = AutoregressiveConfig
    steps = 1

    def __init__(self, config: AutoregressiveConfig, training_range: TrainingRange) -> None:
        super().__init__(config, training_range)
        self.net = CausalGraphTransformer(
            CONDITIONS, config.width, config.edge_width, config.layers, config.heads, config.hidden, config.components
        )

    def batch(self, webs: Sequence[WebGraph], rng: np.random.Generator) -> Sequences:
        """Webs turned by one of the 48 symmetries, grown from a node drawn for each."""
        turned = [centred(web, rng) for web in webs]
        grown = [web.subweb(growth_order(web, int(rng.integers(web.n)))) for web in turned]
        return sequences(grown, rng.random(len(webs)) < self.config.drop_condition)

    def forward(self, batch: Sequences) -> dict[str, Tensor]:
        """Negative log-likelihood in nats a node, places in units of the node spacing: ``total`` and its parts."""
        nodes = batch.mask[:, 1:].float()
        parts = {name: -weighted_mean(value, nodes) for name, value in self._log_likelihood(batch).items()}
        return {"total": torch.stack(list(parts.values())).sum(), **parts}

    @torch.no_grad()
    def log_likelihood(self, webs: Sequence[WebGraph], seed: int = 0, starts: int = 1) -> FloatArray:
        """``(k,)`` log-likelihood of each web in nats, places in mm, given its own seven targets.

        Exact for a web grown in `orders.growth_order` from a given node: a lower bound on that of the web, whatever its
        order. ``starts``: nodes to begin from, drawn with ``seed``; the likelihoods of the orders add up.
        """
        rng = np.random.default_rng(seed)
        rows = []
        for _ in range(starts):
            batch = self.batch([web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2) for web in webs], rng)
            batch = replace(batch, drop=torch.zeros_like(batch.drop))
            each = torch.stack([value.double().sum(1) for value in self._log_likelihood(batch).values()]).sum(0)
            rows.append(each - 3 * batch.request.nodes * batch.request.scale.log())
        # The mean over the starts drawn stands for all n of them.
        nodes = torch.tensor([web.n for web in webs])
        total: FloatArray = (torch.logsumexp(torch.stack(rows), 0) - math.log(starts) + nodes.log()).numpy()
        return total

    def _log_likelihood(self, batch: Sequences) -> dict[str, Tensor]:
        """Parts of the log-likelihood of each node, ``(B, N)`` each, 0 for padding."""
        grown = Growing.of(batch.pos, batch.kind, batch.radius, batch.parent, batch.request, batch.drop)
        last = batch.pos.shape[1] - 1
        places = torch.arange(last, device=batch.pos.device)
        later = places > places[:, None]
        features = grown.pair_features()[:, :last, :last]
        h, pair, _ = self.net(
            grown.node_features()[:, :last], batch.kind[:, :last, :last].tril(), features,
            batch.request.condition(batch.drop), later,
        )  # fmt: skip
        real = batch.mask[:, 1:]
        parent = batch.parent[:, 1:].clamp_min(0)  # (B, N)

        join = self._join(h, h, features, places[:, None], places)
        joined = -cross_entropy(join.transpose(1, 2), parent, reduction="none")

        of_parent = parent[..., None]
        parent_h = h.gather(1, of_parent.expand(-1, -1, h.shape[-1]))
        parent_pair = pair.gather(2, of_parent[..., None].expand(-1, -1, 1, pair.shape[-1]))[:, :, 0]
        start = batch.pos.gather(1, of_parent.expand(-1, -1, 3))
        offset = (batch.pos[:, 1:] - start) / batch.request.scale[:, None, None]
        placed = self.net.mixture(h, parent_h, parent_pair).log_density(offset)

        out = self.net.edge(h, h, grown.candidate_features())
        target = batch.kind[:, 1:, :last]
        is_parent = places == of_parent
        free = ~later & (places > 0) & ~is_parent  # no edges to the origin; the one to the parent is certain
        is_edge = (target > 0) & ~later
        edges = -binary_cross_entropy_with_logits(out[..., 0], is_edge.float(), reduction="none") * free
        kinds, radii = out[..., 1:CATEGORIES], out[..., CATEGORIES:]
        found = is_edge & real[..., None]
        silk = target[found] - 1
        spread = self.net.log_radius_spread
        wanted = batch.radius[:, 1:, :last][found]
        mean = radii[found].gather(1, silk[:, None])[:, 0]
        thick = -0.5 * ((wanted - mean) / spread.exp()).square() - spread - 0.5 * math.log(2 * math.pi)
        typed = -cross_entropy(kinds[found], silk, reduction="none")
        row = torch.zeros_like(target, dtype=torch.float32)
        kind = row.masked_scatter(found, typed).sum(-1)
        radius = row.masked_scatter(found, thick).sum(-1)
        parts = {"parent": joined, "place": placed, "edges": edges.sum(-1), "kind": kind, "radius": radius}
        return {name: value.masked_fill(~real, 0.0) for name, value in parts.items()}

    def _join(self, h: Tensor, others: Tensor, pair: Tensor, place: Tensor, places: Tensor) -> Tensor:
        """Logits ``(B, Q, T)`` of the node to grow from: for the first the origin, for others the nodes before."""
        logit: Tensor = self.net.join(h, others, pair)[..., 0]
        barred = (places > place) | ((places == 0) & (place > 0))
        return logit.masked_fill(barred, -1e9)

    # -- sampling --------------------------------------------------------------------------------

    @torch.no_grad()
    def propose(
        self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[Proposal]:
        """See `WebGenerator.propose`; ``steps`` has no meaning here: there is one for each node."""
        sizes = [ask.target.nodes or 0 for ask in asks]
        given, chance = _given(asks, max(sizes)), _Chance.of(sizes, rngs)
        request = Request.of([ask.target for ask in asks])
        hidden = [False] if guidance == 1 else [False, True]
        webs = [Growing.empty(max(sizes), request, torch.full((len(asks),), h), self.config.width) for h in hidden]
        caches: list[Cache | None] = [None] * len(webs)
        box = _boxes(asks)
        score = torch.full_like(webs[0].radius, -CERTAIN)
        silk, thick = torch.zeros_like(webs[0].kind), torch.zeros_like(webs[0].radius)
        for place in range(max(sizes)):
            seen = []
            for k, web in enumerate(webs):
                now, row = torch.tensor([place]), web.kind[:, place : place + 1, : place + 1]
                features, condition = web.pair_features(place), request.condition(web.drop)
                h, pair, caches[k] = self.net(
                    web.node_features(place),
                    row,
                    features,
                    condition,
                    now[:, None] < torch.arange(place + 1),
                    caches[k],
                )
                web.h[:, place] = h[:, 0]
                join = self._join(h, web.h[:, : place + 1], features, now[:, None], torch.arange(place + 1))
                seen.append((web, h, pair, join))
            point, parent = self._placed(seen, chance, place, box, guidance)
            fixed = (place < given.count)[:, None]
            point = torch.where(fixed, given.pos[:, place], point)
            parent = torch.where(fixed[:, 0], given.parent[:, place], parent)
            for web in webs:
                web.put(place + 1, point, parent)
            rows = [self.net.edge(h, web.h[:, : place + 1], web.candidate_features(place)) for web, h, *_ in seen]
            out = _guided(rows, guidance)[:, 0]
            odds = out[..., 0] + chance.edge[:, place, : place + 1]
            odds = odds.scatter(1, parent[:, None], CERTAIN)
            kind = (out[..., 1:CATEGORIES] + chance.kind[:, place, : place + 1]).argmax(-1)
            radius = out[..., CATEGORIES:].gather(-1, kind[..., None])[..., 0]
            is_given = given.kind[:, place, : place + 1]
            odds = torch.where(fixed, torch.where(is_given > 0, CERTAIN, -CERTAIN), odds)
            kind = torch.where(fixed, is_given - 1, kind)
            odds[:, 0] = -CERTAIN  # the origin is no node
            for web in webs:
                web.join(place + 1, torch.where(odds > 0, kind + 1, 0), radius)
            score[:, place + 1, : place + 1], silk[:, place + 1, : place + 1] = odds, kind
            thick[:, place + 1, : place + 1] = radius
        return [
            _proposal(ask, n, order, *(value[b].numpy() for value in (webs[0].pos, score, silk, thick)))
            for b, (ask, n, order) in enumerate(zip(asks, sizes, given.order, strict=True))
        ]

    def _placed(
        self, seen: list[_Seen], chance: _Chance, place: int, box: Tensor, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """A place in the box for the next node, ``(B, 3)``, and the place it is grown from, ``(B,)``: of `TRIES` drawn
        the first that lies within, or the nearest to it, moved in.
        """
        join = _guided([join for *_, join in seen], guidance)[:, 0].softmax(-1)
        parent = torch.searchsorted(join.cumsum(-1), chance.parent[:, place].contiguous()).clamp_max(place)  # (B, M)
        index, mixtures = parent[..., None], []
        for web, h, pair, _ in seen:
            parent_h = web.h.gather(1, index.expand(-1, -1, h.shape[-1]))
            parent_pair = pair[:, 0].gather(1, index.expand(-1, -1, pair.shape[-1]))
            mixtures.append(self.net.mixture(h.expand_as(parent_h), parent_h, parent_pair))
        mixture = replace(mixtures[0], logit=_guided([mixture.logit for mixture in mixtures], guidance))
        web = seen[0][0]
        offset = mixture.draw(chance.component[:, place, :, None], chance.normal[:, place, :, None])[:, :, 0]
        point = web.pos.gather(1, index.expand(-1, -1, 3)) + offset * web.request.scale[:, None, None]
        inside = point.clamp(box[:, None, 0], box[:, None, 1])
        outside = (point - inside).norm(dim=-1)
        # Trials are ranked by how far outside they are; of those within, the first.
        pick = (outside + 1e-9 * torch.arange(TRIES)).argmin(-1)[:, None]
        return inside.gather(1, pick[..., None].expand(-1, -1, 3))[:, 0], parent.gather(1, pick)[:, 0]


_Seen = tuple[Growing, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class _Chance:
    """All random numbers of sampled webs, each web's own: ``(B, N, M)`` uniform, ``(B, N, M, 3)`` normal, and
    logistic and Gumbel noise for the edges ``(B, N, N)`` and their kinds ``(B, N, N, kinds)``.
    """

    parent: Tensor
    component: Tensor
    normal: Tensor
    edge: Tensor
    kind: Tensor

    @classmethod
    def of(cls, sizes: Sequence[int], rngs: Sequence[np.random.Generator]) -> _Chance:
        most, kinds = max(sizes), CATEGORIES - 1
        shapes = [(most, TRIES), (most, TRIES), (most, TRIES, 3), (most, most), (most, most, kinds)]
        arrays = [np.zeros((len(sizes), *shape), np.float32) for shape in shapes]
        for b, (n, rng) in enumerate(zip(sizes, rngs, strict=True)):
            arrays[0][b, :n] = rng.random((n, TRIES), np.float32)
            arrays[1][b, :n] = rng.random((n, TRIES), np.float32)
            arrays[2][b, :n] = rng.standard_normal((n, TRIES, 3), np.float32)
            arrays[3][b, :n, :n] = rng.logistic(size=(n, n))
            arrays[4][b, :n, :n] = rng.gumbel(size=(n, n, kinds))
        return cls(*(torch.tensor(array) for array in arrays))


@dataclass(frozen=True)
class _Given:
    """Nodes that are given, in the order in which they are read: count ``(B,)``, pos ``(B, N, 3)``, parent ``(B, N)``
    and kind ``(B, N, N + 1)`` of pairs with earlier places; order: of each web the number of each node read.
    """

    count: Tensor
    pos: Tensor
    parent: Tensor
    kind: Tensor
    order: list[npt.NDArray[np.int64]]


def _given(asks: Sequence[Ask], most: int) -> _Given:
    """Known webs are read from the node farthest from the region on: what lies near it is fresh in mind."""
    count = torch.tensor([ask.known.n if ask.known else 0 for ask in asks])
    pos, parent = torch.zeros(len(asks), most, 3), torch.zeros(len(asks), most, dtype=torch.long)
    kind = torch.zeros(len(asks), most, most + 1, dtype=torch.long)
    orders = []
    for b, ask in enumerate(asks):
        order = np.arange(0)
        if ask.known is not None and ask.region is not None:
            far = np.linalg.norm(ask.known.pos - np.clip(ask.known.pos, *ask.region), axis=1)
            order = growth_order(ask.known, int(far.argmax()))
            web = ask.known.subweb(order)
            pos[b, : web.n] = torch.tensor(web.pos.copy())
            parent[b, : web.n] = torch.tensor(parents(web)) + 1
            i, j = web.edge_index
            kind[b, j.copy(), i + 1] = torch.tensor(category(web.kind))
        orders.append(order)
    return _Given(count, pos, parent, kind, orders)


def _boxes(asks: Sequence[Ask]) -> Tensor:
    """``(B, 2, 3)`` corners of the boxes that new nodes lie in."""
    sides = [
        np.array([[-0.5], [0.5]]) * np.array(ask.target.extents) if ask.region is None else ask.region for ask in asks
    ]
    return torch.tensor(np.array(sides), dtype=torch.float32)


def _guided(values: list[Tensor], guidance: float) -> Tensor:
    """Conditional values, with guidance moved away from the unconditional ones."""
    return values[0] if len(values) == 1 else values[1] + guidance * (values[0] - values[1])


def _proposal(
    ask: Ask, n: int, order: npt.NDArray[np.int64], pos: FloatArray, score: FloatArray, silk: npt.NDArray[np.int64],
    thick: FloatArray,
) -> Proposal:  # fmt: skip
    """From arrays over places; given nodes go back to their own numbers, and their edges come first."""
    known = len(order)
    number = np.concatenate([order, np.arange(known, n)])
    i, j = np.triu_indices(n, 1)
    place = np.empty(n, np.int64)
    place[number] = np.arange(n)
    earlier, later = np.minimum(place[i], place[j]) + 1, np.maximum(place[i], place[j]) + 1
    odds, kind, log_radius = (value[later, earlier] for value in (score, silk, thick))
    point = np.empty((n, 3))
    point[number] = pos[1 : n + 1]
    if ask.known is None:
        return Proposal(point, np.column_stack([i, j]), odds, kind, log_radius)
    point[:known] = ask.known.pos
    free = j >= known
    web = ask.known
    return Proposal(
        point, np.concatenate([web.edge_index.T, np.column_stack([i, j])[free]]),
        np.concatenate([np.full(web.m, CERTAIN), odds[free]]), np.concatenate([web.kind, kind[free]]),
        np.concatenate([np.log(web.radius / np.median(web.radius)), log_radius[free]]), known, web.m,
    )  # fmt: skip


def sequences(webs: Sequence[WebGraph], drop: npt.NDArray[np.bool_]) -> Sequences:
    """Webs whose nodes are in growth order, padded; in each batch the origin comes before the first node."""
    pos, mask, kind, radius = padded(webs)
    b, n = mask.shape
    parent = torch.full((b, n + 1), -1)
    for k, web in enumerate(webs):
        # -1, no earlier neighbour, becomes 0: the place of the origin.
        parent[k, 1 : web.n + 1] = torch.tensor(parents(web)) + 1
    pad = torch.nn.functional.pad
    return Sequences(
        Request.of([DesignTargets.measure(web) for web in webs]), pad(pos, (0, 0, 1, 0)), pad(mask, (1, 0), value=True),
        parent, pad(kind, (1, 0, 1, 0)), pad(radius, (1, 0, 1, 0)), torch.tensor(drop),
    )  # fmt: skip
