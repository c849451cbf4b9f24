"""Seams against the insides of modules: edge lengths and degrees where two webs meet, bridged and generated, and time.

Webs of one target are generated along a helix and joined both ways. Struts and nodes within one mean edge length of the
middle of an overlap are of a seam, those half a mean edge length and more beyond it, and beyond the overlap, are of an
inside. Distances are Wasserstein's, lengths in mean edge lengths of the insides. The reference row compares the insides
of every other module with those between them: so near is as near as can be told. A second table has the seconds that
`join` takes for a growing number of modules. Seconds are of the processor.
"""

from __future__ import annotations

import itertools
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from common import parser, save, table
from scipy.stats import wasserstein_distance

from assembly import Joined, assemble, helix, join, webs_needed
from assembly.fields import shares_along
from structgen.generators import load_model
from structgen.generators.model import OutOfRangeWarning, WebGenerator
from structgen.targets import DesignTargets
from structgen.validity import crossing_pairs
from structgen.web import FloatArray, WebGraph

#: Helix and webs: about ten modules, the helix wide enough that they bend.
CURVE = helix(radius=70, pitch=60, turns=1)
NODES = 50
METHODS = ("bridge", "extend")
#: None of 0 to 3, among which are those that the constants of `assembly.seams` were chosen on.
SEEDS = range(100, 108)


@dataclass
class Sample:
    """Lengths, mm, and degrees of what was looked at, and the length of curve that it was found along, mm."""

    lengths: list[FloatArray] = field(default_factory=list)
    degrees: list[FloatArray] = field(default_factory=list)
    along: float = 0.0

    def add(self, web: WebGraph, struts: np.ndarray, nodes: np.ndarray, along: float) -> None:
        """Add the masks ``struts`` and ``nodes`` of ``web``."""
        self.lengths.append(web.lengths[struts])
        self.degrees.append(web.degree[nodes].astype(float))
        self.along += along


def main() -> None:
    """Both tables."""
    arguments = parser(__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--seeds", type=int, nargs="*", default=[*SEEDS], help="of the webs, one run each")
    arguments.add_argument("--model", default="autoregressive")
    arguments.add_argument("--modules", type=int, nargs="*", default=[100, 1000, 10000], help="of the second table")
    options = arguments.parse_args()
    warnings.simplefilter("ignore", OutOfRangeWarning)
    model = load_model(options.model)
    webs = {seed: modules(model, seed) for seed in options.seeds}
    seams = {"reference": compared(*insides([*webs.values()]))}
    for method in METHODS:
        seams[method] = measured(model, webs, method)
    names = list(seams["extend"])
    head = ["", *(name.replace("_", " ") for name in names)]
    print(table([head, *([kind, *(row.get(name, "") for name in names)] for kind, row in seams.items())]))
    growth = [timed(webs[options.seeds[0]], count) for count in options.modules]
    if growth:
        print("\n" + table([list(growth[0]), *(list(row.values()) for row in growth)]))
    settings = {"model": options.model, "seeds": options.seeds, "nodes": NODES, "modules": len(webs[options.seeds[0]])}
    save("seams", {"settings": settings, "seams": seams, "join": growth}, options.output)


def modules(model: WebGenerator, seed: int) -> list[WebGraph]:
    """As many webs as cover the helix."""
    length = model.range.complete(DesignTargets(nodes=NODES)).target.as_dict()["dx"]
    assert length is not None
    targets = [DesignTargets(nodes=NODES)] * webs_needed(CURVE, length)
    return [result.web for result in model.generate(targets, 1, seed)]


def insides(runs: list[list[WebGraph]]) -> tuple[Sample, Sample]:
    """The insides of modules of even and of odd numbers, each as long as those of the joined webs."""
    samples = Sample(), Sample()
    for webs in runs:
        length, overlap = laid(webs)
        clear = clearance(webs)
        for k, web in enumerate(webs):
            reach = (length - overlap) / 2 - clear
            x = web.pos[:, 0] - (web.pos[:, 0].min() + web.pos[:, 0].max()) / 2
            middles = x[web.edge_index].mean(axis=0)
            samples[k % 2].add(web, np.abs(middles) < reach, np.abs(x) < reach, 2 * reach)
    return samples


def laid(webs: list[WebGraph]) -> tuple[float, float]:
    """Length of the webs along the curve, which they all share, and of their overlaps, mm."""
    length = float(webs[0].extents[0])
    assert all(abs(web.extents[0] - length) < 1e-3 * length for web in webs)
    return length, length - (CURVE.length - length) / (len(webs) - 1)


def clearance(webs: list[WebGraph]) -> float:
    """How far from the middle of an overlap the insides begin, mm."""
    mean = mean_length(webs)
    return max(laid(webs)[1] / 2, mean) + mean / 2


def mean_length(webs: list[WebGraph]) -> float:
    """Mean edge length of all ``webs``, mm."""
    return float(np.concatenate([web.lengths for web in webs]).mean())


def measured(model: WebGenerator, runs: dict[int, list[WebGraph]], method: str) -> dict[str, Any]:
    """The row of a ``method``: every run joined so, its seams against its insides."""
    seam, inside, reached = Sample(), Sample(), shares_along(CURVE)
    joints: list[Joined] = []
    seconds = 0.0
    for seed, webs in runs.items():
        seeds = itertools.count(1000 * seed)

        def extend(web: WebGraph, region: FloatArray, targets: DesignTargets, seeds: Any = seeds) -> WebGraph:
            return model.extend(web, region, targets, next(seeds))

        began = time.process_time()
        joined = assemble(CURVE, webs, extend=extend if method == "extend" else None)
        seconds += time.process_time() - began
        joints.append(joined)
        length, overlap = laid(webs)
        mean = mean_length(webs)
        middles = length - overlap / 2 + (length - overlap) * np.arange(len(webs) - 1)
        places = joined.web.pos, joined.web.pos[joined.web.edge_index].mean(axis=0)
        away = [np.abs(reached(p)[:, None] * CURVE.length - middles) for p in places]
        nodes, struts = (distance.min(axis=1) for distance in away)
        seam.add(joined.web, struts < mean, nodes < mean, 2 * mean * len(middles))
        # The first and the last module are left out: half of each has no neighbour.
        ends = [(reached(p) * CURVE.length < middles[0]) | (reached(p) * CURVE.length > middles[-1]) for p in places]
        clear = clearance(webs)
        span = (length - overlap - 2 * clear) * (len(webs) - 2)
        inside.add(joined.web, (struts > clear) & ~ends[1], (nodes > clear) & ~ends[0], span)
    count = sum(len(webs) - 1 for webs in runs.values())
    return compared(seam, inside) | {
        "cpu_seconds_a_seam": seconds / count,
        "generated": sum(joined.seams for joined in joints) / count,
        "bridges_a_seam": sum(joined.bridges for joined in joints) / count,
        "forced": sum(joined.forced for joined in joints),
        "crossings": sum(len(crossing_pairs(joined.web)) for joined in joints),
        "components": max(int(joined.web.components().max()) + 1 for joined in joints),
    }


def compared(first: Sample, second: Sample) -> dict[str, Any]:
    """How far two samples lie apart, and how dense the first is against the second."""
    lengths, others = np.concatenate(first.lengths), np.concatenate(second.lengths)
    degrees, other_degrees = np.concatenate(first.degrees), np.concatenate(second.degrees)
    scale = float(others.mean())
    return {
        "length_distance": float(wasserstein_distance(lengths / scale, others / scale)),
        "degree_distance": float(wasserstein_distance(degrees, other_degrees)),
        "mean_length_ratio": float(lengths.mean() / scale),
        "mean_degree": float(degrees.mean()),
        "nodes_a_mm_ratio": len(degrees) / first.along / (len(other_degrees) / second.along),
    }


def timed(webs: list[WebGraph], count: int) -> dict[str, Any]:
    """Seconds of the processor to join ``count`` of the modules, in rows of a hundred that overlap by 15 % in a row."""
    length, width = float(webs[0].extents[0]), float(webs[0].extents[1])
    placed = [
        webs[k % len(webs)].translated([0.85 * length * (k % 100), 0.9 * width * (k // 100), 0]) for k in range(count)
    ]
    began = time.process_time()
    joined = join(placed)
    seconds = time.process_time() - began
    return {"modules": count, "nodes": joined.web.n, "struts": joined.web.m, "cpu_seconds": seconds,
            "bridges": joined.bridges, "forced": joined.forced, "crossings_met": joined.crossings,
            "cut": joined.cut}  # fmt: skip


if __name__ == "__main__":
    main()
