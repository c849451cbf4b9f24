"""What `move_solver_mesh` makes of monitors and options, whatever the solver."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from simulate import move_mesh, move_solver_mesh
from simulate.mesh_movement.monitor import ball, gradient, hessian

skfem = pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

BUMP = ball((0.4, 0.6), 0.2, 8)
SQUARE = skfem.MeshTri().refined(3)


def test_the_same_as_with_arrays():
    mesh = SQUARE.oriented()
    points, cells = mesh.p.T, mesh.t.T
    for monitor in (BUMP, BUMP(points)):
        for options in ({}, {"method": "variational", "fixed": [5, 30], "boundary": "fixed", "max_iterations": 20}):
            moved, report = move_solver_mesh(mesh, monitor, **options)
            expected = move_mesh(points, cells, monitor, **options)
            np.testing.assert_array_equal(moved.p.T, expected.points)
            np.testing.assert_array_equal(report.displacement, expected.displacement)
            assert report.method == expected.method and report.after == expected.after


def test_a_user_projection_gets_the_numbers_of_the_solver():
    mesh = skfem.MeshTri.init_circle(3)
    outer = np.isclose(np.linalg.norm(mesh.p, axis=0), 1)
    # A node of no cell comes first, so that all numbers differ by one from those of the nodes that cells have.
    lone = skfem.MeshTri(np.c_[[3.0, 3.0], mesh.p], mesh.t + 1)

    def onto(at, nodes):
        assert outer[nodes - 1].all()
        return at / np.linalg.norm(at, axis=1, keepdims=True)

    moved, report = move_solver_mesh(lone, ball((0.7, 0), 0.3, 5), boundary=onto)
    np.testing.assert_allclose(np.linalg.norm(moved.p[:, 1:][:, outer], axis=0), 1)
    assert report.displacement[1:][outer].any() and moved.p[:, 0].tolist() == [3, 3]


def test_a_monitor_made_of_a_solution_may_have_options():
    u = np.tanh(10 * (SQUARE.p[0] - 0.4))
    weak, strong = (
        move_solver_mesh(SQUARE, partial(gradient, strength=strength), of=u)[1].displacement for strength in (1, 10)
    )
    assert np.abs(strong).max() > 1.5 * np.abs(weak).max() > 0


def test_wrong_use_is_refused(refused):
    n = SQUARE.p.shape[1]
    lone = skfem.MeshTri(np.c_[[3.0, 3.0], SQUARE.p], SQUARE.t + 1)
    with refused("monitor is a ndarray, must be a function of points, cells and values", "monitor.hessian"):
        move_solver_mesh(SQUARE, np.ones(n), of=np.ones(n))
    for mesh, count in ((SQUARE, n), (lone, n + 1)):
        with refused(f"of has the shape ({count - 1},)", f"({count},)"):
            move_solver_mesh(mesh, hessian, of=np.ones(count - 1))
        with refused("monitor has the type", f"({count - 1},)", f"{count} real numbers"):
            move_solver_mesh(mesh, np.ones(count - 1))
        with refused("monitor at node 4 is nan"):
            move_solver_mesh(mesh, np.where(np.arange(count) == 4, np.nan, 1))
        with refused(f"fixed names node {count}", f"0..{count - 1}"):
            move_solver_mesh(mesh, BUMP, fixed=[count])
    with refused("method is 'um3n'"):
        move_solver_mesh(SQUARE, BUMP, method="um3n")
