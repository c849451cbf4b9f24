"""Model 1: sparse analog diffusion of webs.

Node positions flow from noise spread over the box asked for; then, over the nearest candidates of each node, analog
bits (T. Chen, R. Zhang, G. Hinton, ICLR 2023) for the edges and log strut radii flow from Gaussian noise. One sparse
graph transformer learns both flows, told by two times which of them runs. The idea of a sparse neighbour representation
is model 1 of W. Lu, N. A. Lee, M. J. Buehler, PNAS 120 (2023); there neighbour numbers are regressed as real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from structgen.generators.batches import CONDITIONS, Batch, Request, batch_of, nearest, padded_noise
from structgen.generators.decode import DecodeError, Proposal, all_pairs, choose_edges, spread
from structgen.generators.flows import interpolate, velocity
from structgen.generators.nets import SparseGraphTransformer
from structgen.generators.request import TrainingRange
from structgen.generators.samplers import midpoint
from structgen.seeds import generator
from structgen.targets import DesignTargets
from structgen.web import WebGraph

#: Webs sampled at a time.
SAMPLE_BATCH = 32
#: Largest classifier-free guidance; far below it the webs already leave the training data.
MAX_GUIDANCE = 20.0
#: Fresh proposals tried before a web is given up.
ATTEMPTS = 6
#: Log radius is shown to the network times this, so that its spread is near one.
RADIUS_GAIN = 4.0
#: Least and largest size of each kind; a stranger's file may ask for no more.
LIMITS = {
    "width": (2, 1024), "edge_width": (1, 1024), "layers": (1, 64), "heads": (1, 64), "candidates": (1, 256),
    "max_degree": (2, 64),
}  # fmt: skip


@dataclass(frozen=True)
class AnalogConfig:
    """Sizes and limits of the model; stored with its weights."""

    width: int = 128
    edge_width: int = 32
    layers: int = 6
    heads: int = 8
    candidates: int = 28
    max_degree: int = 8
    drop_condition: float = 0.1

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} is {value!r}, must be a whole number in {low} to {high}")
        if self.width % 2 or self.width % self.heads:
            raise ValueError(f"width is {self.width}, must be even and a multiple of heads, {self.heads}")
        if not isinstance(self.drop_condition, int | float) or not 0 <= self.drop_condition <= 1:
            raise ValueError(f"drop_condition is {self.drop_condition!r}, must lie in 0 to 1")


@dataclass(frozen=True)
class Generated:
    """A generated web with what was asked, which targets the model filled in, and the proposal's raw numbers.

    raw: the seven targets measured before decoding (NaN without edges); raw_connected; edges_changed by decoding;
    raw_web: the proposal itself, None where it has no edges.
    """

    web: WebGraph
    asked: DesignTargets
    filled: tuple[str, ...]
    raw: npt.NDArray[np.float64]
    raw_connected: bool
    edges_changed: int
    raw_web: WebGraph | None = None


class Analog(nn.Module):
    """The sparse analog diffusion model: `loss` to train it, `sample` to use it."""

    name = "analog"

    def __init__(self, config: AnalogConfig, training_range: TrainingRange) -> None:
        super().__init__()
        self.config = config
        self.range = training_range
        self.net = SparseGraphTransformer(
            CONDITIONS, config.width, config.edge_width, config.layers, config.heads, config.candidates
        )

    def config_dict(self) -> dict[str, float | int]:
        """What `Analog(AnalogConfig(**...))` needs to be made again."""
        return asdict(self.config)

    @staticmethod
    def batch(webs: Sequence[WebGraph], rng: np.random.Generator) -> Batch:
        """The batch that `loss` takes."""
        return batch_of(webs, rng)

    def forward(self, batch: Batch, draws: Tensor) -> dict[str, Tensor]:
        """Losses of a batch: ``total`` and its parts ``position``, ``edge``, ``radius``.

        ``draws (B, 4 + 2 N N + 3 N)`` standard normal numbers, so that the loss is a pure function of its arguments.
        The first half of the batch learns positions, the second edges.
        """
        pos, request = batch.pos, batch.request
        b, n, _ = pos.shape
        uniform = torch.special.ndtr(draws[:, :4])
        edge_noise = _symmetric(draws[:, 4 : 4 + 2 * n * n].reshape(b, n, n, 2))
        jitter = draws[:, 4 + 2 * n * n :].reshape(b, n, 3) * (request.half_box[:, None] > 0)
        scale = request.scale
        learns_edges = torch.arange(b, device=pos.device) >= b // 2
        t_pos = torch.where(learns_edges, 1.0, uniform[:, 0])
        t_edge = torch.where(learns_edges, uniform[:, 1], 0.0)
        clean = pos + 0.03 * scale[:, None, None] * uniform[:, 2, None, None] * jitter
        x = torch.where(learns_edges[:, None, None], clean, interpolate(batch.noise, pos, t_pos))
        target = batch.states * torch.tensor([1.0, RADIUS_GAIN], device=pos.device)
        state = interpolate(edge_noise, target, t_edge) * learns_edges[:, None, None, None]
        candidates, real = nearest(x, batch.mask, self.config.candidates)
        drop = uniform[:, 3] < self.config.drop_condition
        flow, denoised = self._call(x, state, torch.stack([t_pos, t_edge], 1), request, drop, candidates, real)

        moving = (batch.mask & ~learns_edges[:, None]).float()[..., None]
        error = (flow - (pos - batch.noise) / scale[:, None, None]).square()
        position = (error * moving).sum() / (3 * moving.sum()).clamp_min(1)
        weight = (real & learns_edges[:, None, None]).float()
        wanted = _at(target, candidates)
        is_edge = (wanted[..., 0] > 0).float()
        edge = (binary_cross_entropy_with_logits(denoised[..., 0], is_edge, reduction="none") * weight).sum()
        edge = edge / weight.sum().clamp_min(1)
        thick = ((denoised[..., 1] - wanted[..., 1]).square() * weight * is_edge).sum()
        thick = thick / (weight * is_edge).sum().clamp_min(1)
        return {"total": position + 4 * edge + 0.2 * thick, "position": position, "edge": edge, "radius": thick}

    def _call(
        self,
        x: Tensor,
        state: Tensor,
        t: Tensor,
        request: Request,
        drop: Tensor | None,
        candidates: Tensor,
        real: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The network on dense edge states ``(B, N, N, 2)``."""
        condition = request.condition(drop)
        slots = _at(state, candidates) * real[..., None]
        out: tuple[Tensor, Tensor] = self.net(x, slots, t, condition, request.half_box, request.scale, candidates, real)
        return out

    # -- sampling --------------------------------------------------------------------------------

    def sample(
        self,
        targets: DesignTargets | Sequence[DesignTargets],
        n: int = 1,
        seed: int = 0,
        *,
        radius: float | None = None,
        steps: int = 8,
        guidance: float = 1.0,
    ) -> list[WebGraph]:
        """``n`` valid webs for each of ``targets``; see `generate`."""
        return [result.web for result in self.generate(targets, n, seed, radius=radius, steps=steps, guidance=guidance)]

    def generate(
        self,
        targets: DesignTargets | Sequence[DesignTargets],
        n: int = 1,
        seed: int = 0,
        *,
        radius: float | None = None,
        steps: int = 8,
        guidance: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Generated]:
        """``n`` valid webs for each of ``targets`` (all webs of the first, then of the second, ...).

        Arguments:
            targets: what is asked; missing numbers are filled from the training data.
            seed: web k depends on ``(seed, k)`` and its targets, but for rounding: in another batch (more webs asked
                for, or larger ones beside it) the last bits of its numbers differ.
            radius: median strut radius in mm; by default the training data's share of the mean edge length.
            steps: midpoint steps for the positions; edges take half as many, at least 2.
            guidance: classifier-free guidance (J. Ho, T. Salimans 2022); 1 is none.
            progress: told how many webs of how many are done.

        Raises `ValueError` for targets outside of what the model was trained on, or that admit no valid web.
        """
        asked = [targets] if isinstance(targets, DesignTargets) else list(targets)
        if n < 1:
            raise ValueError(f"n is {n}, must be at least 1")
        if radius is not None and not 0 < radius < np.inf:
            raise ValueError(f"radius is {radius}, must be a number > 0 in mm")
        if not 0 <= guidance <= MAX_GUIDANCE:
            raise ValueError(f"guidance is {guidance}, must lie in 0 to {MAX_GUIDANCE:g}")
        complete = [self.range.complete(target) for target in asked]
        todo = [(k, *complete[k // n]) for k in range(n * len(asked))]
        done: dict[int, Generated] = {}
        for attempt in range(ATTEMPTS):
            failed: list[tuple[int, DesignTargets, tuple[str, ...]]] = []
            for first in range(0, len(todo), SAMPLE_BATCH):
                chunk = todo[first : first + SAMPLE_BATCH]
                rngs = [generator(seed, k, attempt) for k, _, _ in chunk]
                proposals = self._propose([t for _, t, _ in chunk], rngs, steps, guidance)
                for item, rng, proposal in zip(chunk, rngs, proposals, strict=True):
                    try:
                        done[item[0]] = self._decode(item[1], item[2], proposal, radius, rng)
                    except DecodeError as error:
                        failed.append(item)
                        reason = error
                if progress:
                    progress(len(done), n * len(asked))
            todo = failed
            if not todo:
                return [done[k] for k in sorted(done)]
        raise ValueError(
            f"targets {todo[0][1].as_dict()}: {reason} in {ATTEMPTS} attempts; ask for fewer edges or thinner struts"
        )

    @torch.no_grad()
    def _propose(
        self, targets: Sequence[DesignTargets], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[_Proposed]:
        device = next(self.parameters()).device
        request = Request.of(targets).to(device)
        noise, mask, states = (value.to(device) for value in padded_noise(targets, rngs))
        b = len(noise)
        unit = request.scale[:, None, None]

        def call(
            x: Tensor, state: Tensor, t: tuple[float, float], candidates: Tensor, real: Tensor
        ) -> tuple[Tensor, Tensor]:
            time = torch.tensor(t, device=device).expand(b, 2)
            flow, denoised = self._call(x, state, time, request, None, candidates, real)
            if guidance != 1:
                dropped = torch.ones(b, dtype=torch.bool, device=device)
                free_flow, free = self._call(x, state, time, request, dropped, candidates, real)
                flow, denoised = free_flow + guidance * (flow - free_flow), free + guidance * (denoised - free)
            return flow, denoised

        def move(x: Tensor, t: float) -> Tensor:
            return unit * call(x, torch.zeros_like(states), (t, 0.0), *nearest(x, mask, self.config.candidates))[0]

        pos = midpoint(move, noise, steps)
        candidates, real = nearest(pos, mask, self.config.candidates)
        last = states

        def denoise(state: Tensor, t: float) -> Tensor:
            nonlocal last
            logit, log_radius = call(pos, state, (1.0, t), candidates, real)[1].unbind(-1)
            last = _dense(torch.stack([logit, log_radius], -1), candidates, pos.shape[1])
            return velocity(torch.stack([torch.tanh(last[..., 0] / 2), last[..., 1]], -1), state, t)

        midpoint(denoise, states, max(2, steps // 2))
        listed = torch.zeros_like(last[..., 0]).scatter(-1, candidates, real.to(last.dtype)) > 0
        arrays = [value.cpu().numpy() for value in (pos.double(), last.double(), listed)]
        sizes = mask.sum(1).tolist()
        return [_Proposed(arrays[0][k, :m], *(value[k, :m, :m] for value in arrays[1:])) for k, m in enumerate(sizes)]

    def _decode(
        self,
        target: DesignTargets,
        filled: tuple[str, ...],
        proposed: _Proposed,
        radius: float | None,
        rng: np.random.Generator,
    ) -> Generated:
        assert target.extents is not None and target.mean_edge_length is not None and target.edges is not None
        median = self.range.radius_ratio * target.mean_edge_length if radius is None else radius
        pairs = all_pairs(len(proposed.pos))
        i, j = pairs.T
        thickness = median * np.clip(np.exp(proposed.states[i, j, 1] / RADIUS_GAIN), 0.5, 2.0)
        listed = proposed.listed[i, j] | proposed.listed[j, i]
        pos = spread(proposed.pos, target.extents, 2 * float(thickness.max()), rng)
        # Pairs that are no candidates have no score; they come last, the shorter the sooner.
        far = np.linalg.norm(pos[i] - pos[j], axis=1) / target.mean_edge_length
        score = np.where(listed, proposed.states[i, j, 0], -20.0 - far)
        for use in (np.flatnonzero(listed), np.arange(len(pairs))):
            proposal = Proposal.of(pos, pairs[use], score[use], thickness[use])
            try:
                chosen = use[choose_edges(proposal, target.edges, target.mean_edge_length, self.config.max_degree)]
                break
            except DecodeError:
                if len(use) == len(pairs):
                    raise
        raw = listed & (score > 0)
        web = WebGraph(pos, pairs[chosen].T, thickness[chosen])
        changed = int(np.setxor1d(np.flatnonzero(raw), chosen).size)
        proposal_web = WebGraph(proposed.pos, pairs[raw].T, thickness[raw]) if raw.any() else None
        return Generated(web, target, filled, *_raw_numbers(proposed.pos, pairs[raw]), changed, proposal_web)


@dataclass(frozen=True)
class _Proposed:
    """A web before decoding.

    pos ``(n, 3)``; states ``(n, n, 2)``: logit and log radius of each pair; listed ``(n, n)``: the candidates.
    """

    pos: npt.NDArray[np.float64]
    states: npt.NDArray[np.float64]
    listed: npt.NDArray[np.bool_]


def _raw_numbers(pos: npt.NDArray[np.float64], edges: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], bool]:
    """The seven numbers, and whether the web is connected, of a proposal as it stands."""
    n, m = len(pos), len(edges)
    length = float(np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean()) if m else np.nan
    connected = m > 0 and WebGraph.from_edges(pos, edges).is_connected
    return np.array([length, *np.ptp(pos, axis=0), n, m, 2 * m / n]), connected


def _symmetric(noise: Tensor) -> Tensor:
    """Independent noise for each unordered pair: ``(B, N, N, s)`` with its upper triangle mirrored."""
    upper = noise.permute(0, 3, 1, 2).triu(1)
    return (upper + upper.transpose(-1, -2)).permute(0, 2, 3, 1)


def _at(states: Tensor, candidates: Tensor) -> Tensor:
    """States of candidates: ``(B, N, N, s)`` and ``(B, N, K)`` to ``(B, N, K, s)``."""
    return states.gather(2, candidates[..., None].expand(-1, -1, -1, states.shape[-1]))


def _dense(slots: Tensor, candidates: Tensor, n: int) -> Tensor:
    """The inverse of `_at`, mirrored: both directions hold the value of whichever end lists the pair, else 0."""
    b, s = slots.shape[0], slots.shape[-1]
    index = candidates[..., None].expand(-1, -1, -1, s)
    dense = torch.zeros(b, n, n, s, device=slots.device).scatter(2, index, slots)
    listed = torch.zeros(b, n, n, s, device=slots.device).scatter(2, index, torch.ones_like(slots))
    return torch.where(listed > 0, dense, dense.transpose(1, 2))
