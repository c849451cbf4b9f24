"""Meshes of dolfinx: with stand-ins of its arrays here, and with dolfinx in the interpreter that has it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from simulate import move_solver_mesh
from simulate.mesh_movement.monitor import ball

BUMP = ball((0.4, 0.6), 0.2, 8)


def stand_in(points, cells, kind="triangle", dim=None, degree=1, size=1, as_list=False):
    """What the adapter sees of a mesh."""
    dofmap = SimpleNamespace(array=cells.ravel()) if as_list else cells
    geometry = SimpleNamespace(
        x=np.pad(points, ((0, 0), (0, 3 - points.shape[1]))), dofmap=dofmap, dim=dim or points.shape[1],
        cmap=SimpleNamespace(degree=degree),
    )  # fmt: skip
    topology = SimpleNamespace(cell_type=SimpleNamespace(name=kind))
    return SimpleNamespace(geometry=geometry, topology=topology, comm=SimpleNamespace(size=size))


@pytest.mark.parametrize("as_list", [True, False], ids=["as before 0.7", "as since"])
def test_nodes_are_moved_in_place(arrays, as_list):
    points, cells = arrays("square", 8)
    mesh = stand_in(points, cells[:, ::-1], as_list=as_list)  # the other way round
    x = mesh.geometry.x
    same, report = move_solver_mesh(mesh, BUMP, method="monge-ampere")
    assert same is mesh and mesh.geometry.x is x
    np.testing.assert_array_equal(x[:, :2], report.points)
    assert not x[:, 2].any() and report.displacement.any() and report.method == "monge-ampere"


def test_other_meshes_are_refused(refused, arrays):
    points, cells = arrays("square", 2)
    for changed, words in (
        ({"size": 2}, ["mesh is shared among 2 processes", "one process"]),
        ({"kind": "quadrilateral"}, ["cells of the kind quadrilateral in 2 dimensions"]),
        ({"kind": "interval", "dim": 1}, ["kind interval in 1 dim"]),
        ({"dim": 3}, ["kind triangle in 3 dimensions", "triangles in the plane"]),
        ({"degree": 2}, ["mesh is curved, of degree 2"]),
    ):
        with refused(*words):
            move_solver_mesh(stand_in(points, cells, **changed), BUMP)


def test_with_dolfinx_itself(with_dolfinx):
    run = with_dolfinx(Path(__file__).with_name("dolfinx_checks.py"))
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout == "6 checks passed\n"


def test_without_torch_and_others(with_dolfinx, tmp_path):
    script = tmp_path / "imports.py"
    script.write_text(
        "import sys\n"
        "from simulate import move_solver_mesh\n"
        "print(sorted({'torch', 'pyamg', 'click', 'dolfinx', 'numba'} & set(sys.modules)))\n"
    )
    assert with_dolfinx(script).stdout == "[]\n"


def test_the_fixture_runs_this_checkout(with_dolfinx, tmp_path):
    script = tmp_path / "where.py"
    script.write_text("import simulate\nprint(simulate.__file__)\n")
    assert Path(with_dolfinx(script).stdout.strip()) == Path(__file__).parents[4] / "simulate" / "__init__.py"
