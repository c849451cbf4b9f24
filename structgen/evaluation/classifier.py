"""Two-sample test by classifier: can a random forest tell generated webs from real ones?

D. Lopez-Paz, M. Oquab, Revisiting classifier two-sample tests (ICLR 2017). The area under the ROC curve is 0.5 for sets
that are alike, 1 for sets that a forest tells apart at sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from structgen.evaluation.distributions import angles, inertia_ratios, relative_lengths
from structgen.measures import Interval, clustering, degrees, laplacian_spectrum, orbit_counts
from structgen.seeds import generator
from structgen.web import KINDS, FloatArray, WebGraph

TREES, FOLDS, DRAWS = 100, 5, 200
#: Degrees counted one by one; the last bin holds all higher ones.
DEGREES = 8
#: Bins of eigenvalues, none of which ends at 1 or another value that many webs have: rounding would decide on them.
SPECTRUM_BINS, SPECTRUM_RANGE = 10, (-0.03, 2.05)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Why there is no AUC.
MISSING = "left out: needs scikit-learn, pip install 'structgen-webs[evaluate]'"


def available() -> bool:
    """Whether scikit-learn is there."""
    return find_spec("sklearn") is not None


def structure_features(web: WebGraph) -> FloatArray:
    """``(48,)`` numbers of the structure of ``web``, the same for every numbering, turn, mirror image and size.

    In this order: share of nodes of degree 1 to 7 and of 8 and more; mean and largest clustering; 5 quantiles of edge
    length over its mean; of junction angles over 180 deg (-1 without junctions); log (1 + mean count) of orbits 1 to
    14; histogram of the spectrum in 10 bins; two inertia ratios; 2 quantiles of the distance from each node to its
    nearest over the mean edge length. No size and no place, hence no trace of how a web was centred.
    """
    n, edges = web.n, web.edge_index
    degree = np.bincount(np.clip(degrees(edges, n), 1, DEGREES) - 1, minlength=DEGREES) / n
    share = clustering(edges, n)
    angle = angles(web) / 180
    spectrum = np.histogram(laplacian_spectrum(edges, n), SPECTRUM_BINS, SPECTRUM_RANGE)[0] / n
    apart = cKDTree(web.pos).query(web.pos, 2)[0][:, 1]
    return np.concatenate(
        [
            degree,
            [share.mean(), share.max()],
            np.quantile(relative_lengths(web), QUANTILES),
            np.quantile(angle, QUANTILES) if len(angle) else np.full(len(QUANTILES), -1.0),
            np.log1p(orbit_counts(edges, n).mean(axis=0)[1:]),
            spectrum,
            inertia_ratios(web),
            np.quantile(apart, (0.05, 0.5)) / max(float(web.lengths.mean()), np.finfo(float).tiny),
        ]
    )


def silk_features(web: WebGraph) -> FloatArray:
    """``(12,)``: share of each silk kind of `KINDS`, then 3 quantiles of strut radius over its median."""
    kinds = np.bincount(np.minimum(web.kind, len(KINDS) - 1), minlength=len(KINDS)) / web.m
    return np.concatenate([kinds, np.quantile(web.radius / np.median(web.radius), (0.05, 0.75, 0.95))])


def features(webs: Sequence[WebGraph]) -> tuple[FloatArray, FloatArray]:
    """`structure_features` ``(k, 48)`` of each web, and those with `silk_features` beside them, ``(k, 60)``."""
    structure = np.stack([structure_features(web) for web in webs])
    return structure, np.column_stack([structure, np.stack([silk_features(web) for web in webs])])


def two_sample_auc(
    a: FloatArray, b: FloatArray, groups_a: npt.ArrayLike, groups_b: npt.ArrayLike, seed: int
) -> Interval | None:
    """AUC of telling rows ``a (k, f)`` from rows ``b (l, f)`` by five-fold cross-validation, with its interval.

    Rows of one group are never in training and test at once. None where there are fewer than five groups of either
    set, or no fold with both sets. Scores are compared within a fold alone: a fold with many of one set leaves few of
    it to train on, which lowers its scores, and across folds sets that are alike would come out below 0.5. Interval:
    percentile bootstrap over the held out rows of each fold, the forests left as they are.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    first, second = np.asarray(groups_a), np.asarray(groups_b)
    if min(len(np.unique(first)), len(np.unique(second))) < FOLDS:
        return None
    rows, group = np.concatenate([a, b]), np.concatenate([first, second])
    label = np.repeat([1, 0], [len(a), len(b)])
    folds: list[tuple[FloatArray, FloatArray]] = []
    number = int(generator(seed, 5).integers(2**31))
    for train, test in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=number).split(rows, label, group):
        forest: Any = RandomForestClassifier(
            TREES, min_samples_leaf=2, class_weight="balanced", random_state=number
        ).fit(rows[train], label[train])
        score = forest.predict_proba(rows[test])[:, 1]
        if 0 < label[test].sum() < len(test):
            folds.append((score[label[test] == 1], score[label[test] == 0]))
    if not folds:
        return None
    rng = generator(seed, 6)
    redrawn = [_mean_auc([(rng.choice(x, len(x)), rng.choice(y, len(y))) for x, y in folds]) for _ in range(DRAWS)]
    low, high = np.quantile(redrawn, [0.025, 0.975]).tolist()
    return Interval(_mean_auc(folds), low, high)


def _mean_auc(folds: Sequence[tuple[FloatArray, FloatArray]]) -> float:
    """Mean AUC of folds, each as often as it has rows."""
    return float(np.average([auc(x, y) for x, y in folds], weights=[len(x) + len(y) for x, y in folds]))


def auc(higher: FloatArray, lower: FloatArray) -> float:
    """The chance that a number of ``higher`` is above one of ``lower``, ties counted half."""
    ranks = rankdata(np.concatenate([higher, lower]))[: len(higher)]
    return float((ranks.sum() - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower)))
