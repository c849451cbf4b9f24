"""A tangle web, as Theridiidae build: an irregular network in space with gumfoot lines down to the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.seeds import generator
from structgen.sources.procedural.checks import check_counts, check_lengths
from structgen.sources.procedural.settle import UnconnectedError, settled, tensed
from structgen.sources.procedural.silk import ANCHOR, GUMFOOT, TANGLE
from structgen.sources.procedural.spinning import Spinning
from structgen.sources.procedural.supports import suspended
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Places near by of which a gumfoot line takes the lowest.
LOWEST_OF = 40


def tangle(
    seed: int,
    size: tuple[float, float, float] = (170.0, 130.0, 80.0),
    supporting_threads: int = 24,
    tangle_threads: int = 900,
    thread_length: float = 20.0,
    retreat: float = 0.45,
    gumfoot_lines: int = 36,
    gumfoot_length: float = 70.0,
    radius: float = 0.1,
    max_degree: int = 8,
) -> WebGraph:
    """A cobweb (tangle web) with gumfoot lines, as Theridiidae build, in equilibrium under tension.

    Supporting threads from one surface to another, a tangle of threads that start and end on earlier ones, densest at
    the retreat, and gumfoot lines from its underside to the ground, which carry glue at their feet (S. P. Benjamin &
    S. Zschokke, Biol. J. Linn. Soc. 78 (2003) 293: the webs of *Achaearanea* and *Latrodectus*).

    Arguments:
        seed: same seed, same web.
        size: length, width and height of the tangle, mm. Chosen by eye.
        supporting_threads: straight threads across the tangle, both ends on attachment points, >= 4. Chosen by eye.
        tangle_threads: threads spun between these, >= 1. Chosen by eye.
        thread_length: their median length, mm; log-normal. Chosen by eye.
        retreat: radius of the dense part over that of the tangle, > 0; large values make it even. Chosen by eye.
        gumfoot_lines: lines to the ground. Chosen by eye.
        gumfoot_length: height of the underside of the tangle over the ground, z = 0, mm. Chosen by eye.
        radius: strut radius of a thread, mm; supporting threads are 1.4 times as thick. A size for printing: silk
            itself is a hundred times thinner.
        max_degree: most threads at a junction, >= 4.

    Raises `ValueError` for arguments out of range. Nodes with one thread are the attachment points, all others are
    free; the force densities are `structgen.sources.procedural.silk.FORCE_DENSITY`.
    """
    length, width, height = _sides(size)
    check_lengths(radius=radius, gumfoot_length=gumfoot_length, retreat=retreat)
    check_lengths(8 * radius, thread_length=thread_length)
    check_counts(4, 10_000, supporting_threads=supporting_threads, max_degree=max_degree)
    check_counts(1, 100_000, tangle_threads=tangle_threads)
    check_counts(0, 10_000, gumfoot_lines=gumfoot_lines)
    rng = generator(seed)
    spun = Spinning(gap=max(0.1 * thread_length, 6 * radius), max_degree=max_degree)
    half = np.array([length, width]) / 2
    suspended(spun, rng, supporting_threads, 0.8 * half, (gumfoot_length, gumfoot_length + height))
    middle = np.array([*(0.3 * half * rng.uniform(-1, 1, 2)), gumfoot_length + rng.uniform(0.4, 0.7) * height])
    spread = retreat * np.array([*half, height / 2])

    def dense(at: FloatArray) -> FloatArray:
        chance: FloatArray = 0.05 + np.exp(-0.5 * (((at - middle) / spread) ** 2).sum(axis=1))
        return chance

    both = [ANCHOR, TANGLE]
    spun.tangle(rng, tangle_threads, thread_length, TANGLE, both, both, 1.0, dense)
    try:
        tensed(spun)
        _gumfoot(spun, rng, gumfoot_lines, 0.9 * half)
        return settled(spun, radius)
    except UnconnectedError:
        raise ValueError(
            f"tangle_threads is {tangle_threads}, of {thread_length} mm: too few, or too short, to join the "
            f"{supporting_threads} supporting threads to a web; must be more or longer"
        ) from None


def _gumfoot(spun: Spinning, rng: np.random.Generator, count: int, half: FloatArray) -> None:
    """Lines from low places of the tangle straight down to the ground, spread over its whole underside."""
    if not count:
        return
    place, edge, share, _ = spun.grid([ANCHOR, TANGLE])
    aim = rng.uniform(-half, half, (count, 2))
    near = cKDTree(place[:, :2]).query(aim, k=min(LOWEST_OF, len(place)))[1].reshape(count, -1)
    chosen = np.unique(near[np.arange(count), place[near, 2].argmin(axis=1)])
    node = spun.split(edge[chosen], share[chosen])
    node = np.unique(node[node >= 0])
    foot = spun.pos[node] * (1, 1, 0) + [*(0.01 * half), 0.0] * rng.standard_normal((len(node), 3))
    spun.threads(node, spun.nodes(foot, held=True), GUMFOOT)


def _sides(size: Any) -> tuple[float, float, float]:
    try:
        length, width, height = size
        check_lengths(length=length, width=width, height=height)
    except (TypeError, ValueError):
        raise ValueError(f"size is {size!r}, must be three lengths > 0 in mm") from None
    return float(length), float(width), float(height)
