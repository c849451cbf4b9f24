"""Suggestions for few trials of several objectives: J. Knowles, ParEGO, IEEE Trans. Evol. Comput. 10 (2006) 50.

Each trial weighs the objectives anew into one number, lets a Gaussian process say what that number is elsewhere (C. E.
Rasmussen, C. K. I. Williams, MIT Press 2006, ch. 2 and 5), and goes where it expects the greatest improvement.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.spatial.distance import cdist
from scipy.stats import norm

FloatArray = npt.NDArray[np.float64]

#: Share of the weighed sum in the number that is to be small, the rest is the worst of the weighed objectives.
SUM = 0.05
#: Lengths, of ranges of 1, of the process, and variances of its noise over its own, that are tried.
LENGTHS, NOISES = (0.25, 0.5, 1.0, 2.0), (0.03, 0.1, 0.3, 1.0)
#: Trials that the process is of at most, the best ones; places looked at, half anywhere and half so near to the best.
MOST, PLACES, BEST, NEAR = 160, 1000, 8, 0.1


def suggestion(tried: FloatArray, scores: FloatArray, beyond: FloatArray, rng: np.random.Generator) -> FloatArray:
    """``(d,)`` where to try next, each from 0 to 1.

    ``tried (t, d)``: places tried; ``scores (t, k)``: of each objective a number that is to be small; ``beyond (t,)``:
    how far each is beyond the limits.
    """
    value = _weighed(scores, beyond, rng)
    order = np.argsort(value, kind="stable")[:MOST]
    tried, value = tried[order], value[order]
    around = tried[rng.integers(min(BEST, len(tried)), size=PLACES // 2)]
    around = np.clip(around + NEAR * rng.standard_normal(around.shape), 0.0, 1.0)
    places = np.concatenate([rng.random(around.shape), around])
    found: FloatArray = places[
        int(_improvement(tried, (value - value.mean()) / max(value.std(), 1e-12), places).argmax())
    ]
    return found


def _weighed(scores: FloatArray, beyond: FloatArray, rng: np.random.Generator) -> FloatArray:
    """``(t,)`` the scores, each from 0 to 1, as one number by weights drawn anew, and how far beyond the limits."""
    least, most = scores.min(axis=0), scores.max(axis=0)
    shares = rng.dirichlet(np.ones(scores.shape[1])) * (scores - least) / np.maximum(most - least, 1e-300)
    value: FloatArray = shares.max(axis=1) + SUM * shares.sum(axis=1) + beyond
    return value


def _improvement(tried: FloatArray, value: FloatArray, places: FloatArray) -> FloatArray:
    """``(p,)`` expected improvement at ``places (p, d)`` on the least that the process believes of those tried."""
    best = None
    apart, away = cdist(tried, tried), cdist(places, tried)
    for length in LENGTHS:
        kernel = _kernel(apart / length)
        for noise in NOISES:
            try:
                factor = cho_factor(kernel + noise * np.eye(len(tried)), lower=True)
            except LinAlgError:
                continue
            pull = cho_solve(factor, value)
            # The likelihood at the best scale of the process, up to constants.
            scale = max(float(value @ pull) / len(value), 1e-12)
            fit = -np.log(scale) * len(value) / 2 - np.log(np.diag(factor[0])).sum()
            if best is None or fit > best[0]:
                best = fit, length, factor, pull, scale
    assert best is not None
    _, length, factor, pull, scale = best
    cross = _kernel(away / length)
    mean = cross @ pull
    variance = scale * np.maximum(1 - (cross * cho_solve(factor, cross.T).T).sum(axis=1), 1e-9)
    gain = (_kernel(apart / length) @ pull).min() - mean
    z = gain / np.sqrt(variance)
    expected: FloatArray = gain * norm.cdf(z) + np.sqrt(variance) * norm.pdf(z)
    return expected


def _kernel(distance: FloatArray) -> FloatArray:
    """Matern's of 5/2."""
    r = np.sqrt(5) * distance
    kernel: FloatArray = (1 + r + r * r / 3) * np.exp(-r)
    return kernel
