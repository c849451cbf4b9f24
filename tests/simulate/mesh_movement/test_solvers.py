"""Linear systems are solved the same way by all solvers, and by each always to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement import solvers
from simulate.mesh_movement.operators import Operators


@pytest.fixture(params=["direct", "multigrid", "diagonal"])
def solver(request, monkeypatch):
    """Forces one of the solvers."""
    if request.param == "multigrid":
        pytest.importorskip("pyamg", reason="needs pyamg: pip install 'structgen-webs[solvers]'")
    limit = dict.fromkeys((2, 3), 10**9 if request.param == "direct" else 0)
    monkeypatch.setattr(solvers, "DIRECT", limit)
    monkeypatch.setattr(solvers, "DIRECT_WITH_PYAMG", limit)
    monkeypatch.setattr(solvers, "has_pyamg", lambda: request.param == "multigrid")


@pytest.mark.parametrize(("name", "size"), [("square", 20), ("cube", 6)])
def test_the_solution_solves_the_system(solver, mesh, name, size):
    one = mesh(name, size)
    operators = Operators(one)
    weight = 1 + 20 * (one.points[one.cells].mean(axis=1)[:, 0] > 0.5)
    matrix = operators.stiffness(weight[:, None, None] * np.eye(one.dim))[1:, 1:]
    load = np.random.default_rng(0).normal(size=one.n - 1)
    first, second = (solvers.prepared(matrix, one.dim, 1e-10)(load) for _ in range(2))
    np.testing.assert_allclose(matrix @ first, load, atol=1e-8 * np.linalg.norm(load))
    assert first.tobytes() == second.tobytes()


def test_numpys_global_random_state_is_left_alone(solver, mesh):
    one = mesh("square", 8)
    matrix = (Operators(one).laplacian + Operators(one).mass).tocsr()
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    solvers.prepared(matrix, 2)(np.ones(one.n))
    assert np.random.random() == expected  # noqa: NPY002


def test_no_unknowns_no_work():
    assert solvers.prepared(np.zeros((0, 0)), 2)(np.zeros(0)).shape == (0,)
