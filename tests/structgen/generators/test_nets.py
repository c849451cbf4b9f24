from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from structgen.generators.batches import nearest
from structgen.generators.nets import TURNS, Asked, Slots, SparseGraphTransformer, fourier

CONDITIONS, STATES, ANSWERS, SLOTS, ATTENDED = 4, 3, 5, 7, 5


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def net(request):
    """A small network in which no weight is zero."""
    torch.manual_seed(0)
    net = SparseGraphTransformer(CONDITIONS, STATES, ANSWERS, SLOTS, ATTENDED, width=16, edge_width=8, layers=4,
                                 heads=4).to(request.param)  # fmt: skip
    with torch.no_grad():
        for value in net.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return net.requires_grad_(False)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=2e-4, atol=2e-4 if a.dtype == torch.float32 else 1e-9)


def scene(net, batch=2, n=10):
    """Positions, symmetric edge states ``(B, N, N, s)``, times, and what is asked: the last node is given."""
    draw = torch.Generator().manual_seed(1)
    dtype = next(net.parameters()).dtype
    x = torch.randn(batch, n, 3, generator=draw, dtype=torch.float64)
    states = torch.randn(batch, n, n, STATES, generator=draw, dtype=torch.float64)
    states = states + states.transpose(1, 2)
    numbers = [torch.rand(batch, 2, generator=draw), torch.randn(batch, CONDITIONS, generator=draw)]
    numbers += [3 + torch.rand(batch, 3, generator=draw)]
    numbers += [1 + torch.rand(batch, generator=draw) for _ in range(3)]
    x, states, t, *rest = (value.to(dtype) for value in (x, states, *numbers))
    given = torch.zeros(batch, n, dtype=torch.bool)
    given[:, -3:] = True
    return x, states, t, Asked(*rest, given)


def call(net, x, states, t, asked, mask):
    """Velocity and, spread over all pairs, answers; NaN for pairs that are no candidates."""
    slots = Slots.of(*nearest(x, mask, SLOTS))
    index = slots.candidates[..., None].expand(-1, -1, -1, STATES)
    on_slots = states.gather(2, index)
    flow = net.flow(x, on_slots, t, asked, slots)
    answers = net.answers(x, on_slots, t, asked, slots)
    assert flow.shape == x.shape
    assert answers.shape == (*slots.candidates.shape, ANSWERS)
    answers = answers.masked_fill(~slots.real[..., None], torch.nan)
    b, n, _ = x.shape
    pairs = torch.full((b, n, n, ANSWERS), torch.nan, dtype=x.dtype)
    return flow, pairs.scatter(2, slots.candidates[..., None].expand(-1, -1, -1, ANSWERS), answers)


def everyone(x):
    return torch.ones(x.shape[:2], dtype=torch.bool)


def with_given(asked, given):
    return dataclasses.replace(asked, given=given)


def test_permuting_nodes_permutes_the_output(net):
    x, states, t, asked = scene(net)
    flow, edges = call(net, x, states, t, asked, everyone(x))
    order = torch.randperm(10, generator=torch.Generator().manual_seed(2))
    asked_ = with_given(asked, asked.given[:, order])
    flow_, edges_ = call(net, x[:, order], states[:, order][:, :, order], t, asked_, everyone(x))
    close(flow_, flow[:, order])
    assert torch.equal(edges_.isnan(), edges[:, order][:, :, order].isnan())
    close(edges_.nan_to_num(), edges[:, order][:, :, order].nan_to_num())


def test_answers_are_the_same_from_both_ends(net):
    x, states, t, asked = scene(net)
    edges = call(net, x, states, t, asked, everyone(x))[1]
    both = ~edges.isnan() & ~edges.transpose(1, 2).isnan()
    assert both.sum() > 40
    assert torch.equal(edges[both], edges.transpose(1, 2)[both])


def test_padding_changes_nothing(net):
    """Neither where a web has more nodes than slots nor where padding adds slots that count for nothing."""
    for n in (10, 5):
        x, states, t, asked = scene(net, n=n)
        flow, edges = call(net, x, states, t, asked, everyone(x))
        padded = torch.full((2, 14, 3), 9.0).to(x)
        padded[:, :n] = x
        padded_states = torch.full((2, 14, 14, STATES), 5.0).to(states)
        padded_states[:, :n, :n] = states
        mask = (torch.arange(14) < n).expand(2, -1)
        given = torch.zeros(2, 14, dtype=torch.bool)
        given[:, :n] = asked.given
        flow_, edges_ = call(net, padded, padded_states, t, with_given(asked, given), mask)
        close(flow_[:, :n], flow)
        assert torch.equal(edges_[:, :n, :n].isnan(), edges.isnan())
        close(edges_[:, :n, :n].nan_to_num(), edges.nan_to_num())


def test_webs_of_a_batch_do_not_hear_of_each_other(net):
    x, states, t, asked = scene(net)
    together = call(net, x, states, t, asked, everyone(x))
    for b in range(2):
        one = Asked(*(getattr(asked, field.name)[b : b + 1] for field in dataclasses.fields(asked)))
        alone = call(net, x[b : b + 1], states[b : b + 1], t[b : b + 1], one, everyone(x[b : b + 1]))
        for a, both in zip(alone, together, strict=True):
            close(a[0].nan_to_num(), both[b].nan_to_num())


def test_given_nodes_stay(net):
    x, states, t, asked = scene(net)
    flow, _ = call(net, x, states, t, asked, everyone(x))
    assert (flow[asked.given] == 0).all()
    assert (flow[~asked.given] != 0).all()


@pytest.mark.parametrize("name", ["pos", "states", "time", *(f.name for f in dataclasses.fields(Asked))])
def test_output_depends_on_each_input(net, name):
    x, states, t, asked = scene(net)
    before = call(net, x, states, t, asked, everyone(x))
    if name in ("pos", "states", "time"):
        changed = {"pos": x, "states": states, "time": t} | {name: 1.1 * {"pos": x, "states": states, "time": t}[name]}
        after = call(net, *changed.values(), asked, everyone(x))
    else:
        value = getattr(asked, name)
        other = torch.zeros_like(value) if name == "given" else 1.1 * value
        after = call(net, x, states, t, dataclasses.replace(asked, **{name: other}), everyone(x))
    for a, b in zip(before, after, strict=True):
        assert (a - b).nan_to_num().abs().max() > 1e-5


def test_slots_that_count_for_nothing_carry_nothing(net):
    x, states, t, asked = scene(net, n=5)
    asked = with_given(asked, torch.zeros_like(asked.given))
    mask = torch.tensor([[True] * 4 + [False]] * 2)
    flow, edges = call(net, x, states, t, asked, mask)
    x[:, 4] += 100
    states[:, 4] = states[:, :, 4] = 77
    flow_, edges_ = call(net, x, states, t, asked, mask)
    assert torch.equal(flow_[:, :4], flow[:, :4])
    assert torch.equal(edges_[:, :4, :4].nan_to_num(), edges[:, :4, :4].nan_to_num())


def test_candidates_that_are_not_attended_to_are_answered_alone(net):
    """A far candidate's state changes its own answer and, but for the sums of feedback, no other's."""
    x, states, t, asked = scene(net)
    slots = Slots.of(*nearest(x, everyone(x), SLOTS))
    on_slots = states.gather(2, slots.candidates[..., None].expand(-1, -1, -1, STATES))
    before = net.answers(x, on_slots, t, asked, slots)
    near, far = on_slots.clone(), on_slots.clone()
    near[0, 0, 0, 1] += 1
    far[0, 0, SLOTS - 1, 1] += 1
    assert (net.answers(x, near, t, asked, slots) != before).any(-1)[0].sum() > 10
    changed = (net.answers(x, far, t, asked, slots) != before).any(-1)
    assert 1 <= changed.sum() <= 2
    assert changed[0, 0, SLOTS - 1]


def test_fourier_features_are_sines_and_cosines():
    features = fourier(torch.tensor([0.0, 0.25], dtype=torch.float64), 6)
    assert features.shape == (2, 6)
    assert features[0].tolist() == [0, 0, 0, 1, 1, 1]
    angle = [2 * math.pi * 0.25 * turns for turns in (1, math.sqrt(TURNS), TURNS)]
    expected = [math.sin(a) for a in angle] + [math.cos(a) for a in angle]
    torch.testing.assert_close(features[1], torch.tensor(expected, dtype=torch.float64), atol=1e-10, rtol=0)


# -- slots -------------------------------------------------------------------------------------------------


@pytest.fixture
def slots():
    x = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(9) < torch.tensor([[9], [6]])
    return Slots.of(*nearest(x, mask, 4))


def test_gathered_values_are_those_of_the_candidates(slots):
    values = torch.arange(54.0).view(2, 9, 3)
    for near in (slots, slots.first(2), slots.first(99)):
        found = near.nodes(values)
        assert found.shape == (*near.candidates.shape, 3)
        for b, i, k in ((0, 0, 1), (1, 2, 0), (1, 8, 1)):
            assert torch.equal(found[b, i, k], values[b, near.candidates[b, i, k]])
    assert slots.first(2).candidates.shape == slots.first(2).real.shape == (2, 9, 2)


def test_each_slot_knows_its_other_end(slots):
    names = [(b, i, j) for b in range(2) for i in range(9) for j in slots.candidates[b, i].tolist()]
    real, mutual = slots.real.flatten().tolist(), slots.mutual.flatten().tolist()
    listed = {name for name, counts in zip(names, real, strict=True) if counts}
    assert 0 < sum(mutual) < len(listed)
    for (b, i, j), counts, both, back in zip(names, real, mutual, slots.back.tolist(), strict=True):
        assert both == (counts and (b, j, i) in listed)
        if both:
            assert names[back] == (b, j, i)


def test_mean_of_both_ends_is_of_one_where_one_lists_the_pair(slots):
    edges = torch.randn(2, 9, 4, 3, generator=torch.Generator().manual_seed(1))
    mean = slots.both_ways(edges)
    other = edges.flatten(0, 2)[slots.back].view(edges.shape)
    assert torch.equal(mean[~slots.mutual], edges[~slots.mutual])
    assert torch.equal(mean[slots.mutual], ((edges + other) / 2)[slots.mutual])
    assert torch.equal(mean.flatten(0, 2)[slots.back].view(edges.shape)[slots.mutual], mean[slots.mutual])
