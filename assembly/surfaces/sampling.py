"""Points kept so that no two are near."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from structgen.web import FloatArray, IntArray


def spread(points: FloatArray, spacing: float) -> IntArray:
    """Numbers of ``points (n, d)`` to keep so that no two are nearer than ``spacing``: the first come first."""
    tree = cKDTree(points)
    free = np.ones(len(points), bool)
    kept = []
    for k in range(len(points)):
        if free[k]:
            kept.append(k)
            free[tree.query_ball_point(points[k], spacing * (1 - 1e-12))] = False
    return np.array(kept, np.int64)


def side_by_side(length: float, size: float, overlap: float, closed: bool = False) -> FloatArray:
    """Middles along ``length`` mm of as few pieces of ``size`` mm as cover it with the share ``overlap`` shared.

    On a ``closed`` way the last overlaps the first too; else the first begins at 0 and the last ends at ``length``.
    """
    step = size * (1 - overlap)
    if closed:
        count = max(int(np.ceil(length / step - 1e-9)), 1)
        return np.asarray(np.arange(count) * (length / count), float)
    count = 1 + max(int(np.ceil((length - size) / step - 1e-9)), 0)
    return np.linspace(size / 2, length - size / 2, count) if count > 1 else np.array([length / 2])
