from __future__ import annotations

import numpy as np

from structgen.generators.laid import Laid


def test_struts_that_run_through_laid_ones_are_found():
    # Two webs alike but for the clearance asked for: a strut along x from place 1 to place 2.
    laid = Laid(4, np.array([0.1, 1.5]))
    for place, x in ((1, 0.0), (2, 2.0)):
        joined = np.zeros((2, place), bool)
        joined[:, 1:] = True
        laid.lay(joined, place, np.array([[x, 0.0, 0.0]] * 2))
    laid.lay(np.zeros((2, 3), bool), 3, np.array([[1.0, -1.0, 0.0]] * 2))
    across, past = np.array([[1.0, 1.0, 0.0]] * 2), np.array([[1.0, -3.0, 0.0]] * 2)
    assert laid.crossed(across, np.array([3, 3])).tolist() == [True, True]
    assert laid.crossed(past, np.array([3, 3])).tolist() == [False, True]
    # Of a strut to a place those that end there are not asked.
    assert laid.crossed(across, np.array([1, 2])).tolist() == [False, False]


def test_nothing_laid_is_in_no_way_and_room_is_made():
    laid = Laid(2, np.array([0.1]))
    assert laid.crossed(np.zeros((1, 3)), np.array([0])).tolist() == [False]
    laid = Laid(12, np.array([0.1]))
    for place in range(1, 12):
        joined = np.ones((1, place), bool)
        joined[:, 0] = False
        laid.lay(joined, place, np.random.default_rng(place).standard_normal((1, 3)))
    assert laid.count.tolist() == [11 * 10 // 2]
    assert laid.ends.shape[1] >= 55
