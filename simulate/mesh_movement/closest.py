"""The closest point of a piece of boundary: segments or triangles."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from simulate.mesh_movement.checks import FloatArray

#: Simplices looked at for each point, nearest centroids first.
CANDIDATES = 12


class PieceSurface:
    """A piece of boundary.

    Arguments:
        corners: ``(s, k, d)`` corners of its segments (k = 2) or triangles (k = 3).
    """

    def __init__(self, corners: FloatArray) -> None:
        self.corners = corners
        self._tree = cKDTree(corners.mean(axis=1))

    def closest(self, points: FloatArray) -> FloatArray:
        """``(p, d)`` point of the piece next to each of ``points (p, d)``, among its simplices nearby."""
        count = min(CANDIDATES, len(self.corners))
        found = self._tree.query(points, k=count)[1].reshape(len(points), count)
        candidates = closest_on_simplex(points[:, None, :], self.corners[found])
        best = ((candidates - points[:, None, :]) ** 2).sum(axis=2).argmin(axis=1)
        nearest: FloatArray = candidates[np.arange(len(points)), best]
        return nearest


def closest_on_simplex(points: FloatArray, corners: FloatArray) -> FloatArray:
    """Closest points to ``points (..., d)`` on the segments or triangles ``corners (..., k, d)``."""
    if corners.shape[-2] == 2:
        return _on_segment(points, corners[..., 0, :], corners[..., 1, :])
    a, b, c = (corners[..., k, :] for k in range(3))
    sides = np.stack([_on_segment(points, *ends) for ends in ((a, b), (b, c), (c, a))], axis=-2)
    apart = ((sides - points[..., None, :]) ** 2).sum(axis=-1)
    nearest = np.take_along_axis(sides, apart.argmin(axis=-1)[..., None, None], axis=-2)[..., 0, :]
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    wu, wv = (w * u).sum(-1), (w * v).sum(-1)
    area = np.maximum(uu * vv - uv * uv, np.finfo(float).tiny)
    s, t = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    inside = (s >= 0) & (t >= 0) & (s + t <= 1)
    flat: FloatArray = np.where(inside[..., None], a + s[..., None] * u + t[..., None] * v, nearest)
    return flat


def _on_segment(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    along = end - start
    share = ((points - start) * along).sum(-1) / np.maximum((along * along).sum(-1), np.finfo(float).tiny)
    result: FloatArray = start + np.clip(share, 0, 1)[..., None] * along
    return result
