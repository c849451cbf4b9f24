"""Swirl and Burgers: exact solutions that are, second order on smooth ones, smaller errors on meshes that move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

from simulate.mesh_movement.problems.burgers import Burgers
from simulate.mesh_movement.problems.swirl import Swirl, velocity

SMALL_SWIRL = Swirl(nodes=625, steps=80, every=4, width=0.06)
SMALL_BURGERS = Burgers(nodes=400, steps=40)


def test_the_swirl_is_free_of_divergence_and_carries_its_exact_solution():
    points, h, t = np.random.default_rng(0).uniform(0.1, 0.9, (200, 2)), 1e-4, 0.3
    dx, dy = h * np.eye(2)
    divergence = (velocity(points + dx) - velocity(points - dx))[:, 0] + (
        velocity(points + dy) - velocity(points - dy)
    )[:, 1]
    np.testing.assert_allclose(divergence / (2 * h), 0, atol=1e-5)
    problem = Swirl(width=0.1)
    rate = (problem.exact(points, t + h) - problem.exact(points, t - h)) / (2 * h)
    slope = np.stack([problem.exact(points + d, t) - problem.exact(points - d, t) for d in (dx, dy)], axis=1) / (2 * h)
    np.testing.assert_allclose(rate, -(velocity(points) * slope).sum(axis=1), atol=2e-3)
    np.testing.assert_allclose(problem.exact(points, 1.0), problem.ring(points), atol=1e-12)


def test_the_front_solves_burgers_equations():
    problem, h, t = Burgers(viscosity=0.02), 1e-4, 0.4
    points = np.random.default_rng(0).uniform(0.2, 0.8, (200, 2))
    at = [problem.velocities(points + step, t) for step in h * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])]
    now = problem.velocities(points, t)
    rate = (problem.velocities(points, t + h) - problem.velocities(points, t - h)) / (2 * h)
    carried = (now[:, :1] * (at[0] - at[1]) + now[:, 1:] * (at[2] - at[3])) / (2 * h)
    np.testing.assert_allclose(rate + carried, problem.viscosity * (sum(at) - 4 * now) / h**2, atol=1e-4)


@pytest.mark.parametrize(
    "problem", [Swirl(width=0.1, end=0.4, steps=40), Burgers(viscosity=0.05, steps=20)], ids=["swirl", "burgers"]
)
def test_refined_meshes_converge_at_second_order(run, order, problem):
    assert order(lambda nodes: run(problem, nodes=nodes)[0].error, 21**2, 31**2) > 1.8


@pytest.mark.parametrize(("problem", "least"), [(SMALL_SWIRL, 0.2), (SMALL_BURGERS, 0.6)], ids=["swirl", "burgers"])
def test_moved_meshes_have_smaller_errors(run, problem, least):
    (still, _), (moved, motion) = run(problem), run(problem, "monge-ampere")
    assert 1 - moved.error / still.error > least
    assert motion.inverted == 0 and motion.moves >= 10 and motion.iterations > 0
    assert moved.steps == problem.steps
    assert moved.measures["least"] > -0.2 and moved.measures["greatest"] < 1.2


def test_a_swirl_keeps_its_integral_by_the_conservative_transfer_only(run):
    problem = replace(SMALL_SWIRL, nodes=289, steps=30, every=3)
    still, kept, blurred = (
        run(problem, method, transfer=how)[0]
        for method, how in (("none", None), ("monge-ampere", "conservative"), ("monge-ampere", "consistent"))
    )
    # What the flow itself loses is the error of quadrature of its velocity.
    assert abs(still.measures["gain of integral"]) < 1e-5 and abs(kept.measures["gain of integral"]) < 1e-5
    assert abs(blurred.measures["gain of integral"]) > 1e-3
    assert kept.error < still.error < blurred.error


def test_a_wrong_viscosity_is_refused(refused):
    with refused("viscosity is 0, must be in 0.0001..0.1"):
        Burgers(viscosity=0)
