"""What generated webs are measured against: sets of webs made without a model, as many, for the same targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from structgen.seeds import generator
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import DesignTargets
from structgen.web import FloatArray, IntArray, WebGraph


def rows_of_sizes(dataset: Dataset, sizes: Sequence[int], seed: int, split: str = "train") -> IntArray:
    """A neighbourhood of a split for each node number of ``sizes``, drawn at random among those nearest to it in size.

    None is drawn twice as long as there are enough. Training webs against test webs of the same sizes give the distance
    that a perfect generator has.
    """
    rows = generator(seed, 7).permutation(dataset.indices(split))
    n_of = np.diff(dataset.arrays["node_ptr"])[rows]
    free = np.ones(len(rows), bool)
    chosen = []
    for size in sizes:
        if not free.any():
            free[:] = True
        k = int(np.argmin(np.where(free, np.abs(n_of - size), np.iinfo(np.int64).max)))
        free[k] = False
        chosen.append(int(rows[k]))
    return np.array(chosen)


def retrieved(dataset: Dataset, targets: Sequence[DesignTargets]) -> tuple[list[WebGraph], IntArray]:
    """For each of ``targets`` (complete) the training web with the nearest targets, fitted to the box; and its row.

    Nearest in log nodes, mean degree, log edge length over node spacing, and shape of the box, each over its spread.
    The web is turned so that its sides come in the order of those asked for.
    """
    rows = dataset.indices("train")
    known = _features(np.asarray(dataset.arrays["targets"][rows], float))
    asked = _features(np.array([target.as_array() for target in targets]))
    spread = known.std(axis=0) + 1e-9
    nearest = rows[cdist(asked / spread, known / spread).argmin(axis=1)]
    return [_fitted(dataset[int(k)], target) for k, target in zip(nearest, targets, strict=True)], nearest


def _features(rows: FloatArray) -> FloatArray:
    box = np.linalg.norm(rows[:, 1:4], axis=1)
    density = np.log(rows[:, 0] / box * rows[:, 4] ** (1 / 3))
    return np.column_stack([np.log(rows[:, 4]), rows[:, 6], density, np.sort(rows[:, 1:4], axis=1) / box[:, None]])


def _fitted(web: WebGraph, target: DesignTargets) -> WebGraph:
    sides = np.array(target.extents)
    axes = np.empty(3, np.int64)
    axes[np.argsort(sides, kind="stable")] = np.argsort(web.extents, kind="stable")
    own = web.extents[axes]
    pos = web.pos[:, axes] * np.divide(sides, own, out=np.zeros(3), where=own > 0)
    return WebGraph(pos, web.edge_index, web.radius, web.kind)


def random_geometric(target: DesignTargets, radius: float, seed: int, k: int) -> WebGraph:
    """Nodes at random in the box of ``target`` (complete), joined by the shortest tree, then by the shortest pairs.

    ``radius`` of all struts in mm; the web depends on ``(seed, k)``.
    """
    assert target.nodes is not None and target.edges is not None and target.extents is not None
    n, sides = target.nodes, np.array(target.extents)
    pos = generator(seed, 8, k).random((n, 3))
    low, side = pos.min(axis=0), np.ptp(pos, axis=0)
    pos = ((pos - low) / side - 0.5) * sides
    distance = cdist(pos, pos)
    tree = minimum_spanning_tree(distance).tocoo()
    i, j = np.triu_indices(n, 1)
    in_tree = np.zeros((n, n), bool)
    in_tree[np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)] = True
    order = np.lexsort((distance[i, j], ~in_tree[i, j]))[: target.edges]
    return WebGraph(pos, np.stack([i[order], j[order]]), np.full(len(order), radius))
