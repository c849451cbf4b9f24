"""Webs that are hard to mesh."""

import numpy as np
import pytest

from structgen.web import WebGraph


def unit(rng, count):
    vectors = rng.normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def grown(rng, pos, radius):
    """Each node joined to the nearest of those before it, and some more struts."""
    tree = [(int(np.linalg.norm(pos[:k] - pos[k], axis=1).argmin()), k) for k in range(1, len(pos))]
    more = rng.integers(0, len(pos), (len(pos) // 2, 2))
    edges = np.concatenate([tree, more[more[:, 0] != more[:, 1]]])
    return WebGraph.from_edges(pos, edges, radius(len(edges)))


def even(rng):
    return lambda count: 0.4 * rng.uniform(0.7, 1.3, count)


def sparse(rng):
    return grown(rng, rng.uniform(0, 30, (rng.integers(4, 20), 3)), even(rng))


def crowded(rng):
    return grown(rng, rng.uniform(0, 10, (rng.integers(4, 20), 3)), even(rng))


def planar(rng):
    return grown(rng, rng.uniform(0, 25, (rng.integers(4, 20), 3)) * [1, 1, 0], lambda count: np.full(count, 0.4))


def thick_and_thin(rng):
    return grown(rng, rng.uniform(0, 25, (rng.integers(4, 16), 3)), lambda count: 10 ** rng.uniform(-1.3, 0.3, count))


def hub(rng):
    """A node of degree 12."""
    ends = unit(rng, 12) * rng.uniform(5, 12, (12, 1))
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, 13)], even(rng)(12))


def nearly_parallel(rng):
    ends = (unit(rng, 1) + unit(rng, 6) * 10 ** rng.uniform(-6, -1, (6, 1))) * rng.uniform(5, 15, (6, 1))
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, 7)], even(rng)(6))


def on_one_line(rng):
    """Struts in the same few directions."""
    ends = np.unique(unit(rng, 3)[rng.integers(0, 3, 6)] * rng.integers(1, 6, (6, 1)) * 3.0, axis=0)
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, len(ends) + 1)])


def tiny_edges(rng):
    """Down to edges that weld."""
    web, twins = sparse(rng), 4
    node = rng.integers(0, web.n, twins)
    pos = np.concatenate([web.pos, web.pos[node] + unit(rng, twins) * 10 ** rng.uniform(-9, 0, (twins, 1))])
    twin = web.n + np.arange(twins)
    pairs = np.concatenate([web.edge_index.T, np.column_stack([node, twin]), np.column_stack([twin, np.roll(node, 1)])])
    return WebGraph.from_edges(pos, pairs)


def regular(rng):
    """A cubic lattice with diagonals that cross."""
    pos = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3) * float(rng.choice([2, 4, 8]))
    i, j = np.triu_indices(27, 1)
    near = np.linalg.norm(pos[i] - pos[j], axis=1) < 0.9 * pos.max()
    chosen = near & (rng.random(len(i)) < 0.5)
    return WebGraph.from_edges(pos, np.column_stack([i, j])[chosen]).largest_component()


def through_one_point(rng):
    """Struts that cross in one point without a node there."""
    ends = 8 * unit(rng, 6)
    return WebGraph.from_edges([*-ends, *ends], [(k, 6 + k) for k in range(6)] + [(k, k + 1) for k in range(6, 11)])


def fine_helix(rng):
    """Edges shorter than they are thick."""
    t = np.linspace(0, 2 * np.pi, 40)
    pos = np.column_stack([5 * np.cos(t), 5 * np.sin(t), rng.uniform(0.1, 0.6) * t])
    return WebGraph.from_edges(pos, [(k, k + 1) for k in range(39)])


KINDS = (
    sparse, crowded, planar, thick_and_thin, hub, nearly_parallel, on_one_line, tiny_edges, regular, through_one_point,
    fine_helix,
)  # fmt: skip


@pytest.fixture(scope="session")
def hard_web():
    """``hard_web(seed)``: a small web of one of eleven kinds."""
    return lambda seed: KINDS[seed % len(KINDS)](np.random.default_rng(seed))
