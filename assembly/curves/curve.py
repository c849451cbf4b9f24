"""A curve in space by arc length, with frames that do not twist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assembly.curves.frames import closing_twist, minimally_rotating, unit
from assembly.curves.passes import retraced_at
from structgen.web import MAX_COORDINATE

FloatArray = npt.NDArray[np.float64]

#: Shorter curves, in mm, are refused.
LEAST_LENGTH = 1e-6
#: Ends nearer than this share of the length are taken for one point.
CLOSING_SHARE = 1e-4
#: A step whose direction has this cosine with the one before turns back.
TURNING_BACK = -0.999


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve as a dense poly-line, open or closed.

    Arguments:
        points: ``(k, 3)`` positions in mm along the curve, k >= 2. A curve that ends where it began, to a share of
            1e-4 of its length, and goes on there is closed; what is missing is spread over all points.
        made_by: name and parameters of what made it, for reports.

    Raises `ValueError` where the curve stands still, turns back on itself, or runs over a stretch twice: it
    has no frame there, or would carry webs within webs.
    """

    points: FloatArray
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = checked_points(self.points)
        steps = np.diff(points, axis=0)
        sizes = np.linalg.norm(steps, axis=1)
        arc = np.concatenate([[0.0], np.cumsum(sizes)])
        check_length(float(arc[-1]))
        still = np.flatnonzero(sizes <= 1e-12 * arc[-1])
        if len(still):
            raise ValueError(f"curve stands still at point {still[0]} of {len(points)}, must move on everywhere")
        directions = steps / sizes[:, None]
        back = np.flatnonzero((directions[1:] * directions[:-1]).sum(1) < TURNING_BACK)
        if len(back):
            raise ValueError(f"curve turns back on itself at point {back[0] + 1} of {len(points)}, must go on")
        gap = points[0] - points[-1]
        closed = np.linalg.norm(gap) <= CLOSING_SHARE * arc[-1] and directions[0] @ directions[-1] >= TURNING_BACK
        if closed:
            points = points + np.outer(arc / arc[-1], gap)
            points[-1] = points[0]
        twice = retraced_at(points)
        if twice is not None:
            raise ValueError(
                f"curve runs over a stretch twice, first at {twice:.0%} of its length, must pass each once"
            )
        points.setflags(write=False)
        object.__setattr__(self, "points", points)

    @cached_property
    def closed(self) -> bool:
        """Whether the curve ends where it began and goes on there."""
        first, last = unit(np.diff(self.points[[0, 1, -2, -1]], axis=0)[[0, 2]])
        return bool((self.points[0] == self.points[-1]).all() and first @ last >= TURNING_BACK)

    @property
    def length(self) -> float:
        """Arc length in mm."""
        return float(self._arc[-1])

    def at(self, s: npt.ArrayLike) -> FloatArray:
        """``(len(s), 3)`` positions at arc lengths ``s`` in mm; straight on beyond the ends, or round if closed."""
        places = self._wrapped(s)
        before, after = np.minimum(places, 0), np.maximum(places - self.length, 0)
        first, last = self._tangents[[0, -1]]
        return np.asarray(self._between(self.points, places) + np.outer(before, first) + np.outer(after, last))

    def frames(self, s: npt.ArrayLike) -> FloatArray:
        """``(len(s), 3, 3)`` right-handed frames at arc lengths ``s``: columns tangent, normal, binormal.

        Rotation-minimising, see `frames.minimally_rotating`. On a closed curve what the frame has turned by after one
        round is taken back evenly along it, so that the end meets the start.
        """
        places = np.clip(self._wrapped(s), 0, self.length)
        mixed = self._between(self._vertex_frames.reshape(-1, 9), places).reshape(-1, 3, 3)
        tangent = unit(mixed[:, :, 0])
        normal = mixed[:, :, 1]
        normal = unit(normal - (normal * tangent).sum(-1, keepdims=True) * tangent)
        return np.stack([tangent, normal, np.cross(tangent, normal)], axis=2)

    def sharpest(self, start: float, end: float) -> float:
        """Largest curvature in 1/mm between arc lengths ``start`` and ``end``; round the end of a closed curve."""
        if not self.closed:
            return self._sharpest(start, end)
        if end - start >= self.length:
            return self._sharpest(0.0, self.length)
        first = start % self.length
        last = first + end - start
        if last < self.length:
            return self._sharpest(first, last)
        return max(self._sharpest(first, self.length), self._sharpest(0.0, last - self.length))

    def _sharpest(self, start: float, end: float) -> float:
        first, last = np.searchsorted(self._arc, [start, end])
        return float(self._curvature[max(first - 1, 0) : last + 1].max())

    def _wrapped(self, s: npt.ArrayLike) -> FloatArray:
        places: FloatArray = np.atleast_1d(np.asarray(s, float))
        if not self.closed:
            return places
        return np.where((places < 0) | (places > self.length), places % self.length, places)

    def _between(self, rows: FloatArray, places: FloatArray) -> FloatArray:
        """``rows`` (k, c), one a point of the curve, interpolated at arc lengths ``places``."""
        return np.column_stack([np.interp(places, self._arc, column) for column in rows.T])

    def _along(self, rows: FloatArray) -> FloatArray:
        """Derivatives by arc length of ``rows`` (k, c), one a point of the curve; across the seam of a closed one."""
        order: Literal[1, 2] = 2 if len(rows) > 2 else 1
        if not self.closed:
            return np.asarray(np.gradient(rows, self._arc, axis=0, edge_order=order))
        around = np.concatenate([rows[-2:-1], rows, rows[1:2]])
        arc = self._arc
        arc = np.concatenate([[arc[-2] - arc[-1]], arc, [arc[-1] + arc[1]]])
        return np.asarray(np.gradient(around, arc, axis=0)[1:-1])

    @cached_property
    def _arc(self) -> FloatArray:
        sizes = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(sizes)])

    @cached_property
    def _tangents(self) -> FloatArray:
        return unit(self._along(self.points))

    @cached_property
    def _curvature(self) -> FloatArray:
        return np.asarray(np.linalg.norm(self._along(self._tangents), axis=1))

    @cached_property
    def _vertex_frames(self) -> FloatArray:
        frames = minimally_rotating(self.points, self._tangents)
        return closing_twist(frames, self._arc / self.length) if self.closed else frames


def check_length(length: float) -> None:
    """Refuse a curve of next to no ``length`` in mm: `ValueError`."""
    if not length > LEAST_LENGTH:
        raise ValueError(f"curve has length {length:.3g} mm, must be > {LEAST_LENGTH:g} mm")


def checked_points(points: npt.ArrayLike) -> FloatArray:
    """``points`` as a new array ``(k, 3)``, k >= 2, of finite numbers within reach; else `ValueError`."""
    try:
        array = np.array(points, dtype=float)
    except (TypeError, ValueError):
        raise ValueError("points is not an array of numbers, expected (k, 3)") from None
    if array.ndim != 2 or array.shape[1] != 3 or len(array) < 2:
        raise ValueError(f"points has shape {array.shape}, expected (k, 3) with k >= 2")
    if not np.isfinite(array).all() or np.abs(array).max() > MAX_COORDINATE:
        raise ValueError(f"points must be finite and within +-{MAX_COORDINATE:g} mm")
    return array
