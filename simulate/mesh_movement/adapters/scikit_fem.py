"""scikit-fem: MeshTri and MeshTet of straight cells. A moved mesh is a new one, with the names of the old."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simulate.mesh_movement.adapters.shared import check_same_mesh, is_instance
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import oriented


def handles(mesh: Any) -> bool:
    """Whether ``mesh`` is of scikit-fem."""
    return is_instance(mesh, "skfem", "Mesh")


def arrays(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells; those of a MeshTri are numbered by scikit-fem in ascending order, here turned."""
    import skfem

    if mesh.elem not in (skfem.ElementTriP1, skfem.ElementTetP1):
        raise ValueError(
            f"mesh is a {type(mesh).__name__} of scikit-fem; only MeshTri and MeshTet, of straight triangles or "
            "tetrahedra, are moved"
        )
    points, cells = np.array(mesh.p.T, dtype=float), np.array(mesh.t.T, dtype=np.int64)
    return points, oriented(points, cells)


def moved(mesh: Any, points: FloatArray) -> Any:
    """A new mesh, with the boundaries and subdomains of ``mesh``."""
    return replace(mesh, doflocs=np.ascontiguousarray(points.T))


def nodal(mesh: Any, field: Any) -> FloatArray | None:
    """Of a pair of a basis of ``mesh`` and a vector of its degrees of freedom."""
    import skfem

    if not (isinstance(field, tuple) and len(field) == 2 and isinstance(field[0], skfem.AbstractBasis)):
        return None
    basis, vector = field
    check_same_mesh(mesh, basis.mesh)
    element = type(basis.elem).__name__
    if len(basis.nodal_dofs) != 1:
        raise ValueError(f"field is of {element}, must have one value at each node; project it on ElementTriP1")
    vector = np.asarray(vector)
    if vector.shape != (basis.N,) or vector.dtype.kind not in "iuf":
        raise ValueError(f"field has the type {vector.dtype} and shape {vector.shape}, must be {basis.N} real numbers")
    return np.asarray(vector[basis.nodal_dofs[0]], dtype=float)
