"""A web as it grows: what the autoregressive network is told of each node, each pair, and what is left to do.

Places count from the origin, place 0, which stands before the first node. Methods answer for the places of a slice
``at``, each as of when it was the last; ``Q`` of them, and ``T`` up to the end of the slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from structgen.generators.batches import CATEGORIES, Request

#: Mean edge length in node spacings of most webs: they do not fill their box.
TYPICAL = 0.25
#: In a quadratic form mixed products count twice.
MIXED = torch.tensor([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


@dataclass
class Growing:
    """Webs that grow side by side.

    unit ``(B,)`` mm: lengths are told in it; blur ``(B,)``: how far places may be off, in that unit; pos ``(B, T, 3)``
    mm; kind, radius ``(B, T, T)`` symmetric; parent ``(B, T)``; degree ``(B, T, T)``: of the second place when the
    first was the last; pull ``(B, T, T, 3)``: likewise the sum of the unit vectors u along its edges, 0 in equilibrium
    under like tensions; moment ``(B, T, T, 6)``: the sum of u u', see `_squares`; edges, thread ``(B, T)``: number and
    summed length (mm) of the edges when the place was the last.
    """

    request: Request
    drop: Tensor
    unit: Tensor
    blur: Tensor
    pos: Tensor
    kind: Tensor
    radius: Tensor
    parent: Tensor
    degree: Tensor
    pull: Tensor
    moment: Tensor
    edges: Tensor
    thread: Tensor

    @classmethod
    def of(
        cls, pos: Tensor, kind: Tensor, radius: Tensor, parent: Tensor, request: Request, drop: Tensor, blur: Tensor
    ) -> Growing:
        """Grown webs."""
        edge, unit = (kind > 0).float(), unit_of(request, drop)
        apart = pos[:, :, None] - pos[:, None]
        along = edge[..., None] * direction(apart)
        parent, degree, moment = parent.clamp_min(0), edge.cumsum(1), _squares(along).cumsum(1)
        earlier = edge.tril()
        edges, thread = (row.sum(-1).cumsum(1) for row in (earlier, earlier * apart.norm(dim=-1)))
        return cls(
            request, drop, unit, blur, pos, kind, radius, parent, degree, along.cumsum(1), moment, edges, thread
        )  # fmt: skip

    def node_features(self, at: slice) -> Tensor:
        """``(B, Q, NODE_FEATURES)``."""
        request, unit = self.request, self.unit[:, None]
        pos, half = self.pos[:, : at.stop], request.half_box[:, None]
        here, placed = pos[:, at], torch.arange(at.start, at.stop, device=pos.device)
        start = pos.gather(1, self.parent[:, at, None].expand(-1, -1, 3))
        later = torch.arange(at.stop, device=pos.device) > placed[:, None]
        kinds = one_hot(self.kind[:, at, : at.stop].masked_fill(later, 0), CATEGORIES).sum(-2).float()
        kinds[..., 0] = 0
        edges = kinds.sum(-1)

        known = (~self.drop).float()[:, None]
        nodes_left = (request.nodes[:, None] - placed).clamp_min(0)
        wanted = (request.mean_degree * request.nodes / 2).round()[:, None]
        edges_left = (wanted - self.edges[:, at]).clamp_min(-8)
        thread_left = (request.mean_edge_length[:, None] * wanted - self.thread[:, at]) / edges_left.clamp_min(1)
        budget = [
            (nodes_left + 1).log() - 2,
            placed / request.nodes[:, None],
            known * (edges_left / (nodes_left + 0.5)).clamp(-1, 5),
            known * (edges_left.clamp_min(0) + 1).log(),
            known * (thread_left / unit - 1).clamp(-2, 4),
            self.blur[:, None].expand_as(edges),
        ]
        low = half + pos.cummin(1).values[:, at].clamp_max(0)
        high = half - pos.cummax(1).values[:, at].clamp_min(0)
        box = request.half_box.norm(dim=-1)[:, None, None]
        unit = unit[..., None]
        columns = [
            here / unit, (half + here) / unit, (half - here) / unit, here / box, (here - start) / unit,
            edges[..., None], torch.stack(budget, -1), low / unit, high / unit, low / box, high / box, kinds,
        ]  # fmt: skip
        return torch.cat(columns, -1)

    def pair_features(self, at: slice) -> Tensor:
        """``(B, Q, T, PAIR_FEATURES)``."""
        return torch.cat([*self._seen(self.pos[:, at], at), self.radius[:, at, : at.stop, None]], -1)

    def candidate_features(self, pos: Tensor, parent: Tensor, at: slice) -> Tensor:
        """``(B, Q, T, CANDIDATE_FEATURES)`` of the node that comes after each place, at ``pos (B, Q, 3)``, grown from
        ``parent (B, Q)``.
        """
        columns = self._seen(pos, at)
        distance = columns[1][..., 0]
        away = barred(at, pos.device)
        nearest = distance.masked_fill(away, torch.inf).min(-1, keepdim=True).values
        relative = ((distance + 0.02) / (nearest + 0.02)).clamp(0.1, 50).log()
        # Where the edge would close a triangle, or a mesh of four.
        edge = (self.kind[:, : at.stop, : at.stop] > 0).float()
        joined = edge.gather(1, parent[..., None].expand(-1, -1, at.stop)).masked_fill(away, 0)
        shared = ((joined @ edge).masked_fill(away, 0) > 0).float()
        back = self.pos.gather(1, parent[..., None].expand(-1, -1, 3)) - pos
        turn = (direction(columns[0]) * direction(back)[:, :, None]).sum(-1)
        return torch.cat([*columns, torch.stack([relative, joined, shared, turn], -1)], -1)

    def _seen(self, pos: Tensor, at: slice) -> list[Tensor]:
        """What is alike for both: the places as they are seen from ``pos (B, Q, 3)``."""
        apart = (self.pos[:, None, : at.stop] - pos[:, :, None]) / self.unit[:, None, None, None]
        distance = (apart.square().sum(-1, keepdim=True) + 1e-8).sqrt()
        degree = self.degree[:, at, : at.stop, None]
        places = torch.arange(at.stop, device=pos.device)
        age = ((places[at, None] - places).clamp_min(0) + 1).log()[None, :, :, None].expand_as(distance) / 4
        pull = self.pull[:, at, : at.stop]
        towards = -(pull * apart).sum(-1, keepdim=True) / distance
        # The sum of the squared cosines of the angles that an edge would have with those that are there.
        along = (self.moment[:, at, : at.stop] * _squares(apart / distance) * MIXED.to(apart)).sum(-1, keepdim=True)
        one = (degree == 1).float()
        return [apart / 2, distance / 2, (distance + 0.1).log(), degree / 4, one, age, pull, towards, along]


def direction(apart: Tensor) -> Tensor:
    """Unit vectors of ``apart (..., 3)``, 0 of what is 0."""
    return apart / (apart.square().sum(-1, keepdim=True) + 1e-12).sqrt()


def _squares(u: Tensor) -> Tensor:
    """``(..., 6)`` the products of components of ``u (..., 3)``: xx, yy, zz, xy, xz, yz."""
    return torch.cat([u.square(), u[..., :1] * u[..., 1:], u[..., 1:2] * u[..., 2:]], -1)


def barred(at: slice, device: torch.device) -> Tensor:
    """``(Q, T)`` the places that the node after a place cannot join: later ones, and the origin but for the first."""
    places = torch.arange(at.stop, device=device)
    last = places[at, None]
    return (places > last) | ((places == 0) & (last > 0))


def unit_of(request: Request, drop: Tensor) -> Tensor:
    """``(B,)`` mm: the mean edge length asked for; where it is hidden what is typical of the node spacing."""
    return torch.where(drop, TYPICAL * request.scale, request.mean_edge_length)
