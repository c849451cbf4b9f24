"""A part cut into layers, and each layer into runs of material along lines in x: what a slicer sees of it.

Lines lie in the middle of each layer and of each row, ``height`` apart in z and ``pitch`` in y; along x runs are
exact. Meshes are cut by the signs of their crossings, so that shells which overlap count once; webs are cut as
capsules, without a mesh.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph

#: More runs than this are not held; the grid becomes coarser instead.
MOST_RUNS = 40_000_000


@dataclass(frozen=True, eq=False)
class Layers:
    """Runs of material.

    Arguments:
        corner: least x, y and z of the part, mm.
        pitch: between rows in y, mm.
        height: of a layer, mm.
        layers: number of layers.
        rows: lines of a layer.
        first: ``(layers * rows + 1,)`` first run of each line; line ``k * rows + j`` is row j of layer k.
        begin: ``(r,)`` where runs begin in x, mm, ascending on each line.
        end: ``(r,)`` where they end.
    """

    corner: FloatArray
    pitch: float
    height: float
    layers: int
    rows: int
    first: IntArray
    begin: FloatArray
    end: FloatArray

    @property
    def volume(self) -> float:
        """Of the material, mm3."""
        return float((self.end - self.begin).sum()) * self.pitch * self.height

    def middles(self, runs: IntArray) -> FloatArray:
        """``(k, 3)`` middles of ``runs``, mm."""
        lines = np.searchsorted(self.first, runs, side="right") - 1
        y = self.corner[1] + (lines % self.rows + 0.5) * self.pitch
        z = self.corner[2] + (lines // self.rows + 0.5) * self.height
        return np.column_stack([(self.begin[runs] + self.end[runs]) / 2, y, z])


def grid_for(projected: float, pitch: float, height: float, most: int = MOST_RUNS) -> tuple[float, float]:
    """``pitch`` and ``height``, both made coarser where ``projected`` mm2 seen along x would cost too many runs."""
    coarser = max(1.0, math.sqrt(projected / (pitch * height) / most))
    return pitch * coarser, height * coarser


def mesh_layers(vertices: FloatArray, faces: IntArray, pitch: float, height: float, most: int = MOST_RUNS) -> Layers:
    """The layers of a closed mesh ``(v, 3)``, ``(f, 3)``, faces counter-clockwise seen from outside."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    u, v = (b - a)[:, 1:], (c - a)[:, 1:]
    projected = float(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum()) / 4
    shape = np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int64)
    return _layers(vertices.min(axis=0), vertices.max(axis=0), projected, pitch, height, most, _cross, *shape)


def web_layers(web: WebGraph, pitch: float, height: float, most: int = MOST_RUNS) -> Layers:
    """The layers of a web's struts, each round with round ends."""
    start, end = web.pos[web.edge_index[0]], web.pos[web.edge_index[1]]
    along = np.linalg.norm((end - start)[:, 1:], axis=1)
    projected = float((2 * web.radius * along + math.pi * web.radius**2).sum())
    reach = web.radius[:, None]
    low, high = (np.minimum(start, end) - reach).min(axis=0), (np.maximum(start, end) + reach).max(axis=0)
    return _layers(low, high, projected, pitch, height, most, _pierce, start, end, web.radius)


def _layers(
    low: FloatArray, high: FloatArray, projected: float, pitch: float, height: float, most: int,
    cross: Callable[..., None], *shape: Any,
) -> Layers:  # fmt: skip
    """Crossings of ``shape``, found by ``cross``, counted and then filled in, sorted and merged into runs."""
    pitch, height = grid_for(projected, pitch, height, most)
    rows, layers = max(1, math.ceil((high - low)[1] / pitch)), max(1, math.ceil((high - low)[2] / height))
    grid = (float(low[1]), pitch, rows, float(low[2]), height, layers)
    counts = np.zeros(layers * rows + 1, np.int64)
    cross(*shape, *grid, counts, np.empty(0), np.empty(0, np.int8), False)
    first = np.cumsum(counts)
    x, sign = np.empty(first[-1]), np.empty(first[-1], np.int8)
    cross(*shape, *grid, first[:-1].copy(), x, sign, True)
    begin, end, runs = _runs(first, x, sign)
    return Layers(low, pitch, height, layers, rows, runs, begin, end)


@compiled
def _between(low: float, high: float, origin: float, step: float, count: int) -> tuple[int, int]:
    """Numbers of the layers, or rows, whose middles lie between ``low`` and ``high``, and perhaps one beside them."""
    return max(0, int((low - origin) / step - 0.5)), min(count, int((high - origin) / step - 0.5) + 2)


@compiled
def _cross(
    vertices: FloatArray,
    faces: IntArray,
    y0: float,
    pitch: float,
    rows: int,
    z0: float,
    height: float,
    layers: int,
    at: IntArray,
    xs: FloatArray,
    signs: npt.NDArray[np.int8],
    fill: bool,
) -> None:
    """Crossings of lines with faces: counted in ``at[line + 1]``, or put at ``at[line]``, which moves on.

    A face is cut by a layer's plane between the edge that comes down through it and the one that goes up; material
    is to the left of that way. Points on shared edges are computed from the same end, so that both faces agree.
    """
    point = np.empty((2, 2))
    for f in range(len(faces)):
        za, zb, zc = vertices[faces[f, 0], 2], vertices[faces[f, 1], 2], vertices[faces[f, 2], 2]
        for k in range(*_between(min(za, zb, zc), max(za, zb, zc), z0, height, layers)):
            z = z0 + (k + 0.5) * height
            found = 0
            for c in range(3):
                i, j = faces[f, c], faces[f, (c + 1) % 3]
                under_i, under_j = vertices[i, 2] <= z, vertices[j, 2] <= z
                if under_i != under_j:
                    upward = 1 if under_i else 0
                    if i > j:
                        i, j = j, i
                    share = (z - vertices[i, 2]) / (vertices[j, 2] - vertices[i, 2])
                    point[upward, 0] = vertices[i, 0] + share * (vertices[j, 0] - vertices[i, 0])
                    point[upward, 1] = vertices[i, 1] + share * (vertices[j, 1] - vertices[i, 1])
                    found += 1
            if found < 2:
                continue
            ys, ye = point[0, 1], point[1, 1]
            for j in range(*_between(min(ys, ye), max(ys, ye), y0, pitch, rows)):
                y = y0 + (j + 0.5) * pitch
                if (ys <= y) != (ye <= y):
                    x = point[0, 0] + (y - ys) / (ye - ys) * (point[1, 0] - point[0, 0])
                    line = k * rows + j
                    if fill:
                        place = at[line]
                        xs[place], signs[place] = x, -1 if ye > ys else 1
                        at[line] = place + 1
                    else:
                        at[line + 1] += 1


@compiled
def _pierce(
    start: FloatArray,
    end: FloatArray,
    radius: FloatArray,
    y0: float,
    pitch: float,
    rows: int,
    z0: float,
    height: float,
    layers: int,
    at: IntArray,
    xs: FloatArray,
    signs: npt.NDArray[np.int8],
    fill: bool,
) -> None:
    """As `_cross`, of lines with capsules: each line enters and leaves one at most once."""
    for m in range(len(start)):
        r = radius[m]
        ax, ay, az = start[m, 0], start[m, 1], start[m, 2]
        dx, dy, dz = end[m, 0] - ax, end[m, 1] - ay, end[m, 2] - az
        length2 = dx * dx + dy * dy + dz * dz
        across2 = dy * dy + dz * dz
        for k in range(*_between(min(az, az + dz) - r, max(az, az + dz) + r, z0, height, layers)):
            z = z0 + (k + 0.5) * height
            # The part of the axis that is near enough to this layer bounds the rows.
            t0, t1 = 0.0, 1.0
            if abs(dz) > 1e-300:
                t0 = min(max(min((z - r - az) / dz, (z + r - az) / dz), 0.0), 1.0)
                t1 = min(max(max((z - r - az) / dz, (z + r - az) / dz), 0.0), 1.0)
            ya, yb = ay + t0 * dy, ay + t1 * dy
            for j in range(*_between(min(ya, yb) - r, max(ya, yb) + r, y0, pitch, rows)):
                y = y0 + (j + 0.5) * pitch
                enter, leave = np.inf, -np.inf
                for e in range(2):
                    free = r * r - (y - ay - e * dy) ** 2 - (z - az - e * dz) ** 2
                    if free > 0:
                        half = math.sqrt(free)
                        enter, leave = min(enter, ax + e * dx - half), max(leave, ax + e * dx + half)
                # |w - (w.d)d / d.d|^2 <= r^2 for w = (x, qy, qz): a quadratic in x, then 0 <= w.d <= d.d.
                qy, qz = y - ay, z - az
                if across2 > 1e-18 * length2 and length2 > 0:
                    s = qy * dy + qz * dz
                    aa = across2
                    bb = -dx * s
                    cc = (qy * qy + qz * qz - r * r) * length2 - s * s
                    disc = bb * bb - aa * cc
                    if disc > 0:
                        root = math.sqrt(disc)
                        lo, hi = (-bb - root) / aa, (-bb + root) / aa
                        if abs(dx) > 1e-300:
                            u, v = -s / dx, (length2 - s) / dx
                            lo, hi = max(lo, min(u, v)), min(hi, max(u, v))
                        elif s < 0 or s > length2:
                            hi = lo - 1.0
                        if hi > lo:
                            enter, leave = min(enter, ax + lo), max(leave, ax + hi)
                elif length2 > 0 and qy * qy + qz * qz < r * r:
                    enter, leave = min(enter, min(ax, ax + dx)), max(leave, max(ax, ax + dx))
                if leave > enter:
                    line = k * rows + j
                    if fill:
                        place = at[line]
                        xs[place], xs[place + 1] = enter, leave
                        signs[place], signs[place + 1] = 1, -1
                        at[line] = place + 2
                    else:
                        at[line + 1] += 2


@compiled
def _runs(first: IntArray, xs: FloatArray, signs: npt.NDArray[np.int8]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Begin, end and first run of each line: where more crossings have entered than left."""
    lines = len(first) - 1
    begin, end = np.empty(len(xs) // 2 + 1), np.empty(len(xs) // 2 + 1)
    runs = np.zeros(lines + 1, np.int64)
    count = 0
    for line in range(lines):
        a, b = first[line], first[line + 1]
        if b > a:
            order = np.argsort(xs[a:b], kind="mergesort") if b - a > 2 else np.arange(b - a)
            if b - a == 2 and xs[a + 1] < xs[a]:
                order = order[::-1]
            depth = 0
            for o in order:
                before = depth
                depth += signs[a + o]
                x = xs[a + o]
                if before <= 0 < depth:
                    # Where one run ends as the next begins they are one.
                    if count > runs[line] and end[count - 1] >= x:
                        count -= 1
                    else:
                        begin[count] = x
                elif depth <= 0 < before:
                    end[count] = x
                    count += 1
        runs[line + 1] = count
    return begin[:count].copy(), end[:count].copy(), runs
