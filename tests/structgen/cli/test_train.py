from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from structgen.cli import train as train_command
from structgen.files import sha256
from structgen.generators import load_model, save_model
from structgen.generators.analog import Analog, AnalogConfig
from structgen.generators.store import MODELS
from structgen.training import TrainingPlan

RUN = ["card.json", "checkpoint.pt", "log.jsonl", "weights.safetensors"]


@pytest.fixture
def train(structgen, dataset, tiny_config, monkeypatch):
    """``train("--steps", 2)``: trains the smallest model, on few webs, into the folder run."""
    tiny = dataclasses.asdict(tiny_config)
    monkeypatch.setattr(Analog, "config_type", lambda **sizes: AnalogConfig(**tiny | sizes))
    words = ("train", "analog", "--data", dataset.path, "--batch", 4, "--test-targets", 0, "--seed", 3)
    return lambda *more, **options: structgen(*words, *more, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_writes_weights_card_log_and_checkpoint(train, here, dataset):
    result = train("--steps", 2)
    assert names(here / "run") == RUN
    model = load_model("run/weights.safetensors")
    card = json.loads((here / "run/card.json").read_text())
    assert card["sha256"] == sha256("run/weights.safetensors")
    assert card["parameters"] == sum(p.numel() for p in model.parameters())
    assert card["steps_done"] == 2
    assert card["seed"] == 3
    assert card["command"] == (
        f"structgen train analog --data {dataset.path.name} --steps 2 --batch 4 --learning-rate 0.001 "
        "--warmup 100 --ema 0.998 --precision 32-true --seed 3"
    )
    assert list(card["metrics"]) == ["validation"]
    assert [json.loads(line)["step"] for line in (here / "run/log.jsonl").read_text().splitlines()] == [2]
    assert result.stdout == "run/weights.safetensors: use it with --model run/weights.safetensors\n"
    assert "step 2/2 (100 %)" in result.stderr


def test_same_seed_same_weights_whoever_prepares_the_batches(train, here):
    for folder, workers in (("a", 0), ("b", 0), ("c", 1)):
        train("--steps", 2, "-o", folder, "--workers", workers)
    a, b, c = ((here / folder / "weights.safetensors").read_bytes() for folder in "abc")
    assert a == b == c


def test_the_command_names_the_accelerator_that_rounding_depends_on():
    plan = TrainingPlan(steps=2)
    assert "--accelerator" not in train_command.repeated("analog", "data.npz", plan, None, "cpu")
    assert train_command.repeated("analog", "data.npz", plan, None, "gpu").endswith("--seed 0 --accelerator gpu")


def test_an_interrupted_run_keeps_what_it_has_and_is_resumed_to_the_same_weights(train, here, monkeypatch):
    train("--steps", 4, "-o", "whole")
    from structgen.cli import train as command

    show = command.show

    def interrupt(progress, console):
        show(progress, console)
        if progress.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(command, "show", interrupt)
    result = train("--steps", 4, "-o", "parts", code=130)
    assert result.stderr.splitlines()[-1] == "error: interrupted"
    assert result.stdout == ""
    load_model("parts/weights.safetensors")
    assert json.loads((here / "parts/card.json").read_text())["steps_done"] == 2
    monkeypatch.setattr(command, "show", show)
    train("--steps", 4, "-o", "parts", "--resume")
    assert (here / "parts/weights.safetensors").read_bytes() == (here / "whole/weights.safetensors").read_bytes()


def test_a_model_is_fine_tuned(train, here, tiny_model):
    save_model(tiny_model, here / "start.safetensors")
    train("--steps", 1, "--from", "start.safetensors", "--learning-rate", 1e-5)
    tuned = load_model("run/weights.safetensors")
    assert tuned.config == tiny_model.config
    for name, value in tiny_model.state_dict().items():
        # Rounded to 16 bits.
        assert torch.allclose(tuned.state_dict()[name], value, rtol=6e-4, atol=1e-4)


def test_metrics_on_held_out_targets_go_to_the_card(train, here, monkeypatch):
    from structgen import evaluation

    asked = {}

    def evaluate(model, targets, n, seed):
        asked.update(targets=len(targets), n=n, seed=seed)
        return {"valid": 1.0}

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    report = json.loads(train("--steps", 1, "--test-targets", 2, "--json").stdout)
    assert asked == {"targets": 2, "n": 4, "seed": 3}
    assert report["metrics"] == {"valid": 1.0}
    assert json.loads((here / "run/card.json").read_text())["metrics"]["held out"] == {"valid": 1.0}


def test_without_metrics_the_run_is_still_good(train, here, monkeypatch):
    from structgen import evaluation

    def evaluate(*_):
        raise ValueError("nodes is 70, this model allows 8 to 64")

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    result = train("--steps", 1, "--test-targets", 2, "-q")
    assert result.stderr == (
        "warning: the card has no metrics on held-out targets: nodes is 70, this model allows 8 to 64\n"
    )
    assert names(here / "run") == RUN


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_a_corrupted_checkpoint_is_refused_and_left_alone(train, here, fails, dataset, tiny_config, damage):
    train("--steps", 1)
    content = (here / "run/checkpoint.pt").read_bytes()
    (here / "run/checkpoint.pt").write_bytes(content[: len(content) // 2] if damage is None else damage)
    words = ("--data", dataset.path, "--batch", 4, "--seed", 3, "--steps", 1, "--test-targets", 0)
    fails("train", "analog", *words, "--resume", says="run/checkpoint.pt: not a sound checkpoint")


def test_a_checkpoint_of_another_plan_and_none_are_refused(train, fails, dataset):
    train("--steps", 1)
    words = ("train", "analog", "--data", dataset.path, "--batch", 4, "--seed", 3, "--test-targets", 0, "--resume")
    fails(*words, "--steps", 2, says="was begun with another plan (steps 1, now 2)")
    fails(*words, "-o", "elsewhere", says="elsewhere/checkpoint.pt: no checkpoint to resume from")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--steps", 0), "steps is 0, must be a whole number in 1 to"),
        (("--batch", 1), "batch is 1, must be a whole number in 2 to"),
        (("--learning-rate", "nan"), "learning_rate is nan"),
        (("--from", "missing.safetensors"), "model 'missing.safetensors': no such file"),
        (("--precision", "16"), "'16' is not one of '32-true', 'bf16-mixed'"),
        (("--data", "missing.npz"), "missing.npz: no such file"),
    ],
)
def test_what_cannot_be_trained_is_refused(fails, dataset, words, says):
    fails("train", "analog", "--data", dataset.path, *words, says=says)


def test_a_model_of_another_kind_is_not_fine_tuned(fails, here, dataset, tiny_model):
    save_model(tiny_model, here / "start.safetensors")
    words = ("train", "discrete", "--data", dataset.path, "--from", "start.safetensors")
    fails(*words, says="--from is start.safetensors, a model of the kind analog, not discrete")


def test_there_is_a_command_for_each_model():
    assert list(train_command.MODELS) == list(MODELS)
    assert list(train_command.command.commands) == [*MODELS, "calibration", "mover", "predictor", "preference"]


def test_the_smallest_model_is_small(tiny_config):
    assert tiny_config.width < AnalogConfig().width
