from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics import cable, kernels
from simulate.mechanics.cable import CableNet
from simulate.mechanics.law import Law
from simulate.mechanics.silk import LAWS


def net(seed, dim=2, n=14, law="dragline", stretch=0.2, held=4):
    """A random net, its threads stretched by up to ``stretch`` or slack."""
    random = np.random.default_rng(seed)
    pos = random.uniform(0, 10, (n, dim))
    ends = np.array([(i, j) for i in range(n) for j in range(i + 1, n) if random.random() < 0.35 or j == i + 1]).T
    rest = np.linalg.norm(pos[ends[1]] - pos[ends[0]], axis=1) / (1 + random.uniform(-0.1, stretch, ends.shape[1]))
    mask = np.zeros(n, bool)
    mask[random.permutation(n)[:held]] = True
    area = random.uniform(0.5, 2, ends.shape[1])
    return CableNet(pos, ends, rest, area, [LAWS[law]], np.zeros(ends.shape[1], np.int64), mask)


@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]), law=st.sampled_from(["dragline", "orb", "elastic"]))
@settings(max_examples=25)
def test_gradient_and_stiffness_are_the_derivatives_of_the_energy(seed, dim, law):
    one = net(seed, dim, law="frame" if law == "orb" else law)
    random = np.random.default_rng(seed)
    motion = random.normal(size=one.pos.shape) * 1e-6
    start, gradient = one.pos.copy(), one.gradient.copy()
    energies, gradients = [], []
    for sign in (1, -1):
        one.pos = start + sign * motion
        one.respond()
        energies.append(one.energy)
        gradients.append(one.gradient.copy())
    assert (energies[0] - energies[1]) / 2 == pytest.approx((gradient * motion).sum(), rel=1e-4, abs=1e-9)
    one.pos = start
    one.respond()
    change = one.change(motion)
    np.testing.assert_allclose((gradients[0] - gradients[1]) / 2, change, atol=2e-3 * np.abs(change).max())


@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]), n=st.integers(5, 60))
@settings(max_examples=25)
def test_a_solution_changes_the_gradient_as_asked(seed, dim, n):
    one = net(seed, dim, n)
    assert one.factorise()
    asked = np.random.default_rng(seed).normal(size=(len(one.unknowns), dim))
    motion = np.zeros_like(one.pos)
    motion[one.unknowns] = one.factors.solve(asked)
    np.testing.assert_allclose(one.change(motion)[one.unknowns], asked, atol=1e-6)


def test_a_drive_is_how_the_equilibrium_moves():
    """To first order, and the load then rises as the drive says."""
    one = net(5, held=6)
    velocity = np.where(one.held[:, None], one.pos - one.pos.mean(axis=0), 0.0)
    assert one.equilibrate(1e-11).converged
    motion, change = one.drive(velocity)
    start, gradient, step = one.pos.copy(), one.gradient.copy(), 1e-6
    one.pos = start + step * velocity
    one.respond()
    assert one.equilibrate(1e-11).converged
    np.testing.assert_allclose((one.pos - start) / step, motion, atol=1e-3 * np.abs(motion).max())
    rise = (((one.gradient - gradient) / step) * velocity).sum()
    assert (change * motion).sum() == pytest.approx(rise, rel=1e-3)


@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]), law=st.sampled_from(sorted(LAWS)))
@settings(max_examples=40)
def test_equilibrium_is_reached_from_anywhere_and_is_the_same(seed, dim, law):
    one, other = net(seed, dim, law=law), net(seed, dim, law=law)
    random = np.random.default_rng(seed + 1)
    other.pos[~other.held] += random.normal(size=other.pos[~other.held].shape)
    other.respond()
    for each in (one, other):
        found = each.equilibrate(1e-9)
        assert found.converged
        assert found.residual <= 1e-9
        assert np.isfinite(each.pos).all()
    assert one.energy == pytest.approx(other.energy, rel=1e-6, abs=1e-9 * one.capacity)


def test_a_thread_pulled_sideways_is_the_closed_form():
    """Two threads from (-1, 0) and (1, 0) to a node that is held at (0, h): f = 2 A E (1 - 1 / l) h."""
    law = Law.elastic(1000, 5.0)
    h = 0.7
    length = np.hypot(1, h)
    one = CableNet(
        np.array([[-1.0, 0], [1, 0], [0, h]]), np.array([[0, 1], [2, 2]]), np.ones(2), np.full(2, 3.0), [law],
        np.zeros(2, np.int64), np.ones(3, bool),
    )  # fmt: skip
    assert one.gradient[2, 1] == pytest.approx(2 * 3 * 1000 * (length - 1) * h / length, rel=1e-3)
    assert one.energy == pytest.approx(2 * 3 * 1000 * (length - 1) ** 2 / 2, rel=2e-3)


def test_a_chain_shares_the_load_as_its_stiffnesses():
    """Three threads in a row, one thrice as thick: it strains a third of the others."""
    law = Law.elastic(1000, 5.0)
    pos = np.array([[0.0, 0], [1, 0], [2, 0], [3.7, 0]])
    one = CableNet(
        pos, np.array([[0, 1, 2], [1, 2, 3]]), np.ones(3), np.array([1.0, 3, 1]), [law], np.zeros(3, np.int64),
        np.array([True, False, False, True]),
    )  # fmt: skip
    assert one.equilibrate(1e-9).converged
    np.testing.assert_allclose(one.strain, [0.3, 0.1, 0.3], rtol=1e-3)


def test_slack_threads_carry_nothing():
    one = net(3, stretch=-0.05)
    one.equilibrate(1e-6)
    assert one.tension.max() < 2e-3 * LAWS["dragline"].strength * one.area.max()


def test_large_nets_settle_in_parts_to_the_same_equilibrium(monkeypatch):
    one, other = net(8, n=60), net(8, n=60)
    one.equilibrate(1e-8)
    monkeypatch.setattr(cable, "LARGE", 10)
    monkeypatch.setattr(cable, "NEAR", 1)
    for each in (one, other):
        each.equilibrate(1e-8)
        each.cut(np.array([int(each.tension.argmax())]))
        assert each.equilibrate(1e-8).converged
    assert one.energy == pytest.approx(other.energy, rel=1e-9)


@pytest.mark.parametrize("large", [5_000, 10])
def test_the_way_by_more_hold_leads_to_the_same_equilibrium(monkeypatch, large):
    monkeypatch.setattr(cable, "LARGE", large)
    one, other = net(8, n=60, stretch=-0.02), net(8, n=60, stretch=-0.02)
    monkeypatch.setattr(cable, "PATIENCE", 200)
    assert one.equilibrate(1e-8).converged
    monkeypatch.setattr(cable, "PATIENCE", 0)
    assert other.equilibrate(1e-8).converged
    assert other.energy == pytest.approx(one.energy, rel=1e-9)
    np.testing.assert_array_equal(one.hold, other.hold)


@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]), n=st.integers(8, 60))
@settings(max_examples=40)
def test_whole_steps_after_a_break_lead_to_the_equilibrium_that_newton_finds(seed, dim, n):
    one, other = (net(seed, dim, n, "elastic", stretch=0.08, held=6) for _ in range(2))
    for each, torn in ((one, True), (other, False)):
        assert each.equilibrate(1e-8).converged
        each.cut(np.array([int(each.tension.argmax())]))
        found = each.equilibrate(1e-8, torn)
        assert found.converged and found.residual <= 1e-8
    assert one.energy == pytest.approx(other.energy, rel=1e-6, abs=1e-9 * one.capacity)
    np.testing.assert_array_equal(one.hold, other.hold)


def torn_net(law):
    one = net(8, n=60, law=law, stretch=0.08)
    assert one.equilibrate(1e-8).converged
    one.cut(np.array([int(one.tension.argmax())]))
    return one


def steps_counted(one, monkeypatch):
    """The tensions, or None for those of the threads, with which the stiffness is factorised, as it goes."""
    taken, method = [], one.factorise
    monkeypatch.setattr(one, "factorise", lambda tension=None: (taken.append(tension), method(tension))[1])
    return taken


def test_whole_steps_are_for_straight_laws_and_small_nets_after_breaks(monkeypatch):
    for law, large, torn, whole in (
        ("elastic", 5_000, True, True), ("elastic", 5_000, False, False), ("elastic", 10, True, False),
        ("dragline", 5_000, True, False),
    ):  # fmt: skip
        one = torn_net(law)
        monkeypatch.setattr(cable, "LARGE", large)
        taken = steps_counted(one, monkeypatch)
        assert one.equilibrate(1e-8, torn).converged
        assert any(tension is not None for tension in taken) == whole


def test_where_whole_steps_do_not_get_there_newton_starts_over(monkeypatch):
    one, other = torn_net("elastic"), torn_net("elastic")
    assert one.equilibrate(1e-8).converged
    monkeypatch.setattr(cable, "MOST_LEAPS", 1)
    taken = steps_counted(other, monkeypatch)
    assert other.equilibrate(1e-8, torn=True).converged
    assert [tension is None for tension in taken[:3]] == [False, False, True]
    np.testing.assert_array_equal(other.pos, one.pos)


@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]))
@settings(max_examples=25)
def test_tensions_are_foreseen_to_first_order(seed, dim):
    one = net(seed, dim, law="elastic", stretch=0.08)
    start, before = one.pos.copy(), one.tension.copy()
    # The corner where threads go slack bends within far less than its width.
    straight = np.abs(one.strain) > 2e-3
    way = np.random.default_rng(seed).normal(size=start.shape)
    off = []
    for small in (1e-4, 1e-5):
        foreseen = before.copy()
        one.pos = start.copy()
        one.respond()
        kernels.foreseen(one.pos, one.ends, one.alive, one.tension, one.slope, small * way, foreseen)
        one.pos = start + small * way
        one.respond()
        off.append(np.abs(foreseen - one.tension)[straight].max())
    assert off[0] < 1e-4 * before.max()
    assert off[1] < 0.03 * off[0] + 1e-9 * before.max()


def test_a_thread_moved_across_is_foreseen_to_turn():
    """One of length 2 under 3 N, moved by 1 across it: a force of 1.5 N more across it."""
    pos, ends, taken = np.array([[0.0, 0], [2, 0]]), np.array([[0], [1]]), np.array([3.0])
    move = np.array([[0.0, 0], [0, 1]])
    kernels.foreseen(pos, ends, np.ones(1, bool), np.array([3.0]), np.array([7.0]), move, taken)
    assert taken[0] == pytest.approx(np.hypot(3, 1.5))
    kernels.foreseen(pos, ends, np.zeros(1, bool), np.array([3.0]), np.array([7.0]), move, taken)
    assert taken[0] == 0


def test_the_largest_force_is_at_a_free_node_and_not_a_number_shows():
    force, held = np.array([[3.0, 4.0], [30.0, 0.0], [0.0, -1.0]]), np.array([False, True, False])
    assert kernels.largest(force, held) == 5
    assert kernels.largest(force, np.ones(3, bool)) == 0
    force[0, 1] = np.nan
    assert np.isnan(kernels.largest(force, held))


def test_what_is_cut_off_goes_too():
    """A held chain 0-1-2-3, and 4-5-6 behind a thread that is cut; 2-7 is a loose end."""
    pos = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [2, 1], [2, 2], [3, 2], [1, -1]])
    ends = np.array([[0, 1, 2, 2, 4, 5, 4, 1], [1, 2, 3, 4, 5, 6, 6, 7]])
    one = CableNet(pos, ends, np.ones(8), np.ones(8), [LAWS["pla"]], np.zeros(8, np.int64), np.arange(8) % 3 == 0)
    one.held[6] = False
    assert sorted(one.cut(np.array([3]))) == [4, 5, 6, 7]
    assert one.alive.tolist() == [True, True, True, False, False, False, False, False]
    assert one.around(np.array([0]), 2).tolist() == [0, 1, 2, 7]
