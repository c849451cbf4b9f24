from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from structgen.generators.samplers import euler, joint, midpoint, redrawn

ONE = torch.ones(3, dtype=torch.float64)


def growth(x, t):
    """dx/dt = x: x(1) = e x(0)."""
    return x


def driven(x, t):
    """dx/dt = -x + 2 cos t + t: from 1 to cos 1 + sin 1 + 1 - 1 + e^-1 (1 - 1 + 1)."""
    return -x + 2 * math.cos(t) + t


CASES = [
    (growth, math.e),
    # x = cos t + sin t + t - 1 + c e^-t with x(0) = 1, so c = 1.
    (driven, math.cos(1) + math.sin(1) + math.exp(-1)),
]


@pytest.mark.parametrize(("v", "end"), CASES)
@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (midpoint, 2)])
def test_error_falls_with_the_order_of_the_method(sampler, order, v, end):
    errors = [abs(float(sampler(v, ONE, steps)[0]) - end) for steps in (20, 40, 80)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2**order, rel=0.06)
    assert errors[-1] < 0.05


@pytest.mark.parametrize(("sampler", "times"), [(euler, [0, 0.25, 0.5, 0.75]), (midpoint, [k / 8 for k in range(8)])])
def test_velocity_is_called_at_the_times_of_the_method(sampler, times):
    seen = []

    def v(x, t):
        seen.append(t)
        return torch.zeros_like(x)

    assert torch.equal(sampler(v, ONE, 4), ONE)
    assert seen == pytest.approx(times)


@pytest.mark.parametrize("sampler", [euler, midpoint])
def test_a_straight_path_takes_one_step(sampler):
    noise, data = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(sampler(lambda x, t: data - noise, noise, 1), data)
    # The velocity of a denoiser that knows the end is straight too.
    torch.testing.assert_close(sampler(lambda x, t: (data - x) / (1 - t), noise, 3), data)


def test_flow_from_one_gaussian_to_another():
    """Between N(0, 1) and N(mu, s^2) the rectified flow is linear, and its map is x -> mu + s x."""
    mu, s = 3.0, 0.2

    def v(x, t):
        variance = (1 - t) ** 2 + (t * s) ** 2
        return mu + (t * s**2 - (1 - t)) / variance * (x - t * mu)

    x = torch.randn(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(midpoint(v, x, 200), mu + s * x, rtol=0, atol=2e-4)
    # Euler's error is bounded by that of a first-order method.
    torch.testing.assert_close(euler(v, x, 200), mu + s * x, rtol=0, atol=0.1)


@pytest.mark.parametrize("sampler", [euler, midpoint])
def test_no_steps_are_refused(refused, sampler):
    for steps in (0, -2):
        with refused(f"steps is {steps}", "at least 1"):
            sampler(growth, ONE, steps)


# -- jumps ---------------------------------------------------------------------------------------------

#: Distribution of the data's category and of the noise's.
DATA = torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64)
NOISE = torch.tensor([0.7, 0.3, 0.0], dtype=torch.float64)


def same_clock(time):
    return time, time


def posterior(state, kept):
    """Probabilities of the data's category, by Bayes, of independent categories on the path."""
    eye = torch.eye(3, dtype=torch.float64)
    together = (kept * eye + (1 - kept) * NOISE[:, None]) * DATA  # [x_t, x_1]
    return (together / together.sum(1, keepdim=True).clamp_min(1e-300))[state]


def uniforms(count, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return lambda: torch.rand(count, dtype=torch.float64, generator=draw)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_categories_is_drawn_anew(share):
    n = 4000
    uniform = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    for state in range(3):
        found = redrawn(torch.full((n,), state), DATA.expand(n, -1), share, uniform)
        expected = (1 - share) * one_hot(torch.tensor(state), 3) + share * DATA
        np.testing.assert_allclose(np.bincount(found, minlength=3) / n, expected, atol=2.5 / n)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_independent_categories_have_the_marginals_of_the_path_at_all_times(steps):
    n = 40_000
    seen = []

    def denoise(x, state, time):
        seen.append((time, state))
        return torch.zeros_like(x), posterior(state, time)

    first = torch.multinomial(NOISE, n, replacement=True, generator=torch.Generator().manual_seed(1))
    _, last = joint(denoise, torch.zeros(1, 3), first, steps, same_clock, uniforms(n))
    for time, state in [*seen, (1.0, last)]:
        expected = time * DATA + (1 - time) * NOISE
        # Five standard errors.
        error = 5 * np.sqrt(0.25 / n)
        np.testing.assert_allclose(np.bincount(state, minlength=3) / n, expected, atol=error)


@pytest.mark.parametrize("steps", [1, 4])
def test_who_knows_the_end_gets_there(steps):
    draw = torch.Generator().manual_seed(2)
    noise, data = torch.randn(2, 5, 3, dtype=torch.float64, generator=draw)
    kinds, first = torch.randint(0, 3, (2, 50), generator=draw)

    def denoise(x, state, time):
        return data - noise, one_hot(kinds, 3).double()

    x, state = joint(denoise, noise, first, steps, same_clock, uniforms(50))
    torch.testing.assert_close(x, data)
    assert torch.equal(state, kinds)


def test_positions_of_a_joint_sampler_are_of_second_order():
    ends = []
    for steps in (40, 80, 160):

        def denoise(x, state, time):
            return driven(x, time), DATA.expand(1, -1)

        x, _ = joint(denoise, ONE, torch.zeros(1, dtype=torch.long), steps, same_clock, uniforms(1))
        ends.append(abs(float(x[0]) - CASES[1][1]))
    assert ends[0] / ends[1] == pytest.approx(4, rel=0.15)
    assert ends[1] / ends[2] == pytest.approx(4, rel=0.15)


def test_positions_stop_where_their_clock_does_and_a_last_short_step_is_weighed():
    """With dx/dt = t the two-step method is exact but for its first step, whatever the lengths of the steps."""

    def clock(time):
        return min(1.0, 1.6 * time), time

    def denoise(x, state, time):
        return torch.full_like(x, clock(time)[0]), DATA.expand(1, -1)

    x, _ = joint(denoise, 0 * ONE, torch.zeros(1, dtype=torch.long), 10, clock, uniforms(1))
    torch.testing.assert_close(x, 0 * ONE + 0.5 - 0.16**2 / 2)


def test_no_joint_steps_are_refused(refused):
    with refused("steps is 0", "at least 1"):
        joint(lambda x, s, t: (x, s), ONE, torch.zeros(1), 0, same_clock, uniforms(1))
