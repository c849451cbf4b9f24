"""The same work on one core, on all cores, or on a cluster: the results and their order do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: What `threads` says; 0 where nothing was said.
_THREADS: ContextVar[int] = ContextVar("threads", default=0)
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
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _one_thread_alone) as pool:
        yield from pool.map(function, items)


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: same bytes on every machine's number of cores, and small matrices gain by no more. On a
    busy machine they lose much, as threads wait for each other."""
    import torch

    before = torch.get_num_threads()
    allowed = _THREADS.set(threads())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _THREADS.reset(allowed)


def threads() -> int:
    """Threads that work may be shared by: as many as PyTorch has, within `one_thread` had before; one in a process that
    `parallel_map` has started.
    """
    import torch

    return _THREADS.get() or torch.get_num_threads()


def thread_map(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``function`` of each of ``items``, within `one_thread` on so many `threads`; for work that lets others go on."""
    count = min(threads(), len(items))
    with one_thread():
        if count <= 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(count, initializer=_one_thread_here) as pool:
            return list(pool.map(function, items))


def _one_thread_alone() -> None:
    _THREADS.set(1)


def _one_thread_here() -> None:
    import torch

    torch.set_num_threads(1)


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
