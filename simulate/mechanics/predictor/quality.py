"""How good predictions are: variance explained, and whether their spreads can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import norm

from simulate.mechanics.predictor.features import Seen
from simulate.mechanics.predictor.labels import PROPERTIES
from simulate.mechanics.predictor.network import Predictor, SeenBatch
from structgen.web import FloatArray

#: Levels of the intervals of which the expected calibration error is the mean miss.
LEVELS = np.linspace(0.05, 0.95, 19)
#: Shares of a Gaussian within 1 and 1.96 standard deviations.
WITHIN_68, WITHIN_95 = 2 * norm.cdf(1) - 1, 0.95
#: Webs predicted at once.
AT_ONCE = 256


@torch.inference_mode()
def predicted(network: Predictor, seens: Sequence[Seen]) -> tuple[FloatArray, FloatArray]:
    """``(s, 3)`` means and calibrated standard deviations of the logarithms."""
    parts = [
        network.calibrated(SeenBatch.of_all(seens[k : k + AT_ONCE])) for k in range(0, len(seens), AT_ONCE)
    ]  # fmt: skip
    mean, deviation = (torch.cat(column).double().numpy() for column in zip(*parts, strict=True))
    return mean, deviation


def explained(truth: FloatArray, mean: FloatArray) -> FloatArray:
    """``(3,)`` R^2 of ``mean (s, 3)``: 1 less the share of the variance of ``truth`` that is left."""
    left: FloatArray = 1 - np.square(truth - mean).sum(axis=0) / np.square(truth - truth.mean(axis=0)).sum(axis=0)
    return left


def calibration_error(z: FloatArray) -> FloatArray:
    """``(3,)`` expected calibration error of errors over deviations ``z (s, 3)`` (V. Kuleshov et al., ICML 2018).

    Mean over `LEVELS` of how far the share of truths within the central interval of that level is from the level.
    """
    within = np.abs(z)[None] <= norm.ppf((1 + LEVELS) / 2)[:, None, None]
    error: FloatArray = np.abs(within.mean(axis=1) - LEVELS[:, None]).mean(axis=0)
    return error


def temperatures(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``(3,)`` factors of the variances with which 68 % of ``z (s, 3)`` are within 1; ``(3,)`` what 95 % are within.

    After C. Guo et al., ICML 2017, by quantiles: a few webs that are far off do not count for more.
    """
    near, far = np.quantile(np.abs(z), [WITHIN_68, WITHIN_95], axis=0)
    return np.square(near), far / near


def quality(network: Predictor, seens: Sequence[Seen], truth: FloatArray) -> dict[str, Any]:
    """For each property R^2 of the logarithm, of the number itself, and of the quick test alone (both);
    median relative error, coverage of the 68 and 95 % intervals, expected calibration error. ``truth (s, 3)``:
    logarithms."""
    mean, deviation = predicted(network, seens)
    quick = np.array([one.estimate for one in seens], float)
    z = (truth - mean) / deviation
    columns = {
        "R2": explained(truth, mean), "R2, not of the logarithm": explained(np.exp(truth), np.exp(mean)),
        "R2, quick test alone": explained(truth, quick),
        "R2, not of the logarithm, quick test alone": explained(np.exp(truth), np.exp(quick)),
        "median relative error": np.median(np.abs(np.expm1(mean - truth)), axis=0),
        "within 68 %": (np.abs(z) <= 1).mean(axis=0),
        "within 95 %": (np.abs(z) <= network.far.numpy()).mean(axis=0), "calibration error": calibration_error(z),
    }  # fmt: skip
    rows = {
        name: {key: round(float(value[k]), 4) for key, value in columns.items()} for k, name in enumerate(PROPERTIES)
    }
    return {"tests": len(seens), **rows}
