"""`move_solver_mesh`: one call for the meshes of all solvers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simulate.mesh_movement.adapters.finding import Adapter, adapter_of
from simulate.mesh_movement.checks import FloatArray, IntArray, node_mask, real_array
from simulate.mesh_movement.meshes import used_nodes
from simulate.mesh_movement.move import MovedMesh, move_mesh
from simulate.mesh_movement.sampling import Monitor, checked_monitor


def move_solver_mesh(mesh: Any, monitor: Any, *, of: Any = None, **options: Any) -> tuple[Any, MovedMesh]:
    """Move the nodes of a solver's ``mesh`` so that ``monitor`` is shared evenly among its cells.

    Arguments:
        mesh: of scikit-fem, NGSolve, FiPy, dolfinx or meshio, or of a solver for which a package registers an adapter;
            straight triangles in the plane or tetrahedra in space, in one process.
        monitor: > 0, large where cells are to be small: ``(n,)`` values at the nodes as the solver numbers them, a
            field of the solver, or a callable of points ``(p, d)``. With ``of``, a function of points, cells and the
            values of ``of`` at the nodes, such as `simulate.mesh_movement.monitor.hessian`.
        of: the solution that ``monitor`` is made from: a field of the solver, or ``(n,)`` values at the nodes.
        options: those of `simulate.move_mesh`; node numbers are the solver's.

    Returns the mesh with its nodes moved, and how they were. The mesh is new and the old one as it was, but a dolfinx
    mesh, whose nodes are moved in place. Cells, names of boundaries and subdomains and the numbering stay, and so do
    nodes that belong to no cell. Fields are not moved: solve again, or interpolate.

    Fields of the solver: scikit-fem a pair of basis and vector, NGSolve a GridFunction or CoefficientFunction, FiPy a
    CellVariable, dolfinx a Function, meshio the name of point data.

    Raises `ValueError` for a mesh that cannot be moved and a field that does not fit it.
    """
    adapter = adapter_of(mesh)
    points, cells = adapter.arrays(mesh)
    nodes, inner = used_nodes(cells)
    level = _monitor(adapter, mesh, monitor, of, (points, inner, nodes))
    moved = move_mesh(points[nodes], inner, level, **_renumbered(options, nodes, len(points)))
    everywhere = points.copy()
    everywhere[nodes] = moved.points
    moved = replace(moved, points=everywhere, cells=nodes[moved.cells], displacement=everywhere - points)
    return adapter.moved(mesh, everywhere), moved


def _monitor(
    adapter: Adapter, mesh: Any, monitor: Any, of: Any, part: tuple[FloatArray, IntArray, IntArray]
) -> Monitor:
    """The monitor at the nodes of cells, or the callable itself; ``part``: all points, the cells, and their nodes."""
    points, cells, nodes = part
    if of is not None:
        if not callable(monitor):
            raise ValueError(
                f"monitor is a {type(monitor).__name__}, must be a function of points, cells and values where of is "
                "given, such as monitor.hessian"
            )
        values = adapter.nodal(mesh, of)
        values = real_array("of", of if values is None else values, (len(points),))
        made: Monitor = monitor(points[nodes], cells, values[nodes])
        return made
    level = adapter.nodal(mesh, monitor)
    if level is not None:
        return level[nodes]
    if callable(monitor):
        return monitor  # type: ignore[no-any-return]
    if len(nodes) < len(points) and np.shape(monitor) == (len(points),):
        # Nodes of no cell may have any value.
        monitor = np.where(np.isin(np.arange(len(points)), nodes), monitor, 1.0)
    return checked_monitor(monitor, len(points))[nodes]


def _renumbered(options: dict[str, Any], nodes: IntArray, n: int) -> dict[str, Any]:
    """``options`` in the numbers of ``nodes``, those of all ``n`` that cells have."""
    result = dict(options)
    if options.get("fixed") is not None:
        result["fixed"] = node_mask("fixed", options["fixed"], n)[nodes]
    projection = options.get("boundary")
    if callable(projection):
        result["boundary"] = lambda at, of: projection(at, nodes[of])
    return result
