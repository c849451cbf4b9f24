from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import structgen
from structgen.generators import load_model
from structgen.generators.losses import share_of, weighted_mean
from structgen.generators.store import SHIPPED


@dataclass(frozen=True)
class Inner:
    wanted: Tensor


@dataclass(frozen=True)
class Outer:
    inner: Inner
    pos: Tensor


def test_a_weighted_mean_is_one():
    rng = np.random.default_rng(0)
    values, weight = rng.standard_normal((5, 7)), rng.uniform(0, 2, (5, 7))
    found = weighted_mean(torch.tensor(values), torch.tensor(weight))
    assert found.item() == pytest.approx(np.average(values, weights=weight))


def test_where_nothing_counts_it_is_zero():
    values = torch.full((3,), 5.0, requires_grad=True)
    found = weighted_mean(values, torch.zeros(3))
    assert found.item() == 0
    [slope] = torch.autograd.grad(found, values)
    assert torch.equal(slope, torch.zeros(3))


def test_its_slope_is_that_of_a_mean():
    values, weight = torch.tensor([1.0, 4.0, 9.0], requires_grad=True), torch.tensor([1.0, 0.0, 3.0])
    [slope] = torch.autograd.grad(weighted_mean(values, weight), values)
    torch.testing.assert_close(slope, weight / 4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_are_the_batch_dealt_out(count):
    whole = Outer(Inner(torch.arange(6)), torch.arange(18).reshape(6, 3))
    shares = [share_of(whole, rank, count) for rank in range(count)]
    for rank, share in enumerate(shares):
        assert isinstance(share, Outer) and isinstance(share.inner, Inner)
        assert share.inner.wanted.tolist() == list(range(rank, 6, count))
        assert torch.equal(share.pos, whole.pos[share.inner.wanted])


SCRIPT = """
import json, sys
import torch
from structgen.generators.autoregressive import AutoregressiveConfig
from structgen.sources.neighbourhoods import Dataset
from structgen.training import TrainingPlan, train

torch.set_num_threads(1)
data, out, devices = sys.argv[1:]
losses = []
train("autoregressive", Dataset.open(data), out, TrainingPlan(steps=6, batch=8, seed=1),
      config=AutoregressiveConfig(width=16, edge_width=8, layers=2, heads=2, hidden=16, components=4),
      devices=int(devices), report=lambda progress: losses.append(progress.losses))
if losses:  # the first process alone is told
    open(f"{out}/losses.json", "w").write(json.dumps(losses))
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_all_that_training_sets_bears_on_the_loss(name, dataset):
    """Processes could not share what does not."""
    model = load_model(name)
    for parameter in model.learned():
        parameter.requires_grad_(True)
    webs = [dataset[int(k)] for k in dataset.indices("train")[:4]]
    model(model.batch(webs, np.random.default_rng(0)))["total"].backward()
    learned = {id(parameter) for parameter in model.learned()}
    assert {name for name, p in model.named_parameters() if (p.grad is None) == (id(p) in learned)} == set()


def test_two_processes_train_as_one_does(dataset, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(Path(structgen.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    found = []
    for devices in ("1", "2"):
        out = tmp_path / devices
        subprocess.run([sys.executable, script, dataset.path, out, devices], env=environment, check=True)
        found.append(json.loads((out / "losses.json").read_text()))
    one, two = found
    assert len(one) == len(two) == 6
    for a, b in zip(one, two, strict=True):
        assert b == pytest.approx(a, abs=1e-4)
    assert one[0]["total"] != pytest.approx(one[5]["total"], abs=1e-3), "it has learned"
