from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.budgets import joining, tilted

WEB = torch.tensor([0] * 40 + [1] * 30)


def pairs():
    draw = torch.Generator().manual_seed(0)
    return torch.randn(70, generator=draw) - 2, 0.5 + 1.5 * torch.rand(70, generator=draw)


def per_web(values):
    return torch.zeros(2).index_add(0, WEB, values)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_expected_count_is_the_one_wanted(prior):
    logit, length = pairs()
    budget = torch.tensor([[12.0, 11.0], [1.0, 2.0]])
    p = tilted(logit, length, WEB, budget, prior).sigmoid()
    torch.testing.assert_close(per_web(p), budget[:, 0], rtol=0, atol=1e-3)


def test_count_alone_moves_all_log_odds_alike():
    logit, length = pairs()
    moved = tilted(logit, length, WEB, torch.tensor([[12.0, 11.0], [1.0, 2.0]]), prior=0.0) - logit
    for web in range(2):
        assert moved[web == WEB].std() < 1e-5
    assert moved[0] > 0 > moved[-1]


def test_expected_length_nears_the_one_wanted_the_more_the_wider_the_prior():
    logit, length = pairs()
    budget = torch.tensor([[12.0, 9.0], [6.0, 9.0]])
    off = []
    for prior in (0.0, 0.5, 2.0, 100.0):
        p = tilted(logit, length, WEB, budget, prior).sigmoid()
        torch.testing.assert_close(per_web(p), budget[:, 0], rtol=0, atol=1e-2)
        off.append((per_web(p * length) - budget[:, 1]).abs())
    for wide, narrow in zip(off[1:], off, strict=False):
        assert (wide < narrow).all()
    np.testing.assert_allclose(off[-1], 0, atol=0.02)


def test_the_tilt_is_the_conditional_of_many_independent_edges():
    """Of n alike pairs with k edges each has log-odds log(k / (n - k)), whatever they were."""
    found = tilted(torch.full((70,), -7.0), torch.ones(70), WEB, torch.tensor([[10.0, 10.0], [15.0, 15.0]]))
    torch.testing.assert_close(found, torch.log(torch.tensor([10 / 30, 1.0]))[WEB], rtol=0, atol=1e-3)


def test_nothing_left_is_nothing_given():
    logit, length = pairs()
    moved = tilted(logit, length, WEB, torch.tensor([[0.0, 0.0], [-2.0, -1.0]]))
    assert moved.sigmoid().sum() < 1e-6


def test_joins_are_tilted_for_where_too_few_are_expected():
    logit, length = pairs()
    apart = torch.arange(70) % 10 == 0
    count = torch.tensor([8.0, 6.0])
    logit = tilted(logit, length, WEB, torch.stack([count, count], 1), prior=0.0)
    between = per_web(logit.sigmoid() * apart)
    joins = torch.tensor([float(between[0]) * 0.5, 2.9])
    assert between[1] < 2.9
    found = joining(logit, apart, WEB, count, joins)
    assert torch.equal(found[WEB == 0], logit[WEB == 0])
    p = found.sigmoid()
    assert float(per_web(p * apart)[1]) == pytest.approx(2.9, abs=1e-2)
    assert float(per_web(p)[1]) == pytest.approx(6, abs=2e-2)


def test_no_more_joins_than_edges_are_wanted():
    logit, _ = pairs()
    apart = torch.arange(70) % 10 == 0
    p = joining(logit, apart, WEB, torch.tensor([2.0, 3.0]), torch.tensor([3.0, 3.0])).sigmoid()
    torch.testing.assert_close(per_web(p * apart), torch.tensor([2.0, 3.0]), rtol=0, atol=1e-2)
    assert per_web(p * ~apart).max() < 1e-2
