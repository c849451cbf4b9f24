"""Random domains and monitors: valid, of about the size asked for, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import checked_mesh
from simulate.mesh_movement.problems import domains, monitors


@pytest.mark.parametrize("kind", domains.KINDS)
def test_domains_are_valid_meshes_of_about_the_size(kind):
    for seed in range(4):
        points, cells = domains.random_domain(kind, 400, seed)
        mesh = checked_mesh(points, cells)
        assert mesh.component.max() == 0 and mesh.dim == (3 if kind in domains.KINDS_3D else 2)
        assert 150 < mesh.n < 1200
        again = domains.random_domain(kind, 400, seed)
        np.testing.assert_array_equal(again[0], points)
        np.testing.assert_array_equal(again[1], cells)


def test_areas_are_those_of_the_polygons():
    for loops, area in (
        ([domains.SQUARE], 1), ([domains.L_SHAPE], 0.75),
        ([domains.CHANNEL, domains.circle(*domains.CYLINDER, 0.01)], 2.2 * 0.41 - np.pi * 0.05**2),
    ):  # fmt: skip
        mesh = checked_mesh(*domains.polygon_mesh(loops, 0.05))
        assert mesh.volumes.sum() == pytest.approx(area, rel=2e-3)


@pytest.mark.parametrize("kind", monitors.KINDS)
def test_monitors_lie_between_one_and_their_strength(kind):
    points, _ = domains.block(3, 6)
    for seed in range(5):
        values = monitors.random_monitor(kind, 100, points, seed)(points)
        assert (values >= 1).all() and (values <= 101).all() and np.ptp(values) > 0
