"""Which side of a part should be down."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from assembly.printability.part import Part
from assembly.printability.processes import Process
from assembly.printability.supports import overhangs_of, supported_space
from structgen.web import FloatArray

#: Directions spread over the sphere, besides those along axes and diagonals.
DIRECTIONS = 120
#: Directions whose support is measured: the best by a quick estimate.
FINALISTS = 4
#: A turn is worth it if it needs less than this share of the support.
BETTER = 0.95
#: Runs of the coarse layers by which they are measured, at most.
FINAL_RUNS = 1_000_000
#: Struts or faces that the quick estimate looks at, at most.
SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class Orientation:
    """A better way to lay a part.

    Arguments:
        rotation: ``(3, 3)`` turn of the part; unity where it lies best as it is.
        support: mm3 of supported space when turned.
        before: mm3 as it lies, measured the same way.
    """

    rotation: FloatArray
    support: float
    before: float


def best_orientation(part: Part, process: Process, plate: tuple[float, float, float]) -> Orientation:
    """The turn of ``part`` that needs the least support and fits the ``plate``.

    Of `DIRECTIONS` and more the best by an estimate are measured. A part that fits as it lies is turned only where that
    is better by a twentieth.
    """
    as_is = _support(part, process)
    fitting = fits(part.size, plate)
    best, tried = Orientation(np.eye(3), as_is, as_is), 0
    ways = _directions()
    for way in ways[np.argsort(_estimates(part, ways, process), kind="stable")]:
        if tried == FINALISTS or (fitting and best.support == 0):
            break
        rotation = _laid(way)
        turned = part.turned(rotation)
        if np.allclose(rotation, np.eye(3)) or not fits(turned.size, plate):
            continue
        tried += 1
        support = _support(turned, process)
        if not fitting or support < min(best.support, BETTER * as_is):
            best, fitting = Orientation(rotation, support, as_is), True
    return best


def fits(size: FloatArray, plate: tuple[float, float, float]) -> bool:
    """Whether a box of ``size`` stands on the plate, turned by a right angle if need be."""
    (x, y, z), (width, depth, height) = size.tolist(), plate
    slack = 1 + 1e-9
    straight, across = x <= width * slack and y <= depth * slack, y <= width * slack and x <= depth * slack
    return bool((straight or across) and z <= height * slack)


def _support(part: Part, process: Process) -> float:
    if process.powder:
        return 0.0
    layers = part.layers(2 * process.step_mm, FINAL_RUNS)
    return supported_space(layers, overhangs_of(layers, process.overhang_deg))[0]


def _directions() -> FloatArray:
    """``(d, 3)`` unit vectors to be turned down: the axes and diagonals, and a spiral on the sphere."""
    straight = [way for way in itertools.product((-1, 0, 1), repeat=3) if any(way)]
    k = np.arange(DIRECTIONS) + 0.5
    z, turn = 1 - 2 * k / DIRECTIONS, math.pi * (1 + math.sqrt(5)) * k
    ring = np.sqrt(1 - z * z)
    spiral = np.column_stack([ring * np.cos(turn), ring * np.sin(turn), z])
    ways = np.concatenate([np.array(straight, float), spiral])
    return np.asarray(ways / np.linalg.norm(ways, axis=1, keepdims=True), np.float64)


def _laid(down: FloatArray) -> FloatArray:
    """The least turn that brings ``down`` to -z."""
    x, y, z = down.tolist()
    if z > 1 - 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    axis = np.array([[0, 0, -x], [0, 0, -y], [x, y, 0]])
    return np.asarray(np.eye(3) + axis + axis @ axis / (1 - z))


def _estimates(part: Part, ways: FloatArray, process: Process) -> FloatArray:
    """``(d,)`` mm3: area that hangs over times its height, less what stands on the plate, for each way to be down."""
    middle, area, down = part.undersides(ways, process.overhang_deg, SAMPLE)
    height = middle @ -ways.T
    height -= height.min(axis=0)
    # Of ways that need as little, the one that stands on more: a layer's worth of it counts.
    standing = (height < process.layer_mm) & (down > 0.99)
    estimates: FloatArray = (area[:, None] * (down * height - process.layer_mm * standing)).sum(axis=0)
    return estimates
