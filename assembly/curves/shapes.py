"""Curves that have a name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.checks import number, whole
from assembly.curves.curve import Curve

FloatArray = npt.NDArray[np.float64]

MAX_TURNS = 1000
POINTS_PER_TURN = 256
#: Largest number of rounds of a torus knot, and largest frequency of a Lissajous curve.
MAX_ROUNDS = 100


def line(length: float) -> Curve:
    """A straight line from the origin along x, ``length`` > 0 in mm."""
    length = number("length", length, "> 0 mm", lambda value: value > 0)
    return Curve(np.outer(np.linspace(0, length, 65), [1.0, 0.0, 0.0]))


def helix(radius: float = 20.0, pitch: float = 8.0, turns: float = 3.0, end_radius: float | None = None) -> Curve:
    """A helix about the z axis from (radius, 0, 0); ``radius`` and the rise ``pitch`` a turn in mm.

    ``radius`` > 0, ``turns`` in (0, 1000]; a negative pitch goes down. With an ``end_radius`` >= 0 mm it is conical.
    """
    radius = number("radius", radius, "> 0 mm", lambda value: value > 0)
    end = radius if end_radius is None else number("end_radius", end_radius, ">= 0 mm", lambda value: value >= 0)
    return _about_axis(lambda share: radius + (end - radius) * share, pitch, turns)


def spiral(radius: float = 40.0, inner_radius: float = 5.0, turns: float = 3.0, pitch: float = 0.0) -> Curve:
    """An Archimedean spiral about the z axis, its arms evenly apart, from ``inner_radius`` out to ``radius`` mm.

    ``radius`` > ``inner_radius`` >= 0, ``turns`` in (0, 1000]; it rises by ``pitch`` mm a turn, 0 for a flat one.
    """
    inner = number("inner_radius", inner_radius, ">= 0 mm", lambda value: value >= 0)
    outer = number("radius", radius, f"> inner_radius = {inner:g} mm", lambda value: value > inner)
    return _about_axis(lambda share: inner + (outer - inner) * share, pitch, turns)


def logarithmic_spiral(
    radius: float = 40.0, inner_radius: float = 5.0, turns: float = 3.0, pitch: float = 0.0
) -> Curve:
    """A logarithmic spiral about the z axis, as a snail's: each turn is as many times wider as the one before.

    ``radius`` > ``inner_radius`` > 0 in mm, ``turns`` in (0, 1000]; it rises by ``pitch`` mm a turn, 0 for a flat one.
    """
    inner = number("inner_radius", inner_radius, "> 0 mm", lambda value: value > 0)
    outer = number("radius", radius, f"> inner_radius = {inner:g} mm", lambda value: value > inner)
    return _about_axis(lambda share: inner * (outer / inner) ** share, pitch, turns)


def torus_knot(p: int = 2, q: int = 3, radius: float = 30.0, tube_radius: float = 12.0) -> Curve:
    """The closed curve that goes ``p`` times round the z axis and ``q`` times round a ring on its way; (2, 3) is the
    trefoil.

    ``radius`` of the ring > ``tube_radius`` > 0 in mm; ``p`` and ``q`` in 1..100 without a common divisor.
    """
    p, q = whole("p", p, 1, MAX_ROUNDS), whole("q", q, 1, MAX_ROUNDS)
    if math.gcd(p, q) > 1:
        raise ValueError(f"q is {q}, must have no divisor in common with p = {p}, or the curve is several rings")
    tube = number("tube_radius", tube_radius, "> 0 mm", lambda value: value > 0)
    radius = number("radius", radius, f"> tube_radius = {tube:g} mm", lambda value: value > tube)
    t = np.linspace(0, 2 * np.pi, POINTS_PER_TURN * (p + q) + 1)
    out = radius + tube * np.cos(q * t)
    return Curve(np.column_stack([out * np.cos(p * t), out * np.sin(p * t), tube * np.sin(q * t)]))


def attractor(radius: float = 24.0) -> Curve:
    """The curve of the PNAS paper's printed part, ((2 + cos 1.5 t) cos t, (2 + cos 1.5 t) sin t, sin 1.5 t), t in
    0..4 pi, scaled to a ring of ``radius`` > 0 mm: a trefoil on a ring half as thick as wide.
    """
    radius = number("radius", radius, "> 0 mm", lambda value: value > 0)
    return torus_knot(2, 3, radius, radius / 2)


def lissajous(
    frequencies: Sequence[int] = (3, 2, 7),
    amplitudes: Sequence[float] = (40.0, 40.0, 40.0),
    phases: Sequence[float] = (0.7, 0.2, 0.0),
) -> Curve:
    """The closed curve (A cos(a t + u), B cos(b t + v), C cos(c t + w)), t in 0..2 pi; by default the knot 5_2.

    ``frequencies`` a, b, c in 0..100 with no common divisor; ``amplitudes`` A, B, C >= 0 in mm; ``phases`` u, v, w.
    """
    waves = np.array(_three("frequencies", frequencies, lambda name, value: whole(name, value, 0, MAX_ROUNDS)))
    if math.gcd(*waves.tolist()) != 1:
        raise ValueError(f"frequencies are {waves.tolist()}, must have 1 as their greatest common divisor")
    sizes = _three("amplitudes", amplitudes, lambda name, value: number(name, value, ">= 0 mm", lambda a: a >= 0))
    shifts = _three("phases", phases, lambda name, value: number(name, value, "a finite angle in radians"))
    t = np.linspace(0, 2 * np.pi, 2 * POINTS_PER_TURN * int(waves.max()) + 1)
    return Curve(np.array(sizes) * np.cos(np.outer(t, waves) + np.array(shifts)))


def _about_axis(radius: Callable[[FloatArray], FloatArray], pitch: float, turns: float) -> Curve:
    """The curve at ``radius`` of the share of its turns that rises by ``pitch`` a turn."""
    pitch = number("pitch", pitch, "finite, in mm")
    turns = number("turns", turns, f"> 0 and at most {MAX_TURNS}", lambda value: 0 < value <= MAX_TURNS)
    share = np.linspace(0, 1, int(np.ceil(POINTS_PER_TURN * turns)) + 3)
    angle, out = 2 * np.pi * turns * share, radius(share)
    return Curve(np.column_stack([out * np.cos(angle), out * np.sin(angle), pitch * turns * share]))


def _three(name: str, values: Sequence[Any], checked: Callable[[str, Any], Any]) -> list[Any]:
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != 3:
        raise ValueError(f"{name} is {values!r}, must be three numbers")
    return [checked(f"{name}[{k}]", value) for k, value in enumerate(values)]
