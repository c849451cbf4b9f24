"""Hollows that powder or resin cannot leave well: what opens them is narrower, in all, than one drain hole.

On a grid, a ball as wide as a drain hole is rolled about the part and through all openings that let it pass. A hollow
is free space that it does not reach but where it fits; what bounds the hollow towards the ball are its openings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from assembly.meshes import TriangleMesh
from assembly.printability.layers import Layers, mesh_layers
from assembly.printability.surfaces import hollows
from structgen.web import FloatArray

Mask = npt.NDArray[np.bool_]

#: Points of the grid to the diameter of a drain hole, ...
POINTS = 8
#: ... fewer where the grid would have more than so many in all ...
MOST_POINTS = 12_000_000
#: ... and too few to tell below this.
LEAST_POINTS = 4
#: An opening this much narrower than a drain hole is measured as one on the grid.
MEASURED = 0.9
#: What is open for a larger share of its surface is no hollow, but the space between struts.
MOST_OPEN = 0.25
#: Corners count as neighbours.
AROUND = np.ones((3, 3, 3))


@dataclass(frozen=True)
class Hollow:
    """A hollow with an opening.

    Arguments:
        lowest, highest: x, y, z of the middles of the lowest and the highest ball in it, mm.
        where: its middle, mm.
        size: mm3.
        width: diameter in mm of a round hole as large as all its openings together, or the grid's step if that is more.
    """

    lowest: tuple[float, float, float]
    highest: tuple[float, float, float]
    where: tuple[float, float, float]
    size: float
    width: float


@dataclass(frozen=True)
class Drainage:
    """``narrow``: hollows that do not drain, largest first; ``step``: of the grid, mm, 0 where none was needed."""

    narrow: tuple[Hollow, ...]
    step: float


def drainage(mesh: TriangleMesh, drain: float) -> Drainage:
    """The hollows of a closed mesh whose openings are narrower together than one hole of ``drain`` mm.

    Closed hollows, which `assembly.printability.surfaces.hollows` finds, are not among them, nor those in which a ball
    of that diameter does not fit.
    """
    for hollow in hollows(mesh):
        mesh = TriangleMesh(mesh.vertices, mesh.faces[~np.isin(np.arange(len(mesh.faces)), hollow.faces)])
    step = max(drain / POINTS, (float(np.prod(np.ptp(mesh.bounds, axis=0) + 2 * drain)) / MOST_POINTS) ** (1 / 3))
    layers = mesh_layers(mesh.vertices, mesh.faces, step, step)
    step = layers.height
    margin = math.ceil(drain / step) + 1
    free = ~np.pad(solid_points(layers), margin)
    fits = ndimage.distance_transform_edt(free) >= drain / 2 / step
    label, count = ndimage.label(fits, AROUND)
    if count < 2:
        return Drainage((), step)
    passed = ndimage.distance_transform_edt(label != label[0, 0, 0]) <= drain / 2 / step
    inside, _ = ndimage.label(free & ~passed)
    origin = layers.corner[::-1] + (0.5 - margin) * step
    found = []
    numbers = np.unique(inside[fits & (inside > 0)])
    boxes = ndimage.find_objects(inside)
    for number in numbers.tolist():
        box = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in boxes[number - 1])
        hollow = inside[box] == number
        area, share = _openings(hollow, passed[box] & free[box], free[box])
        width = max(1.0, math.sqrt(4 / math.pi * area)) * step
        if width < MEASURED * drain and share < MOST_OPEN:
            low = origin + step * np.array([side.start for side in box])
            balls = np.argwhere(hollow & fits[box])
            middle = np.argwhere(hollow).mean(axis=0)
            lowest, highest, where = (_place(low + step * point) for point in (balls[0], balls[-1], middle))
            found.append(Hollow(lowest, highest, where, np.count_nonzero(hollow) * step**3, width))
    return Drainage(tuple(sorted(found, key=lambda one: (-one.size, one.where))), step)


def solid_points(layers: Layers) -> Mask:
    """``(layers, rows, columns)`` which points of the grid lie in the part: those in x are as far apart as rows."""
    x0 = float(layers.corner[0])
    columns = max(1, math.ceil((float(layers.end.max(initial=x0)) - x0) / layers.pitch))
    line = np.repeat(np.arange(len(layers.first) - 1), np.diff(layers.first))
    steps = np.zeros((len(layers.first) - 1, columns + 1), np.int8)
    for places, sign in ((layers.begin, 1), (layers.end, -1)):
        column = np.ceil((places - x0) / layers.pitch - 0.5).astype(np.int64).clip(0, columns)
        np.add.at(steps, (line, column), sign)
    return np.asarray(np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1] > 0).reshape(layers.layers, layers.rows, columns)


def _openings(hollow: Mask, passed: Mask, free: Mask) -> tuple[float, float]:
    """Area, in squares of the grid, through which a hollow meets what the ball ``passed``, and its share of all walls.

    Of each opening the area of its shadow along its own normal: how far the ball reaches into it does not matter.
    """
    mouth, count = ndimage.label(hollow & ndimage.binary_dilation(passed), AROUND)
    total, opened, walls = np.zeros((count + 1, 3)), 0, 0
    for axis in range(3):
        for way in (1, -1):
            meets = np.roll(passed, -way, axis) & hollow
            total[:, axis] += way * np.bincount(mouth[meets], minlength=count + 1)
            opened += int(np.count_nonzero(meets))
            walls += int(np.count_nonzero(np.roll(~free, -way, axis) & hollow))
    return float(np.linalg.norm(total[1:], axis=1).sum()), opened / (opened + walls)


def _place(zyx: FloatArray) -> tuple[float, float, float]:
    z, y, x = zyx.tolist()
    return x, y, z
