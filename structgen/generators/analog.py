"""Model 1: sparse analog diffusion of webs.

Node positions flow from noise spread over the box asked for; then, over the nearest candidates of each node, analog
bits (T. Chen, R. Zhang, G. Hinton, ICLR 2023) for the edges, their silk kinds and their log radii flow from Gaussian
noise. One sparse graph transformer learns both flows, told by two times which of them runs. The idea of a sparse
neighbour representation is model 1 of W. Lu, N. A. Lee, M. J. Buehler, PNAS 120 (2023); there neighbour numbers are
regressed as real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, pad

from structgen.generators.batches import (
    CATEGORIES,
    CONDITIONS,
    Batch,
    Request,
    batch_of,
    category,
    nearest,
    placed_noise,
    relative_radius,
)
from structgen.generators.decode import Proposal
from structgen.generators.flows import interpolate, times, velocity
from structgen.generators.model import Ask, Config, WebGenerator
from structgen.generators.nets import Asked, Slots, SparseGraphTransformer
from structgen.generators.request import TrainingRange
from structgen.generators.samplers import euler
from structgen.sources.neighbourhoods import MAX_NODES
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Mean degree, and mean edge length over the expected spacing of nodes, that stand for what is not told.
TYPICAL_DEGREE, TYPICAL_LENGTH = 2.6, 0.37
#: Log radius is shown to the network times this, so that its spread is near one.
RADIUS_GAIN = 4.0
#: Bits of a silk kind; numbers of a noisy edge: existence, kind, log radius.
KIND_BITS = (CATEGORIES - 2).bit_length()
STATES = 2 + KIND_BITS
#: Score of an edge that is given, and of a pair listed only so that the candidates hang together.
SURE, LAST = 1e3, -20.0
#: Share of training webs whose edges are all noise, since every sampling begins there.
ALL_NOISE = 0.2
#: Edges are learned on positions as they come out of the flow from this time on, else on the data's.
ALMOST = 0.7


@dataclass(frozen=True)
class AnalogConfig(Config):
    """Sizes and limits of the model; stored with its weights.

    neighbours: nearest nodes that a node attends to. candidates: nearest nodes a node may be joined to, and one
    more for every 7 nodes of the web: 99.5 % of the edges of the default training set are among them.
    """

    width: int = 96
    edge_width: int = 16
    layers: int = 5
    heads: int = 4
    neighbours: int = 16
    candidates: int = 14

    LIMITS: ClassVar[dict[str, tuple[int, int]]] = Config.LIMITS | {
        "width": (2, 1024), "edge_width": (1, 1024), "layers": (1, 64), "heads": (1, 64), "neighbours": (1, 256),
        "candidates": (1, 256),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 or self.width % self.heads:
            raise ValueError(f"width is {self.width}, must be even and a multiple of heads, {self.heads}")

    def listed(self, nodes: int) -> int:
        """Candidates of a node in a web of so many nodes."""
        return self.candidates + min(nodes, MAX_NODES) // 7


class Analog(WebGenerator):
    """The sparse analog diffusion model."""

    name = "analog"
    config_type = AnalogConfig
    steps = 6
    #: Calls of the network for the edges.
    edge_steps: ClassVar[int] = 3

    def __init__(self, config: AnalogConfig, training_range: TrainingRange) -> None:
        super().__init__(config, training_range)
        slots = max(config.neighbours, config.listed(MAX_NODES))
        self.net = SparseGraphTransformer(
            CONDITIONS, STATES, 1 + (CATEGORIES - 1) + 1, slots, config.neighbours, config.width,
            config.edge_width, config.layers, config.heads,
        )  # fmt: skip

    def batch(self, webs: Sequence[WebGraph], rng: np.random.Generator) -> Batch:
        """Webs with matched noise for their nodes, and noise for their pairs."""
        return batch_of(webs, rng, lambda nodes: 4 + 3 * nodes + STATES * (nodes * (nodes - 1) // 2))

    # -- training --------------------------------------------------------------------------------

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses of a batch: ``total`` and its parts ``position``, ``edge``, ``kind``, ``radius``."""
        pos, mask, request = batch.pos, batch.mask, batch.request
        b, n, _ = pos.shape
        uniform = torch.special.ndtr(batch.draws[:, :4])
        jitter, noise = batch.draws[:, 4 : 4 + 3 * n], batch.draws[:, 4 + 3 * n :]
        asked = _asked(request, batch.known, uniform[:, 3] < self.config.drop_condition)
        unit = request.scale[:, None, None]

        t = uniform[:, 0]
        x = interpolate(batch.noise, pos, t)
        slots = self._slots(x, mask, None)
        given = _given(batch.known, slots)
        clean = _clean(batch, slots)
        flow = self.net.flow(x, clean * given[..., None], torch.stack([t, torch.zeros_like(t)], 1), asked, slots)
        moving = (mask & ~batch.known).float()[..., None]
        error = (flow - (pos - batch.noise) / unit).square()
        position = (error * moving).sum() / (3 * moving.sum()).clamp_min(1)

        # Edges are learned where the flow of positions arrives, or nearly does, not only where the data lie.
        arrived = x + (1 - t[:, None, None]) * unit * flow.detach().float()
        wide = 0.05 * uniform[:, 2, None, None] * unit * (request.half_box[:, None] > 0)
        jittered = pos + wide * jitter.reshape(b, n, 3) * moving
        x = torch.where((t > ALMOST)[:, None, None], _inside(arrived, request, batch.known), jittered)
        slots = self._slots(x, mask, request.nodes)
        given = _given(batch.known, slots)
        clean = _clean(batch, slots)
        t = ((uniform[:, 1] - ALL_NOISE) / (1 - ALL_NOISE)).clamp_min(0)
        state = interpolate(_on_slots(noise.reshape(b, -1, STATES), slots), clean, t)
        state = torch.where(given[..., None], clean, state)
        answers = self.net.answers(x, state, torch.stack([torch.ones_like(t), t], 1), asked, slots).float()
        weight = (slots.real & ~given).float()
        kind = batch.kind.gather(2, slots.candidates)
        is_edge = (kind > 0).float()
        edge = (binary_cross_entropy_with_logits(answers[..., 0], is_edge, reduction="none") * weight).sum()
        edge = edge / weight.sum().clamp_min(1)
        weight = weight * is_edge
        entropy = cross_entropy(answers[..., 1:-1].permute(0, 3, 1, 2), (kind - 1).clamp_min(0), reduction="none")
        silk = (entropy * weight).sum() / weight.sum().clamp_min(1)
        thick = ((answers[..., -1] - clean[..., -1]).square() * weight).sum() / weight.sum().clamp_min(1)
        total = position + 4 * edge + 0.1 * silk + 0.1 * thick
        return {"total": total, "position": position, "edge": edge, "kind": silk, "radius": thick}

    def _slots(self, x: Tensor, mask: Tensor, nodes: Tensor | None) -> Slots:
        """What nodes attend to while they move, or where ``nodes (B,)`` are told, what they may be joined to."""
        if nodes is None:
            return Slots.of(*nearest(x, mask, self.config.neighbours))
        listed = torch.tensor([self.config.listed(int(n)) for n in nodes.tolist()], device=x.device)
        candidates, real = nearest(x, mask, int(listed.max()))
        return Slots.of(candidates, real & (torch.arange(candidates.shape[2], device=x.device) < listed[:, None, None]))

    # -- sampling --------------------------------------------------------------------------------

    @torch.no_grad()
    def propose(
        self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[Proposal]:
        """A proposal for each of ``asks``: ``steps`` calls of the network for the nodes, `edge_steps` for the edges.

        The number of edges is a condition that is kept to as the number of nodes is: with guidance, an offset of the
        log-odds makes the number of edges expected the one asked for and, when all noise is gone, the number itself.
        """
        device = next(self.parameters()).device
        request = Request.of([ask.target for ask in asks]).to(device)
        x, mask, known = (value.to(device) for value in placed_noise(asks, rngs))
        b, n, _ = x.shape
        pairs = np.zeros((b, n * (n - 1) // 2, STATES), np.float32)
        for row, ask, rng in zip(pairs, asks, rngs, strict=True):
            nodes = ask.target.nodes or 0
            row[: nodes * (nodes - 1) // 2] = rng.standard_normal((nodes * (nodes - 1) // 2, STATES))
        noise = torch.from_numpy(pairs).to(device)
        clean = _known_states(asks, n).to(device)
        told = _asked(request, known, None)
        untold = _asked(request, known, torch.ones(b, dtype=torch.bool, device=device))
        unit = request.scale[:, None, None]

        def guided(call: Callable[..., Tensor], x: Tensor, e: Tensor, t: tuple[float, float], slots: Slots) -> Tensor:
            time = torch.tensor(t, device=device).expand(b, 2)
            if guidance == 0:
                return call(x, e, time, untold, slots)
            answer = call(x, e, time, told, slots)
            if guidance == 1:
                return answer
            free = call(x, e, time, untold, slots)
            return free + guidance * (answer - free)

        def move(x: Tensor, t: float) -> Tensor:
            slots = self._slots(x, mask, None)
            return unit * guided(self.net.flow, x, _of_slots(clean, slots), (t, 0.0), slots)

        x = _inside(euler(move, x, steps), request, known)
        slots = self._slots(x, mask, request.nodes)
        given = _given(known, slots)
        fixed = _of_slots(clean, slots)
        open_pairs = (slots.real & ~given).float() / (1 + slots.mutual.float())
        wanted = request.nodes * request.mean_degree / 2 - (clean[..., 0] > 0).sum((1, 2)) / 2
        answers, grid = fixed, times(self.edge_steps)

        def denoise(state: Tensor, t: float) -> Tensor:
            nonlocal answers
            state = torch.where(given[..., None], fixed, state)
            answers = guided(self.net.answers, x, state, (1.0, t), slots)
            last = t == grid[-2]
            offset = (_threshold if last else _offset)(answers[..., 0], open_pairs, wanted) * min(guidance, 1.0)
            answers = torch.cat([answers[..., :1] + offset[:, None, None, None], answers[..., 1:]], -1)
            return velocity(_expected(answers), state, t)

        euler(denoise, _on_slots(noise, slots), grid)
        return self._proposals(asks, x, slots, open_pairs > 0, answers)

    def _proposals(
        self, asks: Sequence[Ask], x: Tensor, slots: Slots, is_open: Tensor, answers: Tensor
    ) -> list[Proposal]:
        score, radius = answers[..., 0].double().cpu().numpy(), answers[..., -1].double().cpu().numpy() / RADIUS_GAIN
        kind = answers[..., 1:-1].argmax(-1).cpu().numpy()
        ends, once = slots.candidates.cpu().numpy(), is_open.cpu().numpy()
        # A pair that both ends list is taken from the lower one.
        once &= ~slots.mutual.cpu().numpy() | (np.arange(ends.shape[1])[:, None] < ends)
        positions = x.double().cpu().numpy()
        proposals = []
        for b, ask in enumerate(asks):
            i, slot = np.nonzero(once[b])
            edges = np.sort(np.column_stack([i, ends[b][i, slot]]), axis=1)
            pos = positions[b, : ask.target.nodes]
            rows = [edges, score[b][i, slot], kind[b][i, slot], radius[b][i, slot]]
            web = ask.known
            if web is not None:
                pos[: web.n] = web.pos
                of_web = [web.edge_index.T, np.full(web.m, SURE), web.kind, relative_radius(web)]
                rows = [np.concatenate([a, b]) for a, b in zip(of_web, rows, strict=True)]
            missing = _bridges(pos, rows[0])
            if len(missing):
                zeros = np.zeros(len(missing))
                of_bridges = [missing, zeros + LAST, zeros.astype(int), zeros]
                rows = [np.concatenate([a, b]) for a, b in zip(rows, of_bridges, strict=True)]
            known_nodes, known_edges = (web.n, web.m) if web else (0, 0)
            proposals.append(Proposal(pos, rows[0], rows[1], rows[2], rows[3], known_nodes, known_edges))
        return proposals


def _asked(request: Request, known: Tensor, drop: Tensor | None) -> Asked:
    """What the network is told; where ``drop (B,)`` holds, length and degree are what is typical."""
    length, degree = request.mean_edge_length, request.mean_degree
    if drop is not None:
        length = torch.where(drop, TYPICAL_LENGTH * request.scale, length)
        degree = torch.where(drop, TYPICAL_DEGREE, degree)
    return Asked(request.condition(drop), request.half_box, request.scale, length, degree, known)


def _inside(x: Tensor, request: Request, known: Tensor) -> Tensor:
    """Positions, those of nodes that are not given brought back into the box."""
    half = request.half_box[:, None]
    return torch.where(known[..., None], x, torch.minimum(torch.maximum(x, -half), half))


def _given(known: Tensor, slots: Slots) -> Tensor:
    """``(B, N, K)`` pairs of two given nodes, of which is known whether they are joined."""
    flags = known[..., None].float()
    return ((flags * slots.nodes(flags).squeeze(-1)) > 0) & slots.real


def _bits(kind: Tensor) -> Tensor:
    """Analog bits, -1 or 1, of silk kinds: ``(...)`` to ``(..., KIND_BITS)``."""
    places = torch.arange(KIND_BITS, device=kind.device)
    return ((kind[..., None] >> places) & 1).float() * 2 - 1


def _states(kind: Tensor, log_radius: Tensor) -> Tensor:
    """Clean states ``(..., s)`` of categories (0 none, 1 + silk kind): existence -1 or 1, bits of the kind, log radius.

    What is no edge has neither kind nor radius: 0.
    """
    exists = (kind > 0).float()[..., None]
    bits = _bits((kind - 1).clamp_min(0)) * exists
    return torch.cat([2 * exists - 1, bits, RADIUS_GAIN * log_radius[..., None] * exists], -1)


def _expected(answers: Tensor) -> Tensor:
    """States to be expected from answers: logit, logits of kinds, log radius of an edge."""
    exists = answers[..., :1].sigmoid()
    bits = _bits(torch.arange(CATEGORIES - 1, device=answers.device))
    kind = answers[..., 1:-1].softmax(-1) @ bits
    return torch.cat([2 * exists - 1, kind * exists, answers[..., -1:] * exists], -1)


def _clean(batch: Batch, slots: Slots) -> Tensor:
    """States ``(B, N, K, s)`` of the candidates in the data."""
    return _states(batch.kind.gather(2, slots.candidates), batch.radius.gather(2, slots.candidates))


def _of_slots(states: Tensor, slots: Slots) -> Tensor:
    """States of candidates: ``(B, N, N, s)`` to ``(B, N, K, s)``."""
    return states.gather(2, slots.candidates[..., None].expand(-1, -1, -1, states.shape[-1]))


def _on_slots(pairs: Tensor, slots: Slots) -> Tensor:
    """Values of pairs ``(B, N (N - 1) / 2, s)`` where slots hold them ``(B, N, K, s)``.

    Pair i < j is number j (j - 1) / 2 + i, however many nodes there are, so padding changes nothing.
    """
    b, n, k = slots.candidates.shape
    here = torch.arange(n, device=pairs.device)[:, None]
    low, high = torch.minimum(here, slots.candidates), torch.maximum(here, slots.candidates)
    # A slot that counts for nothing may name its own node, which is no pair.
    number = (high * (high - 1) // 2 + low).clamp(max=pairs.shape[1] - 1)
    rows = number + torch.arange(b, device=pairs.device)[:, None, None] * pairs.shape[1]
    return pairs.flatten(0, 1).index_select(0, rows.flatten()).view(b, n, k, -1)


def _offset(logit: Tensor, weight: Tensor, wanted: Tensor) -> Tensor:
    """``(B,)`` what must be added to all ``logit (B, N, K)`` for sum(weight sigmoid(logit)) to be ``wanted (B,)``."""
    low, high = torch.full_like(wanted, -12.0), torch.full_like(wanted, 12.0)
    for _ in range(16):
        middle = (low + high) / 2
        many = ((logit + middle[:, None, None]).sigmoid() * weight).sum((1, 2)) > wanted
        low, high = torch.where(many, low, middle), torch.where(many, middle, high)
    return (low + high) / 2


def _threshold(logit: Tensor, weight: Tensor, wanted: Tensor) -> Tensor:
    """``(B,)`` what must be added to all ``logit (B, N, K)`` for those > 0 to weigh ``wanted (B,)`` together."""
    # One more, so that there is something below where all are wanted.
    counted = pad(logit.masked_fill(weight == 0, -30.0).flatten(1), (0, 1), value=-30.0)
    sunk, order = counted.sort(dim=1, descending=True, stable=True)
    below = (pad(weight.flatten(1), (0, 1)).gather(1, order).cumsum(1) < wanted[:, None] - 0.25).sum(1, keepdim=True)
    last = sunk.shape[1] - 1
    kept, left = (sunk.gather(1, (below + k).clamp(max=last)).squeeze(1) for k in (0, 1))
    return -(kept + left) / 2


def _known_states(asks: Sequence[Ask], n: int) -> Tensor:
    """``(B, N, N, s)`` clean states of pairs of given nodes, 0 of all others."""
    states = torch.zeros(len(asks), n, n, STATES)
    for row, ask in zip(states, asks, strict=True):
        web = ask.known
        if web is not None:
            kinds, radius = np.zeros((web.n, web.n), np.int64), np.zeros((web.n, web.n), np.float32)
            i, j = web.edge_index
            kinds[i, j] = kinds[j, i] = category(web.kind)
            radius[i, j] = radius[j, i] = relative_radius(web)
            row[: web.n, : web.n] = _states(torch.from_numpy(kinds), torch.from_numpy(radius))
    return states


def _bridges(pos: FloatArray, edges: IntArray) -> IntArray:
    """``(k, 2)`` the shortest pairs that make candidates ``edges`` hang together."""
    n = len(pos)
    parts, label = connected_components(coo_array((np.ones(len(edges)), edges.T), shape=(n, n)), directed=False)
    if parts == 1:
        return np.zeros((0, 2), np.int64)
    # The same tree as of the distances, none of which may be 0: that is no edge to scipy.
    tree = minimum_spanning_tree(1 + squareform(pdist(pos)) / (np.ptp(pos) or 1.0)).tocoo()
    pairs = np.sort(np.column_stack([tree.row, tree.col]).astype(np.int64), axis=1)
    found: IntArray = pairs[label[pairs[:, 0]] != label[pairs[:, 1]]]
    return found
