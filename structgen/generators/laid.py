"""Struts laid so far of webs that grow side by side, and whether a new one would run through them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.geometry import segment_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Laid:
    """pos ``(B, T, 3)`` of the places; ends ``(B, E, 2)`` the places that struts join, of each web the first ``count``.

    reach ``(B,)``: struts that come nearer than that count as crossing.
    """

    def __init__(self, places: int, reach: FloatArray) -> None:
        webs = len(reach)
        self.reach = reach
        self.pos = np.zeros((webs, places, 3))
        self.ends = np.zeros((webs, 4 * places, 2), np.int64)
        self.count = np.zeros(webs, np.int64)

    def lay(self, joined: BoolArray, place: int, point: FloatArray) -> None:
        """The node of ``place`` at ``point (B, 3)``, and its struts to places before, ``(B, place)``."""
        self.pos[:, place] = point
        for b, other in np.argwhere(joined).tolist():
            if self.count[b] == self.ends.shape[1]:
                self.ends = np.concatenate([self.ends, np.zeros_like(self.ends)], 1)
            self.ends[b, self.count[b]] = other, place
            self.count[b] += 1

    def crossed(self, point: FloatArray, other: IntArray, row: IntArray | None = None) -> BoolArray:
        """``(R,)`` whether a strut from ``point (R, 3)`` to the place ``other (R,)`` would run through another.

        Of the webs ``row (R,)``, all by default. Struts that end at ``other`` are not asked.
        """
        row = np.arange(len(self.pos)) if row is None else row
        count = self.count[row]
        most = int(count.max(initial=0))
        if not most:
            return np.zeros(len(point), bool)
        ends = self.ends[row, :most]
        asked = (np.arange(most) < count[:, None]) & (ends != other[:, None, None]).all(-1)
        start, end = (self.pos[row[:, None], ends[..., k]] for k in (0, 1))
        distance = segment_distance(point[:, None], self.pos[row, other][:, None], start, end)
        crossed: BoolArray = (asked & (distance < self.reach[row, None])).any(1)
        return crossed
