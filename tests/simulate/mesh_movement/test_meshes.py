"""Meshes are checked before anything moves, and errors say what is wrong where."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import checked_mesh, determinants

POINTS = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
CELLS = np.array([[0, 1, 2], [0, 2, 3]])
TETRAHEDRON = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_a_square_of_two_triangles():
    found = checked_mesh(POINTS.tolist(), CELLS.tolist())
    np.testing.assert_allclose(found.volumes, [0.5, 0.5])
    assert found.neighbours.tolist() == [[-1, 1, -1], [-1, -1, 0]]
    assert sorted(map(tuple, found.boundary_facets.tolist())) == [(0, 1), (1, 2), (2, 3), (3, 0)]
    np.testing.assert_allclose(found.node_volumes, [1 / 3, 1 / 6, 1 / 3, 1 / 6])


@pytest.mark.parametrize(("name", "volume"), [("square", 1), ("cube", 1), ("L", 3)])
def test_volumes_add_up_and_facets_close_the_boundary(mesh, name, volume):
    found = mesh(name, 4)
    assert found.volumes.sum() == pytest.approx(volume)
    assert found.node_volumes.sum() == pytest.approx(volume)
    inside = found.neighbours >= 0
    cell, corner = np.nonzero(inside)
    assert (found.neighbours[found.neighbours[cell, corner]] == cell[:, None]).any(axis=1).all()
    # Outward normals times areas sum to zero over a closed boundary.
    rows = found.points[found.boundary_facets]
    edges = rows[:, 1:] - rows[:, :1]
    outward = np.stack([edges[:, 0, 1], -edges[:, 0, 0]], 1) if found.dim == 2 else np.cross(edges[:, 0], edges[:, 1])
    np.testing.assert_allclose(outward.sum(axis=0), 0, atol=1e-12)
    middle, centre = rows.mean(axis=1), found.points[found.cells[found.boundary_cells]].mean(axis=1)
    assert (((middle - centre) * outward).sum(axis=1) > 0).all()


def test_gradients_are_those_of_linear_functions(mesh):
    for name in ("square", "cube"):
        found = mesh(name, 3)
        slope = np.arange(1, found.dim + 1)
        values = found.points @ slope + 7
        of_cells = np.einsum("ckd,ck->cd", found.gradients, values[found.cells])
        np.testing.assert_allclose(of_cells, np.tile(slope, (len(found.cells), 1)), atol=1e-12)


@pytest.mark.parametrize(("points", "cells"), [(POINTS, [[0, 2, 1], [0, 2, 3]]), (TETRAHEDRON, [[0, 2, 1, 3]])])
def test_cells_numbered_the_wrong_way_round_are_turned(points, cells):
    with pytest.warns(UserWarning, match="1 cells were numbered the wrong way round"):
        found = checked_mesh(points, cells)
    assert (determinants(found.points, found.cells) > 0).all()
    assert sorted(found.cells[0]) == sorted(cells[0])


def test_separate_parts_are_told_apart():
    found = checked_mesh(np.concatenate([POINTS, POINTS + 3]), np.concatenate([CELLS, CELLS + 4]))
    assert found.component.tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize(
    ("points", "cells", "words"),
    [
        (POINTS[:, :1], CELLS, ["points", "(4, 1)", "(nodes, 2)"]),
        (np.where(POINTS == 1, np.nan, POINTS), CELLS, ["points of node 1", "nan", "finite"]),
        (POINTS.astype(str), CELLS, ["points", "real numbers"]),
        (POINTS, CELLS.astype(float), ["cells", "float64", "node numbers"]),
        (POINTS, [[0, 1, 2, 3]], ["cells", "(1, 4)", "triangles", "split quadrilaterals"]),
        (TETRAHEDRON, [[0, 1, 2]], ["cells", "(1, 3)", "tetrahedra", "surfaces are not moved"]),
        (POINTS, [[0, 1, 2], [0, 1, 2, 3]], ["cells", "several types", "triangles"]),
        (POINTS, {"triangle": CELLS, "quad": [[0, 1, 2, 3]]}, ["cells", "triangle, quad", "one array"]),
        (POINTS, np.zeros((0, 3), int), ["cells", "(0, 3)"]),
        (POINTS, [[0, 1, 2], [0, 2, 4]], ["cell 1", "[0, 2, 4]", "0..3"]),
        (POINTS, [[0, 1, 2], [-1, 2, 0]], ["cell 1", "0..3"]),
        (POINTS, [[0, 1, 2], [0, 2, 2]], ["cell 1", "twice"]),
        (POINTS, CELLS[:1], ["node 3", "no cell"]),
        (np.array([[0.0, 0], [1, 0], [2, 0]]), [[0, 1, 2]], ["cell 0 is flat"]),
        (POINTS, [[0, 1, 2], [0, 1, 3]], ["cells 0 and 1 lie over each other", "inverted"]),
        (POINTS, [[0, 1, 2], [0, 2, 3], [0, 1, 2]], ["more than two cells", "not a manifold"]),
    ],
)
def test_wrong_meshes_are_refused_in_one_line(refused, points, cells, words):
    with refused(*words):
        checked_mesh(points, cells)


def test_a_tangled_mesh_is_refused(refused, arrays):
    for name, node in (("square", 12), ("cube", 21)):
        points, cells = arrays(name, 4 if name == "square" else 3)
        points = points.copy()
        points[node] += 0.6
        with refused("lie over each other"):
            checked_mesh(points, cells)


@pytest.mark.parametrize("name", ["square", "cube"])
def test_cells_of_nodes(mesh, name):
    one = mesh(name, 3)
    nodes = np.array([0, 5, 7])
    cells, owner = one.cells_of_each(nodes)
    for k, node in enumerate(nodes):
        assert sorted(cells[owner == k]) == np.flatnonzero((one.cells == node).any(axis=1)).tolist()
    assert one.cells_of(nodes).tolist() == np.flatnonzero(np.isin(one.cells, nodes).any(axis=1)).tolist()
    assert one.cells_of(nodes[:0]).size == 0
