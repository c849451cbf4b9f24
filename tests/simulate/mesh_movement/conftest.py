"""Meshes that the tests of mesh movement share."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.spatial import Delaunay

from simulate.mesh_movement.meshes import checked_mesh, determinants


def square_arrays(n):
    """Unit square of n x n squares halved by their falling diagonals."""
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    i = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = (part.ravel() for part in (i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]))
    return points, np.concatenate([np.stack([a, b, d], axis=1), np.stack([b, c, d], axis=1)])


def cube_arrays(n):
    """Unit cube of n^3 cubes, each of six tetrahedra about its diagonal, all of positive orientation."""
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    step = np.array([(n + 1) ** 2, n + 1, 1])
    corners = np.array([np.dot(at, step) for at in product(range(n), repeat=3)])
    cells = np.concatenate([corners[:, None] + np.cumsum([0, *step[list(way)]]) for way in permutations(range(3))])
    wrong = determinants(points, cells) < 0
    cells[wrong, 2:] = cells[wrong, :1:-1]
    return points, cells


def l_shape_arrays(n):
    """The square [-1, 1]^2 without its quarter x > 0, y < 0; 2n squares a side."""
    points, cells = square_arrays(2 * n)
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
    return points, Delaunay(points).simplices.astype(np.int64)


def used_only(points, cells):
    """Without the nodes that no cell names."""
    used, renumbered = np.unique(cells, return_inverse=True)
    return points[used], renumbered.reshape(cells.shape)


ARRAYS = {"square": square_arrays, "cube": cube_arrays, "L": l_shape_arrays, "disc": disc_arrays}


@pytest.fixture(scope="session")
def arrays():
    """``arrays("square", 8)``: points and cells of a mesh."""
    return lambda name, *size: ARRAYS[name](*size)


@pytest.fixture(scope="session")
def mesh():
    """``mesh("square", 8)``: a checked mesh; those of Delaunay's are numbered both ways round."""

    def make(name, *size):
        points, cells = ARRAYS[name](*size)
        wrong = determinants(points, cells) < 0
        cells[wrong, -2:] = cells[wrong, :-3:-1]
        return checked_mesh(points, cells)

    return make
