"""Adapters are found by the entry points of installed packages."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points

import numpy as np
import pytest

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.adapters import finding
from simulate.mesh_movement.adapters.finding import GROUP, OWN, adapters
from simulate.mesh_movement.monitor import ball

TOY = """
import numpy as np

class ToyMesh:
    def __init__(self, nodes, triangles):
        self.nodes, self.triangles = nodes, triangles

class ToyField:
    def __init__(self, values):
        self.values = values

class ToyAdapter:
    def handles(self, mesh):
        return isinstance(mesh, ToyMesh)
    def arrays(self, mesh):
        return np.array(mesh.nodes), np.array(mesh.triangles)
    def moved(self, mesh, points):
        return ToyMesh(points.tolist(), mesh.triangles)
    def nodal(self, mesh, field):
        return np.array(field.values) if isinstance(field, ToyField) else None

adapter = ToyAdapter()
lacking = ToyMesh([], [])
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """``installed("toy = toy_solver:adapter")``: the module above as a package with these entry points."""

    def install(*lines):
        (tmp_path / "toy_solver.py").write_text(TOY)
        folder = tmp_path / "toy_solver-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-solver\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        monkeypatch.syspath_prepend(tmp_path)
        adapters.cache_clear()

    yield install
    sys.modules.pop("toy_solver", None)
    adapters.cache_clear()


@pytest.fixture
def toy(arrays):
    """A mesh of the toy solver."""

    def make():
        from toy_solver import ToyMesh

        points, cells = arrays("square", 8)
        return ToyMesh(points.tolist(), cells.tolist())

    return make


def test_a_package_adds_its_own(installed, toy):
    installed("toy = toy_solver:adapter")
    mesh = toy()
    from toy_solver import ToyField

    bump = ball((0.4, 0.6), 0.2, 8)
    moved, report = move_solver_mesh(mesh, bump)
    assert type(moved) is type(mesh) and moved is not mesh
    np.testing.assert_array_equal(moved.nodes, report.points)
    assert report.after.variation < 0.4 * report.before.variation
    of_field, _ = move_solver_mesh(mesh, ToyField(bump(np.array(mesh.nodes))))
    of_array, _ = move_solver_mesh(mesh, bump(np.array(mesh.nodes)))
    assert of_field.nodes == of_array.nodes != mesh.nodes
    assert set(OWN) < set(adapters()) and "toy" in adapters()


def test_a_broken_adapter_is_left_out_with_a_warning(installed, toy, refused):
    installed("toy = toy_solver:adapter", "gone = no_such_module", "poor = toy_solver:lacking")
    with pytest.warns(UserWarning, match="adapter") as said:
        assert set(adapters()) == {"toy", *OWN}
    words = sorted(str(warning.message) for warning in said)
    assert len(words) == 2
    assert words[0] == "adapter 'gone' (no_such_module) cannot be loaded: No module named 'no_such_module'"
    assert words[1] == "adapter 'poor' (toy_solver:lacking) lacks handles, arrays, moved, nodal"
    assert adapter_of(toy()) is adapters()["toy"]


def test_a_mesh_of_no_solver_is_refused(refused):
    with refused("mesh is a builtins.tuple", "dolfinx, fipy, meshio, ngsolve, scikit-fem", "move_mesh"):
        move_solver_mesh(([[0, 0]], [[0]]), 1.0)


def test_our_own_are_named_in_pyproject_too(pytestconfig):
    project = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][GROUP] == OWN
    # Where the package is installed as it is now, they are found there.
    for entry in entry_points(group=GROUP):
        if entry.dist.name == project["name"]:
            assert OWN[entry.name] == entry.value


def test_a_checkout_that_is_not_installed_has_ours(monkeypatch):
    monkeypatch.setattr(finding, "entry_points", lambda group: ())
    assert list(adapters.__wrapped__()) == list(OWN)


def test_no_solver_is_imported_to_find_out():
    code = (
        "import sys\n"
        "from simulate import adapter_of\n"
        "try:\n"
        "    adapter_of(3)\n"
        "except ValueError as error:\n"
        "    print('int' in str(error))\n"
        "print(sorted({'torch', 'skfem', 'ngsolve', 'netgen', 'fipy', 'dolfinx', 'meshio'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "True\n[]\n"
