from __future__ import annotations

import pytest

from structgen.evaluation.trials import CALL, ask, asked_trial, given_trial
from structgen.targets import DesignTargets


def large_refused(answer, most):
    def checked(target, k):
        if target.nodes > most:
            raise ValueError(f"nodes is {target.nodes}, this model allows {most}")
        return answer(target, k)

    return checked


def test_every_request_is_answered_in_order_and_options_are_handed_on(fake, cube):
    model = fake(lambda target, k: cube.scaled(target.nodes))
    targets = [DesignTargets(nodes=n) for n in range(2, CALL + 6)]
    told = []
    results, reasons = ask(model, targets, 0, lambda done, total: told.append((done, total)), guidance=2.0)
    assert [result.asked.nodes for result in results] == [target.nodes for target in targets]
    assert reasons == []
    assert model.calls == [{"guidance": 2.0}] * 2
    assert told == [(CALL, CALL + 4), (CALL + 4, CALL + 4)]


def test_refused_requests_are_counted_and_the_others_answered(fake, cube):
    model = fake(large_refused(lambda *_: cube, 9))
    results, reasons = ask(model, [DesignTargets(nodes=n) for n in (8, 10, 9)], 0)
    assert [result is None for result in results] == [False, True, False]
    assert reasons == ["nodes is 10, this model allows 9"]


def test_a_trial_leaves_out_the_test_webs_of_refused_requests(fake, small_set, cube):
    model = fake(large_refused(lambda target, _: cube.scaled(target.nodes), 30))
    trial = asked_trial(model, small_set, 30, 1, None)
    assert len(trial.refused) + len(trial.webs) == 30
    assert 0 < len(trial.refused) < 28
    for row, test, result, web in zip(trial.rows, trial.test, trial.results, trial.webs, strict=True):
        assert test == small_set[int(row)]
        assert result.asked == DesignTargets.measure(test)
        assert web is result.web
    with pytest.raises(ValueError, match=r"answered 0 of 30 requests \(nodes is .* allows 2\), at least 2 are needed"):
        asked_trial(fake(large_refused(lambda *_: cube, 2)), small_set, 30, 1, None)


def test_given_webs_meet_test_webs_of_their_sizes(small_set):
    webs = [small_set[k] for k in range(20)]
    trial = given_trial(webs, small_set, 12, 0)
    assert trial.results is None
    assert len(trial.webs) == len(trial.test) == 12
    held = set(small_set.indices("test").tolist())
    assert set(trial.rows.tolist()) <= held
    with pytest.raises(ValueError, match="1 web is too few"):
        given_trial(webs[:1], small_set, 12, 0)
