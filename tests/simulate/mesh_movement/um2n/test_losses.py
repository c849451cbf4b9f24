from __future__ import annotations

import numpy as np
import pytest
import torch

from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.um2n.losses import (
    BARRIER,
    distortion,
    equidistribution_loss,
    extended_log,
    monitor_values,
    paper_loss,
    target_loss,
    unevenness,
)
from simulate.mesh_movement.um2n.prepared import Case


@pytest.fixture(scope="module")
def case(prepared):
    return Case.of(prepared("square", 10), ball((0.4, 0.6), 0.2, 8))


def test_unevenness_is_zero_for_an_even_load_and_grows_as_a_cell_flattens(prepared):
    nodes = prepared("square", 6).nodes
    flat = torch.ones(nodes.n + len(nodes.cells))
    assert unevenness(nodes, nodes.points, flat).abs() < 1e-5
    inner = int(((nodes.points).norm(dim=1)).argmin())
    last = 0.0
    for share in (0.5, 0.9, 1.0, 1.5):
        points = nodes.points.clone()
        points[inner, 0] += share / 6
        now = float(unevenness(nodes, points, flat))
        assert now > last
        last = now


def test_the_barrier_is_smooth_and_leads_back_from_inverted_cells():
    x = torch.tensor([-1.0, 0.0, BARRIER, 1.0], requires_grad=True)
    extended_log(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1 / BARRIER] * 3 + [1.0], rtol=1e-5)


def test_distortion_of_what_keeps_angles_is_zero(case):
    nodes = case.prepared.nodes
    assert abs(float(distortion(nodes, 3 * nodes.points))) < 1e-4
    stretched = nodes.points * torch.tensor([2.0, 1.0])
    assert float(distortion(nodes, stretched)) == pytest.approx((4 + 1) / 4 - 1, rel=1e-3)


def test_slopes_of_the_loss_are_those_of_differences(case):
    nodes = case.prepared.nodes
    torch.manual_seed(0)
    way = nodes.sizes[:, None] * torch.randn(nodes.n, 2)
    way[nodes.held] = 0
    x = torch.zeros(nodes.n, 2, requires_grad=True)
    equidistribution_loss(case, x).backward()
    step = 3e-3
    rise = (equidistribution_loss(case, step * way) - equidistribution_loss(case, -step * way)) / (2 * step)
    assert float((x.grad * way).sum()) == pytest.approx(float(rise), rel=0.03)


def test_monitor_values_are_at_nodes_and_centroids(case):
    nodes, mesh = case.prepared.nodes, case.prepared.mesh
    values = monitor_values(case, nodes.points).numpy()
    centroids = mesh.points[mesh.cells].mean(axis=1)
    np.testing.assert_allclose(values, case.monitor(np.concatenate([mesh.points, centroids])), rtol=1e-4)


def test_losses_with_a_target_are_least_there(case):
    nodes = case.prepared.nodes
    wanted = nodes.tangential(0.1 * nodes.sizes[:, None] * torch.randn(nodes.n, 2))
    target = nodes.points + wanted
    for loss in (paper_loss, target_loss):
        assert float(loss(case, wanted, target)) < 1e-4
        assert float(loss(case, torch.zeros_like(wanted), target)) > 0.01
