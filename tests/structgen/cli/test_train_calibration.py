from __future__ import annotations

import json

import torch

from structgen.files import sha256
from structgen.generators import load_model


def test_styles_and_critic_are_made_anew_and_the_network_stays(structgen, start, dataset, here):
    words = ("train", "calibration", "--data", dataset.path, "--from", start, "--seed", 3)
    result = structgen(*words, "-o", "one", "--test-targets", 1)
    assert result.stdout == "one/weights.safetensors: use it with --model one/weights.safetensors\n"
    before, after = load_model(start), load_model("one/weights.safetensors")
    for old, new in zip(before.net.parameters(), after.net.parameters(), strict=True):
        torch.testing.assert_close(new, old, atol=1e-3, rtol=1e-3)
    assert len(before.styles.traits) == 40
    assert len(after.styles.traits) == len(dataset.indices("train"))
    assert not before.finish.critic.layers[-1].weight.any()
    assert after.finish.critic.layers[-1].weight.any()
    card = json.loads((here / "one/card.json").read_text())
    assert card["command"] == (
        f"structgen train calibration --data {dataset.path.name} --from start.safetensors --seed 3"
    )
    assert card["sha256"] == sha256(here / "one/weights.safetensors")
    assert card["metrics"]["held out"]["webs"] == 4
    structgen(*words, "-o", "two", "--test-targets", 0)
    assert sha256(here / "two/weights.safetensors") == card["sha256"]


def test_models_that_measure_nothing_are_refused(fails, dataset):
    words = ("train", "calibration", "--data", dataset.path, "--from", "analog")
    fails(*words, says="--from is analog, a model of the kind analog, must be autoregressive")
