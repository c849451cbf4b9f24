from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from structgen.generators.analog import STATES, Analog, AnalogConfig
from structgen.generators.batches import Request, batch_of
from structgen.generators.model import Ask, raw_numbers, raw_web_of
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES, DesignTargets


@pytest.fixture
def lesson(dataset: Dataset, tiny_model):
    """Batches of four small webs, the same with other noise for each seed; of each other web a part is given."""
    ordered = sorted(dataset, key=lambda web: web.n)
    webs = [*ordered[:3], next(web for web in ordered if web.n > ordered[0].n)]

    def draw(seed, given=0.5, webs=webs):
        count = lambda n: 4 + 3 * n + STATES * (n * (n - 1) // 2)  # noqa: E731
        return batch_of(webs, np.random.default_rng(seed), count, given=given, augment=False)

    return draw


def test_loss_is_a_function_of_the_batch(tiny_model, lesson):
    one, same, other = (tiny_model(lesson(seed)) for seed in (0, 0, 1))
    assert list(one) == ["total", "position", "edge", "kind", "radius"]
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["total"], other["total"])
    parts = one["position"] + 4 * one["edge"] + 0.1 * one["kind"] + 0.1 * one["radius"]
    torch.testing.assert_close(one["total"], parts)


def test_batch_has_the_draws_that_the_loss_needs(tiny_model, dataset):
    webs = sorted(dataset, key=lambda web: web.n)[:3]
    batch = tiny_model.batch(webs, np.random.default_rng(0))
    assert torch.isfinite(tiny_model(batch)["total"])


def test_what_is_padding_changes_no_loss(tiny_model, lesson):
    batch = lesson(0)
    assert not batch.mask.all()
    before = tiny_model(batch)
    outside = ~(batch.mask[:, :, None] & batch.mask[:, None])
    batch.pos[~batch.mask], batch.noise[~batch.mask] = 1e3, -1e3
    batch.kind[outside], batch.radius[outside] = 3, 7.0
    for name, value in tiny_model(batch).items():
        torch.testing.assert_close(value, before[name])


def test_nothing_is_to_be_learned_of_what_is_given(tiny_model, lesson):
    """A web that is given has no losses, one that is given but for a node has those of its pairs."""
    batch = lesson(0, given=0.0)
    batch.known[:] = batch.mask
    batch.noise[:] = batch.pos
    losses = tiny_model(batch)
    assert all(float(losses[name].detach()) == 0 for name in losses)
    batch.known[:, 0] = False
    assert float(tiny_model(batch)["edge"].detach()) > 0


def test_dropped_conditions_are_not_told(tiny_model, lesson, monkeypatch):
    batch = lesson(0)
    monkeypatch.setattr(tiny_model, "config", dataclasses.replace(tiny_model.config, drop_condition=1.0))
    before = tiny_model(batch)
    other = dataclasses.replace(batch.request, mean_edge_length=3 * batch.request.mean_edge_length,
                                mean_degree=2 * batch.request.mean_degree)  # fmt: skip
    for name, value in tiny_model(dataclasses.replace(batch, request=other)).items():
        assert torch.equal(value, before[name])


def test_every_parameter_is_trained(tiny_model, lesson):
    model = Analog(AnalogConfig(width=16, edge_width=8, layers=3, heads=2, candidates=8), tiny_model.range)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    # The gates of the condition start at zero, so its network learns from the second step on.
    for step in range(2):
        optimizer.zero_grad()
        model(lesson(step))["total"].backward()
        optimizer.step()
    for name, value in model.named_parameters():
        assert value.grad is not None and bool(value.grad.abs().max() > 0), name


def test_webs_are_learnt_by_heart(lesson, dataset, tiny_model):
    torch.manual_seed(0)
    model = Analog(AnalogConfig(width=32, edge_width=16, layers=2, heads=4, candidates=8), tiny_model.range)

    def losses():
        with torch.no_grad():
            rows = [model(lesson(1000 + k)) for k in range(8)]
        return {name: float(torch.stack([row[name] for row in rows]).mean()) for name in rows[0]}

    before = losses()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(120):
        optimizer.zero_grad()
        model(lesson(step))["total"].backward()
        optimizer.step()
    after = losses()
    assert after["edge"] < 0.5 * before["edge"]
    assert after["position"] < 0.75 * before["position"]
    # And what it proposes is near what was asked for, before any decoding.
    web = sorted(dataset, key=lambda web: web.n)[0]
    target = DesignTargets.measure(web)
    model.eval()
    raw = np.array(
        [
            raw_numbers(p, raw_web_of(p))
            for p in model.propose([Ask(target)] * 8, [np.random.default_rng(k) for k in range(8)], 6, 1.0)
        ]
    )
    assert abs(np.median(raw[:, NAMES.index("edges")]) - target.edges) <= 1
    np.testing.assert_allclose(np.median(raw[:, 0]), target.mean_edge_length, rtol=0.35)


def test_request_of_a_batch_is_that_of_its_webs(lesson, dataset):
    batch = lesson(0)
    webs = sorted(dataset, key=lambda web: web.n)[:3]
    expected = Request.of([DesignTargets.measure(web) for web in webs])
    torch.testing.assert_close(batch.request.mean_edge_length[:3], expected.mean_edge_length)
    torch.testing.assert_close(batch.request.half_box[:3], expected.half_box)
