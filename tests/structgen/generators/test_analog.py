from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.analog import Analog, AnalogConfig, _at, _dense
from structgen.generators.batches import batch_of, nearest
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES, DesignTargets
from structgen.validity import validity

ASKED = [
    DesignTargets(nodes=24, mean_degree=3.0, extents=(40, 40, 25)),
    DesignTargets(5.0, (20.0, 30.0, 10.0), nodes=40, edges=48),
    DesignTargets(nodes=12, edges=11),
    DesignTargets(nodes=16, extents=(30, 20, 0)),
]


def same_but_for_rounding(web, other):
    """Whether two webs have the same edges and all but the same numbers."""
    if (web.n, web.m) != (other.n, other.m) or not np.array_equal(web.edge_index, other.edge_index):
        return False
    nearly = 1e-4 * np.linalg.norm(web.extents)
    return np.allclose(web.pos, other.pos, rtol=0, atol=nearly) and np.allclose(web.radius, other.radius, rtol=1e-3)


@pytest.fixture(scope="module")
def results(model):
    """Two webs for each of `ASKED`, of the shipped model."""
    return model.generate(ASKED, n=2, seed=0)


# -- what is sampled ---------------------------------------------------------------------------------------


def test_webs_are_valid_and_have_the_counts_and_the_box_asked_for(model, results):
    assert len(results) == 2 * len(ASKED)
    for k, result in enumerate(results):
        asked, web = ASKED[k // 2], result.web
        assert validity(web, model.config.max_degree).ok
        assert (web.n, web.m) == (result.asked.nodes, result.asked.edges)
        np.testing.assert_allclose(web.extents, result.asked.extents, rtol=1e-9)
        np.testing.assert_allclose(web.lengths.mean(), result.asked.mean_edge_length, rtol=0.1)
        for name, value in asked.as_dict().items():
            assert value is None or result.asked.as_dict()[name] == pytest.approx(value)
        missing = {name for name, value in asked.as_dict().items() if value is None}
        assert set(result.filled) == missing
        assert list(result.filled) == [name for name in NAMES if name in missing]


def test_raw_numbers_tell_of_the_proposal_before_decoding(results):
    for result in results:
        row = dict(zip(NAMES, result.raw, strict=True))
        assert row["nodes"] == result.web.n
        assert row["mean_degree"] == 2 * row["edges"] / row["nodes"]
        assert result.edges_changed >= abs(row["edges"] - result.web.m)
    # The model is trained: raw counts of edges come near the ones asked for.
    relative = [result.raw[5] / result.web.m for result in results]
    assert 0.8 < np.median(relative) < 1.25


def test_radius_is_the_median_asked_for_and_by_default_a_share_of_the_length(model, results):
    default = [np.median(r.web.radius) / (model.range.radius_ratio * r.asked.mean_edge_length) for r in results]
    assert 0.8 < np.median(default) < 1.25
    thick = model.sample(ASKED[0], seed=4, radius=0.5)[0]
    assert 0.25 <= thick.radius.min() <= np.median(thick.radius) <= thick.radius.max() <= 1.0
    assert validity(thick, model.config.max_degree).ok


def test_guidance_and_few_steps_give_valid_webs(model):
    for options in ({"guidance": 2.5}, {"guidance": 0.0}, {"steps": 1}):
        web = model.sample(ASKED[0], seed=1, **options)[0]
        assert validity(web, model.config.max_degree).ok
        assert (web.n, web.m) == (24, 36)


def test_sample_gives_the_webs_of_generate(model, results):
    assert model.sample(ASKED, n=2, seed=0) == [result.web for result in results]
    assert model.sample([], n=2) == []


# -- seeds -------------------------------------------------------------------------------------------------


def test_same_seed_same_bytes_another_seed_another_web(model):
    one, same, other = (model.sample(ASKED[0], n=2, seed=seed) for seed in (5, 5, 6))
    for a, b in zip(one, same, strict=True):
        for name in ("pos", "edge_index", "radius", "kind"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    assert one[0] != one[1]
    assert not same_but_for_rounding(one[0], other[0])


def test_web_k_is_the_same_however_many_are_asked_for_but_for_rounding(model):
    """Batches of other shapes round otherwise; the same shape gives the same bits."""
    many = model.sample(ASKED[0], n=5, seed=7)
    for count in (1, 2):
        few = model.sample(ASKED[0], n=count, seed=7)
        assert all(same_but_for_rounding(a, b) for a, b in zip(few, many, strict=False))


def test_web_k_is_the_same_whatever_stands_beside_it_but_for_rounding(model):
    # Small webs too: a larger one in the batch brings padding, and more candidates than they have nodes.
    small = DesignTargets(nodes=9, edges=10)
    alone = model.sample(small, seed=3)[0]
    beside = model.sample([small, DesignTargets(nodes=40)], seed=3)[0]
    assert same_but_for_rounding(alone, beside)
    # Targets are numbered in their order, and web k is that of its number.
    first, second = model.sample([small, small], seed=3)
    assert same_but_for_rounding(first, alone)
    assert not same_but_for_rounding(second, alone)


def test_sampling_leaves_the_global_generators_alone(model):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    model.sample(ASKED[2], seed=1)
    assert torch.equal(torch.get_rng_state(), before)


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        (ASKED[0], {"n": 0}, ("n is 0", "at least 1")),
        (ASKED[0], {"seed": -1}, ("seed is -1", "whole number >= 0")),
        (ASKED[0], {"steps": 0}, ("steps is 0", "at least 1")),
        (ASKED[0], {"radius": 0.0}, ("radius is 0.0", "> 0")),
        (ASKED[0], {"radius": float("nan")}, ("radius is nan",)),
        (ASKED[0], {"guidance": float("nan")}, ("guidance is nan", "0 to 20")),
        (ASKED[0], {"guidance": -1.0}, ("guidance is -1.0",)),
        (ASKED[0], {"guidance": 1e9}, ("guidance is 1000000000.0",)),
        (DesignTargets(nodes=500), {}, ("nodes is 500", "this model allows 8 to 64")),
        (DesignTargets(nodes=20, mean_degree=12), {}, ("mean_degree is 12", "this model allows")),
        (DesignTargets(0.1, (40, 40, 40), 30, 40), {}, ("mean_edge_length is 0.1 mm", "this model allows")),
        (DesignTargets(nodes=8), {"radius": 1e4}, ("targets", "8 nodes do not fit", "thinner struts")),
        ([ASKED[0], DesignTargets(nodes=3)], {}, ("nodes is 3", "this model allows 8 to 64")),
    ],
)
def test_impossible_requests_are_refused_in_one_line(refused, model, target, options, words):
    with refused(*words):
        model.generate(target, **options)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"width": 0}, ("width is 0", "2 to 1024")),
        ({"width": 30, "heads": 4}, ("width is 30", "multiple of heads")),
        ({"layers": 1.5}, ("layers is 1.5", "whole number")),
        ({"candidates": 1000}, ("candidates is 1000", "1 to 256")),
        ({"drop_condition": -0.5}, ("drop_condition is -0.5", "0 to 1")),
    ],
)
def test_sizes_out_of_range_are_refused(refused, sizes, words):
    with refused(*words):
        AnalogConfig(**sizes)


# -- an untrained network: validity does not rest on training -------------------------------------------------


@pytest.mark.parametrize("bias", [-30.0, 0.0, 30.0])
def test_webs_of_any_network_are_valid(tiny_model, bias):
    """With no raw edge at all, with some, and with every candidate."""
    with torch.no_grad():
        tiny_model.net.edge_out[-1].bias[0] = bias
    asked = [DesignTargets(nodes=15, edges=20), DesignTargets(nodes=30, edges=29), DesignTargets(nodes=9, edges=9)]
    results = tiny_model.eval().generate(asked, n=2, seed=0)
    for k, result in enumerate(results):
        assert validity(result.web, tiny_model.config.max_degree).ok
        assert (result.web.n, result.web.m) == (asked[k // 2].nodes, asked[k // 2].edges)
        if bias < 0:
            assert not result.raw_connected
            assert np.isnan(result.raw[0]) and result.raw[5:].tolist() == [0, 0]
            assert result.edges_changed == result.web.m
        if bias > 0:
            assert result.raw[5] > result.web.m


# -- learning ----------------------------------------------------------------------------------------------


@pytest.fixture
def lesson(dataset: Dataset):
    """A batch of two tiny webs, each twice, and the noise of a loss."""
    webs = sorted(dataset, key=lambda web: web.n)[:2] * 2
    batch = batch_of(webs, np.random.default_rng(0), augment=False)
    b, n, _ = batch.pos.shape

    def draws(seed):
        return torch.randn(b, 4 + 2 * n * n + 3 * n, generator=torch.Generator().manual_seed(seed))

    return batch, draws


def test_loss_is_a_function_of_its_arguments(tiny_model, lesson):
    batch, draws = lesson
    one, same, other = (tiny_model(batch, draws(seed)) for seed in (0, 0, 1))
    assert list(one) == ["total", "position", "edge", "radius"]
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["total"], other["total"])
    parts = one["position"] + 4 * one["edge"] + 0.2 * one["radius"]
    torch.testing.assert_close(one["total"], parts)


def test_loss_of_padded_nodes_and_of_unused_halves_is_nothing(tiny_model, dataset):
    """Garbage in the padding, and in the edges of webs that learn positions, changes no loss."""
    webs = [*sorted(dataset, key=lambda web: web.n)[:2], *sorted(dataset, key=lambda web: web.n)[2:4]]
    batch = batch_of(webs, np.random.default_rng(0))
    b, n, _ = batch.pos.shape
    draws = torch.randn(b, 4 + 2 * n * n + 3 * n, generator=torch.Generator().manual_seed(0))
    before = tiny_model(batch, draws)
    batch.pos[~batch.mask] = 1e3
    batch.noise[~batch.mask] = -1e3
    batch.states[: b // 2] = 7.0
    for name, value in tiny_model(batch, draws).items():
        torch.testing.assert_close(value, before[name])


def test_every_parameter_is_trained(tiny_model, lesson):
    batch, draws = lesson
    torch.manual_seed(0)
    model = Analog(AnalogConfig(width=16, edge_width=8, layers=2, heads=2, candidates=12), tiny_model.range)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    # The gates of the condition start at zero, so its network learns from the second step on.
    for step in range(2):
        optimizer.zero_grad()
        model(batch, draws(step))["total"].backward()
        optimizer.step()
    for name, value in model.named_parameters():
        assert value.grad is not None and bool(value.grad.abs().max() > 0), name


def test_two_webs_are_learnt_by_heart(lesson, dataset, tiny_model):
    batch, draws = lesson
    torch.manual_seed(0)
    model = Analog(AnalogConfig(width=32, edge_width=16, layers=2, heads=4, candidates=12), tiny_model.range)

    def losses():
        with torch.no_grad():
            rows = [model(batch, draws(1000 + k)) for k in range(8)]
        return {name: float(torch.stack([row[name] for row in rows]).mean()) for name in rows[0]}

    before = losses()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(60):
        optimizer.zero_grad()
        model(batch, draws(step))["total"].backward()
        optimizer.step()
    after = losses()
    assert after["total"] < 0.5 * before["total"]
    assert after["edge"] < 0.5 * before["edge"]
    assert after["position"] < 0.7 * before["position"]


# -- states of pairs and of candidates -------------------------------------------------------------------------


def test_states_of_candidates_put_back_are_those_of_the_pairs():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 9, 3, generator=draw)
    states = torch.randn(2, 9, 9, 2, generator=draw)
    states = states + states.transpose(1, 2)
    candidates, _ = nearest(x, torch.ones(2, 9, dtype=torch.bool), 4)
    back = _dense(_at(states, candidates), candidates, 9)
    listed = torch.zeros(2, 9, 9).scatter(2, candidates, 1.0) > 0
    either = listed | listed.transpose(1, 2)
    assert torch.equal(back[either], states[either])
    assert (back[~either] == 0).all()
