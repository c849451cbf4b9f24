"""simulate: form finding of webs, and movement of meshes; virtual tests are to come (see the README).

>>> from simulate import form_find, move_mesh, move_solver_mesh
>>> hung = form_find(web, fixed=web.degree == 1, kinds={"frame": 7, "anchor": 10})
>>> moved = move_mesh(points, cells, monitor)
>>> mesh, moved = move_solver_mesh(mesh, monitor)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulate.mechanics.form_finding import form_find
    from simulate.mechanics.predictor.predict import Properties, predict
    from simulate.mesh_movement.adapters.finding import adapter_of
    from simulate.mesh_movement.adapters.moving import move_solver_mesh
    from simulate.mesh_movement.move import MeshMover, MovedMesh, move_mesh

__all__ = [
    "MeshMover", "MovedMesh", "Properties", "adapter_of", "form_find", "move_mesh", "move_solver_mesh", "predict",
]  # fmt: skip

# Imported on first use, so that `structgen --help` stays quick.
_HOMES = {
    "MeshMover": "simulate.mesh_movement.move",
    "MovedMesh": "simulate.mesh_movement.move",
    "Properties": "simulate.mechanics.predictor.predict",
    "adapter_of": "simulate.mesh_movement.adapters.finding",
    "form_find": "simulate.mechanics.form_finding",
    "move_mesh": "simulate.mesh_movement.move",
    "move_solver_mesh": "simulate.mesh_movement.adapters.moving",
    "predict": "simulate.mechanics.predictor.predict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulate' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
