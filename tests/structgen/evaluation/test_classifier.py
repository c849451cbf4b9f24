from __future__ import annotations

import numpy as np
import pytest

from structgen.evaluation import classifier
from structgen.evaluation.classifier import auc, features, two_sample_auc

pytest.importorskip("sklearn")


@pytest.mark.parametrize("seed", range(4))
def test_features_are_those_of_any_turn_numbering_place_and_size(small_set, copied, seed):
    web = small_set[seed]
    for a, b in zip(features([web]), features([copied(web, seed, scale=3.0)]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert [f.shape for f in features([web])] == [(1, 48), (1, 60)]


def test_two_halves_of_one_set_are_not_told_apart_and_other_webs_are(small_set):
    webs = [small_set[k] for k in range(120)]
    rows = features(webs)[0]
    a, b = rows[::2], rows[1::2]
    alike = two_sample_auc(a, b, np.arange(60), np.arange(60), seed=0)
    assert 0.3 < alike.value < 0.7
    assert alike.low < 0.5 < alike.high
    assert alike == two_sample_auc(a, b, np.arange(60), np.arange(60), seed=0)
    rng = np.random.default_rng(0)
    shaken = [type(web)(rng.random((web.n, 3)), web.edge_index, web.radius, web.kind) for web in webs[::2]]
    assert two_sample_auc(features(shaken)[0], b, np.arange(60), np.arange(60), seed=0).value > 0.97


def test_what_only_tells_groups_apart_is_no_help():
    # Sources of both sets are at random places: a forest that has seen a source knows it again, and nothing else.
    rng = np.random.default_rng(1)
    place = rng.random((40, 4))
    a, b = (np.repeat(some, 4, axis=0) + 1e-3 * rng.standard_normal((80, 4)) for some in (place[:20], place[20:]))
    source = np.repeat(np.arange(20), 4)
    grouped = two_sample_auc(a, b, source, source + 20, seed=0)
    leaking = two_sample_auc(a, b, np.arange(80), np.arange(80, 160), seed=0)
    assert leaking.value > 0.98
    assert grouped.value < 0.75


def test_uneven_folds_do_not_make_like_sets_unlike():
    # Groups of either set alone, of uneven size: scores pooled over folds would fall well below one half.
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 100, 5))
    source_a = np.repeat(np.arange(5), [60, 10, 10, 10, 10])
    source_b = 10 + np.repeat(np.arange(6), [20, 20, 20, 20, 10, 10])
    found = [two_sample_auc(a, b, source_a, source_b, seed).value for seed in range(3)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_few_groups_have_no_auc():
    rows = np.zeros((8, 2))
    assert two_sample_auc(rows, rows, np.arange(8) // 2, np.arange(8) // 2, 0) is None


def test_auc_by_hand():
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5
    assert auc(np.array([0.0, 3.0]), np.array([1.0, 2.0])) == 0.5
    assert auc(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == 0.75


def test_the_number_of_features_is_that_of_the_names(cube):
    # Degree 3 everywhere, no triangles, all lengths alike, all angles 90 degrees.
    row = features([cube])[0][0]
    np.testing.assert_array_equal(row[:8], [0, 0, 1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(row[8:10], [0, 0])
    np.testing.assert_allclose(row[10:20], [1] * 5 + [0.5] * 5)
    assert row[34:44].sum() == pytest.approx(1)
    np.testing.assert_allclose(row[44:], 1)
    np.testing.assert_allclose(features([cube])[1][0, 48:57], [0.25] * 4 + [0] * 5)
    assert classifier.available()
