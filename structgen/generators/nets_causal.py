"""The causal graph transformer of the autoregressive model: each node sees those before it, and their geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, softplus

from structgen.generators.batches import CATEGORIES

#: Numbers that describe a pair beside its kind, a pair with the node to come, and a node with the state of the web
#: when it was placed.
PAIR_FEATURES, CANDIDATE_FEATURES, NODE_FEATURES = 14, 17, 34 + CATEGORIES
#: Neighbours of the node to grow from, and others nearest to it, whose places are told; all that tells of them.
NEIGHBOURS, NEAREST = 4, 6
SURROUNDINGS = 8 * (NEIGHBOURS + NEAREST) + CATEGORIES * NEIGHBOURS + NEAREST + 12 + 6 + 9
#: Spread of a component of the mixture, in the unit of lengths: least and largest.
SPREAD = (0.01, 8.0)
#: How many earlier nodes a new one is joined to: one, two, or more.
LINKS = 3


class Cache:
    """Keys and values ``(2, B, H, T, d / H)`` of the nodes so far in each layer."""

    def __init__(self) -> None:
        self.layers: list[Tensor] = []

    def joined(self, layer: int, new: Tensor) -> Tensor:
        """Those of all nodes, of which ``new`` are the last."""
        if len(self.layers) == layer:
            self.layers.append(new)
        else:
            self.layers[layer] = torch.cat([self.layers[layer], new], 3)
        return self.layers[layer]


class CausalBlock(nn.Module):
    """Pre-norm attention to earlier nodes, biased by and fed with features of the pair, then a feed-forward layer."""

    def __init__(self, width: int, edge_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attend = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_feed = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 4 * width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width + heads * edge_width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, h: Tensor, pair: Tensor, bias: Tensor, modulation: Tensor, cache: Cache, layer: int) -> Tensor:
        """``h (B, Q, d)`` new nodes, ``pair (B, Q, T, e)``, ``bias (B, H, Q, T)`` -inf for later nodes, ``modulation
        (B, 1, 4 d)`` by the condition.

        cache: of the T - Q nodes before in this ``layer``; the new ones are added.
        """
        b, q, d = h.shape
        shift1, scale1, shift2, scale2 = modulation.chunk(4, -1)
        x = self.norm_attend(h) * (1 + scale1) + shift1
        three = self.qkv(x).view(b, q, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        query, (key, value) = three[0], cache.joined(layer, three[1:])
        weight = (query @ key.transpose(-1, -2) / math.sqrt(d // self.heads) + bias).softmax(-1)  # (B, H, Q, T)
        from_nodes = (weight @ value).transpose(1, 2).reshape(b, q, d)
        from_pairs = (weight.transpose(1, 2) @ pair).reshape(b, q, -1)  # (B, Q, H, T) @ (B, Q, T, e)
        h = h + self.out(torch.cat([from_nodes, from_pairs], -1))
        fed: Tensor = h + self.feed(self.norm_feed(h) * (1 + scale2) + shift2)
        return fed


class CausalGraphTransformer(nn.Module):
    """From a growing web to what comes next: which node is joined, where the new one lies, what else it is joined to.

    Arguments:
        conditions, styles: numbers in the condition vector, and in that of the style.
        width, edge_width, layers, heads: sizes of the transformer.
        hidden: width of the layers that look at one pair.
        components: of the mixture of normal distributions of a new node's place.
    """

    def __init__(
        self, conditions: int, styles: int, width: int, edge_width: int, layers: int, heads: int, hidden: int,
        components: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers, self.heads, self.components = layers, heads, components
        self.width, self.hidden, self.memory = width, hidden, width + 2 * hidden
        self.condition = nn.Sequential(nn.Linear(conditions, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.style = nn.Sequential(nn.Linear(styles, width), nn.SiLU(), nn.Linear(width, width))
        self.node_in = nn.Sequential(nn.Linear(NODE_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.kind_in = nn.Embedding(CATEGORIES, edge_width)
        self.pair_in = nn.Linear(PAIR_FEATURES, edge_width)
        self.pair_next = nn.Linear(edge_width, edge_width)
        self.bias = nn.Linear(edge_width, layers * heads)
        self.blocks = nn.ModuleList(CausalBlock(width, edge_width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.links = nn.Linear(width, LINKS)
        self.planned = nn.Embedding(LINKS, width)
        self.join = _PairHead(width, PAIR_FEATURES, hidden, 1)
        self.place = nn.Sequential(
            nn.Linear(2 * width + edge_width + SURROUNDINGS, 2 * width), nn.GELU(),
            nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 10 * components),
        )  # fmt: skip
        self.edge = _PairHead(width, CANDIDATE_FEATURES, hidden, 1 + 2 * (CATEGORIES - 1))
        self.radius_spread = nn.Parameter(torch.tensor(-1.0))

    def modulations(self, condition: Tensor, style: Tensor) -> list[Tensor]:
        """What ``condition (B, conditions)`` and ``style (B, styles)`` do in each block, ``(B, 1, 4 d)``: the same for
        all nodes of a web.
        """
        c = self.condition(condition) + self.style(style)
        return [block.modulate(c)[:, None] for block in self.blocks if isinstance(block, CausalBlock)]

    def numbers_of_links(self, h: Tensor, place: Tensor) -> Tensor:
        """Logits ``(..., 3)`` of how many nodes the one after ``h (..., d)`` is joined to, no more than there are at
        ``place``.
        """
        logit: Tensor = self.links(h).float()
        others = (place - 1).clamp_min(0)
        return logit.masked_fill(torch.arange(LINKS, device=h.device) > others[..., None], -1e9)

    def forward(
        self, node: Tensor, kind: Tensor, features: Tensor, modulations: list[Tensor], later: Tensor, cache: Cache
    ) -> tuple[Tensor, Tensor]:
        """Nodes as the network knows them.

        Arguments:
            node: ``(B, Q, NODE_FEATURES)`` of the new nodes.
            kind: ``(B, Q, T)`` category of the pairs with each of the T nodes so far, the new ones last.
            features: ``(B, Q, T, PAIR_FEATURES)``.
            modulations: of `modulations`.
            later: ``(Q, T)`` True where the second node comes after the first.
            cache: of the nodes before; the new ones are added.

        Returns ``(B, Q, d)`` and pairs ``(B, Q, T, e)``.
        """
        h = self.node_in(node)
        pair = self.pair_next(gelu(self.pair_in(features) + self.kind_in(kind)))
        bias = self.bias(gelu(pair)).masked_fill(later[..., None], -1e4)
        bias = bias.unflatten(-1, (self.layers, self.heads)).permute(3, 0, 4, 1, 2)  # (L, B, H, Q, T)
        for k, block in enumerate(self.blocks):
            h = block(h, pair, bias[k], modulations[k], cache, k)
        return self.norm(h), pair

    def remembered(self, h: Tensor) -> Tensor:
        """``h (..., d)`` and what the heads of pairs make of it, once for many pairs: ``(..., memory)``."""
        return torch.cat([h, self.join.other(h), self.edge.other(h)], -1)

    def joined(self, h: Tensor, remembered: Tensor, pair: Tensor) -> Tensor:
        """Log-odds ``(B, Q, T)`` of the node to grow from: ``h (B, Q, d)``, ``pair (B, Q, T, PAIR_FEATURES)``."""
        its = remembered[..., self.width : self.width + self.hidden]
        odds: Tensor = self.join(h, its, pair)[..., 0]
        return odds

    def edges(self, h: Tensor, remembered: Tensor, candidates: Tensor) -> Tensor:
        """Of pairs with features ``(B, Q, T, CANDIDATE_FEATURES)``, ``(B, Q, T, 1 + 2 kinds)``: log-odds of an edge, of
        each silk kind, and the log radius that a thread of each kind has.
        """
        row: Tensor = self.edge(h, remembered[..., self.width + self.hidden :], candidates)
        return row

    def mixture(self, told: Tensor) -> Mixture:
        """Where the next node lies from the node it is grown from, in the frame of that node's surroundings.

        ``told (..., 2 d + e + SURROUNDINGS)``: the last node, that node, their pair, and `surroundings`.
        """
        out = self.place(told).float().unflatten(-1, (self.components, 10))
        low, high = (math.log(spread) for spread in SPREAD)
        scale = low + (high - low) * torch.sigmoid(out[..., 4:7] - 0.5)
        return Mixture(out[..., 0], out[..., 1:4], scale, out[..., 7:10])

    @property
    def log_radius_spread(self) -> Tensor:
        """Log of the standard deviation of the log radius."""
        return softplus(self.radius_spread.float()).log().clamp_min(-4.0)


class _PairHead(nn.Module):
    """Two layers on a node, another one, and the features of their pair."""

    def __init__(self, width: int, features: int, hidden: int, out: int) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(width, hidden), nn.Linear(width, hidden, bias=False)
        self.pair = nn.Linear(features, hidden, bias=False)
        self.next = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, out)

    def forward(self, h: Tensor, others: Tensor, pair: Tensor) -> Tensor:
        """``h (B, Q, d)``, ``other`` of the others ``(B, T, hidden)``, ``pair (B, Q, T, f)`` to ``(B, Q, T, out)``."""
        x: Tensor = gelu(self.one(h)[:, :, None] + others[:, None] + self.pair(pair))
        out: Tensor = self.out(gelu(self.next(x))).float()
        return out


@dataclass(frozen=True)
class Mixture:
    """Normal distributions in space, mixed: logit ``(..., C)``, mean ``(..., C, 3)`` and a triangular factor.

    The inverse of the covariance's Cholesky factor has 1 / exp(log_scale) on its diagonal and ``lower`` (21, 31, 32)
    below, in units of the diagonal.
    """

    logit: Tensor
    mean: Tensor
    log_scale: Tensor
    lower: Tensor

    def log_density(self, x: Tensor) -> Tensor:
        """``(...,)`` at ``x (..., 3)``."""
        z = (x[..., None, :] - self.mean) * (-self.log_scale).exp()
        a, b, c = self.lower.unbind(-1)
        white = torch.stack([z[..., 0], z[..., 1] + a * z[..., 0], z[..., 2] + b * z[..., 0] + c * z[..., 1]], -1)
        each = -0.5 * white.square().sum(-1) - self.log_scale.sum(-1) - 1.5 * math.log(2 * math.pi)
        return torch.logsumexp(self.logit.log_softmax(-1) + each, -1)
