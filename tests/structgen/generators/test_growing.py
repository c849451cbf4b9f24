from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from structgen.generators.growing import Growing, unit_of
from structgen.generators.nets_causal import NODE_FEATURES, PAIR_FEATURES
from structgen.generators.orders import growth_order
from structgen.generators.sequences import sequences
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


def test_step_by_step_and_at_once_the_network_is_told_the_same():
    batch = sequences(grown_webs(), np.array([False, True]))
    whole = told_of(batch)
    last = batch.pos.shape[1] - 1
    every = slice(0, last)
    nodes, pairs = whole.node_features(every), whole.pair_features(every)
    candidates = whole.candidate_features(batch.pos[:, 1:], every)
    assert (nodes.shape[-1], pairs.shape[-1], candidates.shape[-1]) == (NODE_FEATURES, PAIR_FEATURES, PAIR_FEATURES)
    step = Growing.empty(last, batch.request, batch.drop, batch.blur, 4)
    for place in range(last):
        at, real = slice(place, place + 1), batch.mask[:, place]
        np.testing.assert_allclose(step.node_features(at)[real, 0], nodes[real, place], atol=1e-5)
        np.testing.assert_allclose(step.pair_features(at)[real, 0], pairs[real, place, : place + 1], atol=1e-5)
        np.testing.assert_allclose(
            step.around(batch.parent[:, place + 1 : place + 2].clamp_min(0), at)[batch.mask[:, place + 1]],
            whole.around(batch.parent[:, 1:].clamp_min(0), every)[batch.mask[:, place + 1], place : place + 1],
            atol=1e-5,
        )
        step.put(place + 1, batch.pos[:, place + 1], batch.parent[:, place + 1].clamp_min(0))
        real = batch.mask[:, place + 1]
        np.testing.assert_allclose(
            step.candidate_features(batch.pos[:, place + 1 : place + 2], at)[real, 0],
            candidates[real, place, : place + 1],
            atol=1e-5,
        )
        row = slice(0, place + 1)
        step.join(place + 1, batch.kind[:, place + 1, row], batch.radius[:, place + 1, row])


def test_what_comes_later_is_not_told():
    batch = sequences(grown_webs(), np.array([False, False]))

    def told(pos, kind):
        whole = told_of(replace(batch, seen=pos, pos=pos, kind=kind))
        return (
            whole.node_features(slice(0, 4)),
            whole.pair_features(slice(0, 4)),
            whole.candidate_features(pos[:, 1:4], slice(0, 3)),
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


def test_pull_is_the_sum_of_directions_to_neighbours_and_around_their_places():
    pos = [[0, 0, 0], [2, 0, 0], [0, 3, 0], [-1, 0, 0]]
    web = WebGraph.from_edges(pos, [(0, 1), (0, 2), (0, 3)])
    batch = sequences([web], np.array([False]))
    whole = told_of(batch)
    # The hub is place 1; its neighbours come one by one.
    expected = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    np.testing.assert_allclose(whole.pull[0, 1:, 1], expected, atol=1e-6)
    np.testing.assert_allclose(whole.pull[0, 4, 2:], [[-1, 0, 0], [0, -1, 0], [1, 0, 0]], atol=1e-6)
    told = whole.around(torch.tensor([[1]]), slice(4, 5))[0, 0]
    # Latest first, in halves of the mean edge length of 2; then directions, and that there are three.
    np.testing.assert_allclose(
        told[:12].reshape(4, 3), [[-0.25, 0, 0], [0, 0.75, 0], [0.5, 0, 0], [0, 0, 0]], atol=1e-6
    )
    np.testing.assert_allclose(told[12:24].reshape(4, 3), [[-1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], atol=1e-6)
    assert told[24:].tolist() == [1, 1, 1, 0]
