from __future__ import annotations

import math

import pytest
import torch

from structgen.generators.batches import nearest
from structgen.generators.nets import SparseGraphTransformer, fourier, gather_nodes

CONDITIONS, SLOTS = 4, 7


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def net(request):
    """A small network in which no weight is zero."""
    torch.manual_seed(0)
    net = SparseGraphTransformer(CONDITIONS, width=16, edge_width=8, layers=2, heads=4, slots=SLOTS).to(request.param)
    with torch.no_grad():
        for value in net.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return net.requires_grad_(False)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4 if a.dtype == torch.float32 else 1e-9)


def scene(net, batch=2, n=10):
    """Positions, symmetric edge states ``(B, N, N, 2)``, times, condition, half box and spacing."""
    draw = torch.Generator().manual_seed(1)
    dtype = next(net.parameters()).dtype
    x = torch.randn(batch, n, 3, generator=draw, dtype=torch.float64)
    states = torch.randn(batch, n, n, 2, generator=draw, dtype=torch.float64)
    states = states + states.transpose(1, 2)
    t, c = torch.rand(batch, 2, generator=draw), torch.randn(batch, CONDITIONS, generator=draw)
    half, scale = 3 + torch.rand(batch, 3, generator=draw), 1 + torch.rand(batch, generator=draw)
    return tuple(value.to(dtype) for value in (x, states, t, c, half, scale))


def call(net, x, states, t, c, half, scale, mask):
    """Flow and, spread over all pairs, edge states; NaN for pairs that are no candidates."""
    candidates, real = nearest(x, mask, SLOTS)
    index = candidates[..., None].expand(-1, -1, -1, 2)
    flow, edges = net(x, states.gather(2, index), t, c, half, scale, candidates, real)
    assert flow.shape == x.shape
    assert edges.shape == (*candidates.shape, 2)
    edges = edges.masked_fill(~real[..., None], torch.nan)
    return flow, torch.full_like(states, torch.nan).scatter(2, index, edges)


def everyone(x):
    return torch.ones(x.shape[:2], dtype=torch.bool)


def test_permuting_nodes_permutes_the_output(net):
    x, states, *rest = scene(net)
    flow, edges = call(net, x, states, *rest, everyone(x))
    order = torch.randperm(10, generator=torch.Generator().manual_seed(2))
    flow_, edges_ = call(net, x[:, order], states[:, order][:, :, order], *rest, everyone(x))
    close(flow_, flow[:, order])
    assert torch.equal(edges_.isnan(), edges[:, order][:, :, order].isnan())
    close(edges_.nan_to_num(), edges[:, order][:, :, order].nan_to_num())


def test_edge_states_are_the_same_from_both_ends(net):
    x, states, *rest = scene(net)
    edges = call(net, x, states, *rest, everyone(x))[1]
    both = ~edges.isnan() & ~edges.transpose(1, 2).isnan()
    assert both.sum() > 40
    assert torch.equal(edges[both], edges.transpose(1, 2)[both])


def test_padding_changes_nothing(net):
    """Neither where a web has more nodes than slots nor where padding adds slots that count for nothing."""
    for n in (10, 5):
        x, states, *rest = scene(net, n=n)
        flow, edges = call(net, x, states, *rest, everyone(x))
        padded = torch.full((2, 14, 3), 9.0).to(x)
        padded[:, :n] = x
        padded_states = torch.full((2, 14, 14, 2), 5.0).to(states)
        padded_states[:, :n, :n] = states
        mask = (torch.arange(14) < n).expand(2, -1)
        flow_, edges_ = call(net, padded, padded_states, *rest, mask)
        close(flow_[:, :n], flow)
        assert torch.equal(edges_[:, :n, :n].isnan(), edges.isnan())
        close(edges_[:, :n, :n].nan_to_num(), edges.nan_to_num())


def test_webs_of_a_batch_do_not_hear_of_each_other(net):
    inputs = scene(net)
    together = call(net, *inputs, everyone(inputs[0]))
    for b in range(2):
        one = [value[b : b + 1] for value in inputs]
        alone = call(net, *one, everyone(one[0]))
        for a, b_ in zip(alone, together, strict=True):
            close(a[0].nan_to_num(), b_[b].nan_to_num())


@pytest.mark.parametrize("which", range(6), ids=["pos", "states", "time", "condition", "box", "scale"])
def test_output_depends_on_each_input(net, which):
    inputs = list(scene(net))
    before = call(net, *inputs, everyone(inputs[0]))
    inputs[which] = inputs[which] * 1.1
    after = call(net, *inputs, everyone(inputs[0]))
    for a, b in zip(before, after, strict=True):
        assert (a - b).nan_to_num().abs().max() > 1e-4


def test_slots_that_count_for_nothing_carry_nothing(net):
    x, states, *rest = scene(net, n=5)
    mask = torch.tensor([[True] * 4 + [False]] * 2)
    flow = call(net, x, states, *rest, mask)[0][:, :4]
    x[:, 4] += 100
    states[:, 4] = states[:, :, 4] = 77
    assert torch.equal(call(net, x, states, *rest, mask)[0][:, :4], flow)


def test_fourier_features_are_sines_and_cosines_from_one_to_a_hundred_turns():
    features = fourier(torch.tensor([0.0, 0.25], dtype=torch.float64), 6)
    assert features.shape == (2, 6)
    assert features[0].tolist() == [0, 0, 0, 1, 1, 1]
    angle = [2 * math.pi * 0.25 * turns for turns in (1, 10, 100)]
    expected = [math.sin(a) for a in angle] + [math.cos(a) for a in angle]
    torch.testing.assert_close(features[1], torch.tensor(expected, dtype=torch.float64), atol=1e-10, rtol=0)


def test_gathered_values_are_those_of_the_candidates():
    values = torch.arange(24.0).view(2, 4, 3)
    candidates = torch.tensor([[[1, 3], [0, 2], [0, 0], [2, 1]], [[3, 3], [2, 0], [1, 0], [0, 1]]])
    found = gather_nodes(values, candidates)
    assert found.shape == (2, 4, 2, 3)
    for b, i, k in ((0, 0, 1), (1, 2, 0), (1, 3, 1)):
        assert torch.equal(found[b, i, k], values[b, candidates[b, i, k]])
