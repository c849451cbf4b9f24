"""A small network and meshes made ready for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig
from simulate.mesh_movement.um2n.prepared import Prepared


def stirred(attention="slices", **sizes):
    """A network with weights of its own, none of them zero."""
    torch.manual_seed(1)
    network = UM2N(NetworkConfig(attention=attention, **sizes))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.requires_grad_(False)


@pytest.fixture(scope="session")
def network():
    """A network that no training made."""
    return stirred()


@pytest.fixture(scope="session")
def prepared(mesh):
    """``prepared("disc", 8)``."""

    def made(name, *size, turn=lambda points: points):
        straight = mesh(name, *size)
        turned = SimplexMesh(turn(straight.points), straight.cells)
        return Prepared(turned, find_boundary(turned, np.zeros(turned.n, dtype=bool)))

    return made
