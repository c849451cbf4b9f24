from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from structgen.evaluation import classifier, distributions, picture, protocol, report
from structgen.evaluation.comparison import ROWS, radius_ratio, sets_of
from structgen.evaluation.distributions import DISTANCES
from structgen.targets import NAMES, DesignTargets


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Forests of few trees and few draws: intervals and how webs are told apart are tested beside their code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "TREES", 4)
        patch.setattr(classifier, "DRAWS", 10)
        patch.setattr(distributions, "DRAWS", 10)
        yield


@pytest.fixture(scope="module")
def by_targets(small_set):
    """``by_targets("test")``: an answer that looks up the web of a split with exactly the targets asked for."""

    def answer(split):
        known = {DesignTargets.measure(small_set[int(k)]): small_set[int(k)] for k in small_set.indices(split)}
        return lambda target, _: known[target] if target in known else next(iter(known.values()))

    return answer


@pytest.fixture(scope="module")
def perfect(fake, small_set, by_targets):
    """A model that hands out the very test webs that it is compared with."""
    model = fake(by_targets("test"))
    return protocol.evaluated(model, small_set, webs=24, seeds=2, guidance_sweep=(0.0, 2.0), cost_steps=(3,))


def test_test_webs_handed_out_are_perfect(perfect):
    result = perfect.result
    rows = result["distributions"]["rows"]
    assert list(rows) == list(ROWS)
    for name in DISTANCES:
        assert rows["generated"][name]["value"] == pytest.approx(0, abs=1e-9)
    for stage in ("raw", "decoded"):
        for name in NAMES:
            assert result["adherence"][stage][name]["r2"] == pytest.approx(1)
    assert result["validity"]["generated"] == result["validity"]["test"] == result["validity"]["raw"]
    assert result["validity"]["counts_exact"] == 1
    assert result["novelty"]["generated"] == result["novelty"]["test"]
    assert result["memorisation"]["p"] > 0.4
    assert result["protocol"]["webs"] == [24, 24]
    assert result["protocol"]["source_webs"] == {"train": 6, "test": 1}
    json.dumps(result, allow_nan=False)


def test_the_rows_are_in_the_order_of_their_worth(perfect):
    rows = perfect.result["distributions"]["rows"]
    for name in ("length", "angle", "inertia"):
        assert rows["train"][name]["value"] < rows["random"][name]["value"]
    assert perfect.result["distributions"]["ratio"]["train"]["mean_geometry"] == pytest.approx(1)
    assert perfect.result["distributions"]["ratio"]["random"]["mean_geometry"] > 2
    adherence = perfect.result["adherence"]
    assert adherence["random"]["mean_edge_length"]["mape"] > adherence["retrieval"]["mean_edge_length"]["mape"]


def test_sweep_cost_and_requests_past_the_range_are_in_the_result(perfect):
    result = perfect.result
    assert [facts["guidance"] for facts in result["guidance"]] == [0.0, 2.0]
    assert [row["webs_a_call"] for row in result["cost"]] == [1, 16]
    outside = result["adherence"]["outside"]
    assert [facts["refused"] for facts in outside.values()] == [0, 0, 0]
    # A model that knows test webs alone cannot answer these.
    assert outside["nodes"]["decoded"]["nodes"]["mape"] > 0.3


def test_other_test_webs_are_as_far_as_training_webs(fake, small_set):
    rng = np.random.default_rng(0)
    pool = {}
    for k in rng.permutation(small_set.indices("validation")).tolist():
        pool.setdefault(small_set[k].n, []).append(small_set[k])

    def answer(target, _):
        near = min(pool, key=lambda n: (not pool[n], abs(n - target.nodes)))
        return pool[near].pop() if len(pool[near]) > 1 else pool[near][0]

    result = protocol.run(fake(answer), small_set, webs=40, seeds=1)
    assert 0.4 < result["distributions"]["ratio"]["generated"]["mean_geometry"] < 2.5


def test_a_model_that_hands_out_training_webs_is_exposed(fake, small_set, by_targets):
    known = [small_set[int(k)] for k in small_set.indices("train")]
    model = fake(lambda target, k: min(known, key=lambda web: abs(web.n - target.nodes) + abs(web.m - target.edges)))
    result = protocol.run(model, small_set, webs=30, seeds=1)
    assert result["novelty"]["generated"]["novel"] == 0
    assert result["novelty"]["test"]["novel"] == 1
    assert result["memorisation"]["p"] < 1e-6


def test_given_webs_have_no_adherence_and_say_so(small_set, monkeypatch):
    webs = [small_set[int(k)] for k in small_set.indices("validation")[:30]]
    monkeypatch.setattr(classifier, "available", lambda: False)
    result = protocol.run_files(webs, small_set, most=20, seeds=1)
    assert result["adherence"] == {}
    assert "raw" not in result["distributions"]["rows"]
    assert "auc" not in result["distributions"]["rows"]["generated"]
    notes = " ".join(result["protocol"]["notes"])
    assert "adherence and decoding are left out" in notes
    assert "AUC left out: needs scikit-learn" in notes
    text = report.table(result)
    assert "adherence inside" not in text
    assert "scikit-learn" in text
    json.dumps(result, allow_nan=False)


def test_the_table_holds_the_numbers(perfect):
    text = report.table(perfect.result)
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    value = perfect.result["distributions"]["rows"]["random"]["angle"]["value"]
    assert f"{value:.4g}" in lines["W1 junction angle, deg"]
    assert "100.0" in lines["counts as asked"]
    assert lines["mean of the four W1 / train"][-4] == "1.00"
    for word in (
        "leakage: of",
        "past the training range",
        "guidance",
        "CPU seconds a web",
        "novel: no copies",
        "note:",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) < 320


def test_the_picture_is_drawn_for_models_and_for_files(perfect, small_set, tmp_path):
    picture.draw(perfect.trials, tmp_path / "model.png", "a title")
    webs = [small_set[int(k)] for k in small_set.indices("test")[:4]]
    found = protocol.given_trial(webs, small_set, 4, 0)
    picture.draw([found], tmp_path / "files.png")
    sizes = [Image.open(tmp_path / name).size for name in ("model.png", "files.png")]
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] > sizes[1][1]
    picture.draw([found], tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "files.png").read_bytes()


def test_wrong_numbers_are_refused(small_set, fake, refused, cube):
    model = fake(lambda *_: cube)
    with refused("webs is 1"):
        protocol.run(model, small_set, webs=1)
    with refused("seeds 0"):
        protocol.run(model, small_set, seeds=0)


def test_a_web_retrieved_twice_ties_its_places(perfect, small_set):
    sets = sets_of(perfect.trials[0], small_set)
    webs, tied = sets.webs["retrieval"], sets.tied["retrieval"]
    for k, first in enumerate(tied.tolist()):
        assert first <= k
        same = webs[first].n == webs[k].n and np.array_equal(webs[first].edge_index, webs[k].edge_index)
        assert same
    assert sets.tied["generated"].tolist() == sets.places["train"].tolist() == list(range(24))


def test_radius_ratio_is_that_of_the_webs(small_set):
    web = small_set[3]
    assert radius_ratio(small_set, np.array([3])) == pytest.approx(np.median(web.radius) / web.lengths.mean())
