from __future__ import annotations

import itertools

import numpy as np
import pytest

from structgen.sources import training_set
from structgen.sources.neighbourhoods import MAX_NODES, MIN_NODES, build, sample_neighbourhoods
from structgen.sources.training_set import ARCHITECTURES, OnTheFly, signed_permutation, source_web, source_webs
from structgen.validity import validity
from structgen.web import KINDS

#: Silk by which each architecture is known.
MARK = {"orb": {"spiral"}, "sheet": {"sheet"}, "tangle": {"gumfoot"}, "tent": {"spiral", "tangle"}}


@pytest.fixture(scope="module")
def webs():
    return source_webs(8, seed=3)


def test_the_four_architectures_in_turn_all_valid(webs):
    for k, web in enumerate(webs):
        silk = {KINDS[kind] for kind in web.kind.tolist()}
        assert MARK[ARCHITECTURES[k % 4]] <= silk
        assert ("tangle" in silk) == (k % 4 > 0)
        assert 250 < web.n < 10_000
        assert validity(web, 8).ok, k
    assert len({(web.n, web.m) for web in webs}) == 8


def test_each_web_depends_on_seed_and_number_alone(webs):
    assert source_web((3, 5)) == webs[5]
    assert source_web((4, 5)) != webs[5]


def test_workers_make_the_same_webs(webs):
    told = []
    assert source_webs(2, 3, workers=2, progress=lambda done, total: told.append((done, total))) == webs[:2]
    assert told == [(1, 2), (2, 2)]


def test_parameters_that_go_badly_together_are_drawn_anew(monkeypatch):
    calls = []

    def fussy(seed, **parameters):
        calls.append(parameters)
        if len(calls) < 3:
            raise ValueError("threads would touch")
        return "a web"

    monkeypatch.setattr(training_set.procedural, "sheet", fussy)
    assert source_web((0, 1)) == "a web"
    assert calls[0] != calls[1] != calls[2]
    monkeypatch.setattr(training_set.procedural, "sheet", lambda seed, **_: (_ for _ in ()).throw(ValueError("never")))
    with pytest.raises(ValueError, match="never"):
        source_web((0, 1))


@pytest.mark.parametrize("count", [0, -1, 1.5, None, True])
def test_refuses_counts(refused, count):
    with refused(f"count is {count}", "whole number >= 1"):
        source_webs(count, 0)


def test_refuses_seeds(refused):
    with refused("seed is -1"):
        source_webs(1, -1)


# -- neighbourhoods on the fly ----------------------------------------------------------------------------


def test_stream_is_what_a_data_set_would_hold(webs):
    stream = OnTheFly(webs, seed=1)
    sampled = [web for web, *_ in sample_neighbourhoods(webs, 12, seed=1)]
    assert list(itertools.islice(stream, 12)) == sampled
    assert stream[7] == sampled[7]
    assert all(MIN_NODES <= web.n <= MAX_NODES and web.is_connected for web in sampled)


def test_splits_share_no_web(webs, tmp_path):
    data = build(webs, tmp_path / "d.npz", 60, 1, "a test")
    for split in ("train", "validation", "test"):
        numbers = list(itertools.takewhile(lambda k: k < 60, OnTheFly(webs, 1, split).numbers()))
        assert numbers == data.indices(split).tolist()
        assert next(iter(OnTheFly(webs, 1, split))) == OnTheFly(webs, 1)[numbers[0]]


def test_augmentation_turns_by_signed_permutations_and_changes_nothing_else(webs):
    plain, turned = OnTheFly(webs, 1), OnTheFly(webs, 1, augment=True)
    changed = 0
    for k in range(12):
        one, two = plain[k], turned[k]
        np.testing.assert_array_equal(one.edge_index, two.edge_index)
        np.testing.assert_allclose(one.lengths, two.lengths)
        np.testing.assert_allclose(sorted(one.extents), sorted(two.extents))
        changed += one != two
        assert turned[k] == two
    assert changed >= 10


def test_all_48_signed_permutations_are_drawn():
    rng = np.random.default_rng(0)
    drawn = {signed_permutation(rng).astype(int).tobytes() for _ in range(1000)}
    assert len(drawn) == 48
    matrix = signed_permutation(rng)
    np.testing.assert_array_equal(matrix @ matrix.T, np.eye(3))


def test_draws_differ(webs):
    """Among 1,500 draws from eight webs hardly any is drawn twice: 200,000 different ones are no matter of storage."""
    seen = {(web, nodes.tobytes()) for _, web, _, nodes in sample_neighbourhoods(webs, 1500, seed=2)}
    assert len(seen) >= 1498


def test_stream_refusals(refused, webs):
    with refused("split is 'dev'", "train, validation, test"):
        OnTheFly(webs, 0, "dev")
    with refused("2 webs cannot be split"):
        OnTheFly(webs[:2], 0)
    with pytest.raises(IndexError, match="must be >= 0"):
        OnTheFly(webs, 0)[-1]
