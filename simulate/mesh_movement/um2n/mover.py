"""Moving a mesh by the network that comes with the package, or by another."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch

from simulate.mesh_movement.boundary import Boundary
from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.limiter import limited
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.sampling import Field
from simulate.mesh_movement.um2n.fields import monitor_fields
from simulate.mesh_movement.um2n.network import UM2N
from simulate.mesh_movement.um2n.prepared import Case, Prepared
from simulate.mesh_movement.um2n.store import load_network
from structgen.parallel import one_thread


class NetworkMover:
    """A network and a mesh made ready for it; 2D.

    ``network`` is a network, or the name or file of one: see `simulate.mesh_movement.um2n.store.load_network`.
    """

    def __init__(self, mesh: SimplexMesh, boundary: Boundary, network: UM2N | str | Path = "um2n") -> None:
        self.network = network if isinstance(network, UM2N) else _loaded(str(network))
        self.prepared = Prepared(mesh, boundary)

    def moved(self, field: Field, start: FloatArray) -> tuple[FloatArray, float]:
        """New valid points ``(n, 2)``, and the share of nodes that the limiter moved otherwise, for a monitor of values
        ``start (n,)`` at the nodes at the start."""
        with torch.inference_mode(), one_thread():
            displacement = self.network(Case(self.prepared, field.values, monitor_fields(self.prepared.grid, start)))
        return limited(self.prepared.mesh, self.prepared.real_size(displacement), self.prepared.boundary)


#: Read once: a mover is made anew for every mesh.
_loaded = lru_cache(maxsize=4)(load_network)
