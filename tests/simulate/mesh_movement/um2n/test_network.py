from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.meshes import checked_mesh
from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.problems.domains import KINDS_2D, random_domain
from simulate.mesh_movement.problems.monitors import random_monitor
from simulate.mesh_movement.um2n.attention import ATTENTIONS
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig, cell_load, node_load
from simulate.mesh_movement.um2n.prepared import Case, Prepared

from .conftest import stirred

BUMP = ball((0.4, 0.6), 0.2, 8)


def displacement(network, points, cells, monitor):
    mesh = checked_mesh(points, cells)
    ready = Prepared(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)))
    return ready.real_size(network(Case.of(ready, monitor)))


@pytest.mark.parametrize("name", ["square", "disc", "L"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_constant_monitor_moves_nothing_whatever_the_weights(prepared, name, attention):
    case = Case.of(prepared(name, 6), lambda points: np.full(len(points), 3.7))
    assert not stirred(attention)(case).any()


def test_an_untrained_network_begins_as_the_relaxed_monge_ampere_displacement(prepared):
    ready = prepared("square", 30)
    case = Case.of(ready, ball((0.4, 0.6), 0.3, 3))
    network = UM2N(NetworkConfig(sweeps=1)).requires_grad_(False)
    network.sweeps[0].enter.bias[-1] = 50.0
    still = cell_load(ready.nodes, ready.nodes.points, case.sample(ready.nodes.points)).std()
    points = ready.nodes.points + network(case)
    assert cell_load(ready.nodes, points, case.sample(points)).std() < 0.15 * still


@settings(max_examples=10)
@given(
    kind=st.sampled_from(KINDS_2D), angle=st.floats(0, 6.28), scale=st.floats(-3, 3), mirrored=st.booleans(),
    shift=st.tuples(st.floats(-9, 9), st.floats(-9, 9)), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_moved_turned_mirrored_and_scaled_meshes_move_alike(network, kind, angle, scale, mirrored, shift, seed):
    points, cells = random_domain(kind, 200, seed)
    monitor = random_monitor("bumps", 3.0, points, seed)
    size, back = 10**scale, np.array(shift)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1 - 2 * mirrored, 1])
    placed = points @ turn.T * size + back * size
    order = cells[:, [0, 2, 1]] if mirrored else cells
    found = displacement(network, placed, order, lambda at: monitor((at / size - back) @ turn)) @ turn / size
    plain = displacement(network, points, cells, monitor)
    # Squares at the rim count or not by rounding; a disc or a star has no axes.
    scale_of = np.abs(plain).max()
    if kind in ("square", "L", "channel", "holes", "block"):
        assert np.abs(found - plain).max() < 0.1 * scale_of
    else:
        assert np.sqrt(np.mean((found - plain) ** 2)) < 0.5 * scale_of


@pytest.mark.parametrize("kind", ["square", "holes", "star"])
def test_what_is_found_without_a_gradient_by_compiled_loops_is_the_same(network, kind):
    points, cells = random_domain(kind, 600, 3)
    mesh = checked_mesh(points, cells)
    ready = Prepared(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)))
    case = Case.of(ready, random_monitor("mixed", 30.0, points, 3))
    by_torch = network(case)
    with torch.no_grad():
        compiled = network(case)
    assert compiled.abs().max() > 1e-3
    torch.testing.assert_close(compiled, by_torch, atol=1e-6, rtol=1e-5)


def test_loads(prepared):
    ready = prepared("square", 6)
    nodes = ready.nodes
    monitor = torch.ones(nodes.n)
    assert cell_load(nodes, nodes.points, monitor).abs().max() < 1e-5
    monitor[5] = 4
    load = node_load(nodes, nodes.points, monitor)
    assert load.argmax() == 5
    # Flat and inverted cells count as almost nothing, not as NaN.
    assert torch.isfinite(cell_load(nodes, torch.zeros_like(nodes.points), monitor)).all()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"width": 0}, r"width is 0, must be a whole number in 1\.\.512"),
        ({"width": 30}, "width is 30, must be a multiple of heads, 4"),
        ({"blocks": 2.5}, "blocks is 2.5, must be a whole number"),
        ({"attention": "none"}, "attention is 'none', must be one of full, slices, performer, virtual-node"),
    ],
)
def test_sizes_that_make_no_sense(sizes, message):
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**sizes)
