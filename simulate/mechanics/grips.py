"""How a web is gripped and pulled: which nodes are held, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.force_density import numbers
from structgen.web import FloatArray, WebGraph

BoolArray = npt.NDArray[np.bool_]

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
#: Grips by name.
GRIPS = ("auto", "anchors", "faces")
#: Nodes this share of the extent or less from either end are gripped by ``"faces"``.
DEPTH = 0.05
#: ``"auto"`` takes the anchors where there are as many, and they span as much of the web.
ANCHORS, SPAN = 4, 0.8


@dataclass(frozen=True)
class Grips:
    """Nodes that are held, and how they move.

    ``held``: ``(n,)`` mask; ``velocity``: ``(n, 3)`` mm a unit of strain; ``length``: mm between the outermost held
    nodes along ``axis``, a unit vector; ``name``: which grips these are.
    """

    held: BoolArray
    velocity: FloatArray
    length: float
    axis: FloatArray
    name: str


def grips_of(web: WebGraph, axis: Any = "x", grips: Any = "auto") -> Grips:
    """The grips that pull ``web`` along ``axis``.

    Arguments:
        axis: ``"x"``, ``"y"``, ``"z"`` or a vector.
        grips: ``"anchors"``, all ends of single threads, move as if the space they are fixed to were stretched along
            the axis; ``"faces"``, the nodes near the two ends along the axis, move apart as two rigid plates;
            ``"auto"``, anchors where there are enough, else faces; node numbers or a mask, which move as anchors do;
            or a pair ``(low, high)`` of these, which move apart as plates do.

    Raises `ValueError` where nothing is held, nothing would be stretched, or a part of the web floats.
    """
    along = _unit(axis)
    place = web.pos @ along
    if not np.ptp(place) > 1e-9 * float(web.extents.max()):
        raise ValueError(f"axis is {axis!r}: the web has no extent along it, pull along another")
    if isinstance(grips, str):
        if grips not in GRIPS:
            raise ValueError(
                f"grips is {grips!r}, must be one of {', '.join(GRIPS)}, node numbers, a mask or two of these"
            )
        anchors = web.degree == 1
        enough = anchors.sum() >= ANCHORS and np.ptp(place[anchors]) >= SPAN * np.ptp(place)
        name = ("anchors" if enough else "faces") if grips == "auto" else grips
        if name == "faces":
            deep = DEPTH * np.ptp(place)
            return _plates(web, along, place, place <= place.min() + deep, place >= place.max() - deep, name)
        return _affine(web, along, place, anchors, name)
    if isinstance(grips, Sequence) and len(grips) == 2 and all(np.ndim(side) == 1 for side in grips):
        low, high = (_mask(side, web.n) for side in grips)
        return _plates(web, along, place, low, high, "two sets")
    return _affine(web, along, place, _mask(grips, web.n), "nodes")


def _affine(web: WebGraph, axis: FloatArray, place: FloatArray, held: BoolArray, name: str) -> Grips:
    if not held.any():
        needed = "no node has a single thread: use faces" if name == "anchors" else "no node is named"
        raise ValueError(f"grips: {needed}")
    middle = (place[held].min() + place[held].max()) / 2
    velocity = np.where(held, place - middle, 0.0)[:, None] * axis
    return _checked(web, Grips(held, velocity, float(np.ptp(place[held])), axis, name))


def _plates(web: WebGraph, axis: FloatArray, place: FloatArray, low: BoolArray, high: BoolArray, name: str) -> Grips:
    for side, mask in (("first", low), ("second", high)):
        if not mask.any():
            raise ValueError(f"grips: the {side} of the two names no node")
    if (low & high).any():
        raise ValueError(f"grips: node {int((low & high).argmax())} is held by both")
    length = float(place[high].mean() - place[low].mean())
    velocity = np.where(high, length, 0.0)[:, None] * axis
    return _checked(web, Grips(low | high, velocity, abs(length), axis, name))


def _checked(web: WebGraph, grips: Grips) -> Grips:
    """``grips``, if they can pull all of the web."""
    if not grips.length > 1e-9 * float(web.extents.max()):
        raise ValueError("grips: all held nodes lie at the same place along the axis, nothing would be stretched")
    label = web.components()
    held = np.zeros(int(label.max()) + 1, bool)
    held[label[grips.held]] = True
    if not held.all():
        part = int(np.flatnonzero(~held)[0])
        raise ValueError(
            f"web: the part of {int((label == part).sum())} nodes around node {int((label == part).argmax())} floats, "
            "no grip holds it; take web.largest_component() or hold it"
        )
    nodes = np.flatnonzero(grips.held)
    _, motion = np.unique(np.round(grips.velocity[nodes] / grips.length, 9), axis=0, return_inverse=True)
    first = np.full(len(held), -1)
    first[label[nodes]] = motion
    if (first[label[nodes]] == motion).all():
        raise ValueError(
            "grips: no thread leads from one grip to another that moves apart from it: the web falls apart"
        )
    return grips


def _mask(nodes: Any, n: int) -> BoolArray:
    held = np.zeros(n, bool)
    held[numbers(nodes, n, "grips")] = True
    return held


def _unit(axis: Any) -> FloatArray:
    if isinstance(axis, str) and axis not in AXES:
        raise ValueError(f"axis is {axis!r}, must be x, y, z or a vector")
    try:
        vector = np.asarray(AXES[axis] if isinstance(axis, str) else axis, float)
    except (TypeError, ValueError):
        vector = np.zeros(0)
    if vector.shape != (3,) or not np.isfinite(vector).all() or not vector.any():
        raise ValueError(f"axis is {axis!r}, must be x, y, z or a vector of three finite numbers, not all 0")
    unit: FloatArray = vector / np.linalg.norm(vector)
    return unit
