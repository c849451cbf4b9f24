"""Inner loops over the edges of the background grid, compiled by numba: what torch and NumPy do in a dozen passes is
done square by square, in the cache."""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.kernels import compiled
from simulate.mesh_movement.um2n.kernels import Count, Index, Real, bounded_exp32


@compiled
def near_attention(
    pointers: Index, sources: Index, projected: Real, edges: Real, bias: Real, constant: Real, edge: Real, plain: Real,
    limit: float, heads: Count, size: Count, features: Count,
) -> Real:  # fmt: skip
    """``(g, h d)`` attention of squares to their neighbours, see `Block`: edges in the order of targets; queries, keys
    and values ``projected (g, 3 h d)``; features ``edges (e, f)``, of which ``bias (h, f)`` and ``constant (h,)`` make
    part of the logits, kept within ``limit`` by tanh, and ``edge (f, h d)`` and ``plain (h d,)`` part of the values.

    ``heads``, ``size`` and ``features`` are the `Count` of h, d and f.
    """
    h, d, f = len(heads), len(size), len(features)
    scale, bound, zero, one = np.float32(1 / np.sqrt(d)), np.float32(limit), np.float32(0), np.float32(1)
    weights = np.empty((len(sources), h), dtype=np.float32)
    for i in range(len(pointers) - 1):
        query = projected[i]
        for e in range(pointers[i], pointers[i + 1]):
            key = projected[sources[e]]
            for head in range(h):
                logit = zero
                for k in range(d):
                    logit += query[head * d + k] * key[(h + head) * d + k]
                logit = logit * scale + constant[head]
                for k in range(f):
                    logit += edges[e, k] * bias[head, k]
                weights[e, head] = logit
    flat = weights.reshape(-1)
    for place in range(len(flat)):
        flat[place] = bounded_exp32(flat[place], bound)
    result = np.zeros((len(pointers) - 1, h * d), dtype=np.float32)
    felt, total = np.empty(h * f, dtype=np.float32), np.empty(h, dtype=np.float32)
    for i in range(len(result)):
        if pointers[i] == pointers[i + 1]:
            continue
        out = result[i]
        felt[:] = zero
        total[:] = zero
        for e in range(pointers[i], pointers[i + 1]):
            value = projected[sources[e]]
            for head in range(h):
                weight = weights[e, head]
                total[head] += weight
                for k in range(d):
                    out[head * d + k] += weight * value[(2 * h + head) * d + k]
                for k in range(f):
                    felt[head * f + k] += weight * edges[e, k]
        # What edges add to values is linear in their features, so these are summed first.
        for head in range(h):
            share = one / total[head]
            for k in range(d):
                out[head * d + k] = out[head * d + k] * share + plain[head * d + k]
            for m in range(f):
                part = felt[head * f + m] * share
                for k in range(d):
                    out[head * d + k] += part * edge[m, head * d + k]
    return result


@compiled
def edge_features(
    pointers: Index, sources: Index, centres: FloatArray, level: FloatArray, vectors: FloatArray, gentle: float
) -> Real:
    """``(e, 2 + k)`` of each edge, in the order of targets: rise of ``level (g,)``, the level at its target, and how
    far it goes along each of ``vectors (g, k, 2)`` there, of which those of length ``gentle`` count half."""
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
