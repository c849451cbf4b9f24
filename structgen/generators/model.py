"""What all generators share: asked for by targets, they propose; the decoder makes valid webs of proposals."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from structgen.generators.decode import THICKNESS, Proposal, decode
from structgen.generators.request import Completed, TrainingRange
from structgen.generators.styles import Style
from structgen.seeds import generator
from structgen.targets import NAMES, DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Largest classifier-free guidance; far below it the webs already leave the training data.
MAX_GUIDANCE = 20.0


class OutOfRangeWarning(UserWarning):
    """A request lies outside of what the model was trained on, and was answered as near as possible."""


@dataclass(frozen=True)
class Config:
    """Sizes and limits of a model; stored with its weights.

    max_degree: most edges at a node. drop_condition: share of the training webs whose mean length and degree are
    hidden, for classifier-free guidance.
    """

    max_degree: int = 8
    drop_condition: float = 0.1

    #: Least and largest size of each kind; a stranger's file may ask for no more.
    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {"max_degree": (2, 64)}

    def __post_init__(self) -> None:
        for name, (low, high) in self.LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} is {value!r}, must be a whole number in {low} to {high}")
        if not isinstance(self.drop_condition, int | float) or not 0 <= self.drop_condition <= 1:
            raise ValueError(f"drop_condition is {self.drop_condition!r}, must lie in 0 to 1")


@dataclass(frozen=True)
class Ask:
    """What a network is asked for.

    target: complete, within the training range but for the node count; its extents are the box about the origin that
    all nodes lie in. known: a web whose nodes come first and stay where they are. region ``(2, 3)``: the corners of the
    box that new nodes lie in. Both are None but where a given web is extended. style: that it is to have.
    """

    target: DesignTargets
    known: WebGraph | None = None
    region: FloatArray | None = None
    style: Style | None = None

    @property
    def corners(self) -> FloatArray:
        """``(2, 3)`` corners of the box that new nodes lie in: the region, or else the box of the target."""
        if self.region is not None:
            return self.region
        corners: FloatArray = np.array([[-0.5], [0.5]]) * np.asarray(self.target.extents)
        return corners


@dataclass(frozen=True)
class Generated:
    """A generated web with what was asked, which targets the model filled in, and the proposal's raw numbers.

    raw: the seven targets measured before decoding (NaN without edges); raw_web: the proposal itself, None without
    edges; edges_changed by decoding; outside: for each target past the training range a line that says how far.
    """

    web: WebGraph
    asked: DesignTargets
    filled: tuple[str, ...]
    raw: FloatArray
    raw_web: WebGraph | None
    edges_changed: int
    outside: tuple[str, ...] = ()

    @property
    def raw_connected(self) -> bool:
        """Whether the proposal is in one piece."""
        return self.raw_web is not None and self.raw_web.is_connected


class WebGenerator(nn.Module, ABC):
    """A conditional generative model of webs: `generate` and `sample` to use it, `forward` to train it."""

    name: ClassVar[str]
    config_type: ClassVar[type[Config]]
    #: Steps of the sampler where none are asked for: those at which quality and time are reported.
    steps: ClassVar[int]
    #: Training webs that `prepare` is given, at most.
    keeps: ClassVar[int] = 0

    def __init__(self, config: Any, training_range: TrainingRange) -> None:
        super().__init__()
        self.config = config
        self.range = training_range

    def config_dict(self) -> dict[str, float | int]:
        """What ``config_type(**...)`` needs to be made again."""
        return asdict(self.config)

    @abstractmethod
    def batch(self, webs: Sequence[WebGraph], rng: np.random.Generator) -> Any:
        """Webs and all random numbers of a training step: ``forward`` is a pure function of it.

        A dataclass of tensors (or of such dataclasses) with one row a web, and a method ``to(device)``.
        """

    @abstractmethod
    def forward(self, batch: Any) -> dict[str, Tensor]:
        """Losses of a batch: ``total`` and its parts."""

    @abstractmethod
    def propose(
        self, asks: Sequence[Ask], rngs: Sequence[np.random.Generator], steps: int, guidance: float
    ) -> list[Proposal]:
        """A proposal for each of ``asks``, each from its own random numbers."""

    def learned(self) -> Iterable[nn.Parameter]:
        """Parameters that training sets."""
        return self.parameters()

    def prepare(self, webs: Sequence[WebGraph]) -> None:
        """Keep what it takes of training ``webs``, before training begins; most take nothing."""

    def calibrate(self, webs: Sequence[WebGraph], seed: int) -> None:
        """Set what the sampler measures on training ``webs``, when training is over; most have nothing to set."""

    def requests_like(self, asked: Sequence[DesignTargets], web: WebGraph, n: int, seed: int) -> list[Completed]:
        """``n`` requests for each of ``asked`` that tell what else there is to ``web``; `ValueError` where none can."""
        raise ValueError(f"like is a web, but the model {self.name} cannot be told what to be like; autoregressive can")

    # -- use -------------------------------------------------------------------------------------

    def sample(
        self, targets: DesignTargets | Sequence[DesignTargets], n: int = 1, seed: int = 0, **options: Any
    ) -> list[WebGraph]:
        """``n`` valid webs for each of ``targets``; arguments as of `generate`.

        >>> from structgen import DesignTargets, load_model
        >>> targets = DesignTargets(nodes=48, mean_degree=3.6, extents=(40, 40, 25))
        >>> [web.n for web in load_model().sample(targets, n=2, seed=0)]
        [48, 48]
        """
        return [result.web for result in self.generate(targets, n, seed, **options)]

    def generate(
        self,
        targets: DesignTargets | Sequence[DesignTargets],
        n: int = 1,
        seed: int = 0,
        *,
        radius: float | None = None,
        steps: int | None = None,
        guidance: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
        workers: int = 1,
        scheduler: str | None = None,
        like: WebGraph | None = None,
    ) -> list[Generated]:
        """``n`` valid webs for each of ``targets`` (all webs of the first, then of the second, ...).

        Arguments:
            targets: what is asked; missing numbers are filled from the training data. A web of more nodes
                than any of those is grown, one region after the other.
            seed: web k depends on ``(seed, k)`` and its targets, but for rounding: in another batch (more webs asked
                for, or larger ones beside it) the last bits of its numbers differ.
            radius: median strut radius in mm; by default the training data's share of the mean edge length.
            steps: of the sampler; by default the model's own number.
            guidance: classifier-free guidance (J. Ho, T. Salimans 2022) by mean length and mean degree; 1 is none,
                0 leaves them to the decoder.
            progress: told how many webs of how many are done; where webs are grown, their parts are counted.
            workers, scheduler: who makes them, 32 webs a task; see `structgen.parallel.parallel_map`. The webs are the
                same, bit for bit.
            like: a web that each is to look like, or like a part of it with as many nodes, drawn for each: in its
                shape, meshes, angles and silk. What ``targets`` leave out is as there. The autoregressive model can.

        Targets outside of the training range are answered as near as possible, with an `OutOfRangeWarning` that says
        how far off. Raises `ValueError` for targets that admit no valid web.
        """
        asked = [targets] if isinstance(targets, DesignTargets) else list(targets)
        steps = self._checked(n, radius, steps, guidance)
        if like is None:
            requests, each = [self.range.complete(target) for target in asked], n
        else:
            requests, each = self.requests_like(asked, like, n, seed), 1
        results = self.answered(requests, each, seed, radius, steps, guidance, progress, workers, scheduler)
        _warn(results, n)
        return results

    def answered(
        self,
        requests: Sequence[Completed],
        n: int,
        seed: int,
        radius: float | None,
        steps: int,
        guidance: float,
        progress: Callable[[int, int], None] | None = None,
        workers: int = 1,
        scheduler: str | None = None,
    ) -> list[Generated]:
        """As `generate`, of requests that are checked and completed, and without a warning."""
        from structgen.generators.growth import MOST_NODES
        from structgen.generators.tasks import SAMPLE_BATCH, Task, made_by

        for request in requests:
            if (request.target.nodes or 0) > MOST_NODES:
                raise ValueError(f"nodes is {request.target.nodes}, must be at most {MOST_NODES}")
        each = [request for request in requests for _ in range(n)]
        tasks = [
            Task(self, each[first : first + SAMPLE_BATCH], first, seed, radius, steps, guidance)
            for first in range(0, len(each), SAMPLE_BATCH)
        ]
        return made_by(tasks, workers, scheduler, progress)

    def extend(
        self,
        web: WebGraph,
        region: npt.ArrayLike,
        targets: DesignTargets,
        seed: int = 0,
        *,
        steps: int | None = None,
        guidance: float = 1.0,
    ) -> WebGraph:
        """``web`` grown into ``region``: its nodes and edges come first and stay bit for bit; new ones join them.

        Arguments:
            web: what is given; where the region meets it, the new part is fitted to it.
            region: ``(2, 3)`` lower and upper corner, mm, of the box that new nodes lie in.
            targets: of the new part: its nodes, its edges (those that join it to the web among them), and their mean
                length. Its extents are the region's. Missing numbers are filled from the training data.
            seed, steps, guidance: as of `generate`.

        Numbers outside of the training range are answered as near as possible, with an `OutOfRangeWarning`. Raises
        `ValueError` for a region that is none or that the web does not come near, and where no valid extension is
        found.
        """
        from structgen.generators.growth import Sampling, extended

        steps = self._checked(1, None, steps, guidance)
        sampling = Sampling(self, generator(seed), steps, guidance)
        return extended(sampling, web, np.asarray(region, float), targets)

    def _checked(self, n: int, radius: float | None, steps: int | None, guidance: float) -> int:
        if n < 1:
            raise ValueError(f"n is {n}, must be at least 1")
        if radius is not None and not 0 < radius < np.inf:
            raise ValueError(f"radius is {radius}, must be a number > 0 in mm")
        if not 0 <= guidance <= MAX_GUIDANCE:
            raise ValueError(f"guidance is {guidance}, must lie in 0 to {MAX_GUIDANCE:g}")
        if steps is not None and steps < 1:
            raise ValueError(f"steps is {steps}, must be at least 1")
        return self.steps if steps is None else steps

    def decoded(
        self, request: Completed, proposal: Proposal, radius: float | None, rng: np.random.Generator, last: bool
    ) -> Generated:
        """The valid web of ``proposal``; `DecodeError` where there is none. ``last``: it may miss its targets then.

        Of a request past the training range only.
        """
        target = request.target
        assert target.mean_edge_length is not None
        median = self.range.radius_ratio * target.mean_edge_length if radius is None else radius
        lenient = last and bool(request.outside)
        decoded = decode(proposal, target, median, self.config.max_degree, rng, lenient=lenient)
        raw_web = raw_web_of(proposal, median)
        return Generated(
            decoded.web, target, request.filled, raw_numbers(proposal, raw_web), raw_web, decoded.edges_changed,
            request.outside,
        )  # fmt: skip


def raw_web_of(proposal: Proposal, radius: float = 1.0) -> WebGraph | None:
    """The web that the model itself proposes, with a median strut radius in mm; None without edges."""
    own = proposal.score > 0
    if not own.any():
        return None
    radii = radius * np.exp(np.clip(proposal.log_radius[own], *np.log(THICKNESS)))
    return WebGraph(proposal.pos, proposal.edges[own].T, radii, proposal.kind[own])


def raw_numbers(proposal: Proposal, raw_web: WebGraph | None) -> FloatArray:
    """The seven targets of a proposal as it stands; no mean length where it has no edges."""
    n, m = len(proposal.pos), raw_web.m if raw_web else 0
    length = float(raw_web.lengths.mean()) if raw_web else np.nan
    return np.array([length, *np.ptp(proposal.pos, axis=0), n, m, 2 * m / n])


def _warn(results: Sequence[Generated], n: int) -> None:
    """One warning for each request outside of the training range, with what its webs reached.

    Of webs like a given one each is asked for by numbers of its own: those of the first, and how many others there are.
    """
    for first in range(0, len(results), n):
        outside = [result for result in results[first : first + n] if result.outside]
        if outside:
            same = [result for result in outside if result.asked == outside[0].asked]
            asked = outside[0].asked.as_array()
            reached = np.median([DesignTargets.measure(result.web).as_array() for result in same], axis=0)
            off = [
                f"{name} {got:.4g} for {want:.4g}"
                for name, got, want in zip(NAMES, reached.tolist(), asked.tolist(), strict=True)
                if abs(got - want) > 1e-3 * abs(want)
            ]
            answer = "all reached" if not off else "reached " + ", ".join(off)
            others = f"; and {len(outside) - len(same)} webs more" if len(same) < len(outside) else ""
            warnings.warn(f"{'; '.join(outside[0].outside)}: {answer}{others}", OutOfRangeWarning, stacklevel=3)
