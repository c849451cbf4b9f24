"""Binary glTF 2.0 (GLB): https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, section 4."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assembly.files.surface import Surface, chunks
from structgen.files import whole_file

#: A file's length is counted in 32 bits.
LARGEST = 2**32 - 1
FLOAT, UNSIGNED = 5126, 5125
VERTICES, INDICES = 34962, 34963
COLOUR = [0.80, 0.70, 0.54, 1.0]


def write_glb(solid: Surface, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write ``solid`` as GLB: float32 mm in a node that turns z to y and scales to the metres that glTF has.

    ``metadata``: texts by name, kept as ``asset.extras``. Raises `ValueError` for more than 4 GiB.
    """
    points, corners = len(solid.vertices), 3 * len(solid.faces)
    low, high = np.array(solid.vertices.min(axis=0), "<f4"), np.array(solid.vertices.max(axis=0), "<f4")
    asset = {"version": "2.0", "generator": "structgen"} | ({"extras": dict(metadata)} if metadata else {})
    quarter = math.sqrt(0.5)
    scene = {
        "asset": asset,
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "scale": [0.001] * 3, "rotation": [-quarter, 0.0, 0.0, quarter]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": COLOUR, "metallicFactor": 0.0}}],
        "buffers": [{"byteLength": 12 * points + 4 * corners}],
        "bufferViews": [
            {"buffer": 0, "byteLength": 12 * points, "target": VERTICES},
            {"buffer": 0, "byteOffset": 12 * points, "byteLength": 4 * corners, "target": INDICES},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": FLOAT, "count": points, "type": "VEC3", "min": low.tolist(),
             "max": high.tolist()},
            {"bufferView": 1, "componentType": UNSIGNED, "count": corners, "type": "SCALAR"},
        ],
    }  # fmt: skip
    text = json.dumps(scene, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + 12 * points + 4 * corners
    if total > LARGEST:
        raise ValueError(f"the solid makes a GLB of {total >> 20} MiB, at most {LARGEST >> 20} MiB can be: use PLY")
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(b"glTF" + np.array([2, total, len(text)], "<u4").tobytes() + b"JSON" + text)
        file.write(np.array(12 * points + 4 * corners, "<u4").tobytes() + b"BIN\0")
        for rows in chunks(points):
            file.write(solid.vertices[rows].astype("<f4").data)
        for rows in chunks(len(solid.faces)):
            file.write(solid.faces[rows].astype("<u4").data)
