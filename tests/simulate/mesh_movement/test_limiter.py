"""Whatever the displacement, the limited mesh is valid; and good displacements are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.limiter import FLOOR, first_root, limited, path_polynomials
from simulate.mesh_movement.meshes import determinants, edge_matrices


@pytest.fixture(scope="module")
def cases(mesh):
    made = [mesh("square", 6), mesh("L", 3), mesh("disc", 4, 24), mesh("cube", 3)]
    return [(one, find_boundary(one, np.zeros(one.n, dtype=bool))) for one in made]


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), size=st.floats(1e-3, 1e3), rough=st.booleans(), which=st.integers(0, 3))
def test_from_a_valid_start_the_result_is_valid(cases, seed, size, rough, which):
    mesh, boundary = cases[which]
    random = np.random.default_rng(seed)
    wished = random.normal(size=mesh.points.shape)
    if not rough:
        wished = mesh.points @ random.normal(size=(mesh.dim, mesh.dim)) + wished[:1]
    points, share = limited(mesh, size * wished, boundary)
    assert (determinants(points, mesh.cells) >= FLOOR * mesh.determinants).all()
    assert 0 <= share <= 1
    corners = boundary.nodes[(boundary.tangents == 0).all(axis=(1, 2))]
    np.testing.assert_array_equal(points[corners], mesh.points[corners])


def test_the_domain_is_kept(cases):
    for mesh, boundary in cases:
        if boundary.curved:
            continue
        wished = np.random.default_rng(1).normal(size=mesh.points.shape)
        points, _ = limited(mesh, wished, boundary)
        assert determinants(points, mesh.cells).sum() == pytest.approx(mesh.determinants.sum())


def test_a_good_displacement_is_left_alone(cases):
    for mesh, boundary in cases:
        wished = boundary.tangential(0.01 * np.sin(5 * mesh.points[:, ::-1]))
        points, share = limited(mesh, wished, boundary)
        assert share == 0
        np.testing.assert_allclose(points, boundary.placed(mesh.points + wished))


def test_one_bad_cell_does_not_stop_the_others(mesh):
    one = mesh("square", 40)
    boundary = find_boundary(one, np.zeros(one.n, dtype=bool))
    wished = boundary.tangential(0.01 * np.sin(3 * one.points[:, ::-1]))
    far = np.linalg.norm(one.points - 0.5, axis=1) > 0.25
    middle = int(np.linalg.norm(one.points - 0.5, axis=1).argmin())
    spoilt = wished.copy()
    spoilt[middle] = (0.06, 0.02)
    points, share = limited(one, spoilt, boundary)
    np.testing.assert_allclose(points[far], one.points[far] + wished[far])
    assert 0 < share < 0.2


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), dim=st.sampled_from([2, 3]))
def test_first_roots_are_the_first_where_a_cell_becomes_flat(seed, dim):
    random = np.random.default_rng(seed)
    edges, moved = random.normal(size=(2, 50, dim, dim))
    edges[np.linalg.det(edges) < 0, :, :2] = edges[np.linalg.det(edges) < 0][:, :, 1::-1]
    root = first_root(path_polynomials(edges, moved))
    along = np.linspace(0, 1, 2001)[:, None, None, None]
    det = np.linalg.det(edges + along * moved)
    for k in range(50):
        flat = np.flatnonzero(det[:, k] <= 0)
        if flat.size:
            assert root[k] <= along[flat[0], 0, 0, 0] + 1e-9
        if np.isfinite(root[k]):
            assert abs(np.linalg.det(edges[k] + root[k] * moved[k])) <= 1e-9 * np.abs(det[:, k]).max()


def test_the_floor_is_kept_along_the_way(mesh):
    one = mesh("cube", 2)
    squeezed = -0.5 * one.points
    polynomials = path_polynomials(edge_matrices(one.points, one.cells), edge_matrices(squeezed, one.cells), 0.5)
    # det((1 - a / 2) E) = (1 - a / 2)^3 det E falls to half at a = 2 - 2^(2/3).
    np.testing.assert_allclose(first_root(polynomials), 2 - 2 ** (2 / 3), rtol=1e-9)
