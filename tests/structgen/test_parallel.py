from __future__ import annotations

import math
import operator
import os
import sys
import threading

import pytest
import torch

from structgen import parallel
from structgen.parallel import one_thread, parallel_map, thread_map, threads


def test_order_and_results_do_not_depend_on_the_number_of_workers():
    numbers = list(range(20, 0, -1))
    expected = [math.factorial(n) for n in numbers]
    assert list(parallel_map(math.factorial, numbers)) == expected
    assert list(parallel_map(math.factorial, numbers, workers=2)) == expected


def test_one_worker_or_one_item_is_this_process():
    assert list(parallel_map(lambda n: (n, os.getpid()), [4])) == [(4, os.getpid())]
    assert list(parallel_map(lambda n: (n, os.getpid()), [4], workers=0)) == [(4, os.getpid())]
    assert list(parallel_map(abs, [], workers=3)) == []


def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(ValueError, match="not defined for negative"):
        list(parallel_map(math.factorial, [3, -1, 2], workers=2))


@pytest.mark.parametrize("workers", [-1, 1.5, None, True])
def test_refuses_workers_that_are_no_count(refused, workers):
    with refused(f"workers is {workers}", "whole number >= 0"):
        list(parallel_map(abs, [1], workers))


def test_a_scheduler_without_dask_is_refused_with_the_way_to_install_it(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with refused("scheduler is 'tcp://host:8786'", "pip install 'structgen-webs[cluster]'"):
        list(parallel_map(abs, [1], scheduler="tcp://host:8786"))


@pytest.fixture(scope="module")
def scheduler():
    """Address of a real scheduler on this machine, with one worker in a process of its own."""
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster: dask.distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_the_scheduler_does_the_work_where_one_is_named(scheduler):
    assert os.getpid() not in parallel_map(
        operator.methodcaller("__call__"), [os.getpid, os.getpid], scheduler=scheduler
    )
    assert list(parallel_map(math.factorial, [5, 3], scheduler=scheduler)) == [120, 6]


def test_an_error_on_the_cluster_is_raised_here(scheduler):
    with pytest.raises(ValueError, match="not defined for negative"):
        list(parallel_map(math.factorial, [3, -1], scheduler=scheduler))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra cluster: dask.distributed")
    monkeypatch.setattr(parallel, "SCHEDULER_SECONDS", 0.5)
    with pytest.raises(OSError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:1'"):
        list(parallel_map(abs, [1], scheduler="tcp://127.0.0.1:1"))


def test_one_thread_is_given_back_after_an_error():
    before = torch.get_num_threads()
    within = []

    def fail():
        within.append(torch.get_num_threads())
        raise KeyError

    with pytest.raises(KeyError), one_thread():
        fail()
    assert within == [1]
    assert torch.get_num_threads() == before


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_work_is_shared_by_as_many_threads_as_torch_has(two_threads):
    met = threading.Barrier(2, timeout=20)

    def work(number):
        met.wait()  # alone it would wait in vain
        return number**2, torch.get_num_threads()

    assert threads() == 2
    assert thread_map(work, [3, 1, 4, 1]) == [(n**2, 1) for n in (3, 1, 4, 1)]
    with one_thread():
        assert threads() == 2
        assert thread_map(work, [3, 1]) == [(9, 1), (1, 1)]
    assert torch.get_num_threads() == threads() == 2


def test_one_thread_or_one_item_is_this_thread():
    here = threading.get_ident()
    assert thread_map(lambda n: threading.get_ident(), [1]) == [here]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert thread_map(lambda n: threading.get_ident(), [1, 2]) == [here, here]
    torch.set_num_threads(before)
    assert thread_map(abs, []) == []


def test_processes_have_one_thread_each(two_threads):
    assert list(parallel_map(operator.methodcaller("__call__"), [threads, threads], workers=2)) == [1, 1]


def test_an_error_in_a_thread_is_raised_here(two_threads):
    with pytest.raises(ValueError, match="not defined for negative"):
        thread_map(math.factorial, [3, -1, 2])
