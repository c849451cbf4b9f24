"""Functions compiled by numba: once on a machine, then read from a cache beside the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """``function`` compiled on its first call; it lets other threads run meanwhile.

    Sums are not reordered or fused (no ``fastmath``): exact arithmetic depends on it.
    """
    wrapped: Any = numba.njit(cache=True, nogil=True)(function)
    return cast(F, wrapped)


def tell_if_compiling(function: Callable[..., Any], tell: Callable[[str], None]) -> None:
    """Say so where the call of a `compiled` function that comes will compile it, and others with it."""
    dispatcher: Any = function
    source = dispatcher.py_func.__code__
    name = f"{Path(source.co_filename).stem}.{function.__qualname__}-{source.co_firstlineno}.*.nbi"
    cached = (path.stat().st_mtime for path in Path(dispatcher.stats.cache_path).glob(name))
    if not dispatcher.signatures and max(cached, default=0.0) < Path(source.co_filename).stat().st_mtime:
        tell("compiling, once on this machine: up to a minute")
