from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics import cable, linear
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
    one._stiffness()
    image = np.zeros_like(motion)
    free = np.where(one.held[:, None], 0.0, motion)
    cable.kernels.stretched(one.pos, one.ends, one.rest, one.hold, one.alive, one.tension, one.slope, free, image)
    product = np.zeros(one.factors.size)
    cable.kernels.multiply(one.factors.indptr, one.factors.indices, one._values, free[one.unknowns].ravel(), product)
    np.testing.assert_allclose(product, image[one.unknowns].ravel(), rtol=1e-9, atol=1e-12)
    energies, gradients = [], []
    for sign in (1, -1):
        one.pos = start + sign * motion
        one.respond()
        energies.append(one.energy)
        gradients.append(one.gradient.copy())
    assert (energies[0] - energies[1]) / 2 == pytest.approx((gradient * motion).sum(), rel=1e-4, abs=1e-9)
    one.pos = start
    one.respond()
    cable.kernels.stretched(one.pos, one.ends, one.rest, one.hold, one.alive, one.tension, one.slope, motion, image)
    scale = np.abs(image).max()
    np.testing.assert_allclose((gradients[0] - gradients[1]) / 2, image, atol=2e-3 * scale)


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


def test_both_factorisations_give_the_same(monkeypatch):
    if not linear.has_qdldl():
        pytest.skip("needs qdldl")
    one, other = net(5, 3), net(5, 3)
    monkeypatch.setattr(linear, "has_qdldl", lambda: False)
    by_superlu = linear.Factors(other.factors.indices, other.factors.indptr)
    one._stiffness()
    right = np.random.default_rng(0).normal(size=one.factors.size)
    np.testing.assert_allclose(
        one.factors.solve(one._values, right, 1e-3), by_superlu.solve(one._values, right, 1e-3), rtol=1e-7, atol=1e-10
    )


def test_an_old_factor_is_used_and_renewed_when_it_is_of_no_use(monkeypatch):
    monkeypatch.setattr(linear, "ALWAYS_FACTORISE", 0)
    one = net(6, n=30)
    right = np.random.default_rng(0).normal(size=one.factors.size)
    product = np.zeros_like(right)

    def solved(values):
        solution = one.factors.solve(values, right, 1e-8)
        linear.multiply(one.factors.indptr, one.factors.indices, values, solution, product)
        return np.linalg.norm(product - right) / np.linalg.norm(right)

    one._stiffness()
    values = one._values.copy()
    assert solved(values) < 1e-8
    assert solved(1.1 * values) < 1e-7
    assert one.factors.made == 1
    one.pos += np.random.default_rng(1).normal(size=one.pos.shape)
    one.respond()
    one._stiffness()
    assert solved(one._values) < 1e-7
    assert one.factors.made == 2


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


def test_what_is_cut_off_goes_too():
    """A held chain 0-1-2-3, and 4-5-6 behind a thread that is cut; 2-7 is a loose end."""
    pos = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [2, 1], [2, 2], [3, 2], [1, -1]])
    ends = np.array([[0, 1, 2, 2, 4, 5, 4, 1], [1, 2, 3, 4, 5, 6, 6, 7]])
    one = CableNet(pos, ends, np.ones(8), np.ones(8), [LAWS["pla"]], np.zeros(8, np.int64), np.arange(8) % 3 == 0)
    one.held[6] = False
    assert sorted(one.cut(np.array([3]))) == [4, 5, 6, 7]
    assert one.alive.tolist() == [True, True, True, False, False, False, False, False]
    assert one.around(np.array([0]), 2).tolist() == [0, 1, 2, 7]
