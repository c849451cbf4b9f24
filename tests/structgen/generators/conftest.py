"""A generator that has learned nothing, for tests of what all generators share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from structgen.generators.decode import Proposal
from structgen.generators.model import Ask, Config, WebGenerator
from structgen.generators.request import TrainingRange


class Simple(WebGenerator):
    """Nodes at random in the box, the nearest of them joined. Keeps what it was asked for.

    empty: whether a call of `propose`, counted from 0, is answered without any candidate edge.
    """

    name = "simple"
    config_type = Config
    steps = 3

    def __init__(self, training_range: TrainingRange, empty: Callable[[int], bool] = lambda call: False) -> None:
        super().__init__(Config(), training_range)
        self.empty = empty
        self.calls: list[tuple[list[Ask], int, float]] = []

    def batch(self, webs, rng):
        raise NotImplementedError

    def forward(self, batch):
        raise NotImplementedError

    def propose(self, asks, rngs, steps, guidance):
        empty = self.empty(len(self.calls))
        self.calls.append((list(asks), steps, guidance))
        return [_proposal(ask, rng, empty) for ask, rng in zip(asks, rngs, strict=True)]


def _proposal(ask: Ask, rng: np.random.Generator, empty: bool) -> Proposal:
    half = np.array(ask.target.extents) / 2
    box, n = np.array([-half, half]) if ask.region is None else ask.region, ask.target.nodes
    known = ask.known.n if ask.known else 0
    pos = rng.uniform(*box, (n - known, 3))
    i, j = np.triu_indices(n, 1)
    pairs = np.column_stack([i, j])[j >= known][: 0 if empty else None]
    given = np.empty((0, 2), np.int64)
    if ask.known:
        pos, given = np.concatenate([ask.known.pos, pos]), ask.known.edge_index.T
    far = np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1)
    score = np.concatenate([np.full(len(given), 9.0), ask.target.mean_edge_length - far])
    kind = np.concatenate([ask.known.kind if ask.known else [], pairs.sum(axis=1) % 4]).astype(np.int64)
    thick = 0.1 * rng.standard_normal(len(kind))
    return Proposal(pos, np.concatenate([given, pairs]), score, kind, thick, known, len(given))


@pytest.fixture(scope="session")
def small_range() -> TrainingRange:
    """Of webs of 8 to 32 nodes with mean degrees of 1.9 to 3 in boxes of sides 10 to 30 mm."""
    rng = np.random.default_rng(0)
    nodes = np.concatenate([[8, 32], rng.integers(8, 33, 198)])
    edges = np.maximum(nodes - 1, np.round(nodes * rng.uniform(0.95, 1.5, 200)))
    box = rng.uniform(10, 30, (200, 3))
    length = 0.6 * np.linalg.norm(box, axis=1) / nodes ** (1 / 3) * np.exp(0.2 * rng.standard_normal(200))
    return TrainingRange.of(np.column_stack([length, box, nodes, edges, 2 * edges / nodes]), 0.02)


@pytest.fixture
def simple(small_range) -> Callable[..., Simple]:
    """``simple()``: a new `Simple`; ``simple(empty=lambda call: call < 2)``: one whose first answers are useless."""

    def make(empty: Callable[[int], bool] = lambda call: False) -> Simple:
        return Simple(small_range, empty)

    return make


@pytest.fixture(scope="session")
def lattice():
    """``lattice(rng, scatter)``: places and edges of a square net, straight but for ``scatter`` of an edge."""

    def make(rng, scatter):
        side = 7
        grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), [0], indexing="ij"), -1).reshape(-1, 3)
        number = np.arange(side * side).reshape(side, side)
        along = [number[:-1].ravel(), number[1:].ravel()], [number[:, :-1].ravel(), number[:, 1:].ravel()]
        edges = np.concatenate([np.column_stack(ends) for ends in along])
        return grid + scatter * rng.standard_normal(grid.shape), edges

    return make
