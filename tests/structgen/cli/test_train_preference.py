from __future__ import annotations

import json

from structgen.generators import load_model

FEW = ("--rounds", 1, "--requests", 4, "--steps", 1, "--batch", 4, "--seed", 3)


def test_a_model_is_taught_and_its_card_tells_how(structgen, start, dataset, here):
    words = ("train", "preference", "--data", dataset.path, "--from", start, *FEW, "-o", "taught")
    result = structgen(*words, "--test-targets", 2)
    assert result.stdout == "taught/weights.safetensors: use it with --model taught/weights.safetensors\n"
    assert "round 1/1, steps 1/1 (100 %)" in result.stderr
    assert load_model("taught/weights.safetensors").name == "autoregressive"
    card = json.loads((here / "taught/card.json").read_text())
    assert card["command"] == (
        f"structgen train preference --data {dataset.path.name} --from start.safetensors --rounds 1 --requests 4 "
        "--steps 1 --batch 4 --learning-rate 0.0001 --ema 0.98 --strength 0.1 --likelihood 1.0 --share 0.5 "
        "--precision 32-true --seed 3"
    )
    assert card["metrics"]["held out"]["webs"] == 8


def test_models_without_a_likelihood_are_refused(fails, dataset):
    words = ("train", "preference", "--data", dataset.path, "--from", "analog", *FEW)
    fails(*words, says="--from is analog, a model of the kind analog, must be autoregressive")


def test_numbers_out_of_range_are_refused(fails, start, dataset):
    words = ("train", "preference", "--data", dataset.path, "--from", start, "--strength", 0)
    fails(*words, says="strength is 0.0, must lie in 1e-06 to 1000.0")


def test_nothing_is_resumed_where_there_is_nothing(fails, start, dataset):
    words = ("train", "preference", "--data", dataset.path, "--from", start, *FEW, "--resume", "-o", "none")
    fails(*words, says="no run to resume")
