"""Compilation of the mesher's inner loops by numba, kept on disk from the first run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """``function`` as machine code that runs without the interpreter's lock and is cached on disk."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def is_cached(function: Callable[..., Any]) -> bool:
    """Whether a `compiled` function need not be compiled any more: in this process, or as a file on disk."""
    dispatcher = cast(Any, function)
    stem = f"{Path(dispatcher.py_func.__code__.co_filename).stem}.{dispatcher.py_func.__name__}-"
    return bool(dispatcher.signatures) or any(Path(dispatcher.stats.cache_path).glob(f"{stem}*.nbc"))
