from __future__ import annotations

import itertools

import numpy as np
import pytest

from structgen.evaluation.matching import AXES, SIGNS, Shapes, bounds, dataset_shapes, near, nearest, paired
from structgen.web import WebGraph


def brute(a, b, fitted):
    """The distance by every pairing of every turn."""
    a = a - a.mean(0)
    best = np.inf
    for axes in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            turned = b[:, axes] * signs
            if fitted:
                turned = turned * (np.ptp(a, axis=0) / np.ptp(turned, axis=0))
            turned = turned - turned.mean(0)
            for order in itertools.permutations(range(len(a))):
                best = min(best, np.square(a - turned[list(order)]).sum(1).mean())
    return np.sqrt(best)


def test_there_are_48_symmetries():
    matrices = np.stack([np.eye(3)[axes] * signs[:, None] for axes, signs in zip(AXES, SIGNS, strict=True)])
    assert len(np.unique(matrices, axis=0)) == 48
    np.testing.assert_array_equal(np.abs(np.linalg.det(matrices)), np.ones(48))


@pytest.mark.parametrize("frame", ["rigid", "fitted"])
def test_the_nearest_is_that_of_trying_everything(frame):
    rng = np.random.default_rng(3)
    pos, others = rng.random((5, 3)) * [3, 2, 1], rng.random((4, 5, 3)) * [2, 2, 3]
    shapes = Shapes.of(others, np.arange(4) + 10, frame)
    expected = [brute(pos, other, frame == "fitted") for other in others]
    found = nearest(pos, shapes)
    assert found.exact
    assert found.row == 10 + int(np.argmin(expected))
    assert found.distance == pytest.approx(min(expected))


@pytest.mark.parametrize("frame", ["rigid", "fitted"])
def test_bounds_are_below_the_distance_of_every_turn(frame):
    rng = np.random.default_rng(4)
    pos, others = rng.random((9, 3)), rng.random((3, 9, 3))
    shapes = Shapes.of(others, np.arange(3), frame)
    least = bounds(pos, shapes)
    assert least.shape == (3, 48)
    scale = np.ptp(pos, axis=0) if frame == "fitted" else np.ones(3)
    for k, way in itertools.product(range(3), range(48)):
        reached = paired(pos - pos.mean(0), scale, shapes.points[k], way)
        assert 0 <= least[k, way] <= reached + 1e-12
    assert least.max() > 0.01


@pytest.mark.parametrize("seed", range(6))
def test_a_copy_is_found_whatever_its_turn_and_numbering(small_set, copied, seed):
    rows = np.arange(500)
    k = 17 * seed
    web = small_set[k]
    same, larger = copied(web, seed), copied(web, seed, scale=1.7)
    for made, frame, found in (
        (same, "rigid", True), (same, "fitted", True), (larger, "rigid", False), (larger, "fitted", True),
    ):  # fmt: skip
        ((_, shapes),) = dataset_shapes(small_set, rows, frame, [web.n])
        assert (k in near(made.pos, shapes, 0.02 * made.lengths.mean())) is found
        closest = nearest(made.pos, shapes)
        assert (closest.row == k and closest.distance < 1e-4) is found


def test_near_ends_at_its_distance(small_set):
    web = small_set[5]
    step = np.zeros((web.n, 3))
    step[0] = [0.3, 0, 0]
    moved = web.pos + step
    # One node moved by d: d / sqrt(n) over all, less what moving the mean along takes off.
    expected = 0.3 * np.sqrt((1 - 1 / web.n) / web.n)
    ((_, shapes),) = dataset_shapes(small_set, np.array([5]), "rigid", [web.n])
    assert near(moved, shapes, 1.001 * expected).tolist() == [5]
    assert near(moved, shapes, 0.999 * expected).tolist() == []
    assert nearest(moved, shapes).distance == pytest.approx(expected, rel=1e-4)


def test_a_search_cut_short_says_so_and_is_no_nearer(small_set):
    rows = np.arange(1, 500)
    web = small_set[0]
    ((_, shapes),) = dataset_shapes(small_set, rows, "fitted", [web.n])
    whole, short = nearest(web.pos, shapes), nearest(web.pos, shapes, budget=1)
    assert whole.exact and not short.exact
    assert short.distance >= whole.distance > 0


def test_flat_webs_fit_to_flat_boxes(copied):
    rng = np.random.default_rng(0)
    pos = np.column_stack([rng.random((6, 2)), np.zeros(6)])
    web = WebGraph.from_edges(pos, [(k, k + 1) for k in range(5)])
    shapes = Shapes.of(web.pos[None], np.array([3]), "fitted")
    assert nearest(copied(web, 2).pos, shapes).distance == pytest.approx(0, abs=1e-7)
