"""3MF: the mesh and, if wanted, the struts as a beam lattice, streamed into the archive.

After the 3MF core specification 1.3 and the beam lattice extension 1.2, https://github.com/3MFConsortium.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from assembly.files.surface import Surface, chunks
from assembly.files.text import lines
from structgen.files import whole_file
from structgen.web import WebGraph

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
BEAMS = "http://schemas.microsoft.com/3dmanufacturing/beamlattice/2017/02"
#: Metadata names of the core specification, section 4.1; others need a namespace.
WELL_KNOWN = (
    "Title", "Designer", "Description", "Copyright", "LicenseTerms", "Rating", "CreationDate", "ModificationDate",
    "Application",
)  # fmt: skip
OWN_NAMESPACE = "https://structgen.invalid/metadata"
#: A beam shorter than this many mm is none.
SHORTEST_BEAM = 0.0001
#: Text packs well at the least effort; more costs three times the time for a fifth of the size.
EFFORT = 1
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


def write_3mf(
    solid: Surface, path: str | Path, metadata: Mapping[str, str] | None = None, beams: WebGraph | None = None
) -> None:
    """Write ``solid`` as 3MF, unit millimetre.

    Arguments:
        solid: the mesh, which is what is built.
        metadata: texts by name; names the specification does not know are put in structgen's namespace and must be
            made of letters, digits, ``_``, ``-`` and ``.``.
        beams: the web of the solid: its struts go along as a beam lattice, a resource of a few bytes a strut beside
            the mesh, for programs that know it; others see the mesh alone.
    """
    model = _model(solid, {"Application": "structgen", **(metadata or {})}, beams)
    parts: dict[str, Iterator[bytes | memoryview]] = {
        "[Content_Types].xml": iter([CONTENT_TYPES.encode()]),
        "_rels/.rels": iter([RELATIONS.encode()]),
        "3D/3dmodel.model": model,
    }
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", compresslevel=EFFORT) as archive:
        for name, pieces in parts.items():
            # A fixed date and system: the same solid is the same file.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry._compresslevel = EFFORT  # type: ignore[attr-defined]
            with archive.open(entry, "w", force_zip64=len(solid.faces) > 10_000_000) as file:
                for piece in pieces:
                    file.write(piece)


def _model(solid: Surface, metadata: Mapping[str, str], beams: WebGraph | None) -> Iterator[bytes | memoryview]:
    extension = "" if beams is None else f' xmlns:b="{BEAMS}"'
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<model unit="millimeter" xml:lang="en-US" xmlns="{CORE}" xmlns:sg="{OWN_NAMESPACE}"{extension}>\n'
        f"{''.join(_metadata(name, text) for name, text in metadata.items())}"
        '<resources>\n<object id="1" type="model">\n<mesh>\n<vertices>\n'
    ).encode()
    for rows in chunks(len(solid.vertices)):
        yield lines((b'<vertex x="', b'" y="', b'" z="', b'"/>\n'), np.asarray(solid.vertices[rows], np.float64))
    yield b"</vertices>\n<triangles>\n"
    for rows in chunks(len(solid.faces)):
        yield lines((b'<triangle v1="', b'" v2="', b'" v3="', b'"/>\n'), solid.faces[rows])
    yield b"</triangles>\n</mesh>\n</object>\n"
    if beams is not None:
        yield from _lattice(beams)
    yield b'</resources>\n<build>\n<item objectid="1"/>\n</build>\n</model>\n'


def _lattice(web: WebGraph) -> Iterator[bytes | memoryview]:
    yield b'<object id="2" type="model" name="struts">\n<mesh>\n<vertices>\n'
    yield lines((b'<vertex x="', b'" y="', b'" z="', b'"/>\n'), web.pos)
    radius = float(np.median(web.radius))
    yield (
        "</vertices>\n<triangles/>\n"
        f'<b:beamlattice radius="{radius:.9g}" minlength="{SHORTEST_BEAM:g}" cap="sphere" representationmesh="1">\n'
        "<b:beams>\n"
    ).encode()
    long = web.lengths >= SHORTEST_BEAM
    ends, radii = web.edge_index.T[long], web.radius[long]
    for size in np.unique(radii):
        after = f'" r1="{size:.9g}" r2="{size:.9g}"/>\n'.encode() if size != radius else b'"/>\n'
        yield lines((b'<b:beam v1="', b'" v2="', after), ends[radii == size])
    yield b"</b:beams>\n</b:beamlattice>\n</mesh>\n</object>\n"


def _metadata(name: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", name, re.ASCII):
        raise ValueError(f"metadata name {name!r} must begin with a letter and hold letters, digits, '_', '-', '.'")
    if not isinstance(text, str):
        raise ValueError(f"metadata {name!r} is {text!r}, must be a text")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text):
        raise ValueError(f"metadata {name!r} holds a character that XML does not allow")
    full = name if name in WELL_KNOWN else f"sg:{name}"
    return f'<metadata name="{full}">{escape(text)}</metadata>\n'
