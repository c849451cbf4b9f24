"""Solids to STL and 3MF files, the same bytes for the same solid."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from assembly.solid import Solid
from structgen.files import whole_file

STL_HEADER = b"binary STL by structgen, unit mm".ljust(80)
STL_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
#: Metadata names of the 3MF core specification 1.3, section 4.1; others need a namespace.
WELL_KNOWN = (
    "Title", "Designer", "Description", "Copyright", "LicenseTerms", "Rating", "CreationDate", "ModificationDate",
    "Application",
)  # fmt: skip
OWN_NAMESPACE = "https://structgen.invalid/metadata"
CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
</Types>
"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
"""


def export(solid: Solid, path: str | Path) -> None:
    """Write ``solid`` to ``path`` as its suffix says: ``.stl`` or ``.3mf``."""
    writers = {".stl": write_stl, ".3mf": write_3mf}
    suffix = Path(path).suffix.lower()
    if suffix not in writers:
        raise ValueError(f"path {str(path)!r} ends in {suffix!r}, must end in {' or '.join(writers)}")
    writers[suffix](solid, path)


def write_stl(solid: Solid, path: str | Path) -> None:
    """Write ``solid`` as binary STL: float32, mm."""
    corners = solid.vertices[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sizes = np.linalg.norm(normals, axis=1, keepdims=True)
    facets = np.zeros(len(corners), STL_FACET)
    facets["normal"] = normals / np.where(sizes > 0, sizes, 1)
    facets["corners"] = corners
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(STL_HEADER + np.uint32(len(facets)).astype("<u4").tobytes())
        file.write(facets.tobytes())


def write_3mf(solid: Solid, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write ``solid`` as 3MF (core specification 1.3, unit millimetre).

    ``metadata``: texts by name; names the specification does not know are put in structgen's namespace and must
    be made of letters, digits, ``_``, ``-`` and ``.``.
    """
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS,
        "3D/3dmodel.model": _model(solid, {"Application": "structgen", **(metadata or {})}),
    }
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, text in parts.items():
            # A fixed date and system: the same solid is the same file.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, text)


def _model(solid: Solid, metadata: Mapping[str, str]) -> str:
    vertices = '<vertex x="%.9g" y="%.9g" z="%.9g"/>\n' * len(solid.vertices) % tuple(solid.vertices.ravel().tolist())
    faces = '<triangle v1="%d" v2="%d" v3="%d"/>\n' * len(solid.faces) % tuple(solid.faces.ravel().tolist())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<model unit="millimeter" xml:lang="en-US" xmlns="{CORE}" xmlns:sg="{OWN_NAMESPACE}">\n'
        f"{''.join(_metadata(name, text) for name, text in metadata.items())}"
        '<resources>\n<object id="1" type="model">\n<mesh>\n'
        f"<vertices>\n{vertices}</vertices>\n<triangles>\n{faces}</triangles>\n"
        '</mesh>\n</object>\n</resources>\n<build>\n<item objectid="1"/>\n</build>\n</model>\n'
    )


def _metadata(name: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", name, re.ASCII):
        raise ValueError(f"metadata name {name!r} must begin with a letter and hold letters, digits, '_', '-', '.'")
    if not isinstance(text, str):
        raise ValueError(f"metadata {name!r} is {text!r}, must be a text")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text):
        raise ValueError(f"metadata {name!r} holds a character that XML does not allow")
    full = name if name in WELL_KNOWN else f"sg:{name}"
    return f'<metadata name="{full}">{escape(text)}</metadata>\n'
