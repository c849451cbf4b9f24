from __future__ import annotations

import numpy as np

from structgen.evaluation.outside import BEYOND, past_the_range
from structgen.targets import DesignTargets


def test_one_number_each_is_past_all_training_webs(small_set):
    base = [DesignTargets.measure(small_set[int(k)]) for k in small_set.indices("test")[:12]]
    rows = small_set.arrays["targets"][small_set.indices("train")].astype(float)
    found = past_the_range(small_set, base)
    assert list(found) == ["nodes", "mean_degree", "mean_edge_length"]
    for target, source in zip(found["nodes"], base, strict=True):
        assert target.nodes == round((1 + BEYOND) * rows[:, 4].max())
        assert target.mean_edge_length == source.mean_edge_length
        # As many nodes in a volume as before.
        np.testing.assert_allclose(np.prod(target.extents) / target.nodes, np.prod(source.extents) / source.nodes)
    for target, source in zip(found["mean_degree"], base, strict=True):
        assert target.mean_degree > 1.1 * rows[:, 6].max()
        assert (target.nodes, target.extents) == (source.nodes, source.extents)
    density = rows[:, 0] / np.linalg.norm(rows[:, 1:4], axis=1) * np.cbrt(rows[:, 4])
    assert 0 < len(found["mean_edge_length"]) <= len(base)
    for target in found["mean_edge_length"]:
        box = float(np.linalg.norm(target.extents))
        np.testing.assert_allclose(target.mean_edge_length / box * np.cbrt(target.nodes), 1.25 * density.max())
        assert target.mean_edge_length < 0.9 * box
