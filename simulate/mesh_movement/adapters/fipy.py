"""FiPy: meshes of triangles in the plane, Tri2D, Mesh2D and Gmsh2D. A moved mesh is a new Mesh2D.

Cells and faces of the new mesh have the numbers of the old, so that masks of faces, ``physicalFaces`` of Gmsh2D among
them, can be used further as arrays.

FiPy takes the flux of diffusion through a face along the line between the centres of two cells, which is wrong where
they are askew to it, as where nodes moved: advection gains by moving, diffusion loses (``benchmarks/adapters.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate.mesh_movement.adapters.shared import check_alone, check_same_mesh, corner_means, is_instance
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import checked_mesh, oriented, used_nodes
from simulate.mesh_movement.recovery import patch_recovered


def handles(mesh: Any) -> bool:
    """Whether ``mesh`` is of FiPy."""
    return is_instance(mesh, "fipy.meshes.abstractMesh", "AbstractMesh")


def arrays(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells; a cell's nodes are those of its faces."""
    check_alone(mesh.communicator.Nproc)
    faces = np.ma.asarray(mesh.cellFaceIDs)
    if mesh.dim != 2 or faces.shape[0] != 3 or np.ma.getmaskarray(faces).any():
        raise ValueError(
            f"mesh is a {type(mesh).__name__} of FiPy in {mesh.dim} dimensions, with cells of up to {faces.shape[0]} "
            "faces; only triangles in the plane are moved: Tri2D, or Mesh2D and Gmsh2D of triangles"
        )
    points = np.array(mesh.vertexCoords, dtype=float).T
    ends = np.asarray(mesh.faceVertexIDs, dtype=np.int64)[:, np.asarray(faces)].reshape(6, -1)
    # Each node is an end of two of the three faces.
    cells = np.sort(ends, axis=0)[::2].T
    return points, oriented(points, cells)


def moved(mesh: Any, points: FloatArray) -> Any:
    """A new Mesh2D."""
    from fipy.meshes.mesh2D import Mesh2D

    return Mesh2D(
        vertexCoords=np.ascontiguousarray(points.T), faceVertexIDs=mesh.faceVertexIDs, cellFaceIDs=mesh.cellFaceIDs,
        communicator=mesh.communicator,
    )  # fmt: skip


def nodal(mesh: Any, field: Any) -> FloatArray | None:
    """Of a CellVariable: about each node a linear function is fitted to the values of its cells.

    Where that is not > 0, though the field is, it is their mean.
    """
    from fipy import CellVariable, Variable

    if not isinstance(field, Variable):
        return None
    if not isinstance(field, CellVariable) or field.rank != 0:
        raise ValueError(f"field is a {type(field).__name__} of FiPy, must be a CellVariable of one number a cell")
    check_same_mesh(mesh, field.mesh)
    points, cells = arrays(mesh)
    nodes, inner = used_nodes(cells)
    values = np.array(field.value, dtype=float)
    result = corner_means(len(points), cells, np.repeat(values[:, None], 3, axis=1))
    fitted = patch_recovered(checked_mesh(points[nodes], inner), values[:, None])[:, 0]
    good = (fitted > 0) | (values.min() <= 0)
    result[nodes[good]] = fitted[good]
    return result
