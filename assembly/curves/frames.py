"""Frames along a poly-line that turn about it as little as can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def minimally_rotating(points: FloatArray, tangents: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` right-handed frames at ``points`` (k, 3): columns tangent, normal, binormal.

    By the double reflection method (Wang, Juettler, Zheng & Liu, Computation of rotation minimizing frames, ACM
    Trans. Graphics 27(1), 2008). The first normal lies nearest to the axis that the curve begins farthest from.
    """
    first = _reflection(np.diff(points, axis=0))
    turned = np.einsum("kij,kj->ki", first, tangents[:-1])
    rotation = _running_product(_reflection(tangents[1:] - turned) @ first)
    axis = np.eye(3)[np.argmin(np.abs(tangents[0]))]
    start = unit(_across(axis[None], tangents[:1]))
    normal = unit(_across(np.concatenate([start, rotation @ start[0]]), tangents))
    return np.stack([tangents, normal, np.cross(tangents, normal)], axis=2)


def closing_twist(frames: FloatArray, shares: FloatArray) -> FloatArray:
    """``frames`` (k, 3, 3) turned about their tangents in proportion to ``shares`` (k,), 0 to 1, so that the last
    frame becomes the first: the shorter way round.
    """
    normal, binormal = frames[:, :, 1], frames[:, :, 2]
    angle = np.arctan2(normal[0] @ binormal[-1], normal[0] @ normal[-1]) * shares
    turned = np.cos(angle)[:, None] * normal + np.sin(angle)[:, None] * binormal
    return np.stack([frames[:, :, 0], turned, np.cross(frames[:, :, 0], turned)], axis=2)


def unit(vectors: FloatArray) -> FloatArray:
    """``vectors`` (..., 3) divided by their lengths."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _across(vectors: FloatArray, tangent: FloatArray) -> FloatArray:
    return np.asarray(vectors - (vectors * tangent).sum(-1, keepdims=True) * tangent)


def _reflection(normals: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` reflections in the planes across ``normals`` (k, 3)."""
    n = unit(normals)
    return np.eye(3) - 2 * n[:, :, None] * n[:, None, :]


def _running_product(matrices: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` products M[i] ... M[1] M[0], in log2(k) vectorised steps."""
    product, step = matrices.copy(), 1
    while step < len(product):
        product[step:] = product[step:] @ product[:-step]
        step *= 2
    return product
