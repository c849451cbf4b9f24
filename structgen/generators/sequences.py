"""Webs as the sequences that the autoregressive model reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from structgen.generators.batches import Request, category, padded, relative_radius
from structgen.generators.decode import Proposal
from structgen.generators.growing import unit_of
from structgen.generators.model import Ask
from structgen.generators.orders import growth_order, parents
from structgen.generators.rows import CERTAIN
from structgen.generators.styles import STYLE
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sequences:
    """Webs in growth order, with a place for the origin before the first node: T = N + 1 places.

    pos ``(B, T, 3)`` mm; seen: the same, each place off by about blur ``(B,)`` units of length; mask ``(B, T)`` of
    places that are no padding; parent ``(B, T)`` the place that a node is grown from; kind, radius ``(B, T, T)`` as in
    `batches.Batch`; drop ``(B,)`` where length and degree are hidden; style ``(B, STYLE + 1)`` as of `Styles.told`.
    """

    request: Request
    pos: Tensor
    seen: Tensor
    blur: Tensor
    mask: Tensor
    parent: Tensor
    kind: Tensor
    radius: Tensor
    drop: Tensor
    style: Tensor

    def to(self, device: torch.device) -> Sequences:
        """The same on ``device``."""
        return Sequences(self.request.to(device), *(getattr(self, f.name).to(device) for f in fields(self)[1:]))

    def blurred(self, blur: Tensor, noise: Tensor) -> Sequences:
        """What is seen off by ``noise (B, T, 3)`` times ``blur (B,)`` units, at most a tenth of half the box."""
        unit = unit_of(self.request, self.drop)
        most = torch.minimum((blur * unit)[:, None], 0.1 * self.request.half_box)
        off = noise * most[:, None] * self.mask[..., None]
        off[:, 0] = 0  # the origin is where it is
        return replace(self, seen=self.pos + off, blur=blur)


def sequences(webs: Sequence[WebGraph], drop: npt.NDArray[np.bool_]) -> Sequences:
    """Webs whose nodes are in growth order, padded, of hidden style; the origin comes before the first node."""
    pos, mask, kind, radius = padded(webs)
    b, n = mask.shape
    parent = torch.full((b, n + 1), -1)
    for k, web in enumerate(webs):
        # -1, no earlier neighbour, becomes 0: the place of the origin.
        parent[k, 1 : web.n + 1] = torch.tensor(parents(web)) + 1
    return Sequences(
        Request.of([DesignTargets.measure(web) for web in webs]), pad(pos, (0, 0, 1, 0)), pad(pos, (0, 0, 1, 0)),
        torch.zeros(b), pad(mask, (1, 0), value=True), parent, pad(kind, (1, 0, 1, 0)), pad(radius, (1, 0, 1, 0)),
        torch.tensor(drop), torch.zeros(b, STYLE + 1),
    )  # fmt: skip


@dataclass(frozen=True)
class Given:
    """Nodes that are given, in the order in which they are read: count ``(B,)``, pos ``(B, N, 3)``, parent ``(B, N)``
    and kind ``(B, N, N + 1)`` of pairs with earlier places; order: of each web the number of each node read.
    """

    count: Tensor
    pos: Tensor
    parent: Tensor
    kind: Tensor
    order: list[npt.NDArray[np.int64]]


def given_nodes(asks: Sequence[Ask], most: int) -> Given:
    """Known webs are read from the node farthest from the region on: what lies near it is fresh in mind."""
    count = torch.tensor([ask.known.n if ask.known else 0 for ask in asks])
    pos, parent = torch.zeros(len(asks), most, 3), torch.zeros(len(asks), most, dtype=torch.long)
    kind = torch.zeros(len(asks), most, most + 1, dtype=torch.long)
    orders = []
    for b, ask in enumerate(asks):
        order = np.arange(0)
        if ask.known is not None and ask.region is not None:
            far = np.linalg.norm(ask.known.pos - np.clip(ask.known.pos, *ask.region), axis=1)
            order = growth_order(ask.known, int(far.argmax()))
            web = ask.known.subweb(order)
            pos[b, : web.n] = torch.tensor(web.pos.copy())
            parent[b, : web.n] = torch.tensor(parents(web)) + 1
            i, j = web.edge_index
            kind[b, j.copy(), i + 1] = torch.tensor(category(web.kind))
        orders.append(order)
    return Given(count, pos, parent, kind, orders)


def proposal(
    ask: Ask, n: int, order: npt.NDArray[np.int64], pos: FloatArray, score: FloatArray, silk: npt.NDArray[np.int64],
    thick: FloatArray,
) -> Proposal:  # fmt: skip
    """From arrays over places; given nodes go back to their own numbers, and their edges come first."""
    known = len(order)
    number = np.concatenate([order, np.arange(known, n)])
    i, j = np.triu_indices(n, 1)
    place = np.empty(n, np.int64)
    place[number] = np.arange(n)
    earlier, later = np.minimum(place[i], place[j]) + 1, np.maximum(place[i], place[j]) + 1
    odds, kind, log_radius = (value[later, earlier] for value in (score, silk, thick))
    point = np.empty((n, 3))
    point[number] = pos[1 : n + 1]
    if ask.known is None:
        return Proposal(point, np.column_stack([i, j]), odds, kind, log_radius)
    point[:known] = ask.known.pos
    free = j >= known
    web = ask.known
    return Proposal(
        point, np.concatenate([web.edge_index.T, np.column_stack([i, j])[free]]),
        np.concatenate([np.full(web.m, CERTAIN), odds[free]]), np.concatenate([web.kind, kind[free]]),
        np.concatenate([relative_radius(web), log_radius[free]]), known, web.m,
    )  # fmt: skip
