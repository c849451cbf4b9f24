from __future__ import annotations

import numpy as np

from simulate.mesh_movement.um2n.encoder_kernels import edge_features, near_attention

#: Square 0 hears 1 and 2, square 1 hears 0, square 2 none.
POINTERS, SOURCES = np.array([0, 2, 3, 3], dtype=np.int32), np.array([1, 2, 0], dtype=np.int32)
EDGES = [(0, 1), (0, 2), (1, 0)]


def real(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_squares_hear_the_weighed_values_of_their_neighbours():
    h, d, f = 2, 3, 4
    projected, edges = real(3, 3 * h * d), real(3, f, seed=1)
    bias, constant, edge, plain = real(h, f, seed=2), real(h, seed=3), real(f, h * d, seed=4), real(h * d, seed=5)
    found = near_attention(
        POINTERS, SOURCES, projected, edges, bias, constant, edge, plain, 8.0, (0,) * h, (0,) * d, (0,) * f
    )
    q, k, v = projected.reshape(3, 3, h, d).transpose(1, 0, 2, 3)
    summed, total = np.zeros((3, h, d)), np.zeros((3, h, 1))
    for e, (i, j) in enumerate(EDGES):
        logit = (q[i] * k[j]).sum(axis=1) / np.sqrt(d) + bias @ edges[e] + constant
        weight = np.exp(8 * np.tanh(logit / 8))[:, None]
        summed[i] += weight * (v[j] + (edges[e] @ edge + plain).reshape(h, d))
        total[i] += weight
    np.testing.assert_allclose(found[:2], (summed[:2] / total[:2]).reshape(2, -1), rtol=1e-4, atol=1e-5)
    assert not found[2].any()


def test_features_of_edges_are_those_of_the_formula():
    random = np.random.default_rng(0)
    centres, level, vectors = random.normal(size=(3, 2)), random.normal(size=3), random.normal(size=(3, 2, 2))
    vectors[1] = 0
    found = edge_features(POINTERS, SOURCES, centres, level, vectors, 0.5)
    for e, (i, j) in enumerate(EDGES):
        way = (centres[j] - centres[i]) / np.linalg.norm(centres[j] - centres[i])
        along = [way @ vector / (0.5 + np.linalg.norm(vector)) for vector in vectors[i]]
        np.testing.assert_allclose(found[e], [level[j] - level[i], level[i], *along], rtol=1e-5, atol=1e-6)
