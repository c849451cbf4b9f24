from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.batches import CONDITIONS, Request, batch_of, nearest, one_side, placed_noise
from structgen.generators.flows import signed_permutations
from structgen.generators.model import Ask
from structgen.targets import DesignTargets
from structgen.web import WebGraph

TARGETS = [DesignTargets(6.0, (40, 30, 20), 48, 86), DesignTargets(2.0, (10, 12, 0), 9, 10)]


@pytest.fixture
def path():
    """A bent path of four nodes away from the origin."""
    return WebGraph([[5, 5, 5], [8, 5, 5], [8, 9, 5], [8, 9, 7]], [[0, 1, 2], [1, 2, 3]], [0.1, 0.2, 0.4])


# -- requests ------------------------------------------------------------------------------------------


def test_request_holds_the_targets():
    request = Request.of(TARGETS)
    assert request.nodes.tolist() == [48, 9]
    assert request.mean_edge_length.tolist() == [6, 2]
    assert request.half_box.tolist() == [[20, 15, 10], [5, 6, 0]]
    np.testing.assert_allclose(request.mean_degree, [2 * 86 / 48, 20 / 9], rtol=1e-6)
    np.testing.assert_allclose(request.scale, [np.sqrt(2900) / 48 ** (1 / 3), np.sqrt(244) / 9 ** (1 / 3)], rtol=1e-6)


def test_condition_is_free_of_scale_and_of_order_one():
    large = [DesignTargets(1e3 * t.mean_edge_length, 1e3 * np.array(t.extents), t.nodes, t.edges) for t in TARGETS]
    condition = Request.of(TARGETS).condition()
    assert condition.shape == (2, CONDITIONS)
    assert condition.abs().max() < 4
    torch.testing.assert_close(Request.of(large).condition(), condition)


def test_dropped_condition_tells_nothing_of_length_and_degree():
    other = [DesignTargets(5.0, t.extents, t.nodes, t.nodes + 3) for t in TARGETS]
    drop = torch.tensor([True, False])
    a, b = (Request.of(targets).condition(drop) for targets in (TARGETS, other))
    assert torch.equal(a[0], b[0])
    assert not torch.equal(a[1], b[1])
    assert torch.equal(Request.of(TARGETS).condition(torch.tensor([False, False])), Request.of(TARGETS).condition())
    assert not torch.equal(a[0], Request.of(TARGETS).condition()[0])


# -- batches -------------------------------------------------------------------------------------------


def test_batch_without_augmentation_is_the_centred_web(path, cube):
    batch = batch_of([path, cube], np.random.default_rng(0), given=0.0, augment=False)
    assert batch.pos.shape == batch.noise.shape == (2, 8, 3)
    assert batch.mask.tolist() == [[True] * 4 + [False] * 4, [True] * 8]
    np.testing.assert_array_equal(batch.pos[0, :4], path.pos - [6.5, 7, 6])
    np.testing.assert_array_equal(batch.pos[1], cube.pos - 5)
    for padded in (batch.pos[0, 4:], batch.noise[0, 4:]):
        assert (padded == 0).all()
    edges = np.zeros((8, 8), bool)
    edges[tuple(path.edge_index)] = edges[tuple(path.edge_index[::-1])] = True
    # A kind that has no name is as good as none: edges of `path` are unspecified, category 1.
    np.testing.assert_array_equal(batch.kind[0], edges.astype(int))
    for (i, j), kind in zip(cube.edge_index.T, cube.kind, strict=True):
        assert batch.kind[1, i, j] == 1 + kind
    assert (batch.kind[1] > 0).sum() == 2 * cube.m
    np.testing.assert_allclose(batch.radius[0][edges].unique(), np.log([0.5, 1, 2]), atol=1e-6)
    assert (batch.radius[0][~torch.tensor(edges)] == 0).all()
    for value in (batch.kind, batch.radius):
        assert torch.equal(value, value.transpose(1, 2))
    assert not batch.known.any()


def test_draws_are_as_many_as_are_asked_for(path, cube):
    batch = batch_of([path, cube] * 200, np.random.default_rng(0), lambda nodes: 3 * nodes)
    assert batch.draws.shape == (400, 24)
    # Five standard errors.
    assert abs(float(batch.draws.mean())) < 5 / np.sqrt(9600)
    assert float(batch.draws.var()) == pytest.approx(1, abs=5 * np.sqrt(2 / 9600))


def test_noise_fills_the_box_of_each_web_and_is_matched(path, cube):
    batch = batch_of([path, cube], np.random.default_rng(0), given=0.0)
    assert (batch.noise.abs() <= batch.request.half_box[:, None] + 1e-6).all()
    cost = (batch.noise - batch.pos).square().sum()
    swapped = batch.noise[1].clone()
    for i, j in ((0, 1), (2, 5), (3, 7)):
        swapped[[i, j]] = batch.noise[1][[j, i]]
        assert (batch.noise[0] - batch.pos[0]).square().sum() + (swapped - batch.pos[1]).square().sum() >= cost
        swapped = batch.noise[1].clone()


def test_augmentation_is_a_signed_permutation_of_web_and_targets(path):
    seen = set()
    centred = path.pos - [6.5, 7, 6]
    for seed in range(200):
        batch = batch_of([path], np.random.default_rng(seed), given=0.0)
        turn = [k for k, turn in enumerate(signed_permutations()) if np.allclose(centred @ turn.T, batch.pos[0])]
        assert len(turn) == 1
        seen.add(turn[0])
        np.testing.assert_allclose(2 * batch.request.half_box[0], np.ptp(batch.pos[0].numpy(), axis=0), rtol=1e-6)
        assert batch.request.mean_edge_length[0] == 3.0
    assert len(seen) > 44


def test_a_batch_is_a_function_of_its_generator(path, cube):
    one, same, other = (batch_of([path, cube], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.noise, same.noise)
    assert not torch.equal(one.noise, other.noise)


# -- given nodes -----------------------------------------------------------------------------------------


def test_given_nodes_are_their_own_noise_and_lie_on_one_side(tangle_web):
    batch = batch_of([tangle_web] * 30, np.random.default_rng(0), given=0.5)
    some = batch.known.any(1)
    assert 6 < some.sum() < 24
    assert torch.equal(batch.noise[batch.known], batch.pos[batch.known])
    for b in torch.nonzero(some).flatten():
        known, pos, noise = batch.known[b], batch.pos[b], batch.noise[b]
        assert 0.2 - 0.01 <= known.double().mean() <= 0.8 + 0.01
        # New nodes start in the box of the new part, with the least total way to go.
        new = pos[~known]
        assert (noise[~known] >= new.min(0).values - 1e-3).all() and (noise[~known] <= new.max(0).values + 1e-3).all()
        assert (noise[~known] != new).any()
    everything = batch_of([tangle_web], np.random.default_rng(0), given=1.0)
    assert everything.known.any()


@pytest.mark.parametrize("n", [2, 3, 50])
def test_one_side_of_a_plane(n):
    rng = np.random.default_rng(n)
    pos = rng.standard_normal((n, 3))
    for _ in range(20):
        side = one_side(pos, rng)
        assert 1 <= side.sum() <= n - 1
        if n == 50:
            assert 10 <= side.sum() <= 40
            # Means of both sides differ along the normal: a plane parts them, as a perceptron finds.
            ahead = pos[side].mean(0) - pos[~side].mean(0)
            assert np.linalg.norm(ahead) > 0.3


# -- noise to sample from --------------------------------------------------------------------------------


def test_noise_of_each_web_comes_from_its_own_generator():
    def noise(targets, seeds):
        return placed_noise([Ask(target) for target in targets], [np.random.default_rng(seed) for seed in seeds])

    pos, mask, known = noise(TARGETS, (3, 4))
    assert pos.shape == (2, 48, 3)
    assert mask.sum(1).tolist() == [48, 9]
    assert not known.any()
    assert torch.equal(pos[1, :9], noise(TARGETS[1:], (4,))[0][0])
    assert (pos[1, 9:] == 0).all()
    assert (pos.abs() <= Request.of(TARGETS).half_box[:, None] + 1e-6).all()


def test_given_nodes_come_first_and_new_ones_begin_in_the_region(path):
    region = np.array([[10.0, 0, 0], [12, 5, 0]])
    target = DesignTargets(3.0, (20, 20, 20), 30, 40)
    pos, mask, known = placed_noise([Ask(target, path, region)], [np.random.default_rng(0)])
    assert mask.all()
    assert known[0].tolist() == [True] * 4 + [False] * 26
    np.testing.assert_array_equal(pos[0, :4], path.pos)
    assert (pos[0, 4:].numpy() >= region[0]).all() and (pos[0, 4:].numpy() <= region[1]).all()
    assert np.ptp(pos[0, 4:].numpy(), axis=0)[:2].min() > 1


# -- nearest nodes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 4, 9, 50])
def test_nearest_agrees_with_sorting_all_distances(count):
    rng = np.random.default_rng(0)
    sizes, most = [10, 6], 10
    pos = rng.standard_normal((2, most, 3))
    mask = np.arange(most) < np.array(sizes)[:, None]
    found, real = nearest(torch.tensor(pos), torch.tensor(mask), count)
    assert found.shape == real.shape == (2, most, min(count, most - 1))
    for b, n in enumerate(sizes):
        for i in range(n):
            distance = np.linalg.norm(pos[b, :n] - pos[b, i], axis=1)
            expected = [j for j in np.argsort(distance).tolist() if j != i][:count]
            assert found[b, i][real[b, i]].tolist() == expected
            assert real[b, i].sum() == min(count, n - 1)
            # Slots that count for nothing name other nodes, so that none is named twice.
            assert len(set(found[b, i].tolist())) == found.shape[-1]
        assert not real[b, n:].any()
