"""Compiled loops over ranges, on all cores; what they write does not depend on which thread is quicker."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

#: Ranges are at least this long.
CHUNK = 2048


def over_ranges(function: Callable[[int, int], Result], count: int, chunk: int = CHUNK) -> list[Result]:
    """Results of ``function(first, last)`` over ranges that make up ``0..count``, in order."""
    ranges = [(first, min(first + chunk, count)) for first in range(0, count, chunk)]
    if len(ranges) == 1:
        return [function(*ranges[0])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda r: function(*r), ranges))
