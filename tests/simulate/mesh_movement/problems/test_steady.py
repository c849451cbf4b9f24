"""Steady problems: errors fall as the square of the size of cells, and moved meshes have smaller ones."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

from simulate.mesh_movement.problems.corner import CENTRE, HEIGHT, RADIUS, STEEPNESS, Corner
from simulate.mesh_movement.problems.helmholtz import Helmholtz
from simulate.mesh_movement.problems.poisson import Poisson


@pytest.mark.parametrize("problem", [Helmholtz(), Poisson(steepness=5.0)], ids=lambda problem: problem.name)
def test_refined_meshes_converge_at_second_order(run, order, problem):
    assert order(lambda nodes: run(problem, nodes=nodes)[0].error, 31**2, 61**2) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("problem", "least"), [(Helmholtz(), 0.4), (Poisson(), 0.8)], ids=lambda value: str(value)[:9])
@pytest.mark.parametrize("method", ["monge-ampere", "variational"])
def test_moved_meshes_have_smaller_errors(run, problem, least, method):
    (still, _), (moved, motion) = run(problem), run(problem, method)
    reduction = 1 - moved.error / still.error
    assert reduction > (least if method == "monge-ampere" else 0.7 * least)
    assert motion.inverted == 0 and motion.moves == problem.rounds
    assert moved.steps == problem.rounds + 1 and still.steps == 1


def test_the_source_of_the_front_is_minus_its_laplacian():
    problem, h = Poisson(), 1e-4
    points = np.random.default_rng(0).uniform(0.3, 0.7, (50, 2))
    around = sum(problem.exact(points + step) for step in h * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]))
    laplacian = (around - 4 * problem.exact(points)) / h**2
    np.testing.assert_allclose(problem.source(points), -laplacian, rtol=1e-3, atol=0.05)


def test_the_singular_function_is_harmonic_and_zero_at_the_sides_of_the_corner():
    problem, h = Corner(), 1e-4
    points = np.random.default_rng(0).uniform(0.1, 0.4, (50, 2))
    around = sum(problem.exact(points + step) for step in h * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]))
    laplacian = (around - 4 * problem.exact(points)) / h**2
    np.testing.assert_allclose(problem.source(points), -laplacian, rtol=1e-3, atol=0.05)
    along = np.linspace(0.51, 0.99, 9)
    for side in (np.stack([np.full(9, 0.5), 1 - along], axis=1), np.stack([along, np.full(9, 0.5)], axis=1)):
        front = HEIGHT * np.arctan(STEEPNESS * (np.linalg.norm(side - CENTRE, axis=1) - RADIUS))
        np.testing.assert_allclose(problem.exact(side), front, atol=1e-12)


def test_on_a_corner_monge_ampere_fails_and_the_network_does_not(run):
    problem = Corner()
    error = {method: run(problem, method) for method in ("none", "monge-ampere", "um2n")}
    assert set(error["monge-ampere"][1].used) == {"variational"}
    assert set(error["um2n"][1].used) == {"um2n"}
    for method in ("monge-ampere", "um2n"):
        assert error[method][0].error < 0.4 * error["none"][0].error


def test_a_wrong_steepness_is_refused(refused):
    with refused("steepness is -1, must be a number > 0"):
        Poisson(steepness=-1)
