from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from structgen.generators.samplers import euler, midpoint

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
