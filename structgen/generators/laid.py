"""Struts laid so far of webs that grow side by side, and whether a new one would run through them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.geometry import segment_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Laid:
    """pos ``(B, T, 3)`` of the places; ends ``(B, E, 2)`` the places that struts join, of each web the first ``count``;
    low, high ``(B, E, 3)``: the boxes of these.

    reach ``(B,)``: struts that come nearer than that count as crossing.
    """

    def __init__(self, places: int, reach: FloatArray) -> None:
        webs = len(reach)
        self.reach = reach
        self.pos = np.zeros((webs, places, 3))
        self.ends = np.zeros((webs, 4 * places, 2), np.int64)
        self.low, self.high = np.zeros((2, webs, 4 * places, 3))
        self.count = np.zeros(webs, np.int64)

    def lay(self, joined: BoolArray, place: int, point: FloatArray) -> None:
        """The node of ``place`` at ``point (B, 3)``, and its struts to places before, ``(B, place)``."""
        self.pos[:, place] = point
        web, other = np.nonzero(joined)
        new = np.bincount(web, minlength=len(joined))
        while (self.count + new).max() > self.ends.shape[1]:
            self.ends, self.low, self.high = (
                np.concatenate([kept, np.zeros_like(kept)], 1) for kept in (self.ends, self.low, self.high)
            )
        k = self.count[web] + np.arange(len(web)) - (new.cumsum() - new)[web]
        self.ends[web, k] = np.column_stack([other, np.full(len(web), place)])
        here, there = self.pos[web, place], self.pos[web, other]
        self.low[web, k], self.high[web, k] = np.minimum(here, there), np.maximum(here, there)
        self.count += new

    def crossed(self, point: FloatArray, other: IntArray, row: IntArray | None = None) -> BoolArray:
        """``(R,)`` whether a strut from ``point (R, 3)`` to the place ``other (R,)`` would run through another.

        Of the webs ``row (R,)``, all by default. Struts that end at ``other`` are not asked.
        """
        row = np.arange(len(self.pos)) if row is None else row
        count = self.count[row]
        most = int(count.max(initial=0))
        if not most:
            return np.zeros(len(point), bool)
        ends, away = self.ends[row, :most], self.pos[row, other]
        asked = (np.arange(most) < count[:, None]) & (ends != other[:, None, None]).all(-1)
        reach = self.reach[row, None]
        low, high = np.minimum(point, away) - reach, np.maximum(point, away) + reach
        for axis in range(3):  # of most struts the boxes tell that they are far
            asked &= self.low[row, :most, axis] <= high[:, None, axis]
            asked &= self.high[row, :most, axis] >= low[:, None, axis]
        web, strut = np.nonzero(asked)
        start, end = (self.pos[row[web], ends[web, strut, k]] for k in (0, 1))
        crossed = np.zeros(len(point), bool)
        crossed[web[segment_distance(point[web], away[web], start, end) < self.reach[row[web]]]] = True
        return crossed
