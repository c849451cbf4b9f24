"""Triangle meshes from files of strangers: STL, OBJ, PLY, 3MF."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assembly.meshes import threemf
from assembly.meshes.mesh import TriangleMesh
from structgen.files import check_readable
from structgen.web import FloatArray, IntArray

SUFFIXES = (".stl", ".obj", ".ply", ".3mf")
#: Larger files are refused before they are read, bytes.
MAX_BYTES = 2**29


def read_mesh(path: str | Path) -> TriangleMesh:
    """The triangle mesh in ``path``, read as its suffix says: stl (binary or text), obj, ply, 3mf.

    Equal vertices are welded, collapsed faces dropped; all objects of a file make one mesh. Lengths are taken as mm,
    and as 3MF states them. Nothing that the file names is opened: no textures, no materials, no entities.

    Raises `FileNotFoundError`, or `ValueError` in one line that begins with the path.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: suffix {path.suffix!r} is no mesh format, use one of {', '.join(SUFFIXES)}")
    check_readable(path, MAX_BYTES)
    try:
        vertices, faces = threemf.read(path) if suffix == ".3mf" else _by_trimesh(path, suffix)
        return TriangleMesh.welded(vertices, faces)
    except Exception as error:  # readers of broken files raise what comes: struct.error, IndexError, BadZipFile ...
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise ValueError(f"{path}: no mesh can be read: {said}") from None


def _by_trimesh(path: Path, suffix: str) -> tuple[FloatArray, IntArray]:
    """Vertices and faces by trimesh's readers, called one by one: its general loader may open further files."""
    from trimesh.exchange import obj, ply, stl

    readers: dict[str, Callable[[Any], dict[str, Any]]] = {
        ".stl": stl.load_stl,
        ".obj": lambda stream: obj.load_obj(stream, skip_materials=True),
        ".ply": lambda stream: ply.load_ply(stream, skip_materials=True),
    }
    with warnings.catch_warnings():
        # NumPy warns where it stops reading numbers at a word that is none.
        warnings.simplefilter("error", DeprecationWarning)
        with np.errstate(invalid="ignore"):
            pieces = list(_pieces(readers[suffix](io.BytesIO(path.read_bytes()))))
    if not pieces:
        raise ValueError("it has no faces")
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in pieces)])
    faces = [faces + start for (_, faces), start in zip(pieces, starts, strict=False)]
    return np.concatenate([vertices for vertices, _ in pieces]), np.concatenate(faces)


def _pieces(loaded: dict[str, Any]) -> Iterator[tuple[FloatArray, IntArray]]:
    """The meshes in what a reader of trimesh returns: arguments of a mesh, or several by name."""
    from trimesh.geometry import triangulate_quads

    for piece in loaded["geometry"].values() if "geometry" in loaded else (loaded,):
        faces = piece.get("faces")
        if faces is None or not len(faces):
            continue
        if np.ndim(faces) != 2 or np.shape(faces)[1] != 3:
            faces = triangulate_quads(faces)
        faces = np.asarray(faces, np.int64)
        vertices = np.asarray(piece["vertices"], float)
        if faces.min() < 0 or faces.max() >= len(vertices):
            raise ValueError(f"a face has a vertex number outside 0..{len(vertices) - 1}")
        yield vertices, faces
