from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from structgen.generators.growing import Growing, unit_of
from structgen.generators.orders import growth_order
from structgen.generators.sequences import sequences
from structgen.generators.surroundings import surroundings
from structgen.web import WebGraph


def told_of(batch):
    return Growing.of(batch.pos, batch.kind, batch.radius, batch.parent, batch.request, batch.drop, batch.blur)


def grown_webs():
    """Two webs of different size, in growth order."""
    rng = np.random.default_rng(3)
    webs = []
    for n in (7, 10):
        pos = rng.uniform(-5, 5, (n, 3))
        edges = [(i, i + 1) for i in range(n - 1)] + [(0, n - 1), (1, n - 2)]
        web = WebGraph.from_edges(pos, edges, rng.uniform(0.1, 0.2, n + 1), rng.integers(0, 8, n + 1))
        web = web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)
        webs.append(web.subweb(growth_order(web, 2)))
    return webs


def test_what_comes_later_is_not_told():
    batch = sequences(grown_webs(), np.array([False, False]))

    def told(pos, kind):
        whole = told_of(replace(batch, seen=pos, pos=pos, kind=kind))
        return (
            whole.node_features(slice(0, 4)),
            whole.pair_features(slice(0, 4)),
            whole.candidate_features(pos[:, 1:4], batch.parent[:, 1:4].clamp_min(0), slice(0, 3)),
            surroundings(whole, batch.parent[:, 1:4].clamp_min(0), slice(0, 3)).features,
        )

    pos, kind = batch.pos.clone(), batch.kind.clone()
    pos[:, 4:] += 1.0
    kind[:, 4:] = kind[:, :, 4:] = 3
    for before, after in zip(told(batch.pos, batch.kind), told(pos, kind), strict=True):
        torch.testing.assert_close(before, after)


def test_budgets_run_out_when_the_web_is_done():
    (web, _) = grown_webs()
    batch = sequences([web], np.array([False]))
    features = told_of(batch).node_features(slice(0, web.n + 1))[0]
    nodes_left, placed, edges_left = features[:, 16], features[:, 17], features[:, 19]
    np.testing.assert_allclose(nodes_left.exp() * np.e**2 - 1, np.arange(web.n, -1, -1), atol=1e-4)
    np.testing.assert_allclose(placed, np.arange(web.n + 1) / web.n, atol=1e-6)
    assert edges_left[0] == np.float32(np.log(web.m + 1))
    assert edges_left[-1] == 0
    # Room on the six sides of the box is used up too.
    np.testing.assert_allclose(features[-1, 22:28], 0, atol=1e-5)


def test_hidden_targets_are_hidden():
    webs = grown_webs()
    batch = sequences(webs, np.array([True, True]))
    other = sequences(webs, np.array([True, True]))
    other.request.mean_degree.mul_(1.3)
    other.request.mean_edge_length.mul_(0.7)
    told = [
        (
            told_of(b).node_features(slice(0, 8)),
            b.request.condition(b.drop),
        )
        for b in (batch, other)
    ]
    for before, after in zip(*told, strict=True):
        torch.testing.assert_close(before, after)


def test_lengths_are_told_in_mean_edges_or_in_what_is_typical():
    batch = sequences(grown_webs(), np.array([False, True]))
    unit = unit_of(batch.request, batch.drop)
    assert unit[0] == batch.request.mean_edge_length[0]
    assert unit[1] != batch.request.mean_edge_length[1]
    np.testing.assert_allclose(unit[1] / batch.request.scale[1], 0.25, rtol=1e-6)


def test_pull_is_the_sum_of_directions_to_neighbours_and_moment_that_of_their_squares():
    pos = [[0, 0, 0], [2, 0, 0], [0, 3, 0], [-1, 0, 0]]
    web = WebGraph.from_edges(pos, [(0, 1), (0, 2), (0, 3)])
    batch = sequences([web], np.array([False]))
    whole = told_of(batch)
    # The hub is place 1; its neighbours come one by one.
    expected = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    np.testing.assert_allclose(whole.pull[0, 1:, 1], expected, atol=1e-6)
    np.testing.assert_allclose(whole.pull[0, 4, 2:], [[-1, 0, 0], [0, -1, 0], [1, 0, 0]], atol=1e-6)
    # Of the squares of the directions the diagonal, then what is mixed.
    np.testing.assert_allclose(whole.moment[0, 4, 1], [2, 1, 0, 0, 0, 0], atol=1e-6)
