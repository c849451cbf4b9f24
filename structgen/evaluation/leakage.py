"""Whether the test part of a data set is new to a model: nothing of it may be in the training part."""

from __future__ import annotations

from typing import Any

import numpy as np

from structgen.evaluation.isomorphism import Codes, isomorphic
from structgen.evaluation.matching import Shapes, dataset_shapes, mean_lengths, near
from structgen.evaluation.novelty import COPY, Training
from structgen.sources.neighbourhoods import Dataset
from structgen.web import IntArray

#: Test webs compared with all training webs of as many nodes in one go: bounds memory.
BLOCK = 64


def leakage(dataset: Dataset, codes: Codes, training: Training | None = None) -> dict[str, Any]:
    """Test webs of ``dataset`` that are among training webs, in four ways. ``codes (k,)``: of all its graphs.

    ``training``: the webs that a model learned from; by default the training part of ``dataset``.

    shared_sources: source webs in both parts (a single web is split by region and is in both). shared_nodes: nodes of
    source webs in both parts; both None for sets of different origin, whose sources cannot be told to be the same.
    isomorphic: test webs whose graph is that of a training web, which for small ones happens by chance. geometric:
    those whose nodes also lie so, at the same size; this must be 0, and isomorphic_and_geometric with it.
    """
    test, training = dataset.indices("test"), training or Training.of(dataset, codes)
    same = _isomorphic(dataset, test, codes[test], training)
    match = _geometric(dataset, test, training)
    return {
        "train": len(training.rows),
        "test": len(test),
        **_sources(dataset, test, training),
        "isomorphic": len(same),
        "geometric": len(match),
        "isomorphic_and_geometric": len(np.intersect1d(same, match)),
        "tolerance": COPY,
    }


def _sources(dataset: Dataset, test: IntArray, training: Training) -> dict[str, int | None]:
    if training.dataset.header["origin"] != dataset.header["origin"]:
        return {"shared_sources": None, "shared_nodes": None}
    parts = ((training.dataset.arrays, training.rows), (dataset.arrays, test))
    learned, held_out = (a["web"][rows] for a, rows in parts)
    shared = np.intersect1d(learned, held_out)
    both: list[set[tuple[int, int]]] = []
    for a, rows in parts:
        nodes: set[tuple[int, int]] = set()
        for k in rows[np.isin(a["web"][rows], shared)].tolist():
            own = a["source_node"][a["node_ptr"][k] : a["node_ptr"][k + 1]].tolist()
            nodes.update((int(a["web"][k]), node) for node in own)
        both.append(nodes)
    return {"shared_sources": len(shared), "shared_nodes": len(both[0] & both[1])}


def _isomorphic(dataset: Dataset, test: IntArray, codes: Codes, training: Training) -> IntArray:
    """The test rows whose graph is that of a training web; of each code one of either part is compared in full."""
    values, first = np.unique(training.codes, return_index=True)
    shared = np.isin(codes, values)
    kinds, one, member = np.unique(codes[shared], return_index=True, return_inverse=True)
    known = training.rows[first[np.searchsorted(values, kinds)]]
    pairs = zip(test[shared][one].tolist(), known.tolist(), strict=True)
    confirmed = np.array([isomorphic(dataset[a], training.dataset[b]) for a, b in pairs], bool)
    found: IntArray = test[shared][confirmed[member]]
    return found


def _geometric(dataset: Dataset, test: IntArray, training: Training) -> IntArray:
    """The test rows that are copies of training webs at the same size."""
    sizes = np.unique(np.diff(dataset.arrays["node_ptr"])[test]).tolist()
    known = dataset_shapes(training.dataset, training.rows, "rigid", sizes)
    found = []
    for n, shapes in known:
        radii = np.sort(np.linalg.norm(shapes.points, axis=2), axis=1)
        ((_, mine),) = dataset_shapes(dataset, test, "rigid", [n])
        most = COPY * mean_lengths(dataset, mine.rows)
        for start in range(0, len(mine.rows), BLOCK):
            some = slice(start, start + BLOCK)
            r = np.sort(np.linalg.norm(mine.points[some], axis=2), axis=1)
            gap = np.square(r).sum(1)[:, None] + np.square(radii).sum(1) - 2 * r @ radii.T
            candidate = gap <= n * np.square(most[some])[:, None] + 1e-9 * np.square(r).sum(1)[:, None]
            for k in np.flatnonzero(candidate.any(axis=1)).tolist():
                use = np.flatnonzero(candidate[k])
                part = Shapes(shapes.frame, shapes.points[use], shapes.rows[use], shapes.ordered[use])
                if len(near(mine.points[start + k], part, float(most[start + k]))):
                    found.append(int(mine.rows[start + k]))
    return np.array(found, np.int64)
