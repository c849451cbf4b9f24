from __future__ import annotations

import json

import numpy as np
import pytest

from simulate.mechanics.predictor import network
from structgen.sources import neighbourhoods
from structgen.sources.procedural import tangle


@pytest.fixture
def data_file(here, monkeypatch):
    """A small data set, and a small network to train on it."""
    whole = network.PredictorConfig
    monkeypatch.setattr("simulate.mechanics.predictor.training.PredictorConfig", lambda: whole(width=8, layers=1))
    small = {"size": (90, 80, 50), "tangle_threads": 150, "supporting_threads": 14, "gumfoot_lines": 10}
    webs = [tangle(seed, **small) for seed in (1, 2, 3)]
    rows = []
    for row in neighbourhoods.sample_neighbourhoods(webs, 200, 5):
        if row[0].n < 30 and sum(other[2] == row[2] for other in rows) < (6, 2, 2)[row[2]]:
            rows.append(row)
    neighbourhoods.write("data.npz", rows, {"seed": 5, "count": len(rows), "webs": 3, "origin": "t", "split_by": "web"})
    return "data.npz"


def test_a_trained_predictor_designs(structgen, here, data_file):
    words = ("train", "predictor", "--data", data_file, "--steps", 3, "--batch", 4, "--workers", 1)
    result = structgen(*words)
    assert result.stdout == "run/weights.safetensors: use it with --predictor run/weights.safetensors\n"
    assert "step 3/3 (100 %)" in result.stderr
    card = json.loads((here / "run/card.json").read_text())
    assert card["command"] == (
        "structgen train predictor --data data.npz --steps 3 --batch 4 --learning-rate 0.002 --ema 0.998 --seed 0"
    )
    assert card["data"]["origin"] == "t" and card["data"]["webs"] == 10
    labels = (here / "run/labels.npz").read_bytes()
    structgen(*words, "--resume")
    assert (here / "run/labels.npz").read_bytes() == labels
    assert np.isfinite(card["metrics"]["test"]["strength"]["R2"])
    structgen(
        "design", "--target", "load=max", "--model", "analog", "--range", "nodes=8..9", "--trials", 1,
        "--predictor", "run/weights.safetensors",
    )  # fmt: skip
    assert (here / "study/front.csv").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "none.npz"), "none.npz: no such file"),
        (("--data", "none.npz", "--steps", 0), "steps is 0, must be a whole number in 1 to 100000000"),
    ],
)
def test_wrong_input_is_one_line(fails, words, message):
    fails("train", "predictor", *words, says=[message])
