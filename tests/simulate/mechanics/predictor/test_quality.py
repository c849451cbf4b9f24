from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.predictor.quality import calibration_error, explained, temperatures


def test_explained_variance():
    truth = np.random.default_rng(0).normal(size=(1000, 3))
    assert explained(truth, truth) == pytest.approx([1, 1, 1])
    assert explained(truth, np.broadcast_to(truth.mean(axis=0), truth.shape)) == pytest.approx([0, 0, 0])
    assert explained(truth, truth + 0.5) == pytest.approx(1 - 0.25 / truth.var(axis=0))


def test_temperature_finds_the_spread_that_was_said_wrong():
    z = np.random.default_rng(1).normal(size=(20_000, 3)) * [0.5, 1.0, 3.0]
    near, far = temperatures(z)
    assert near == pytest.approx([0.25, 1.0, 9.0], rel=0.06)
    assert far == pytest.approx(1.96, rel=0.03)


def test_calibration_error_is_small_for_right_spreads_and_large_for_wrong_ones():
    z = np.random.default_rng(2).normal(size=(20_000, 3)) * [1.0, 2.0, 0.5]
    right, narrow, wide = calibration_error(z)
    assert right < 0.01 and narrow > 0.15 and wide > 0.15
