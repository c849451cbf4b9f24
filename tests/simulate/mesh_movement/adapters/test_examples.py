"""The examples for solvers: each solves before and after, and ends with 1 where the error did not become smaller."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[4]
FOLDER = CHECKOUT / "examples" / "solvers"
#: What each needs, and the share by which its error falls at least; of dolfinx see below.
NEEDS = {
    "advection_fipy.py": (("fipy",), 0.7), "poisson_files.py": (("meshio", "skfem"), 0.4),
    "poisson_ngsolve.py": (("ngsolve",), 0.6), "poisson_scikit_fem.py": (("skfem",), 0.4),
}  # fmt: skip


def reduction(run):
    assert run.returncode == 0, run.stderr[-2000:] + run.stdout
    said = re.search(r"error in L2 (\S+) -> (\S+), (\d+)% less", run.stdout)
    before, after, percent = map(float, said.groups())
    assert percent == pytest.approx(100 * (1 - after / before), abs=0.6)
    return 1 - after / before


@pytest.mark.parametrize("name", NEEDS)
def test_the_error_becomes_smaller(name):
    modules, least = NEEDS[name]
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, FOLDER / name], capture_output=True, text=True, env=environment)
    assert reduction(run) > least


def test_the_error_becomes_smaller_with_dolfinx(with_dolfinx):
    assert reduction(with_dolfinx(FOLDER / "poisson_dolfinx.py")) > 0.4


def test_all_examples_are_run():
    assert {path.name for path in FOLDER.glob("*.py")} == {*NEEDS, "poisson_dolfinx.py"}
