"""Random generators from seeds: every random number here comes from one of these."""

from __future__ import annotations

import operator

import numpy as np


def generator(seed: int, *path: int) -> np.random.Generator:
    """The random generator of ``seed`` and of the whole numbers ``path`` that name its use.

    Raises `ValueError` for a seed that is not a whole number >= 0.
    """
    try:
        whole = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        whole = -1
    if whole < 0:
        raise ValueError(f"seed is {seed!r}, must be a whole number >= 0")
    return np.random.default_rng([whole, *path])
