from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.sources.procedural import settle
from structgen.sources.procedural.settle import UnconnectedError, settled, tensed
from structgen.sources.procedural.silk import ANCHOR, FORCE_DENSITY, FRAME, SHEET, TANGLE, by_kind
from structgen.sources.procedural.spinning import Spinning
from structgen.validity import validity


def spun(pos, ends, kind=SHEET, held=(), max_degree=8):
    pos = np.array(pos, float)
    held = np.isin(np.arange(len(pos)), held)
    ends = np.array(ends)
    return Spinning(0.5, max_degree, pos, ends, np.broadcast_to(kind, len(ends)).copy(), held)


def test_threads_that_touch_get_a_junction():
    # Two anchored threads cross at a distance of 0.15 mm; radius 0.14. A slack thread makes them one web.
    pos = [[-5, 0, 0], [15, 0, 0], [0, -5, 0.15], [0, 15, 0.15], [5, 0, 0], [0, 5, 0.15]]
    web = settled(spun(pos, [[0, 4], [4, 1], [2, 5], [5, 3], [4, 5]], [FRAME] * 4 + [TANGLE], held=range(4)), 0.1)
    assert (web.n, web.m) == (7, 7)
    assert sorted(web.degree.tolist()) == [1, 1, 1, 1, 3, 3, 4]
    assert web.kind.tolist().count(FRAME) == 6


def test_the_lesser_thread_goes_where_an_attachment_point_is_in_the_way():
    # The sheet thread passes the end of the frame thread.
    pos = [[0, 0, 0], [5, 0, 0], [0.05, -5, 0.1], [0.05, 5, 0.1], [9, 4, 0], [9, -4, 0]]
    ends = [[0, 1], [2, 3], [1, 4], [1, 5]]
    web = settled(spun(pos, ends, [FRAME, SHEET, SHEET, SHEET], held=(0, 2, 3, 4, 5)), 0.1)
    assert web.n == 4
    assert sorted(web.kind.tolist()) == [FRAME, SHEET, SHEET]


def test_loose_ends_and_junctions_of_two_like_threads_go():
    pos = [[-9, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 0], [3, 0, 0], [6, 0, 0], [1, 1, 5], [2, 2, 6]]
    ends = [[0, 3], [3, 4], [4, 5], [5, 1], [3, 2], [4, 6], [6, 7]]
    web = settled(spun(pos, ends, held=(0, 1, 2)), 0.1)
    assert (web.n, web.m) == (4, 3)
    np.testing.assert_allclose(web.pos[web.degree == 3][0], [0, 3, 0], atol=1e-12)


def test_silk_that_changes_kind_keeps_its_node():
    pos = [[-9, 0, 0], [9, 0, 0], [0, 0, 0]]
    web = settled(spun(pos, [[0, 2], [2, 1]], [SHEET, TANGLE], held=(0, 1)), 0.1)
    assert (web.n, web.m) == (3, 2)
    # Equal pulls: lengths as the inverses of the force densities.
    sheet, tangle = (web.lengths[web.kind == kind][0] for kind in (SHEET, TANGLE))
    assert tangle / sheet == pytest.approx(FORCE_DENSITY[SHEET] / FORCE_DENSITY[TANGLE])


def test_near_junctions_become_one_with_at_most_the_degree_allowed():
    angle = 2 * np.pi * np.arange(8) / 8 + 0.1
    tips = 10 * np.column_stack([np.cos(angle), np.sin(angle), 0.02 * np.arange(8)])
    pos = np.vstack([tips, [[0.01, 0, 0], [-0.01, 0, 0]]])
    ends = [[k, 8 + k % 2] for k in range(8)] + [[8, 9]]
    for most in (8, 5):
        web = settled(spun(pos, ends, [FRAME, *[ANCHOR] * 7, SHEET], held=range(8), max_degree=most), 1.0)
        assert web.degree.max() == most
        assert web.n == most + 1
        assert FRAME in web.kind


def test_a_part_that_hangs_by_one_thread_goes():
    """It would fall together to a point."""
    ring = [[3, 3, 1], [4, 4, 2], [3, 4, 3]]
    pos = [[-9, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 0], *ring]
    ends = [[0, 3], [1, 3], [2, 3], [3, 4], [4, 5], [5, 6], [4, 6]]
    web = settled(spun(pos, ends, held=(0, 1, 2)), 0.1)
    assert (web.n, web.m) == (4, 3)


def test_threads_without_two_attachment_points_hold_no_web(refused):
    loose = spun(np.random.default_rng(0).random((4, 3)), [[0, 1], [1, 2], [2, 3], [3, 0]], held=(0,))
    with refused("the threads hold no web together"):
        settled(loose, 0.01)
    with pytest.raises(UnconnectedError):
        tensed(loose)


def test_tensed_moves_free_nodes_to_equilibrium_and_splits_nothing():
    web = spun([[-9, 0, 0], [9, 0, 0], [0, 9, 0], [0, -9, 0], [1, 2, 3]], [[k, 4] for k in range(4)], held=range(4))
    tensed(web)
    np.testing.assert_allclose(web.pos[4], 0, atol=1e-12)
    assert len(web.ends) == 4 and web.held.tolist() == [True] * 4 + [False]


@given(seed=st.integers(0, 10**6), rounds=st.sampled_from([0, 2, 20]))
@settings(max_examples=25, deadline=None)
def test_any_heap_of_threads_settles(seed, rounds):
    """Also where no touching threads may be joined, so that one of each pair goes."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(15, 60))
    pairs = rng.integers(n, size=(3 * n, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    pos = rng.uniform(-10, 10, (n, 3)) * (1, 1, rng.uniform(0.01, 1))
    anchors = np.arange(8)
    pairs = pairs[(pairs >= 8).all(axis=1)]
    ends = np.vstack([np.column_stack([anchors, rng.integers(8, n, 8)]), pairs])
    kind = np.r_[np.full(8, ANCHOR), rng.choice([SHEET, TANGLE], len(pairs))]
    radius = float(rng.uniform(0.01, 0.3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settle, "JOINING_ROUNDS", rounds)
        try:
            web = settled(spun(pos, ends, kind, held=anchors, max_degree=6), radius)
        except UnconnectedError:
            return
    assert validity(web, 6).ok
    i, j = web.edge_index
    pull = by_kind(web.kind, FORCE_DENSITY)[:, None] * (web.pos[j] - web.pos[i])
    net = np.zeros_like(web.pos)
    np.add.at(net, i, pull)
    np.add.at(net, j, -pull)
    assert np.abs(net[web.degree > 1]).max(initial=0) < 1e-9 * np.abs(pull).max()
