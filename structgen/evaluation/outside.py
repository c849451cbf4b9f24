"""Requests past what a model was trained on: does it come as near as it can, or refuse?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets

#: How far past the largest training value a request goes, as a share of it.
BEYOND = 0.25


def past_the_range(dataset: Dataset, targets: Sequence[DesignTargets]) -> dict[str, list[DesignTargets]]:
    """``targets`` (complete) with one number each moved past all training webs; by the name of that number.

    nodes: a quarter more than the largest web has, the box grown with them, so that nothing else is unusual.
    mean_degree: a quarter more than the densest web of any size has. mean_edge_length: a quarter more, for nodes and
    box, than any web has; where that is longer than 0.9 of the box's diagonal the request is left out, it has no
    answer.
    """
    rows = np.asarray(dataset.arrays["targets"][dataset.indices("train")], float)
    spacing = np.linalg.norm(rows[:, 1:4], axis=1) / np.cbrt(rows[:, 4])
    nodes, degree, density = float(rows[:, 4].max()), float(rows[:, 6].max()), float((rows[:, 0] / spacing).max())
    asked: dict[str, list[DesignTargets]] = {"nodes": [], "mean_degree": [], "mean_edge_length": []}
    for target in targets:
        assert target.nodes is not None and target.edges is not None and target.extents is not None
        length, box = target.mean_edge_length, target.extents
        many = round((1 + BEYOND) * nodes)
        sides = np.array(box) * math.cbrt(many / target.nodes)
        edges = max(round(target.edges / target.nodes * many), many - 1)
        asked["nodes"].append(DesignTargets(length, tuple(sides.tolist()), many, edges))
        dense = min(round((1 + BEYOND) * degree * target.nodes / 2), target.nodes * (target.nodes - 1) // 2)
        asked["mean_degree"].append(DesignTargets(length, box, target.nodes, dense))
        long = (1 + BEYOND) * density * math.hypot(*box) / math.cbrt(target.nodes)
        if long < 0.9 * math.hypot(*box):
            asked["mean_edge_length"].append(DesignTargets(long, box, target.nodes, target.edges))
    return asked
