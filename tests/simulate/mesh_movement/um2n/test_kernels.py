from __future__ import annotations

import numpy as np

from simulate.mesh_movement.um2n.background import sub_centroids
from simulate.mesh_movement.um2n.kernels import attracted, bounded_exp32, exp32, linked, placed, shares


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


def test_the_exponential_of_lanes_is_that_of_numpy():
    x = np.linspace(-87, 88, 20_001, dtype=np.float32)
    np.testing.assert_allclose([exp32(value) for value in x], np.exp(x.astype(float)), rtol=3e-7)
    assert exp32(np.float32(-1e9)) < 1e-37 and np.isfinite(exp32(np.float32(1e9)))


def test_a_bounded_exponential_is_that_of_tanh():
    x = np.linspace(-100, 100, 2001, dtype=np.float32)
    found = [bounded_exp32(value, np.float32(8)) for value in x]
    np.testing.assert_allclose(found, np.exp(8 * np.tanh(x.astype(float) / 8)), rtol=5e-6)


#: Node 0 hears 1 and 2, node 1 hears 0, node 2 none.
POINTERS, SOURCES = np.array([0, 2, 3, 3], dtype=np.int32), np.array([1, 2, 0], dtype=np.int32)


def test_nodes_go_to_the_weighed_mean_of_neighbours_and_themselves():
    s = 5
    points, sizes, load = real(3, 2), np.abs(real(3)) + 1, real(3, seed=1)
    state, parts = real(3, 2 * s + 1), real(5, s, seed=2)
    found = points + attracted(
        POINTERS, SOURCES, points, sizes, load, state, parts, 0.3, 0.7, 1.5, 0.2, 8.0, (0,) * s
    )  # fmt: skip
    weights = np.diag([np.exp(8 * np.tanh((state[i, -1] + 0.7 * load[i]) / 8)) for i in range(3)])
    for i, j in [(0, 1), (0, 2), (1, 0)]:
        length = np.linalg.norm(points[j] - points[i]) / sizes[i] - 1.5
        hidden = state[i, :s] + state[j, s:-1] + [1, length, load[i], load[j]] @ parts[:4]
        logit = 0.3 + parts[4] @ np.where(hidden > 0, hidden, 0.2 * hidden)
        weights[i, j] = np.exp(8 * np.tanh(logit / 8))
    np.testing.assert_allclose(found, weights @ points / weights.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found[2], points[2])


def test_edges_of_a_mesh_are_those_of_its_cells(mesh):
    made = mesh("disc", 5)
    pointers, nodes = linked(made.cells, made.neighbours, made.n)
    pairs = {(int(i), int(j)) for cell in made.cells for i in cell for j in cell if i != j}
    assert [(i, int(j)) for i in range(made.n) for j in nodes[pointers[i] : pointers[i + 1]]] == sorted(pairs)


def test_places_are_kept_in_their_box():
    angle = 0.4
    turn = 3 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points, middle, low, high = real(50, 2), np.array([5.0, 7.0]), np.array([3.0, 4.0]), np.array([8.0, 9.0])
    there = points @ turn.T + middle
    np.testing.assert_allclose(placed(points, turn, middle, low, high), np.clip(there, low, high), rtol=1e-6)
    assert (there < low).any() and (there > high).any()
