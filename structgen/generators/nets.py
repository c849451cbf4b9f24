"""The sparse graph transformer: attention of each node over its nearest candidates, with edge features."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Most turns that a Fourier feature makes over the time from noise to data.
TURNS = 16.0


def fourier(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of times in [0, 1]: ``(...,)`` to ``(..., width)``."""
    frequency = torch.exp(torch.linspace(0, math.log(TURNS), width // 2, device=t.device, dtype=t.dtype))
    angle = 2 * math.pi * t[..., None] * frequency
    return torch.cat([angle.sin(), angle.cos()], -1)


@dataclass(frozen=True)
class Near:
    """Where each node looks.

    candidates, real ``(B, N, K)``: numbers of other nodes, nearest first; which of them count. rows ``(B N K,)``: the
    same as rows of all nodes of the batch.
    """

    candidates: Tensor
    real: Tensor
    rows: Tensor

    def first(self, count: int) -> Near:
        """The nearest ``count`` of them."""
        if count >= self.candidates.shape[2]:
            return self
        rows = self.rows.view(self.candidates.shape)[..., :count].flatten()
        return Near(self.candidates[..., :count], self.real[..., :count], rows)

    def nodes(self, values: Tensor) -> Tensor:
        """Values of each node's candidates: ``(B, N, c)`` to ``(B, N, K, c)``."""
        return values.flatten(0, 1).index_select(0, self.rows).view(*self.candidates.shape, -1)


@dataclass(frozen=True)
class Slots(Near):
    """Where each node may be joined, and where the pair stands at its other end.

    back ``(B N K,)``: the slot that holds the same pair from its other end, as a row of all slots; mutual
    ``(B, N, K)``: whether there is one.
    """

    back: Tensor
    mutual: Tensor

    @classmethod
    def of(cls, candidates: Tensor, real: Tensor) -> Slots:
        """From candidates, none of them twice at a node."""
        b, n, k = candidates.shape
        first = torch.arange(b, device=candidates.device)[:, None, None] * n
        # Which slot of node i holds node j, k where none does.
        slot = torch.full((b, n, n), k, device=candidates.device)
        slot.scatter_(2, candidates, torch.where(real, torch.arange(k, device=candidates.device), k))
        seen = slot.transpose(1, 2).gather(2, candidates)
        mutual = real & (seen < k)
        back = (first + candidates) * k + seen.clamp(max=k - 1)
        return cls(candidates, real, (first + candidates).flatten(), back.flatten(), mutual)

    def both_ways(self, edges: Tensor) -> Tensor:
        """Mean of what the two ends of a pair hold on it, ``(B, N, K, c)``; of the one that lists it where one does."""
        other = edges.flatten(0, 2).index_select(0, self.back).view(edges.shape)
        return torch.where(self.mutual[..., None], (edges + other) / 2, edges)


@dataclass(frozen=True)
class Asked:
    """What a batch is asked for, as the network sees it.

    condition ``(B, c)``; half_box ``(B, 3)`` half the sides of the box about 0 that nodes lie in; scale ``(B,)`` the
    spacing of nodes to be expected, the unit of lengths; length, degree ``(B,)`` the mean edge length and mean degree
    asked for, or what is typical; given ``(B, N)`` nodes that stay where they are.
    """

    condition: Tensor
    half_box: Tensor
    scale: Tensor
    length: Tensor
    degree: Tensor
    given: Tensor


class Block(nn.Module):
    """One layer: nodes attend to their candidates, feed forward, and edges hear from both of their ends.

    Pre-norm transformer with adaptive norms (W. Peebles, S. Xie, ICCV 2023); attention scores are biased by, and
    values extended with, edge features (V. Dwivedi, X. Bresson, arXiv:2012.09699).
    """

    def __init__(self, width: int, edge_width: int, heads: int, edges_hear: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 6 * width)
        self.qkv = nn.Linear(width, 3 * width)
        self.bias = nn.Linear(edge_width, heads)
        self.out = nn.Linear(width + heads * edge_width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)
        self.edge_feed: nn.Sequential | None = None
        if edges_hear:
            self.norm_edge = nn.LayerNorm(edge_width)
            self.to_edge = nn.Linear(width, 2 * edge_width)
            self.edge_feed = nn.Sequential(
                nn.Linear(edge_width, 2 * edge_width), nn.GELU(), nn.Linear(2 * edge_width, edge_width)
            )

    def forward(self, h: Tensor, e: Tensor, c: Tensor, near: Near) -> tuple[Tensor, Tensor]:
        """``h (B, N, d)``, ``e (B, N, K, d_e)``, condition ``c (B, d)``."""
        b, n, d = h.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulate(c)[:, None].chunk(6, -1)
        x = torch.addcmul(shift1, self.norm(h), 1 + scale1)
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)  # 3 x (B, H, N, d/H)
        slot = near.candidates[:, None].expand(-1, self.heads, -1, -1)  # (B, H, N, K)
        # Dense products and a gather beat gathered keys and values up to some hundred nodes.
        score = (q @ k.transpose(-1, -2)).gather(-1, slot) / math.sqrt(d // self.heads)
        score = score + self.bias(e).permute(0, 3, 1, 2)
        weight = score.masked_fill(~near.real[:, None], -1e9).softmax(-1)  # (B, H, N, K)
        dense = torch.zeros(b, self.heads, n, n, device=h.device, dtype=weight.dtype).scatter(-1, slot, weight)
        from_nodes = (dense.to(v.dtype) @ v).transpose(1, 2).reshape(b, n, d)
        from_edges = weight.to(e.dtype).transpose(1, 2) @ e  # (B, N, H, d_e)
        h = torch.addcmul(h, 1 + gate1, self.out(torch.cat([from_nodes, from_edges.flatten(2)], -1)))
        h = torch.addcmul(h, 1 + gate2, self.feed(torch.addcmul(shift2, self.norm(h), 1 + scale2)))
        if self.edge_feed is not None:
            here, there = self.to_edge(h).chunk(2, -1)
            e = e + self.edge_feed(self.norm_edge(e) + here[:, :, None] + near.nodes(there.contiguous()))
        return h, e


class SparseGraphTransformer(nn.Module):
    """From noisy positions and edge states to the velocity of positions and what the edges are.

    Arguments:
        conditions: numbers in the condition vector.
        states: numbers that a noisy edge has, the first of them its existence (-1 no, 1 yes).
        answers: numbers told of an edge.
        slots: the most candidates a node may have. How near a candidate is among them is told by its rank in this
            many, not in the K of a batch, which depends on the largest web in it.
        attended: nearest candidates that a node attends to; of farther ones it hears at the end alone.
        width, edge_width, layers, heads: sizes. Edges hear from their ends in every second layer.
    """

    def __init__(
        self, conditions: int, states: int, answers: int, slots: int, attended: int = 16, width: int = 96,
        edge_width: int = 16, layers: int = 5, heads: int = 4,
    ) -> None:  # fmt: skip
        super().__init__()
        self.width, self.slots, self.attended = width, slots, attended
        self.condition = nn.Sequential(
            nn.Linear(conditions + 2 * width + 5, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.node_in = nn.Linear(10, width)
        self.edge_in = nn.Sequential(
            nn.Linear(8 + states, 2 * edge_width), nn.GELU(), nn.Linear(2 * edge_width, edge_width)
        )
        self.blocks = nn.ModuleList(Block(width, edge_width, heads, k % 2 == 1) for k in range(layers))
        self.node_out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3))
        self.norm_out = nn.LayerNorm(width)
        self.to_edge = nn.Linear(width, 4 * edge_width)
        self.edge_to_out = nn.Linear(edge_width, 2 * edge_width)
        self.edge_out = nn.Sequential(nn.GELU(), nn.Linear(2 * edge_width, 2 * edge_width), nn.GELU(),
                                      nn.Linear(2 * edge_width, answers))  # fmt: skip

    def flow(self, x: Tensor, e: Tensor, t: Tensor, asked: Asked, slots: Slots) -> Tensor:
        """``(B, N, 3)`` velocities of positions in units of the spacing; given nodes stay.

        Arguments:
            x: ``(B, N, 3)`` positions within the box centred on 0.
            e: ``(B, N, K, s)`` states of the candidate edges: clean ones of given pairs, all others 0.
            t: ``(B, 2)`` flow times of positions and of edges, 0 noise, 1 data.
        """
        h, _ = self._heard(x, e, t, asked, slots)
        velocity: Tensor = self.node_out(h)
        return velocity.masked_fill(asked.given[..., None], 0.0)

    def answers(self, x: Tensor, e: Tensor, t: Tensor, asked: Asked, slots: Slots) -> Tensor:
        """``(B, N, K, a)`` what the edges are, the same from both ends of a pair; arguments as of `flow`."""
        h, edge = self._heard(x, e, t, asked, slots)
        here, there = self.to_edge(self.norm_out(h)).chunk(2, -1)
        answers: Tensor = self.edge_out(here[:, :, None] + slots.nodes(there.contiguous()) + self.edge_to_out(edge))
        return slots.both_ways(answers)

    def _heard(self, x: Tensor, e: Tensor, t: Tensor, asked: Asked, slots: Slots) -> tuple[Tensor, Tensor]:
        """Nodes ``(B, N, d)`` and slots ``(B, N, K, d_e)`` after all layers."""
        unit, length = asked.scale[:, None, None], asked.length[:, None, None]
        apart = slots.nodes(x) - x[:, :, None]
        distance = apart.square().sum(-1).add(1e-8 * unit.square()).sqrt()  # (B, N, K)
        ratio = (distance / length + 0.05).log()
        # What a request asks for against what there is so far, on the mean over all nodes.
        some = slots.real.any(-1).to(x).sum(1).clamp_min(1)
        present = (e[..., 0] + t[:, 1, None, None]) * slots.real / 2
        here = present.sum((1, 2)) / some
        nearest = [(ratio[..., k] * slots.real[..., k]).sum(1) / some for k in (0, min(2, ratio.shape[-1] - 1))]
        excess = here - t[:, 1] * asked.degree
        longer = (present * distance).sum((1, 2)) / some / asked.length - here
        feedback = torch.stack([*nearest, excess, longer, asked.given.to(x).sum(1) / some], -1)
        condition = self.condition(torch.cat([asked.condition, fourier(t, self.width).flatten(1), feedback], -1))
        reach = asked.half_box.norm(dim=-1)[:, None, None]
        given = asked.given[..., None].to(x)
        h = self.node_in(torch.cat([x / unit, (asked.half_box[:, None] - x.abs()) / unit, x / reach, given], -1))
        ranks = torch.linspace(0, 1, self.slots, device=x.device, dtype=x.dtype)[: distance.shape[-1]]
        both = given * slots.nodes(given).squeeze(-1)
        seen = [distance / unit, ratio, ranks.expand_as(distance), both]
        seen.append((distance / unit + 0.05).log())
        edge = self.edge_in(torch.cat([apart / unit[..., None], torch.stack(seen, -1), e], -1))
        near = slots.first(self.attended)
        heard, rest = edge[:, :, : self.attended], edge[:, :, self.attended :]
        for block in self.blocks:
            h, heard = block(h, heard, condition, near)
        return h, torch.cat([heard, rest], 2)
