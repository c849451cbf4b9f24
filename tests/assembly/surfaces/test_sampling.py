import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from assembly.surfaces.sampling import side_by_side, spread


@given(st.integers(0, 1000), st.floats(0.05, 2))
def test_no_two_kept_points_are_near_and_every_other_has_one_near(seed, spacing):
    points = np.random.default_rng(seed).uniform(0, 1, (80, 3))
    kept = spread(points, spacing)
    assert kept[0] == 0
    assert not cKDTree(points[kept]).query_pairs(spacing * (1 - 1e-9))
    assert cKDTree(points[kept]).query(points)[0].max() <= spacing


@given(st.floats(1, 500), st.floats(1, 60), st.floats(0, 0.9), st.booleans())
def test_pieces_cover_a_length_with_the_overlap_asked_for_and_no_more_of_them_than_needed(
    length, size, overlap, closed
):
    middles = side_by_side(length, size, overlap, closed)
    steps = np.diff([*middles, length + middles[0]] if closed else middles)
    np.testing.assert_allclose(steps, steps[:1].repeat(len(steps)), atol=1e-9)
    assert (steps <= size * (1 - overlap) * (1 + 1e-9)).all()
    if len(middles) > 1:
        fewer = length / (len(middles) - 1) if closed else (length - size) / max(len(middles) - 2, 1e-9)
        assert fewer > size * (1 - overlap) * (1 - 1e-6)
        if not closed:
            assert (middles[0], middles[-1]) == pytest.approx((size / 2, length - size / 2))
