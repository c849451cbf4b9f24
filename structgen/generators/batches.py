"""Webs and requests as padded tensors, the form in which networks see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from structgen.generators.flows import box_noise, matched, signed_permutations
from structgen.generators.model import Ask
from structgen.targets import DesignTargets
from structgen.web import KINDS, WebGraph

FloatArray = npt.NDArray[np.float64]

#: Length of the condition vector made by `Request.condition`.
CONDITIONS = 7
#: What may be between two nodes: nothing, or an edge of one of the silk kinds.
CATEGORIES = 1 + len(KINDS)


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
    """Webs to learn a flow from.

    pos, noise ``(B, N, 3)`` mm; mask ``(B, N)`` of the nodes that are no padding; known ``(B, N)`` of those that are
    given (their noise is their place); kind ``(B, N, N)`` 0 for no edge, else 1 + silk kind; radius ``(B, N, N)`` log
    of the radius over its median, 0 for no edge; noise beyond the places: draws ``(B, d)`` standard normal numbers.
    """

    request: Request
    pos: Tensor
    noise: Tensor
    mask: Tensor
    known: Tensor
    kind: Tensor
    radius: Tensor
    draws: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on ``device``."""
        return Batch(self.request.to(device), *(getattr(self, f.name).to(device) for f in fields(self)[1:]))


def batch_of(
    webs: Sequence[WebGraph],
    rng: np.random.Generator,
    draws: Callable[[int], int] = lambda nodes: 4,
    given: float = 0.25,
    augment: bool = True,
) -> Batch:
    """Webs, each centred on its box and turned by a random one of the 48 symmetries, with matched noise.

    draws: how many further random numbers a web needs in a batch of so many nodes a web. given: share of webs of which
    the nodes on one side of a plane are known, from which a model learns to extend a web.
    """
    turned = [centred(web, rng, augment) for web in webs]
    count, most = len(webs), max(web.n for web in webs)
    noise, known = np.zeros((count, most, 3)), np.zeros((count, most), bool)
    for b, web in enumerate(turned):
        if rng.random() < given:
            known[b, : web.n] = one_side(web.pos, rng)
        new = ~known[b, : web.n]
        noise[b, : web.n] = web.pos
        # Of all of a web the box is the one asked for, of a part of it the part's own.
        low, high = web.pos[new].min(0), web.pos[new].max(0)
        places = (low + high) / 2 + box_noise(high - low, int(new.sum()), rng)
        noise[b, : web.n][new] = matched(places, web.pos[new])
    pos, mask, kind, radius = padded(turned)
    return Batch(
        Request.of([DesignTargets.measure(web) for web in turned]), pos, torch.tensor(noise, dtype=torch.float32),
        mask, torch.tensor(known), kind, radius,
        torch.tensor(rng.standard_normal((count, draws(most))), dtype=torch.float32),
    )  # fmt: skip


def centred(web: WebGraph, rng: np.random.Generator, augment: bool = True) -> WebGraph:
    """``web`` turned by a random one of the 48 symmetries, its box centred on the origin."""
    if augment:
        turns = signed_permutations()
        web = web.rotated(turns[rng.integers(len(turns))])
    return web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)


def one_side(pos: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """``(n,)`` the 20 to 80 % of the nodes that lie on one side of a plane in a random direction."""
    along = pos @ rng.standard_normal(3)
    count = int(np.clip(round(rng.uniform(0.2, 0.8) * len(pos)), 1, len(pos) - 1))
    side = np.zeros(len(pos), bool)
    side[np.argsort(along, kind="stable")[:count]] = True
    return side


def padded(webs: Sequence[WebGraph]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Positions ``(B, N, 3)``, mask ``(B, N)``, kinds and log radii ``(B, N, N)`` as in `Batch`."""
    count, most = len(webs), max(web.n for web in webs)
    pos, mask = np.zeros((count, most, 3), np.float32), np.zeros((count, most), bool)
    kind, radius = np.zeros((count, most, most), np.int64), np.zeros((count, most, most), np.float32)
    for b, web in enumerate(webs):
        pos[b, : web.n] = web.pos
        mask[b, : web.n] = True
        if web.m:
            i, j = web.edge_index
            kind[b, i, j] = kind[b, j, i] = category(web.kind)
            radius[b, i, j] = radius[b, j, i] = relative_radius(web)
    return torch.tensor(pos), torch.tensor(mask), torch.tensor(kind), torch.tensor(radius)


def relative_radius(web: WebGraph) -> FloatArray:
    """``(m,)`` log of each strut's radius over the web's median."""
    ratio: FloatArray = np.log(web.radius / np.median(web.radius)) if web.m else np.zeros(0)
    return ratio


def category(kind: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1 + silk kind; kinds that have no name count as unspecified."""
    return 1 + np.where(kind < len(KINDS), kind, 0)


def placed_noise(asks: Sequence[Ask], rngs: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor, Tensor]:
    """Where sampling begins: places ``(B, N, 3)``, each web's from its own generator; masks of nodes and known ones."""
    sizes = [ask.target.nodes or 0 for ask in asks]
    count, most = len(sizes), max(sizes)
    pos, mask, known = np.zeros((count, most, 3)), np.zeros((count, most), bool), np.zeros((count, most), bool)
    for b, (ask, n, rng) in enumerate(zip(asks, sizes, rngs, strict=True)):
        given = ask.known.n if ask.known else 0
        mask[b, :n], known[b, :given] = True, True
        if ask.known:
            pos[b, :given] = ask.known.pos
        box = ask.corners
        pos[b, given:n] = box.mean(0) + box_noise(box[1] - box[0], n - given, rng)
    return torch.tensor(pos, dtype=torch.float32), torch.tensor(mask), torch.tensor(known)


def nearest(pos: Tensor, mask: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` nearest other nodes of each node, nearest first: numbers ``(B, N, K)`` and which of them exist.

    K is at most N - 1. ``pos (B, N, 3)``, ``mask (B, N)``.
    """
    distance = torch.cdist(pos, pos).masked_fill(~mask[:, None, :], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    found = distance.topk(min(count, pos.shape[1] - 1), dim=-1, largest=False)
    real = torch.isfinite(found.values) & mask[:, :, None]
    return found.indices, real
