"""The sparse graph transformer: attention of each node over its nearest candidates, with edge features."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def fourier(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of times in [0, 1]: ``(...,)`` to ``(..., width)``."""
    frequency = torch.exp(torch.linspace(0, math.log(100.0), width // 2, device=t.device, dtype=t.dtype))
    angle = 2 * math.pi * t[..., None] * frequency
    return torch.cat([angle.sin(), angle.cos()], -1)


def gather_nodes(values: Tensor, candidates: Tensor) -> Tensor:
    """Values of each node's candidates: ``(B, N, c)`` and ``(B, N, K)`` to ``(B, N, K, c)``."""
    b, n, k = candidates.shape
    index = candidates.reshape(b, n * k, 1).expand(-1, -1, values.shape[-1])
    return values.gather(1, index).view(b, n, k, values.shape[-1])


def both_ways(edges: Tensor, candidates: Tensor, real: Tensor) -> Tensor:
    """Mean of what the two ends of a pair hold on it, ``(B, N, K, c)``; of the one that lists it where one does."""
    b, n, _, c = edges.shape
    index, listed = candidates[..., None], real[..., None].to(edges.dtype)
    wide = index.expand(-1, -1, -1, c)
    total = torch.zeros(b, n, n, c, device=edges.device, dtype=edges.dtype).scatter(2, wide, edges * listed)
    count = torch.zeros(b, n, n, 1, device=edges.device, dtype=edges.dtype).scatter(2, index, listed)
    mean = (total + total.transpose(1, 2)) / (count + count.transpose(1, 2)).clamp_min(1)
    return mean.gather(2, wide)


class Block(nn.Module):
    """One layer: nodes attend to their candidates, feed forward, and edges hear from both of their ends.

    Pre-norm transformer with adaptive norms (W. Peebles, S. Xie, ICCV 2023); attention scores are biased by, and
    values extended with, edge features (V. Dwivedi, X. Bresson, arXiv:2012.09699).
    """

    def __init__(self, width: int, edge_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attend = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_feed = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_edge = nn.LayerNorm(edge_width)
        self.modulate = nn.Linear(width, 6 * width)
        self.qkv = nn.Linear(width, 3 * width)
        self.bias = nn.Linear(edge_width, heads)
        self.out = nn.Linear(width + heads * edge_width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.to_edge = nn.Linear(width, edge_width)
        self.edge_feed = nn.Sequential(
            nn.Linear(edge_width, 2 * edge_width), nn.GELU(), nn.Linear(2 * edge_width, edge_width)
        )
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, h: Tensor, e: Tensor, c: Tensor, candidates: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """``h (B, N, d)``, ``e (B, N, K, d_e)``, condition ``c (B, d)``, ``candidates`` and ``real (B, N, K)``."""
        b, n, d = h.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulate(c)[:, None].chunk(6, -1)
        x = self.norm_attend(h) * (1 + scale1) + shift1
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)  # 3 x (B, H, N, d/H)
        slot = candidates[:, None].expand(-1, self.heads, -1, -1)  # (B, H, N, K)
        # Dense products and a gather beat gathered keys and values up to some hundred nodes.
        score = (q @ k.transpose(-1, -2)).gather(-1, slot) / math.sqrt(d // self.heads)
        score = score + self.bias(e).permute(0, 3, 1, 2)
        weight = score.masked_fill(~real[:, None], -1e9).softmax(-1)  # (B, H, N, K)
        dense = torch.zeros(b, self.heads, n, n, device=h.device, dtype=h.dtype).scatter_add(-1, slot, weight)
        from_nodes = (dense @ v).transpose(1, 2).reshape(b, n, d)
        from_edges = torch.einsum("bhnk,bnke->bnhe", weight, e).reshape(b, n, -1)
        h = h + (1 + gate1) * self.out(torch.cat([from_nodes, from_edges], -1))
        h = h + (1 + gate2) * self.feed(self.norm_feed(h) * (1 + scale2) + shift2)
        ends = self.to_edge(h)
        e = e + self.edge_feed(self.norm_edge(e) + ends[:, :, None] + gather_nodes(ends, candidates))
        return h, e


class SparseGraphTransformer(nn.Module):
    """From noisy positions and edge states to the flow of positions and the denoised edge states.

    Arguments:
        conditions: numbers in the condition vector.
        width, edge_width, layers, heads: sizes; 128, 32, 6, 8 make about 2 million parameters.
        slots: the most candidates a node may have. How near a candidate is among them is told by its rank in this
            many, not in the K of a batch, which depends on the largest web in it.
        edge_states: numbers carried by an edge (bit and log radius).
    """

    def __init__(
        self,
        conditions: int,
        width: int = 128,
        edge_width: int = 32,
        layers: int = 6,
        heads: int = 8,
        slots: int = 28,
        edge_states: int = 2,
    ) -> None:
        super().__init__()
        self.width, self.slots = width, slots
        self.condition = nn.Sequential(
            nn.Linear(conditions + 2 * width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.node_in = nn.Linear(9, width)
        self.edge_in = nn.Sequential(
            nn.Linear(6 + edge_states, 2 * edge_width), nn.GELU(), nn.Linear(2 * edge_width, edge_width)
        )
        self.blocks = nn.ModuleList(Block(width, edge_width, heads) for _ in range(layers))
        self.node_out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3))
        self.to_edge = nn.Linear(width, 2 * edge_width)
        self.edge_out = nn.Sequential(
            nn.LayerNorm(5 * edge_width), nn.Linear(5 * edge_width, 2 * edge_width), nn.GELU(),
            nn.Linear(2 * edge_width, edge_states),
        )  # fmt: skip

    def forward(
        self,
        x: Tensor,
        e: Tensor,
        t: Tensor,
        c: Tensor,
        half_box: Tensor,
        scale: Tensor,
        candidates: Tensor,
        real: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Velocity of positions in units of ``scale`` and denoised edge states.

        Arguments:
            x: ``(B, N, 3)`` positions within the box centred on 0; ``half_box (B, 3)`` half its sides.
            e: ``(B, N, K, s)`` noisy states of the candidate edges.
            t: ``(B, 2)`` flow times of positions and of edges, 0 noise, 1 data.
            c: ``(B, conditions)``.
            scale: ``(B,)`` expected node spacing; lengths are seen in this unit.
            candidates, real: ``(B, N, K)`` numbers of the nodes a node may be joined to; which of them count.

        Returns ``(B, N, 3)`` and ``(B, N, K, s)``, the latter equal for both directions of a pair.
        """
        unit = scale[:, None, None]
        condition = self.condition(torch.cat([c, fourier(t, self.width).flatten(1)], -1))
        reach = half_box.norm(dim=-1)[:, None, None]
        h = self.node_in(torch.cat([x / unit, (half_box[:, None] - x.abs()) / unit, x / reach], -1))
        apart = (gather_nodes(x, candidates) - x[:, :, None]) / unit[..., None]
        distance = (apart.square().sum(-1, keepdim=True) + 1e-8).sqrt()
        ranks = torch.linspace(0, 1, self.slots, device=x.device, dtype=x.dtype)[: candidates.shape[-1], None]
        rank = ranks.expand(*candidates.shape, 1)
        edge = self.edge_in(torch.cat([apart, distance, (distance + 0.05).log(), rank, e], -1))
        for block in self.blocks:
            h, edge = block(h, edge, condition, candidates, real)
        # Symmetric in the two ends, so that a pair has one state whichever end lists it.
        ends = self.to_edge(h)
        other = gather_nodes(ends, candidates)
        one = ends[:, :, None].expand_as(other)
        pair = torch.cat([one + other, one * other, both_ways(edge, candidates, real)], -1)
        return self.node_out(h), self.edge_out(pair)
