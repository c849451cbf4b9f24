"""Meshes in files, through meshio: gmsh, VTK, Medit, Abaqus."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from structgen.files import check_readable, whole_file

#: Format of meshio by suffix.
FORMATS = {".msh": "gmsh", ".vtu": "vtu", ".vtk": "vtk", ".mesh": "medit", ".inp": "abaqus"}
#: Largest file read.
MOST_BYTES = 2 << 30
#: Kinds of cells that bound others, and so may be in a file beside those that move.
LOWER = {"triangle": {"vertex", "line"}, "tetra": {"vertex", "line", "triangle"}}


@dataclass(frozen=True)
class MeshFile:
    """A mesh from a file.

    Attributes:
        points, cells: ``(n, d)`` and ``(c, d + 1)``: triangles in the plane or tetrahedra in space.
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
        if name not in self.point_data:
            known = ", ".join(sorted(self.point_data)) or "none"
            raise ValueError(f"{name!r} is no field of one number a node, there are: {known}")
        return self.point_data[name]


def read_mesh_file(path: Path) -> MeshFile:
    """The mesh in ``path``.

    Raises `FileNotFoundError`, and `ValueError` for a suffix not in `FORMATS`, a file that cannot be read, cells other
    than triangles and tetrahedra, and triangles that do not lie in a plane z = constant.
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
    return _of_meshio(path, source)


def write_mesh_file(path: Path, mesh: MeshFile, points: FloatArray, point_data: dict[str, FloatArray]) -> None:
    """The file ``mesh`` was read from, with its nodes at ``points (n, d)`` and fields ``(n, ...)`` more."""
    meshio = _meshio()
    name = _format(path)
    everywhere = np.array(mesh.source.points, dtype=float)
    everywhere[mesh.nodes, : points.shape[1]] = points
    fields = dict(mesh.source.point_data)
    for key, values in point_data.items():
        full = np.zeros((len(everywhere), *values.shape[1:]))
        full[mesh.nodes] = values
        # VTK's vectors have three components.
        fields[key] = np.pad(full, ((0, 0), (0, 1))) if full.ndim == 2 and full.shape[1] == 2 else full
    tags = dict(mesh.source.cell_data)
    if name == "gmsh" and "gmsh:geometrical" in tags:
        # meshio writes both kinds of tags or none.
        tags.setdefault("gmsh:physical", [np.zeros_like(tag) for tag in tags["gmsh:geometrical"]])
    moved = meshio.Mesh(
        np.pad(everywhere, ((0, 0), (0, 3 - everywhere.shape[1]))), mesh.source.cells, point_data=fields,
        cell_data=tags, field_data=mesh.source.field_data,
    )  # fmt: skip
    try:
        with (
            whole_file(path) as temporary,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            meshio.write(temporary, moved, file_format=name)
    except (meshio.WriteError, KeyError, NotImplementedError, TypeError) as error:
        raise ValueError(f"{path}: cannot be written as {name} ({error}), try .vtu") from None


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


def _of_meshio(path: Path, source: Any) -> MeshFile:
    kinds = {block.type for block in source.cells if len(block.data)}
    kind = "tetra" if "tetra" in kinds else "triangle"
    others = sorted(kinds - LOWER[kind] - {kind})
    if kind not in kinds or others:
        held = ", ".join(sorted(kinds)) or "no cells"
        raise ValueError(f"{path}: has cells of the kinds {held}; only triangles, or only tetrahedra, can be moved")
    cells = np.concatenate([np.asarray(block.data, dtype=np.int64) for block in source.cells if block.type == kind])
    points = np.asarray(source.points, dtype=float)
    if cells.min() < 0 or cells.max() >= len(points):
        raise ValueError(f"{path}: a cell names a node that is not there")
    nodes, renumbered = np.unique(cells, return_inverse=True)
    points = points[nodes]
    if kind == "triangle" and points.shape[1] == 3:
        if np.ptp(points[:, 2]) > 1e-9 * np.ptp(points[:, :2]):
            raise ValueError(f"{path}: its triangles are a surface in space; only plane meshes, z constant, are moved")
        points = points[:, :2]
    fields = {
        key: np.asarray(values, dtype=float).reshape(len(values))[nodes]
        for key, values in source.point_data.items()
        if np.asarray(values).dtype.kind in "iuf" and np.asarray(values).size == len(values)
    }
    return MeshFile(points, renumbered.reshape(cells.shape).astype(np.int64), fields, nodes.astype(np.int64), source)
