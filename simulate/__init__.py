"""simulate: form finding and virtual tests of webs, and movement of meshes.

>>> from simulate import compression, form_find, move_mesh, move_solver_mesh, predict, tension
>>> hung = form_find(web, fixed=web.degree == 1, kinds={"frame": 7, "anchor": 10})
>>> crushed = compression(web, "pla", axis="z", to_strain=0.2)
>>> pulled = tension(hung, law="dragline", to_strain=1.2)
>>> moved = move_mesh(points, cells, monitor)
>>> mesh, moved = move_solver_mesh(mesh, monitor)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulate.mechanics.compression import compression, compressions
    from simulate.mechanics.compression_result import CompressionResult
    from simulate.mechanics.form_finding import FittedTension, fit_tensions, form_find
    from simulate.mechanics.homogenize import homogenize
    from simulate.mechanics.lattices import lattice
    from simulate.mechanics.law import Law
    from simulate.mechanics.predictor.predict import Properties, predict
    from simulate.mechanics.stiffness import Stiffness
    from simulate.mechanics.tension_result import InterruptedTest, TensionResult
    from simulate.mechanics.virtual_tests import indentation, tension, tensions
    from simulate.mesh_movement.adapters.finding import adapter_of
    from simulate.mesh_movement.adapters.moving import move_solver_mesh
    from simulate.mesh_movement.move import MeshMover, MovedMesh, move_mesh

__all__ = [
    "CompressionResult",
    "FittedTension",
    "InterruptedTest",
    "Law",
    "MeshMover",
    "MovedMesh",
    "Properties",
    "Stiffness",
    "TensionResult",
    "adapter_of",
    "compression",
    "compressions",
    "fit_tensions",
    "form_find",
    "homogenize",
    "indentation",
    "lattice",
    "move_mesh",
    "move_solver_mesh",
    "predict",
    "tension",
    "tensions",
]

# Imported on first use, so that `structgen --help` stays quick.
_HOMES = {
    "CompressionResult": "simulate.mechanics.compression_result",
    "FittedTension": "simulate.mechanics.form_finding",
    "InterruptedTest": "simulate.mechanics.tension_result",
    "Law": "simulate.mechanics.law",
    "MeshMover": "simulate.mesh_movement.move",
    "MovedMesh": "simulate.mesh_movement.move",
    "Properties": "simulate.mechanics.predictor.predict",
    "Stiffness": "simulate.mechanics.stiffness",
    "TensionResult": "simulate.mechanics.tension_result",
    "adapter_of": "simulate.mesh_movement.adapters.finding",
    "compression": "simulate.mechanics.compression",
    "compressions": "simulate.mechanics.compression",
    "fit_tensions": "simulate.mechanics.form_finding",
    "form_find": "simulate.mechanics.form_finding",
    "homogenize": "simulate.mechanics.homogenize",
    "indentation": "simulate.mechanics.virtual_tests",
    "lattice": "simulate.mechanics.lattices",
    "move_mesh": "simulate.mesh_movement.move",
    "move_solver_mesh": "simulate.mesh_movement.adapters.moving",
    "predict": "simulate.mechanics.predictor.predict",
    "tension": "simulate.mechanics.virtual_tests",
    "tensions": "simulate.mechanics.virtual_tests",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulate' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
