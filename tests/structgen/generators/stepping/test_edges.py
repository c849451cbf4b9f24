from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.batches import CATEGORIES, Request
from structgen.generators.rows import CERTAIN
from structgen.generators.stepping.edges import clear_row, draw_edges, draw_row
from structgen.generators.stepping.state import Drawn
from structgen.targets import DesignTargets

ASKED = DesignTargets(mean_edge_length=1.0, extents=(4, 4, 4), nodes=8, edges=8, mean_degree=2)
KINDS = CATEGORIES - 1


def empty(places):
    return Drawn.empty(places, Request.of([ASKED]), np.float32([0.1]), np.zeros((1, 2, 3), np.float32))


@pytest.mark.parametrize(("plan", "least", "most"), [(0, 1, 1), (1, 2, 2), (2, 3, 6)])
def test_drawn_rows_keep_to_the_plan(plan, least, most):
    rng = np.random.default_rng(plan)
    for noise in 3 * rng.standard_normal((200, 7)).astype(np.float32):
        parent, row = int(rng.integers(1, 7)), np.empty(7, np.float32)
        draw_row(noise, parent, plan, row)
        assert least <= (row > 0).sum() <= most
        assert row[parent] == CERTAIN
        assert row[0] < 0
        # The rest of the row is in the order of what it was drawn from.
        others = np.array([i for i in range(1, 7) if i != parent])
        chosen, left = others[row[others] > 0], others[row[others] <= 0]
        assert not len(chosen) or not len(left) or noise[chosen].min() > noise[left].max()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("plan", [0, 1, 2])
def test_rows_of_few_places_have_what_there_is(count, plan):
    row = np.empty(count, np.float32)
    draw_row(np.full(count, -1.0, np.float32), count - 1, plan, row)
    assert (row > 0).sum() == (0 if count == 1 else min(1 + plan, count - 1))


def test_struts_that_run_through_others_give_way_to_the_next_best():
    web = empty(5)
    web.pos[0, 1:] = [[1, -1, 0], [1, 1, 0], [2, 0, 0], [0, 1, 0]]
    web.struts[0, 0], web.laid[0] = (1, 2), 1
    row = np.empty(5, np.float32)
    # Place 3 is the best, but the strut from the origin to it runs through the one that is there.
    clear_row(web, 0, np.zeros(3, np.float32), np.float32([0, -3, -4, 5, -2]), 1, 1, row)
    assert np.flatnonzero(row > 0).tolist() == [1, 4]
    clear_row(web, 0, np.float32([0, 0, 1]), np.float32([0, -3, -4, 5, -2]), 1, 1, row)
    assert np.flatnonzero(row > 0).tolist() == [1, 3]


def test_edges_that_close_triangles_are_less_likely_and_kinds_the_likeliest():
    for openness, expected in ((0.0, [1, 2]), (2.0, [1])):
        web = empty(4)
        web.pos[0, 1:3] = [[0, 0, 0], [1, 0, 0]]
        web.kind[0, 1, 2] = web.kind[0, 2, 1] = 3
        out = np.zeros((1, 3, 1 + 2 * KINDS), np.float32)
        out[0, :, 0], out[0, :, 1 + 4] = 1.0, 2.0
        out[0, :, 1 + KINDS + 4] = 0.25
        shape = (1, 4, 4)
        score, silk, thick = np.zeros(shape, np.float32), np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        draw_edges(
            web, 2, np.float32([[0.5, 1, 0]]), np.array([1]), np.array([2 * (len(expected) > 1)]), out,
            np.zeros((1, 3), np.float32), np.zeros((1, 3, KINDS), np.float32), np.zeros((1, 4), np.int64),
            np.array([0]), openness, score, silk, thick,
        )  # fmt: skip
        assert np.flatnonzero(score[0, 3] > 0).tolist() == expected
        assert np.flatnonzero(web.kind[0, 3]).tolist() == expected
        assert score[0, 3, 2] == pytest.approx(1.0 if len(expected) > 1 else -1.0)
        assert (silk[0, 3, :3] == 4).all()
        np.testing.assert_allclose(thick[0, 3, :3], 0.25)
        assert web.laid[0] == len(expected) == web.edges[0]
