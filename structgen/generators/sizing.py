"""How a proposed web is brought into the box asked for: turned, scaled alike in all directions, then drawn out."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from structgen.compiled import compiled
from structgen.generators.stiffness import stiffness
from structgen.seeds import generator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Turns tried, round by round about the best so far: how many, and by how much at most (degrees).
ROUNDS = ((500, 120.0), (160, 15.0), (80, 4.0), (40, 1.0))
#: Cost of a turn by 90 degrees, in logarithms of the sides of the box.
RELUCTANCE = 0.02
#: Least scale of a web in its box, as a share of that which fills an axis, and halvings of the bracket of scales.
LEAST, HALVES = 0.5, 12
#: Relative error of sides and mean length that is left as it is.
GOOD = 0.01


def sized(pos: FloatArray, edges: IntArray, extents: npt.ArrayLike, mean_length: float) -> FloatArray:
    """``pos (n, 3)`` in the box with sides ``extents``, with about ``mean_length`` of the ``edges`` where that can be.

    Stretching a web along an axis until it fills its box would change all its angles. So it is first turned to where
    its box is most like the one asked for, then scaled alike in all directions until its edges are as long as they
    should be, or an axis is full; then what is outermost is drawn out to the faces, and threads with it.
    """
    sides = np.asarray(extents, float)
    if not len(edges) or not mean_length:
        return fit_box(pos, sides)
    length = float(np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean())
    if abs(length / mean_length - 1) < GOOD and np.allclose(np.ptp(pos, axis=0), sides, rtol=GOOD):
        return fit_box(pos, sides)
    return _drawn_out(turned(pos, edges, sides, mean_length)[0], edges, sides, mean_length)


def turned(pos: FloatArray, edges: IntArray, sides: FloatArray, mean_length: float) -> tuple[FloatArray, float]:
    """``pos`` turned to where its box is most like one with ``sides``, and scaled to ``mean_length`` of its edges.

    The box is centred. Also how far it then is from that one: sum over the axes of logarithms. A web without length
    stays as it is.
    """
    length = float(np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean()) if len(edges) else 0.0
    if not length or not mean_length:
        return pos, 0.0
    place, off = (
        _turned(np.array(pos, float, order="C"), sides * length / mean_length) if (sides > 0).all() else (pos, 0.0)
    )
    return (place - (place.max(0) + place.min(0)) / 2) * (mean_length / length), off


def _turned(pos: FloatArray, sides: FloatArray) -> tuple[FloatArray, float]:
    """``pos`` turned so that the sides of its bounding box are as near as may be to ``sides``, and what remains."""
    best, turn, least = pos, 0.0, np.inf
    for k, (_, most) in enumerate(ROUNDS):
        turns = _turns(k)
        box = np.maximum(_boxes(best, turns), 1e-9 * sides)
        cost = np.abs(np.log(box / sides)).sum(1) + RELUCTANCE * (turn + np.linspace(0, most, len(turns))) / 90
        first = int(cost.argmin())
        if cost[first] < least:
            best, least = best @ turns[first].T, float(cost[first])
            turn += most * first / (len(turns) - 1)
    return best, least


@compiled
def _boxes(pos: FloatArray, turns: FloatArray) -> FloatArray:
    """``(r, 3)`` sides of the bounding box of ``pos (n, 3)`` after each of ``turns (r, 3, 3)``."""
    sides = np.empty((len(turns), 3))
    low, high = np.empty(len(turns)), np.empty(len(turns))
    for axis in range(3):
        x, y, z = turns[:, axis, 0].copy(), turns[:, axis, 1].copy(), turns[:, axis, 2].copy()
        low[:], high[:] = np.inf, -np.inf
        for i in range(len(pos)):
            for r in range(len(turns)):
                place = x[r] * pos[i, 0] + y[r] * pos[i, 1] + z[r] * pos[i, 2]
                low[r] = place if place < low[r] else low[r]
                high[r] = place if place > high[r] else high[r]
        for r in range(len(turns)):
            sides[r, axis] = high[r] - low[r]
    return sides


@cache
def _turns(k: int) -> FloatArray:
    """``(r, 3, 3)`` turns of a round, by angles that grow from 0."""
    count, most = ROUNDS[k]
    axes = generator(k, 31).standard_normal((count, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turns: FloatArray = Rotation.from_rotvec(axes * np.radians(np.linspace(0, most, count))[:, None]).as_matrix()
    return turns


def _drawn_out(pos: FloatArray, edges: IntArray, sides: FloatArray, mean_length: float) -> FloatArray:
    """``pos`` scaled, no further than to an axis being full, to ``mean_length``; what is outermost on the faces."""
    half, (low, high) = sides / 2, (pos.min(0), pos.max(0))
    span, away = high - low, pos - (low + high) / 2
    full = np.divide(sides, span, out=np.ones(3), where=span > 0)
    outermost = np.stack([pos.argmin(0), pos.argmax(0)])
    follow = _following(pos, edges, outermost)
    i, j = edges.T

    def scaled(factor: float) -> FloatArray:
        scale = np.minimum(factor, full)
        gap = half - scale * span / 2
        place: FloatArray = away * scale + follow[1] * gap - follow[0] * gap
        return place

    small, large = LEAST * float(full.min()), float(full.max())
    for _ in range(HALVES):
        middle = (small + large) / 2
        place = scaled(middle)
        short = float(np.linalg.norm(place[i] - place[j], axis=1).mean()) < mean_length
        small, large = (middle, large) if short else (small, middle)
    return fit_box(scaled(large), sides)


def _following(pos: FloatArray, edges: IntArray, outermost: IntArray) -> FloatArray:
    """``(2, n, 3)`` how far all nodes go along where the node ``outermost (2, 3)`` of a side and axis goes by 1."""
    give = np.linalg.inv(stiffness(pos, edges))
    follow = np.zeros((2, len(pos), 3))
    for axis in range(3):
        both = outermost[:, axis]
        if both[0] != both[1]:
            follow[:, :, axis] = np.linalg.solve(give[np.ix_(both, both)], give[both])
    return follow


def fit_box(pos: FloatArray, extents: npt.ArrayLike) -> FloatArray:
    """``pos (n, 3)`` stretched along each axis so that its bounding box has sides ``extents`` and centre 0, exactly."""
    low, high = pos.min(0), pos.max(0)
    side, half = high - low, np.asarray(extents, float) / 2
    factor = np.divide(2 * half, side, out=np.zeros(3), where=side > 0)
    fitted = np.clip((pos - (low + high) / 2) * factor, -half, half)
    # Rounding would leave the box off by a bit.
    wide = side > 0
    exact: FloatArray = np.where(wide & (pos == low), -half, np.where(wide & (pos == high), half, fitted))
    return exact
