"""Random meshes and monitors that the network learns from: one number, one case."""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.problems.domains import KINDS_2D, random_domain
from simulate.mesh_movement.problems.monitors import KINDS, random_monitor
from simulate.mesh_movement.um2n.prepared import Case, Prepared

#: Nodes of a mesh, drawn evenly in the logarithm; a few are larger.
FEWEST, MOST, LARGE, LARGE_SHARE = 200, 2000, 20_000, 0.08
#: Strengths of monitors, drawn evenly in the logarithm.
WEAKEST, STRONGEST = 1.0, 300.0


def random_mesh(number: int, seed: int) -> Prepared:
    """A mesh of one of the planar domains."""
    random = np.random.default_rng([seed, 1, number])
    large = random.random() < LARGE_SHARE
    low, high = (MOST, LARGE) if large else (FEWEST, MOST)
    nodes = int(np.exp(random.uniform(np.log(low), np.log(high))))
    points, cells = random_domain(str(random.choice(KINDS_2D)), nodes, int(random.integers(2**31)))
    mesh = SimplexMesh(points, cells)
    return Prepared(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)))


def random_case(prepared: Prepared, number: int, seed: int) -> Case:
    """A monitor for a mesh; "mixed" and single features alike, gentle to far steeper than the mesh resolves."""
    random = np.random.default_rng([seed, 2, number])
    strength = float(np.exp(random.uniform(np.log(WEAKEST), np.log(STRONGEST))))
    kind = str(random.choice(KINDS, p=[0.4, 0.2, 0.15, 0.2, 0.05]))
    monitor = random_monitor(kind, strength, prepared.mesh.points, int(random.integers(2**31)))
    return Case.of(prepared, monitor)
