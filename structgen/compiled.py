"""Functions compiled by numba: once on a machine, then read from a cache beside the source."""

from __future__ import annotations

from collections.abc import Callable
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
    # Only numba knows whether what it keeps is of this source, and it has no public way to ask.
    kept = getattr(getattr(function, "_cache", None), "_cache_file", None)
    if kept is not None and not dispatcher.signatures and not kept._load_index():
        tell("compiling, once on this machine: up to a minute")
