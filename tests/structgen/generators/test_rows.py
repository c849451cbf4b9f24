from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from structgen.generators import rows
from structgen.generators.rows import EARLY, TRIES, Chance, rows_log_likelihood

LOGIT = torch.tensor([[[0.3, -1.2, 2.0, -0.4, 0.9]]], dtype=torch.float64)
FREE = torch.tensor([[[False, True, True, True, True]]])


def likelihoods(plan):
    """Of each row of four free places, by the number of edges."""
    found = {}
    for bits in itertools.product((False, True), repeat=4):
        edge = torch.tensor([[[False, *bits]]])
        found[bits] = float(rows_log_likelihood(LOGIT, edge, FREE, torch.tensor([[plan]])).exp())
    return found


@pytest.mark.parametrize(("plan", "allowed"), [(0, {0}), (1, {1}), (2, {2, 3, 4})])
def test_likelihoods_of_the_rows_of_a_plan_add_up_to_one(plan, allowed):
    total = sum(value for bits, value in likelihoods(plan).items() if sum(bits) in allowed)
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("plan", [1, 2])
def test_rows_of_a_plan_are_as_likely_as_independent_edges_make_them(plan):
    odds = LOGIT[0, 0, 1:].exp().tolist()
    weight = {
        bits: math.prod(odd for odd, bit in zip(odds, bits, strict=True) if bit)
        for bits in itertools.product((False, True), repeat=4)
        if sum(bits) == plan or (plan == 2 and sum(bits) > 2)
    }
    found = likelihoods(plan)
    for bits, value in weight.items():
        assert found[bits] == pytest.approx(value / sum(weight.values()), rel=1e-9)


def test_likelihood_of_unlikely_rows_is_finite_and_has_a_slope():
    logit = torch.full((1, 1, 5), -30.0, requires_grad=True)
    edge = torch.tensor([[[False, True, True, False, False]]])
    value = rows_log_likelihood(logit, edge, FREE, torch.tensor([[2]]))
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logit.grad).all()


def test_numbers_of_a_web_are_its_own():
    one = Chance.of([5], [np.random.default_rng(3)])
    two = Chance.of([5, 9], [np.random.default_rng(3), np.random.default_rng(4)])
    assert two.parent.shape == (2, 9)
    assert two.component.shape == (2, 9, TRIES)
    for name in ("parent", "component", "normal", "links"):
        np.testing.assert_array_equal(getattr(two, name)[:1, :5], getattr(one, name))
    np.testing.assert_array_equal(two.edge[:1, :5, :5], one.edge)


def test_the_first_nodes_are_drawn_as_hot_as_they_were_learned(monkeypatch):
    cooled = Chance.of([12], [np.random.default_rng(3)])
    for name in ("SPREAD", "LINK_NOISE", "EDGE_NOISE"):
        monkeypatch.setattr(rows, name, 1.0)
    hot = Chance.of([12], [np.random.default_rng(3)])
    for name in ("normal", "links", "edge"):
        one, other = getattr(cooled, name)[0], getattr(hot, name)[0]
        assert (one[:EARLY] == other[:EARLY]).all()
        assert (np.abs(one[EARLY:]) < np.abs(other[EARLY:])).mean() > 0.5
    assert (cooled.kind == hot.kind).all()
