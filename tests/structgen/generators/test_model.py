from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from structgen.generators.analog import AnalogConfig
from structgen.generators.model import Config, Generated, OutOfRangeWarning
from structgen.generators.tasks import ABREAST, ATTEMPTS, SAMPLE_BATCH
from structgen.targets import DesignTargets
from structgen.validity import validity

TARGET = DesignTargets(nodes=12, mean_degree=2.5, extents=(20, 15, 10))
OTHER = DesignTargets(nodes=20, edges=22, extents=(15, 15, 15))
#: Webs proposed side by side of a whole batch.
FULL = [ABREAST] * (SAMPLE_BATCH // ABREAST)


@pytest.fixture(autouse=True)
def no_warnings():
    """Every warning that a test does not ask for fails it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# -- webs --------------------------------------------------------------------------------------------------


def test_webs_are_valid_and_exact_and_told_of(simple):
    model = simple()
    results = model.generate([TARGET, OTHER], 2, seed=1)
    assert [(one.web.n, one.web.m) for one in results] == [(12, 15), (12, 15), (20, 22), (20, 22)]
    for one, target in zip(results, (TARGET, TARGET, OTHER, OTHER), strict=True):
        assert isinstance(one, Generated)
        assert validity(one.web, model.config.max_degree).ok
        assert tuple(one.web.extents.tolist()) == target.extents
        assert one.filled == ("mean_edge_length",)
        assert one.asked.is_complete
        assert one.outside == ()
        assert one.web.lengths.mean() == pytest.approx(one.asked.mean_edge_length, rel=0.05)
        # What was proposed, before it was decoded: the same nodes, the edges that the proposal itself had.
        assert one.raw[4] == one.web.n
        assert one.raw[5] == one.raw_web.m
        assert one.raw_connected == one.raw_web.is_connected
        assert one.edges_changed >= abs(one.raw_web.m - one.web.m)


def test_sample_is_generate_without_the_rest(simple):
    webs = simple().sample(OTHER, n=3, seed=5)
    assert webs == [one.web for one in simple().generate(OTHER, 3, 5)]


def test_seed_and_number_alone_make_a_web(simple):
    first = simple().sample(TARGET, n=3, seed=2)
    assert simple().sample(TARGET, n=3, seed=2) == first
    # Fewer webs are the first of more, and another seed gives others.
    assert simple().sample(TARGET, n=1, seed=2) == first[:1]
    assert simple().sample([TARGET, OTHER], n=3, seed=2)[:3] == first
    others = simple().sample(TARGET, n=3, seed=3)
    assert all(a != b for a in first for b in others)
    assert first[0] != first[1]


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_seeds_that_are_none_are_refused(refused, simple, seed):
    with refused(f"seed is {seed!r}", "whole number >= 0"):
        simple().generate(TARGET, seed=seed)


def test_webs_come_in_batches_and_progress_is_told(simple):
    model, told = simple(), []
    results = model.generate(TARGET, SAMPLE_BATCH + 3, progress=lambda done, total: told.append((done, total)))
    assert len(results) == SAMPLE_BATCH + 3
    assert [len(asks) for asks, _, _ in model.calls] == [*FULL, 3]
    assert told == [(SAMPLE_BATCH, SAMPLE_BATCH + 3), (SAMPLE_BATCH + 3, SAMPLE_BATCH + 3)]


def test_radius_is_the_median_asked_for(simple):
    for radius in (0.05, 0.2):
        web = simple().generate(TARGET, radius=radius)[0].web
        assert np.median(web.radius) == pytest.approx(radius, rel=0.2)
    one = simple().generate(TARGET)[0]
    assert np.median(one.web.radius) == pytest.approx(0.02 * one.asked.mean_edge_length, rel=0.2)


def test_steps_and_guidance_reach_the_network(simple):
    model = simple()
    model.generate(TARGET)
    model.generate(TARGET, steps=7, guidance=0)
    model.generate(TARGET, guidance=20)
    assert [call[1:] for call in model.calls] == [(3, 1.0), (7, 0), (3, 20)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 0}, "n is 0, must be at least 1"),
        ({"radius": 0}, "radius is 0, must be a number > 0 in mm"),
        ({"radius": -0.1}, "radius is -0.1, must be a number > 0"),
        ({"radius": np.inf}, "radius is inf, must be a number > 0"),
        ({"radius": np.nan}, "radius is nan, must be a number > 0"),
        ({"guidance": -0.5}, "guidance is -0.5, must lie in 0 to 20"),
        ({"guidance": 20.5}, "guidance is 20.5, must lie in 0 to 20"),
        ({"guidance": np.nan}, "guidance is nan, must lie in 0 to 20"),
        ({"steps": 0}, "steps is 0, must be at least 1"),
    ],
)
def test_options_out_of_range_are_refused_before_the_network_is_asked(refused, simple, options, words):
    model = simple()
    with refused(words):
        model.generate(TARGET, **options)
    assert model.calls == []


# -- out of range ------------------------------------------------------------------------------------------


def test_out_of_range_is_warned_of_once_a_request_with_what_was_reached(simple):
    far = DesignTargets(1.0, (20, 15, 10), 12, 15)
    few = DesignTargets(nodes=5, mean_degree=2.0, extents=(20, 15, 10))
    model = simple()
    with pytest.warns(OutOfRangeWarning) as caught:
        results = model.generate([far, TARGET, few], 3)
    assert len(caught) == 2
    length, nodes = (str(warning.message) for warning in caught)
    # What was asked, what it was trained on, what came of it.
    found = re.fullmatch(
        r"mean_edge_length is 1 mm, trained on (\S+) to (\S+) mm for 12 nodes in a box of 20 x 15 x 10 mm: "
        r"reached mean_edge_length (\S+) for 1",
        length,
    )
    assert found, length
    low, high, reached = map(float, found.groups())
    assert 1 < low < high
    assert reached == pytest.approx(np.median([one.web.lengths.mean() for one in results[:3]]), rel=1e-3)
    assert nodes.startswith("nodes is 5, trained on 8 to 32: ")
    assert "nodes 5" not in nodes.partition(": ")[2]
    # Both are here, in the caller's file.
    assert {warning.filename for warning in caught} == {__file__}
    assert [one.outside != () for one in results] == [True] * 3 + [False] * 3 + [True] * 3
    for one in results:
        assert validity(one.web, model.config.max_degree).ok
    assert [(one.web.n, one.web.m) for one in results[6:]] == [(5, 5)] * 3


def test_the_network_is_told_the_nearest_that_it_was_trained_on(simple):
    model = simple()
    with pytest.warns(OutOfRangeWarning, match="mean_degree is 6, trained on 1.* to 3"):
        one = model.generate(DesignTargets(nodes=20, mean_degree=6, extents=(15, 15, 15)))[0]
    [ask] = model.calls[0][0]
    assert ask.target.mean_degree == pytest.approx(model.range.rows[:, 6].max(), abs=0.1)
    assert ask.target.nodes == 20
    assert one.asked.mean_degree == 6
    # As many edges as greed finds, at most those asked for.
    assert ask.target.edges < one.web.m <= 60


# -- proposals that fail -------------------------------------------------------------------------------------


def test_a_proposal_that_cannot_be_decoded_is_made_again(simple):
    model = simple(empty=lambda call: call < 2)
    [one] = model.generate(TARGET, seed=4)
    assert len(model.calls) == 3
    assert validity(one.web, model.config.max_degree).ok
    assert (one.web.n, one.web.m) == (12, 15)
    # By other random numbers than at first.
    assert one.web != simple().generate(TARGET, seed=4)[0].web


def test_only_what_failed_is_made_again_and_the_order_is_kept(simple):
    model = simple(empty=lambda call: call == 0)
    results = model.generate([TARGET] * (SAMPLE_BATCH) + [OTHER], seed=4)
    assert [len(asks) for asks, _, _ in model.calls] == [*FULL, ABREAST, 1]
    assert [one.web.n for one in results] == [12] * SAMPLE_BATCH + [20]


def test_where_all_proposals_fail_the_request_is_refused(refused, simple):
    model = simple(empty=lambda call: True)
    with refused("targets {", "'nodes': 12", f"in {ATTEMPTS} attempts; ask for fewer edges or thinner struts"):
        model.generate(TARGET)
    assert len(model.calls) == ATTEMPTS


def test_out_of_range_the_last_attempt_takes_what_was_not_proposed(simple):
    model = simple(empty=lambda call: True)
    with pytest.warns(OutOfRangeWarning, match=r"nodes is 5, .* reached|all reached"):
        [one] = model.generate(DesignTargets(nodes=5, mean_degree=2.0, extents=(20, 15, 10)))
    assert len(model.calls) == ATTEMPTS
    assert validity(one.web, model.config.max_degree).ok
    assert one.raw_web is None
    assert not one.raw_connected
    assert np.isnan(one.raw[0])
    assert one.raw[5] == 0


# -- configuration -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (Config, {"max_degree": 1}, "max_degree is 1, must be a whole number in 2 to 64"),
        (Config, {"max_degree": 8.0}, "max_degree is 8.0, must be a whole number"),
        (Config, {"max_degree": True}, "max_degree is True"),
        (Config, {"drop_condition": 1.5}, "drop_condition is 1.5, must lie in 0 to 1"),
        (Config, {"drop_condition": "0"}, "drop_condition is '0'"),
        (AnalogConfig, {"max_degree": 65}, "max_degree is 65, must be a whole number in 2 to 64"),
    ],
)
def test_configurations_out_of_their_limits_are_refused(refused, kind, values, words):
    with refused(words):
        kind(**values)


def test_a_configuration_makes_its_model_again(tiny_model):
    again = type(tiny_model)(tiny_model.config_type(**tiny_model.config_dict()), tiny_model.range)
    assert again.config == tiny_model.config
    assert {k: v.shape for k, v in again.state_dict().items()} == {
        k: v.shape for k, v in tiny_model.state_dict().items()
    }
