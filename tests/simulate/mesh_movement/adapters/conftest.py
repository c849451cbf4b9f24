"""What must hold of every adapter."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from simulate import adapter_of
from simulate.mesh_movement.meshes import checked_mesh, determinants

CHECKOUT = Path(__file__).parents[4]
#: Interpreters that may have dolfinx: the one that runs the tests, and Debian's.
INTERPRETERS = (sys.executable, "/usr/bin/python3")


def linear(points):
    """``(n,)`` a linear function of ``points (n, d)`` that tells all axes apart."""
    return 3 + points @ np.arange(1, points.shape[1] + 1)


def shifted(points):
    """``points`` of a unit square or cube, moved and valid, the boundary along itself."""
    return points + 0.05 * np.sin(np.pi * points) * points[:, ::-1]


@pytest.fixture(scope="session")
def keeps_to_the_contract():
    """``keeps_to_the_contract(mesh, field, volume)``: a mesh of a unit square or cube, and the field `linear` on it.

    Returns the moved mesh, the old points and the new ones.
    """

    def check(mesh, field, in_place=False):
        adapter = adapter_of(mesh)
        points, cells = adapter.arrays(mesh)
        found = checked_mesh(points, cells)  # refuses what is wrong, and warns of cells that are turned
        assert found.volumes.sum() == pytest.approx(1) and (determinants(points, cells) > 0).all()
        np.testing.assert_allclose(adapter.nodal(mesh, field), linear(points), rtol=1e-10)
        assert adapter.nodal(mesh, np.ones(len(points))) is None and adapter.nodal(mesh, linear) is None
        old, new = points.copy(), shifted(points)
        result = adapter.moved(mesh, new)
        assert (result is mesh) == in_place
        again, same_cells = adapter_of(result).arrays(result)
        np.testing.assert_allclose(again, new, rtol=1e-15)
        np.testing.assert_array_equal(np.sort(same_cells), np.sort(cells))
        np.testing.assert_array_equal(points, old)
        if not in_place:
            np.testing.assert_array_equal(adapter.arrays(mesh)[0], old)
        return result, old, new

    return check


@pytest.fixture(scope="session")
def with_dolfinx():
    """``with_dolfinx(script)``: the finished run of a script in an interpreter that has dolfinx, from this checkout."""

    def run(script, interpreter):
        environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
        return subprocess.run([interpreter, str(script)], capture_output=True, text=True, env=environment)

    for interpreter in INTERPRETERS:
        with contextlib.suppress(OSError):
            if subprocess.run([interpreter, "-c", "import dolfinx"], capture_output=True).returncode == 0:
                return partial(run, interpreter=interpreter)
    pytest.skip(f"needs dolfinx in {' or '.join(INTERPRETERS)}: apt install python3-dolfinx")
