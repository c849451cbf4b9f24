"""Surfaces that a profile sweeps out round the z axis; a cylinder is one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.curves import Curve, parametric, polyline
from assembly.surfaces.sampling import side_by_side
from assembly.surfaces.surface import Patch, Surface
from structgen.web import FloatArray


@dataclass(frozen=True)
class Revolved(Surface):
    """What ``profile``, a curve in the half-plane y = 0, x > 0, sweeps out round the z axis.

    Modules lie with x around the axis and y along the profile; a profile that goes up has its outer side outward.
    """

    profile: Curve

    def __post_init__(self) -> None:
        radius, y, _ = self.profile.points.T
        if (radius <= 0).any() or (y != 0).any():
            row = int(np.flatnonzero((radius <= 0) | (y != 0))[0])
            raise ValueError(f"profile has radius {radius[row]:.4g} mm at point {row}, must be > 0 everywhere")

    @property
    def area(self) -> float:
        """Area in mm2 (Pappus)."""
        points = self.profile.points
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        return float(2 * math.pi * ((points[1:, 0] + points[:-1, 0]) / 2 * steps).sum())

    def patches(self, size: tuple[float, float], overlap: float, seed: int = 0) -> list[Patch]:
        """Rings of modules, each closed; see `Surface.patches`."""
        return [
            self._patch(angle, s)
            for s in side_by_side(self.profile.length, size[1], overlap)
            for angle in self._around(float(s), size[0], overlap)
        ]

    def scatter(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """See `Surface.scatter`."""
        points = self.profile.points
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        arc, swept = (np.concatenate([[0], np.cumsum(w)]) for w in (steps, steps * (points[1:, 0] + points[:-1, 0])))
        s = np.interp(rng.uniform(0, swept[-1], count), swept, arc)
        angle = rng.uniform(0, 2 * math.pi, count)
        return self._at(angle, s)

    def _around(self, s: float, size: float, overlap: float) -> FloatArray:
        """Angles of the modules of the ring at arc length ``s``."""
        radius = float(self.profile.at(s)[0, 0])
        return side_by_side(2 * math.pi * radius, size, overlap, closed=True) / radius

    def _patch(self, angle: float, s: float) -> Patch:
        radius = float(self.profile.at(s)[0, 0])

        def placed(local: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
            points, frames = self._at(angle + local[:, 0] / radius, s + local[:, 1])
            depth = -float(local[:, 2].min(initial=0))
            if depth >= float(np.hypot(points[:, 0], points[:, 1]).min()):
                raise ValueError(
                    f"surface has radius {radius:.4g} mm at {s:.4g} mm along its profile, too small for modules that "
                    f"reach {depth:.4g} mm inward"
                )
            return points + local[:, 2:] * frames[:, :, 2], np.ones(len(local), bool)

        return placed

    def _at(self, angle: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Places and frames at angles about the axis and arc lengths along the profile; straight on beyond its ends."""
        radius, _, z = self.profile.at(s).T
        up = self.profile.frames(s)[:, :, 0]
        cosine, sine = np.cos(angle), np.sin(angle)
        around = np.column_stack([-sine, cosine, np.zeros_like(sine)])
        along = np.column_stack([cosine * up[:, 0], sine * up[:, 0], up[:, 2]])
        frames = np.stack([around, along, np.cross(around, along)], axis=2)
        return np.column_stack([radius * cosine, radius * sine, z]), frames


def cylinder(radius: float, height: float) -> Revolved:
    """A cylinder about the z axis from z = 0 to ``height``, both in mm and > 0."""
    radius = number("radius", radius, "> 0 mm", lambda value: value > 0)
    height = number("height", height, "> 0 mm", lambda value: value > 0)
    return Revolved(polyline([[radius, 0, 0], [radius, 0, height]]))


def revolved(profile: npt.ArrayLike | str, t0: float = 0.0, t1: float = 1.0) -> Revolved:
    """What a profile sweeps out round the z axis.

    ``profile``: points ``(k, 2)`` of radius and z in mm, or two expressions ``"r; z"`` in t, from ``t0`` to ``t1``.
    """
    if isinstance(profile, str):
        texts = profile.split(";")
        if len(texts) != 2:
            raise ValueError(f"profile is {profile!r}, must be two expressions in t as 'r; z'")
        return Revolved(parametric(texts[0], "0", texts[1], t0, t1))
    points = np.asarray(profile, float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"profile has shape {points.shape}, expected (k, 2): radius and z")
    return Revolved(polyline(np.insert(points, 1, 0.0, axis=1)))
