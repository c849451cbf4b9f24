from __future__ import annotations

import numpy as np
import pytest
import torch

from simulate.mechanics.predictor.features import seen
from simulate.mechanics.predictor.network import Predictor, PredictorConfig, SeenBatch
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return Predictor(PredictorConfig(width=8, layers=2)).eval()


def test_webs_in_a_batch_do_not_hear_each_other(network, webs):
    seens = [seen(web) for web in webs[:4]]
    together = network(SeenBatch.of_all(seens))
    for k, one in enumerate(seens):
        alone = network(SeenBatch.of_all([one]))
        for a, b in zip(together, alone, strict=True):
            assert torch.allclose(a[k], b[0], atol=1e-5)


def test_the_numbering_of_nodes_and_threads_does_not_matter(network, webs):
    web, rng = webs[0], np.random.default_rng(0)
    order = rng.permutation(web.n)
    number = np.argsort(order)
    rows = rng.permutation(web.m)
    other = WebGraph.from_edges(web.pos[order], number[web.edge_index.T][rows], web.radius[rows])
    for a, b in zip(*(network(SeenBatch.of_all([seen(one)])) for one in (web, other)), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_every_weight_has_a_slope(network, webs):
    mean, log_variance = network(SeenBatch.of_all([seen(web) for web in webs[:3]]))
    (mean.square().sum() + log_variance.sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("sizes", [{"width": 0}, {"layers": 65}, {"width": True}, {"width": 8.0}])
def test_sizes_that_are_none(sizes):
    with pytest.raises(ValueError, match="must be a whole number in 1"):
        PredictorConfig(**sizes)
