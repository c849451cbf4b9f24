"""Numbers of quality are those of shapes known by heart."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import determinants
from simulate.mesh_movement.quality import extreme_cosines, measured


def angles(points):
    """Least and greatest of one cell."""
    return np.sort(np.degrees(np.arccos(extreme_cosines(points, np.arange(len(points))[None]))))


def test_angles_of_known_shapes():
    triangle = np.array([[0.0, 0], [1, 0], [0, 1]])
    assert angles(triangle) == pytest.approx([45, 90])
    regular = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert angles(regular) == pytest.approx(np.degrees(np.arccos(1 / 3)))
    flat = np.array([[0.0, 0], [1, 0], [2, 0]])
    assert angles(flat) == pytest.approx([0, 180])


def test_an_even_mesh_is_even(arrays):
    found = measured(*arrays("square", 4))
    assert (found.nodes, found.cells, found.inverted) == (25, 32, 0)
    assert found.equidistribution == pytest.approx(1) and found.variation == pytest.approx(0)
    assert (found.min_angle, found.max_angle) == (pytest.approx(45), pytest.approx(90))


def test_loads_are_monitor_times_volume_over_that_before(arrays):
    points, cells = arrays("square", 2)
    before = determinants(points, cells)
    moved = points * (2, 1)
    found = measured(moved, cells, monitor=np.full(9, 3.0), reference=before)
    assert found.min_jacobian == pytest.approx(2) and found.equidistribution == pytest.approx(1)
    uneven = measured(points, cells, monitor=1 + points[:, 0])
    means = (1 + points[:, 0])[cells].mean(axis=1)
    assert uneven.equidistribution == pytest.approx(means.max() / means.min())
    assert uneven.variation == pytest.approx(means.std() / means.mean())


def test_inverted_cells_are_counted(arrays):
    points, cells = arrays("square", 2)
    points = points.copy()
    points[4] = (1.2, 0.5)
    found = measured(points, cells)
    assert found.inverted > 0 and found.equidistribution == np.inf
    assert found.as_dict()["equidistribution"] is None and found.as_dict()["inverted"] == found.inverted
