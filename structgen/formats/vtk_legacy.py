"""Webs as VTK poly-data, legacy format (.vtk): one line cell an edge, cell data radius and kind.

After the VTK file formats document, https://docs.vtk.org/en/latest/vtk_file_formats/vtk_legacy_file_format.html
Read: ASCII and binary, versions to 5.1. Written: version 3.0, ASCII.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from structgen.formats.polylines import web_of
from structgen.web import WebGraph

Array = npt.NDArray[Any]

#: Big-endian types of binary data.
TYPES = {
    "unsigned_char": ">u1", "char": ">i1", "signed_char": ">i1", "unsigned_short": ">u2", "short": ">i2",
    "unsigned_int": ">u4", "int": ">i4", "vtkidtype": ">i4", "unsigned_long": ">u8", "long": ">i8",
    "vtktypeint64": ">i8", "vtktypeuint64": ">u8", "float": ">f4", "double": ">f8",
}  # fmt: skip
CELLS = ("VERTICES", "LINES", "POLYGONS", "TRIANGLE_STRIPS")
#: Numbers a point or cell of attributes that name their type.
WIDTHS = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6, "GLOBAL_IDS": 1, "PEDIGREE_IDS": 1}


def parts(path: Path) -> list[Path]:
    """The file itself."""
    return [path]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    scan = _Scan(path.read_bytes())
    points: Array = np.empty((0, 3))
    cells = {name: (np.zeros(1), np.empty(0)) for name in CELLS}
    cell_data: dict[str, Array] = {}
    fields: dict[str, Array] = {}
    into, count = fields, 0
    while words := scan.words():
        match words[0].upper(), words[1:]:
            case "POINTS", [n, kind]:
                points = scan.array(3 * _count(n), kind).reshape(-1, 3)
            case name, [n, size] if name in CELLS:
                cells[name] = scan.cells(_count(n), _count(size))
            case ("POINT_DATA" | "CELL_DATA") as name, [n]:
                into, count = (cell_data if name == "CELL_DATA" else {}), _count(n)
            case "FIELD", [_, n]:
                for _ in range(_count(n)):
                    name, width, rows, kind = scan.expected("an array of a field", 4)
                    into[unquote(name)] = scan.array(_count(width) * _count(rows), kind)
            case "SCALARS", [name, kind, *width]:
                scan.expected("LOOKUP_TABLE", 2)
                into[unquote(name)] = scan.array(count * _count(width[0] if width else "1"), kind)
            case "COLOR_SCALARS", [_, width]:
                scan.array(count * _count(width), "unsigned_char" if scan.binary else "float")
            case "LOOKUP_TABLE", [_, n]:
                scan.array(4 * _count(n), "unsigned_char" if scan.binary else "float")
            case "TEXTURE_COORDINATES", [_, width, kind]:
                scan.array(count * _count(width), kind)
            case name, [_, kind] if name in WIDTHS:
                scan.array(count * WIDTHS[name], kind)
            case _:
                raise ValueError(f"{' '.join(words)[:60]!r} is not understood")
    offsets, connectivity = cells["LINES"]
    first = len(cells["VERTICES"][0]) - 1
    total = sum(len(offsets) - 1 for offsets, _ in cells.values())
    note = fields.get("metadata", np.empty(0))
    return web_of(points, connectivity, offsets, cell_data, first, total), "".join(map(str, note[:1]))


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`."""
    with names[0].open("w", encoding="ascii", newline="\n") as stream:
        stream.write("# vtk DataFile Version 3.0\nweb by structgen, unit mm\nASCII\nDATASET POLYDATA\n")
        if note:
            stream.write(f"FIELD FieldData 1\nmetadata 1 1 string\n{quote(note)}\n")
        stream.write(f"POINTS {web.n} double\n")
        stream.writelines(f"{x!r} {y!r} {z!r}\n" for x, y, z in web.pos.tolist())
        stream.write(f"LINES {web.m} {3 * web.m}\n")
        stream.writelines(f"2 {i} {j}\n" for i, j in web.edge_index.T.tolist())
        stream.write(f"CELL_DATA {web.m}\nFIELD FieldData 2\n")
        for name, kind, column in (("radius", "double", web.radius), ("kind", "int", web.kind)):
            stream.write(f"{name} 1 {web.m} {kind}\n" + "".join(f"{value!r}\n" for value in column.tolist()))


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise ValueError(f"{text[:40]!r} is no number of items")
    return int(text)


class _Scan:
    """The content of a file and how far it is read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        head = [self._line() for _ in range(3)]
        version = re.match(r"# vtk DataFile Version (\d)\.\d", head[0])
        if not version or head[2].upper() not in ("ASCII", "BINARY"):
            raise ValueError("not a legacy VTK file")
        self.offsets = int(version[1]) >= 5
        self.binary = head[2].upper() == "BINARY"
        if [word.upper() for word in self.words()] != ["DATASET", "POLYDATA"]:
            raise ValueError("must be poly-data with line cells")

    def _line(self) -> str:
        end = self.data.find(b"\n", self.at)
        end = len(self.data) if end < 0 else end
        line, self.at = self.data[self.at : end], end + 1
        return line.decode("latin-1").strip()

    def words(self) -> list[str]:
        """Words of the next line that is neither blank nor of a METADATA block; none at the end."""
        while self.at < len(self.data):
            line = self._line()
            if line.upper() == "METADATA":
                while self._line():
                    pass
            elif line:
                return line.split()
        return []

    def expected(self, what: str, count: int) -> list[str]:
        """The next words, which must be ``count``."""
        words = self.words()
        if len(words) != count:
            found = repr(" ".join(words)[:60]) if words else "the end of the file"
            raise ValueError(f"{found} stands where {what} is expected")
        return words

    def cells(self, n: int, size: int) -> tuple[Array, Array]:
        """``(l + 1,)`` offsets and the connectivity of l cells; counts as the file states them."""
        if self.offsets and n:
            offsets = self.array(n, self.expected("OFFSETS", 2)[1])
            return offsets, self.array(size, self.expected("CONNECTIVITY", 2)[1])
        numbers = self.array(size, "int")
        heads: list[int] = []
        at = 0
        while len(heads) < n and at < size and 0 <= numbers[at] <= size:
            heads.append(at)
            at += 1 + int(numbers[at])
        if len(heads) != n or at != size:
            raise ValueError(f"its {n} cells do not have {size} numbers")
        return np.cumsum([0, *numbers[heads]]), np.delete(numbers, heads)

    def array(self, count: int, kind: str) -> Array:
        """The next ``count`` values of type ``kind``: numbers or, for "string", texts."""
        if count > len(self.data):
            raise ValueError(f"states {count} values, more than the file can hold")
        if kind == "string":
            return np.array([self._text() for _ in range(count)], object)
        dtype = TYPES.get(kind.lower())
        if dtype is None:
            raise ValueError(f"data type {kind[:40]!r} is not known")
        if self.binary:
            values: Array = np.frombuffer(self._bytes(count * np.dtype(dtype).itemsize), dtype)
            return values.astype(dtype[1:])
        tokens = list(islice(re.compile(rb"\S+").finditer(self.data, self.at), count))
        if len(tokens) < count:
            raise ValueError(f"ends after {len(tokens)} of {count} values")
        self.at = tokens[-1].end() if tokens else self.at
        try:
            return np.array([float(token[0]) for token in tokens])
        except ValueError:
            raise ValueError(f"{_first_word(tokens)!r} stands where a number is expected") from None

    def _text(self) -> str:
        if not self.binary:
            return unquote(self._line())
        # The two high bits of the first byte tell how many bytes hold the length.
        width = {3: 1, 2: 2, 1: 4, 0: 8}[self.data[self.at] >> 6 if self.at < len(self.data) else 3]
        length = int.from_bytes(self._bytes(width), "big") & ((1 << (8 * width - 2)) - 1)
        return self._bytes(length).decode("utf-8", "replace")

    def _bytes(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise ValueError(f"ends {self.at + count - len(self.data)} bytes too soon")
        self.at += count
        return self.data[self.at - count : self.at]


def _first_word(tokens: list[re.Match[bytes]]) -> str:
    for token in tokens:
        try:
            float(token[0])
        except ValueError:
            return token[0][:40].decode("latin-1")
    return ""
