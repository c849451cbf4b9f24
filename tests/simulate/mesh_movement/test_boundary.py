"""Corners stay, straight and planar pieces slide on themselves, curved ones on the piecewise linear boundary."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.closest import closest_on_simplex


def none_fixed(mesh):
    return np.zeros(mesh.n, dtype=bool)


def freedom(boundary):
    """Number of directions in which each boundary node may go."""
    return np.round(np.trace(boundary.tangents, axis1=1, axis2=2)).astype(int)


def test_of_a_square_four_corners_stay(mesh):
    one = mesh("square", 5)
    boundary = find_boundary(one, none_fixed(one))
    assert not boundary.curved
    still = boundary.nodes[freedom(boundary) == 0]
    assert one.points[still].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    moved = boundary.tangential(np.ones_like(one.points))
    on = [(one.points[:, axis] == 0) | (one.points[:, axis] == 1) for axis in (0, 1)]
    np.testing.assert_allclose(moved, np.stack([~on[0], ~on[1]], axis=1).astype(float), atol=1e-12)


def test_of_an_l_the_corner_inside_stays_too(mesh):
    one = mesh("L", 3)
    boundary = find_boundary(one, none_fixed(one))
    still = one.points[boundary.nodes[freedom(boundary) == 0]].tolist()
    assert sorted(still) == [[-1, -1], [-1, 1], [0, -1], [0, 0], [1, 0], [1, 1]]


def test_of_a_turned_square_sides_slide_along_themselves(mesh):
    one = mesh("square", 4)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    turned = type(one)(one.points @ turn.T, one.cells)
    boundary = find_boundary(turned, none_fixed(turned))
    straight = find_boundary(one, none_fixed(one))
    wished = np.random.default_rng(0).normal(size=one.points.shape)
    expected = straight.tangential(wished) @ turn.T
    np.testing.assert_allclose(boundary.tangential(wished @ turn.T), expected, atol=1e-12)


def test_of_a_cube_faces_edges_and_corners(mesh):
    one = mesh("cube", 3)
    boundary = find_boundary(one, none_fixed(one))
    assert not boundary.curved
    touched = ((one.points == 0) | (one.points == 1)).sum(axis=1)[boundary.nodes]
    np.testing.assert_array_equal(freedom(boundary), 3 - touched)
    wished = np.random.default_rng(0).normal(size=one.points.shape)
    held = (one.points == 0) | (one.points == 1)
    np.testing.assert_allclose(boundary.tangential(wished), np.where(held, 0, wished), atol=1e-12)


def test_fixed_nodes_stay_wherever_they_are(mesh):
    one = mesh("square", 4)
    inside = int(np.linalg.norm(one.points - 0.5, axis=1).argmin())
    fixed = none_fixed(one)
    fixed[[1, inside]] = True
    moved = find_boundary(one, fixed).tangential(np.ones_like(one.points))
    assert not moved[[1, inside]].any()
    assert moved[2].tolist() == [0, 1]


def test_a_fixed_boundary_stays(mesh):
    for name in ("square", "cube", "disc"):
        one = mesh(name, 3)
        boundary = find_boundary(one, none_fixed(one), "fixed")
        assert not boundary.tangents.any() and not boundary.curved


def test_nodes_of_a_circle_slide_on_its_polygon(mesh):
    one = mesh("disc", 4, 24)
    boundary = find_boundary(one, none_fixed(one))
    assert boundary.curved and (freedom(boundary) == 1).all()
    around = np.stack([-one.points[:, 1], one.points[:, 0]], axis=1)
    placed = boundary.placed(one.points + 0.03 * around)[boundary.nodes]
    # Between a regular polygon's inner and outer radius, on its sides.
    radius = np.linalg.norm(placed, axis=1)
    assert (radius <= 1 + 1e-12).all() and (radius >= np.cos(np.pi / 24) - 1e-12).all()
    angle = np.arctan2(placed[:, 1], placed[:, 0]) - np.arctan2(*one.points[boundary.nodes].T[::-1])
    np.testing.assert_allclose(np.mod(angle + np.pi, 2 * np.pi) - np.pi, 0.03, atol=0.003)
    np.testing.assert_allclose(boundary.placed(one.points), one.points, atol=1e-12)


def test_a_projection_of_the_user_puts_nodes_on_the_true_circle(mesh):
    one = mesh("disc", 4, 24)

    def onto(points, nodes):
        assert len(points) == len(nodes)
        return points / np.linalg.norm(points, axis=1, keepdims=True)

    boundary = find_boundary(one, none_fixed(one), onto)
    around = 0.05 * np.stack([-one.points[:, 1], one.points[:, 0]], axis=1)
    placed = boundary.placed(one.points + around)
    np.testing.assert_allclose(np.linalg.norm(placed[boundary.nodes], axis=1), 1)


def test_sharp_turns_are_corners(mesh):
    one = mesh("disc", 2, 8)
    assert (freedom(find_boundary(one, none_fixed(one), corner_angle=35)) == 0).all()
    assert (freedom(find_boundary(one, none_fixed(one), corner_angle=50)) == 1).all()


def test_a_cylinder_has_a_curved_side_and_curved_rims(mesh):
    box = mesh("cube", 8)
    flat, height = 2 * box.points[:, :2] - 1, box.points[:, 2:]
    # The square, ring by ring, onto the disc.
    size = np.abs(flat).max(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    disc = flat * size / np.where(length > 0, length, 1)
    one = type(box)(np.concatenate([disc, height], axis=1), box.cells)
    boundary = find_boundary(one, none_fixed(one))
    free = freedom(boundary)
    points = one.points[boundary.nodes]
    side = np.isclose(np.linalg.norm(points[:, :2], axis=1), 1)
    lid = (points[:, 2] == 0) | (points[:, 2] == 1)
    assert (free[side & ~lid] == 2).all() and (free[lid & ~side] == 2).all() and (free[side & lid] == 1).all()
    wished = 0.05 * np.stack([-one.points[:, 1], one.points[:, 0], 0 * one.points[:, 0]], axis=1)
    placed = boundary.placed(one.points + boundary.tangential(wished))[boundary.nodes]
    assert (np.linalg.norm(placed[side, :2], axis=1) <= 1 + 1e-12).all()
    np.testing.assert_allclose(placed[lid, 2], points[lid, 2], atol=1e-12)


def test_closest_points_are_those_of_a_fine_sampling():
    random = np.random.default_rng(3)
    for corners in (2, 3):
        simplex, points = random.normal(size=(corners, 3)), random.normal(size=(40, 3))
        weights = random.dirichlet(np.full(corners, 0.4), size=20_000)
        sampled = weights @ simplex
        best = np.linalg.norm(points[:, None] - sampled, axis=2).min(axis=1)
        found = closest_on_simplex(points, np.broadcast_to(simplex, (40, corners, 3)))
        distance = np.linalg.norm(points - found, axis=1)
        assert (distance <= best + 1e-12).all()
        np.testing.assert_allclose(distance, best, atol=0.02)


@pytest.mark.parametrize("boundary", ["slide", 3, [1]])
def test_another_boundary_is_refused(mesh, refused, boundary):
    one = mesh("square", 2)
    with refused("boundary is", repr(boundary), "'fixed'"):
        find_boundary(one, none_fixed(one), boundary)


def test_a_projection_of_the_wrong_shape_is_refused(mesh, refused):
    one = mesh("disc", 2, 24)
    boundary = find_boundary(one, none_fixed(one), lambda points, nodes: points[:1])
    with refused("boundary gave", "(1, 2)", "(24, 2)"):
        boundary.placed(one.points)
