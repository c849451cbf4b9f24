from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from structgen.generators import autoregressive, finishing
from structgen.generators.autoregressive import Autoregressive, AutoregressiveConfig
from structgen.generators.finishing import Finish
from structgen.generators.gauges import gauges_of
from structgen.generators.model import Ask, raw_numbers, raw_web_of
from structgen.generators.orders import growth_order
from structgen.generators.request import TrainingRange
from structgen.generators.sequences import sequences
from structgen.generators.styles import STYLE, Style
from structgen.targets import DesignTargets

TINY = AutoregressiveConfig(width=16, edge_width=6, layers=2, heads=2, hidden=8, components=3)


@pytest.fixture(scope="module")
def training_range(dataset):
    return TrainingRange.of(dataset.arrays["targets"][dataset.indices("train")], 0.02)


@pytest.fixture(scope="module")
def tiny(training_range):
    torch.manual_seed(0)
    model = Autoregressive(TINY, training_range).requires_grad_(False)
    with torch.no_grad():
        # A bias towards few edges, as any trained model has.
        model.net.edge.out.bias[0] = -2.0
    return model


@pytest.fixture(scope="module")
def webs(dataset):
    return [dataset[int(k)] for k in dataset.indices("train")[:4]]


def asks(count=2):
    targets = [DesignTargets(5.0, (20.0, 16.0, 9.0), nodes, nodes + 3) for nodes in (9, 14, 11)[:count]]
    return [Ask(target) for target in targets]


def proposals(model, asked, seed=0, guidance=1.0):
    return model.propose(asked, [np.random.default_rng([seed, k]) for k in range(len(asked))], 1, guidance)


def same(one, other):
    return np.array_equal(one.pos, other.pos) and np.array_equal(one.score, other.score)


# -- likelihood --------------------------------------------------------------------------------------------


def test_likelihood_of_a_web_does_not_depend_on_what_it_is_batched_with(tiny, webs):
    drop = np.zeros(4, bool)
    grown = [web.subweb(growth_order(web, 0)) for web in webs]
    together = tiny.parts_of_likelihood(sequences(grown, drop))
    for k, web in enumerate(grown):
        alone = tiny.parts_of_likelihood(sequences([web], drop[:1]))
        for name, value in alone.items():
            torch.testing.assert_close(together[name][k, : web.n], value[0], atol=2e-4, rtol=1e-4)
            assert (together[name][k, web.n :] == 0).all()


def test_likelihood_is_that_of_the_steps_that_make_the_web(tiny, webs):
    """The probability that sampling gives a node's row is what `parts_of_likelihood` says, from the same network."""
    web = webs[0].subweb(growth_order(webs[0], 0))
    batch = sequences([web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)], np.zeros(1, bool))
    whole = tiny.parts_of_likelihood(batch)
    cut = web.subweb(np.arange(6))
    first = replace(
        batch, pos=batch.pos[:, :7], seen=batch.seen[:, :7], mask=batch.mask[:, :7], parent=batch.parent[:, :7],
        kind=batch.kind[:, :7, :7], radius=batch.radius[:, :7, :7],
    )  # fmt: skip
    assert cut.n == 6
    for name, value in tiny.parts_of_likelihood(first).items():
        torch.testing.assert_close(value[0], whole[name][0, :6], atol=2e-4, rtol=1e-4)


def test_more_starts_tell_more_of_a_web(tiny, webs):
    few = tiny.log_likelihood(webs[:2], seed=0, starts=1)
    many = tiny.log_likelihood(webs[:2], seed=0, starts=6)
    assert np.isfinite(few).all()
    assert few.shape == (2,)
    # The sum over n orders, each estimated from a few: near the largest of them, and no more than n of those.
    assert (many > few - 1e-6 - math.log(max(web.n for web in webs))).all()


def test_units_change_the_likelihood_by_the_density_of_places(tiny, webs):
    web = webs[0]
    larger = web.scaled(2.0)
    rng = [tiny.log_likelihood([w], seed=1)[0] for w in (web, larger)]
    assert rng[0] - rng[1] == pytest.approx(3 * web.n * math.log(2), abs=1e-2)


def test_loss_falls_on_a_few_webs(training_range, webs):
    torch.manual_seed(0)
    model = Autoregressive(TINY, training_range)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for step in range(30):
        loss = model(model.batch(webs, np.random.default_rng(step % 3)))["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.5 * losses[0]


# -- sampling ----------------------------------------------------------------------------------------------


def test_webs_are_drawn_within_the_box(tiny):
    for ask, drawn in zip(
        asks(3),
        tiny._drawn(asks(3), [None] * 3, [1] * 3, [np.random.default_rng(k) for k in range(3)], 1.0),
        strict=True,
    ):
        assert (np.abs(drawn.pos) <= np.array(ask.target.extents) / 2 + 1e-5).all()


def test_proposals_are_connected_of_the_length_asked_for_and_have_all_pairs(tiny):
    for ask, proposal in zip(asks(3), proposals(tiny, asks(3)), strict=True):
        n = ask.target.nodes
        assert proposal.pos.shape == (n, 3)
        assert len(proposal.edges) == n * (n - 1) // 2
        np.testing.assert_allclose(proposal.pos.max(0), -proposal.pos.min(0), atol=1e-9)
        assert raw_web_of(proposal).is_connected
        row = raw_numbers(proposal, raw_web_of(proposal))
        assert row[0] == pytest.approx(ask.target.mean_edge_length)
        assert row[4] == n
        assert row[5] == (proposal.score > 0).sum()


def test_same_seed_same_proposal_whatever_the_batch(tiny):
    one, two = proposals(tiny, asks(1)), proposals(tiny, asks(3))
    assert same(one[0], proposals(tiny, asks(1))[0])
    np.testing.assert_allclose(one[0].pos, two[0].pos, atol=1e-3)
    assert not same(one[0], proposals(tiny, asks(1), seed=1)[0])


def test_guidance_one_is_none_and_others_change_the_web(tiny):
    plain = proposals(tiny, asks(1))[0]
    assert same(plain, proposals(tiny, asks(1), guidance=1.0)[0])
    assert not same(plain, proposals(tiny, asks(1), guidance=3.0)[0])


def test_given_nodes_and_edges_stay(tiny, webs):
    known = webs[0].translated(-webs[0].pos.mean(0))
    region = known.pos.max(0) + np.array([[1, 1, 1], [15, 12, 9]])
    side = np.abs(np.concatenate([known.pos, region])).max(0) * 2
    target = DesignTargets(5.0, tuple(side.tolist()), known.n + 7, known.m + 10)
    (proposal,) = proposals(tiny, [Ask(target, known, region)])
    assert (proposal.known_nodes, proposal.known_edges) == (known.n, known.m)
    np.testing.assert_array_equal(proposal.pos[: known.n], known.pos)
    np.testing.assert_array_equal(proposal.edges[: known.m], known.edge_index.T)
    np.testing.assert_array_equal(proposal.kind[: known.m], known.kind)
    assert (proposal.score[: known.m] > 0).all()
    new = proposal.pos[known.n :]
    assert ((new >= region[0] - 1e-4) & (new <= region[1] + 1e-4)).all()
    assert (proposal.edges[known.m :].max(axis=1) >= known.n).all()
    assert len(np.unique(proposal.edges, axis=0)) == len(proposal.edges)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"width": 0}, "width is 0"),
        ({"components": 10**6}, "components is 1000000"),
        ({"width": 30, "heads": 4}, "mult"),
    ],
)
def test_sizes_out_of_range_are_refused(refused, sizes, words):
    with refused(words):
        AutoregressiveConfig(**sizes)


def test_half_of_the_webs_are_seen_blurred_and_none_past_its_box(tiny, webs):
    batch = tiny.batch(webs * 16, np.random.default_rng(0))
    blurred = (batch.blur > 0).float().mean()
    assert 0.3 < blurred < 0.7
    off = (batch.seen - batch.pos).abs()
    assert (off[batch.blur == 0] == 0).all()
    assert (off[:, 0] == 0).all()
    assert (off.amax(1)[batch.blur > 0] > 0).any()
    # At most five standard deviations, of a tenth of half the box each.
    assert (off <= 0.5 * batch.request.half_box[:, None] + 1e-6).all()


def test_calibration_learns_from_the_data_and_from_what_is_drawn(training_range, dataset):
    torch.manual_seed(0)
    model = Autoregressive(TINY, training_range).requires_grad_(False)
    assert not model.finish.gauges.any()
    real = [dataset[int(k)] for k in dataset.indices("train")[:40]]
    before = proposals(model, asks(3))
    model.calibrate(real, seed=3)
    once = {name: value.clone() for name, value in model.finish.state_dict().items()}
    np.testing.assert_allclose(once["gauges"].numpy(), gauges_of(real), rtol=1e-6)
    model.calibrate(real, seed=3)
    assert all(torch.equal(once[name], value) for name, value in model.finish.state_dict().items()), "the same seed"
    after = proposals(model, asks(3))
    assert any(not np.array_equal(one.pos, other.pos) for one, other in zip(before, after, strict=True))


def test_the_candidate_is_taken_that_the_critic_thinks_best(tiny, monkeypatch):
    """Whatever it prefers: here webs with the most edges, then those with the fewest."""

    def edges(some):
        return np.array([float((one.score > 0).sum()) for one in some])

    monkeypatch.setattr(finishing, "MISSED", 0.0)
    monkeypatch.setattr(finishing, "UNLIKE", 0.0)
    monkeypatch.setattr(autoregressive, "CANDIDATES", 8)
    found = []
    for sign in (1, -1):
        monkeypatch.setattr(Finish, "merit", lambda finish, some, seen, sign=sign: sign * edges(some))
        found.append(edges(proposals(tiny, asks(3))))
    assert (found[0] > found[1]).any() and (found[0] >= found[1]).all()


# -- style -------------------------------------------------------------------------------------------------


@pytest.fixture
def styled(training_range, dataset):
    """A model that has the styles of its training webs, and listens to them as an untrained one does."""
    torch.manual_seed(0)
    model = Autoregressive(TINY, training_range).requires_grad_(False)
    model.prepare([dataset[int(k)] for k in dataset.indices("train")[:40]])
    with torch.no_grad():
        model.net.edge.out.bias[0] = -2.0
        for block in model.net.blocks:
            block.modulate.weight.normal_(0, 0.3)
    return model


def test_what_is_drawn_depends_on_the_style_it_is_told(styled, webs):
    told = [Style.of(webs[0]), None]
    one, other = (styled._drawn(asks(1), [style], [1], [np.random.default_rng(0)], 1.0)[0] for style in told)
    assert not same(one, other)


def test_given_webs_are_extended_in_their_own_style_if_they_have_one(styled, webs):
    rng = np.random.default_rng(0)
    own = styled._style(Ask(asks(1)[0].target, webs[0]), rng)
    np.testing.assert_array_equal(own.traits, Style.of(webs[0]).traits)
    few = webs[0].subweb(growth_order(webs[0], 0)[:4])
    assert styled._style(Ask(asks(1)[0].target, few), rng) is None


def test_a_few_styles_are_hidden_in_training_and_others_blurred(styled, webs):
    batch = styled.batch(webs * 32, np.random.default_rng(0))
    told = batch.style[:, -1]
    assert 0.02 < (told == 0).float().mean() < 0.4
    assert not batch.style[told == 0].any()
    exact = styled.styles.told([Style.of(web) for web in webs * 32])
    off = (batch.style - exact)[told == 1]
    assert not off[:, -1].any()
    assert float(off[:, :STYLE].std()) == pytest.approx(autoregressive.STYLE_NOISE, rel=0.05)


def test_the_web_nearest_to_its_style_is_taken(styled, monkeypatch):
    """Where nothing else counts."""
    monkeypatch.setattr(finishing, "MISSED", 0.0)
    monkeypatch.setattr(autoregressive, "CANDIDATES", 6)
    away = []
    unlike = styled.styles.unlike
    monkeypatch.setattr(styled.styles, "unlike", lambda seen, style: away.append(unlike(seen, style)) or away[-1])
    found = proposals(styled, asks(3))
    for k, (one, distances) in enumerate(zip(found, away, strict=True)):
        style = styled.styles.drawn(asks(3)[k].target, np.random.default_rng([0, k]))
        assert len(distances) == 6
        assert unlike(finishing._traits([one]), style)[0] == pytest.approx(distances.min(), abs=1e-9)
