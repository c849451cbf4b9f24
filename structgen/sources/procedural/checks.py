"""Arguments of the web builders: what is allowed, said in one line."""

from __future__ import annotations

import math
from typing import Any

from structgen.web import MAX_COORDINATE


def check_lengths(least: float = 0.0, most: float = MAX_COORDINATE / 10, **lengths: Any) -> None:
    """Raise `ValueError` for the first argument that is no length in mm of more than ``least`` and at most ``most``."""
    for name, value in lengths.items():
        if not (_is_number(value) and math.isfinite(value) and least < value <= most):
            raise ValueError(f"{name} is {value!r}, must be a length > {least:g} and at most {most:g} mm")


def check_counts(low: int, high: int, **counts: Any) -> None:
    """Raise `ValueError` for the first argument that is no whole number in ``low`` to ``high``."""
    for name, value in counts.items():
        if not (_is_number(value) and math.isfinite(value) and value == int(value) and low <= value <= high):
            raise ValueError(f"{name} is {value!r}, must be a whole number between {low} and {high}")


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool | str) and float(value) == value
    except (TypeError, ValueError, OverflowError):
        return False
