"""Curves in space that webs are placed along, with frames that do not twist."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from structgen.expression import evaluate
from structgen.web import MAX_COORDINATE

FloatArray = npt.NDArray[np.float64]

MAX_TURNS = 1000
POINTS_PER_TURN = 256
PIECES_PER_POLYLINE = 2000
#: Samples of a parametric curve: doubled from the first number until its length settles, at most to the last.
PARAMETRIC_SAMPLES = (1025, 131073)


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve as a dense poly-line.

    Arguments:
        points: ``(k, 3)`` positions in mm along the curve, k >= 2.

    Raises `ValueError` where the curve stands still or turns back on itself, as it has no frame there.
    """

    points: FloatArray

    def __post_init__(self) -> None:
        try:
            points = np.array(self.points, dtype=float)
        except (TypeError, ValueError):
            raise ValueError("points is not an array of numbers, expected (k, 3)") from None
        if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2:
            raise ValueError(f"points has shape {points.shape}, expected (k, 3) with k >= 2")
        if not np.isfinite(points).all() or np.abs(points).max() > MAX_COORDINATE:
            raise ValueError(f"points must be finite and within +-{MAX_COORDINATE:g} mm")
        steps = np.diff(points, axis=0)
        sizes = np.linalg.norm(steps, axis=1)
        if sizes.sum() <= 0:
            raise ValueError("curve has length 0, must be longer")
        still = np.flatnonzero(sizes <= 1e-12 * sizes.sum())
        if len(still):
            raise ValueError(f"curve stands still at point {still[0]} of {len(points)}, must move on everywhere")
        directions = steps / sizes[:, None]
        back = np.flatnonzero((directions[1:] * directions[:-1]).sum(1) < -0.999)
        if len(back):
            raise ValueError(f"curve turns back on itself at point {back[0] + 1} of {len(points)}, must go on")
        points.setflags(write=False)
        object.__setattr__(self, "points", points)

    @property
    def length(self) -> float:
        """Arc length in mm."""
        return float(self._arc[-1])

    def at(self, s: npt.ArrayLike) -> FloatArray:
        """``(len(s), 3)`` positions at arc lengths ``s`` in mm; straight on beyond the ends."""
        places: FloatArray = np.atleast_1d(np.asarray(s, float))
        before, after = np.minimum(places, 0), np.maximum(places - self.length, 0)
        first, last = self._tangents[[0, -1]]
        return np.asarray(self._between(self.points, places) + np.outer(before, first) + np.outer(after, last))

    def frames(self, s: npt.ArrayLike) -> FloatArray:
        """``(len(s), 3, 3)`` right-handed frames at arc lengths ``s``: columns tangent, normal, binormal.

        Rotation-minimising, by the double reflection method (Wang, Juettler, Zheng & Liu, Computation of
        rotation minimizing frames, ACM Trans. Graphics 27(1), 2008).
        """
        places: FloatArray = np.clip(np.atleast_1d(np.asarray(s, float)), 0, self.length)
        mixed = self._between(self._vertex_frames.reshape(-1, 9), places).reshape(-1, 3, 3)
        tangent = _unit(mixed[:, :, 0])
        normal = _unit(_across(mixed[:, :, 1], tangent))
        return np.stack([tangent, normal, np.cross(tangent, normal)], axis=2)

    def sharpest(self, start: float, end: float) -> float:
        """Largest curvature in 1/mm between arc lengths ``start`` and ``end``."""
        first, last = np.searchsorted(self._arc, [start, end])
        return float(self._curvature[max(first - 1, 0) : last + 1].max())

    def _between(self, rows: FloatArray, places: FloatArray) -> FloatArray:
        """``rows`` (k, c), one a point of the curve, interpolated at arc lengths ``places``."""
        return np.column_stack([np.interp(places, self._arc, column) for column in rows.T])

    @cached_property
    def _arc(self) -> FloatArray:
        sizes = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(sizes)])

    @cached_property
    def _tangents(self) -> FloatArray:
        order: Literal[1, 2] = 2 if len(self.points) > 2 else 1
        return _unit(np.gradient(self.points, self._arc, axis=0, edge_order=order))

    @cached_property
    def _curvature(self) -> FloatArray:
        return np.asarray(np.linalg.norm(np.gradient(self._tangents, self._arc, axis=0), axis=1))

    @cached_property
    def _vertex_frames(self) -> FloatArray:
        tangent = self._tangents
        first = _reflection(np.diff(self.points, axis=0))
        turned = np.einsum("kij,kj->ki", first, tangent[:-1])
        rotation = _running_product(_reflection(tangent[1:] - turned) @ first)
        axis = np.eye(3)[np.argmin(np.abs(tangent[0]))]
        start = _unit(_across(axis[None], tangent[:1]))
        normal = np.concatenate([start, rotation @ start[0]])
        normal = _unit(_across(normal, tangent))
        return np.stack([tangent, normal, np.cross(tangent, normal)], axis=2)


def helix(radius: float = 20.0, pitch: float = 8.0, turns: float = 3.0) -> Curve:
    """A helix about the z axis from (radius, 0, 0); ``radius`` and the rise ``pitch`` a turn in mm.

    ``radius`` > 0, ``turns`` in (0, 1000]; a negative pitch goes down.
    """
    radius = number("radius", radius, "> 0 mm", lambda value: value > 0)
    pitch = number("pitch", pitch, "finite, in mm")
    turns = number("turns", turns, f"> 0 and at most {MAX_TURNS}", lambda value: 0 < value <= MAX_TURNS)
    angle = np.linspace(0, 2 * np.pi * turns, int(np.ceil(POINTS_PER_TURN * turns)) + 3)
    return Curve(np.column_stack([radius * np.cos(angle), radius * np.sin(angle), pitch * angle / (2 * np.pi)]))


def line(length: float) -> Curve:
    """A straight line from the origin along x, ``length`` > 0 in mm."""
    length = number("length", length, "> 0 mm", lambda value: value > 0)
    return Curve(np.outer(np.linspace(0, length, 65), [1.0, 0.0, 0.0]))


def parametric(x: str, y: str, z: str, t0: float = 0.0, t1: float = 1.0) -> Curve:
    """The curve of three expressions in ``t``, such as ``"10*cos(t)"``, in mm, for t from ``t0`` to ``t1`` > t0.

    What an expression may hold is told by `structgen.expression.evaluate`.
    """
    t0 = number("t0", t0, "finite")
    t1 = number("t1", t1, f"finite and > t0 = {t0:g}", lambda value: value > t0)
    samples, most = PARAMETRIC_SAMPLES
    length = 0.0
    while True:
        t = np.linspace(t0, t1, samples)
        points = np.column_stack([evaluate(text, {"t": t}) for text in (x, y, z)])
        before, length = length, float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        if abs(length - before) <= 1e-5 * length or samples >= most:
            return Curve(points)
        samples = 2 * samples - 1


def polyline(points: npt.ArrayLike) -> Curve:
    """The poly-line through ``points`` ``(k, 3)`` in mm; its corners stay where they are."""
    corners = Curve(points)  # type: ignore[arg-type]  # made an array there
    arc = np.linspace(0, corners.length, PIECES_PER_POLYLINE + 1)
    keep = np.abs(arc[:, None] - corners._arc).min(axis=1) > 1e-3 * corners.length / PIECES_PER_POLYLINE
    return Curve(corners.at(np.sort(np.concatenate([arc[keep], corners._arc]))))


NAMED: Mapping[str, Callable[..., Curve]] = {"helix": helix, "line": line}


def as_curve(curve: Curve | str, **options: Any) -> Curve:
    """A `Curve` from itself, from the name ``"helix"`` or ``"line"``, or from expressions ``"x; y; z"`` in t.

    ``options`` are those of `helix`, `line` or, for expressions, the range ``t0, t1`` of t. Raises
    `ValueError` naming an unknown curve or option.
    """
    if isinstance(curve, Curve):
        make: Callable[..., Curve] = lambda: curve  # noqa: E731
    elif not isinstance(curve, str):
        raise ValueError(f"curve is {curve!r}, must be a Curve, {_names()}")
    elif curve.strip() in NAMED:
        make = NAMED[curve.strip()]
    else:
        texts = curve.split(";")
        if len(texts) != 3:
            raise ValueError(f"curve is {curve!r}, must be {_names()}")
        x, y, z = texts

        def make(t0: float = 0.0, t1: float = 1.0) -> Curve:
            return parametric(x, y, z, t0, t1)

    parameters = inspect.signature(make).parameters
    for name in options:
        if name not in parameters:
            allowed = ", ".join(parameters) or "none"
            raise ValueError(f"{name} is no option of this curve; its options are: {allowed}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in options:
            raise ValueError(f"curve {curve!r} needs the option {name}")
    return make(**options)


def _names() -> str:
    return f"one of {', '.join(NAMED)}, or three expressions in t as 'x; y; z'"


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _across(vectors: FloatArray, tangent: FloatArray) -> FloatArray:
    return np.asarray(vectors - (vectors * tangent).sum(-1, keepdims=True) * tangent)


def _reflection(normals: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` reflections in the planes across ``normals`` (k, 3)."""
    n = _unit(normals)
    return np.eye(3) - 2 * n[:, :, None] * n[:, None, :]


def _running_product(matrices: FloatArray) -> FloatArray:
    """``(k, 3, 3)`` products M[i] ... M[1] M[0], in log2(k) vectorised steps."""
    product, step = matrices.copy(), 1
    while step < len(product):
        product[step:] = product[step:] @ product[:-step]
        step *= 2
    return product
