"""Reading one node after the other, the network says what it says of all at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.batches import CONDITIONS
from structgen.generators.growing import Growing
from structgen.generators.nets_causal import Cache, CausalGraphTransformer
from structgen.generators.orders import growth_order
from structgen.generators.sequences import sequences
from structgen.generators.stepping.network import Stream
from structgen.generators.stepping.state import Drawn
from structgen.generators.styles import STYLE
from structgen.web import WebGraph


@pytest.fixture
def net():
    torch.manual_seed(4)
    net = CausalGraphTransformer(CONDITIONS, STYLE + 1, 24, 5, 3, 4, 9, 3).eval()
    # Far from how it begins, when the condition has no say.
    for value in net.parameters():
        value.data += 0.3 * torch.randn_like(value)
    return net


@torch.no_grad()
def test_step_by_step_and_at_once_the_network_says_the_same(net):
    rng = np.random.default_rng(1)
    webs = []
    for n in (6, 11):
        edges = [(i, i + 1) for i in range(n - 1)] + [(0, n - 1), (1, 4), (1, 5)]
        web = WebGraph.from_edges(rng.uniform(-4, 4, (n, 3)), edges, rng.uniform(0.1, 0.2, n + 2), [1] * (n + 2))
        web = web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)
        webs.append(web.subweb(growth_order(web, 3)))
    batch = sequences(webs, np.array([False, True]))
    blur = torch.full((2,), 0.03)
    whole = Growing.of(batch.pos, batch.kind, batch.radius, batch.parent, batch.request, batch.drop, blur)
    last = batch.pos.shape[1] - 1
    every, places = slice(0, last), torch.arange(last)
    features, later = whole.pair_features(every), places > places[:, None]
    style = torch.randn(2, STYLE + 1)
    modulations = net.modulations(batch.request.condition(batch.drop), style)
    kind = batch.kind[:, every, every].masked_fill(later, 0)
    h, pair = net(whole.node_features(every), kind, features, modulations, later, Cache())
    known = net.remembered(h)
    joins = net.joined(h, known, features)
    parents = batch.parent[:, 1:].clamp_min(0)
    edges = net.edges(h, known, whole.candidate_features(batch.pos[:, 1:], parents, every))

    web = Drawn.empty(last + 1, batch.request, np.zeros(2, np.float32), np.zeros((2, 2, 3), np.float32))
    stream = Stream(net, last, modulations, whole.unit, (~batch.drop).float(), 0.03)
    web.pos[:], web.kind[:], web.radius[:] = batch.pos.numpy(), 0, 0
    web.parent[:] = batch.parent.clamp_min(0).numpy()
    for place in range(last):
        so_far = slice(0, place + 1)
        # The state as of this place, from what is known of all.
        web.kind[:, so_far, so_far] = batch.kind[:, so_far, so_far].numpy()
        web.radius[:, so_far, so_far] = batch.radius[:, so_far, so_far].numpy()
        web.degree[:, so_far] = whole.degree[:, place, so_far].numpy()
        web.pull[:, so_far], web.moment[:, so_far] = (x[:, place, so_far].numpy() for x in (whole.pull, whole.moment))
        web.edges[:], web.thread[:] = whole.edges[:, place].numpy(), whole.thread[:, place].numpy()
        web.seen[:, 0] = batch.pos[:, so_far].amin(1).numpy()
        web.seen[:, 1] = batch.pos[:, so_far].amax(1).numpy()
        found = stream.read(web, place)
        real = batch.mask[:, place]
        close = {"atol": 2e-4, "rtol": 1e-3}
        torch.testing.assert_close(found.h[real], h[real, place], **close)
        torch.testing.assert_close(found.pair[real], pair[real, place, so_far], **close)
        torch.testing.assert_close(stream.joined(found.h, found, place)[real], joins[real, place, so_far], **close)
        real = batch.mask[:, place + 1]
        row = stream.row(web, found.h, place, batch.pos[:, place + 1].numpy(), parents[:, place].numpy())
        torch.testing.assert_close(row[real], edges[real, place, so_far], **close)
