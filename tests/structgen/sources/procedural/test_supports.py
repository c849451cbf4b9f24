from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from structgen.sources.procedural.silk import ANCHOR, FRAME
from structgen.sources.procedural.spinning import Spinning
from structgen.sources.procedural.supports import crossings, framed, inside, suspended


@given(seed=st.integers(0, 10**6), count=st.integers(4, 40))
def test_a_frame_is_a_convex_polygon_with_an_anchor_thread_at_each_corner(seed, count):
    spun = Spinning(1.0, 8)
    corners = framed(spun, np.random.default_rng(seed), np.array([40.0, 25.0]), count)
    along = np.roll(corners, -1, axis=0) - corners
    turn = along[:, 0] * np.roll(along[:, 1], -1) - along[:, 1] * np.roll(along[:, 0], -1)
    assert (turn > 0).all()
    assert np.bincount(spun.kind).tolist() == [0, count, 0, 0, 0, 0, 0, count]
    assert spun.degree.tolist() == [3] * count + [1] * count
    assert spun.held.tolist() == [False] * count + [True] * count
    np.testing.assert_allclose((corners / (40, 25)) ** 2 @ [1, 1], 1)


def test_suspended_threads_cross_the_space_above():
    spun = Spinning(1.0, 8)
    suspended(spun, np.random.default_rng(0), 12, np.array([40.0, 25.0]), (30.0, 90.0))
    assert (spun.kind == ANCHOR).all() and len(spun.ends) == 12 and spun.held.all()
    assert spun.pos[:, 2].min() >= 30 and spun.pos[:, 2].max() <= 90
    assert (np.linalg.norm(spun.pos[:, :2] / (40, 25), axis=1) >= 1.1 - 1e-9).all()
    assert FRAME not in spun.kind


def test_lines_enter_and_leave_a_square():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    enters, leaves = inside(square, np.array([[-4.0, 1], [2, 2], [-1, 9]]), np.array([[4.0, 1], [2, 3], [3, 9]]))
    np.testing.assert_allclose(enters[:2], [0.5, -2])
    np.testing.assert_allclose(leaves[:2], [1, 2])


@given(seed=st.integers(0, 10**6))
def test_crossings_are_where_both_segments_are(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.uniform(-5, 5, (2, 12, 2))
    i, j, s, t = crossings(p, q)
    np.testing.assert_allclose(p[i] + s[:, None] * (q - p)[i], p[j] + t[:, None] * (q - p)[j], atol=1e-9)

    def left(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0

    expected = [
        (a, b)
        for a in range(12)
        for b in range(a + 1, 12)
        if left(p[a], q[a], p[b]) != left(p[a], q[a], q[b]) and left(p[b], q[b], p[a]) != left(p[b], q[b], q[a])
    ]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected


def test_parallel_segments_do_not_cross():
    p, q = np.array([[0.0, 0], [0, 1], [0, 0]]), np.array([[4.0, 0], [4, 1], [4, 0]])
    assert [len(part) for part in crossings(p, q)] == [0, 0, 0, 0]
