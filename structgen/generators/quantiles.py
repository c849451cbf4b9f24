"""Quantiles of few numbers, in compiled loops: as `numpy.quantile` and `numpy.median` have them, in far less time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def quantiles(values: FloatArray, levels: FloatArray, none: float) -> FloatArray:
    """Those of ``values (k,)`` at ``levels (q,)``; ``none`` for all where there are no values."""
    found = np.full(len(levels), none)
    ordered = np.sort(values)
    for q in range(len(levels) if len(values) else 0):
        place = levels[q] * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        found[q] = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return found


@compiled
def of_sorts(values: FloatArray, sort: IntArray, own: BoolArray, sorts: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """Median, standard deviation and number, ``(sorts,)`` each, of those of ``values (k,)`` that are ``own``, by their
    ``sort (k,)``; NaN where there are none.
    """
    middle, spread, count = np.full(sorts, np.nan), np.full(sorts, np.nan), np.zeros(sorts, np.int64)
    for k in range(len(values)):
        if own[k]:
            count[sort[k]] += 1
    for s in range(sorts):
        if count[s]:
            its, at = np.empty(count[s]), 0
            for k in range(len(values)):
                if own[k] and sort[k] == s:
                    its[at] = values[k]
                    at += 1
            ordered = np.sort(its)
            middle[s] = (ordered[(at - 1) // 2] + ordered[at // 2]) / 2
            mean = its.sum() / at
            square = 0.0
            for k in range(at):
                square += (its[k] - mean) ** 2
            spread[s] = np.sqrt(square / at)
    return middle, spread, count
