from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.gauges import GAUGES, NEAR, gauged, gauges_of
from structgen.generators.traits import SILKS
from structgen.web import WebGraph


def star(kinds, radii):
    """Threads of given silks and radii from one node."""
    pos = np.concatenate([np.zeros((1, 3)), np.eye(len(kinds), 3) + np.arange(len(kinds))[:, None]])
    edges = np.array([[0, k + 1] for k in range(len(kinds))])
    return WebGraph(pos, edges.T, np.array(radii), np.array(kinds))


def test_gauges_are_over_the_commonest_silk_and_the_usual_ones_come_first():
    webs = [star([5, 5, 5, 1], [0.2, 0.2, 0.2, 0.28])] * 3 + [star([5, 5, 5, 1], [0.1, 0.1, 0.1, 0.2])]
    found = np.exp(gauges_of(webs))
    np.testing.assert_allclose(found[5], 1)
    np.testing.assert_allclose(found[1], [1.4, 2.0] + [1.0] * (GAUGES - 2))
    np.testing.assert_allclose(np.delete(found, [1, 5], axis=0), 1)


def test_a_silk_of_many_radii_in_one_web_has_no_gauge():
    assert not gauges_of([star([5, 5, 5, 1, 1], [0.2, 0.2, 0.2, 0.28, 0.4])]).any()


def test_threads_near_a_gauge_get_it_and_others_stay():
    gauges = np.zeros((SILKS, GAUGES))
    gauges[1, :2] = np.log([1.4, 2.0])
    kind = np.array([5, 5, 5, 1, 2])
    near, far = np.log(1.4) + 0.9 * NEAR, 1.5 * NEAR
    log_radius = 0.3 + np.array([0.0, 0.0, 0.0, near, far])
    found = gauged(log_radius, kind, np.ones(5, bool), gauges)
    np.testing.assert_allclose(found - 0.3, [0, 0, 0, np.log(1.4), far])


def test_edges_that_are_none_move_with_their_silk_and_do_not_count():
    gauges = np.zeros((SILKS, GAUGES))
    gauges[1, 0] = 0.5
    kind, own = np.array([5, 5, 1, 1]), np.array([True, True, True, False])
    found = gauged(np.array([0.0, 0.0, 0.52, 9.0]), kind, own, gauges)
    np.testing.assert_allclose(found, [0, 0, 0.5, 8.98])
    assert gauged(np.ones(4), kind, np.zeros(4, bool), gauges) == pytest.approx(np.ones(4))
