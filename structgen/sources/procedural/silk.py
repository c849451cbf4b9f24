"""Silk by kind: how thick a thread is and how hard it pulls, relative to a thread of the sheet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

FRAME, RADIAL, SPIRAL, SHEET, TANGLE, GUMFOOT, ANCHOR = 1, 2, 3, 4, 5, 6, 7

#: Radius by kind over the radius of a sheet or tangle thread. Frame to radius as 5 to 3.5, after the diameters in um
#: of the finite-element models of Zaera, Soler & Teus (J. R. Soc. Interface 2014); others chosen by eye.
RELATIVE_RADIUS: Mapping[int, float] = {
    FRAME: 1.4,
    RADIAL: 1.0,
    SPIRAL: 1.0,
    SHEET: 1.0,
    TANGLE: 1.0,
    GUMFOOT: 1.0,
    ANCHOR: 1.4,
}
#: Force density (tension over length) by kind over that of a sheet thread. Anchor to frame as 10 to 7, the ratio of
#: pre-tensions in orb webs; threads of a tangle are an order of magnitude longer than those of a sheet and pull about
#: as hard; chosen by eye: a sheet is drawn up by its tangle to a dome, not to a peak at each thread.
FORCE_DENSITY: Mapping[int, float] = {
    FRAME: 7.0,
    RADIAL: 1.0,
    SPIRAL: 1.0,
    SHEET: 1.0,
    TANGLE: 0.05,
    GUMFOOT: 0.01,
    ANCHOR: 10.0,
}
#: What is kept of two threads that cannot both stay: the first of these.
RANK: Mapping[int, int] = {FRAME: 0, ANCHOR: 1, GUMFOOT: 2, RADIAL: 3, SPIRAL: 4, SHEET: 5, TANGLE: 6}


def by_kind(kind: npt.NDArray[np.int64], table: Mapping[int, float]) -> npt.NDArray[np.float64]:
    """``(m,)`` value of each edge's kind in ``table``."""
    values = np.zeros(max(table) + 1)
    values[list(table)] = list(table.values())
    return values[kind]
