from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simulate.mechanics.frame.element import ratio, turn
from simulate.mechanics.frame.model import State

BEAM = [[0.0, 0.0, 0.0], [1.0, 2.0, -1.5]]


def bent(frame, seed, size):
    """The frame with nodes displaced and turned at random."""
    step = np.random.default_rng(seed).normal(size=(frame.n, 6)) * size
    return State.at_rest(frame.pos).moved(step)


def energy(frame, state, step):
    return frame.respond(state.moved(step.reshape(-1, 6)), 0)[0].sum()


@given(st.integers(0, 1000), st.sampled_from([0.02, 0.2, 0.4]), st.booleans())
def test_forces_and_tangent_are_derivatives_of_the_energy(frame_of, seed, size, shear):
    frame = frame_of(BEAM, [[0, 1]], 0.3, shear=shear)
    state = bent(frame, seed, size)
    answer = frame.respond(state, 2)
    if answer is None:
        return
    _, force, tangent = answer
    step, one = 1e-4, np.eye(12)
    slope = [(energy(frame, state, step * v) - energy(frame, state, -step * v)) / (2 * step) for v in one]
    np.testing.assert_allclose(force[0], slope, atol=1e-6 * np.abs(tangent).max())
    way = np.random.default_rng(seed + 1).normal(size=12)
    curve = energy(frame, state, step * way) - 2 * energy(frame, state, 0 * way) + energy(frame, state, -step * way)
    assert way @ tangent[0] @ way == pytest.approx(curve / step**2, abs=3e-5 * np.abs(tangent).max())
    np.testing.assert_allclose(tangent[0], tangent[0].T, atol=1e-12 * np.abs(tangent).max())


@given(st.integers(0, 1000))
def test_a_rigid_motion_costs_nothing_and_turns_forces(frame_of, seed):
    frame = frame_of(BEAM, [[0, 1]])
    state = bent(frame, seed, 0.1)
    matrix = Rotation.random(random_state=seed).as_matrix()
    moved = State(state.pos @ matrix.T + [3.0, -5.0, 2.0], matrix @ state.rotation)
    first, second = frame.respond(state, 1), frame.respond(moved, 1)
    np.testing.assert_allclose(second[0], first[0], rtol=1e-9)
    np.testing.assert_allclose(
        second[1].reshape(4, 3), first[1].reshape(4, 3) @ matrix.T, atol=1e-9 * np.abs(first[1]).max()
    )


@given(st.integers(0, 1000))
def test_forces_at_the_ends_of_a_beam_are_in_balance(frame_of, seed):
    frame = frame_of(BEAM, [[0, 1]])
    state = bent(frame, seed, 0.2)
    answer = frame.respond(state, 1)
    if answer is None:
        return
    force = answer[1].reshape(4, 3)
    np.testing.assert_allclose(force[0], -force[2], atol=1e-12 * np.abs(force).max())
    lever = state.pos[1] - state.pos[0]
    np.testing.assert_allclose(force[1] + force[3] + np.cross(lever, force[2]), 0, atol=1e-10 * np.abs(force).max())


def test_the_tangent_at_rest_is_that_of_the_book(frame_of):
    """Przemieniecki (1968), table 5.1: a beam along x."""
    length, radius = 4.0, 0.3
    frame = frame_of([[0, 0, 0], [length, 0, 0]], [[0, 1]], radius)
    _, force, tangent = frame.respond(State.at_rest(frame.pos), 2)
    bending = 1000 * np.pi * radius**4 / 4
    assert not force.any()
    stiff = tangent[0]
    assert stiff[0, 0] == pytest.approx(1000 * np.pi * radius**2 / length)
    assert stiff[3, 3] == pytest.approx(1000 / 2.72 * np.pi * radius**4 / 2 / length)
    assert stiff[1, 1] == pytest.approx(12 * bending / length**3)
    assert stiff[1, 5] == pytest.approx(6 * bending / length**2)
    assert stiff[2, 4] == pytest.approx(-6 * bending / length**2)
    assert stiff[5, 5] == pytest.approx(4 * bending / length)
    assert stiff[5, 11] == pytest.approx(2 * bending / length)


def test_timoshenko_beams_are_softer_by_the_shear_of_their_section(frame_of):
    """A short cantilever: P L^3 / 3EI + P L / GA_s."""
    length, radius = 2.0, 0.5
    area, bending = np.pi * radius**2, 1000 * np.pi * radius**4 / 4
    frame = frame_of([[0, 0, 0], [length, 0, 0]], [[0, 1]], radius, shear=True)
    tangent = frame.respond(State.at_rest(frame.pos), 2)[2][0]
    sag = np.linalg.solve(tangent[6:, 6:], np.eye(6)[1])[1]
    nu = 0.36
    shear = 1000 / (2 * (1 + nu)) * area * 6 * (1 + nu) / (7 + 6 * nu)
    assert sag == pytest.approx(length**3 / (3 * bending) + length / shear)


@given(st.floats(1e-3, 2.0))
def test_functions_of_an_angle_meet_where_series_ends(angle):
    value, first, second = ratio(1 - np.cos(angle))
    assert value == pytest.approx(angle / np.sin(angle), rel=1e-9)
    step = 1e-5
    below, above = (ratio(1 - np.cos(angle) + side) for side in (step, -step))
    assert first == pytest.approx((above[0] - below[0]) / (2 * step), rel=1e-5)
    assert second == pytest.approx((above[1] - below[1]) / (2 * step), rel=1e-5)


@given(st.integers(0, 1000), st.sampled_from([1e-6, 1e-3, 1.0, 3.0]))
def test_turns_are_those_of_rotation_vectors(seed, size):
    spin = np.random.default_rng(seed).normal(size=(3, 3)) * size
    start = Rotation.random(3, random_state=seed).as_matrix()
    found = np.empty((3, 3, 3))
    turn(start, spin, found)
    np.testing.assert_allclose(found, Rotation.from_rotvec(spin).as_matrix() @ start, atol=1e-13)


def test_a_beam_bent_beyond_what_it_can_is_told(frame_of):
    frame = frame_of(BEAM, [[0, 1]])
    step = np.zeros((2, 6))
    step[0, 3:] = 2.5 * np.cross([1.0, 2.0, -1.5], [0.0, 0.0, 1.0]) / np.sqrt(5)
    assert frame.respond(State.at_rest(frame.pos).moved(step), 2) is None


def test_stress_is_that_of_force_and_moments(frame_of):
    length, radius = 4.0, 0.3
    frame = frame_of([[0, 0, 0], [length, 0, 0]], [[0, 1]], radius)
    step = np.zeros((2, 6))
    step[1, 0] = 0.01
    assert frame.stress(State.at_rest(frame.pos).moved(step))[0] == pytest.approx(1000 * 0.01 / length)
    step[:] = 0
    step[0, 5], step[1, 5] = -0.001, 0.001
    # Of a curvature: E kappa r.
    assert frame.stress(State.at_rest(frame.pos).moved(step))[0] == pytest.approx(
        1000 * 0.002 / length * radius, rel=2e-3
    )
    step[:] = 0
    step[1, 3] = 0.01
    twist = 1000 / 2.72 * 0.01 / length * radius
    assert frame.stress(State.at_rest(frame.pos).moved(step))[0] == pytest.approx(np.sqrt(3) * twist, rel=2e-3)
