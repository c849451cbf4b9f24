"""Random monitors, from gentle to far steeper than a mesh resolves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulate.mesh_movement.checks import FloatArray

KINDS = ("bumps", "front", "ring", "mixed", "noise")
#: Widths of features, in lengths of the domain.
NARROWEST, WIDEST = 0.01, 0.3


def random_monitor(kind: str, strength: float, points: FloatArray, seed: int) -> Callable[[FloatArray], FloatArray]:
    """1 + ``strength`` times a function in 0..1 of one of `KINDS`, made for the domain of ``points (n, d)``.

    "bumps" are anisotropic Gaussians, "front" is a bent layer, "ring" a circle or sphere, "mixed" the largest of all
    three, and "noise" a wave shorter than cells: what a rough recovery may give.
    """
    random = np.random.default_rng([seed, KINDS.index(kind)])
    low, size = points.min(axis=0), float(np.ptp(points, axis=0).max())
    features = {
        "bumps": [_bump(random, points, size) for _ in range(random.integers(1, 7))],
        "front": [_front(random, points, size)],
        "ring": [_ring(random, points, size)],
        "mixed": [maker(random, points, size) for maker in (_bump, _front, _ring)],
        "noise": [_noise(random, low, size)],
    }[kind]

    def monitor(at: FloatArray) -> FloatArray:
        level: FloatArray = 1 + strength * np.max([feature(at) for feature in features], axis=0)
        return level

    return monitor


Feature = Callable[[FloatArray], FloatArray]


def _width(random: np.random.Generator, size: float) -> float:
    return size * float(np.exp(random.uniform(np.log(NARROWEST), np.log(WIDEST))))


def _bump(random: np.random.Generator, points: FloatArray, size: float) -> Feature:
    centre = points[random.integers(len(points))]
    turn, _ = np.linalg.qr(random.normal(size=(points.shape[1],) * 2))
    scale = turn / [_width(random, size) for _ in range(points.shape[1])]
    return lambda at: np.exp(-(((at - centre) @ scale) ** 2).sum(axis=1))


def _front(random: np.random.Generator, points: FloatArray, size: float) -> Feature:
    centre = points[random.integers(len(points))]
    way = random.normal(size=points.shape[1])
    normal = way / np.linalg.norm(way)
    width, bend = _width(random, size), random.uniform(0, 0.15) * size

    def feature(at: FloatArray) -> FloatArray:
        along = (at - centre) @ np.roll(normal, 1) / size
        layer: FloatArray = np.exp(-((((at - centre) @ normal + bend * np.sin(6 * along)) / width) ** 2))
        return layer

    return feature


def _ring(random: np.random.Generator, points: FloatArray, size: float) -> Feature:
    centre = points[random.integers(len(points))]
    radius, width = random.uniform(0.1, 0.5) * size, _width(random, size)
    return lambda at: np.exp(-(((np.linalg.norm(at - centre, axis=1) - radius) / width) ** 2))


def _noise(random: np.random.Generator, low: FloatArray, size: float) -> Feature:
    wave = random.normal(size=(len(low), 4)) * 40 / size
    phase = random.uniform(0, 2 * np.pi, 4)
    return lambda at: (1 + np.sin((at - low) @ wave + phase).mean(axis=1)) / 2
