"""How a web is gripped and pulled, or pushed: which nodes are held, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.checks import positive
from structgen.force_density import numbers
from structgen.web import FloatArray, WebGraph

BoolArray = npt.NDArray[np.bool_]

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
#: Grips by name.
GRIPS = ("auto", "anchors", "faces")
#: Nodes this share of the extent or less from either end are gripped by ``"faces"``.
DEPTH = 0.05
#: Rims by name.
RIMS = ("auto", "anchors", "edge")
#: ``"auto"`` takes the anchors where there are as many, and they span as much of the web.
ANCHORS, SPAN = 4, 0.8


@dataclass(frozen=True)
class Grips:
    """Nodes that are held, and how they move.

    ``held``: ``(n,)`` mask; ``velocity``: ``(n, 3)`` mm a unit of strain; ``length``: mm between the outermost held
    nodes along ``axis``, a unit vector (of a rim: across it); ``name``: which grips these are.
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
    along = unit_axis(axis)
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
        low, high = (_mask(side, web.n, "grips") for side in grips)
        return _plates(web, along, place, low, high, "two sets")
    return _affine(web, along, place, _mask(grips, web.n, "grips"), "nodes")


def punch_of(
    web: WebGraph, axis: Any = "z", at: Any = None, punch: float | None = None, patch: Any = None, rim: Any = "auto"
) -> Grips:
    """The rim that holds ``web`` and the patch of it that a punch glued to it pushes along ``axis``.

    Arguments:
        axis: as of `grips_of`; ``length`` is the width of the rim across it.
        at: ``(3,)`` where it is pushed, mm; default: the middle of the box around it.
        punch: radius, mm: all nodes so near to ``at`` move together; default: the nearest alone.
        patch: node numbers or a mask, instead of ``at`` and ``punch``.
        rim: ``"anchors"``, all nodes with a single thread; ``"edge"``, the nodes near the outline of the web seen along
            the axis; ``"auto"``, anchors where there are enough, else the edge; or node numbers or a mask.

    Raises `ValueError` where nothing is held or pushed, or a part of the web floats.
    """
    along = unit_axis(axis)
    flat: FloatArray = web.pos @ np.linalg.svd(along[None])[2][1:].T
    pushed = _pushed(web, at, punch, patch)
    held, name = _rim(web, flat, rim)
    if (pushed & held).any():
        raise ValueError(f"rim: node {int((pushed & held).argmax())} is held and pushed at once")
    width = _width(flat[held])
    if not width > 1e-9 * float(web.extents.max()):
        raise ValueError("rim: all its nodes lie at the same place across the axis")
    velocity = np.where(pushed, width, 0.0)[:, None] * along
    return _checked(web, Grips(pushed | held, velocity, width, along, name))


def _pushed(web: WebGraph, at: Any, punch: float | None, patch: Any) -> BoolArray:
    if patch is not None:
        if at is not None or punch is not None:
            raise ValueError("patch names the nodes pushed: leave out at and punch, or patch")
        pushed = _mask(patch, web.n, "patch")
        if not pushed.any():
            raise ValueError("patch: no node is named")
        return pushed
    place = (web.pos.min(axis=0) + web.pos.max(axis=0)) / 2 if at is None else vector(at, "at", "a point of three")
    distance: FloatArray = np.linalg.norm(web.pos - place, axis=1)
    near = distance.min() if punch is None else positive("punch", punch)
    found: BoolArray = distance <= near
    if punch is None:
        found[distance.argmin() + 1 :] = False
    elif not found.any():
        raise ValueError(
            f"punch is {punch:g} mm: no node is so near to its middle, the nearest is {distance.min():.4g} mm off"
        )
    return found


def _rim(web: WebGraph, flat: FloatArray, rim: Any) -> tuple[BoolArray, str]:
    if not isinstance(rim, str):
        held = _mask(rim, web.n, "rim")
        if not held.any():
            raise ValueError("rim: no node is named")
        return held, "nodes"
    if rim not in RIMS:
        raise ValueError(f"rim is {rim!r}, must be one of {', '.join(RIMS)}, node numbers or a mask")
    anchors: BoolArray = web.degree == 1
    enough = anchors.sum() >= ANCHORS and _width(flat[anchors]) >= SPAN * _width(flat)
    if rim == "anchors" or (rim == "auto" and enough):
        if not anchors.any():
            raise ValueError("rim: no node has a single thread: use edge")
        return anchors, "anchors"
    edge: BoolArray = _inside(flat) <= DEPTH * _width(flat)
    return edge, "edge"


def _line(flat: FloatArray) -> FloatArray | None:
    """``(n,)`` places along the line on which ``flat (n, 2)`` lies, if it does."""
    centred = flat - flat.mean(axis=0)
    if len(flat) < 3:
        return np.asarray(centred @ (flat[-1] - flat[0]) / max(float(np.linalg.norm(flat[-1] - flat[0])), 1e-300))
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ axes[0]) if sizes[1] <= 1e-9 * sizes[0] else None


def _width(flat: FloatArray) -> float:
    """The largest distance of two of the points ``flat (n, 2)``."""
    place = _line(flat)
    if place is not None:
        return float(np.ptp(place))
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    return float(pdist(flat[ConvexHull(flat).vertices]).max())


def _inside(flat: FloatArray) -> FloatArray:
    """``(n,)`` how far the points ``flat (n, 2)`` are inside their convex hull."""
    place = _line(flat)
    if place is not None:
        return np.asarray(np.minimum(place - place.min(), place.max() - place))
    from scipy.spatial import ConvexHull

    sides = ConvexHull(flat).equations
    return np.asarray(-(flat @ sides[:, :2].T + sides[:, 2]).max(axis=1))


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


def _mask(nodes: Any, n: int, name: str) -> BoolArray:
    held = np.zeros(n, bool)
    held[numbers(nodes, n, name)] = True
    return held


def unit_axis(axis: Any) -> FloatArray:
    """``(3,)`` unit vector of ``axis``: ``"x"``, ``"y"``, ``"z"`` or a vector; else `ValueError`."""
    if isinstance(axis, str) and axis not in AXES:
        raise ValueError(f"axis is {axis!r}, must be x, y, z or a vector")
    along = vector(AXES[axis] if isinstance(axis, str) else axis, "axis", "x, y, z or a vector of three")
    if not along.any():
        raise ValueError(f"axis is {axis!r}, must not be all 0")
    unit: FloatArray = along / np.linalg.norm(along)
    return unit


def vector(value: Any, name: str, what: str) -> FloatArray:
    """``value`` as ``(3,)`` floats; a `ValueError` says that ``name`` must be ``what`` finite numbers."""
    try:
        found = np.asarray(value, float)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (3,) or not np.isfinite(found).all():
        raise ValueError(f"{name} is {value!r}, must be {what} finite numbers")
    return found
