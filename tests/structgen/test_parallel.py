from __future__ import annotations

import math
import os
import sys
import types

import pytest

from structgen.parallel import parallel_map


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


class Future:
    def __init__(self, value):
        self.value = value

    def result(self):
        return self.value


class Client:
    """Stands for `distributed.Client`: as much of it as is used."""

    log: list[object]

    def __init__(self, address, timeout):
        if address != "tcp://here:1":
            raise OSError(f"Timed out trying to connect to {address}")
        self.log.append(("opened", timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.log.append("closed")

    def map(self, function, items, pure):
        assert pure is False
        return [Future(function(item)) for item in items]


def test_the_scheduler_does_the_work_where_one_is_named(monkeypatch):
    Client.log = []
    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    assert list(parallel_map(abs, [-3, 2], scheduler="tcp://here:1")) == [3, 2]
    assert Client.log == [("opened", 20), "closed"]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    with pytest.raises(OSError, match="no dask scheduler answers at 'tcp://nowhere:2'"):
        list(parallel_map(abs, [1], scheduler="tcp://nowhere:2"))
