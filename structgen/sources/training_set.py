"""The default training set: webs of all four architectures from seeds, neighbourhoods drawn from them on the fly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from structgen.parallel import parallel_map
from structgen.seeds import generator
from structgen.sources import procedural
from structgen.sources.neighbourhoods import SPLITS, Sampler
from structgen.web import FloatArray, WebGraph

ARCHITECTURES = ("orb", "sheet", "tangle", "tent")
#: Strut radius in mm of the thinnest thread of all webs.
RADIUS = 0.1


def source_webs(
    count: int,
    seed: int,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[WebGraph]:
    """``count`` webs of some hundred to some thousand nodes, the four `ARCHITECTURES` in turn, parameters varied.

    Arguments:
        count: number of webs, >= 1; a multiple of four has as many of each.
        seed: the k-th web depends on ``(seed, k)`` alone.
        workers, scheduler: who builds them, one web a task; see `structgen.parallel.parallel_map`.
        progress: told how many webs of how many are done.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"count is {count!r}, must be a whole number >= 1")
    generator(seed)  # refuses a seed that is none before any work is handed out
    webs = []
    for web in parallel_map(source_web, [(int(seed), k) for k in range(int(count))], workers, scheduler):
        webs.append(web)
        if progress:
            progress(len(webs), count)
    return webs


def source_web(task: tuple[int, int]) -> WebGraph:
    """The web of ``task``, ``(seed, k)``."""
    seed, k = task
    name = ARCHITECTURES[k % len(ARCHITECTURES)]
    for attempt in range(8):
        rng = generator(seed, k, attempt)
        try:
            web: WebGraph = getattr(procedural, name)(int(rng.integers(2**31)), **_VARIED[name](rng))
        except ValueError as error:  # parameters that go badly together: threads of an orb would touch
            refusal = error
        else:
            return web
    raise refusal


def _orb(rng: np.random.Generator) -> dict[str, Any]:
    width = rng.uniform(120, 220)
    return {
        "width": width,
        "height": width * rng.uniform(1.0, 1.5),
        "asymmetry": rng.uniform(0, 0.25),
        "radii": int(rng.integers(24, 61)),
        "mesh": rng.uniform(2.2, 4.2),
        "anchors": int(rng.integers(8, 21)),
        "broken": rng.uniform(0, 0.03),
        "relief": rng.uniform(0, 12),
        "radius": RADIUS,
    }


def _sheet(rng: np.random.Generator) -> dict[str, Any]:
    length, share, mesh = rng.uniform(90, 190), rng.uniform(0.6, 1.0), rng.uniform(2.4, 5.0)
    height = rng.uniform(50, 120)
    cells = length**2 * share / 400
    return {
        "sheet_length": length,
        "sheet_width": share * length,
        "mesh_width": mesh,
        "frame_anchors": int(rng.integers(8, 25)),
        "tangle_height": height,
        "suspension_threads": int(rng.integers(8, 20)),
        "stopping_threads": int(cells * rng.uniform(1, 3)),
        "tangle_threads": int(cells * rng.uniform(5, 14)),
        "tangle_thread_length": rng.uniform(14, 28),
        "lower_height": rng.uniform(20, 60),
        "guy_lines": int(rng.integers(8, 40)),
        "lower_threads": int(cells * rng.uniform(0.5, 4)),
        "radius": RADIUS,
    }


def _tangle(rng: np.random.Generator) -> dict[str, Any]:
    size = rng.uniform((90, 80, 50), (200, 160, 120))
    return {
        "size": tuple(size.tolist()),
        "supporting_threads": int(rng.integers(14, 40)),
        "tangle_threads": int(rng.integers(600, 2400)),
        "thread_length": rng.uniform(13, 28),
        "retreat": rng.uniform(0.3, 1.5),
        "gumfoot_lines": int(rng.integers(10, 60)),
        "gumfoot_length": rng.uniform(30, 100),
        "radius": RADIUS,
        "max_degree": int(rng.integers(5, 9)),
    }


def _tent(rng: np.random.Generator) -> dict[str, Any]:
    diameter = rng.uniform(90, 180)
    cells = diameter**2 / 400
    return {
        "diameter": diameter,
        "mesh_width": rng.uniform(2.4, 5.0),
        "first_radii": int(rng.integers(4, 8)),
        "frame_anchors": int(rng.integers(8, 22)),
        "tangle_height": rng.uniform(60, 140),
        "suspension_threads": int(rng.integers(8, 24)),
        "hub_threads": int(rng.integers(15, 60)),
        "barrier_threads": int(cells * rng.uniform(0.5, 2)),
        "tangle_threads": int(cells * rng.uniform(4, 12)),
        "tangle_thread_length": rng.uniform(15, 32),
        "lower_height": rng.uniform(25, 80),
        "guy_lines": int(rng.integers(8, 30)),
        "lower_threads": int(cells * rng.uniform(0.5, 3)),
        "radius": RADIUS,
    }


_VARIED: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "orb": _orb, "sheet": _sheet, "tangle": _tangle, "tent": _tent,
}  # fmt: skip


class OnTheFly:
    """Endless neighbourhoods of ``webs``, drawn when they are asked for: nothing is stored.

    ``stream[k]`` depends on ``(seed, k)`` alone, so any part may be drawn again, or elsewhere. Without augmentation it
    is the k-th neighbourhood of `structgen.sources.neighbourhoods.build` with that seed.

    Arguments:
        webs: at least three, split by web into train, validation and test; or one, split by region.
        seed: same seed, same neighbourhoods.
        split: which an iteration yields: train, validation or test; all if None.
        augment: turn each by one of the 48 signed permutations of the axes, drawn anew for each k.
    """

    def __init__(self, webs: Sequence[WebGraph], seed: int, split: str | None = None, augment: bool = False) -> None:
        if split is not None and split not in SPLITS:
            raise ValueError(f"split is {split!r}, must be one of {', '.join(SPLITS)}")
        self.seed, self.augment = seed, augment
        self._split = None if split is None else SPLITS.index(split)
        self._sampler = Sampler(webs, seed)

    def __getitem__(self, k: int) -> WebGraph:
        if k < 0:
            raise IndexError(f"neighbourhood {k}, must be >= 0")
        web = self._sampler.draw(k)[0]
        return web.rotated(signed_permutation(generator(self.seed, 2, k))) if self.augment else web

    def __iter__(self) -> Iterator[WebGraph]:
        return (self[k] for k in self.numbers())

    def numbers(self) -> Iterator[int]:
        """The k of the neighbourhoods of the split, without end."""
        k = 0
        while True:
            if self._split is None or self._sampler.split(k) == self._split:
                yield k
            k += 1


def signed_permutation(rng: np.random.Generator) -> FloatArray:
    """One of the 48 orthogonal ``(3, 3)`` matrices that map axes to axes, mirror images among them."""
    matrix: FloatArray = np.eye(3)[rng.permutation(3)] * rng.choice([-1.0, 1.0], 3)
    return matrix
