"""Meshes of meshio."""

from __future__ import annotations

import numpy as np
import pytest

from simulate import adapter_of, move_solver_mesh
from simulate.mesh_movement.monitor import ball, hessian

meshio = pytest.importorskip("meshio", reason="needs meshio: pip install 'structgen-webs[solvers]'")


@pytest.fixture
def mesh_of(arrays):
    """``mesh_of("square", 4)``: two blocks of cells, a line, tags and a linear field."""

    def make(name, n):
        points, cells = arrays(name, n)
        kind = "triangle" if points.shape[1] == 2 else "tetra"
        flat = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
        blocks = [(kind, cells[:5]), ("line", [[0, 1]]), (kind, cells[5:])]
        tags = {"part": [np.full(len(block[1]), k) for k, block in enumerate(blocks)]}
        u = 3 + points @ np.arange(1, points.shape[1] + 1)
        return meshio.Mesh(flat, blocks, {"u": u, "v": flat}, tags, point_sets={"some": np.array([0, 2])})

    return make


@pytest.mark.parametrize("name", ["square", "cube"])
def test_meshes_and_fields(keeps_to_the_contract, mesh_of, name):
    mesh = mesh_of(name, 4)
    moved, _, new = keeps_to_the_contract(mesh, "u")
    np.testing.assert_array_equal(moved.points[:, : new.shape[1]], new)
    for before, after in zip(mesh.cells, moved.cells, strict=True):
        assert before.type == after.type and (before.data == after.data).all()
    assert moved.cell_data["part"][1].tolist() == [1] and moved.point_sets["some"].tolist() == [0, 2]


def test_a_field_by_its_name(mesh_of, refused):
    mesh = mesh_of("square", 10)
    mesh.point_data["steep"] = np.tanh(10 * (mesh.points[:, 0] - 0.4))
    moved, report = move_solver_mesh(mesh, hessian, of="steep")
    assert report.after.variation < 0.5 * report.before.variation
    np.testing.assert_array_equal(moved.points[:, :2], report.points)
    with refused("'v' is no field of one number a node", "steep, u"):
        move_solver_mesh(mesh, hessian, of="v")


def test_nodes_of_no_cell_stay_and_keep_their_numbers(mesh_of):
    plain = mesh_of("square", 8)
    lone = meshio.Mesh(np.insert(plain.points, 3, [7.0, 7, 7], axis=0),
                       [(block.type, block.data + (block.data >= 3)) for block in plain.cells])  # fmt: skip
    bump = ball((0.4, 0.6), 0.2, 8)
    expected, _ = move_solver_mesh(plain, bump, fixed=[20, 40])
    moved, report = move_solver_mesh(lone, bump, fixed=[21, 41])
    np.testing.assert_array_equal(np.delete(moved.points, 3, axis=0), expected.points)
    assert moved.points[3].tolist() == [7, 7, 7] and not report.displacement[[3, 21, 41]].any()
    assert report.points.shape == (82, 2) and report.cells.max() == 81
    of_array, _ = move_solver_mesh(lone, bump(lone.points[:, :2]), fixed=[21, 41])
    assert np.abs(of_array.points - moved.points).max() < 0.1
    bent = []
    move_solver_mesh(lone, bump, boundary=lambda at, nodes: bent.append(nodes) or at)
    assert not bent  # straight boundaries are not projected
    assert adapter_of(lone).arrays(lone)[0].shape == (82, 2)


def test_other_meshes_are_refused(refused, mesh_of):
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    for blocks, words in (
        ([("quad", [[0, 1, 2, 3]])], ["kinds quad"]),
        ([("triangle", [[0, 1, 2]]), ("quad", [[0, 1, 2, 3]])], ["kinds quad, triangle"]),
        ([("triangle", [[0, 1, 9]])], ["a cell names a node that is not there"]),
        ([], ["kinds no cells"]),
    ):
        with refused(*words):
            move_solver_mesh(meshio.Mesh(square, blocks), ball((0.5, 0.5), 0.2))
    bent = square.copy()
    bent[2, 2] = 1
    with refused("surface in space"):
        move_solver_mesh(meshio.Mesh(bent, [("triangle", [[0, 1, 2], [0, 2, 3]])]), ball((0.5, 0.5), 0.2))
