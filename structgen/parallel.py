"""The same work on one core, on all cores, or on a cluster: the results and their order do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Seconds to wait for a scheduler.
SCHEDULER_SECONDS = 20


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int = 1, scheduler: str | None = None
) -> Iterator[Result]:
    """``function`` of each of ``items``, in their order, as they come.

    Arguments:
        function: of a module, so that other processes can import it; it depends on its argument alone.
        workers: processes on this machine; 1 is this process, 0 as many as there are cores.
        scheduler: address of a `dask.distributed` scheduler (``tcp://host:8786``) whose workers do the work instead.

    Raises `ValueError` for a scheduler without the extra ``cluster`` installed, `OSError` if none answers there.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise ValueError(f"workers is {workers!r}, must be a whole number >= 0, 0 for all cores")
    if scheduler is not None:
        yield from _on_cluster(function, items, scheduler)
        return
    count = min(workers or os.cpu_count() or 1, len(items))
    if count <= 1:
        yield from map(function, items)
        return
    # A fresh process each: a fork of one that runs threads, as torch does, may hang.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(function, items)


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: same bytes on every machine's number of cores, and small matrices gain by no more. On a
    busy machine they lose much, as threads wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _on_cluster(function: Callable[[Item], Result], items: Sequence[Item], scheduler: str) -> Iterator[Result]:
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(
            f"scheduler is {scheduler!r}, but dask.distributed is not installed: pip install 'structgen-webs[cluster]'"
        ) from None
    with _connected(Client, scheduler) as client:
        for future in client.map(function, items, pure=False):
            yield future.result()


def _connected(client: Any, scheduler: str) -> Any:
    try:
        return client(scheduler, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as error:
        raise OSError(f"no dask scheduler answers at {scheduler!r} ({error})") from None
