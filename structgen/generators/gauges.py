"""How thick the threads of each silk are over those of the commonest: a few gauges, as a spider has a few glands.

A network's mean of what it learned lies a little beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from structgen.generators.batches import relative_radius
from structgen.generators.quantiles import of_sorts
from structgen.generators.traits import SILKS
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Gauges kept of a silk, the least share of its webs that has one, and decimals of the logarithm that tell them apart.
GAUGES, LEAST, DECIMALS = 6, 0.01, 2
#: Log ratios within so much of a gauge are meant to be it.
NEAR = 0.07


def gauges_of(webs: Iterable[WebGraph]) -> FloatArray:
    """``(SILKS, GAUGES)`` log ratios of the thickness of each silk to that of the commonest of its web.

    The commonest gauges of those silks that have one radius in each web; 0 where there are fewer.
    """
    seen: list[dict[float, list[float]]] = [defaultdict(list) for _ in range(SILKS)]
    for web in webs:
        log_radius, silk = relative_radius(web), np.minimum(web.kind, SILKS - 1)
        of_silk = {k: log_radius[silk == k] for k in np.unique(silk).tolist()}
        common = np.median(of_silk[int(np.bincount(silk).argmax())])
        for k, values in of_silk.items():
            if np.ptp(values) < 10.0**-DECIMALS:
                ratio = float(np.median(values) - common)
                seen[k][round(ratio, DECIMALS)].append(ratio)
    result = np.zeros((SILKS, GAUGES))
    for row, ratios in zip(result, seen, strict=True):
        least = LEAST * sum(map(len, ratios.values()))
        usual = [float(np.median(one)) for one in sorted(ratios.values(), key=len, reverse=True) if len(one) >= least]
        row[: len(usual[:GAUGES])] = usual[:GAUGES]
    return result


def gauged(log_radius: FloatArray, kind: IntArray, own: npt.NDArray[np.bool_], gauges: FloatArray) -> FloatArray:
    """``log_radius (c,)`` with the threads of each silk moved as one to the nearest of its ``gauges``, if one is near.

    own ``(c,)``: the edges of the web among all those of ``kind (c,)``.
    """
    if not own.any():
        return log_radius
    silk = np.minimum(kind, SILKS - 1).astype(np.int64)
    middle, _, count = of_sorts(np.array(log_radius, float), silk, own, SILKS)
    ratio = middle - middle[count.argmax()]
    nearest = gauges[np.arange(SILKS), np.abs(gauges - ratio[:, None]).argmin(1)]
    moves = np.where(np.abs(nearest - ratio) <= NEAR, nearest - ratio, 0.0)
    moved: FloatArray = log_radius + moves[silk]
    return moved
