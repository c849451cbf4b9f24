from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from structgen.generators.flows import karras, times
from structgen.generators.samplers import edm, euler, heun, joint, midpoint, redrawn, systematic

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


def independently(count, seed=0):
    draw = torch.Generator().manual_seed(seed)

    def jump(state, probability, share):
        return redrawn(state, probability, share, torch.rand(count, dtype=torch.float64, generator=draw))

    return jump


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
    _, last = joint(denoise, torch.zeros(1, 3), first, steps, same_clock, independently(n))
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

    x, state = joint(denoise, noise, first, steps, same_clock, independently(50))
    torch.testing.assert_close(x, data)
    assert torch.equal(state, kinds)


def test_positions_of_a_joint_sampler_are_of_second_order():
    ends = []
    for steps in (40, 80, 160):

        def denoise(x, state, time):
            return driven(x, time), DATA.expand(1, -1)

        x, _ = joint(denoise, ONE, torch.zeros(1, dtype=torch.long), steps, same_clock, independently(1))
        ends.append(abs(float(x[0]) - CASES[1][1]))
    assert ends[0] / ends[1] == pytest.approx(4, rel=0.15)
    assert ends[1] / ends[2] == pytest.approx(4, rel=0.15)


def test_positions_stop_where_their_clock_does_and_a_last_short_step_is_weighed():
    """With dx/dt = t the two-step method is exact but for its first step, whatever the lengths of the steps."""

    def clock(time):
        return min(1.0, 1.6 * time), time

    def denoise(x, state, time):
        return torch.full_like(x, clock(time)[0]), DATA.expand(1, -1)

    x, _ = joint(denoise, 0 * ONE, torch.zeros(1, dtype=torch.long), 10, clock, independently(1))
    torch.testing.assert_close(x, 0 * ONE + 0.5 - 0.16**2 / 2)


def test_no_joint_steps_are_refused(refused):
    with refused("steps is 0", "at least 1"):
        joint(lambda x, s, t: (x, s), ONE, torch.zeros(1), 0, same_clock, independently(1))


def test_systematic_draws_have_their_chances_and_even_counts():
    draw = torch.Generator().manual_seed(3)
    group = torch.tensor([1, 0, 0, 1, 1, 0, 2, 0, 1])
    chance = torch.tensor([0.5, 0.2, 0.9, 0.5, 0.3, 0.4, 0.0, 0.5, 0.7], dtype=torch.float64)
    total = torch.zeros(9)
    rounds = 4000
    for _ in range(rounds):
        order, start = (torch.rand(n, dtype=torch.float64, generator=draw) for n in (9, 3))
        drawn = systematic(chance, group, order, start)
        # The chances add up to 2, 2 and 0.
        assert [int(drawn[group == g].sum()) for g in range(3)] == [2, 2, 0]
        total += drawn
    np.testing.assert_allclose(total / rounds, chance, atol=5 * 0.5 / np.sqrt(rounds))
    counts = {int(systematic(chance[:3], 0 * group[:3], order[:3], torch.tensor([u])).sum()) for u in (0.1, 0.3, 0.5)}
    assert counts == {1, 2}
