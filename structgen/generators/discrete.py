"""Model 2, `discrete`: a Markov chain of silk kinds on all pairs of nodes, together with a flow of their positions.

Discrete flow matching (A. Campbell et al., ICML 2024; Y. Qin et al., DeFoG, ICML 2025) of the full adjacency and
rectified flow of the positions (as C. Vignac et al., MiDi, 2023, do by diffusion), in one dense graph transformer. The
positions come first: they are done when a good quarter of the edges is there. By default the noise of the edges is the
web without edges, so the chain adds edges only, and knows at every time how many, and how long ones, are still to come,
and which parts they have to join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from structgen.generators.batches import CATEGORIES, CONDITIONS, Batch, Request, batch_of, category, placed_noise
from structgen.generators.budgets import joining, tilted
from structgen.generators.decode import Proposal
from structgen.generators.flows import corrupted, interpolate, kept, ramp
from structgen.generators.losses import weighted_mean
from structgen.generators.model import Ask, Config, WebGenerator
from structgen.generators.nets_dense import DenseGraphTransformer, Pairs, graph_features
from structgen.generators.proposals import CERTAIN, agreeing, proposal_of
from structgen.generators.request import TrainingRange
from structgen.generators.samplers import joint, redrawn, systematic
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Time at which the positions are done, and at which the edges begin.
POSITIONS_DONE, EDGES_BEGIN = 0.4, 0.3
#: Positions are learned with errors of up to this share of the node spacing, as sampling makes them.
JITTER = 0.03
#: Log radius is learned times this, so that its spread is near one.
RADIUS_GAIN = 4.0
#: Largest log-odds of a pair; what no pair that is settled comes near.
LARGEST = 30.0
#: Temperature at which edges are sampled that are only ever added.
TEMPERATURE = 0.5
#: Numbers told of the present graph, beside `Request.condition`.
PROGRESS = 9
#: How far edge lengths may be tilted towards the mean asked for, see `tilted`.
LENGTH_PRIOR = 1.0


@dataclass(frozen=True)
class DiscreteConfig(Config):
    """Sizes of the network, and what it is for.

    walk: longest random walk told. every: layers between two updates of the pairs. noise: mean degree of the noise as a
    share of the one asked for; 0 is a chain from the web without edges. positions: False for plain graphs.
    """

    width: int = 128
    edge_width: int = 32
    layers: int = 6
    heads: int = 8
    every: int = 3
    walk: int = 6
    noise: float = 0.0
    positions: bool = True

    LIMITS: ClassVar[dict[str, tuple[int, int]]] = Config.LIMITS | {
        "width": (2, 1024), "edge_width": (1, 1024), "layers": (1, 64), "heads": (1, 64), "every": (1, 64),
        "walk": (1, 64),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 or self.width % self.heads:
            raise ValueError(f"width is {self.width}, must be even and a multiple of heads, {self.heads}")
        if not isinstance(self.noise, int | float) or not 0 <= self.noise <= 1:
            raise ValueError(f"noise is {self.noise!r}, must lie in 0 to 1")
        if not isinstance(self.positions, bool):
            raise ValueError(f"positions is {self.positions!r}, must be true or false")


@dataclass(frozen=True)
class _Scene:
    """What stays the same from step to step: the request, where new nodes may lie, what is given.

    region ``(B, 2, 3)`` mm; known ``(B, N)``; given ``(P,)`` pairs of which both nodes are known.
    """

    request: Request
    region: Tensor
    mask: Tensor
    known: Tensor
    pairs: Pairs
    given: Tensor
    drop: Tensor

    @classmethod
    def of(cls, request: Request, region: Tensor, mask: Tensor, known: Tensor, drop: Tensor) -> _Scene:
        pairs = Pairs.of(mask)
        given = known[pairs.web, pairs.first] & known[pairs.web, pairs.second]
        return cls(request, region, mask, known, pairs, given, drop)

    def density(self, share: float) -> Tensor:
        """``(P,)`` probability of an edge of the noise at a share of the mean degree asked for."""
        each = share * self.request.mean_degree / (self.request.nodes - 1)
        return each.clamp(0, 1)[self.pairs.web]


@dataclass(frozen=True)
class _Output:
    """What the network says: flow ``(B, N, 3)`` mm, ``logit (P,)`` of an edge, ``states (P, d_e)`` of the pairs."""

    flow: Tensor
    logit: Tensor
    states: Tensor


class Discrete(WebGenerator):
    """The discrete flow model on the full adjacency."""

    name = "discrete"
    config_type = DiscreteConfig
    steps = 20

    def __init__(self, config: DiscreteConfig, training_range: TrainingRange) -> None:
        super().__init__(config, training_range)
        self.config: DiscreteConfig = config
        self.net = DenseGraphTransformer(
            CONDITIONS + PROGRESS, 10 + config.walk + 2, 8 + CATEGORIES + config.walk + 1, 3,
            config.width, config.edge_width, config.layers, config.heads, config.every, 3 * config.positions,
        )  # fmt: skip
        self.edge_out = nn.Linear(config.edge_width, 1)
        self.kind_out = nn.Linear(config.edge_width, 2 * (CATEGORIES - 1))

    # -- training --------------------------------------------------------------------------------

    def batch(self, webs: Sequence[WebGraph], rng: np.random.Generator) -> Batch:
        """The batch that `forward` takes."""
        given = 0.25 if self.config.positions else 0.0
        batch = batch_of(webs, rng, lambda n: 4 + 3 * n + n * (n - 1) // 2, given)
        draws, b = batch.draws, len(webs)
        # One web in each b-th of the time: less noise from step to step. All or none are told what was said before.
        draws[:, 0] = torch.special.ndtri((torch.arange(b) + torch.special.ndtr(draws[:, 0])) / b)
        draws[:, 3] = draws[0, 3]
        return batch

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses: ``total`` of ``position``, ``edge`` and ``kind`` (nats an undecided edge), ``radius``."""
        request, mask, config = batch.request, batch.mask, self.config
        b, n, _ = batch.pos.shape
        draws = batch.draws
        uniform = torch.special.ndtr(draws[:, :3])
        drop = uniform[:, 1] < config.drop_condition
        scene = _Scene.of(request, _region(batch.pos, mask & ~batch.known), mask, batch.known, drop)
        pairs = scene.pairs
        time = uniform[:, 0]
        t, share = self._clock(time)
        jitter = draws[:, 4 : 4 + 3 * n].view(b, n, 3) * (request.half_box[:, None] > 0)
        error = JITTER * (request.scale * uniform[:, 2] * (t == 1))[:, None, None]
        x = interpolate(batch.noise, batch.pos, t) + error * jitter * ~batch.known[..., None]
        data = pairs.take(batch.kind)
        chance = torch.special.ndtr(draws[:, 4 + 3 * n :][pairs.web, pairs.slot])
        state = corrupted(data, torch.where(scene.given, 1.0, share[pairs.web]), scene.density(config.noise), chance)
        state = torch.where(scene.given, data, state)
        # Half of the time the network is told what it said before, as in sampling (T. Chen et al., ICLR 2023).
        guess = None
        if draws[0, 3] > 0:
            with torch.no_grad():
                guess = self._call(scene, x, state, time, None).logit.sigmoid()
        out = self._call(scene, x, state, time, guess)

        undecided = self._undecided(scene, state)
        is_edge = (data > 0).float()
        weight = undecided / (_per_web(pairs, undecided * (is_edge + (state > 0))) + 1)[pairs.web] / b
        edge = (binary_cross_entropy_with_logits(out.logit.float(), is_edge, reduction="none") * weight).sum()
        hidden = (undecided & (data > 0)).nonzero()[:, 0]
        which, weight = data[hidden] - 1, weight[hidden]
        logits, thick = self.kind_out(out.states[hidden]).float().chunk(2, -1)
        kind = (cross_entropy(logits, which, reduction="none") * weight).sum()
        thick = thick.gather(1, which[:, None])[:, 0] - RADIUS_GAIN * pairs.take(batch.radius)[hidden]
        radius = weighted_mean(thick.square(), weight)
        moving = (mask & ~batch.known & (t < 1)[:, None]).float()[..., None]
        miss = (out.flow - (batch.pos - batch.noise)) / request.scale[:, None, None]
        position = weighted_mean(miss.square().mean(-1, keepdim=True), moving)
        total = edge + 0.5 * kind + 0.2 * radius + 4 * position * config.positions
        return {"total": total, "position": position, "edge": edge, "kind": kind, "radius": radius}

    def _clock(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Flow time of the positions and share of the edges kept, at times in [0, 1]."""
        if not self.config.positions:
            return torch.ones_like(time), kept(time)
        return ramp(time, 0.0, POSITIONS_DONE), kept(ramp(time, EDGES_BEGIN, 1.0))

    def _undecided(self, scene: _Scene, state: Tensor) -> Tensor:
        """``(P,)`` pairs that may still change: none that is given, and no edge where the noise has none."""
        return ~scene.given & ((state == 0) | (self.config.noise > 0))

    def _call(self, scene: _Scene, x: Tensor, state: Tensor, time: Tensor, guess: Tensor | None) -> _Output:
        """The network at positions ``x (B, N, 3)`` mm, kinds ``state (P,)``, times ``(B,)``, guessed edges ``(P,)``."""
        request, pairs, mask = scene.request, scene.pairs, scene.mask
        present = (state > 0).to(x)
        graph = graph_features(present, pairs, mask, self.config.walk)
        unit = request.scale[:, None, None]
        place = x / unit * self.config.positions
        one, two = pairs.both(place)
        apart = (one - two).abs()
        distance = (apart.square().sum(-1) + 1e-8).sqrt()
        known = (~scene.drop).float()
        left = self._left(scene, present, distance, graph.parts)
        wanted = (request.mean_edge_length / request.scale)[pairs.web]
        relative = ((distance + 0.05) / wanted).log() * known[pairs.web] * self.config.positions
        told = torch.zeros_like(present) if guess is None else guess
        edges = torch.cat([
            apart, torch.stack([distance, (distance + 0.05).log(), relative, told, scene.given.float()], -1),
            one_hot(state, CATEGORIES).float(), graph.pairs,
        ], -1)  # fmt: skip
        walls = torch.cat([x - scene.region[:, :1], scene.region[:, 1:] - x], -1) / unit * self.config.positions
        nodes = torch.cat([place, walls, scene.known[..., None].float(), graph.nodes], -1) * mask[..., None]
        asked = request.condition(scene.drop)
        if not self.config.positions:
            asked = asked * torch.tensor([1, 1, 0, 1, 0, 0, 0], device=x.device)
        c = torch.cat([asked, left, torch.full_like(known, guess is not None)[:, None]], -1)
        flow, states = self.net(nodes, edges, c, time, graph.walk, place[..., : 3 * self.config.positions], pairs)
        return _Output(flow * unit, self.edge_out(states)[:, 0] - _rarity(scene), states)

    def _colder(self, logit: Tensor, scene: _Scene) -> Tensor:
        """``logit (P,)`` as it is sampled: where no edge is taken back again, doubtful ones are drawn less often."""
        rarity = _rarity(scene)
        return logit if self.config.noise else (logit + rarity) / TEMPERATURE - rarity

    def _within_budget(self, scene: _Scene, x: Tensor, state: Tensor, logit: Tensor) -> Tensor:
        """``logit (P,)`` given what the web still has to get: edges, their length, joins between its parts."""
        request, pairs = scene.request, scene.pairs
        one, two = pairs.both(x)
        length = (one - two).norm(dim=1) / request.mean_edge_length[pairs.web]
        there = ((state > 0) & ~self._undecided(scene, state)).to(x)
        wanted = (request.mean_degree * request.nodes / 2).round()
        count, left = wanted - _per_web(pairs, there), wanted - _per_web(pairs, there * length)
        logit = tilted(logit, length, pairs.web, torch.stack([count, left], 1), LENGTH_PRIOR * self.config.positions)
        if self.config.noise > 0:  # parts of a noisy graph mean little
            return logit
        graph = graph_features(there, pairs, scene.mask, 1)
        return joining(logit, graph.pairs[:, 0] == 0, pairs.web, count, graph.parts - 1)

    @staticmethod
    def _left(scene: _Scene, present: Tensor, distance: Tensor, parts: Tensor) -> Tensor:
        """``(B, PROGRESS - 1)`` what is still to do: edges and their length (if known), parts to join."""
        request, pairs = scene.request, scene.pairs
        known = (~scene.drop).float()
        wanted = (request.mean_degree * request.nodes / 2).round()
        edges = wanted - _per_web(pairs, present)
        length = wanted * request.mean_edge_length / request.scale - _per_web(pairs, present * distance)
        each = length * request.scale / (edges.clamp_min(1) * request.mean_edge_length) - 1
        joins = parts - 1
        numbers = [
            2 * edges / request.nodes, edges.sign() * edges.abs().log1p() / 2, (edges / 3).clamp(-1, 1),
            ((edges - joins) / 3).clamp(-1, 1), each.clamp(-2, 2),
        ]  # fmt: skip
        always = [joins.log1p() / 2, (joins / 3).clamp(-1, 1), joins / request.nodes]
        return torch.stack([number * known for number in numbers] + always, -1)

    # -- sampling --------------------------------------------------------------------------------

    @torch.no_grad()
    def propose(
        self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[Proposal]:
        """A proposal for each of ``asks``; guidance by length and degree costs a second call a step."""
        device = next(self.parameters()).device
        request = Request.of([ask.target for ask in asks]).to(device)
        x, mask, known = (value.to(device) for value in placed_noise(asks, rngs))
        boxes = np.array([ask.corners for ask in asks], np.float32)
        region = torch.tensor(boxes, device=device)
        b = len(x)
        scene = _Scene.of(request, region, mask, known, torch.full((b,), guidance == 0, device=device))
        free = _Scene(request, region, mask, known, scene.pairs, scene.given, torch.ones_like(scene.drop))
        pairs, given = scene.pairs, scene.given
        counts = torch.bincount(pairs.web, minlength=b).tolist()

        def uniform() -> Tensor:
            drawn = [rng.random(count) for rng, count in zip(rngs, counts, strict=True)]
            return torch.tensor(np.concatenate(drawn), device=device)

        def clock(time: float) -> tuple[float, float]:
            t, share = self._clock(torch.tensor(time, dtype=torch.float64))
            return float(t), float(share)

        state = pairs.take(_given_kinds(asks, x.shape[1]).to(device))
        noise = (uniform() < scene.density(self.config.noise)).long()
        state = torch.where(given, state, noise)
        guess: Tensor | None = None
        free_guess: Tensor | None = None
        radius = torch.zeros(len(pairs), CATEGORIES - 1, device=device)
        odds, likely = torch.zeros(len(pairs), device=device), torch.zeros_like(state)

        def denoise(x: Tensor, state: Tensor, time: float) -> tuple[Tensor, Tensor]:
            nonlocal guess, free_guess, radius, odds, likely
            times = torch.full((b,), time, device=device)
            out = self._call(scene, x, state, times, guess)
            flow, logit = out.flow, self._colder(out.logit.float(), scene)
            guess = logit.sigmoid()
            kind, thick = self.kind_out(out.states).float().chunk(2, -1)
            if guidance not in (0, 1):
                without = self._call(free, x, state, times, free_guess)
                untold = self._colder(without.logit.float(), scene)
                free_guess = untold.sigmoid()
                flow = without.flow + guidance * (flow - without.flow)
                logit = untold + guidance * (logit - untold)
            open_ = self._undecided(scene, state)
            if guidance != 0:
                logit = self._within_budget(scene, x, state, logit.masked_fill(~open_, -CERTAIN))
            # A pair is worth what was last said of it while it was undecided.
            odds = torch.where(open_, logit.clamp(-LARGEST, LARGEST), odds)
            likely = torch.where(open_, kind.argmax(-1), likely)
            radius = torch.where(open_[:, None], thick, radius)
            edge = logit.sigmoid()[:, None]
            drawn = torch.cat([1 - edge, edge * kind.softmax(-1)], -1)
            stays = one_hot(state, CATEGORIES).to(drawn)
            return flow * ~known[..., None], torch.where(open_[:, None], drawn, stays)

        def jump(state: Tensor, probability: Tensor, share: Tensor) -> Tensor:
            if self.config.noise > 0:
                return redrawn(state, probability, share, uniform())
            # Edges are only added. Those that join parts are counted first, so that both counts come out even.
            parts = graph_features((state > 0).to(x), pairs, mask, 1).pairs[:, 0]
            start = torch.tensor([rng.random() for rng in rngs], device=device)
            chance = share * (1 - probability[:, 0].double()) * (state == 0) * ~given
            drawn = systematic(chance, pairs.web, uniform() + parts, start)
            kinds = torch.cat([torch.zeros_like(probability[:, :1]), probability[:, 1:]], 1)
            kinds = kinds / kinds.sum(1, keepdim=True).clamp_min(1e-30)
            return torch.where(drawn, redrawn(state, kinds, 1.0, uniform()), state)

        x, state = joint(denoise, x, state, steps, clock, jump)
        score = agreeing(odds.double(), state > 0, uniform())
        kind = torch.where(state > 0, state - 1, likely)
        chosen = radius.gather(1, kind[:, None])[:, 0] / RADIUS_GAIN
        values = [
            np.split(value.cpu().numpy(), np.cumsum(counts)[:-1])
            for value in (pairs.first, pairs.second, state > 0, kind, score, chosen)
        ]
        places = x.double().cpu().numpy()
        return [
            proposal_of(ask, places[k, : ask.target.nodes], *(part[k] for part in values)) for k, ask in enumerate(asks)
        ]


def _rarity(scene: _Scene) -> Tensor:
    """``(P,)`` few pairs are edges, the fewer the larger the web: log-odds below 0 from which the network begins."""
    return (scene.request.nodes / 3).log()[scene.pairs.web]


def _region(pos: Tensor, new: Tensor) -> Tensor:
    """``(B, 2, 3)`` corners of the box of the nodes ``new (B, N)``."""
    low = pos.masked_fill(~new[..., None], torch.inf).amin(1)
    high = pos.masked_fill(~new[..., None], -torch.inf).amax(1)
    return torch.stack([low, high], 1)


def _per_web(pairs: Pairs, values: Tensor) -> Tensor:
    """``(B,)`` sums of ``values (P,)``."""
    return values.new_zeros(pairs.webs).index_add(0, pairs.web, values)


def _given_kinds(asks: Sequence[Ask], nodes: int) -> Tensor:
    """``(B, N, N)`` categories of the edges of the known webs."""
    kind = np.zeros((len(asks), nodes, nodes), np.int64)
    for b, ask in enumerate(asks):
        if ask.known:
            i, j = ask.known.edge_index
            kind[b, i, j] = kind[b, j, i] = category(ask.known.kind)
    return torch.tensor(kind)
