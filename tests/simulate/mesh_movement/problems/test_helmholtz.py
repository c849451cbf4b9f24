"""The Helmholtz demo of ``movement``: its published errors, reached."""

from __future__ import annotations

import pytest

from simulate import move_mesh

pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

from simulate.mesh_movement.problems import helmholtz


def test_the_error_falls_as_published_in_fewer_steps():
    points, cells = helmholtz.mesh()
    assert helmholtz.error(points, cells) == pytest.approx(0.0102338, abs=5e-8)
    moved = move_mesh(points, cells, helmholtz.monitor, tolerance=1e-8)
    assert moved.converged and moved.iterations <= 10
    assert helmholtz.error(moved.points, moved.cells) <= 0.00596
