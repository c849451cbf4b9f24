from __future__ import annotations

import json

import numpy as np
import pytest

from simulate.mechanics.predictor.network import PredictorConfig
from simulate.mechanics.predictor.predict import predictions
from simulate.mechanics.predictor.store import load_predictor
from simulate.mechanics.predictor.training import PredictorPlan, train_predictor

SMALL, SPLIT = PredictorConfig(width=8, layers=1), np.array([0] * 8 + [1, 1, 2, 2])


def test_a_run_writes_labels_weights_card_log_and_checkpoint(webs, tmp_path):
    losses = []
    train_predictor(
        webs, SPLIT, tmp_path, PredictorPlan(steps=60, batch=8, seed=3), config=SMALL, validate_every=20,
        data={"origin": "lattices"}, command="as it was",
        report=lambda progress: losses.append(progress.loss) if progress.what == "step" else None,
    )  # fmt: skip
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert {path.name for path in tmp_path.iterdir()} == {
        "labels.npz", "checkpoint.pt", "weights.safetensors", "card.json", "log.jsonl"
    }  # fmt: skip
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["steps_done"] == 60 and card["command"] == "as it was" and card["data"]["origin"] == "lattices"
    assert sum(card["data"]["tests"].values()) <= 36
    assert set(card["metrics"]["test"]) == {"tests", "stiffness", "strength", "toughness"}
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [20, 40]
    network = load_predictor(tmp_path / "weights.safetensors")
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert (network.temperature != 1).any()
    assert all(np.isfinite(one.median).all() for one in predictions(webs, "x", network))


def test_an_interrupted_run_is_resumed_to_the_same_weights(webs, tmp_path):
    plan = PredictorPlan(steps=6, batch=4)
    train_predictor(webs, SPLIT, tmp_path / "whole", plan, config=SMALL)

    def interrupt(progress):
        if progress.what == "step" and progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_predictor(webs, SPLIT, tmp_path / "parts", plan, config=SMALL, report=interrupt)
    assert json.loads((tmp_path / "parts/card.json").read_text())["steps_done"] == 3
    train_predictor(webs, SPLIT, tmp_path / "parts", plan, config=SMALL, resume=True)
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_runs_that_cannot_be(webs, tmp_path, refused):
    with refused("split has shape (3,), must be (12,)"):
        train_predictor(webs, SPLIT[:3], tmp_path, PredictorPlan(steps=1))
    with refused("none of the split validation"):
        train_predictor(webs, np.where(SPLIT == 1, 0, SPLIT), tmp_path, PredictorPlan(steps=1))
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
        train_predictor(webs, SPLIT, tmp_path, PredictorPlan(steps=1), config=SMALL, resume=True)
    train_predictor(webs, SPLIT, tmp_path, PredictorPlan(steps=1), config=SMALL)
    with refused("was begun with seed 0, now 1"):
        train_predictor(webs, SPLIT, tmp_path, PredictorPlan(steps=1, seed=1), config=SMALL, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"junk")
    with refused("not a sound checkpoint"):
        train_predictor(webs, SPLIT, tmp_path, PredictorPlan(steps=1), config=SMALL, resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps is 0, must be a whole number in 1"), ({"beta": 2.0}, "beta is 2.0, must lie in 0.0 to 1.0")],
)
def test_plans_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        PredictorPlan(**options)
