"""Distances between struts, shared by decoding and joining."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def segment_distance(p0: FloatArray, p1: FloatArray, q0: FloatArray, q1: FloatArray) -> FloatArray:
    """Shortest distance between segments p0 p1 and q0 q1, all ``(..., 3)`` and broadcast; returns ``(...)``.

    Points and parallel segments are handled.
    """
    s, t = nearest_shares(p0, p1, q0, q1)
    apart = (p0 - q0) + s[..., None] * (p1 - p0) - t[..., None] * (q1 - q0)
    distance: FloatArray = np.sqrt(_dot(apart, apart))
    return distance


def nearest_shares(p0: FloatArray, p1: FloatArray, q0: FloatArray, q1: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where the segments p0 p1 and q0 q1, as in `segment_distance`, are nearest: shares of each, in 0 to 1.

    Clamped closest points after C. Ericson, Real-Time Collision Detection (2005), section 5.1.9.
    """
    d1, d2, r = p1 - p0, q1 - q0, p0 - q0
    a, e, f = _dot(d1, d1), _dot(d2, d2), _dot(d2, r)
    c, b = _dot(d1, r), _dot(d1, d2)
    tiny = np.finfo(float).tiny
    denominator = a * e - b * b
    parallel = denominator <= 1e-12 * np.maximum(a * e, tiny)
    s = np.where(parallel, 0.0, np.clip((b * f - c * e) / np.where(parallel, 1.0, denominator), 0, 1))
    t = (b * s + f) / np.maximum(e, tiny)
    t = np.clip(t, 0, 1)
    return np.clip((b * t - c) / np.maximum(a, tiny), 0, 1), t


def _dot(u: FloatArray, v: FloatArray) -> FloatArray:
    product: FloatArray = np.einsum("...i,...i->...", u, v)
    return product
