"""Meshes in files, through meshio: gmsh, VTK, Medit, Abaqus."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import checked_mesh, used_nodes
from structgen.files import check_readable, whole_file

#: Format of meshio by suffix.
FORMATS = {".msh": "gmsh", ".vtu": "vtu", ".vtk": "vtk", ".mesh": "medit", ".inp": "abaqus"}
#: Largest file read.
MOST_BYTES = 2 << 30
#: The kind of cells that move, by dimension.
KINDS = {2: "triangle", 3: "tetra"}
#: Kinds of cells that bound others, and so may be in a file beside those that move.
LOWER = {"triangle": {"vertex", "line"}, "tetra": {"vertex", "line", "triangle"}}


@dataclass(frozen=True)
class MeshFile:
    """A mesh from a file.

    Attributes:
        points, cells: ``(n, d)`` and ``(c, d + 1)`` of positive volume: triangles in the plane or tetrahedra in space.
        point_data: fields ``(n,)`` at the nodes by name.
        nodes: ``(n,)`` the number in the file of each node; nodes there that no cell names are left out.
        source: all that meshio read.
    """

    points: FloatArray
    cells: IntArray
    point_data: dict[str, FloatArray]
    nodes: IntArray
    source: Any

    def field(self, name: str) -> FloatArray:
        """``(n,)`` the field ``name``; `ValueError` names those that there are."""
        return named_field(self.point_data, name)


def read_mesh_file(path: Path) -> MeshFile:
    """The mesh in ``path``.

    Cells that are numbered the wrong way round are turned, with a warning; nodes of no cell and nodes that lie on
    others are warned of. Raises `FileNotFoundError`, and `ValueError` for a suffix not in `FORMATS`, a file that cannot
    be read, cells other than triangles and tetrahedra, triangles that do not lie in a plane z = constant, and what
    `simulate.mesh_movement.meshes.checked_mesh` refuses.
    """
    meshio = _meshio()
    name = _format(path)
    check_readable(path, MOST_BYTES)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            source = meshio.read(path, file_format=name)
    except (Exception, SystemExit) as error:  # meshio ends the program where a file is not what its name says
        said = "" if isinstance(error, SystemExit) else f" ({type(error).__name__}: {error})"
        raise ValueError(f"{path}: cannot be read as {name}{said}"[:300]) from None
    try:
        points, cells = simplices(source)
        return _checked(path, source, points, cells)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_mesh_file(path: Path, mesh: MeshFile, points: FloatArray, point_data: dict[str, FloatArray]) -> None:
    """The file ``mesh`` was read from, with its nodes at ``points (n, d)`` and fields ``(n, ...)`` more."""
    meshio = _meshio()
    name = _format(path)
    everywhere = np.array(mesh.source.points, dtype=float)[:, : points.shape[1]]
    everywhere[mesh.nodes] = points
    moved = with_points(mesh.source, everywhere)
    moved.points = np.pad(moved.points, ((0, 0), (0, 3 - moved.points.shape[1])))
    rest = mesh.nodes[mesh.cells]
    for block in moved.cells:
        if block.type == KINDS[points.shape[1]]:
            block.data, rest = rest[: len(block.data)], rest[len(block.data) :]
    for key, values in point_data.items():
        full = np.zeros((len(everywhere), *values.shape[1:]))
        full[mesh.nodes] = values
        # VTK's vectors have three components.
        moved.point_data[key] = np.pad(full, ((0, 0), (0, 1))) if full.ndim == 2 and full.shape[1] == 2 else full
    tags = moved.cell_data
    if name == "gmsh" and "gmsh:geometrical" in tags:
        # meshio writes both kinds of tags or none.
        tags.setdefault("gmsh:physical", [np.zeros_like(tag) for tag in tags["gmsh:geometrical"]])
    try:
        with (
            whole_file(path) as temporary,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            meshio.write(temporary, moved, file_format=name)
    except (meshio.WriteError, KeyError, NotImplementedError, TypeError) as error:
        raise ValueError(f"{path}: cannot be written as {name} ({error}), try .vtu") from None


def simplices(source: Any) -> tuple[FloatArray, IntArray]:
    """All points ``(n, d)`` of the ``meshio.Mesh``, nodes of no cell among them, and cells ``(c, d + 1)`` as they are.

    Raises `ValueError` for cells other than triangles and tetrahedra and those that bound them, and for triangles that
    do not lie in a plane z = constant.
    """
    kinds = {block.type for block in source.cells if len(block.data)}
    kind = "tetra" if "tetra" in kinds else "triangle"
    if kind not in kinds or kinds - LOWER[kind] - {kind}:
        held = ", ".join(sorted(kinds)) or "no cells"
        raise ValueError(f"has cells of the kinds {held}; only triangles, or only tetrahedra, can be moved")
    cells = np.concatenate([np.asarray(block.data, dtype=np.int64) for block in source.cells if block.type == kind])
    points = np.array(source.points, dtype=float)
    if cells.min() < 0 or cells.max() >= len(points):
        raise ValueError("a cell names a node that is not there")
    if kind == "triangle" and points.shape[1] == 3:
        used = points[np.unique(cells)]
        if np.ptp(used[:, 2]) > 1e-9 * np.ptp(used[:, :2]):
            raise ValueError("its triangles are a surface in space; only plane meshes, z constant, are moved")
        points = points[:, :2]
    return points, cells


def nodal_fields(source: Any) -> dict[str, FloatArray]:
    """Point data ``(n,)`` of one number a node of the ``meshio.Mesh``, by name."""
    return {
        key: np.asarray(values, dtype=float).reshape(len(values))
        for key, values in source.point_data.items()
        if np.asarray(values).dtype.kind in "iuf" and np.asarray(values).size == len(values)
    }


def named_field(fields: dict[str, FloatArray], name: str) -> FloatArray:
    """The field ``name``; `ValueError` names those that there are."""
    if name not in fields:
        known = ", ".join(sorted(fields)) or "none"
        raise ValueError(f"{name!r} is no field of one number a node, there are: {known}")
    return fields[name]


def with_points(source: Any, points: FloatArray) -> Any:
    """A new ``meshio.Mesh`` like ``source``, with its nodes at ``points (n, d)`` in the first d coordinates."""
    everywhere = np.array(source.points, dtype=float)
    everywhere[:, : points.shape[1]] = points
    blocks = [(block.type, np.array(block.data)) for block in source.cells]
    return _meshio().Mesh(
        everywhere, blocks, point_data=dict(source.point_data), cell_data=dict(source.cell_data),
        field_data=dict(source.field_data), point_sets=dict(source.point_sets), cell_sets=dict(source.cell_sets),
    )  # fmt: skip


def _checked(path: Path, source: Any, points: FloatArray, cells: IntArray) -> MeshFile:
    nodes, inner = used_nodes(cells)
    lost = len(points) - len(nodes)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            mesh = checked_mesh(points[nodes], inner)
        except ValueError as error:
            without = f", without the {lost} nodes of no cell" if lost else ""
            raise ValueError(f"{error}; counted from 0{without}") from None
    for warning in said:
        warnings.warn(f"{path}: {warning.message}", stacklevel=3)
    if lost:
        warnings.warn(f"{path}: nodes that belong to no cell stay where they are ({lost})", stacklevel=3)
    twins = mesh.n - len(np.unique(mesh.points, axis=0))
    if twins:
        warnings.warn(f"{path}: nodes that lie on others may part from them, merge them before ({twins})", stacklevel=3)
    fields = {key: values[nodes] for key, values in nodal_fields(source).items()}
    return MeshFile(mesh.points, mesh.cells, fields, nodes, source)


def check_suffix(path: Path) -> None:
    """Raise `ValueError` for a suffix that is not in `FORMATS`."""
    _format(path)


def _format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path}: suffix {suffix!r} is not known, use one of {', '.join(FORMATS)}")
    return FORMATS[suffix]


def _meshio() -> Any:
    try:
        import meshio
    except ImportError:
        raise ValueError("files of meshes need meshio: pip install 'structgen-webs[solvers]'") from None
    return meshio
