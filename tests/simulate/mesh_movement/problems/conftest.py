"""What tests of problems share: a run of one, and meshes that moved."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.move import move_mesh
from simulate.mesh_movement.problems.problem import Motion


@pytest.fixture(scope="session")
def run():
    """``run(problem, "monge-ampere")``: what the problem finds on its mesh moved by a method, and the motion."""

    def solve(problem, method="none", nodes=None, transfer=None):
        points, cells = problem.mesh(nodes or problem.nodes)
        motion = Motion(points, cells, method, problem.boundary, transfer or problem.transfers[0])
        return problem.solve(points, cells, motion, lambda done, total: None), motion

    return solve


@pytest.fixture(scope="session")
def order():
    """``order(error_of, 100, 400)``: the order at which errors fall with the size of cells, by two node counts."""

    def found(error_of, coarse, fine):
        return 2 * np.log(error_of(coarse) / error_of(fine)) / np.log(fine / coarse)

    return found


@pytest.fixture(scope="session")
def two_meshes(arrays):
    """``two_meshes(k)``: a square's mesh of 8 x 8 squares moved by two monitors that the number k picks."""

    def make(seed):
        random = np.random.default_rng(seed)
        points, cells = arrays("square", 8)
        places = []
        for _ in range(2):
            middle, width = random.uniform(0, 1, 2), random.uniform(0.1, 0.5)
            level = 1 + random.uniform(0, 20) * np.exp(-((points - middle) ** 2).sum(axis=1) / width**2)
            places.append(move_mesh(points, cells, level, method="variational", max_iterations=10).points)
        return SimplexMesh(places[0], cells), places[1]

    return make
