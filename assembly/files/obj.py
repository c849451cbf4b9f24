"""Wavefront OBJ: vertices and faces as text, in chunks."""

from __future__ import annotations

from pathlib import Path

from assembly.files.surface import Surface, chunks, millimetres
from assembly.files.text import lines
from structgen.files import whole_file


def write_obj(solid: Surface, path: str | Path, unit: str = "mm") -> None:
    """Write ``solid`` as OBJ, nine digits; its numbers, given in mm, count ``unit`` (mm, cm, inch)."""
    size = millimetres(unit)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(f"# by structgen, unit {unit}\n".encode())
        for rows in chunks(len(solid.vertices)):
            file.write(lines((b"v ", b" ", b" ", b"\n"), solid.vertices[rows] / size))
        for rows in chunks(len(solid.faces)):
            file.write(lines((b"f ", b" ", b" ", b"\n"), solid.faces[rows] + 1))
