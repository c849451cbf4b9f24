"""Webs and requests as padded tensors, the form in which networks see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from structgen.generators.flows import box_noise, matched, signed_permutations
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Length of the condition vector made by `Request.condition`.
CONDITIONS = 7


@dataclass(frozen=True)
class Request:
    """What a batch of webs is asked for, without padding: one row a web.

    nodes ``(B,)``; mean_degree ``(B,)``; mean_edge_length ``(B,)`` and half_box ``(B, 3)`` in mm.
    """

    nodes: Tensor
    mean_degree: Tensor
    mean_edge_length: Tensor
    half_box: Tensor

    @classmethod
    def of(cls, targets: Sequence[DesignTargets]) -> Request:
        """From complete targets."""
        rows = torch.tensor(np.array([t.as_array() for t in targets]), dtype=torch.float32)
        return cls(rows[:, 4], rows[:, 6], rows[:, 0], rows[:, 1:4] / 2)

    @property
    def scale(self) -> Tensor:
        """``(B,)`` node spacing to be expected from box and count alone, mm."""
        spacing: Tensor = 2 * self.half_box.norm(dim=1) / self.nodes ** (1 / 3)
        return spacing

    def condition(self, drop: Tensor | None = None) -> Tensor:
        """``(B, 7)`` numbers of order one; where ``drop (B,)`` holds, length and degree are unknown.

        Node count and box are always known: they set the number of points and the noise.
        """
        known = torch.ones_like(self.nodes) if drop is None else (~drop).to(self.nodes)
        length = (self.mean_edge_length / self.scale).log() + 1.0
        shape = self.half_box / self.half_box.norm(dim=1, keepdim=True) - 0.55
        columns = [(self.nodes / 32).log(), (self.mean_degree - 2.7) * known, 2 * length * known, known]
        return torch.cat([torch.stack(columns, 1), 3 * shape], 1)

    def to(self, device: torch.device) -> Request:
        """The same on ``device``."""
        return Request(*(getattr(self, f.name).to(device) for f in fields(self)))


@dataclass(frozen=True)
class Batch:
    """Webs to learn from.

    pos, noise ``(B, N, 3)`` mm; mask ``(B, N)`` of the nodes that are no padding; states ``(B, N, N, 2)``: bit +-1 and
    log of the radius over its median.
    """

    request: Request
    pos: Tensor
    noise: Tensor
    mask: Tensor
    states: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on ``device``."""
        return Batch(self.request.to(device), *(getattr(self, f.name).to(device) for f in fields(self)[1:]))


def batch_of(webs: Sequence[WebGraph], rng: np.random.Generator, augment: bool = True) -> Batch:
    """Webs, each centred on its box and turned by a random one of the 48 symmetries, with matched noise."""
    turns = signed_permutations()
    count, most = len(webs), max(web.n for web in webs)
    pos, noise = np.zeros((count, most, 3)), np.zeros((count, most, 3))
    mask = np.zeros((count, most), bool)
    states = np.zeros((count, most, most, 2))
    states[..., 0] = -1
    targets = []
    for b, web in enumerate(webs):
        if augment:
            web = web.rotated(turns[rng.integers(len(turns))])
        centre = (web.pos.min(0) + web.pos.max(0)) / 2
        pos[b, : web.n] = web.pos - centre
        noise[b, : web.n] = matched(box_noise(web.extents, web.n, rng), pos[b, : web.n])
        mask[b, : web.n] = True
        i, j = web.edge_index
        edge = np.column_stack([np.ones(web.m), np.log(web.radius / np.median(web.radius))])
        states[b, i, j] = states[b, j, i] = edge
        targets.append(DesignTargets.measure(web))
    pos_, noise_, states_ = (torch.tensor(a, dtype=torch.float32) for a in (pos, noise, states))
    return Batch(Request.of(targets), pos_, noise_, torch.tensor(mask), states_)


def padded_noise(
    targets: Sequence[DesignTargets], rngs: Sequence[np.random.Generator]
) -> tuple[Tensor, Tensor, Tensor]:
    """Noise to sample from, each web's from its own generator: positions, mask ``(B, N)``, states ``(B, N, N, 2)``."""
    sizes = [t.nodes or 0 for t in targets]
    count, most = len(sizes), max(sizes)
    pos, mask = np.zeros((count, most, 3)), np.zeros((count, most), bool)
    states = np.zeros((count, most, most, 2))
    for b, (target, n, rng) in enumerate(zip(targets, sizes, rngs, strict=True)):
        pos[b, :n] = box_noise(target.extents or (), n, rng)
        mask[b, :n] = True
        upper = np.triu(rng.standard_normal((2, n, n)), 1)
        states[b, :n, :n] = (upper + upper.transpose(0, 2, 1)).transpose(1, 2, 0)
    return torch.tensor(pos, dtype=torch.float32), torch.tensor(mask), torch.tensor(states, dtype=torch.float32)


def nearest(pos: Tensor, mask: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` nearest other nodes of each node, nearest first: numbers ``(B, N, K)`` and which of them exist.

    K is at most N - 1. ``pos (B, N, 3)``, ``mask (B, N)``.
    """
    distance = torch.cdist(pos, pos).masked_fill(~mask[:, None, :], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    found = distance.topk(min(count, pos.shape[1] - 1), dim=-1, largest=False)
    real = torch.isfinite(found.values) & mask[:, :, None]
    return found.indices, real
