from __future__ import annotations

import json

import pytest
import torch

from simulate.mesh_movement.um2n import samples, training
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig
from simulate.mesh_movement.um2n.samples import random_case, random_mesh
from simulate.mesh_movement.um2n.store import load_network
from simulate.mesh_movement.um2n.training import LOSSES, MoverPlan, kept_cases, loss_of, train_mover, validated

SMALL = NetworkConfig(width=8, heads=2, blocks=1, stages=1, sweeps=1, slim=4)


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """Small meshes, few cases to validate on."""
    monkeypatch.setattr(samples, "FEWEST", 60)
    monkeypatch.setattr(samples, "MOST", 90)
    monkeypatch.setattr(samples, "LARGE_SHARE", 0.0)
    monkeypatch.setattr(training, "VALIDATION", 2)
    kept_cases.cache_clear()
    yield
    kept_cases.cache_clear()


def test_a_run_learns_and_writes_weights_card_log_and_checkpoint(tmp_path):
    plan = MoverPlan(steps=30, batch=2, seed=3)
    network = train_mover(tmp_path, plan, config=SMALL, validate_every=15, command="as it was")
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["steps_done"] == 30 and card["seed"] == 3 and card["command"] == "as it was"
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [15, 30]
    cases = kept_cases(4, 3)
    torch.manual_seed(3)
    assert (
        validated(load_network(tmp_path / "weights.safetensors"), cases)["loss"] < validated(UM2N(SMALL), cases)["loss"]
    )


def test_an_interrupted_run_is_resumed_to_the_same_weights(tmp_path):
    plan = MoverPlan(steps=6, batch=2)
    train_mover(tmp_path / "whole", plan, config=SMALL)

    def interrupt(progress):
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_mover(tmp_path / "parts", plan, config=SMALL, report=interrupt)
    assert json.loads((tmp_path / "parts/card.json").read_text())["steps_done"] == 3
    train_mover(tmp_path / "parts", plan, config=SMALL, resume=True)
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_checkpoints_that_do_not_fit(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
        train_mover(tmp_path, MoverPlan(steps=1, batch=1), config=SMALL, resume=True)
    train_mover(tmp_path, MoverPlan(steps=1, batch=1), config=SMALL)
    with pytest.raises(ValueError, match="was begun with seed 0, now 1"):
        train_mover(tmp_path, MoverPlan(steps=1, batch=1, seed=1), config=SMALL, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"junk")
    with pytest.raises(ValueError, match="not a sound checkpoint"):
        train_mover(tmp_path, MoverPlan(steps=1, batch=1), config=SMALL, resume=True)


@pytest.mark.parametrize("kind", LOSSES)
def test_every_loss_has_a_slope(kind):
    case = random_case(random_mesh(1, 0), 1, 0)
    torch.manual_seed(0)
    network = UM2N(SMALL)
    loss_of(kind, case, network(case)).backward()
    slopes = [p.grad for p in network.parameters() if p.grad is not None]
    assert slopes and all(torch.isfinite(s).all() for s in slopes) and any(s.any() for s in slopes)


def test_one_number_one_case():
    one, other = (random_case(random_mesh(7, 2), 9, 2) for _ in range(2))
    assert one.prepared.mesh.points.tobytes() == other.prepared.mesh.points.tobytes()
    assert one.fields.invariants.tobytes() == other.fields.invariants.tobytes()
    assert random_mesh(8, 2).mesh.n != one.prepared.mesh.n


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps is 0, must be a whole number in 1"), ({"loss": "x"}, "loss is 'x', must be one of equi"),
        ({"learning_rate": 2.0}, "learning_rate is 2.0, must lie in 1e-08 to 1.0"),
    ],
)  # fmt: skip
def test_plans_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        MoverPlan(**options)
