from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.batches import Request
from structgen.generators.nets_causal import SURROUNDINGS, Mixture
from structgen.generators.stepping.places import GRAZE, choose_places, draw_parents, draw_places, is_poor
from structgen.generators.stepping.state import Drawn
from structgen.targets import DesignTargets

ASKED = DesignTargets(mean_edge_length=1.0, extents=(4, 4, 4), nodes=8, edges=8, mean_degree=2)


def empty(places=4, webs=1, corners=((-100.0,) * 3, (100.0,) * 3)):
    return Drawn.empty(places, Request.of([ASKED] * webs), np.full(webs, 0.1, np.float32), np.float32([corners] * webs))


def test_parents_are_drawn_as_likely_as_they_are():
    rng, logit = np.random.default_rng(0), np.float32([[9.0, 0.3, -1.0, 1.2, -np.inf]])
    parents = np.empty((1, 50_000), np.int64)
    draw_parents(logit, 4, rng.random((1, 50_000), np.float32), parents)
    share = np.bincount(parents[0], minlength=5) / 50_000
    # The origin is none but for the first node.
    expected = np.exp(logit[0]) * [0, 1, 1, 1, 1]
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.01)
    draw_parents(logit[:, :1].copy(), 0, rng.random((1, 50_000), np.float32), parents)
    assert (parents == 0).all()


def some_mixture(components):
    torch.manual_seed(1)
    shape = (1, 1, components)
    return Mixture(
        torch.zeros(shape), torch.randn(*shape, 3), 0.3 * torch.randn(*shape, 3), 0.5 * torch.randn(*shape, 3)
    )


def draws(mixture, count, frame, seed=2):
    """Places drawn from ``mixture``, in units of 2 mm, of a web that begins at the origin."""
    web, rng = empty(corners=((-1e6,) * 3, (1e6,) * 3)), np.random.default_rng(seed)
    around = np.zeros((1, count, SURROUNDINGS), np.float32)
    around[..., -9:] = frame.reshape(9)
    logit = mixture.logit.expand(1, count, -1).contiguous().numpy()
    numbers = torch.cat([mixture.mean, mixture.log_scale, mixture.lower], -1).expand(1, count, -1, -1)
    point, off = np.empty((1, count, 3), np.float32), np.empty((1, count), np.float32)
    draw_places(
        web, np.float32([2.0]), np.array([0]), np.zeros((1, count), np.int64), logit, numbers.contiguous().numpy(),
        around, rng.random((1, count), np.float32), rng.standard_normal((1, count, 3), np.float32), point, off,
    )  # fmt: skip
    return torch.from_numpy(point[0] / 2)


def test_mixture_density_is_that_of_its_draws():
    mixture = some_mixture(2)
    # Of one component the density is that of a normal distribution with the covariance of its draws.
    first = Mixture(*(value[..., :1, :] if value.dim() > 3 else value[..., :1] for value in vars(mixture).values()))
    points = draws(first, 200_000, np.eye(3))
    normal = torch.distributions.MultivariateNormal(first.mean[0, 0, 0], torch.cov(points.T))
    density = first.log_density(points[None, :50])[0]
    torch.testing.assert_close(density, normal.log_prob(points[:50]), atol=0.1, rtol=0.02)
    # Of two, it integrates to one, here by importance.
    box = torch.rand(1, 200_000, 3) * 16 - 8
    assert float(mixture.log_density(box).exp().mean() * 16**3) == pytest.approx(1, abs=0.05)
    # And draws are where it says.
    points = draws(mixture, 200_000, np.eye(3))
    middle = mixture.mean[0, 0, 0]
    cube = middle + 2 * torch.rand(1, 200_000, 3) - 1
    expected = float(mixture.log_density(cube).exp().mean() * 8)
    assert float(((points - middle).abs() < 1).all(-1).float().mean()) == pytest.approx(expected, abs=0.01)


def test_places_are_drawn_in_the_frame():
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    mixture = some_mixture(1)
    straight, turned = draws(mixture, 100, np.eye(3)), draws(mixture, 100, turn)
    np.testing.assert_allclose(turned, straight.numpy() @ turn, atol=1e-5)


def test_places_outside_are_brought_in_and_known_as_such():
    web = empty(corners=((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)))
    mixture = np.zeros((1, 3, 1, 9), np.float32)
    mixture[0, :, 0, 0] = [0.4, 0.55, 2.0]  # units of 2 mm along x: within, on the face, outside
    mixture[..., 3:6] = -30
    around = np.zeros((1, 3, SURROUNDINGS), np.float32)
    around[..., -9:] = np.eye(3).reshape(9)
    point, off = np.empty((1, 3, 3), np.float32), np.empty((1, 3), np.float32)
    parents = np.zeros((1, 3), np.int64)
    draw_places(
        web, np.float32([2.0]), np.array([0]), parents, np.zeros((1, 3, 1), np.float32), mixture, around,
        np.zeros((1, 3), np.float32), np.zeros((1, 3, 3), np.float32), point, off,
    )  # fmt: skip
    np.testing.assert_allclose(point[0, :, 0], [0.8, 1, 1], atol=1e-6)
    np.testing.assert_allclose(off[0], [0, 0, 1.5 - GRAZE], atol=1e-6)
    assert is_poor(web, parents, point, off).tolist() == []
    assert is_poor(web, parents[:, 2:].copy(), point[:, 2:].copy(), off[:, 2:].copy()).tolist() == [0]


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ([0, 0, 0, 0], 1),  # the first within whose strut has a free way: that of 0 has none
        ([0, 1, 0, 0], 3),  # 2 has none either
        ([0, 1, 0, 2], 0),  # none is both: the first of those nearest to the box
        ([3, 2, 4, 1], 3),  # all are outside: the nearest
    ],
)
def test_of_the_trials_one_within_with_a_free_way_is_taken(off, expected):
    web = empty(places=5)
    # A strut along y at x = 1, and places 3 to grow from at the origin: what lies beyond it at y = 0 is cut off.
    web.pos[0, 1:4] = [[1, -1, 0], [1, 1, 0], [0, 0, 0]]
    web.struts[0, 0], web.laid[0] = (1, 2), 1
    point = np.float32([[[2, 0, 0], [-2, 0, 0], [3, 0, 0], [0, 2, 0]]])
    chosen = np.empty(1, np.int64)
    choose_places(web, np.array([0]), np.full((1, 4), 3), point, np.float32([off]), chosen)
    assert chosen[0] == expected
