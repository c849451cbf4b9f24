"""The last step of decoding: nodes moved a little until the mean edge length is the one asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.generators.choosing import CLEARANCE, overlapping
from structgen.generators.stiffness import stiffness
from structgen.geometry import segment_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Newton steps, and the relative miss of the mean length at which they end.
STEPS, TOLERANCE = 12, 1e-4
#: Webs of more nodes, and those with given parts, give way alike everywhere: the rest would take too long.
STIFF = 160
#: Furthest that a node may move, in mean edge lengths.
REACH = 0.15


@dataclass(frozen=True)
class Room:
    """Where nodes may go: within ``low (3,)`` to ``high (3,)`` (mm), and only along the axes where ``free (n, 3)``.

    The first ``known_nodes`` do not move; nor are they, or the first ``known_edges``, checked against one another.
    """

    low: FloatArray
    high: FloatArray
    free: BoolArray
    known_nodes: int = 0
    known_edges: int = 0


def polished(pos: FloatArray, edges: IntArray, radius: FloatArray, mean_length: float, room: Room) -> FloatArray:
    """``pos (n, 3)`` of a valid web moved, by `REACH` at most, until its new ``edges`` have ``mean_length`` (mm).

    Newton steps along the gradient of the mean length, first as the web gives way most easily (`stiffness`), then,
    for what is left, straight. Nodes that would come nearer than the thickest strut's diameter, or whose struts would
    cross others, stay where they were; so it may come out short of the length asked for.
    """
    new = edges[room.known_edges :]
    if not len(new):
        return pos
    checks, moved = _Checks.of(pos, edges, radius, REACH * mean_length, room), pos
    for matrix in (stiffness(pos, edges), None) if len(pos) <= STIFF and not room.known_nodes else (None,):
        moved = _approached(pos, moved, new, mean_length, room, checks, matrix)
    return moved


def _approached(
    pos: FloatArray, moved: FloatArray, new: IntArray, mean_length: float, room: Room, checks: _Checks,
    matrix: FloatArray | None,
) -> FloatArray:  # fmt: skip
    """`polished`, begun from ``moved``; matrix ``(n, n)``: the stiffness of the web, None for alike everywhere."""
    reach, free = REACH * mean_length, room.free.copy()
    i, j = new.T

    def miss_of(place: FloatArray) -> tuple[float, FloatArray]:
        span = place[i] - place[j]
        length = np.linalg.norm(span, axis=1)
        unit = span / length[:, None]
        slope = np.zeros_like(place)
        np.add.at(slope, i, unit)
        np.add.at(slope, j, -unit)
        return mean_length - float(length.mean()), slope / len(i)

    miss, slope = miss_of(moved)
    for _ in range(STEPS):
        slope = slope * free
        if abs(miss) <= TOLERANCE * mean_length:
            break
        way = slope if matrix is None else _given_way(matrix, slope, free)
        steepness = float((slope * way).sum())
        if steepness * reach <= 1e-9 * abs(miss) * float(np.abs(way).max()):
            break
        trial = moved + np.clip(miss / steepness * way, -reach, reach)
        trial = np.where(free, np.clip(trial, room.low, room.high), moved)
        shift = trial - pos
        far = np.linalg.norm(shift, axis=1)
        tethered = far > reach * (1 + 1e-9)  # rounding is not to decide on what has just been clipped
        trial[tethered] = pos[tethered] + shift[tethered] * (reach / far[tethered])[:, None]
        # What has come to its end takes no part in further steps.
        free &= ((trial > room.low) & (trial < room.high)) & ~tethered[:, None]
        bad = checks.offenders(trial)
        while not np.array_equal(trial[bad], moved[bad]):  # what was amiss before is not mended here
            trial[bad] = moved[bad]
            free[bad] = False
            bad = checks.offenders(trial)
        before, (miss, slope) = miss, miss_of(trial)
        if abs(miss) >= abs(before):
            break
        moved = trial
    return moved


def _given_way(matrix: FloatArray, slope: FloatArray, free: BoolArray) -> FloatArray:
    """Where nodes go that are ``free (n, 3)`` and pulled along ``slope (n, 3)``, in a web of that stiffness."""
    way = np.zeros_like(slope)
    for axis in range(3):
        its = free[:, axis]
        way[its, axis] = np.linalg.solve(matrix[np.ix_(its, its)], slope[its, axis])
    return way


@dataclass(frozen=True)
class _Checks:
    """What can go wrong when nodes move: struts ``near (k, 2)`` may meet, nodes come closer than ``least`` (mm)."""

    edges: IntArray
    radius: FloatArray
    near: IntArray
    least: float
    known_nodes: int

    @classmethod
    def of(cls, pos: FloatArray, edges: IntArray, radius: FloatArray, reach: float, room: Room) -> _Checks:
        """For nodes that move by ``reach`` (mm) at most."""
        a, b = pos[edges[:, 0]], pos[edges[:, 1]]
        margin = reach + CLEARANCE * radius[:, None]
        low, high = (np.minimum(a, b) - margin).T, (np.maximum(a, b) + margin).T
        every = np.arange(len(edges))
        e, f = overlapping(low, high, every, every)
        apart = (edges[e][:, :, None] != edges[f][:, None, :]).all(axis=(1, 2)) & (f >= room.known_edges)
        e, f = e[apart], f[apart]
        thick = CLEARANCE * (radius[e] + radius[f])
        # Each of the two can come nearer by as much as its nodes move.
        close = segment_distance(a[e], b[e], a[f], b[f]) < thick + 2 * reach
        return cls(edges, radius, np.column_stack([e[close], f[close]]), 2 * float(radius.max()), room.known_nodes)

    def offenders(self, pos: FloatArray) -> IntArray:
        """Nodes too near to another, and ends of struts that cross."""
        nodes = cKDTree(pos).query_pairs(self.least, output_type="ndarray")
        nodes = nodes[(nodes >= self.known_nodes).any(axis=1)]
        e, f = self.near.T
        a, b = pos[self.edges[:, 0]], pos[self.edges[:, 1]]
        hit = segment_distance(a[e], b[e], a[f], b[f]) < CLEARANCE * (self.radius[e] + self.radius[f])
        return np.unique(np.concatenate([nodes.ravel(), self.edges[self.near[hit]].ravel()]))
