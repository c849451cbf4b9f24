"""`move_mesh`: one call, never an inverted cell, and the truth about what was done."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate import MeshMover, move_mesh
from simulate.mesh_movement.meshes import determinants
from simulate.mesh_movement.monitor import ball, constant
from simulate.mesh_movement.move import METHODS
from simulate.mesh_movement.problems import domains, monitors

BUMP = ball((0.4, 0.6), 0.2, 8)


def test_a_bump_on_a_square(arrays):
    points, cells = arrays("square", 16)
    moved = move_mesh(points, cells, BUMP)
    assert (moved.method, moved.asked, moved.fallback, moved.converged) == ("monge-ampere",) * 2 + (None, True)
    np.testing.assert_array_equal(moved.displacement, moved.points - points)
    assert moved.after.variation < 0.1 * moved.before.variation
    assert moved.after.equidistribution < moved.before.equidistribution
    assert moved.before.min_jacobian == pytest.approx(1) and 0 < moved.after.min_jacobian < 1
    assert moved.iterations > 0 and moved.seconds > 0 and moved.limited == 0
    assert determinants(moved.points, moved.cells).sum() == pytest.approx(2)
    report = json.loads(json.dumps(moved.as_dict(), allow_nan=False))
    assert report["method"] == "monge-ampere" and report["after"]["inverted"] == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["square", "disc", "cube"])
def test_a_constant_monitor_moves_nothing_at_all(arrays, method, name):
    points, cells = arrays(name, 4)
    for monitor in (constant(3.7), np.full(len(points), 0.1)):
        moved = move_mesh(points, cells, monitor, method=method)
        assert not moved.displacement.any() and moved.converged and moved.method == method


@pytest.mark.parametrize("method", METHODS)
def test_the_same_mesh_moves_in_the_same_way(arrays, method):
    points, cells = arrays("L", 4)
    first, second = (move_mesh(points, cells, BUMP, method=method).points for _ in range(2))
    assert first.tobytes() == second.tobytes()


@settings(max_examples=25)
@given(
    kind=st.sampled_from(domains.KINDS), of=st.sampled_from(monitors.KINDS), strength=st.floats(0, 3),
    method=st.sampled_from(sorted(METHODS)), nodal=st.booleans(), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_whatever_the_domain_monitor_strength_and_method_no_cell_is_inverted(kind, of, strength, method, nodal, seed):
    points, cells = domains.random_domain(kind, 120, seed)
    monitor = monitors.random_monitor(of, 10**strength, points, seed)
    monitor = monitor(points) if nodal else monitor
    moved = move_mesh(points, cells, monitor, method=method, max_iterations=25)
    assert (determinants(moved.points, moved.cells) > 0).all()
    assert moved.after.inverted == 0 and moved.after.variation <= moved.before.variation
    assert (moved.method == method) or moved.fallback


@pytest.mark.parametrize("method", METHODS)
def test_moved_meshes_turn_mirror_and_grow_with_the_mesh(arrays, method):
    points, cells = arrays("square", 10)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])  # a mirrored turn
    away = points @ turn.T * 50 + (3, -7)
    plain = move_mesh(points, cells, BUMP, method=method)
    with pytest.warns(UserWarning, match="wrong way round"):
        other = move_mesh(away, cells, lambda p: BUMP((p - (3, -7)) / 50 @ turn), method=method)
    np.testing.assert_allclose((other.points - (3, -7)) / 50 @ turn, plain.points, atol=2e-3)


def test_a_finer_mesh_moves_alike(arrays):
    fields = []
    for n in (16, 32):
        points, cells = arrays("square", n)
        moved = move_mesh(points, cells, BUMP, tolerance=1e-5).displacement.reshape(n + 1, n + 1, 2)
        fields.append(moved[:: n // 16, :: n // 16])
    assert np.linalg.norm(fields[1] - fields[0]) < 0.05 * np.linalg.norm(fields[1])


def test_where_monge_ampere_fails_another_method_does_it_and_says_so(arrays):
    points, cells = arrays("L", 8)
    monitor = ball((0.1, 0.2), 0.1, 500)
    moved = move_mesh(points, cells, monitor)
    assert moved.method == "variational" and moved.asked == "monge-ampere"
    assert moved.fallback.startswith("monge-ampere: ") and "variational did better" in moved.fallback
    assert moved.after.variation < 0.5 * moved.before.variation
    alone = move_mesh(points, cells, monitor, fallback=False)
    assert alone.method in ("monge-ampere", "none") and alone.fallback and alone.after.inverted == 0
    assert alone.after.variation > moved.after.variation


@pytest.mark.parametrize("method", METHODS)
def test_a_function_is_asked_in_the_box_around_the_mesh_alone(arrays, method):
    points, cells = arrays("square", 8)

    def monitor(at):
        assert (at >= 0).all() and (at <= 1).all()
        return 1 / (np.sqrt(at[:, 0] * (1 - at[:, 1])) + 0.01)

    assert move_mesh(points, cells, monitor, method=method, max_iterations=30).after.inverted == 0


def test_fixed_nodes_and_boundaries_stay(arrays):
    points, cells = arrays("square", 10)
    middle = np.flatnonzero(np.linalg.norm(points - 0.5, axis=1) < 0.1)
    outer = ((points == 0) | (points == 1)).any(axis=1)
    for method in METHODS:
        moved = move_mesh(points, cells, BUMP, method=method, fixed=middle, boundary="fixed")
        assert not moved.displacement[middle].any() and not moved.displacement[outer].any()
        assert moved.displacement.any()


@pytest.mark.parametrize("method", METHODS)
def test_where_all_nodes_are_fixed_nothing_moves_and_it_is_said(arrays, method):
    points, cells = arrays("square", 6)
    moved = move_mesh(points, cells, BUMP, method=method, fixed=range(len(points)), max_iterations=20)
    assert not moved.displacement.any() and moved.method == "none" and "nothing tried" in moved.fallback


def test_nodes_of_a_circle_follow_the_users_projection(arrays):
    points, cells = arrays("disc", 6, 48)

    def onto(at, nodes):
        return at / np.linalg.norm(at, axis=1, keepdims=True)

    moved = move_mesh(points, cells, ball((0.7, 0), 0.3, 5), boundary=onto)
    outer = np.isclose(np.linalg.norm(points, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(moved.points[outer], axis=1), 1)
    assert np.abs(moved.displacement[outer]).max() > 0.01 and moved.after.variation < 0.5 * moved.before.variation


def test_a_mover_follows_a_moving_monitor(arrays):
    points, cells = arrays("square", 14)
    mover = MeshMover(points, cells)
    steps, on = [], points
    for x in np.linspace(0.3, 0.36, 4):
        bump = ball((x, 0.5), 0.2, 6)
        moved = mover.move(bump(on), at=on)
        steps.append(moved.iterations)
        on = moved.points
        assert moved.after.variation < 0.4 * moved.before.variation
        reference = move_mesh(points, cells, bump)
        assert np.abs(moved.points - reference.points).max() < 0.02
    assert max(steps[1:]) <= steps[0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"method": "um3n"}, ["method is 'um3n'", "'monge-ampere'", "'variational'"]),
        ({"method": None}, ["method is None"]),
        ({"tolerance": 0}, ["tolerance is 0", "> 0"]),
        ({"max_iterations": 2.5}, ["max_iterations is 2.5", ">= 1"]),
        ({"corner_angle": 200}, ["corner_angle is 200", "0..180"]),
        ({"fixed": [99]}, ["fixed names node 99", "0..8"]),
        ({"fixed": [0.5]}, ["fixed", "node numbers or a mask"]),
        ({"monitor": np.ones(5)}, ["monitor", "(5,)", "9 real numbers"]),
        ({"monitor": np.r_[np.ones(8), np.nan]}, ["monitor at node 8 is nan", "> 0"]),
        ({"monitor": np.r_[0.0, np.ones(8)]}, ["monitor at node 0 is 0.0", "> 0"]),
        ({"monitor": "ring"}, ["monitor", "real numbers"]),
        ({"monitor": lambda p: p[:, 0]}, ["monitor at node 0 is 0.0", "> 0"]),
        ({"monitor": lambda p: 1.0}, ["monitor", "()", "9 real numbers"]),
    ],
)
def test_wrong_use_is_refused(arrays, refused, changed, words):
    points, cells = arrays("square", 2)
    with refused(*words):
        move_mesh(points, cells, **{"monitor": BUMP} | changed)


def test_values_on_another_mesh_must_fit(arrays, refused):
    points, cells = arrays("square", 2)
    with refused("at has the shape (8, 2)", "(9, 2)"):
        MeshMover(points, cells).move(np.ones(9), at=points[:8])


def test_classical_movers_need_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from simulate import move_mesh\n"
        "from simulate.mesh_movement import monitor\n"
        "points = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [.5, .5]], float)\n"
        "cells = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]\n"
        "for method in ('monge-ampere', 'monge-ampere-relaxation', 'variational'):\n"
        "    move_mesh(points, cells, monitor.ball((.4, .4), .3), method=method)\n"
        "print(sorted({'torch', 'skfem', 'meshio', 'matplotlib'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
