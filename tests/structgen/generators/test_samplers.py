from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from structgen.generators.flows import karras, times
from structgen.generators.samplers import edm, euler, heun, midpoint

ONE = torch.ones(3, dtype=torch.float64)
#: Mean and standard deviation of data whose best denoiser is known.
MU, S = 3.0, 0.2


def normal(seed, count=1000):
    return torch.randn(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def growth(x, t):
    """dx/dt = x: x(1) = e x(0)."""
    return x


def driven(x, t):
    """dx/dt = -x + 2 cos t + t."""
    return -x + 2 * math.cos(t) + t


CASES = [
    (growth, math.e),
    # x = cos t + sin t + t - 1 + c e^-t with x(0) = 1, so c = 1.
    (driven, math.cos(1) + math.sin(1) + math.exp(-1)),
]


def gaussian_flow(x, t):
    """Exact velocity of the rectified flow from N(0, 1) to N(MU, S^2); its map is x -> MU + S x."""
    variance = (1 - t) ** 2 + (t * S) ** 2
    return MU + (t * S**2 - (1 - t)) / variance * (x - t * MU)


def gaussian_denoiser(x, sigma):
    """E[data | x] for data of N(MU, S^2) with noise of standard deviation sigma."""
    return (S**2 * x + sigma**2 * MU) / (S**2 + sigma**2)


# -- along the straight path -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("v", "end"), CASES)
@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (midpoint, 2)])
def test_error_falls_with_the_order_of_the_method(sampler, order, v, end):
    errors = [abs(float(sampler(v, ONE, steps)[0]) - end) for steps in (20, 40, 80)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2**order, rel=0.06)
    assert errors[-1] < 0.05


@pytest.mark.parametrize(("v", "end"), CASES)
def test_heun_is_of_second_order_though_its_last_step_is_eulers(v, end):
    """One Euler step alone has an error of second order."""
    errors = [abs(float(heun(v, ONE, steps)[0]) - end) for steps in (80, 160, 320)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize(
    ("sampler", "visited"),
    [
        (euler, [0, 0.25, 0.5, 0.75]), (midpoint, [k / 8 for k in range(8)]),
        (heun, [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]),
    ],
)  # fmt: skip
def test_velocity_is_called_at_the_times_of_the_method(sampler, visited):
    seen = []

    def v(x, t):
        seen.append(t)
        return torch.zeros_like(x)

    assert torch.equal(sampler(v, ONE, 4), ONE)
    assert seen == pytest.approx(visited)


@pytest.mark.parametrize("sampler", [euler, midpoint, heun])
def test_a_straight_path_takes_one_step(sampler):
    noise, data = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(sampler(lambda x, t: data - noise, noise, 1), data)
    # The velocity of a denoiser that knows the end is straight too, and singular there.
    torch.testing.assert_close(sampler(lambda x, t: (data - x) / (1 - t), noise, 3), data)
    torch.testing.assert_close(sampler(lambda x, t: data - noise, noise, [0.0, 0.1, 0.7, 1.0]), data)


@pytest.mark.parametrize("sampler", [euler, midpoint, heun])
def test_a_number_of_steps_means_even_times(sampler):
    torch.testing.assert_close(sampler(driven, ONE, 5), sampler(driven, ONE, times(5)), rtol=0, atol=0)
    assert not torch.allclose(sampler(driven, ONE, times(5, 2.0)), sampler(driven, ONE, 5), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("sampler", "error"), [(euler, 0.1), (midpoint, 2e-4), (heun, 1e-3)])
def test_flow_from_one_gaussian_to_another(sampler, error):
    x = normal(0)
    torch.testing.assert_close(sampler(gaussian_flow, x, 200), MU + S * x, rtol=0, atol=error)


@pytest.mark.parametrize("sampler", [euler, midpoint, heun])
def test_no_steps_are_refused(refused, sampler):
    for steps in (0, -2):
        with refused(f"steps is {steps}", "at least 1"):
            sampler(growth, ONE, steps)


# -- on falling noise ----------------------------------------------------------------------------------------------


def exact(x, first):
    """Where the probability flow of the Gaussian takes ``x`` from noise of standard deviation ``first``."""
    return MU + S * (x - MU) / math.sqrt(S**2 + first**2)


def test_without_churn_the_noise_is_removed_along_the_probability_flow_to_second_order():
    x = MU + 10 * normal(0)
    errors = []
    for steps in (40, 80, 160):
        found = edm(gaussian_denoiser, x, karras(steps, 1e-4, 10.0), normal=None)
        errors.append(float((found - exact(x, 10.0)).abs().max()))
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(4, rel=0.2)
    assert errors[-1] < 1e-2


@pytest.mark.parametrize("churn", [0.0, 10.0, 40.0])
def test_any_churn_leaves_mean_and_variance_of_the_data(churn):
    draw = torch.Generator().manual_seed(1)
    count = 40000
    x = MU + math.sqrt(S**2 + 10.0**2) * normal(0, count)
    found = edm(
        gaussian_denoiser, x, karras(80, 1e-3, 10.0),
        lambda like: torch.randn(like.shape, dtype=like.dtype, generator=draw), churn,
    )  # fmt: skip
    # Five standard errors, and the error of the steps.
    assert float(found.mean()) == pytest.approx(MU, abs=5 * S / math.sqrt(count) + 1e-3)
    assert float(found.std()) == pytest.approx(S, rel=5 / math.sqrt(2 * count) + 0.02)
    # Churn forgets where it began.
    kept = float(torch.corrcoef(torch.stack([found, x]))[0, 1])
    assert kept > 0.999 if churn == 0 else kept < 0.9


def test_fresh_noise_raises_sigma_as_the_paper_says():
    """One step from sigma 2, all noise of which a denoiser that answers 0 removes; S_noise scales what is added."""
    seen = []

    def denoise(x, sigma):
        seen.append((sigma, float(x[0])))
        return torch.zeros_like(x)

    edm(denoise, ONE * 0, [2.0, 0.0], torch.ones_like, churn=0.25, swell=3.0)
    assert seen == [(2.5, pytest.approx(3 * math.sqrt(2.5**2 - 2**2)))]
    seen.clear()
    edm(denoise, ONE * 0, [2.0, 0.0], torch.ones_like, churn=100.0)
    assert seen[0][0] == pytest.approx(2 * math.sqrt(2))
    seen.clear()
    edm(denoise, ONE * 0, [2.0, 1.0, 0.0], torch.ones_like, churn=0.2, between=(0.5, 1.5))
    assert [sigma for sigma, _ in seen] == pytest.approx([2.0, 1.0, 1.1])


@pytest.mark.parametrize("sigmas", [[], [0.0], [1.0, 0.5], [1.0, 1.0, 0.0], [1.0, 2.0, 0.0]])
def test_noise_that_does_not_fall_to_nothing_is_refused(refused, sigmas):
    with refused("sigmas are", "must fall to 0"):
        edm(gaussian_denoiser, ONE, sigmas, torch.ones_like)
