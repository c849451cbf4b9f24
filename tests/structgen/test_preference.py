from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from structgen.files import sha256
from structgen.generators import critic, load_model
from structgen.generators.autoregressive import Autoregressive, AutoregressiveConfig
from structgen.generators.finishing import Finish
from structgen.generators.request import TrainingRange
from structgen.preference import PreferencePlan, prefer
from structgen.sources.neighbourhoods import build
from structgen.targets import DesignTargets
from structgen.training import CARD, LOG, WEIGHTS

TINY = AutoregressiveConfig(width=16, edge_width=6, layers=2, heads=2, hidden=8, components=3)
PLAN = PreferencePlan(rounds=2, requests=6, steps=2, batch=8, warmup=1, seed=3)


@pytest.fixture(autouse=True)
def quick_critic(monkeypatch):
    """What is tested here does not hang on how well webs are judged."""
    monkeypatch.setattr(critic, "STEPS", 50)


@pytest.fixture(scope="module")
def learner(dataset):
    torch.manual_seed(0)
    rows = dataset.indices("train")
    model = Autoregressive(TINY, TrainingRange.of(dataset.arrays["targets"][rows], 0.02)).requires_grad_(False)
    model.prepare([dataset[int(k)] for k in rows[:40]])
    with torch.no_grad():
        # A bias towards few edges, as any trained model has.
        model.net.edge.out.bias[0] = -2.0
    return model.eval()


@pytest.fixture
def taught(learner, dataset, tmp_path):
    """``taught("out", resume=True)``: teaches a copy of the model."""

    def teach(name, plan=PLAN, data=dataset, **options):
        return prefer(learner, data, tmp_path / name, plan, **options)

    return teach


def edges_of(some):
    return np.array([float((one.score > 0).sum()) for one in some])


# -- what is learned ---------------------------------------------------------------------------------------


def test_what_is_preferred_becomes_likelier_whatever_it_is(taught, learner, dataset, monkeypatch):
    """Told that webs with the most edges are best, the model draws more of them; fewer, told the opposite."""
    plan = PreferencePlan(
        rounds=1, requests=24, steps=40, batch=24, learning_rate=3e-3, warmup=1, likelihood=0.0, strength=0.3, ema=0.5,
        share=1.0,
    )  # fmt: skip
    monkeypatch.setattr(Finish, "learn_from", lambda finish, choices, webs, seed: None)
    targets = [DesignTargets.measure(dataset[int(k)]) for k in dataset.indices("train")[:12]]
    found = {}
    for sign in (1, -1):
        monkeypatch.setattr(
            Finish, "judged", lambda finish, choice, styles, sign=sign: (choice.drawn, sign * edges_of(choice.drawn))
        )
        model = taught(f"out{sign}", plan)
        drawn = model.choices(targets, np.random.default_rng(0))
        found[sign] = np.mean([edges_of(choice.drawn).mean() for choice in drawn])
    assert found[1] > 1.1 * found[-1], found


def test_the_model_that_was_given_stays_as_it_was(taught, learner):
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    model = taught("out")
    assert all(torch.equal(before[name], value) for name, value in learner.state_dict().items())
    assert any(not torch.equal(before[name], value) for name, value in model.net.state_dict(prefix="net.").items())
    assert not model.training and not any(value.requires_grad for value in model.parameters())


def test_in_the_end_the_model_goes_a_share_of_the_way_to_what_it_became(taught, learner):
    plan = PreferencePlan(**{**vars(PLAN), "rounds": 1, "learning_rate": 1e-2})
    ways = {share: taught(f"out{share}", PreferencePlan(**{**vars(plan), "share": share})) for share in (0.25, 1.0)}
    start, part, end = (dict(model.net.named_parameters()) for model in (learner, ways[0.25], ways[1.0]))
    assert max(float((end[name] - start[name]).abs().max()) for name in start) > 5e-3
    for name, value in start.items():  # rounded to 16 bits, hence the tolerance
        torch.testing.assert_close(part[name], value + 0.25 * (end[name] - value), rtol=2e-3, atol=1e-4)


def test_numbers_of_the_plan_are_checked(refused):
    for options, words in (
        ({"rounds": 0}, "rounds is 0"),
        ({"requests": 1}, "requests is 1"),
        ({"batch": 1}, "batch is 1"),
        ({"strength": 0.0}, "strength is 0.0"),
        ({"likelihood": -1.0}, "likelihood is -1.0"),
        ({"share": 0.0}, "share is 0.0"),
        ({"precision": "8"}, "precision is '8'"),
    ):
        with refused(words):
            PreferencePlan(**options)


# -- files -------------------------------------------------------------------------------------------------


def test_weights_card_and_log_are_written_after_each_round(taught, tmp_path):
    told = []
    taught("out", tell=lambda what, done, total, note: told.append((what, done, total)), command="again")
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted([CARD, LOG, WEIGHTS])
    card = json.loads((out / CARD).read_text())
    assert card["sha256"] == sha256(out / WEIGHTS) and card["command"] == "again"
    assert (card["rounds_done"], card["steps_done"], card["plan"]["requests"]) == (2, 4, 6)
    log = [json.loads(line) for line in (out / LOG).read_text().splitlines()]
    assert [row["round"] for row in log] == [1, 2] and all(row["gain"] > 0 for row in log)
    assert ("round 2/2, webs drawn", 6, 6) in told and ("round 2/2, steps", 2, 2) in told
    # Written in 16 bits where there are many numbers.
    assert isinstance(load_model(out / WEIGHTS), Autoregressive)


def test_same_seed_same_bytes_and_a_run_cut_off_goes_on_to_the_same(taught, tmp_path):
    taught("whole")
    taught("other", PreferencePlan(**{**vars(PLAN), "seed": 4}))

    def interrupt(what, done, total, note):
        if what.startswith("round 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taught("parts", tell=interrupt)
    assert json.loads((tmp_path / "parts" / CARD).read_text())["rounds_done"] == 1
    taught("parts", resume=True)
    whole, parts, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("whole", "parts", "other"))
    assert whole == parts != other
    assert (tmp_path / "whole" / LOG).read_text() == (tmp_path / "parts" / LOG).read_text()


def test_runs_that_do_not_fit_are_not_resumed(taught, refused, learner, dataset, tangle_web, tmp_path):
    with pytest.raises(FileNotFoundError, match="no run to resume"):
        taught("out", resume=True)
    taught("out")
    with refused("another plan"):
        taught("out", PreferencePlan(**{**vars(PLAN), "steps": 3}), resume=True)
    with refused("other data"):
        taught("out", data=build([tangle_web.scaled(1.01)], tmp_path / "other.npz", 80, 5, "a test"), resume=True)
    other = copy.deepcopy(learner)
    other.net.edge.out.bias[0] += 1
    with refused("another model"):
        prefer(other, dataset, tmp_path / "out", PLAN, resume=True)
    card = tmp_path / "out" / CARD
    content = json.loads(card.read_text())
    card.write_text(json.dumps(content | {"sha256": "0"}))
    with refused("does not fit the weights"):
        taught("out", resume=True)
    card.write_text("{")
    with refused("not a sound card"):
        taught("out", resume=True)
