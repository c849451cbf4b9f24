"""Model 3: webs node by node, with an exact likelihood.

A web grows from one node. A causal transformer reads what is there and says which node is joined next, where the new
node lies from it (a mixture of normal distributions, C. Bishop 1994), which other earlier nodes it is joined to, and
the silk kind and radius of each new strut: the new row of the full adjacency matrix, as in model 3 of W. Lu,
N. A. Lee, M. J. Buehler, PNAS 120 (2023) and GraphRNN (J. You et al., ICML 2018). At each node the network is told what
is left of what was asked for: nodes, edges, thread, and room on each side of the box.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from structgen.generators.batches import CATEGORIES, CONDITIONS, centred
from structgen.generators.decode import Proposal
from structgen.generators.finishing import Choice, Finish
from structgen.generators.growing import Growing, barred, unit_of
from structgen.generators.likeness import requests_like
from structgen.generators.losses import weighted_mean
from structgen.generators.model import Ask, Config, WebGenerator
from structgen.generators.nets_causal import LINKS, Cache, CausalGraphTransformer
from structgen.generators.orders import growth_order
from structgen.generators.request import Completed, TrainingRange
from structgen.generators.rows import rows_log_likelihood
from structgen.generators.sequences import Sequences, sequences
from structgen.generators.stepping.draw import drawn
from structgen.generators.styles import ENOUGH, ROWS, STYLE, Style, Styles
from structgen.generators.surroundings import surroundings
from structgen.parallel import thread_map, threads
from structgen.seeds import generator
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Places taken at a time in training, on a CPU; a GPU takes all, as fewer and larger steps suit it.
BLOCK = 32
#: Places of the data are seen off by up to this many units of length in training.
BLUR = 0.15
#: Share of the webs in training whose style is hidden, and noise added to that of others, in standard deviations.
UNSTYLED, STYLE_NOISE = 0.15, 0.1
#: Webs drawn for each that is asked for.
CANDIDATES = 8
#: Targets that webs are drawn for in calibration, how many for each, and at a time.
CALIBRATED, DRAWS, AT_ONCE = 2048, 2, 64


@dataclass(frozen=True)
class AutoregressiveConfig(Config):
    """Sizes of the network, see `nets_causal.CausalGraphTransformer`."""

    width: int = 160
    edge_width: int = 24
    layers: int = 6
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


class Autoregressive(WebGenerator):
    """The autoregressive transformer: `log_likelihood` of webs beside what all generators do."""

    name = "autoregressive"
    config_type = AutoregressiveConfig
    steps = 1
    keeps = ROWS

    def __init__(self, config: AutoregressiveConfig, training_range: TrainingRange) -> None:
        super().__init__(config, training_range)
        self.net = CausalGraphTransformer(
            CONDITIONS, STYLE + 1, config.width, config.edge_width, config.layers, config.heads, config.hidden,
            config.components,
        )  # fmt: skip
        self.styles = Styles()
        self.finish = Finish()

    def learned(self) -> Iterable[nn.Parameter]:
        """See `WebGenerator.learned`: all but those of the critic, which learns in the end (`calibrate`)."""
        return self.net.parameters()

    def prepare(self, webs: Sequence[WebGraph]) -> None:
        """See `WebGenerator.prepare`: the styles that sampled webs are told."""
        self.styles.learn(webs)

    def requests_like(self, asked: Sequence[DesignTargets], web: WebGraph, n: int, seed: int) -> list[Completed]:
        """See `WebGenerator.requests_like`."""
        return requests_like(self.styles, self.range, asked, web, n, seed)

    def batch(self, webs: Sequence[WebGraph], rng: np.random.Generator) -> Sequences:
        """Webs turned by one of the 48 symmetries, grown from a node drawn for each; half of them seen blurred.

        A sampled place is never quite right. Who has learned from blurred ones goes on from it as the data would
        (conditioning augmentation, J. Ho et al., JMLR 23, 2022).
        """
        ways = [centred(web, rng) for web in webs]
        grown = [web.subweb(growth_order(web, int(rng.integers(web.n)))) for web in ways]
        drop = rng.random(len(webs)) < self.config.drop_condition
        spoken = rng.random(len(webs)) >= UNSTYLED
        style = self.styles.told([Style.of(web) if told else None for web, told in zip(webs, spoken, strict=True)])
        style[:, :-1] += STYLE_NOISE * style[:, -1:] * torch.tensor(rng.standard_normal((len(webs), STYLE))).float()
        whole = replace(sequences(grown, drop), style=style)
        blur = BLUR * (2 * rng.random(len(webs)) - 1).clip(0)
        noise = rng.standard_normal(whole.pos.shape)
        return whole.blurred(torch.tensor(blur).float(), torch.tensor(noise).float())

    def forward(self, batch: Sequences) -> dict[str, Tensor]:
        """Negative log-likelihood in nats a node, places in units of length: ``total`` and its parts."""
        nodes = batch.mask[:, 1:].float()
        parts = {name: -weighted_mean(value, nodes) for name, value in self.parts_of_likelihood(batch).items()}
        return {"total": torch.stack(list(parts.values())).sum(), **parts}

    @torch.no_grad()
    def log_likelihood(self, webs: Sequence[WebGraph], seed: int = 0, starts: int = 1) -> FloatArray:
        """``(k,)`` log-likelihood of each web in nats, places in mm, given its own seven targets.

        Exact for a web grown in `orders.growth_order` from a given node: a lower bound on that of the web, whatever its
        order. ``starts``: nodes to begin from, drawn with ``seed``; the likelihoods of the orders add up.
        """
        rng = generator(seed)
        rows = []
        for _ in range(starts):
            grown = [centred(web, rng, augment=False) for web in webs]
            grown = [web.subweb(growth_order(web, int(rng.integers(web.n)))) for web in grown]
            batch = sequences(grown, np.zeros(len(webs), bool))
            each = torch.stack([value.double().sum(1) for value in self.parts_of_likelihood(batch).values()]).sum(0)
            rows.append(each - 3 * batch.request.nodes * unit_of(batch.request, batch.drop).log())
        # The mean over the starts drawn stands for all n of them.
        nodes = torch.tensor([web.n for web in webs])
        total: FloatArray = (torch.logsumexp(torch.stack(rows), 0) - math.log(starts) + nodes.log()).numpy()
        return total

    def parts_of_likelihood(self, batch: Sequences) -> dict[str, Tensor]:
        """Parts of the log-likelihood of each node, ``(B, N)`` each, 0 for padding.

        In blocks of places, so that a node is paired with few that come after it.
        """
        grown = Growing.of(batch.seen, batch.kind, batch.radius, batch.parent, batch.request, batch.drop, batch.blur)
        count = batch.pos.shape[1] - 1
        nodes = grown.node_features(slice(0, count))
        modulations = self.net.modulations(batch.request.condition(batch.drop), batch.style)
        known, cache, blocks = nodes.new_empty(len(nodes), 0, self.net.memory), Cache(), []
        block = BLOCK if nodes.device.type == "cpu" else count
        for first in range(0, count, block):
            at = slice(first, min(first + block, count))
            features, later = grown.pair_features(at), _later(at, nodes.device)
            kind = batch.kind[:, at, : at.stop].masked_fill(later, 0)
            new, pair = self.net(nodes[:, at], kind, features, modulations, later, cache)
            known = torch.cat([known, self.net.remembered(new)], 1)
            blocks.append(self._rows(batch, grown, at, known, pair, features))
        real = batch.mask[:, 1:]
        return {name: torch.cat([part[name] for part in blocks], 1).masked_fill(~real, 0.0) for name in blocks[0]}

    def _rows(
        self, batch: Sequences, grown: Growing, at: slice, known: Tensor, pair: Tensor, features: Tensor
    ) -> dict[str, Tensor]:
        """Parts of the log-likelihood of the nodes after the places ``at``, ``(B, Q)``; known ``(B, T, memory)``."""
        width = self.config.width
        h, following = known[:, at, :width], slice(at.start + 1, at.stop + 1)
        new, parent = batch.pos[:, following], batch.parent[:, following].clamp_min(0)
        target = batch.kind[:, following, : at.stop]
        is_edge = (target > 0) & ~_later(at, h.device)

        plan = (is_edge.sum(-1) - 1).clamp(0, LINKS - 1)
        numbers = self.net.numbers_of_links(h, torch.arange(at.start, at.stop, device=h.device))
        linked = -cross_entropy(numbers.transpose(1, 2), plan, reduction="none")
        planned = h + self.net.planned(plan)
        joined = -cross_entropy(self._join(planned, known, features, at).transpose(1, 2), parent, reduction="none")

        of_parent = parent[..., None]
        parent_h = known[..., :width].gather(1, of_parent.expand(-1, -1, h.shape[-1]))
        parent_pair = pair.gather(2, of_parent[..., None].expand(-1, -1, 1, pair.shape[-1]))[:, :, 0]
        offset = (new - batch.seen.gather(1, of_parent.expand(-1, -1, 3))) / grown.unit[:, None, None]
        around = surroundings(grown, parent, at)
        told = torch.cat([planned, parent_h, parent_pair, around.features], -1)
        placed = self.net.mixture(told).log_density(around.into(offset))

        out = self.net.edges(planned, known, grown.candidate_features(new, parent, at))
        # No edges to the origin; the one to the parent is certain.
        places = torch.arange(at.stop, device=h.device)
        free = ~barred(at, h.device) & (places > 0) & (places != of_parent)
        edges = rows_log_likelihood(out[..., 0], is_edge & free, free, plan)
        found = is_edge & batch.mask[:, following, None]
        silk = target[found] - 1
        wanted = batch.radius[:, following, : at.stop][found]
        mean = out[..., CATEGORIES:][found].gather(1, silk[:, None])[:, 0]
        spread = self.net.log_radius_spread
        thick = -0.5 * ((wanted - mean) / spread.exp()).square() - spread - 0.5 * math.log(2 * math.pi)
        typed = -cross_entropy(out[..., 1:CATEGORIES][found], silk, reduction="none")
        row = torch.zeros_like(target, dtype=torch.float32)
        kind, radius = (row.masked_scatter(found, values).sum(-1) for values in (typed, thick))
        return {"links": linked, "parent": joined, "place": placed, "edges": edges, "kind": kind, "radius": radius}

    def _join(self, h: Tensor, known: Tensor, pair: Tensor, at: slice) -> Tensor:
        """Logits ``(B, Q, T)`` of the node to grow from: for the first the origin, for others the nodes before."""
        logit = self.net.joined(h, known, pair)
        return logit.masked_fill(barred(at, h.device), -1e9)

    # -- sampling --------------------------------------------------------------------------------

    @torch.inference_mode()
    def propose(
        self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[Proposal]:
        """See `WebGenerator.propose`; ``steps`` has no meaning here: there is one for each node.

        Node by node a web may miss the box, as nothing that is placed is taken back. So several are drawn side by side
        for each whole web, of which `Finish` takes the best.
        """
        each = [1 if ask.known else CANDIDATES for ask in asks]
        styles = [self._style(ask, rng) for ask, rng in zip(asks, rngs, strict=True)]
        streams = [stream for rng, count in zip(rngs, each, strict=True) for stream in rng.spawn(count)]
        proposals = iter(self._drawn(asks, styles, each, streams, guidance))
        return [
            next(proposals)  # a given web is extended as it was drawn
            if style is None or ask.known
            else self.finish.best(Choice(ask, style, [next(proposals) for _ in range(count)]), self.styles)
            for ask, style, count in zip(asks, styles, each, strict=True)
        ]

    @torch.no_grad()
    def calibrate(self, webs: Sequence[WebGraph], seed: int) -> None:
        """Let `Finish` learn from ``webs`` and from some drawn for the targets of the first `CALIBRATED` of them."""
        targets = [DesignTargets.measure(web) for web in webs[:CALIBRATED]]
        self.finish.learn_from(self.choices(targets, generator(seed), DRAWS), webs, seed)

    @torch.inference_mode()
    def choices(
        self, targets: Sequence[DesignTargets], rng: np.random.Generator, each: int = CANDIDATES,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Choice]:  # fmt: skip
        """``each`` web drawn for each of ``targets``, in order of their size, so that little is padding."""
        asks = sorted((Ask(target) for target in targets), key=lambda ask: ask.target.nodes or 0)
        parts = []
        for first in range(0, len(asks), AT_ONCE // each):
            some = asks[first : first + AT_ONCE // each]
            styles = [self.styles.drawn(ask.target, rng) for ask in some]
            parts.append((some, styles, rng.spawn(len(some) * each)))

        def chosen(part: tuple[list[Ask], list[Style], list[np.random.Generator]]) -> list[Choice]:
            some, styles, streams = part
            proposals = iter(self._drawn(some, styles, [each] * len(some), streams, 1.0))
            return [
                Choice(ask, style, [next(proposals) for _ in range(each)])
                for ask, style in zip(some, styles, strict=True)
            ]

        found: list[Choice] = []
        side_by_side = threads()
        for first in range(0, len(parts), side_by_side):
            found += itertools.chain(*thread_map(chosen, parts[first : first + side_by_side]))
            if progress:
                progress(len(found), len(asks))
        return found

    def _drawn(
        self, asks: Sequence[Ask], styles: Sequence[Style | None], each: Sequence[int],
        rngs: Sequence[np.random.Generator], guidance: float,
    ) -> list[Proposal]:  # fmt: skip
        """So many proposals of ``each``, one after the other, of all ``rngs`` one."""
        several = [ask for ask, count in zip(asks, each, strict=True) for _ in range(count)]
        told = [style for style, count in zip(styles, each, strict=True) for _ in range(count)]
        return drawn(self.net, several, self.styles.told(told), rngs, guidance)

    def _style(self, ask: Ask, rng: np.random.Generator) -> Style | None:
        """Of a given web its own, where it is large enough to have one; of others the one asked for, or one drawn."""
        if ask.known is not None:
            return self.styles.of(ask.known) if ask.known.m >= ENOUGH else None
        return ask.style or self.styles.drawn(ask.target, rng)


def _later(at: slice, device: torch.device) -> Tensor:
    """``(Q, T)`` places that come after those of ``at``."""
    places = torch.arange(at.stop, device=device)
    return places > places[at, None]
