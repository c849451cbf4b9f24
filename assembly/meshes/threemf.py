"""Meshes from 3MF files (core specification 1.3, with the production extension's parts in other files).

https://3mf.io/spec: an archive of XML models, whose build names objects that are meshes or made of other objects.
"""

from __future__ import annotations

import zipfile
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from assembly.meshes.mesh import MAX_FACES
from structgen.web import FloatArray, IntArray

#: A model that unpacks to more is refused.
MAX_MODEL_BYTES = 2**29
#: Objects nested deeper, or placed more often, are refused: a small file may ask for endless work by them.
MAX_DEPTH = 32
MAX_PLACED = 100_000
BLOCK = 1 << 20
MM = {"micron": 1e-3, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
MODEL_RELATION = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
USUAL_MODEL = "3D/3dmodel.model"
RELATIONS = "_rels/.rels"


@dataclass(frozen=True)
class _Part:
    """A part of the build, or of an object: which object, in which model file, placed how."""

    model: str
    number: str
    transform: FloatArray


@dataclass
class _Object:
    """An object: the numbers of its mesh, or the parts it is made of."""

    vertices: array[float] = field(default_factory=lambda: array("d"))
    faces: array[int] = field(default_factory=lambda: array("q"))
    parts: list[_Part] = field(default_factory=list)


@dataclass
class _Model:
    """One model file."""

    unit: float = 1.0
    objects: dict[str, _Object] = field(default_factory=dict)
    build: list[_Part] = field(default_factory=list)


def read(path: Path) -> tuple[FloatArray, IntArray]:
    """Vertices in mm and faces of all that is built; `ValueError` or `zipfile.BadZipFile` for what is no 3MF."""
    with zipfile.ZipFile(path) as archive:
        root = _root(archive)
        build = _Build(archive)
        for part in build.model(root).build:
            build.place(part, np.eye(4))
    if not build.pieces:
        raise ValueError("builds no mesh")
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in build.pieces)])
    faces = [faces + start for (_, faces), start in zip(build.pieces, starts, strict=False)]
    return build.model(root).unit * np.concatenate([vertices for vertices, _ in build.pieces]), np.concatenate(faces)


class _Build:
    """The meshes of a build, gathered object by object."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.pieces: list[tuple[FloatArray, IntArray]] = []
        self._archive = archive
        self._models: dict[str, _Model] = {}
        self._placed = 0

    def model(self, name: str) -> _Model:
        """The model file ``name``, read once."""
        if name not in self._models:
            self._models[name] = _read_model(self._archive, name)
        return self._models[name]

    def place(self, part: _Part, outer: FloatArray, depth: int = 0) -> None:
        """Add the meshes of ``part``, placed by its transform and then by ``outer``."""
        self._placed += 1
        if depth > MAX_DEPTH or self._placed > MAX_PLACED:
            raise ValueError(f"objects are nested over {MAX_DEPTH} deep, or placed over {MAX_PLACED} times")
        found = self.model(part.model).objects.get(part.number)
        if found is None:
            return  # a support or another object that is not printed
        placed = part.transform @ outer
        if found.faces:
            self._add(_mesh(found, part.number), placed)
        for inner in found.parts:
            self.place(inner, placed, depth + 1)

    def _add(self, mesh: tuple[FloatArray, IntArray], placed: FloatArray) -> None:
        vertices, faces = mesh
        mirrored = np.linalg.det(placed[:3, :3]) < 0
        self.pieces.append((vertices @ placed[:3, :3] + placed[3, :3], faces[:, ::-1] if mirrored else faces))
        if sum(len(faces) for _, faces in self.pieces) > MAX_FACES:
            raise ValueError(f"it has over {MAX_FACES} faces, more than are taken")


def _mesh(found: _Object, number: str) -> tuple[FloatArray, IntArray]:
    vertices = np.array(found.vertices).reshape(-1, 3)
    faces: IntArray = np.array(found.faces, np.int64).reshape(-1, 3)
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(f"object {number!r} has a triangle with a vertex that it has not")
    return vertices, faces


def _root(archive: zipfile.ZipFile) -> str:
    """The name of the model that the archive's relations name as its root."""
    found: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if attributes.get("Type") == MODEL_RELATION and "Target" in attributes:
            found.append(attributes["Target"].lstrip("/"))

    if RELATIONS in archive.namelist():
        _parse(archive, RELATIONS, start)
    return found[0] if found else USUAL_MODEL


def _read_model(archive: zipfile.ZipFile, name: str) -> _Model:
    model, current = _Model(), [_Object()]

    def part(attributes: dict[str, str]) -> _Part:
        # `path` of the production extension: an object of another model file.
        other = attributes.get(f"{PRODUCTION} path", "").lstrip("/")
        return _Part(other or name, attributes["objectid"], _transform(attributes.get("transform")))

    def start(tag: str, attributes: dict[str, str]) -> None:
        namespace, _, kind = tag.rpartition(" ")
        if namespace != CORE:
            return
        if kind == "vertex":
            current[0].vertices.extend([float(attributes[axis]) for axis in "xyz"])
        elif kind == "triangle":
            current[0].faces.extend([int(attributes[corner]) for corner in ("v1", "v2", "v3")])
        elif kind == "object":
            # Supports, and surfaces for other uses, are not the part.
            printed = attributes.get("type", "model") in ("model", "solidsupport")
            current[0] = _Object()
            if printed:
                model.objects[attributes["id"]] = current[0]
        elif kind == "component":
            current[0].parts.append(part(attributes))
        elif kind == "item":
            model.build.append(part(attributes))
        elif kind == "model":
            unit = attributes.get("unit", "millimeter")
            if unit not in MM:
                raise ValueError(f"unit is {unit[:40]!r}, must be one of {', '.join(MM)}")
            model.unit = MM[unit]

    _parse(archive, name, start)
    return model


def _transform(text: str | None) -> FloatArray:
    """``(4, 4)`` matrix that a row of x, y, z, 1 is multiplied by, from 12 numbers row by row."""
    matrix = np.eye(4)
    if text is not None:
        numbers = [float(word) for word in text.split()]
        if len(numbers) != 12 or not np.isfinite(numbers).all():
            raise ValueError(f"transform {text[:80]!r} is not 12 numbers")
        matrix[:, :3] = np.reshape(numbers, (4, 3))
    return matrix


def _parse(archive: zipfile.ZipFile, name: str, start: Any) -> None:
    """Call ``start(tag, attributes)`` for each element of the XML file ``name`` in ``archive``."""
    if name not in archive.namelist():
        raise ValueError(f"has no {name}: not a 3MF")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    size = 0
    try:
        with archive.open(name) as stream:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > MAX_MODEL_BYTES:
                    raise ValueError(f"{name} unpacks to over {MAX_MODEL_BYTES >> 20} MiB, more than are read")
                parser.Parse(block)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(f"{name} is not XML ({error})") from None
    except KeyError as error:
        raise ValueError(f"{name}: an element has no {error}") from None


def _refuse_doctype(*_: Any) -> None:
    """Entities, which may grow without bounds or name other files, need a document type."""
    raise ValueError("has a document type, which 3MF forbids")
