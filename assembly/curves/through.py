"""Curves through points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from assembly.checks import number
from assembly.curves.curve import Curve, check_length, checked_points
from assembly.curves.frames import unit

FloatArray = npt.NDArray[np.float64]

#: A curve through points is made of steps of this share of its length at most.
PIECES = 2000
#: Steps of a spline between two points at least, and chords of a rounded corner.
STEPS_PER_LEG, CHORDS_PER_CORNER = 8, 8
#: A turn of less, in radians, is no corner to round.
FLAT = 1e-6


def polyline(points: npt.ArrayLike, closed: bool = False, corner_radius: float = 0.0) -> Curve:
    """The poly-line through ``points`` ``(k, 3)`` in mm.

    Arguments:
        closed: goes back to the first point.
        corner_radius: corners are rounded to arcs of this radius in mm; at 0 they stay where they are.

    Raises `ValueError` where a corner needs longer legs than it has.
    """
    radius = number("corner_radius", corner_radius, ">= 0 mm", lambda value: value >= 0)
    corners = Curve(_corners(points, closed))
    vertices = corners.points if radius == 0 else _rounded(corners, radius)
    return Curve(divided(vertices, PIECES))


def spline(points: npt.ArrayLike, closed: bool = False) -> Curve:
    """The smooth curve through ``points`` ``(k, 3)`` in mm, ``closed`` or with straight ends.

    A cubic spline of continuous curvature over the centripetal parameter, the running sum of the square roots of the
    distances, which keeps it from overshooting where points lie close together (Lee, Choosing nodes in parametric
    curve interpolation, Computer-Aided Design 21(6), 1989).
    """
    knots = _corners(points, closed)
    closed = bool((knots[0] == knots[-1]).all())
    legs = np.linalg.norm(np.diff(knots, axis=0), axis=1)
    check_length(legs.sum())
    if not legs.min() > 1e-12 * legs.sum():
        raise ValueError(f"points {legs.argmin() + 1} and {legs.argmin() + 2} of {len(knots)} lie in one place")
    parameter = np.concatenate([[0.0], np.cumsum(np.sqrt(legs))])
    curve = CubicSpline(parameter, knots, bc_type="periodic" if closed else "natural")
    steps = np.maximum(STEPS_PER_LEG, np.ceil(PIECES * legs / legs.sum())).astype(int)
    places = _even_steps(parameter[:-1], np.diff(parameter), steps)
    path = curve(np.append(places, parameter[-1]))
    if closed:
        path[-1] = path[0]
    return Curve(path)


def divided(vertices: FloatArray, pieces: int) -> FloatArray:
    """``vertices`` (k, 3) of a poly-line and points evenly on each leg: no step longer than 1 / ``pieces`` of it."""
    legs = np.diff(vertices, axis=0)
    sizes = np.linalg.norm(legs, axis=1)
    steps = np.maximum(1, np.ceil(sizes * (pieces / sizes.sum()) - 1e-9)).astype(int)
    return np.concatenate([_even_steps(vertices[:-1], legs, steps), vertices[-1:]])


def _even_steps(starts: FloatArray, spans: FloatArray, steps: npt.NDArray[np.int64]) -> FloatArray:
    """From each of ``starts`` (k, ...) on, ``steps`` (k,) even steps over its span, without the last place."""
    first = np.repeat(np.cumsum(steps) - steps, steps)
    share = (np.arange(steps.sum()) - first) / np.repeat(steps, steps)
    share = share.reshape(-1, *[1] * (starts.ndim - 1))
    return np.asarray(np.repeat(starts, steps, axis=0) + share * np.repeat(spans, steps, axis=0))


def _corners(points: npt.ArrayLike, closed: bool) -> FloatArray:
    """``points`` as an array ``(k, 3)``, ``closed`` by the first once more at its end if it is not there."""
    corners = checked_points(points)
    if not closed or (corners[0] == corners[-1]).all():
        return corners
    return np.concatenate([corners, corners[:1]])


def _rounded(corners: Curve, radius: float) -> FloatArray:
    """The vertices of ``corners`` with each corner replaced by chords of an arc that touches both its legs."""
    legs = np.diff(corners.points, axis=0)
    sizes = np.linalg.norm(legs, axis=1)
    along = legs / sizes[:, None]
    if corners.closed:
        points, before, after = corners.points[:-1], np.roll(along, 1, axis=0), along
    else:  # straight on at the ends
        points, before, after = corners.points, np.concatenate([along[:1], along]), np.concatenate([along, along[-1:]])
    bend, forward = after - before, after + before
    turn = 2 * np.arctan2(np.linalg.norm(bend, axis=1), np.linalg.norm(forward, axis=1))
    cut = np.where(turn > FLAT, radius * np.tan(turn / 2), 0.0)
    taken = cut[: len(sizes)] + np.roll(cut, -1)[: len(sizes)]
    short = np.flatnonzero(taken > sizes * (1 + 1e-9))
    if len(short):
        k = short[0]
        raise ValueError(
            f"corner_radius is {radius:g} mm, too large for the leg of {sizes[k]:.4g} mm after point {k + 1}: "
            f"its corners need {taken[k]:.4g} mm"
        )
    total = sizes.sum() - 2 * cut.sum() + (radius * turn).sum()
    chords = np.maximum(CHORDS_PER_CORNER, np.ceil(PIECES * radius * turn / total)).astype(int)
    pieces: list[FloatArray] = []
    for k, point in enumerate(points):
        if cut[k] == 0:
            pieces.append(point[None])
            continue
        inward, ahead = unit(np.stack([bend[k], forward[k]]))
        angle = np.linspace(-turn[k] / 2, turn[k] / 2, chords[k] + 1)[:, None]
        arc = np.sin(angle) * ahead + (1 / np.cos(turn[k] / 2) - np.cos(angle)) * inward
        pieces.append(point + radius * arc)
    vertices = np.concatenate([*pieces, pieces[0][:1]] if corners.closed else pieces)
    moved = np.linalg.norm(np.diff(vertices, axis=0), axis=1) > 1e-9 * total  # arcs that meet share their end
    return np.asarray(vertices[np.concatenate([[True], moved])])
