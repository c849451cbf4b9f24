"""Binary PLY, in chunks: https://paulbourke.net/dataformats/ply."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assembly.files.surface import Surface, chunks, millimetres
from structgen.files import whole_file

FACE = np.dtype([("corners", "u1"), ("vertices", "<i4", 3)])


def write_ply(solid: Surface, path: str | Path, unit: str = "mm") -> None:
    """Write ``solid`` as binary PLY, float32; its numbers, given in mm, count ``unit`` (mm, cm, inch)."""
    size = millimetres(unit)
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"comment by structgen, unit {unit}\n"
        f"element vertex {len(solid.vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(solid.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(header.encode())
        for rows in chunks(len(solid.vertices)):
            file.write((solid.vertices[rows] / size).astype("<f4").data)
        for rows in chunks(len(solid.faces)):
            faces = np.empty(len(solid.faces[rows]), FACE)
            faces["corners"], faces["vertices"] = 3, solid.faces[rows]
            file.write(faces.data)
