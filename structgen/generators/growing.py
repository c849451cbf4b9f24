"""A web as it grows: what the autoregressive network is told of each node, each pair, and what is left to do.

Places count from the origin, place 0, which stands before the first node. With ``place`` given a method answers for it
alone, as of when it was the last; otherwise for all places at once, each as of when it was the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from structgen.generators.batches import CATEGORIES, Request


@dataclass
class Growing:
    """Webs that grow side by side.

    pos ``(B, T, 3)`` mm; kind, radius ``(B, T, T)`` symmetric; parent ``(B, T)``; degree ``(B, T, T)``: of the second
    place when the first was the last; h ``(B, T, d)``: what the network remembers.
    """

    request: Request
    drop: Tensor
    pos: Tensor
    kind: Tensor
    radius: Tensor
    parent: Tensor
    degree: Tensor
    h: Tensor

    @classmethod
    def of(cls, pos: Tensor, kind: Tensor, radius: Tensor, parent: Tensor, request: Request, drop: Tensor) -> Growing:
        """Grown webs."""
        degree = (kind > 0).float().cumsum(1)
        return cls(request, drop, pos, kind, radius, parent.clamp_min(0), degree, torch.empty(0))

    @classmethod
    def empty(cls, nodes: int, request: Request, drop: Tensor, width: int) -> Growing:
        """Room for ``nodes`` nodes, of which the network remembers ``width`` numbers each."""
        b, t = len(drop), nodes + 1
        square = torch.zeros(b, t, t)
        return cls(
            request, drop, torch.zeros(b, t, 3), square.long(), square, torch.zeros(b, t, dtype=torch.long),
            square.clone(), torch.zeros(b, t, width),
        )  # fmt: skip

    def put(self, place: int, point: Tensor, parent: Tensor) -> None:
        """The next node lies at ``point (B, 3)`` and is grown from ``parent (B,)``."""
        self.pos[:, place] = point
        self.parent[:, place] = parent

    def join(self, place: int, kind: Tensor, radius: Tensor) -> None:
        """Its edges: categories and log radii ``(B, place)`` of its pairs with what is there."""
        self.kind[:, place, :place] = self.kind[:, :place, place] = kind
        self.radius[:, place, :place] = self.radius[:, :place, place] = radius * (kind > 0)
        edge = (kind > 0).float()
        self.degree[:, place] = self.degree[:, place - 1]
        self.degree[:, place, :place] += edge
        self.degree[:, place, place] = edge.sum(-1)

    def node_features(self, place: int | None = None) -> Tensor:
        """``(B, T, NODE_FEATURES)`` or ``(B, 1, NODE_FEATURES)``."""
        last = self.pos.shape[1] - 1 if place is None else place
        at = slice(0, last + 1) if place is None else slice(place, place + 1)
        request, unit = self.request, self.request.scale[:, None]
        pos, half = self.pos[:, : last + 1], request.half_box[:, None]
        rows = self.kind[:, : last + 1, : last + 1].tril()
        start = pos.gather(1, self.parent[:, : last + 1, None].expand(-1, -1, 3))
        apart = pos[:, :, None] - pos[:, None]
        thread = (apart.square().sum(-1).sqrt() * (rows > 0)).sum(-1).cumsum(1)
        edges = (rows > 0).sum(-1).float()

        known = (~self.drop).float()[:, None]
        placed = torch.arange(last + 1, device=pos.device)
        nodes_left = (request.nodes[:, None] - placed).clamp_min(0)
        wanted = (request.mean_degree * request.nodes / 2).round()[:, None]
        edges_left = (wanted - edges.cumsum(1)).clamp_min(-8)
        thread_left = (request.mean_edge_length[:, None] * wanted - thread) / edges_left.clamp_min(1)
        budget = [
            (nodes_left + 1).log() - 2,
            placed / request.nodes[:, None],
            known * (edges_left / (nodes_left + 0.5)).clamp(-1, 5),
            known * (edges_left.clamp_min(0) + 1).log(),
            known * (thread_left / unit).clamp(-2, 6),
        ]
        low = half + pos.cummin(1).values.clamp_max(0)
        high = half - pos.cummax(1).values.clamp_min(0)
        box = request.half_box.norm(dim=-1)[:, None, None]
        unit = unit[..., None]
        columns = [
            pos / unit, (half + pos) / unit, (half - pos) / unit, pos / box, (pos - start) / unit, edges[..., None],
            torch.stack(budget, -1), low / unit, high / unit, low / box, high / box,
        ]  # fmt: skip
        kinds = one_hot(rows[:, at], CATEGORIES).sum(-2).float()
        kinds[..., 0] = 0
        return torch.cat([torch.cat(columns, -1)[:, at], kinds], -1)

    def pair_features(self, place: int | None = None) -> Tensor:
        """``(B, T, T, PAIR_FEATURES)`` or ``(B, 1, place + 1, PAIR_FEATURES)``."""
        last = self.pos.shape[1] - 1 if place is None else place
        at = slice(0, last + 1) if place is None else slice(place, place + 1)
        columns = self._seen(self.pos[:, at], last, at)
        return torch.cat([*columns, self.radius[:, at, : last + 1, None]], -1)

    def candidate_features(self, place: int | None = None) -> Tensor:
        """Of the node after each place with the places up to it: ``(B, T - 1, T - 1, PAIR_FEATURES)``, or for one."""
        last = self.pos.shape[1] - 2 if place is None else place
        at = slice(0, last + 1) if place is None else slice(place, place + 1)
        columns = self._seen(self.pos[:, at.start + 1 : at.stop + 1], last, at)
        places = torch.arange(last + 1, device=self.pos.device)
        barred = (places > places[at, None]) | ((places == 0) & (places[at, None] > 0))
        distance = columns[1][..., 0]
        nearest = distance.masked_fill(barred, torch.inf).min(-1, keepdim=True).values
        relative = ((distance + 0.02) / (nearest + 0.02)).clamp(0.1, 50).log()
        return torch.cat([*columns, relative[..., None]], -1)

    def _seen(self, pos: Tensor, last: int, at: slice) -> list[Tensor]:
        """What is alike for both: from ``pos (B, Q, 3)`` the places up to ``last``, of degree as of ``at``."""
        apart = (self.pos[:, None, : last + 1] - pos[:, :, None]) / self.request.scale[:, None, None, None]
        distance = (apart.square().sum(-1, keepdim=True) + 1e-8).sqrt()
        degree = self.degree[:, at, : last + 1, None]
        places = torch.arange(last + 1, device=pos.device)
        age = ((places[at, None] - places).clamp_min(0) + 1).log()[None, :, :, None].expand_as(distance) / 4
        return [apart, distance, (distance + 0.05).log(), degree / 4, (degree == 1).float(), age]
