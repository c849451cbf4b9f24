"""NGSolve: meshes of straight triangles or tetrahedra. A moved mesh is a new one, with the names of the old."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate.mesh_movement.adapters.shared import check_alone, check_same_mesh, corner_means, is_instance
from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import oriented

#: Netgen's numbers of the kinds of cells.
KINDS = {
    10: "triangles", 11: "quadrilaterals", 12: "triangles of order 2", 13: "quadrilaterals of order 2",
    14: "quadrilaterals of order 2", 20: "tetrahedra", 21: "tetrahedra of order 2", 22: "pyramids", 23: "prisms",
    24: "prisms of order 2", 25: "hexahedra", 26: "hexahedra of order 2",
}  # fmt: skip
#: Where the corners of a cell are in NGSolve's reference cell, in the order of its nodes.
CORNERS: dict[int, list[tuple[int, ...]]] = {
    2: [(1, 0), (0, 1), (0, 0)],
    3: [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)],
}
#: Two nodes that are one by periodicity may part by this share of the size of the mesh: rounding.
PARTED = 1e-9


def handles(mesh: Any) -> bool:
    """Whether ``mesh`` is an ``ngsolve.Mesh``."""
    return is_instance(mesh, "ngsolve", "Mesh")


def arrays(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells, with corners in the order in which their volume is positive."""
    points, cells = _numbered(mesh)
    return points, oriented(points, cells)


def moved(mesh: Any, points: FloatArray) -> Any:
    """A new mesh with the materials, boundaries and periodic sides of ``mesh``.

    It has no geometry: what Netgen keeps of where its nodes were on that is wrong now, and `Curve` and `Refine` would
    put new nodes in wrong places. To curve it all the same leave the mesh as it was, and deform it by a function of
    linear elements with the displacement of `simulate.MovedMesh`: ``mesh.SetDeformation``.

    Raises `ValueError` where nodes that are one by periodicity moved otherwise than each other.
    """
    import ngsolve

    shift = points - _numbered(mesh)[0]
    joined = [pair for pair, _ in mesh.GetPeriodicNodePairs(ngsolve.VERTEX)]
    one, other = np.array(joined, dtype=np.int64).reshape(-1, 2).T
    if (np.abs(shift[one] - shift[other]) > PARTED * np.ptp(points)).any():
        raise ValueError("mesh is periodic and its sides moved otherwise than each other, use boundary='fixed'")
    copy = mesh.ngmesh.Copy()
    copy.SetGeometry(None)
    copy.Coordinates()[:, : points.shape[1]] = points
    # Copy leaves these behind.
    for node, twin, number in mesh.ngmesh.GetIdentifications():
        copy.AddPointIdentification(node, twin, number, mesh.ngmesh.GetIdentificationType(number))
    copy.Update()
    return ngsolve.Mesh(copy)


def nodal(mesh: Any, field: Any) -> FloatArray | None:
    """Of a GridFunction or CoefficientFunction; where it jumps between cells the mean of what it is in each."""
    import ngsolve

    if not isinstance(field, ngsolve.CoefficientFunction):
        return None
    if isinstance(field, ngsolve.GridFunction):
        check_same_mesh(mesh, field.space.mesh)
    if field.dim != 1 or field.is_complex:
        kind = "complex " if field.is_complex else ""
        raise ValueError(f"field has {field.dim} {kind}components, must be one real number")
    points, cells = _numbered(mesh)
    corners = CORNERS[points.shape[1]]
    rule = ngsolve.IntegrationRule(corners, [0.0] * len(corners))
    values = np.asarray(field(mesh.MapToAllElements(rule, ngsolve.VOL)), dtype=float)
    return corner_means(len(points), cells, values.reshape(cells.shape))


def _numbered(mesh: Any) -> tuple[FloatArray, IntArray]:
    """Points and cells, corners in NGSolve's order."""
    check_alone(mesh.comm.size)
    if mesh.dim not in (2, 3):
        raise ValueError(f"mesh has {mesh.dim} dimension, must have 2 or 3")
    if mesh.deformation is not None:
        raise ValueError("mesh is deformed; call mesh.UnsetDeformation(), only meshes as they are are moved")
    rows: Any = (mesh.ngmesh.Elements2D() if mesh.dim == 2 else mesh.ngmesh.Elements3D()).NumPy()
    # A mesh of a surface in space has no cells of three dimensions.
    kinds = {KINDS.get(int(kind), f"cells of the kind {kind}") for kind in np.unique(rows["type"])}
    wanted = "triangles" if mesh.dim == 2 else "tetrahedra"
    if kinds != {wanted} or len(rows) != mesh.ne:
        raise ValueError(f"mesh has {', '.join(sorted(kinds)) or 'no cells'}, must have {wanted} alone")
    if mesh.GetCurveOrder() > 1:
        raise ValueError(f"mesh is curved, of order {mesh.GetCurveOrder()}; call mesh.Curve(1) before")
    points = np.array(mesh.ngmesh.Coordinates(), dtype=float)[:, : mesh.dim]
    return points, rows["nodes"].astype(np.int64) - 1
