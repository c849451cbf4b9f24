"""Told of one node after the other, by compiled loops, the network is told what it learned from all at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from structgen.generators.batches import CATEGORIES
from structgen.generators.growing import Growing
from structgen.generators.nets_causal import CANDIDATE_FEATURES, NODE_FEATURES, PAIR_FEATURES, SURROUNDINGS
from structgen.generators.orders import growth_order
from structgen.generators.sequences import sequences
from structgen.generators.stepping.around import tell_around
from structgen.generators.stepping.edges import draw_edges
from structgen.generators.stepping.features import tell_last, tell_next
from structgen.generators.stepping.state import Drawn
from structgen.generators.surroundings import surroundings
from structgen.web import WebGraph

BLUR = 0.03


def some_webs():
    """Of different size, in growth order: random ones, one all in a line, and one flat."""
    rng = np.random.default_rng(3)
    webs = []
    for n, flat in ((7, (1, 1, 1)), (16, (1, 1, 1)), (9, (0, 0, 1)), (12, (1, 1, 0))):
        pos = rng.uniform(-5, 5, (n, 3)) * flat
        edges = [(i, i + 1) for i in range(n - 1)] + [(0, n - 1), (1, n - 2), (1, 4), (1, 5), (2, 5)]
        web = WebGraph.from_edges(pos, edges, rng.uniform(0.1, 0.2, n + 4), rng.integers(0, 8, n + 4))
        web = web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)
        webs.append(web.subweb(growth_order(web, 2)))
    return webs


def test_step_by_step_and_at_once_the_network_is_told_the_same():
    drop = np.array([False, True, False, False])
    batch = sequences(some_webs(), drop)
    b, last = len(drop), batch.pos.shape[1] - 1
    blur = torch.full((b,), BLUR)
    whole = Growing.of(batch.pos, batch.kind, batch.radius, batch.parent, batch.request, batch.drop, blur)
    every = slice(0, last)
    nodes, pairs = whole.node_features(every), whole.pair_features(every)
    parents = batch.parent[:, 1:].clamp_min(0)
    candidates, around = whole.candidate_features(batch.pos[:, 1:], parents, every), surroundings(whole, parents, every)

    unit, known = whole.unit.numpy(), (~batch.drop).float().numpy()
    corners = np.stack([-batch.request.half_box.numpy(), batch.request.half_box.numpy()], 1)
    web = Drawn.empty(last + 1, batch.request, 0 * unit, corners)
    shape = web.radius.shape
    score, silk, thick = np.zeros(shape, np.float32), np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    kinds = CATEGORIES - 1
    for place in range(last):
        node, pair = np.empty((b, NODE_FEATURES), np.float32), np.empty((b, place + 1, 14 + CATEGORIES), np.float32)
        tell_last(web, place, unit, known, BLUR, node, pair)
        real = batch.mask[:, place].numpy()
        np.testing.assert_allclose(node[real], nodes[real, place], atol=1e-5)
        np.testing.assert_allclose(pair[real, :, :PAIR_FEATURES], pairs[real, place, : place + 1], atol=1e-5)
        category = pair[real, :, PAIR_FEATURES:].argmax(-1)
        assert (category == batch.kind[real, place, : place + 1].numpy()).all()
        assert (pair[real, :, PAIR_FEATURES:].sum(-1) == 1).all()

        real, parent = batch.mask[:, place + 1].numpy(), parents[:, place].numpy()
        told = np.empty((b, SURROUNDINGS), np.float32)
        tell_around(web, place, unit, np.arange(b), parent, told)
        np.testing.assert_allclose(told[real], around.features[real, place], atol=1e-4)
        point = batch.pos[:, place + 1].numpy()
        pair = np.empty((b, place + 1, CANDIDATE_FEATURES), np.float32)
        tell_next(web, place, unit, point, parent, pair)
        np.testing.assert_allclose(pair[real], candidates[real, place, : place + 1], atol=1e-5)

        # All nodes are given, and the network would have them as thick as they are.
        out = np.zeros((b, place + 1, 1 + 2 * kinds), np.float32)
        out[..., 1 + kinds :] = batch.radius[:, place + 1, : place + 1, None].numpy()
        given = np.zeros((b, last + 1), np.int64)
        given[:, : place + 1] = batch.kind[:, place + 1, : place + 1].numpy()
        draw_edges(
            web, place, point, parent, np.zeros(b, np.int64), out, np.zeros((b, last), np.float32),
            np.zeros((b, last, kinds), np.float32), given, np.full(b, last), 0.0, score, silk, thick,
        )  # fmt: skip
    assert (web.kind == batch.kind.numpy()).all()
    np.testing.assert_allclose(web.radius, batch.radius, atol=1e-6)
    assert web.laid.tolist() == [found.m for found in some_webs()]


@pytest.mark.parametrize("place", [1, 2, 5])
def test_frames_turn_with_the_web(place):
    (_, web, *_) = some_webs()
    turn = Rotation.from_euler("xyz", [0.3, 0.5, -0.7]).as_matrix()
    told = []
    for pos in (web.pos, web.pos @ turn.T):
        batch = sequences([WebGraph.from_edges(pos, web.edge_index.T, web.radius, web.kind)], np.array([False]))
        drawn = Drawn.empty(web.n + 1, batch.request, np.zeros(1, np.float32), np.zeros((1, 2, 3), np.float32))
        drawn.pos[:], drawn.kind[:] = batch.pos.numpy(), batch.kind.numpy()
        rows = np.empty((1, SURROUNDINGS), np.float32)
        tell_around(drawn, web.n, np.ones(1, np.float32), np.array([0]), np.array([place]), rows)
        told.append(rows[0])
    np.testing.assert_allclose(told[0][:80], told[1][:80], atol=1e-4)
    frames = [rows[-9:].reshape(3, 3) for rows in told]
    np.testing.assert_allclose(frames[1], frames[0] @ turn.T, atol=1e-4)
    np.testing.assert_allclose(frames[0] @ frames[0].T, np.eye(3), atol=1e-5)
