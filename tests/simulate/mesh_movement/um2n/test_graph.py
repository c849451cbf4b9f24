from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.utils import softmax

from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.um2n.fields import monitor_fields
from simulate.mesh_movement.um2n.graph import AtPlaces, Combined, Graph, neighbour_softmax
from simulate.mesh_movement.um2n.kernels import linked


def test_edges_go_both_ways_once_and_are_in_the_order_of_targets():
    cells = np.array([[0, 1, 2], [2, 1, 3]])
    made = Graph.of(*linked(cells, np.array([[1, -1, -1], [-1, -1, 0]]), 4))
    pairs = list(zip(made.target.tolist(), made.source.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (1, 0), (1, 2), (1, 3), (2, 0), (2, 1), (2, 3), (3, 1), (3, 2)]
    assert made.pointers.tolist() == [0, 2, 5, 8, 10]


def test_softmax_over_neighbours_is_that_of_torch_geometric_for_small_logits():
    target = torch.tensor([0, 0, 0, 1, 1, 2])
    logits = torch.randn(6, 3) * 0.1
    torch.testing.assert_close(neighbour_softmax(logits, target, 3), softmax(logits, target), atol=1e-4, rtol=1e-3)
    steep = neighbour_softmax(torch.full((6, 1), 1e6), target, 3)
    torch.testing.assert_close(steep[:, 0], torch.tensor([1 / 3] * 3 + [0.5] * 2 + [1.0]))


def test_what_comes_to_the_nodes_has_its_slope(prepared):
    grid = prepared("L", 4).grid
    points, fields = grid.mesh.points, monitor_fields(grid, ball((0.3, 0.3), 0.3, 5)(grid.mesh.points))
    values = torch.randn(grid.g, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: AtPlaces.apply(x, grid.layout, points), values)
    assert torch.autograd.gradcheck(lambda x: Combined.apply(x, grid.layout, points, *fields.vectors), values)


def test_boundary_nodes_stay_on_their_side_whatever_the_frame(prepared):
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ready = prepared("square", 8, turn=lambda points: points @ turn.T)
    nodes = ready.nodes
    moved = nodes.points + nodes.tangential(torch.randn(nodes.n, 2))
    on_side = (nodes.points.abs() - 0.5).abs() < 1e-5
    assert on_side.sum() == 4 * 9
    torch.testing.assert_close(moved[on_side], nodes.points[on_side])
    assert nodes.determinants(nodes.points).sum().item() == pytest.approx(2)
