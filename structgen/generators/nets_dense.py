"""The dense graph transformer: attention between all nodes, biased by what is known of every pair.

Pairs are kept once (i < j) and packed over the batch, so that neither symmetry nor padding costs anything; only the
attention's biases, a few numbers a head, are spread to ``(B, N, N)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from structgen.generators.nets import fourier


@dataclass(frozen=True)
class Pairs:
    """The P pairs i < j of nodes that are no padding, web after web, of B webs padded to N nodes.

    web, first, second, slot ``(P,)``: web, its two nodes, place among the N (N - 1) / 2 pairs of a web without padding.
    """

    webs: int
    nodes: int
    web: Tensor
    first: Tensor
    second: Tensor
    slot: Tensor

    @classmethod
    def of(cls, mask: Tensor) -> Pairs:
        """All pairs of the nodes of ``mask (B, N)``."""
        b, n = mask.shape
        i, j = torch.triu_indices(n, n, 1, device=mask.device)
        web, slot = (mask[:, i] & mask[:, j]).nonzero(as_tuple=True)
        return cls(b, n, web, i[slot], j[slot], slot)

    def __len__(self) -> int:
        return len(self.web)

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """``(P,)`` numbers of the two nodes among all B N."""
        return self.web * self.nodes + self.first, self.web * self.nodes + self.second

    def take(self, dense: Tensor) -> Tensor:
        """``(P, ...)`` of ``(B, N, N, ...)``."""
        return dense[self.web, self.first, self.second]

    def spread(self, values: Tensor, padding: float = 0.0) -> Tensor:
        """``(B, N, N, c)`` with ``values (P, c)`` both ways of a pair, 0 from a node to itself, else ``padding``."""
        n, (a, b) = self.nodes, self.ends
        dense = values.new_full((self.webs * n * n, values.shape[-1]), padding)
        dense.view(self.webs, n, n, -1).diagonal(dim1=1, dim2=2).zero_()
        index = torch.cat([a * n + self.second, b * n + self.first])
        return dense.index_copy_(0, index, torch.cat([values, values])).view(self.webs, n, n, -1)

    def both(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """``(P, c)`` of either node, of ``values (B, N, c)``."""
        table = values.reshape(self.webs * self.nodes, -1)
        a, b = self.ends
        # Not by indexing, whose backward pass adds row by row.
        return functional.embedding(a, table), functional.embedding(b, table)


@dataclass(frozen=True)
class GraphFeatures:
    """What the present graph tells beyond its edges.

    walk ``(B, N, N)`` normalised adjacency; pairs ``(P, walks + 1)``, nodes ``(B, N, walks + 2)``; parts ``(B,)``
    number of connected parts.
    """

    walk: Tensor
    pairs: Tensor
    nodes: Tensor
    parts: Tensor


def graph_features(edge: Tensor, pairs: Pairs, mask: Tensor, walks: int) -> GraphFeatures:
    """Random walks of up to ``walks`` steps (L. Ma et al., ICML 2023) and connected parts of the graphs with ``edge``.

    ``edge (P,)`` 0 or 1. The walks are those of the symmetrically normalised adjacency, so that both ends of a pair
    see the same.
    """
    adjacency = pairs.spread(edge[:, None])[..., 0]
    degree = adjacency.sum(-1)
    root = degree.clamp_min(1).rsqrt()
    walk = adjacency * root[:, :, None] * root[:, None, :]
    powers = [walk]
    for _ in range(walks - 1):
        powers.append(powers[-1] @ walk)
    reach = adjacency + torch.eye(pairs.nodes, device=edge.device)
    for _ in range(max(1, (pairs.nodes - 1).bit_length())):
        reach = (reach @ reach).clamp_max(1)
        reach = (reach > 0).to(edge.dtype)
    size = (reach * mask[:, None, :]).sum(-1).clamp_min(1)
    count = mask.sum(1)[:, None]
    returns = [power.diagonal(dim1=1, dim2=2) for power in powers[1:]]
    of_nodes = torch.stack([degree / 3 - 1, size / count, (size / count).log() / 3, *returns], -1)
    of_pairs = torch.stack([pairs.take(value) for value in (reach, *powers)], -1)
    return GraphFeatures(walk, of_pairs, of_nodes, (mask / size).sum(1))


class DenseBlock(nn.Module):
    """One layer: nodes attend to all nodes, hear from their neighbours in the present graph, and feed forward.

    Pre-norm transformer with adaptive norms (W. Peebles, S. Xie, ICCV 2023). Where nodes have places, each head also
    tells the mean of the places that it looks at, relative to the node's own.
    """

    def __init__(self, width: int, heads: int, places: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attend = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_feed = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 6 * width)
        self.values = nn.Linear(width, 4 * width)
        self.out = nn.Linear(2 * width + heads * places, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, h: Tensor, c: Tensor, bias: Tensor, walk: Tensor, places: Tensor) -> Tensor:
        """``h (B, N, d)``, condition ``c (B, d)``, ``bias (B H, N, N)``, ``walk (B, N, N)``, ``places (B, N, p)``."""
        b, n, d = h.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulate(c)[:, None].chunk(6, -1)
        x = self.norm_attend(h) * (1 + scale1) + shift1
        *qkv, along = self.values(x).split(d, -1)
        q, k, v = (value.view(b, n, self.heads, -1).transpose(1, 2) for value in qkv)  # (B, H, N, d / H)
        keys = k.transpose(-1, -2).flatten(0, 1)
        score = torch.baddbmm(bias, (q * q.shape[-1] ** -0.5).flatten(0, 1), keys).view(b, -1, n, n)
        seen = torch.cat([v, places.to(v)[:, None].expand(-1, self.heads, -1, -1)], -1)
        attended = (score.softmax(-1) @ seen).transpose(1, 2)  # (B, N, H, d / H + p)
        # Places relative to the node that looks.
        attended = attended - functional.pad(places.to(attended), (v.shape[-1], 0))[:, :, None]
        heard = torch.cat([attended.reshape(b, n, -1), walk.to(along) @ along], -1)
        h = h + (1 + gate1) * self.out(heard)
        hidden: Tensor = h + (1 + gate2) * self.feed(self.norm_feed(h) * (1 + scale2) + shift2)
        return hidden


class PairUpdate(nn.Module):
    """Pairs hear from their nodes, by sums and products that are the same from both ends."""

    def __init__(self, width: int, edge_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(edge_width)
        self.norm_node = nn.LayerNorm(width)
        self.added, self.multiplied = nn.Linear(width, edge_width), nn.Linear(width, edge_width)
        # Not GELU, which takes as long as all else here.
        self.feed = nn.Sequential(
            nn.Linear(edge_width, 2 * edge_width), nn.ReLU(), nn.Linear(2 * edge_width, edge_width)
        )

    def forward(self, e: Tensor, h: Tensor, pairs: Pairs) -> Tensor:
        """``e (P, d_e)``, ``h (B, N, d)``."""
        x = self.norm_node(h)
        one, two = pairs.both(self.added(x))
        factor, other = pairs.both(self.multiplied(x))
        updated: Tensor = e + self.feed(self.norm(e) + one + two + factor * other)
        return updated


class DenseGraphTransformer(nn.Module):
    """From features of nodes and pairs to outputs for nodes and pairs; permuting the nodes permutes them.

    Arguments:
        conditions, node_features, pair_features: numbers that each is told.
        outputs: numbers put out for a node.
        width, edge_width, layers, heads, every: sizes; the pairs are updated after each ``every`` layers.
        places: numbers that tell where a node is.
    """

    def __init__(
        self, conditions: int, node_features: int, pair_features: int, outputs: int, width: int = 128,
        edge_width: int = 32, layers: int = 6, heads: int = 8, every: int = 3, places: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.width, self.heads, self.every = width, heads, every
        self.condition = nn.Sequential(
            nn.Linear(conditions + width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.node_in = nn.Linear(node_features, width)
        self.pair_in = nn.Sequential(
            nn.Linear(pair_features, 2 * edge_width), nn.ReLU(), nn.Linear(2 * edge_width, edge_width)
        )
        self.blocks = nn.ModuleList(DenseBlock(width, heads, places) for _ in range(layers))
        groups = -(-layers // every)
        self.biases = nn.ModuleList(nn.Linear(edge_width, heads * every) for _ in range(groups))
        self.updates = nn.ModuleList(PairUpdate(width, edge_width) for _ in range(groups))
        self.node_out = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU("tanh"), nn.Linear(width, outputs)
        )
        self.pair_out = nn.LayerNorm(edge_width)

    def forward(
        self, nodes: Tensor, edges: Tensor, c: Tensor, t: Tensor, walk: Tensor, places: Tensor, pairs: Pairs
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Outputs ``(B, N, outputs)`` of the nodes, states ``(P, edge_width)`` of the pairs.

        Arguments:
            nodes: ``(B, N, node_features)``; edges: ``(P, pair_features)``.
            c: ``(B, conditions)``; t: ``(B,)`` times in [0, 1].
            walk: ``(B, N, N)`` normalised adjacency of the present graph; places ``(B, N, places)``.
            pairs: of all nodes that are no padding.
        """
        condition = self.condition(torch.cat([c, fourier(t, self.width)], -1))
        with torch.autocast(nodes.device.type, enabled=False):  # places need more than 8 bits
            h = self.node_in(nodes)
        e = self.pair_in(edges)
        for group, (to_bias, update) in enumerate(zip(self.biases, self.updates, strict=True)):
            blocks = self.blocks[group * self.every : (group + 1) * self.every]
            bias = pairs.spread(to_bias(e), padding=-1e4).view(*walk.shape, self.every, self.heads)
            for block, part in zip(blocks, bias.permute(3, 0, 4, 1, 2).contiguous(), strict=False):
                h = block(h, condition, part.flatten(0, 1), walk, places)
            e = update(e, h, pairs)
        return self.node_out(h), self.pair_out(e)
