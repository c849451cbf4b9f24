"""Struts of a web as a VTK unstructured grid (.vtu), lines with radius and kind; `structgen.io` writes .vtp.

After https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html, data appended raw.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from structgen.files import whole_file
from structgen.web import WebGraph

LINE = 3


def write_vtu(web: WebGraph, path: str | Path) -> None:
    """Write the struts of ``web`` as line cells with cell data ``radius`` (mm) and ``kind``."""
    arrays = [
        ("Points", "Float64", web.pos.astype("<f8"), ' NumberOfComponents="3"'),
        ("connectivity", "Int64", web.edge_index.T.astype("<i8"), ""),
        ("offsets", "Int64", np.arange(2, 2 * web.m + 1, 2, dtype="<i8"), ""),
        ("types", "UInt8", np.full(web.m, LINE, "u1"), ""),
        ("radius", "Float64", web.radius.astype("<f8"), ""),
        ("kind", "Int64", web.kind.astype("<i8"), ""),
    ]
    tags, blocks, offset = [], [], 0
    for name, kind, values, shape in arrays:
        tags.append(f'<DataArray type="{kind}" Name="{name}"{shape} format="appended" offset="{offset}"/>\n')
        data = values.tobytes()
        blocks.append(np.array(len(data), "<u8").tobytes() + data)
        offset += len(blocks[-1])
    head = (
        '<?xml version="1.0"?>\n<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" '
        'header_type="UInt64">\n<UnstructuredGrid>\n'
        f'<Piece NumberOfPoints="{web.n}" NumberOfCells="{web.m}">\n'
        f"<Points>\n{tags[0]}</Points>\n<Cells>\n{''.join(tags[1:4])}</Cells>\n<CellData>\n{''.join(tags[4:])}"
        '</CellData>\n</Piece>\n</UnstructuredGrid>\n<AppendedData encoding="raw">\n_'
    )
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(head.encode())
        file.writelines(blocks)
        file.write(b"\n</AppendedData>\n</VTKFile>\n")
