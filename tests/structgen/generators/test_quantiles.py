from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from structgen.generators.quantiles import of_sorts, quantiles

LEVELS = np.array([0.05, 0.25, 0.5, 0.95, 1.0])


@given(st.integers(0, 2**20), st.integers(1, 30))
def test_quantiles_are_those_of_numpy(seed, count):
    values = np.random.default_rng(seed).standard_normal(count).round(1)
    np.testing.assert_allclose(quantiles(values, LEVELS, -1.0), np.quantile(values, LEVELS), atol=1e-12)


def test_of_nothing_there_are_none():
    assert quantiles(np.zeros(0), LEVELS, -1.0).tolist() == [-1.0] * 5


@given(st.integers(0, 2**20), st.integers(0, 30))
def test_medians_and_spreads_of_sorts_are_those_of_numpy(seed, count):
    rng = np.random.default_rng(seed)
    values, sort, own = rng.standard_normal(count), rng.integers(0, 3, count), rng.random(count) < 0.7
    middle, spread, counts = of_sorts(values, sort, own, 4)
    for s in range(4):
        its = values[own & (sort == s)]
        assert counts[s] == len(its)
        expected = (np.median(its), its.std()) if len(its) else (np.nan, np.nan)
        np.testing.assert_allclose((middle[s], spread[s]), expected, atol=1e-12)
