from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.batches import Request
from structgen.generators.nets_causal import SURROUNDINGS, Mixture
from structgen.generators.stepping.places import GRAZE, draw_parents, draw_places
from structgen.generators.stepping.state import Drawn
from structgen.targets import DesignTargets

ASKED = DesignTargets(mean_edge_length=1.0, extents=(4, 4, 4), nodes=8, edges=8, mean_degree=2)


def empty(places=4, webs=1, corners=((-100.0,) * 3, (100.0,) * 3)):
    return Drawn.empty(places, Request.of([ASKED] * webs), np.full(webs, 0.1, np.float32), np.float32([corners] * webs))


def test_parents_are_drawn_as_likely_as_they_are():
    count, logit = 50_000, np.float32([[9.0, 0.3, -1.0, 1.2, -np.inf]])
    uniform, parents = np.random.default_rng(0).random(count, np.float32), np.empty(count, np.int64)
    draw_parents(np.repeat(logit, count, 0), 4, uniform, parents)
    share = np.bincount(parents, minlength=5) / count
    # The origin is none but for the first node.
    expected = np.exp(logit[0]) * [0, 1, 1, 1, 1]
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.01)
    draw_parents(np.repeat(logit[:, :1], count, 0), 0, uniform, parents)
    assert (parents == 0).all()


def some_mixture(components):
    torch.manual_seed(1)
    return Mixture(
        torch.zeros(1, components), torch.randn(1, components, 3), 0.3 * torch.randn(1, components, 3),
        0.5 * torch.randn(1, components, 3),
    )  # fmt: skip


def draws(mixture, count, frame, seed=2):
    """Places drawn from ``mixture``, in units of 2 mm, of webs that begin at the origin."""
    (one, rng) = empty(corners=((-1e6,) * 3, (1e6,) * 3)), np.random.default_rng(seed)
    webs = Drawn(*(np.repeat(value, count, 0) for value in one))
    around = np.zeros((count, SURROUNDINGS), np.float32)
    around[:, -9:] = frame.reshape(9)
    logit, numbers = mixture.logit, torch.cat([mixture.mean, mixture.log_scale, mixture.lower], -1)
    point = np.empty((count, 3), np.float32)
    draw_places(
        webs, np.full(count, 2, np.float32), np.arange(count), np.zeros(count, np.int64),
        np.repeat(logit.numpy(), count, 0),
        np.repeat(numbers.numpy(), count, 0), around, rng.random((count, 1), np.float32),
        rng.standard_normal((count, 1, 3), np.float32), point, np.empty(count, np.float32),
    )  # fmt: skip
    return torch.from_numpy(point / 2)


def test_mixture_density_is_that_of_its_draws():
    mixture = some_mixture(2)
    # Of one component the density is that of a normal distribution with the covariance of its draws.
    first = Mixture(*(value[:, :1] for value in vars(mixture).values()))
    points = draws(first, 200_000, np.eye(3))
    normal = torch.distributions.MultivariateNormal(first.mean[0, 0], torch.cov(points.T))
    torch.testing.assert_close(first.log_density(points[:50]), normal.log_prob(points[:50]), atol=0.1, rtol=0.02)
    # Of two, it integrates to one, here by importance.
    box = torch.rand(200_000, 3) * 16 - 8
    assert float(mixture.log_density(box).exp().mean() * 16**3) == pytest.approx(1, abs=0.05)
    # And draws are where it says.
    points, middle = draws(mixture, 200_000, np.eye(3)), mixture.mean[0, 0]
    cube = middle + 2 * torch.rand(200_000, 3) - 1
    expected = float(mixture.log_density(cube).exp().mean() * 8)
    assert float(((points - middle).abs() < 1).all(-1).float().mean()) == pytest.approx(expected, abs=0.01)


def test_places_are_drawn_in_the_frame():
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    mixture = some_mixture(1)
    straight, turned = draws(mixture, 100, np.eye(3)), draws(mixture, 100, turn)
    np.testing.assert_allclose(turned, straight.numpy() @ turn, atol=1e-5)


@pytest.mark.parametrize(
    ("trials", "expected", "outside"),
    [
        # The strut to the first runs through another.
        ([[2, 0, 0], [-2, 0, 0], [0, 2, 0]], [-2, 0, 0], 0),
        # That to the second is outside.
        ([[2, 0, 0], [-9, 0, 0], [0, 2, 0]], [0, 2, 0], 0),
        # None is both within and has a free way: the first within.
        ([[2.5, 0, 0], [-9, 0, 0], [2, 0, 0]], [2.5, 0, 0], 0),
        # All are outside: the nearest to the box, brought in.
        ([[-9, 0, 0], [0, 7, 1], [0, -8, 0]], [0, 3, 1], 2 - GRAZE),
        # A little outside is meant to be on the face.
        ([[-3 - 1.9 * GRAZE, 0, 0], [0, 1, 0], [0, 2, 0]], [-3, 0, 0], 0),
        ([[-3 - 2.1 * GRAZE, 0, 0], [0, 1, 0], [0, 2, 0]], [0, 1, 0], 0),
    ],
)
def test_of_the_trials_one_within_with_a_free_way_is_taken(trials, expected, outside):
    web = empty(places=5, corners=((-3.0,) * 3, (3.0,) * 3))
    # A strut along y at x = 1, and place 3 to grow from at the origin: what lies beyond it at y = 0 is cut off.
    web.pos[0, 1:4] = [[1, -1, 0], [1, 1, 0], [0, 0, 0]]
    web.struts[0, 0], web.laid[0] = (1, 2), 1
    # Each trial is sure to be one of three components without spread; the unit of length is 2 mm.
    mixture, around = np.zeros((1, 3, 9), np.float32), np.zeros((1, SURROUNDINGS), np.float32)
    mixture[0, :, :3], mixture[..., 3:6], around[:, -9:] = np.array(trials) / 2, -30, np.eye(3).reshape(9)
    point, off = np.empty((1, 3), np.float32), np.empty(1, np.float32)
    draw_places(
        web, np.float32([2.0]), np.array([0]), np.array([3]), np.zeros((1, 3), np.float32), mixture, around,
        np.float32([[0.1, 0.5, 0.9]]), np.zeros((1, 3, 3), np.float32), point, off,
    )  # fmt: skip
    np.testing.assert_allclose(point[0], expected, atol=1e-6)
    assert off[0] == pytest.approx(outside, abs=1e-6)
