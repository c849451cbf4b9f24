"""meshio: meshes of files in memory, triangles in a plane z = constant or tetrahedra. A moved mesh is a new one."""

from __future__ import annotations

from typing import Any

from simulate.mesh_movement.adapters.shared import is_instance
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.files import named_field, nodal_fields, simplices, with_points
from simulate.mesh_movement.meshes import oriented


def handles(mesh: Any) -> bool:
    """Whether ``mesh`` is a ``meshio.Mesh``."""
    return is_instance(mesh, "meshio", "Mesh")


def arrays(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells; cells that bound others may be there and follow."""
    points, cells = simplices(mesh)
    return points, oriented(points, cells)


def moved(mesh: Any, points: FloatArray) -> Any:
    """A new mesh, with all blocks of cells, data, tags and sets of ``mesh``."""
    return with_points(mesh, points)


def nodal(mesh: Any, field: Any) -> FloatArray | None:
    """Of the name of point data of one number a node."""
    if not isinstance(field, str):
        return None
    return named_field(nodal_fields(mesh), field)
