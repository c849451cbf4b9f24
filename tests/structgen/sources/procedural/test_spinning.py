from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from structgen.sources.procedural.silk import ANCHOR, SHEET, TANGLE
from structgen.sources.procedural.spinning import Spinning, _rank


def cross(gap=1.0, max_degree=8):
    """Two anchor threads of 20 mm at right angles, 10 mm apart."""
    spun = Spinning(gap, max_degree)
    node = spun.nodes([[-10, 0, 0], [10, 0, 0], [0, -10, 10], [0, 10, 10]], held=True)
    spun.threads(node[::2], node[1::2], ANCHOR)
    return spun


def length_of(spun, kind):
    a, b = spun.pos[spun.ends[spun.kind == kind].T]
    return np.linalg.norm(b - a, axis=1).sum()


def test_splits_cut_threads_where_asked_and_near_ones_meet():
    spun = cross()
    node = spun.split(np.array([0, 0, 1, 0]), np.array([0.72, 0.31, 0.5, 0.33]))
    assert node[1] == node[3] and len(set(node.tolist())) == 3
    np.testing.assert_allclose(spun.pos[node], [[4.5, 0, 0], [-3.5, 0, 0], [0, 0.5, 10], [-3.5, 0, 0]])
    assert spun.degree.tolist() == [1, 1, 1, 1, 2, 2, 2]
    assert length_of(spun, ANCHOR) == pytest.approx(40)
    assert not spun.held[node].any()


def test_no_thread_lands_on_an_attachment_point_but_on_other_ends():
    spun = cross()
    assert spun.split(np.array([0, 0]), np.array([0.01, 0.99])).tolist() == [-1, -1]
    middle = spun.split(np.array([0]), np.array([0.5]))
    # The end of a piece that is a junction is taken as it is.
    assert spun.split(np.array([0]), np.array([0.999])).tolist() == middle.tolist()


@given(seed=st.integers(0, 10**6))
def test_splits_keep_length_and_make_chains(seed):
    rng = np.random.default_rng(seed)
    spun = cross(gap=rng.uniform(0.3, 3))
    for _ in range(3):
        k = int(rng.integers(1, 12))
        spun.split(rng.integers(len(spun.ends), size=k), rng.random(k))
        assert length_of(spun, ANCHOR) == pytest.approx(40)
        assert spun.degree[~spun.held].tolist() == [2] * (len(spun.pos) - 4)
    a, b = spun.pos[spun.ends.T]
    assert np.linalg.norm(a - b, axis=1).min() > 0.3 * spun.gap


def test_threads_twice_loops_and_past_the_degree_limit_are_left_out():
    spun = Spinning(1.0, 3)
    node = spun.nodes(np.random.default_rng(0).random((6, 3)))
    spun.threads(node[[0, 1, 0, 2]], node[[1, 0, 1, 2]], SHEET)
    assert spun.ends.tolist() == [[0, 1]]
    spun.threads(node[[0, 0, 0]], node[[2, 3, 4]], SHEET)
    assert spun.degree.tolist() == [3, 1, 1, 1, 0, 0]
    spun.threads(node[[2]], node[[0]], SHEET)
    assert len(spun.ends) == 3


def test_threads_hang_from_each_point_to_the_place_nearest_to_its_aim():
    spun = cross()
    spun.hang(np.array([[3.0, 5, 50], [0, -4, -20]]), [ANCHOR], TANGLE, np.array([[3.4, 0, 0], [0, -4.4, 10]]))
    a, b = spun.pos[spun.ends[spun.kind == TANGLE].T]
    np.testing.assert_allclose(a, [[3, 5, 50], [0, -4, -20]])
    np.testing.assert_allclose(b, [[3.5, 0, 0], [0, -4.5, 10]])
    assert spun.held.sum() == 6


def test_tangle_threads_have_the_length_asked_and_land_where_allowed():
    spun = cross(gap=0.5, max_degree=6)
    spun.tangle(np.random.default_rng(1), 200, 9.0, TANGLE, [ANCHOR, TANGLE], [ANCHOR, TANGLE])
    assert (spun.kind == TANGLE).sum() > 150
    assert spun.degree.max() <= 6
    assert spun.degree[spun.held].tolist() == [1] * 4
    only = cross(gap=0.5)
    only.tangle(
        np.random.default_rng(1), 40, 9.0, TANGLE, [ANCHOR], [ANCHOR], weight=lambda at: at[:, 0] + at[:, 1] > 0
    )
    a, b = only.pos[only.ends[only.kind == TANGLE].T]
    assert len(a) > 10
    assert min((a[:, 0] + a[:, 1]).min(), (b[:, 0] + b[:, 1]).min()) > 0
    spans = np.linalg.norm(a - b, axis=1)
    assert spans.min() > 9 / np.exp(1.2) / 1.6 and spans.max() < 9 * np.exp(1.2) * 1.6
    assert 7 < np.median(spans) < 12


def test_tangle_without_a_place_to_start_or_end_spins_nothing():
    spun = cross()
    spun.tangle(np.random.default_rng(0), 50, 9.0, TANGLE, [SHEET], [ANCHOR])
    spun.tangle(np.random.default_rng(0), 50, 9.0, TANGLE, [ANCHOR], [SHEET])
    spun.tangle(np.random.default_rng(0), 50, 9.0, TANGLE, [ANCHOR], [ANCHOR], weight=lambda at: at[:, 2] < -1)
    assert len(spun.ends) == 2


@given(st.lists(st.integers(0, 5), max_size=20))
def test_rank_counts_earlier_equals(values):
    assert _rank(np.array(values, np.int64)).tolist() == [values[:k].count(v) for k, v in enumerate(values)]
