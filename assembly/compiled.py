"""Functions compiled by numba: once for a machine, then read from a cache beside the source."""

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
