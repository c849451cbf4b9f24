from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.frame.buckling import buckling
from simulate.mechanics.frame.equations import Equations, MechanismError
from simulate.mechanics.frame.path import equilibrate, follow
from simulate.mechanics.frame.settling import settle


def toggle(frame_of, parts=4):
    """A shallow arch of two struts, driven down at its crown; it snaps through."""
    frame = frame_of([[0, 0, 0], [10, 0, 1.5], [20, 0, 0]], [[0, 1], [1, 2]], 0.3, parts)
    held = np.zeros((frame.n, 6), bool)
    held[[0, 2]] = True
    return frame, held


def test_force_and_grip_find_the_same_states_and_work_is_energy(frame_of):
    frame, held = toggle(frame_of)
    drive = np.zeros((frame.n, 3))
    drive[1, 2] = -1.0
    grip = held.copy()
    grip[1, 2] = True
    points = list(follow(Equations(frame, grip, drive), 50))
    share = np.array([point.share for point in points])
    rate = np.array([point.response.conjugate for point in points])
    energy = np.array([point.response.energy for point in points])
    work = np.concatenate([[0], np.cumsum(np.diff(share) * (rate[1:] + rate[:-1]) / 2)])
    np.testing.assert_allclose(work, energy, atol=2e-3 * energy.max())
    assert share[-1] == pytest.approx(1)
    assert max(point.response.error for point in points) <= 1e-8
    # The force that holds the crown there, put on as a load, leaves it there.
    load = np.zeros((frame.n, 6))
    middle = points[5]
    load[1, 2] = -middle.response.conjugate
    found = equilibrate(Equations(frame, held, load=load), 1.0)
    np.testing.assert_allclose(found.state.pos, middle.state.pos, atol=1e-5)


def test_a_load_snaps_through_and_the_force_falls_between(frame_of):
    frame, held = toggle(frame_of)
    load = np.zeros((frame.n, 6))
    load[1, 2] = -20.0
    points = list(follow(Equations(frame, held, load=load), 50))
    share = np.array([point.share for point in points])
    height = np.array([point.state.pos[1, 2] for point in points])
    assert share[-1] == pytest.approx(1)
    assert (np.diff(share) < 0).any()
    assert (np.diff(height) < 1e-6).all()
    falling = np.diff(share) < 0
    assert all(point.negative > 0 for point, falls in zip(points[2:], falling[1:], strict=True) if falls)


def test_stable_states_are_on_the_arc_where_it_is_stable(frame_of):
    frame, held = toggle(frame_of)
    drive = np.zeros((frame.n, 3))
    drive[1, 2] = -3.0
    grip = held.copy()
    grip[1, 2] = True
    arc = list(follow(Equations(frame, grip, drive), 60))
    stable = list(settle(Equations(frame, grip, drive), 20))
    shares = [point.share for point in arc]
    loose = np.interp([p.share for p in stable], shares, [p.negative for p in arc]) > 0
    force = np.interp([p.share for p in stable], shares, [p.response.conjugate for p in arc])
    found = np.array([p.response.conjugate for p in stable])
    assert loose.any()
    assert not loose.all()
    np.testing.assert_allclose(found[~loose], force[~loose], atol=0.02 * np.abs(force).max())
    # Elsewhere the crown turns aside, which costs less.
    energy = np.interp([p.share for p in stable], shares, [p.response.energy for p in arc])
    assert (np.array([p.response.energy for p in stable]) < energy)[loose].all()
    assert all(point.negative == 0 for point in stable)


def test_a_perfect_column_leaves_the_straight_state_where_it_buckles(column):
    held = np.zeros((column.n, 6), bool)
    held[0] = True
    held[1] = True
    drive = np.zeros((column.n, 3))
    drive[1, 2] = -1.5
    equations = Equations(column, held, drive)
    critical = buckling(equations)[0][0]
    points = list(settle(equations, 30))
    aside = np.array([np.abs(point.state.pos[:, :2]).max() for point in points])
    share = np.array([point.share for point in points])
    assert points[-1].share == 1
    assert aside[share < 0.9 * critical].max() < 1e-6
    assert aside[share > 1.1 * critical].min() > 0.1
    # After buckling it carries about its buckling load.
    carried = points[-1].response.conjugate / 1.5
    area, bending = np.pi * 0.25, 1000 * np.pi * 0.5**4 / 4
    assert carried == pytest.approx(4 * np.pi**2 * bending / 20**2, rel=0.1)
    assert critical * 1.5 / 20 * 1000 * area == pytest.approx(4 * np.pi**2 * bending / 20**2, rel=0.1)


def test_pulling_does_not_buckle(column):
    held = np.zeros((column.n, 6), bool)
    held[[0, 1]] = True
    drive = np.zeros((column.n, 3))
    drive[1, 2] = 1.0
    shares, modes = buckling(Equations(column, held, drive))
    assert len(shares) == 0
    assert modes.shape == (0, column.n, 6)


def test_modes_rise_and_are_scaled(column):
    held = np.zeros((column.n, 6), bool)
    held[[0, 1]] = True
    drive = np.zeros((column.n, 3))
    drive[1, 2] = -1.0
    shares, modes = buckling(Equations(column, held, drive), 3, seed=4)
    assert (np.diff(shares) >= 0).all()
    # A round column buckles alike in both directions.
    assert shares[0] == pytest.approx(shares[1])
    np.testing.assert_allclose(np.linalg.norm(modes[:, :, :3], axis=2).max(axis=1), 1)
    again = buckling(Equations(column, held, drive), 3, seed=4)
    np.testing.assert_allclose(modes, again[1], atol=1e-6)


def test_what_is_not_held_is_named(column, refused):
    held = np.zeros((column.n, 6), bool)
    held[0, :3] = held[1, :3] = True
    with refused("can move without resistance", "node"):
        Equations(column, held).check()
    with pytest.raises(MechanismError):
        Equations(column, np.zeros((column.n, 6), bool)).check()
    held[0, 5] = True
    Equations(column, held).check()


def test_settling_takes_no_loads(column, refused):
    held = np.zeros((column.n, 6), bool)
    held[0] = True
    load = np.ones((column.n, 6))
    with refused("loaded by forces"):
        list(settle(Equations(column, held, load=load)))


def test_a_frame_that_is_held_everywhere_is_just_driven(frame_of):
    frame = frame_of([[0, 0, 0], [0, 0, 10]], [[0, 1]])
    drive = np.zeros((2, 3))
    drive[1, 2] = -0.1
    for points in (follow, settle):
        *_, point = points(Equations(frame, np.ones((2, 6), bool), drive), 5)
        assert point.response.conjugate / 0.1 == pytest.approx(1000 * np.pi * 0.25 * 0.01)
