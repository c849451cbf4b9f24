from __future__ import annotations

import numpy as np
import pytest
import torch

from simulate import MeshMover, move_mesh
from simulate.mesh_movement.monitor import ball
from simulate.mesh_movement.problems import helmholtz
from simulate.mesh_movement.problems.domains import block
from simulate.mesh_movement.um2n.store import save_network

BUMP = ball((0.4, 0.6), 0.2, 8)


def test_the_shipped_network_spreads_a_bump(arrays):
    moved = move_mesh(*arrays("square", 30), BUMP, method="um2n")
    assert (moved.method, moved.fallback, moved.converged) == ("um2n", None, True)
    assert moved.after.inverted == 0 and moved.after.variation < 0.3 * moved.before.variation


def test_nodal_values_move_nodes_as_the_function_does(arrays):
    points, cells = arrays("square", 30)
    one, other = (move_mesh(points, cells, m, method="um2n").points for m in (BUMP, BUMP(points)))
    assert np.abs(one - other).max() < 0.3 / 30


def test_the_demo_of_movement_is_solved_as_well_as_on_a_monge_ampere_mesh():
    pytest.importorskip("skfem")
    points, cells = helmholtz.mesh()
    error = {"none": helmholtz.error(points, cells)}
    for method in ("um2n", "monge-ampere"):
        moved = move_mesh(points, cells, helmholtz.monitor, method=method)
        error[method] = helmholtz.error(moved.points, moved.cells)
    gain = {method: 1 - error[method] / error["none"] for method in error}
    assert gain["um2n"] > 0.9 * gain["monge-ampere"] > 0.3


def test_a_mesh_refined_twice_moves_alike():
    monitor = ball((0.45, 0.55), 0.3, 4)
    coarse, fine = (move_mesh(*block(2, n), monitor, method="um2n").displacement for n in (40, 160))
    same = fine.reshape(161, 161, 2)[::4, ::4].reshape(-1, 2)
    assert np.linalg.norm(same - coarse) < 0.05 * np.linalg.norm(coarse)


def test_tetrahedra_are_left_to_other_methods(arrays):
    moved = move_mesh(*arrays("cube", 4), ball((0.4, 0.6, 0.5), 0.3, 3), method="um2n")
    assert moved.method == "monge-ampere" and "learned on triangles" in moved.fallback
    alone = move_mesh(*arrays("cube", 4), ball((0.4, 0.6, 0.5), 0.3, 3), method="um2n", fallback=False)
    assert alone.method == "none" and not alone.displacement.any()


def test_a_network_that_makes_things_worse_is_found_out_and_others_are_asked(arrays, network, tmp_path):
    save_network(network, tmp_path / "n.safetensors")
    moved = move_mesh(*arrays("L", 8), ball((0.5, 0.5), 0.05, 900), method="um2n", network=tmp_path / "n.safetensors")
    assert moved.after.inverted == 0 and moved.after.variation <= moved.before.variation
    assert moved.method == "um2n" or "um2n: leaves" in moved.fallback


def test_a_mover_is_used_again(arrays):
    points, cells = arrays("disc", 8)
    mover = MeshMover(points, cells)
    first = mover.move(ball((0.2, 0.1), 0.3, 6), method="um2n").points
    mover.move(ball((-0.4, 0.3), 0.3, 6), method="um2n")
    assert mover.move(ball((0.2, 0.1), 0.3, 6), method="um2n").points.tobytes() == first.tobytes()


def test_threads_of_torch_change_nothing_and_are_given_back(arrays):
    before, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(move_mesh(*arrays("square", 40), ball((0.4, 0.6), 0.2, 8), method="um2n").points.tobytes())
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]
