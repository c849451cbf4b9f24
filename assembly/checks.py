"""Checks of what users ask for: one line that names the argument, its value and what is allowed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

from structgen.web import WebGraph


def number(name: str, value: Any, allowed: str, good: Callable[[float], bool] = lambda _: True) -> float:
    """``value`` as a finite float for which ``good`` holds; else `ValueError` telling what is ``allowed``."""
    try:
        result = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        result = math.inf
    if not (math.isfinite(result) and good(result)):
        raise ValueError(f"{name} is {value!r}, must be {allowed}")
    return result


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """``value`` as an int from ``low`` to ``high``; else `ValueError`."""
    right = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not right or value < low or (high is not None and value > high):
        allowed = f">= {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} is {value!r}, must be a whole number {allowed}")
    return int(value)


def web_list(webs: Sequence[WebGraph]) -> list[WebGraph]:
    """``webs`` as a list of at least one web; else `ValueError`."""
    if isinstance(webs, WebGraph) or not hasattr(webs, "__iter__"):
        raise ValueError(f"webs is a {type(webs).__name__}, must be a sequence of webs")
    webs = list(webs)
    if not webs:
        raise ValueError("webs is empty, at least 1 web is needed")
    for k, web in enumerate(webs):
        if not isinstance(web, WebGraph):
            raise ValueError(f"webs[{k}] is a {type(web).__name__}, must be a WebGraph")
    return webs
