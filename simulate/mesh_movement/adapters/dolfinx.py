"""dolfinx, 0.5 and later: meshes of straight triangles or tetrahedra, in one process. Nodes are moved in place.

Nodes are numbered as in ``mesh.geometry.x``, which is not how vertices of the topology are, nor degrees of freedom.
A mesh is known by its arrays, whatever the version; nothing of dolfinx is imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate.mesh_movement.adapters.shared import check_alone, check_same_mesh, corner_means
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import oriented


def handles(mesh: Any) -> bool:
    """Whether ``mesh`` has the geometry and topology of a dolfinx mesh."""
    geometry = getattr(mesh, "geometry", None)
    return hasattr(geometry, "x") and hasattr(geometry, "dofmap") and hasattr(mesh, "topology")


def arrays(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells, turned where dolfinx numbers them the other way round."""
    points, cells = _numbered(mesh)
    return points, oriented(points, cells)


def moved(mesh: Any, points: FloatArray) -> Any:
    """``mesh`` itself, its nodes moved: functions and forms on it keep their coefficients and see the new geometry."""
    mesh.geometry.x[:, : points.shape[1]] = points
    return mesh


def nodal(mesh: Any, field: Any) -> FloatArray | None:
    """Of a Function; where it jumps between cells the mean of what it is in each."""
    if not (hasattr(field, "function_space") and hasattr(field, "eval")):
        return None
    check_same_mesh(mesh, field.function_space.mesh)
    points, cells = _numbered(mesh)
    at = mesh.geometry.x[cells.ravel()]
    values = np.asarray(field.eval(at, np.repeat(np.arange(len(cells), dtype=np.int32), cells.shape[1])))
    if values.size != cells.size or values.dtype.kind != "f":
        raise ValueError(
            f"field has values of the type {values.dtype}, {values.size / cells.size:g} a node, must be real"
        )
    return corner_means(len(points), cells, values.reshape(cells.shape))


def _numbered(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells, corners in dolfinx's order."""
    check_alone(mesh.comm.size)
    geometry, kind = mesh.geometry, mesh.topology.cell_type.name
    wanted = {2: "triangle", 3: "tetrahedron"}.get(geometry.dim)
    if kind != wanted:
        raise ValueError(f"mesh has cells of the kind {kind} in {geometry.dim} dimensions; only triangles in the plane "
                         "and tetrahedra in space are moved")  # fmt: skip
    if geometry.cmap.degree != 1:
        raise ValueError(f"mesh is curved, of degree {geometry.cmap.degree}, must be of degree 1")
    # A list of lists before version 0.7, an array since.
    cells = np.asarray(getattr(geometry.dofmap, "array", geometry.dofmap), dtype=np.int64)
    return np.array(geometry.x, dtype=float)[:, : geometry.dim], cells.reshape(-1, geometry.dim + 1)
