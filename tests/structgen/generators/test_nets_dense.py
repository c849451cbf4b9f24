from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from structgen.generators.nets_dense import DenseGraphTransformer, Pairs, graph_features

CONDITIONS, NODE, PAIR, WALKS = 4, 5, 3, 3


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def net(request):
    """A small network in which no weight is zero."""
    torch.manual_seed(0)
    net = DenseGraphTransformer(
        CONDITIONS, NODE, PAIR, 3, width=16, edge_width=8, layers=3, heads=4, every=2, places=3
    ).to(request.param)
    with torch.no_grad():
        for value in net.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return net.requires_grad_(False)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-4 if a.dtype == torch.float32 else 1e-9)


def scene(net, batch=2, n=9):
    """Features of nodes ``(B, N, .)`` and of pairs ``(B, N, N, .)``, condition, time, walk, places."""
    draw = torch.Generator().manual_seed(1)
    nodes, places = torch.randn(batch, n, NODE, generator=draw), torch.randn(batch, n, 3, generator=draw)
    edges, walk = torch.randn(batch, n, n, PAIR, generator=draw), torch.rand(batch, n, n, generator=draw) / n
    edges, walk = edges + edges.transpose(1, 2), walk + walk.transpose(1, 2)
    c, t = torch.randn(batch, CONDITIONS, generator=draw), torch.rand(batch, generator=draw)
    dtype = next(net.parameters()).dtype
    return [value.to(dtype) for value in (nodes, edges, c, t, walk, places)]


def call(net, nodes, edges, *rest, mask=None):
    """Outputs of nodes, and of pairs spread to ``(B, N, N, .)``."""
    pairs = Pairs.of(torch.ones(nodes.shape[:2], dtype=torch.bool) if mask is None else mask)
    flow, states = net(nodes, pairs.take(edges), *rest, pairs)
    assert flow.shape == (*nodes.shape[:2], 3)
    assert states.shape == (len(pairs), 8)
    return flow, pairs.spread(states)


def test_pairs_are_all_pairs_of_nodes_that_are_no_padding():
    mask = torch.tensor([[True] * 4, [True] * 3 + [False]])
    pairs = Pairs.of(mask)
    named = list(zip(pairs.web.tolist(), pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert named == [(0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 0, 1), (1, 0, 2), (1, 1, 2)]
    dense = torch.arange(32.0).view(2, 4, 4)
    assert pairs.take(dense).tolist() == [dense[at] for at in named]
    spread = pairs.spread(pairs.take(dense)[:, None], padding=-7.0)[..., 0]
    assert torch.equal(spread, spread.transpose(1, 2))
    assert spread[0, 1, 2] == spread[0, 2, 1] == dense[0, 1, 2]
    assert (spread.diagonal(dim1=1, dim2=2) == 0).all()
    assert (spread[1, :3, 3] == -7).all()


def test_permuting_nodes_permutes_the_output(net):
    nodes, edges, c, t, walk, places = scene(net)
    flow, states = call(net, nodes, edges, c, t, walk, places)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(2))

    def both(x):
        return x[:, order][:, :, order]

    flow_, states_ = call(net, nodes[:, order], both(edges), c, t, both(walk), places[:, order])
    close(flow_, flow[:, order])
    close(states_, both(states))


def test_padding_changes_nothing(net):
    inputs = scene(net)
    flow, states = call(net, *inputs)
    padded = []
    for value in inputs:
        wide = torch.full([13 if side == 9 else side for side in value.shape], 7.0, dtype=value.dtype)
        wide[tuple(slice(side) for side in value.shape)] = value
        padded.append(wide)
    # The normalised adjacency has no entries for nodes that do not exist.
    padded[4][:, 9:] = padded[4][:, :, 9:] = 0
    flow_, states_ = call(net, *padded, mask=(torch.arange(13) < 9).expand(2, -1))
    close(flow_[:, :9], flow)
    close(states_[:, :9, :9], states)


def test_webs_of_a_batch_do_not_hear_of_each_other(net):
    inputs = scene(net)
    together = call(net, *inputs)
    for b in range(2):
        alone = call(net, *(value[b : b + 1] for value in inputs))
        for a, all_ in zip(alone, together, strict=True):
            close(a[0], all_[b])


@pytest.mark.parametrize("which", range(6), ids=["nodes", "pairs", "condition", "time", "walk", "places"])
def test_output_depends_on_each_input(net, which):
    inputs = scene(net)
    before = call(net, *inputs)
    inputs[which] = inputs[which] * 1.1
    for a, b in zip(call(net, *inputs), before, strict=True):
        assert (a - b).abs().max() > 1e-4


def test_moving_all_places_alike_changes_nothing(net):
    inputs = scene(net)
    before = call(net, *inputs)
    inputs[5] = inputs[5] + 2
    for a, b in zip(call(net, *inputs), before, strict=True):
        close(a, b)


def test_graph_features_are_those_of_networkx():
    graphs = [nx.gnm_random_graph(10, 9, seed=3), nx.disjoint_union(nx.path_graph(4), nx.cycle_graph(3))]
    mask = torch.tensor([[True] * 10, [True] * 7 + [False] * 3])
    pairs = Pairs.of(mask)
    edge = torch.tensor([
        float(graphs[b].has_edge(i, j))
        for b, i, j in zip(pairs.web.tolist(), pairs.first.tolist(), pairs.second.tolist(), strict=True)
    ])  # fmt: skip
    found = graph_features(edge, pairs, mask, WALKS)
    assert found.nodes.shape == (2, 10, WALKS + 2)
    dense = pairs.spread(found.pairs)
    assert dense.shape == (2, 10, 10, WALKS + 1)
    for b, graph in enumerate(graphs):
        n = len(graph)
        parts = list(nx.connected_components(graph))
        assert found.parts[b] == pytest.approx(len(parts), abs=1e-5)
        size = [len(next(part for part in parts if i in part)) for i in range(n)]
        np.testing.assert_allclose(found.nodes[b, :n, 1], np.array(size) / n, rtol=1e-6)
        together = np.array([[any(i in p and j in p and i != j for p in parts) for j in range(n)] for i in range(n)])
        np.testing.assert_array_equal(dense[b, :n, :n, 0], together)
        degree = np.array([graph.degree[i] for i in range(n)])
        root = 1 / np.sqrt(np.maximum(degree, 1))
        walk = nx.to_numpy_array(graph) * root[:, None] * root
        np.testing.assert_allclose(found.walk[b, :n, :n], walk, atol=1e-6)
        for k in range(WALKS):
            power = np.linalg.matrix_power(walk, k + 1)
            np.testing.assert_allclose(dense[b, :n, :n, k + 1], power - np.diag(np.diag(power)), atol=1e-6)
        np.testing.assert_allclose(found.nodes[b, :n, 3], np.diag(walk @ walk), atol=1e-6)


def test_parts_of_a_long_path_are_one():
    pairs = Pairs.of(torch.ones(1, 120, dtype=torch.bool))
    edge = (pairs.second == pairs.first + 1).float()
    assert graph_features(edge, pairs, torch.ones(1, 120, dtype=torch.bool), 2).parts == pytest.approx(1)
    edge[(pairs.first == 60) & (pairs.second == 61)] = 0
    assert graph_features(edge, pairs, torch.ones(1, 120, dtype=torch.bool), 2).parts == pytest.approx(2)
