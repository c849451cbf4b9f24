from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys

import pytest
import torch

from structgen import training as training_module
from structgen.files import sha256
from structgen.generators import load_model
from structgen.generators.analog import Analog, AnalogConfig
from structgen.sources.neighbourhoods import build
from structgen.targets import DesignTargets
from structgen.training import CARD, CHECKPOINT, LOG, WEIGHTS, TrainingPlan
from structgen.training import train as trained

PLAN = TrainingPlan(steps=8, batch=4, seed=3, warmup=2)


class Halt:
    """A report that stands for Ctrl-C after a number of steps, and keeps what was reported."""

    def __init__(self, after):
        self.after, self.seen = after, []

    def __call__(self, progress):
        self.seen.append(progress)
        if progress.step == self.after:
            raise KeyboardInterrupt


@pytest.fixture
def train(dataset, tiny_config, tmp_path):
    """`structgen.training.train` of the tiny model for `PLAN` into a folder; until a step where one is named."""

    def run(folder, *, until=None, plan=PLAN, data=dataset, **options):
        halt = Halt(until)
        options = {"config": tiny_config, "report": halt} | options
        model = options.pop("start", "analog")
        if until is None:
            return trained(model, data, tmp_path / folder, plan, **options)
        with pytest.raises(KeyboardInterrupt):
            trained(model, data, tmp_path / folder, plan, **options)
        return load_model(tmp_path / folder / WEIGHTS)

    return run


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def checkpoint(folder):
    return torch.load(folder / CHECKPOINT, weights_only=True)


# -- the same bits ---------------------------------------------------------------------------------------------


def test_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(train, tmp_path):
    whole = train("whole")
    half = train("halves", until=4)
    assert not equal(half, whole)
    assert checkpoint(tmp_path / "halves")["step"] == 4
    assert equal(train("halves", resume=True), whole)
    for name in (WEIGHTS, CARD):
        assert (tmp_path / "halves" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    states = [checkpoint(tmp_path / folder) for folder in ("whole", "halves")]
    for part in ("model", "average"):
        for a, b in zip(*(state[part].values() for state in states), strict=True):
            assert torch.equal(a, b)
    rows = [[json.loads(line) for line in (tmp_path / f / LOG).read_text().splitlines()] for f in ("whole", "halves")]
    assert rows[0] == rows[1]


def test_interrupted_at_every_step_it_still_ends_with_the_same_bits(train):
    whole = train("whole")
    for step in range(1, 8):
        train("steps", until=step, resume=step > 1)
    assert equal(train("steps", resume=True), whole)


def test_same_plan_same_bits_another_seed_others(train, tmp_path):
    train("one"), train("two"), train("other", plan=dataclasses.replace(PLAN, seed=4))
    one, two, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_ctrl_c_inside_a_step_waits_for_its_end(train, tmp_path, monkeypatch):
    """A signal amid the optimiser's update must not leave weights that belong to no step."""
    plain, calls = torch.optim.AdamW.step, []

    def struck(self, *args, **kwargs):
        calls.append(None)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return plain(self, *args, **kwargs)

    # A shell starts what runs in its background with the signal ignored.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(torch.optim.AdamW, "step", struck)
            with pytest.raises(KeyboardInterrupt):
                train("struck")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert checkpoint(tmp_path / "struck")["step"] == 3
    assert equal(train("struck", resume=True), train("whole"))


# -- what is written -----------------------------------------------------------------------------------------------


def test_interrupt_leaves_weights_checkpoint_and_card(train, tmp_path):
    half = train("out", until=2)
    assert half.sample(DesignTargets(nodes=9), seed=0)[0].n == 9
    card = json.loads((tmp_path / "out" / CARD).read_text())
    assert card["sha256"] == sha256(tmp_path / "out" / WEIGHTS)
    assert (card["steps_done"], card["plan"]["steps"]) == (2, 8)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([CARD, CHECKPOINT, WEIGHTS])


def test_interrupt_before_the_first_step_leaves_a_model_too(train, tmp_path, monkeypatch):
    def halt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Analog, "batch", halt)
        with pytest.raises(KeyboardInterrupt):
            train("out")
    assert checkpoint(tmp_path / "out")["step"] == 0
    assert equal(train("out", resume=True), train("whole"))


def test_card_tells_what_is_needed_to_train_again(train, dataset, tiny_config, tmp_path):
    model = train("out", command="structgen train --steps 8")
    card = json.loads((tmp_path / "out" / CARD).read_text())
    assert card["sha256"] == sha256(tmp_path / "out" / WEIGHTS)
    assert card["config"] == dataclasses.asdict(tiny_config)
    assert card["plan"] == dataclasses.asdict(PLAN)
    assert card["data"] == json.loads(json.dumps(dataset.info()))
    assert card["command"] == "structgen train --steps 8"
    assert card["parameters"] == sum(value.numel() for value in model.parameters())
    assert set(card["metrics"]["validation"]) == {"total", "position", "edge", "kind", "radius"}
    assert equal(load_model(tmp_path / "out" / WEIGHTS), model)


def test_returned_model_is_ready_to_sample(train):
    model = train("out")
    assert not model.training
    assert not any(value.requires_grad for value in model.parameters())
    assert model.sample(DesignTargets(nodes=10), n=2, seed=1)[1].n == 10


def test_reports_and_log(train, tmp_path):
    halt = Halt(after=None)
    train("out", report=halt, validate_every=3)
    assert [(p.step, p.steps) for p in halt.seen] == [(k, 8) for k in range(1, 9)]
    assert [p.step for p in halt.seen if p.validation] == [3, 6, 8]
    assert all(math.isfinite(p.losses["total"]) and p.seconds > 0 for p in halt.seen)
    rows = [json.loads(line) for line in (tmp_path / "out" / LOG).read_text().splitlines()]
    assert [row["step"] for row in rows] == [3, 6, 8]
    assert rows[-1]["validation"] == halt.seen[-1].validation
    card = json.loads((tmp_path / "out" / CARD).read_text())
    assert card["metrics"]["validation"] == rows[-1]["validation"]
    # A new run in the same folder begins its log anew.
    train("out", validate_every=4)
    assert [json.loads(line)["step"] for line in (tmp_path / "out" / LOG).read_text().splitlines()] == [4, 8]


def test_card_of_an_interrupted_run_has_the_validation_of_its_last_step(train, tmp_path):
    train("one", until=5, validate_every=2)
    train("two", until=5, validate_every=100)
    one, two = (json.loads((tmp_path / name / CARD).read_text())["metrics"] for name in ("one", "two"))
    assert one == two


def test_checkpoints_are_written_meanwhile(train, tmp_path):
    steps = []

    def look(progress):
        steps.append(checkpoint(tmp_path / "out")["step"])

    train("out", report=look, checkpoint_seconds=0.0)
    assert steps == list(range(1, 9))


def test_the_averaged_model_is_calibrated_on_training_webs_when_all_steps_are_done(train, dataset, monkeypatch):
    seen = []
    monkeypatch.setattr(Analog, "calibrate", lambda model, webs, seed: seen.append((webs, seed)))
    train("out", until=5)
    assert seen == []
    train("out")
    (webs, seed), training = seen[0], [dataset[int(k)] for k in dataset.indices("train")]
    assert seed == PLAN.seed and len(webs) == PLAN.steps // 2
    assert all(any(web == other for other in training) for web in webs)


def test_a_model_is_prepared_with_training_webs_before_the_first_step(train, dataset, monkeypatch):
    seen = []
    monkeypatch.setattr(Analog, "prepare", lambda model, webs: seen.append(webs))
    train("none", until=1)
    assert not seen, "it keeps nothing"
    monkeypatch.setattr(Analog, "keeps", 7)
    train("out", until=1)
    train("again", until=1)
    training = [dataset[int(k)] for k in dataset.indices("train")]
    assert len(seen) == 2 and len(seen[0]) == 7
    assert all(any(web == other for other in training) for web in seen[0])
    assert seen[0] == seen[1], "the same seed"
    monkeypatch.setattr(Analog, "keeps", 10**6)
    monkeypatch.setattr(training_module, "KEPT_A_STEP", 2)
    train("short", until=1)
    assert len(seen[2]) == 2 * PLAN.steps < len(training), "a short training begins soon"


def test_training_lowers_the_loss(train, tmp_path):
    losses = []
    for steps in (1, 60):
        train("out", plan=TrainingPlan(steps=steps, batch=8, warmup=5, learning_rate=5e-3))
        losses.append(json.loads((tmp_path / "out" / CARD).read_text())["metrics"]["validation"]["total"])
    assert losses[1] < 0.9 * losses[0], losses


def test_fine_tuning_begins_with_the_weights_and_the_sizes_of_another_model(train, tiny_model, tmp_path):
    plan = TrainingPlan(steps=1, batch=4, learning_rate=1e-8, weight_decay=0.0)
    tuned = train("out", plan=plan, start=tiny_model, config=None)
    assert tuned.config == tiny_model.config
    for a, b in zip(tuned.parameters(), tiny_model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=6e-4, atol=1e-6)  # rounded to 16 bits
    assert all(value.requires_grad for value in tiny_model.parameters())


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.fixture
def begun(train, tmp_path):
    """The folder of an interrupted run, with all its bytes."""
    train("out", until=2)
    folder = tmp_path / "out"
    return folder, {path.name: path.read_bytes() for path in folder.iterdir()}


def test_resuming_with_another_plan_data_or_model_is_refused(refused, train, begun, tangle_web, tmp_path):
    folder, content = begun
    other = build([tangle_web.scaled(1.01)], tmp_path / "other.npz", 80, 5, "a test")
    small = AnalogConfig(width=16, edge_width=8, layers=2, heads=2, neighbours=8, candidates=9)
    for options, words in (
        ({"plan": dataclasses.replace(PLAN, steps=9)}, ("another plan", "steps 8, now 9")),
        ({"plan": dataclasses.replace(PLAN, seed=0, batch=2)}, ("another plan", "seed 3, now 0", "batch 4, now 2")),
        ({"data": other}, ("other data", "other.npz")),
        ({"config": small}, ("another model", "candidates 10, now 9")),
        ({"config": AnalogConfig(width=32)}, ("another model", "width 16, now 32")),
    ):
        with refused(str(folder / CHECKPOINT), *words):
            train("out", resume=True, **options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == content


def test_damaged_checkpoints_are_refused_and_nothing_is_overwritten(refused, train, begun):
    folder, content = begun
    whole = content[CHECKPOINT]
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 255
    state = checkpoint(folder)
    for bad in (
        b"", b"hello", whole[:100], whole[: len(whole) // 2], whole[:-30],
        [1, 2], {}, state | {"plan": "{"}, state | {"plan": "5"}, state | {"data": "[]"}, state | {"config": None},
        state | {"step": "x"}, state | {"step": -1}, state | {"step": 99},
        state | {"model": {}}, state | {"average": {"extra": torch.ones(1)}}, state | {"optimizer": {}},
    ):  # fmt: skip
        if isinstance(bad, bytes):
            (folder / CHECKPOINT).write_bytes(bad)
        else:
            torch.save(bad, folder / CHECKPOINT)
        damaged = (folder / CHECKPOINT).read_bytes()
        with refused(str(folder / CHECKPOINT)):
            train("out", resume=True)
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == content | {CHECKPOINT: damaged}


class Bomb:
    """Unpickling this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_checkpoint_with_code_in_it_is_refused_without_running_it(refused, train, begun, tmp_path):
    torch.save(checkpoint(begun[0]) | {"step": Bomb(tmp_path / "ran")}, begun[0] / CHECKPOINT)
    with refused("not a sound checkpoint"):
        train("out", resume=True)
    assert not (tmp_path / "ran").exists()


def test_batches_that_other_processes_prepare_are_the_same(train):
    assert equal(train("ahead", workers=2), train("here"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_on_a_gpu_is_resumed(train, tmp_path):
    train("out", until=3, accelerator="gpu")
    model = train("out", resume=True, accelerator="gpu")
    assert checkpoint(tmp_path / "out")["step"] == PLAN.steps
    assert all(p.device.type == "cpu" for p in model.parameters())


def test_nothing_to_resume_is_named(train, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"checkpoint\.pt: no checkpoint to resume from"):
        train("none", resume=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("seed", "missing"), [(0, "train"), (1, "validation")])
def test_data_without_webs_to_train_or_validate_is_refused(refused, train, tangle_web, tmp_path, seed, missing):
    few = build([tangle_web], tmp_path / "few.npz", 2, seed, "a test")
    assert not len(few.indices(missing))
    with refused("few.npz", f"no webs to use for {missing}", "larger count"):
        train("out", data=few)
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_not_finite_ends_the_run_with_the_last_sound_weights(refused, train, tmp_path):
    with refused("learning_rate is 0.001, too high", "not finite"):
        start = train("start", until=1)
        with torch.no_grad():
            start.net.node_out[-1].bias.fill_(3e38)
        train("out", start=start, config=None)
    assert load_model(tmp_path / "out" / WEIGHTS).config.width == 16
    card = json.loads((tmp_path / "out" / CARD).read_text())
    assert card["metrics"]["validation"]["total"] is None


@pytest.mark.parametrize("options", [{"accelerator": "abacus"}, {"accelerator": "cuda", "devices": 97}, {"devices": 0}])
def test_devices_that_do_not_exist_are_named(refused, train, options):
    with refused(f"accelerator '{options.get('accelerator', 'cpu')}', devices {options.get('devices', 1)}"):
        train("out", **options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, ("steps is 0", "1 to 100000000")),
        ({"steps": 2.5}, ("steps is 2.5", "whole number")),
        ({"batch": 1}, ("batch is 1", "2 to 100000")),
        ({"seed": -1}, ("seed is -1",)),
        ({"learning_rate": 0.0}, ("learning_rate is 0.0",)),
        ({"learning_rate": float("nan")}, ("learning_rate is nan",)),
        ({"warmup": -1}, ("warmup is -1",)),
        ({"weight_decay": -0.1}, ("weight_decay is -0.1",)),
        ({"clip": 0.0}, ("clip is 0.0",)),
        ({"ema": 1.5}, ("ema is 1.5", "0.0 to 1.0")),
    ],
)
def test_plans_out_of_range_are_refused(refused, change, words):
    with refused(*words):
        TrainingPlan(**change)


def test_learning_rate_warms_up_and_falls_along_a_cosine():
    plan = TrainingPlan(steps=1000, learning_rate=0.1, warmup=10)
    assert plan.rate(0) == pytest.approx(0.01)
    assert plan.rate(9) == pytest.approx(0.1, rel=1e-3)
    assert plan.rate(500) == pytest.approx(0.1 * 0.525)
    assert plan.rate(1000) == pytest.approx(0.1 * 0.05)
    rates = [plan.rate(step) for step in range(10, 1000)]
    assert rates == sorted(rates, reverse=True)
    # A short run warms up for a fifth of its steps at most.
    assert TrainingPlan(steps=10, learning_rate=0.1, warmup=100).rate(1) > 0.09
    assert TrainingPlan(steps=1, warmup=0).rate(0) > 0


@pytest.mark.slow
def test_two_processes_train_one_model(dataset, tmp_path):
    script = f"""
from structgen.generators.analog import AnalogConfig
from structgen.sources.neighbourhoods import Dataset
from structgen.training import TrainingPlan, train
train("analog", Dataset.open({str(dataset.path)!r}), {str(tmp_path / "out")!r}, TrainingPlan(steps=4, batch=8),
             config=AnalogConfig(width=16, edge_width=8, layers=2, heads=2), devices=2)
"""
    (tmp_path / "run.py").write_text(script)
    command, few = [sys.executable, str(tmp_path / "run.py")], os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=few, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / CARD).read_text())["steps_done"] == 4
    assert load_model(tmp_path / "out" / WEIGHTS).sample(DesignTargets(nodes=9))[0].n == 9
