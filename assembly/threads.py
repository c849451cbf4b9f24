"""Compiled loops over ranges, on all cores; what they give does not depend on which thread is quicker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def over_ranges(function: Callable[[int, int], Result], count: int, chunk: int) -> Iterator[Result]:
    """Results of ``function(first, last)`` over ranges of ``chunk`` that make up ``0..count``, in order."""
    ranges = [(first, min(first + chunk, count)) for first in range(0, count, chunk)]
    if len(ranges) == 1:
        yield function(*ranges[0])
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda ends: function(*ends), ranges)
