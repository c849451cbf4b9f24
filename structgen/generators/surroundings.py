"""What lies around the node that a web grows from, seen in a frame of its own threads.

Threads run on straight, and meet in planes, whichever way a web is turned: in a frame along the thread that leads to a
node this is the same everywhere, and need not be learned anew for each direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad

from structgen.generators.batches import CATEGORIES
from structgen.generators.growing import Growing, barred, direction
from structgen.generators.nets_causal import NEAREST, NEIGHBOURS

#: Least sine of the angle between the first two axes of a frame, where there is a choice.
SKEW = 0.3
#: Lengths beyond so many units look more and more alike.
FAR = 4.0


@dataclass(frozen=True)
class Surroundings:
    """features ``(B, M, SURROUNDINGS)``; frame ``(B, M, 3, 3)``: its rows are unit vectors at right angles."""

    features: Tensor
    frame: Tensor

    def into(self, vectors: Tensor) -> Tensor:
        """``vectors (B, M, ..., 3)`` in the frame. Not a matrix product, lest autocast round it."""
        frame = self.frame.view(*self.frame.shape[:2], *[1] * (vectors.dim() - 3), 3, 3)
        return (frame * vectors[..., None, :]).sum(-1)


def surroundings(web: Growing, parent: Tensor, at: slice) -> Surroundings:
    """Of the places ``parent (B, M)``, as of the M places ``at``, or of the one place if there is one.

    Its latest neighbours, and the nearest others: where they lie, their degrees, the silk of the threads, which are
    neighbours of its neighbours; centre of the box, the first node, the last, its pull; room to the walls.
    """
    count = at.stop
    pos, unit = web.pos[:, :count], web.unit[:, None, None]
    places = torch.arange(count, device=pos.device)
    here = _take(pos, parent)
    away = (pos[:, None] - here[:, :, None]) / unit[..., None]
    other = ~barred(at, pos.device) & (places > 0) & (places != parent[..., None])
    kinds = web.kind[:, :count, :count]
    kind = kinds.gather(1, parent[..., None].expand(-1, -1, count)) * other
    joined = kind > 0
    second = (joined.float() @ (kinds > 0).float() > 0) & other & ~joined

    latest = torch.where(joined, places, -1).topk(min(NEIGHBOURS, count), dim=-1).values
    latest = pad(latest, (0, NEIGHBOURS - latest.shape[-1]), value=-1)
    latest = torch.where(latest < 0, count, latest).sort(-1).values
    distance = away.square().sum(-1).masked_fill(~other | joined, torch.inf)
    near = distance.topk(min(NEAREST, count), dim=-1, largest=False)
    near_places = pad(
        torch.where(near.values.isinf(), count, near.indices), (0, NEAREST - near.indices.shape[-1]), value=count
    )
    chosen = torch.cat([latest, near_places], -1)
    there = chosen < count
    chosen = chosen.clamp_max(count - 1)
    apart = away.gather(2, chosen[..., None].expand(-1, -1, -1, 3)) * there[..., None]

    frame = _frame(direction(apart))
    seen = Surroundings(torch.empty(0), frame)
    local = seen.into(apart)
    degree = web.degree[:, at, :count].expand(-1, parent.shape[1], -1).gather(2, chosen) * there
    silk = one_hot(kind.gather(2, chosen[..., :NEIGHBOURS]) * there[..., :NEIGHBOURS], CATEGORIES).float()
    last = torch.arange(at.start, count, device=pos.device)
    pull = web.pull[:, at].expand(-1, parent.shape[1], -1, -1)
    pull = pull.gather(2, parent[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]
    marks = torch.stack([-here / unit, _to(away, last.clamp_max(1)), _to(away, last), pull], 2)
    half = web.request.half_box[:, None]
    columns = [
        _squashed(local).flatten(2), direction(local).flatten(2), there.float(), degree / 4, silk.flatten(2),
        (second.gather(2, chosen[..., NEIGHBOURS:]) & there[..., NEIGHBOURS:]).float(),
        _squashed(seen.into(marks)).flatten(2), _room(here, half, frame, unit), frame.flatten(2),
    ]  # fmt: skip
    return Surroundings(torch.cat(columns, -1), frame)


def _take(pos: Tensor, index: Tensor) -> Tensor:
    return pos.gather(1, index[..., None].expand(-1, -1, 3))


def _to(away: Tensor, places: Tensor) -> Tensor:
    """``(B, M, 3)`` of ``away (B, M, T, 3)`` those to ``places (M,)``, or to the one place."""
    index = places.expand(away.shape[1])[None, :, None, None].expand(len(away), -1, 1, 3)
    return away.gather(2, index)[:, :, 0]


def _frame(towards: Tensor) -> Tensor:
    """``(B, M, 3, 3)`` axes: the first of the unit vectors ``towards (B, M, K, 3)``, the part of the next one that is
    at right angles to it, and their cross product. What is missing is taken from the axes of space.
    """
    x, y = torch.eye(3, device=towards.device)[:2]
    none = towards[..., :NEIGHBOURS, :].square().sum((-1, -2)) == 0
    first = torch.where(none[..., None], x, towards[..., 0, :])
    across = towards - (towards * first[..., None, :]).sum(-1, keepdim=True) * first[..., None, :]
    sine = across.norm(dim=-1)
    order = torch.arange(sine.shape[-1], 0, -1, device=sine.device)
    pick = (sine + order * (sine > SKEW)).argmax(-1)[..., None]
    chosen = across.gather(2, pick[..., None].expand(-1, -1, 1, 3))[:, :, 0]
    # Of the axes of space the one that is most nearly at right angles.
    least = first.abs().argmin(-1)
    spare = torch.eye(3, device=towards.device)[least]
    spare = spare - (spare * first).sum(-1, keepdim=True) * first
    usable = (sine.gather(-1, pick) > 0.01) & ~none[..., None]
    second = torch.where(usable, chosen, torch.where(none[..., None], y, spare))
    second = second / second.norm(dim=-1, keepdim=True)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -2)


def _squashed(vectors: Tensor) -> Tensor:
    squashed: Tensor = vectors / (1 + vectors.norm(dim=-1, keepdim=True) / FAR)
    return squashed


def _room(here: Tensor, half: Tensor, frame: Tensor, unit: Tensor) -> Tensor:
    """``(B, M, 6)`` how far it is to the walls of the box along the axes of the frame, both ways."""
    both = torch.cat([frame, -frame], -2)
    free = torch.where(both > 0, half[..., None, :] - here[..., None, :], half[..., None, :] + here[..., None, :])
    ways = free.clamp_min(0) / both.abs().clamp_min(1e-3)
    room: Tensor = (ways.amin(-1) / unit).clamp(0, 50).log1p()
    return room
