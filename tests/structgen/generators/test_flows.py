from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.generators.batches import batch_of
from structgen.generators.flows import (
    box_noise,
    corrupted,
    interpolate,
    jump_share,
    karras,
    kept,
    matched,
    ramp,
    signed_permutations,
    times,
    velocity,
)
from structgen.web import WebGraph


def test_box_noise_fills_the_box_evenly():
    points = box_noise((40.0, 10.0, 0.0), 20000, np.random.default_rng(0))
    assert (np.abs(points) <= [20, 5, 0]).all()
    # Five standard errors of the mean and of the variance side^2 / 12.
    np.testing.assert_allclose(points.mean(0), 0, atol=5 * 40 / np.sqrt(12 * 20000))
    np.testing.assert_allclose(points.var(0), np.square([40, 10, 0]) / 12, rtol=0.05)


@settings(max_examples=40)
@given(n=st.integers(1, 6), seed=st.integers(0, 10**6), whole=st.booleans())
def test_matching_is_the_best_of_all_permutations(n, seed, whole):
    rng = np.random.default_rng(seed)
    data, noise = rng.integers(-2, 3, (2, n, 3)).astype(float) if whole else rng.standard_normal((2, n, 3))
    found = matched(noise, data)
    assert sorted(found.tolist()) == sorted(noise.tolist())
    best = min(np.square(noise[list(p)] - data).sum() for p in permutations(range(n)))
    np.testing.assert_allclose(np.square(found - data).sum(), best, atol=1e-12)


def test_matching_undoes_a_shuffle():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((50, 3))
    np.testing.assert_array_equal(matched(data[rng.permutation(50)], data), data)


def test_path_runs_straight_from_noise_to_data_each_row_at_its_own_time():
    noise, data = torch.randn(2, 4, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    x = interpolate(noise, data, t)
    torch.testing.assert_close(x[0], noise[0], rtol=0, atol=0)
    torch.testing.assert_close(x[3], data[3], rtol=0, atol=0)
    torch.testing.assert_close(x[1], noise[1] + 0.25 * (data[1] - noise[1]))


def test_velocity_of_a_known_end_is_that_of_the_straight_path():
    noise, data = torch.randn(2, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for t in (0.0, 0.3, 0.9):
        torch.testing.assert_close(velocity(data, (1 - t) * noise + t * data, t), data - noise, rtol=1e-6, atol=1e-6)
    assert torch.isfinite(velocity(data, noise, 1.0)).all()


def test_the_48_signed_permutations_are_a_group():
    turns = signed_permutations().astype(int)
    members = {turn.tobytes() for turn in turns}
    assert turns.shape == (48, 3, 3)
    assert len(members) == 48
    assert np.eye(3, dtype=int).tobytes() in members
    for a in turns:
        assert (a @ a.T == np.eye(3)).all()
        assert a.T.copy().tobytes() in members
        assert {(a @ b).tobytes() for b in turns} == members
    assert [int((np.linalg.det(turns).round() == sign).sum()) for sign in (1, -1)] == [24, 24]


@pytest.mark.parametrize("turn", range(0, 48, 5))
def test_path_of_a_turned_web_is_the_turned_path(turn):
    """Noise, places at all times and velocity turn with the web, so augmentation shows the flow of the turned web."""
    rng = np.random.default_rng(0)
    pos = rng.uniform(-5, 5, (9, 3))
    web = WebGraph(pos, [range(8), range(1, 9)])
    matrix = torch.tensor(signed_permutations()[turn], dtype=torch.float32)
    batch = batch_of([web, web.rotated(matrix.numpy())], np.random.default_rng(1), given=0.0, augment=False)
    noise = torch.stack([batch.noise[0], batch.noise[0] @ matrix.T])
    np.testing.assert_allclose(matched(noise[1].double().numpy(), batch.pos[1].double().numpy()), noise[1], atol=1e-6)
    x = interpolate(noise, batch.pos, torch.tensor([0.3, 0.3]))
    torch.testing.assert_close(x[1], x[0] @ matrix.T)
    flow = batch.pos - noise
    torch.testing.assert_close(flow[1], flow[0] @ matrix.T)
    torch.testing.assert_close(batch.request.half_box[1], (matrix @ batch.request.half_box[0]).abs())


# -- schedules -------------------------------------------------------------------------------------------------


def test_times_run_from_noise_to_data(refused):
    assert times(4) == [0, 0.25, 0.5, 0.75, 1]
    crowded = times(4, 2.0)
    assert (crowded[0], crowded[-1]) == (0, 1)
    steps = np.diff(crowded)
    assert (steps > 0).all() and (np.diff(steps) < 0).all()
    with refused("steps is 0", "at least 1"):
        times(0)


def test_karras_noise_is_even_in_its_root(refused):
    sigmas = karras(18, 0.002, 80.0)
    assert len(sigmas) == 19
    assert (sigmas[0], sigmas[-2], sigmas[-1]) == (pytest.approx(80), pytest.approx(0.002), 0)
    np.testing.assert_allclose(np.diff(np.array(sigmas[:-1]) ** (1 / 7), 2), 0, atol=1e-9)
    for wrong in ((1, 0.1, 1.0), (5, 0.0, 1.0), (5, 2.0, 1.0)):
        with refused("must"):
            karras(*wrong)


# -- jumps ---------------------------------------------------------------------------------------------


def test_ramp_is_straight_between_its_ends():
    times = torch.tensor([0.0, 0.3, 0.4, 0.5, 1.0])
    torch.testing.assert_close(ramp(times, 0.3, 0.5), torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]))


def test_kept_share_grows_from_none_to_all_and_slows_down():
    share = kept(torch.linspace(0, 1, 101, dtype=torch.float64))
    assert share[0] == 0
    assert share[-1] == 1
    assert (share.diff() > 0).all()
    assert (share.diff().diff() < 0).all()
    assert 1 - share[-2] == pytest.approx(1e-4)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_marginals_of_the_path_are_those_of_data_and_noise(share, noise):
    # A grid of uniform numbers in place of random ones: frequencies are exact to one in its length.
    n = 1000
    uniform = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    for data in (0, 1, 3):
        found = corrupted(torch.full((n,), data), *(torch.full((n,), v).double() for v in (share, noise)), uniform)
        expected = np.array([(1 - share) * (1 - noise), (1 - share) * noise, 0, 0])
        expected[data] += share
        np.testing.assert_allclose(np.bincount(found, minlength=4) / n, expected, atol=1.5 / n)


def test_jumps_of_many_steps_make_up_those_of_one():
    share = kept(torch.linspace(0, 1, 8, dtype=torch.float64))
    stays = torch.cumprod(1 - jump_share(share[:-1], share[1:]), 0)
    torch.testing.assert_close(stays, 1 - share[1:])
    assert jump_share(share[:1], share[:1]) == 0
    assert jump_share(share[-1:], share[-1:]) == 0
