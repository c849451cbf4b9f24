from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from structgen.generators import load_model, tasks
from structgen.generators.tasks import Task
from structgen.targets import DesignTargets

TARGET = DesignTargets(nodes=12, mean_degree=2.5, extents=(20, 15, 10))
OTHER = DesignTargets(nodes=9, edges=10, extents=(15, 15, 15))
#: More nodes than the model has learned of: made in parts.
LARGE = DesignTargets(nodes=140, mean_degree=2.5, extents=(120, 80, 60))


@pytest.fixture(scope="module")
def shipped():
    return load_model("analog")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(tasks, "SAMPLE_BATCH", 3)
    monkeypatch.setattr(tasks, "ABREAST", 2)


def same(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        for name in ("pos", "edge_index", "radius", "kind"):
            np.testing.assert_array_equal(getattr(one.web, name), getattr(other.web, name))
        assert one.web == other.web
        assert (one.asked, one.filled, one.edges_changed) == (other.asked, other.filled, other.edges_changed)


def test_a_task_sent_elsewhere_makes_the_same_webs(shipped):
    results = shipped.generate([TARGET, OTHER], 4, seed=3)
    requests = [shipped.range.complete(target) for target in (TARGET, OTHER) for _ in range(4)]
    for first in (6, 0, 3):
        sent = Task(shipped, requests[first : first + 3], first, 3, None, shipped.steps, 1.0)
        same(pickle.loads(pickle.dumps(sent)).made(), results[first : first + 3])


@pytest.mark.parametrize("name", ["analog", "discrete", "autoregressive"])
def test_webs_do_not_depend_on_the_threads_of_this_process(name):
    model, targets, before = load_model(name), [TARGET, OTHER, TARGET], torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = model.generate(targets, seed=1)
        assert torch.get_num_threads() == 2
        assert [result.web.n for result in two] == [12, 9, 12]
        torch.set_num_threads(1)
        same(model.generate(targets, seed=1), two)
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster: dask.distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_processes_and_schedulers_make_the_same_webs(shipped, scheduler):
    asked = ([TARGET, LARGE, OTHER], 2, 5)
    here, told = shipped.generate(*asked), []
    pool = shipped.generate(*asked, workers=2, progress=lambda done, total: told.append((done, total)))
    same(pool, here)
    assert told[-1][0] == told[-1][1] > 6
    same(shipped.generate(*asked, scheduler=scheduler), here)


def test_workers_that_are_no_count_are_refused(refused, shipped):
    with refused("workers is -1", "whole number >= 0"):
        shipped.generate(TARGET, 4, workers=-1)
