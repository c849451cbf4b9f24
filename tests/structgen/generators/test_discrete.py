from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from structgen.generators.discrete import Discrete, DiscreteConfig, _Scene
from structgen.generators.model import Ask, raw_web_of
from structgen.generators.request import TrainingRange
from structgen.generators.store import load_model, save_model
from structgen.targets import DesignTargets
from structgen.web import WebGraph

TINY = DiscreteConfig(width=16, edge_width=8, layers=2, heads=2, every=1, walk=3)
TARGETS = [DesignTargets(6.0, (40, 30, 20), 14, 17), DesignTargets(2.0, (10, 12, 5), 9, 10)]
ASKS = [Ask(target) for target in TARGETS]


def made(config=TINY, dtype=torch.float32):
    """An untrained model in which no weight is zero."""
    torch.manual_seed(0)
    rows = np.array([target.as_array() for target in TARGETS])
    model = Discrete(config, TrainingRange(rows, 0.02)).to(dtype).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return model


@pytest.fixture(scope="module")
def tiny():
    """Not to be changed."""
    return made().requires_grad_(False)


@pytest.fixture(scope="module")
def webs(dataset):
    few = (web for web in map(dataset.__getitem__, dataset.indices("train").tolist()) if 10 <= web.n <= 24)
    return [next(few) for _ in range(4)]


def proposals(model, asks=ASKS, seeds=(3, 4), steps=5, guidance=1.0):
    return model.propose(asks, [np.random.default_rng(seed) for seed in seeds], steps, guidance)


def alike(a, b):
    """Whether two proposals agree but for rounding."""
    return np.array_equal(a.edges, b.edges) and all(
        np.allclose(getattr(a, name), getattr(b, name), rtol=1e-3, atol=1e-3)
        for name in ("pos", "score", "kind", "log_radius")
    )


@pytest.fixture
def states(tiny, monkeypatch):
    """All ``(scene, x, state)`` that the network of `tiny` is called with."""
    seen = []
    call = Discrete._call

    def recorded(self, scene, x, state, *rest):
        seen.append((scene, x.clone(), state.clone()))
        return call(self, scene, x, state, *rest)

    monkeypatch.setattr(Discrete, "_call", recorded)
    return seen


# -- the network on webs -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_permuting_the_nodes_permutes_flow_and_edges(webs, dtype):
    model = made(dtype=dtype).requires_grad_(False)
    batch = model.batch(webs[:1], np.random.default_rng(0))
    n = webs[0].n
    order = torch.randperm(n, generator=torch.Generator().manual_seed(1))
    request = replace(batch.request, **{k: v.to(dtype) for k, v in vars(batch.request).items()})
    guess = torch.rand(n, n, generator=torch.Generator().manual_seed(2), dtype=dtype)
    outputs = []
    for p in (torch.arange(n), order):
        pos, known = batch.pos[:, p].to(dtype), torch.arange(n)[p][None] < 5
        region = torch.stack([pos.amin(1), pos.amax(1)], 1)
        scene = _Scene.of(request, region, batch.mask, known, torch.tensor([False]))
        state = scene.pairs.take(batch.kind[:, p][:, :, p])
        told = scene.pairs.take((guess + guess.T)[None][:, p][:, :, p] / 2)
        out = model._call(scene, pos, state, torch.tensor([0.7], dtype=dtype), told)
        outputs.append((out.flow, scene.pairs.spread(torch.cat([out.logit[:, None], out.states], -1))))
    (flow, pairs), (flow_, pairs_) = outputs
    tolerance = {"rtol": 1e-3, "atol": 1e-3} if dtype == torch.float32 else {"rtol": 1e-8, "atol": 1e-8}
    torch.testing.assert_close(flow_, flow[:, order], **tolerance)
    torch.testing.assert_close(pairs_, pairs[:, order][:, :, order], **tolerance)
    assert not torch.allclose(flow_, flow, **tolerance)


def test_what_is_given_is_not_learned_but_heard(webs):
    """Where all but one node are known, only that one's pairs and its place count."""
    model = made().requires_grad_(False)
    batch = model.batch(webs[:2], np.random.default_rng(1))
    new = 3
    known = batch.mask.clone()
    known[:, new] = False
    noise = torch.where(known[..., None], batch.pos, batch.noise + 1)
    batch = replace(batch, known=known, noise=noise)
    losses = model(batch)
    among_known = (batch.kind > 0) & known[:, :, None] & known[:, None, :]
    assert among_known.any()
    radius = model(replace(batch, radius=batch.radius + among_known.float()))
    assert radius == losses
    of_new = (batch.kind > 0) & ~among_known
    assert model(replace(batch, radius=batch.radius + of_new.float()))["radius"] != losses["radius"]
    fewer = batch.kind.clone()
    b, i, j = among_known.nonzero()[0].tolist()
    fewer[b, i, j] = fewer[b, j, i] = 0
    assert model(replace(batch, kind=fewer))["edge"] != losses["edge"]


def test_losses_are_a_function_of_the_batch(webs):
    model = made()
    batch = model.batch(webs, np.random.default_rng(2))
    one, two = model(batch), model(batch)
    assert one == two
    assert all(torch.isfinite(value) for value in one.values())
    assert model(model.batch(webs, np.random.default_rng(3)))["total"] != one["total"]


@pytest.mark.parametrize("config", [TINY, replace(TINY, noise=1.0, positions=False)])
def test_loss_falls_on_a_few_webs(webs, config):
    model = made(config)
    batch = model.batch(webs, np.random.default_rng(0))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    totals = []
    for _ in range(40):
        loss = model(batch)["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(float(loss.detach()))
    assert totals[-1] < 0.6 * totals[0]
    for name, value in model.named_parameters():
        # Plain graphs have no positions to learn the flow of.
        assert (value.grad is not None and value.grad.abs().max() > 0) == (config.positions or "node_out" not in name)


# -- sampling ------------------------------------------------------------------------------------------


def test_proposals_are_sound(tiny):
    for proposal, target in zip(proposals(tiny), TARGETS, strict=True):
        n, c = target.nodes, len(proposal.edges)
        assert proposal.pos.shape == (n, 3)
        i, j = proposal.edges.T
        assert (i < j).all() and (i >= 0).all() and (j < n).all()
        assert len({tuple(edge) for edge in proposal.edges.tolist()}) == c
        for name in ("score", "kind", "log_radius"):
            assert getattr(proposal, name).shape == (c,)
            assert np.isfinite(getattr(proposal, name)).all()
        assert proposal.known_nodes == proposal.known_edges == 0
        assert WebGraph(proposal.pos, proposal.edges.T).is_connected


def test_the_raw_web_is_the_last_state_of_the_chain(tiny, monkeypatch):
    """A last step that draws nothing anew leaves what the network was told in it."""
    from structgen.generators import discrete

    ends = []
    joint = discrete.joint

    def recorded(*arguments):
        ends.append(joint(*arguments))
        return ends[-1]

    monkeypatch.setattr(discrete, "joint", recorded)
    found = proposals(tiny)
    ((x, state),) = ends
    np.testing.assert_allclose(found[0].pos, x[0, :14])
    first = state[: 14 * 13 // 2]
    pairs = np.column_stack(np.triu_indices(14, 1))[first > 0]
    web = raw_web_of(found[0])
    assert sorted(web.edge_index.T.tolist()) == pairs.tolist()
    kinds = dict(zip(map(tuple, pairs.tolist()), (first[first > 0] - 1).tolist(), strict=True))
    assert {tuple(e): k for e, k in zip(web.edge_index.T.tolist(), web.kind.tolist(), strict=True)} == kinds


def test_same_seed_same_proposal_whatever_is_beside_it(tiny):
    first, again = proposals(tiny), proposals(tiny)
    for a, b in zip(first, again, strict=True):
        assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))
    alone = proposals(tiny, ASKS[1:], seeds=(4,))[0]
    assert alike(alone, first[1])
    assert not alike(proposals(tiny, seeds=(3, 5))[1], first[1])


def test_guidance_of_one_is_none_and_calls_once(tiny, states):
    plain = proposals(tiny, guidance=1.0)
    assert len(states) == 5
    assert all(not scene.drop.any() for scene, *_ in states)
    states.clear()
    near = proposals(tiny, guidance=1.0 + 1e-9)
    assert len(states) == 10
    assert all(alike(a, b) for a, b in zip(plain, near, strict=True))
    strong = proposals(tiny, guidance=4.0)
    assert not alike(plain[0], strong[0])
    states.clear()
    free = proposals(tiny, guidance=0.0)
    assert len(states) == 5
    assert all(scene.drop.all() for scene, *_ in states)
    other = [Ask(DesignTargets(5.0, target.extents, target.nodes, target.edges + 2)) for target in TARGETS]
    assert all(alike(a, b) for a, b in zip(free, proposals(tiny, other, guidance=0.0), strict=True))


def test_without_noise_the_chain_begins_empty_and_only_adds(tiny, states):
    proposals(tiny, steps=12)
    seen = [state for *_, state in states]
    assert (seen[0] == 0).all()
    for before, after in pairwise(seen):
        assert torch.equal(before[before > 0], after[before > 0])
    assert (seen[-1] > 0).any()


def test_noise_has_the_mean_degree_asked_for(states):
    model = made(replace(TINY, noise=1.0)).requires_grad_(False)
    ask = Ask(DesignTargets(2.0, (10, 12, 5), 60, 90))
    proposals(model, [ask] * 20, range(20), steps=1)
    first = (states[0][2] > 0).sum().item() / 20
    # Five standard errors of the mean of binomial counts.
    assert first == pytest.approx(90, abs=5 * np.sqrt(90 / 20))
    assert states[0][2].max() == 1


def test_positions_are_done_before_most_edges(tiny, states):
    proposals(tiny, steps=20)
    places = [x for _, x, _ in states]
    edges = [int((state > 0).sum()) for *_, state in states]
    assert torch.equal(places[8], places[-1])
    assert not torch.equal(places[7], places[8])
    assert edges[6] == 0
    assert edges[8] < edges[-1]


def test_known_nodes_and_edges_stay_and_no_others_come_between_them(tiny, states):
    given = WebGraph(
        [[-9, 0, 0], [-7, 2, 0], [-6, 0, 1], [-8, 1, 2]], [[0, 1, 2], [1, 2, 3]], [0.1, 0.3, 0.2], [4, 5, 7]
    )
    region = np.array([[-5.0, -3, -3], [9, 3, 3]])
    ask = Ask(DesignTargets(4.0, (20, 8, 8), 12, 16), given, region)
    proposal, other = proposals(tiny, [ask, ASKS[1]])
    assert (proposal.known_nodes, proposal.known_edges) == (4, 3)
    assert np.array_equal(proposal.pos[:4], given.pos)
    assert np.array_equal(proposal.edges[:3], given.edge_index.T)
    assert (proposal.score[:3] > 100).all()
    assert proposal.kind[:3].tolist() == [4, 5, 7]
    np.testing.assert_allclose(proposal.log_radius[:3], np.log([0.5, 1.5, 1]))
    assert (proposal.edges[3:].max(1) >= 4).all()
    assert (proposal.edges[3:].min(1) < 4).any()
    assert WebGraph(proposal.pos, proposal.edges.T).is_connected
    # The network sees them at all times.
    for scene, x, state in states:
        assert torch.equal(x[0, :4].double(), torch.tensor(given.pos))
        assert scene.given.sum() == 6
        assert state[scene.given].tolist() == [5, 0, 0, 6, 0, 8]
        assert not scene.known[1].any()
    first = states[0][1][0, 4:].numpy()
    assert (first >= region[0]).all() and (first <= region[1]).all()
    assert alike(proposals(tiny, ASKS[1:], seeds=(4,))[0], other)


def test_plain_graphs_do_not_see_their_box(states):
    model = made(replace(TINY, positions=False, noise=1.0)).requires_grad_(False)
    wide = [Ask(DesignTargets(1.0, (90, 30, 2), target.nodes, target.edges)) for target in TARGETS]
    for a, b in zip(proposals(model), proposals(model, wide), strict=True):
        assert np.array_equal(a.edges[a.score > 0], b.edges[b.score > 0])


def test_raw_counts_are_those_asked_for_unless_they_are_hidden(tiny):
    """Even of an untrained network: the chain knows what is left to give."""
    counts = [int((proposal.score > 0).sum()) for proposal in proposals(tiny, steps=10)]
    assert counts == [target.edges for target in TARGETS]
    hidden = [int((proposal.score > 0).sum()) for proposal in proposals(tiny, steps=10, guidance=0.0)]
    assert hidden != counts


def test_raw_webs_of_an_untrained_network_are_mostly_connected(tiny):
    webs = [raw_web_of(p) for seed in range(10) for p in proposals(tiny, seeds=(seed, seed), steps=20)]
    assert sum(web.is_connected for web in webs) >= 14


# -- configuration and files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("width", 1), ("width", 2048), ("walk", 0), ("every", 2.0), ("heads", True), ("layers", 65), ("max_degree", 1)],
)
def test_sizes_out_of_bounds_are_refused(refused, name, value):
    with refused(f"{name} is {value!r}", "whole number"):
        DiscreteConfig(**{name: value})


def test_other_settings_out_of_bounds_are_refused(refused):
    with refused("width is 20", "multiple of heads, 8"):
        DiscreteConfig(width=20)
    with refused("noise is 1.5", "0 to 1"):
        DiscreteConfig(noise=1.5)
    with refused("positions is 1", "true or false"):
        DiscreteConfig(positions=1)
    with refused("drop_condition is -0.1"):
        DiscreteConfig(drop_condition=-0.1)


def test_a_stored_model_proposes_the_same(tiny, tmp_path):
    save_model(tiny, tmp_path / "tiny.safetensors")
    again = load_model(tmp_path / "tiny.safetensors")
    assert again.config == TINY
    for a, b in zip(proposals(tiny), proposals(again), strict=True):
        assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))
