from __future__ import annotations

import pytest

from structgen.evaluation.isomorphism import dataset_codes
from structgen.evaluation.novelty import Training, copies, distances, memorisation, novelty, repeats


@pytest.fixture(scope="module")
def training(small_set):
    rows = small_set.indices("train")
    return Training(small_set, rows, dataset_codes(small_set)[rows])


@pytest.fixture(scope="module")
def test_webs(small_set):
    return [small_set[int(k)] for k in small_set.indices("test")[:40]]


def test_copies_are_counted_at_their_size_and_stretched(small_set, training, test_webs, copied):
    rows = training.rows[:6].tolist()
    same = [copied(small_set[k], k) for k in rows[:3]]
    larger = [copied(small_set[k], k, scale=1.4) for k in rows[3:]]
    webs = [*same, *larger, *test_webs[:6]]
    assert copies(webs, training, "rigid") == 3
    assert copies(webs, training, "fitted") == 6
    found = novelty(webs, training)
    assert (found["copies"], found["stretched_copies"], found["novel"]) == (0.25, 0.5, 0.5)
    assert found["graphs_known"] >= 0.5
    assert found["unique_graphs"] == found["unique_shapes"] == 1


def test_webs_of_the_test_split_are_novel_but_some_small_ones_share_a_graph(training, test_webs):
    found = novelty(test_webs, training)
    assert found["novel"] == 1
    assert 0 < found["graphs_known"] < 0.5


def test_repeats_are_seen_through_turns(test_webs, copied):
    webs = [*test_webs[:4], copied(test_webs[2], 1), copied(test_webs[2], 2)]
    assert repeats(webs) == 2
    assert repeats(test_webs) == 0


def test_a_model_that_hands_out_training_webs_is_exposed(small_set, training, test_webs, copied):
    handed = [copied(small_set[int(k)], int(k), scale=1.2) for k in training.rows[:40]]
    found = memorisation(handed, test_webs, training, seed=0)
    assert found["p"] < 1e-6
    assert found["generated"]["median"] < 1e-4 < 0.1 < found["test"]["q05"]
    honest = memorisation(test_webs[:20], test_webs[20:], training, seed=0)
    assert honest["p"] > 0.01


def test_distances_without_a_training_web_of_the_size_are_left_out(small_set, training, test_webs):
    few = training.rows[:1]
    one = Training(small_set, few, training.codes[:1])
    size = small_set[int(few[0])].n
    webs = [test_webs[0], small_set[int(few[0])]]
    expected = sum(web.n == size for web in webs)
    found, exact = distances(webs, one, budget=None)
    assert len(found) == expected
    assert exact == 1
    assert found[-1] == pytest.approx(0, abs=1e-6)
    assert memorisation(test_webs[:1], webs[1:], Training(small_set, few[:0], one.codes[:0]), 0)["p"] is None
