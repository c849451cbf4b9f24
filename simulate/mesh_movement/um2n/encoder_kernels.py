"""Inner loops of the encoder, compiled by numba: what torch does in a dozen passes over arrays of all edges of the grid
is done square by square, in the cache."""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.kernels import compiled
from simulate.mesh_movement.um2n.kernels import Count, Index, Real


@compiled
def exp32(x: np.float32) -> np.float32:
    """The exponential of 32 bits, within 2e-7, as polynomial and power of two (S. L. Moshier, Cephes): unlike a call of
    the C library it is computed in lanes."""
    x = min(max(x, np.float32(-87)), np.float32(88))
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    # ln 2 in two parts, so that nothing is lost.
    r = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    series = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    series = series * r + np.float32(8.3334519073e-3)
    series = series * r + np.float32(4.1665795894e-2)
    series = series * r + np.float32(1.6666665459e-1)
    series = series * r + np.float32(5.0000001201e-1)
    bits = (np.int32(power) + np.int32(127)) << np.int32(23)
    return (series * r * r + r + np.float32(1)) * np.int32(bits).view(np.float32)


@compiled
def near_attention(
    pointers: Index, sources: Index, projected: Real, edges: Real, bias: Real, constant: Real, edge: Real, plain: Real,
    limit: float, heads: Count, size: Count, features: Count,
) -> Real:  # fmt: skip
    """``(g, h d)`` attention of squares to their neighbours, see `Block`: edges in the order of targets; queries, keys and
    values ``projected (g, 3 h d)``; features ``edges (e, f)``, of which ``bias (h, f)`` and ``constant (h,)`` make a part
    of the logits, kept within ``limit`` by tanh, and ``edge (h d, f)`` and ``plain (h d,)`` a part of the values.

    ``heads``, ``size`` and ``features`` are the `Count` of h, d and f.
    """
    h, d, f = len(heads), len(size), len(features)
    scale, bound = np.float32(1 / np.sqrt(d)), np.float32(limit)
    weights = np.empty(len(sources) * h, dtype=np.float32)
    for i in range(len(pointers) - 1):
        for e in range(pointers[i], pointers[i + 1]):
            j = sources[e]
            for head in range(h):
                logit = np.float32(0)
                for k in range(d):
                    logit += projected[i, head * d + k] * projected[j, (h + head) * d + k]
                logit = logit * scale + constant[head]
                for k in range(f):
                    logit += edges[e, k] * bias[head, k]
                weights[e * h + head] = logit
    for place in range(len(weights)):
        # tanh x = 1 - 2 / (exp 2 x + 1)
        weights[place] = exp32(bound - 2 * bound / (exp32(2 / bound * weights[place]) + 1))
    result = np.zeros((len(pointers) - 1, h * d), dtype=np.float32)
    felt = np.empty(f, dtype=np.float32)
    for i in range(len(result)):
        for head in range(h):
            felt[:] = total = np.float32(0)
            for e in range(pointers[i], pointers[i + 1]):
                total += weights[e * h + head]
            for e in range(pointers[i], pointers[i + 1]):
                weight, j = weights[e * h + head] / total, sources[e]
                for k in range(f):
                    felt[k] += weight * edges[e, k]
                for k in range(d):
                    result[i, head * d + k] += weight * projected[j, (2 * h + head) * d + k]
            if total == 0:
                continue
            # What edges add to values is linear in their features, so these are summed first.
            for k in range(d):
                result[i, head * d + k] += plain[head * d + k]
                for m in range(f):
                    result[i, head * d + k] += felt[m] * edge[head * d + k, m]
    return result


@compiled
def edge_features(
    pointers: Index, sources: Index, centres: FloatArray, level: FloatArray, vectors: FloatArray, gentle: float
) -> Real:
    """``(e, 2 + k)`` of each edge, in the order of targets: rise of ``level (g,)``, the level at its target, and how far
    it goes along each of ``vectors (g, k, 2)`` there, of which those of length ``gentle`` count half."""
    result = np.empty((len(sources), 2 + vectors.shape[1]), dtype=np.float32)
    for i in range(len(pointers) - 1):
        for e in range(pointers[i], pointers[i + 1]):
            j = sources[e]
            x, y = centres[j, 0] - centres[i, 0], centres[j, 1] - centres[i, 1]
            length = np.sqrt(x * x + y * y)
            result[e, 0], result[e, 1] = level[j] - level[i], level[i]
            for k in range(vectors.shape[1]):
                u, v = vectors[i, k, 0], vectors[i, k, 1]
                result[e, 2 + k] = (x * u + y * v) / length / (gentle + np.sqrt(u * u + v * v))
    return result
