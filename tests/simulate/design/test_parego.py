from __future__ import annotations

import numpy as np
import pytest

from simulate.design.parego import suggestion


def objectives(places):
    """Two that pull apart along the first direction; how far off the middle of the others is counts for both."""
    off = np.square(places[:, 1:] - 0.5).sum(axis=1)
    return np.column_stack([places[:, 0] + off, 1 - places[:, 0] + off])


def test_it_goes_to_the_front():
    rng = np.random.default_rng(0)
    tried = rng.random((20, 4))
    for _ in range(25):
        new = suggestion(tried, objectives(tried), np.zeros(len(tried)), rng)
        assert new.shape == (4,) and (new >= 0).all() and (new <= 1).all()
        tried = np.vstack([tried, new])
    off = np.square(tried[:, 1:] - 0.5).sum(axis=1)
    assert off[20:].mean() < 0.3 * off[:20].mean()
    assert np.ptp(tried[30:, 0]) > 0.5  # all along it


def test_it_keeps_away_from_what_is_beyond_the_limits():
    rng = np.random.default_rng(1)
    tried = rng.random((40, 2))
    beyond = np.maximum(0.0, tried[:, 0] - 0.3) * 5
    found = [suggestion(tried, objectives(tried), beyond, rng)[0] for _ in range(12)]
    assert np.mean(np.array(found) < 0.4) > 0.8


def test_the_same_generator_gives_the_same_and_equal_scores_are_no_error():
    tried = np.random.default_rng(2).random((5, 3))
    first, again = (suggestion(tried, np.ones((5, 2)), np.zeros(5), np.random.default_rng(3)) for _ in range(2))
    assert first == pytest.approx(again, abs=0)
