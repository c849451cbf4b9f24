"""Global attention among all nodes of a mesh: one argument of the encoder, after the GPS recipe (Rampasek et al. 2022).

Every kind weighs nodes by the volume about them, so that a refined mesh attends as the coarse one does. Heads are
multiplied one by one: where NGSolve was imported before torch, its OpenBLAS answers for torch's batched products and
crashes the process.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FullAttention(nn.Module):
    """Softmax over all nodes, as in UM2N; time and memory grow with the square of their number."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, h: Tensor, volumes: Tensor) -> Tensor:
        """``(n, width)`` from ``h (n, width)`` and ``volumes (n,)``, sum 1."""
        q, k, v = (x.unflatten(1, (self.heads, -1)).transpose(0, 1) for x in self.project(h).chunk(3, dim=1))
        mask = volumes.clamp_min(1e-30).log().expand(len(h), -1)
        mixed = nn.functional.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=mask)[0]
        result: Tensor = self.out(mixed.transpose(0, 1).flatten(1))
        return result


class SliceAttention(nn.Module):
    """Nodes are shared out softly among slices, and these attend to each other (Transolver, Wu et al., ICML 2024)."""

    def __init__(self, width: int, heads: int, slices: int = 32) -> None:
        super().__init__()
        self.heads = heads
        self.assign = nn.Linear(width, heads * slices)
        self.value = nn.Linear(width, width, bias=False)
        self.project = nn.Linear(width // heads, 3 * (width // heads), bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, h: Tensor, volumes: Tensor) -> Tensor:
        """As `FullAttention.forward`."""
        weight = self.assign(h).unflatten(1, (self.heads, -1)).softmax(dim=2).flatten(1)
        # One product for all heads, of which each keeps its own part, is faster than a thin one for each.
        summed = (weight.T @ (self.value(h) * volumes[:, None])).unflatten(1, (self.heads, -1))
        own = torch.stack([part[:, head] for head, part in enumerate(summed.chunk(self.heads))])
        tokens = own / ((volumes @ weight).view(self.heads, -1, 1) + 1e-9)
        q, k, v = self.project(tokens).chunk(3, dim=2)
        mixed = nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]
        result: Tensor = self.out(weight @ torch.block_diag(*mixed))  # type: ignore[no-untyped-call]
        return result


class PerformerAttention(nn.Module):
    """Softmax attention by positive random features, of linear cost (Choromanski et al., ICLR 2021)."""

    features: Tensor

    def __init__(self, width: int, heads: int, features: int = 32) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        draws = torch.randn(width // heads, features, generator=torch.Generator().manual_seed(0))
        self.register_buffer("features", draws)

    def forward(self, h: Tensor, volumes: Tensor) -> Tensor:
        """As `FullAttention.forward`."""
        q, k, v = (x.unflatten(1, (self.heads, -1)) for x in self.project(h).chunk(3, dim=1))
        q, k = self._lifted(q), self._lifted(k) * volumes[:, None, None]
        scale = (q * k.sum(dim=0)).sum(dim=2) + 1e-9
        mixed = [a @ (b.T @ x) / s[:, None] for a, (b, x), s in zip(q.unbind(1), _heads(k, v), scale.T, strict=True)]
        result: Tensor = self.out(torch.cat(mixed, dim=1))
        return result

    def _lifted(self, x: Tensor) -> Tensor:
        x = x / math.sqrt(math.sqrt(x.shape[-1]))
        return (x @ self.features - x.square().sum(dim=-1, keepdim=True) / 2).clamp(-30, 30).exp()


class VirtualNode(nn.Module):
    """One node that hears all others and answers all the same."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, h: Tensor, volumes: Tensor) -> Tensor:
        """As `FullAttention.forward`."""
        result: Tensor = self.mix(volumes @ h).expand(len(h), -1)
        return result


def _heads(one: Tensor, other: Tensor) -> zip[tuple[Tensor, Tensor]]:
    """The heads of two tensors ``(n, heads, ...)``."""
    return zip(one.unbind(1), other.unbind(1), strict=True)


ATTENTIONS: dict[str, type[nn.Module]] = {
    "full": FullAttention,
    "slices": SliceAttention,
    "performer": PerformerAttention,
    "virtual-node": VirtualNode,
}
