"""Where a curve passes near itself, and where it runs over itself again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.checks import number
from structgen.geometry import nearest_shares

if TYPE_CHECKING:
    from assembly.curves.curve import Curve

FloatArray = npt.NDArray[np.float64]

#: Places at which it is asked whether a curve has been there before.
PROBES = 1024
#: Places farther apart than this share of the length are not the same, however coarse the steps.
SAME_PLACE = 1e-4
#: Steps over a web's width when passes are looked for, at most this many along the curve, and pairs of them.
STEPS_PER_WIDTH, MAX_STEPS, MAX_PAIRS, MAX_REFINED = 8, 40_000, 4_000_000, 100_000


@dataclass(frozen=True)
class NearPass:
    """Two places of a curve that are near in space, not along it.

    Arguments:
        distance: between them, mm.
        first, second: their arc lengths, mm.
        place: ``(3,)`` the point between them.
        share: of the curve that passes another part of it nearer than was asked.
    """

    distance: float
    first: float
    second: float
    place: FloatArray
    share: float


def nearest_pass(curve: Curve, width: float) -> NearPass | None:
    """Where ``curve`` passes itself nearest, if nearer than ``width`` mm; else None.

    Places less than pi/2 widths apart along the curve do not count: so far a bend brings them together.
    """
    width = number("width", width, "> 0 mm", lambda value: value > 0)
    apart = math.pi / 2 * width
    if (curve.length / 2 if curve.closed else curve.length) <= apart:
        return None
    count = int(np.clip(STEPS_PER_WIDTH * curve.length / width, 64, MAX_STEPS))
    arc = np.linspace(0, curve.length, count + 1)
    points = curve.at(arc)
    starts, step = points[:-1], curve.length / count
    tree = cKDTree(starts)
    # A curve wound so densely that its pairs are too many passes itself nearer than the last reach of few.
    reaches = [(width + step) / 2**k for k in range(8, -1, -1)]
    few = next((k for k, reach in enumerate(reaches) if tree.count_neighbors(tree, reach) > MAX_PAIRS), len(reaches))
    pairs = tree.query_pairs(reaches[max(few - 1, 0)], output_type="ndarray")
    pairs = pairs[_separation(arc[pairs[:, 0]], arc[pairs[:, 1]], curve) > apart]
    if not len(pairs):
        return None
    between = np.linalg.norm(starts[pairs[:, 0]] - starts[pairs[:, 1]], axis=1)
    near = pairs[between < width]
    # A step on either side of the nearest points of this coarse search, where they may be nearer still.
    pairs = pairs[np.argsort(between, kind="stable")[: min(np.sum(between <= between.min() + step), MAX_REFINED)]]
    sides = np.array([(0, 0), (0, -1), (-1, 0), (-1, -1)])
    i, j = ((pairs[:, None] + sides) % count).reshape(-1, 2).T
    s, t = nearest_shares(points[i], points[i + 1], points[j], points[j + 1])
    feet = points[i] + s[:, None] * (points[i + 1] - points[i]), points[j] + t[:, None] * (points[j + 1] - points[j])
    distance = np.linalg.norm(feet[0] - feet[1], axis=1)
    places = arc[i] + s * step, arc[j] + t * step
    distance = np.where(_separation(*places, curve) > apart, distance, np.inf)
    best = int(distance.argmin())
    if not distance[best] < width:
        return None
    found_at = np.array([place[best] for place in places])
    first, second = np.sort(found_at % curve.length if curve.closed else found_at).tolist()
    middle = (feet[0][best] + feet[1][best]) / 2
    return NearPass(float(distance[best]), first, second, middle, max(len(np.unique(near)), 1) / count)


def retraced_at(points: FloatArray) -> float | None:
    """The share of its length at which the poly-line ``points`` (k, 3) begins to run over itself, or None.

    Two places fall together where they are nearer than what a step cuts off a smooth curve, and not next to one
    another. A crossing is no retracing: two neighbouring probes of `PROBES` must fall on other parts.
    """
    steps = np.diff(points, axis=0)
    sizes = np.linalg.norm(steps, axis=1)
    arc = np.concatenate([[0.0], np.cumsum(sizes)])
    length = float(arc[-1])
    directions = steps / sizes[:, None]
    turns = np.linalg.norm(np.diff(directions, axis=0), axis=1)
    turns = np.where(turns < 0.2, turns, 0.0)  # more is a corner, not a smooth curve's step
    bends = np.maximum(np.append(turns, 0.0), np.insert(turns, 0, 0.0))

    every = math.ceil(2 * len(points) / PROBES)
    count = every * PROBES
    places = np.linspace(0, length, count + 1)
    even = np.column_stack([np.interp(places, arc, column) for column in points.T])
    probes = np.arange(every // 2, count, every)
    pitch = length / count
    found = cKDTree(even).query_ball_point(even[probes], 1.01 * pitch)
    sizes_found = np.array([len(row) for row in found])
    probe = np.repeat(np.arange(PROBES), sizes_found)
    other = np.concatenate([np.asarray(row, int) for row in found])
    lag = np.abs(other - probes[probe])
    if (points[0] == points[-1]).all():
        lag = np.minimum(lag, count - lag)
    probe, other = probe[lag > 4], other[lag > 4]
    at = even[probes[probe]]
    nearest = np.full(PROBES, np.inf)
    for begin in (np.maximum(other - 1, 0), np.minimum(other, count - 1)):
        share = nearest_shares(even[begin], even[begin + 1], at, at)[0][:, None]
        gap = np.linalg.norm(even[begin] + share * (even[begin + 1] - even[begin]) - at, axis=1)
        np.minimum.at(nearest, probe, gap)
    step = np.searchsorted(arc, places[probes]).clip(1, len(sizes)) - 1
    again = nearest <= 1e-9 * length + np.minimum(sizes[step] * bends[step] / 4, SAME_PLACE * length)
    twice = np.flatnonzero(again[1:] & again[:-1])
    return float(places[probes[twice[0]]] / length) if len(twice) else None


def _separation(first: FloatArray, second: FloatArray, curve: Curve) -> FloatArray:
    """Arc length between two places, the shorter way round a closed curve."""
    gap = np.abs(first - second)
    return np.minimum(gap, curve.length - gap) if curve.closed else gap
