from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from structgen.generators.sizing import fit_box, sized
from structgen.generators.taut import throughs


@given(seed=st.integers(0, 10**6), n=st.integers(2, 20))
def test_fitted_positions_have_the_box_and_keep_their_order_along_each_axis(seed, n):
    rng = np.random.default_rng(seed)
    pos, extents = 100 * rng.standard_normal((n, 3)), rng.uniform(0, 50, 3)
    fitted = fit_box(pos, extents)
    np.testing.assert_array_equal(np.ptp(fitted, axis=0), extents)
    np.testing.assert_array_equal(fitted.max(0) + fitted.min(0), 0)
    np.testing.assert_array_equal(np.argsort(fitted, axis=0), np.argsort(pos, axis=0))


def chain(seed, n=20):
    """A random walk and its edges."""
    pos = np.cumsum(np.random.default_rng(seed).standard_normal((n, 3)), axis=0)
    return pos, np.column_stack([np.arange(n - 1), np.arange(1, n)])


def mean_length(pos, edges):
    return np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean()


def test_the_box_is_exact_and_the_length_is_kept_to_where_it_can_be():
    off = []
    for seed in range(12):
        pos, edges = chain(seed)
        sides, wanted = 1.1 * np.ptp(pos, axis=0), 1.05 * mean_length(pos, edges)
        fitted = sized(pos, edges, sides, wanted)
        np.testing.assert_array_equal(np.ptp(fitted, axis=0), sides)
        np.testing.assert_array_equal(fitted.max(0) + fitted.min(0), 0)
        off.append([abs(mean_length(p, edges) / wanted - 1) for p in (fitted, fit_box(pos, sides))])
    fitted, stretched = np.array(off).T
    assert np.median(fitted) < 1e-3 < 0.01 < np.median(stretched)
    assert fitted.max() < 0.1


def test_threads_are_drawn_out_to_the_faces_as_straight_as_they_are(lattice):
    pos, edges = lattice(np.random.default_rng(0), 0.0)
    pos = pos @ Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix().T
    sides = np.ptp(pos, axis=0) * [1.15, 1.05, 1.1]
    fitted = sized(pos, edges, sides, 1.06 * mean_length(pos, edges))
    np.testing.assert_array_equal(np.ptp(fitted, axis=0), sides)
    assert mean_length(fitted, edges) == pytest.approx(1.06 * mean_length(pos, edges), rel=1e-3)
    bends = throughs((fitted, edges))[3]
    assert len(bends) == len(throughs((pos, edges))[3])
    assert np.median(bends) < 1.0 and bends.max() < 6.0


def test_a_web_is_turned_to_where_it_fits():
    pos, edges = chain(1)
    turned = pos @ Rotation.from_euler("xyz", [8, -15, 12], degrees=True).as_matrix().T
    sides, wanted = np.ptp(pos, axis=0), mean_length(pos, edges)
    one, other = (
        np.abs(np.log(np.ptp(p, axis=0) / sides)).sum() for p in (turned, sized(turned, edges, sides, wanted))
    )
    assert other == 0 < one
    moved = sized(turned, edges, sides, wanted) - (pos - (pos.max(0) + pos.min(0)) / 2)
    still = fit_box(turned, sides) - (pos - (pos.max(0) + pos.min(0)) / 2)
    assert np.linalg.norm(moved) < 0.9 * np.linalg.norm(still)


def test_what_fits_is_left_and_what_is_flat_stays_flat():
    pos, edges = chain(2)
    pos -= (pos.max(0) + pos.min(0)) / 2
    np.testing.assert_allclose(sized(pos, edges, np.ptp(pos, axis=0), mean_length(pos, edges)), pos, atol=1e-12)
    flat = pos * [1, 1, 0]
    assert (sized(flat, edges, (20, 30, 0), 1.0)[:, 2] == 0).all()
