"""Checks of what users ask for: one line that names the argument, its value and what is allowed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np


def number(name: str, value: Any, allowed: str, good: Callable[[float], bool]) -> float:
    """``value`` as a finite float for which ``good`` holds; else `ValueError` telling what is ``allowed``."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    result = float(value) if real else math.nan
    if not (math.isfinite(result) and good(result)):
        raise ValueError(f"{name} is {value!r}, must be {allowed}")
    return result


def positive(name: str, value: Any) -> float:
    """``value`` as a finite float > 0."""
    return number(name, value, "a number > 0", lambda x: x > 0)


def whole(name: str, value: Any, low: int) -> int:
    """``value`` as an int >= ``low``."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} is {value!r}, must be a whole number >= {low}")
    return int(value)
