from __future__ import annotations

import numpy as np

from simulate.mesh_movement.um2n.background import sub_centroids
from simulate.mesh_movement.um2n.kernels import shares, sweep_logits, weighed_steps


def real(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_shares_are_those_of_samples_counted_one_by_one(mesh):
    made = mesh("square", 3)
    low, step, shape = made.points.min(axis=0), np.array([0.24, 0.31]), (4, 3)
    parts = sub_centroids(2)
    begin, squares, share = shares(made.points, made.cells, parts, low, step, shape)
    for c, cell in enumerate(made.cells):
        at = ((parts @ made.points[cell] - low) / step).astype(int)
        found, count = np.unique(np.minimum(at, [3, 2]) @ [3, 1], return_counts=True)
        mine = slice(begin[c], begin[c + 1])
        order = np.argsort(squares[mine])
        np.testing.assert_array_equal(squares[mine][order], found)
        np.testing.assert_allclose(share[mine][order], count / len(parts))


#: Node 0 hears 1 and 2, node 1 hears 0, node 2 none.
POINTERS, SOURCES = np.array([0, 2, 3, 3], dtype=np.int32), np.array([1, 2, 0], dtype=np.int32)


def test_logits_are_those_of_the_formula():
    slim = 5
    points, sizes, load = real(3, 2), np.abs(real(3)) + 1, real(3, seed=1)
    state, edge, out = real(3, 2 * slim + 1), real(2, slim, seed=2), real(slim, seed=3)
    found = sweep_logits(POINTERS, SOURCES, points, sizes, load, state, edge, out, 1.5, 0.2)
    for e, (i, j) in enumerate([(0, 1), (0, 2), (1, 0)]):
        length = np.linalg.norm(points[j] - points[i]) / sizes[i] - 1.5
        hidden = state[i, :slim] + state[j, slim:-1] + length * edge[0] + (load[j] - load[i]) * edge[1]
        np.testing.assert_allclose(found[e], out @ np.where(hidden > 0, hidden, 0.2 * hidden), rtol=1e-5, atol=1e-6)


def test_steps_lead_to_the_weighed_mean_of_neighbours_and_oneself():
    points, weights, stay = real(3, 2), np.array([1, 3, 2], dtype=np.float32), np.array([4, 6, 1], dtype=np.float32)
    found = points + weighed_steps(POINTERS, SOURCES, points, weights, stay)
    np.testing.assert_allclose(found[0], (points[1] + 3 * points[2] + 4 * points[0]) / 8, rtol=1e-5)
    np.testing.assert_allclose(found[1], (2 * points[0] + 6 * points[1]) / 8, rtol=1e-5)
    np.testing.assert_allclose(found[2], points[2])
