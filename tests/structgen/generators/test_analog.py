from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from structgen.generators import analog
from structgen.generators.analog import RADIUS_GAIN, STATES, SURE, Analog, AnalogConfig
from structgen.generators.batches import CATEGORIES, nearest
from structgen.generators.model import Ask, raw_numbers, raw_web_of
from structgen.generators.nets import Slots
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES, DesignTargets
from structgen.validity import validity
from structgen.web import KINDS, WebGraph

ASKED = [
    DesignTargets(6.0, (40.0, 40.0, 25.0), nodes=24, edges=34),
    DesignTargets(5.0, (20.0, 30.0, 10.0), nodes=40, edges=48),
    DesignTargets(4.0, (10.0, 12.0, 9.0), nodes=12, edges=11),
    DesignTargets(5.0, (30.0, 20.0, 0.0), nodes=16, edges=20),
]


def same_but_for_rounding(web, other):
    """Whether two webs have the same edges and all but the same numbers."""
    if (web.n, web.m) != (other.n, other.m) or not np.array_equal(web.edge_index, other.edge_index):
        return False
    nearly = 1e-3 * np.linalg.norm(web.extents)
    return np.allclose(web.pos, other.pos, rtol=0, atol=nearly) and np.allclose(web.radius, other.radius, rtol=1e-2)


@pytest.fixture
def tiny(tiny_model) -> Analog:
    """An untrained network, ready to sample."""
    return tiny_model.eval().requires_grad_(False)


def proposed(model, asks, seed=0, steps=2, guidance=1.0):
    return model.propose(asks, [np.random.default_rng([seed, k]) for k in range(len(asks))], steps, guidance)


# -- what is proposed ---------------------------------------------------------------------------------------


def test_a_proposal_has_each_candidate_once_and_its_nodes_in_the_box(tiny):
    for target, proposal in zip(ASKED, proposed(tiny, [Ask(t) for t in ASKED]), strict=True):
        n, half = target.nodes, np.array(target.extents) / 2
        assert proposal.pos.shape == (n, 3)
        assert (np.abs(proposal.pos) <= half * (1 + 1e-6)).all()
        assert (proposal.edges[:, 0] < proposal.edges[:, 1]).all() and proposal.edges.max() < n
        assert len(np.unique(proposal.edges, axis=0)) == len(proposal.edges)
        for value in (proposal.score, proposal.kind, proposal.log_radius):
            assert value.shape == (len(proposal.edges),)
            assert np.isfinite(value).all()
        assert proposal.kind.min() >= 0 and proposal.kind.max() < len(KINDS)
        assert (proposal.known_nodes, proposal.known_edges) == (0, 0)
        # Every node lists its nearest ones.
        distance = np.linalg.norm(proposal.pos[:, None] - proposal.pos, axis=-1) + 1e9 * np.eye(n)
        listed = {tuple(edge) for edge in proposal.edges.tolist()}
        for i, j in enumerate(distance.argmin(1).tolist()):
            assert (min(i, j), max(i, j)) in listed


def test_a_proposal_has_as_many_edges_as_are_asked_for(tiny):
    """Whatever the network: the count is a condition that the model keeps to."""
    with torch.no_grad():
        for bias in (-6.0, 0.0, 4.0):
            tiny.net.edge_out[-1].bias[0] = bias
            for target, proposal in zip(ASKED, proposed(tiny, [Ask(t) for t in ASKED]), strict=True):
                assert (proposal.score > 0).sum() == target.edges
        # Without guidance they are left to the decoder.
        assert (proposed(tiny, [Ask(ASKED[0])], guidance=0.0)[0].score > 0).sum() > 1.5 * ASKED[0].edges


def test_a_proposal_is_a_function_of_its_generator_and_not_of_what_stands_beside_it(tiny):
    def one(asks, seeds):
        return tiny.propose(asks, [np.random.default_rng(seed) for seed in seeds], 2, 1.0)

    small, large = Ask(ASKED[2]), Ask(ASKED[1])
    alone, again, other = (one([small], [seed])[0] for seed in (5, 5, 6))
    for name in ("pos", "edges", "score", "kind", "log_radius"):
        assert getattr(alone, name).tobytes() == getattr(again, name).tobytes()
    assert not np.allclose(alone.pos, other.pos)
    beside = one([large, small], [1, 5])[1]
    np.testing.assert_allclose(beside.pos, alone.pos, atol=1e-4)
    np.testing.assert_array_equal(beside.edges, alone.edges)
    np.testing.assert_allclose(beside.score, alone.score, atol=1e-3)


def test_told_and_untold_are_mixed_by_guidance(tiny):
    scores = [proposed(tiny, [Ask(ASKED[0])], guidance=g)[0] for g in (0.0, 1.0, 3.0)]
    for a, b in ((0, 1), (1, 2)):
        assert not np.allclose(scores[a].pos, scores[b].pos, atol=1e-6)
    # Untold, the length asked for makes no difference.
    other = dataclasses.replace(ASKED[0], mean_edge_length=7.0)
    untold = proposed(tiny, [Ask(other)], guidance=0.0)[0]
    np.testing.assert_array_equal(untold.pos, scores[0].pos)


# -- a web that is given --------------------------------------------------------------------------------------


@pytest.fixture
def painting(dataset: Dataset) -> Ask:
    """A web of 10 nodes to be extended to 25 in a box beside it."""
    web = next(web for web in dataset if web.n >= 10)
    web = web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2)
    high = web.extents / 2
    box = np.array([[high[0], -high[1], -high[2]], [high[0] + 12, high[1], high[2]]])
    extents = tuple((2 * np.abs(box).max(0)).tolist())
    return Ask(DesignTargets(float(web.lengths.mean()), extents, web.n + 15, web.m + 22), web, box)


def test_given_nodes_stay_and_given_edges_come_first(tiny, painting):
    web = painting.known
    for guidance in (1.0, 2.0):
        proposal = proposed(tiny, [Ask(ASKED[0]), painting], guidance=guidance)[1]
        assert (proposal.known_nodes, proposal.known_edges) == (web.n, web.m)
        assert proposal.pos[: web.n].tobytes() == web.pos.tobytes()
        np.testing.assert_array_equal(proposal.edges[: web.m], web.edge_index.T)
        np.testing.assert_array_equal(proposal.kind[: web.m], web.kind)
        np.testing.assert_allclose(proposal.log_radius[: web.m], np.log(web.radius / np.median(web.radius)))
        assert (proposal.score[: web.m] == SURE).all()
        # Between two given nodes nothing else is proposed.
        assert (proposal.edges[web.m :].max(1) >= web.n).all()
        assert len(np.unique(np.sort(proposal.edges, axis=1), axis=0)) == len(proposal.edges)
        new = proposal.score[web.m :]
        assert (new > 0).sum() == painting.target.edges - web.m


def test_new_nodes_begin_in_the_region(tiny, painting):
    with torch.no_grad():
        tiny.net.node_out[-1].weight.zero_()
        tiny.net.node_out[-1].bias.zero_()
    pos = proposed(tiny, [painting])[0].pos[painting.known.n :]
    low, high = painting.region
    assert (pos >= low - 1e-4).all() and (pos <= high + 1e-4).all()


def test_what_is_given_matters_to_what_is_new(tiny, painting):
    one = proposed(tiny, [painting])[0]
    web = painting.known
    bare = dataclasses.replace(painting, known=WebGraph(web.pos, [[0], [1]]))
    other = proposed(tiny, [bare])[0]
    assert other.known_edges == 1
    assert not np.allclose(one.pos[web.n :], other.pos[web.n :], atol=1e-7)


# -- candidates -------------------------------------------------------------------------------------------------


def test_candidates_hold_almost_all_true_edges(dataset: Dataset):
    config, held, total = AnalogConfig(), 0, 0
    for web in dataset:
        distance = np.linalg.norm(web.pos[:, None] - web.pos, axis=-1) + 1e9 * np.eye(web.n)
        rank = distance.argsort(1).argsort(1)
        i, j = web.edge_index
        held += int((np.minimum(rank[i, j], rank[j, i]) < config.listed(web.n)).sum())
        total += web.m
    # 99.5 % in the default training set; a dense tangle alone has longer edges.
    assert held / total > 0.97


def test_pieces_of_the_candidates_are_bridged():
    pos = np.array([[0.0, 0, 0], [1, 0, 0], [9, 0, 0], [10, 0, 0], [30, 0, 0]])
    bridges = analog._bridges(pos, np.array([[0, 1], [2, 3]]))
    assert sorted(map(tuple, bridges.tolist())) == [(1, 2), (3, 4)]
    assert len(analog._bridges(pos, np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))) == 0
    # Nodes in one place are no obstacle.
    assert len(analog._bridges(np.zeros((4, 3)), np.zeros((0, 2), int))) == 3


# -- states -----------------------------------------------------------------------------------------------------


def test_states_are_existence_bits_of_the_kind_and_radius():
    kinds = torch.arange(CATEGORIES)
    states = analog._states(kinds, torch.full((CATEGORIES,), 0.5))
    assert states.shape == (CATEGORIES, STATES)
    assert (states[0] == torch.tensor([-1.0] + [0] * (STATES - 1))).all()
    assert (states[1:, 0] == 1).all() and (states[1:, -1] == 0.5 * RADIUS_GAIN).all()
    assert set(states[1:, 1:-1].flatten().tolist()) == {-1, 1}
    assert len({tuple(row) for row in states[1:].tolist()}) == len(KINDS)


def test_sure_answers_mean_clean_states():
    kind = torch.arange(CATEGORIES)
    answers = torch.zeros(CATEGORIES, 1 + len(KINDS) + 1)
    answers[:, 0] = torch.where(kind > 0, 40.0, -40.0)
    answers[1:, 1:-1] = 80 * torch.eye(len(KINDS))
    answers[:, -1] = 0.5 * RADIUS_GAIN
    torch.testing.assert_close(analog._expected(answers), analog._states(kind, torch.full((CATEGORIES,), 0.5)))
    assert analog._expected(torch.zeros(1, 1 + len(KINDS) + 1))[0, [0, -1]].tolist() == [0, 0]


@pytest.mark.parametrize("wanted", [1.0, 7.5, 40.0])
def test_offset_makes_the_count_the_one_wanted(wanted):
    draw = torch.Generator().manual_seed(0)
    logit, weight = 3 * torch.randn(2, 10, 6, generator=draw), torch.rand(2, 10, 6, generator=draw).round()
    goal = torch.tensor([wanted, min(wanted, 20.0)])
    offset = analog._offset(logit, weight, goal)[:, None, None]
    reached = ((logit + offset).sigmoid() * weight).sum((1, 2))
    possible = torch.minimum(goal, weight.sum((1, 2)))
    torch.testing.assert_close(reached, possible, rtol=0.01, atol=0.05)


def test_threshold_leaves_the_pairs_wanted_whichever_end_lists_them():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(3, 12, 3, generator=draw)
    slots = Slots.of(*nearest(x, torch.ones(3, 12, dtype=torch.bool), 4))
    logit = slots.both_ways(torch.randn(3, 12, 4, 1, generator=draw)).squeeze(-1)
    weight = slots.real.float() / (1 + slots.mutual.float())
    total = float(weight[2].sum())
    wanted = torch.tensor([1.0, 14.0, total])
    shifted = logit + analog._threshold(logit, weight, wanted)[:, None, None]
    assert ((shifted > 0) * weight).sum((1, 2)).tolist() == wanted.tolist()
    # Of more than there are, all.
    shifted = logit + analog._threshold(logit, weight, wanted + 100)[:, None, None]
    assert (((shifted > 0) * weight).sum((1, 2)) >= weight.sum((1, 2)) - 1).all()


def test_noise_of_a_pair_is_the_same_from_both_ends_and_with_padding():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 9, 3, generator=draw)
    pairs = torch.randn(2, 36, STATES, generator=draw)
    slots = Slots.of(*nearest(x, torch.ones(2, 9, dtype=torch.bool), 4))
    found = analog._on_slots(pairs, slots)
    assert torch.equal(slots.both_ways(found), found)
    seen = {}
    for i in range(9):
        for slot, j in enumerate(slots.candidates[0, i].tolist()):
            seen[min(i, j), max(i, j)] = tuple(found[0, i, slot].tolist())
    assert len(set(seen.values())) == len(seen)
    wider = torch.cat([pairs, torch.zeros(2, 30, STATES)], 1)
    assert torch.equal(analog._on_slots(wider, slots), found)


# -- what is generated ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [-30.0, 0.0, 30.0])
def test_webs_of_any_network_are_valid(tiny, bias):
    """Validity does not rest on training."""
    with torch.no_grad():
        tiny.net.edge_out[-1].bias[0] = bias
    asked = [DesignTargets(nodes=15, edges=20), DesignTargets(nodes=30, edges=32), DesignTargets(nodes=9, edges=9)]
    results = tiny.generate(asked, n=2, seed=0, steps=2)
    for k, result in enumerate(results):
        assert validity(result.web, tiny.config.max_degree).ok
        assert (result.web.n, result.web.m) == (asked[k // 2].nodes, asked[k // 2].edges)
        np.testing.assert_allclose(result.web.extents, result.asked.extents, rtol=1e-9)
        missing = {name for name, value in asked[k // 2].as_dict().items() if value is None}
        assert list(result.filled) == [name for name in NAMES if name in missing]
        row = dict(zip(NAMES, result.raw, strict=True))
        assert row["nodes"] == result.web.n
        assert row["mean_degree"] == 2 * row["edges"] / row["nodes"]
        assert result.edges_changed >= abs(row["edges"] - result.web.m)


def test_raw_numbers_are_those_of_the_proposal(tiny):
    target = tiny.range.complete(DesignTargets(nodes=20, edges=28)).near
    proposal = tiny.propose([Ask(target)], [np.random.default_rng([3, 0, 0])], tiny.steps, 1.0)[0]
    result = tiny.generate(DesignTargets(nodes=20, edges=28), seed=3)[0]
    web = raw_web_of(proposal)
    np.testing.assert_allclose(result.raw, raw_numbers(proposal, web), rtol=1e-5)
    assert (web is None) == (result.raw_web is None)


def test_sample_gives_the_webs_of_generate_and_web_k_is_its_own(tiny):
    small, large = DesignTargets(nodes=9, edges=10), DesignTargets(nodes=40, edges=52)
    webs = tiny.sample([small, large], n=2, seed=5)
    assert webs == [result.web for result in tiny.generate([small, large], n=2, seed=5)]
    assert webs[0] != webs[1]
    assert same_but_for_rounding(tiny.sample(small, seed=5)[0], webs[0])
    assert tiny.sample([], n=2) == []


def test_a_web_is_extended(tiny, painting):
    web = painting.known
    targets = DesignTargets(mean_edge_length=painting.target.mean_edge_length, nodes=12, edges=16)
    extended = tiny.extend(web, painting.region, targets, seed=1)
    assert (extended.n, extended.m) == (web.n + 12, web.m + 16)
    assert extended.pos[: web.n].tobytes() == web.pos.tobytes()
    assert extended.is_connected


def test_sampling_leaves_the_global_generators_alone(tiny):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    proposed(tiny, [Ask(ASKED[2])])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 0}, ("n is 0", "at least 1")),
        ({"seed": -1}, ("seed is -1", "whole number >= 0")),
        ({"steps": 0}, ("steps is 0", "at least 1")),
        ({"radius": 0.0}, ("radius is 0.0", "> 0")),
        ({"guidance": float("nan")}, ("guidance is nan", "0 to 20")),
        ({"guidance": 1e9}, ("guidance is 1000000000.0",)),
    ],
)
def test_impossible_requests_are_refused_in_one_line(refused, tiny, options, words):
    with refused(*words):
        tiny.generate(ASKED[0], **options)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"width": 0}, ("width is 0", "2 to 1024")),
        ({"width": 30, "heads": 4}, ("width is 30", "multiple of heads")),
        ({"layers": 1.5}, ("layers is 1.5", "whole number")),
        ({"candidates": 1000}, ("candidates is 1000", "1 to 256")),
        ({"neighbours": 0}, ("neighbours is 0", "1 to 256")),
        ({"max_degree": 1}, ("max_degree is 1", "2 to 64")),
        ({"drop_condition": -0.5}, ("drop_condition is -0.5", "0 to 1")),
    ],
)
def test_sizes_out_of_range_are_refused(refused, sizes, words):
    with refused(*words):
        AnalogConfig(**sizes)
