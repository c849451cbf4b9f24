"""Meshes that the tests of mesh movement share."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.spatial import Delaunay

from simulate.mesh_movement.meshes import checked_mesh, oriented
from simulate.mesh_movement.problems.domains import block, used_only


def l_shape_arrays(n):
    """The square [-1, 1]^2 without its quarter x > 0, y < 0; 2n squares a side."""
    points, cells = block(2, 2 * n)
    points = 2 * points - 1
    centre = points[cells].mean(axis=1)
    return used_only(points, cells[~((centre[:, 0] > 0) & (centre[:, 1] < 0))])


def disc_arrays(n, segments=48):
    """A disc of radius 1 whose boundary has ``segments`` edges."""
    rings = [np.zeros((1, 2))]
    for k in range(1, n + 1):
        angle = 2 * np.pi * (np.arange(segments * k // n) + 0.5 * (k % 2)) / (segments * k // n)
        rings.append(k / n * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    points = np.concatenate(rings)
    return points, oriented(points, Delaunay(points).simplices.astype(np.int64))


ARRAYS = {"square": partial(block, 2), "cube": partial(block, 3), "L": l_shape_arrays, "disc": disc_arrays}


@pytest.fixture(scope="session")
def arrays():
    """``arrays("square", 8)``: points and cells of a mesh."""
    return lambda name, *size: ARRAYS[name](*size)


@pytest.fixture(scope="session")
def mesh():
    """``mesh("square", 8)``: a checked mesh."""
    return lambda name, *size: checked_mesh(*ARRAYS[name](*size))
