"""What a model was trained on, and how a request is checked against it and completed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from structgen.targets import DesignTargets

if TYPE_CHECKING:
    from structgen.generators.styles import Style

FloatArray = npt.NDArray[np.float64]

#: Training webs most like the request from which missing targets are taken, and rows a model keeps.
NEIGHBOURS, ROWS = 24, 512


@dataclass(frozen=True)
class Completed:
    """A request completed.

    target: complete; filled: names of what was not asked for; near: what the network is told, the nearest to
    ``target`` within the training range; outside: for each number past that range a line that says so; style:
    that the web is to have, None for any.
    """

    target: DesignTargets
    filled: tuple[str, ...]
    near: DesignTargets
    outside: tuple[str, ...]
    style: Style | None = None


@dataclass(frozen=True)
class TrainingRange:
    """A sample of the training webs' targets, ``rows (r, 7)`` in the order of `targets.NAMES`, mm.

    radius_ratio: median strut radius over mean edge length.
    """

    rows: FloatArray
    radius_ratio: float

    @classmethod
    def of(cls, targets: npt.ArrayLike, radius_ratio: float, seed: int = 0) -> TrainingRange:
        """From the targets of all training webs: extremes of each feature, the rest at random."""
        rows = np.asarray(targets, float)
        features = scale_free(rows)
        extremes = np.unique(np.concatenate([features.argmin(0), features.argmax(0)]))
        others = np.setdiff1d(np.arange(len(rows)), extremes)
        count = min(len(others), ROWS - len(extremes))
        kept = np.sort(np.concatenate([extremes, np.random.default_rng(seed).choice(others, count, replace=False)]))
        return cls(rows[kept], float(radius_ratio))

    def complete(self, asked: DesignTargets) -> Completed:
        """``asked`` with what is missing filled in from the training data, and the nearest the model was trained on."""
        full, filled = asked.filled(self._typical(asked))
        assert full.extents is not None and full.nodes is not None
        assert full.mean_edge_length is not None and full.mean_degree is not None
        outside = []
        # Webs of more nodes are grown from smaller ones.
        if full.nodes < self._between(4)[0]:
            outside.append(f"nodes is {full.nodes}, trained on {self._between(4)[0]:g} to {self.most_nodes}")
        low, high = self._between(6)
        if not low - 5e-3 <= full.mean_degree <= high + 5e-3:
            outside.append(f"mean_degree is {full.mean_degree:.4g}, trained on {low:.4g} to {high:.4g}")
        # A web of few nodes has few edges to a node even at the largest mean degree; trees have the fewest.
        degree = float(np.clip(full.mean_degree, *self._between(6)))
        most = full.nodes * (full.nodes - 1) // 2
        edges = int(np.clip(round(degree * full.nodes / 2), full.nodes - 1, most))
        density = scale_free(self.rows)[:, 2]
        unit = float(np.linalg.norm(full.extents)) / full.nodes ** (1 / 3)
        low, high = unit * float(np.exp(density.min())), unit * float(np.exp(density.max()))
        if not low * (1 - 1e-3) <= full.mean_edge_length <= high * (1 + 1e-3):
            outside.append(
                f"mean_edge_length is {full.mean_edge_length:.4g} mm, trained on {low:.4g} to {high:.4g} mm for "
                f"{full.nodes} nodes in a box of {' x '.join(f'{side:.4g}' for side in full.extents)} mm"
            )
        near = DesignTargets(float(np.clip(full.mean_edge_length, low, high)), full.extents, full.nodes, edges)
        return Completed(full, filled, near, tuple(outside))

    @property
    def most_nodes(self) -> int:
        """Most nodes of a training web."""
        return int(self._between(4)[1])

    def _between(self, column: int) -> tuple[float, float]:
        return float(self.rows[:, column].min()), float(self.rows[:, column].max())

    def _typical(self, asked: DesignTargets) -> DesignTargets:
        """Median of the training webs most like what is asked for, in the features that are asked for."""
        features = scale_free(self.rows)
        known = np.full(features.shape[1], np.nan)
        if asked.nodes is not None:
            known[0] = np.log(asked.nodes)
        if asked.mean_degree is not None:
            known[1] = asked.mean_degree
        if asked.extents is not None:
            known[3:] = np.sort(asked.extents) / np.linalg.norm(asked.extents)
            if asked.mean_edge_length is not None and asked.nodes is not None:
                known[2] = np.log(asked.mean_edge_length / np.linalg.norm(asked.extents) * asked.nodes ** (1 / 3))
        spread = features.std(0) + 1e-6
        distance = np.nansum(np.square((features - known) / spread), axis=1)
        if asked.edges is not None and asked.nodes is None:
            log_edges = np.log(self.rows[:, 5])
            distance += np.square((log_edges - np.log(asked.edges)) / (log_edges.std() + 1e-6))
        # All of them where nothing is asked for that tells them apart.
        near = np.argsort(distance, kind="stable")[: NEIGHBOURS if distance.any() else None]
        log_nodes, degree, log_density, *shape = np.median(features[near], axis=0).tolist()
        nodes = asked.nodes or round(np.exp(log_nodes))
        edges = int(np.clip(round(degree * nodes / 2), nodes - 1, nodes * (nodes - 1) // 2))
        if asked.edges is not None and asked.nodes is None:
            edges = asked.edges
            nodes = int(np.clip(round(2 * edges / degree), self.rows[:, 4].min(), self.rows[:, 4].max()))
        box = float(np.median(np.linalg.norm(self.rows[near, 1:4], axis=1)))
        largest_first = box * np.array(shape[::-1]) / np.linalg.norm(shape)
        length = float(np.exp(log_density) * box / nodes ** (1 / 3))
        return DesignTargets(length, tuple(largest_first.tolist()), nodes, edges)


def scale_free(rows: FloatArray) -> FloatArray:
    """``(r, 6)`` free of scale and axes: log nodes, mean degree, log of length over spacing, sorted shape of box."""
    box = np.linalg.norm(rows[:, 1:4], axis=1)
    density = np.log(rows[:, 0] / box * rows[:, 4] ** (1 / 3))
    return np.column_stack([np.log(rows[:, 4]), rows[:, 6], density, np.sort(rows[:, 1:4], axis=1) / box[:, None]])
