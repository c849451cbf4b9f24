"""Webs as VTK poly-data, XML format (.vtp): one line cell an edge, cell data radius and kind.

After the VTK file formats document, https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html
Read: one piece; data as text, base64 or raw, plain or packed by zlib or lzma. Written: as text.
"""

from __future__ import annotations

import base64
import lzma
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from structgen.formats import MAX_ARRAY_BYTES
from structgen.formats.polylines import web_of
from structgen.web import WebGraph

Array = npt.NDArray[Any]

TYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
    "UInt64": "u8", "Float32": "f4", "Float64": "f8", "String": "u1",
}  # fmt: skip


def parts(path: Path) -> list[Path]:
    """The file itself."""
    return [path]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    root, appended = _document(path.read_bytes())
    if root.tag != "VTKFile" or root.get("type") != "PolyData":
        raise ValueError("must be a VTKFile of type PolyData")
    pieces = root.findall("PolyData/Piece")
    if len(pieces) != 1:
        raise ValueError(f"has {len(pieces)} pieces, must have one")
    piece = pieces[0]
    decode = _Decoder(root, appended)
    counts = {name: _count(piece, f"NumberOf{name}") for name in ("Verts", "Lines", "Strips", "Polys")}
    points = decode(_first(piece, "Points/DataArray"))
    connectivity = decode(_first(piece, "Lines/DataArray[@Name='connectivity']"))
    offsets = decode(_first(piece, "Lines/DataArray[@Name='offsets']"))
    if len(points) != 3 * _count(piece, "NumberOfPoints") or len(offsets) != counts["Lines"]:
        raise ValueError(f"{len(points)} coordinates, {len(offsets)} line offsets: not as many as the piece states")
    cell_data = {
        str(array.get("Name")): decode(array)
        for array in piece.iterfind("CellData/DataArray")
        if array.get("Name") in ("radius", "kind")
    }
    offsets = np.concatenate([[0], offsets])
    web = web_of(points.reshape(-1, 3), connectivity, offsets, cell_data, counts["Verts"], sum(counts.values()))
    notes = root.findall("PolyData/FieldData/Array[@Name='metadata']")
    return web, _text(decode(notes[0])) if notes else ""


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`."""
    with names[0].open("w", encoding="ascii", newline="\n") as stream:
        stream.write(
            '<?xml version="1.0"?>\n<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian">\n<PolyData>\n'
        )
        if note:
            text = _array("metadata", "String", [*note.encode(), 0], ' NumberOfTuples="1"', tag="Array")
            stream.write(f"<FieldData>\n{text}</FieldData>\n")
        stream.write(f'<Piece NumberOfPoints="{web.n}" NumberOfVerts="0" NumberOfLines="{web.m}"')
        stream.write(' NumberOfStrips="0" NumberOfPolys="0">\n')
        points = _array("Points", "Float64", web.pos.ravel().tolist(), ' NumberOfComponents="3"')
        stream.write(f"<Points>\n{points}</Points>\n<Lines>\n")
        stream.write(_array("connectivity", "Int64", web.edge_index.T.ravel().tolist()))
        stream.write(_array("offsets", "Int64", range(2, 2 * web.m + 1, 2)) + "</Lines>\n<CellData>\n")
        stream.write(_array("radius", "Float64", web.radius.tolist()))
        stream.write(_array("kind", "Int64", web.kind.tolist()))
        stream.write("</CellData>\n</Piece>\n</PolyData>\n</VTKFile>\n")


def _array(name: str, kind: str, values: Iterable[float], shape: str = "", tag: str = "DataArray") -> str:
    text = "\n".join(map(repr, values))
    return f'<{tag} type="{kind}" Name="{name}"{shape} format="ascii">\n{text}\n</{tag}>\n'


def _text(codes: Array) -> str:
    """The first text of a String array, whose texts end in 0."""
    text = bytes(np.clip(np.nan_to_num(codes), 0, 255).astype(np.uint8))
    return text.partition(b"\0")[0].decode("utf-8", "replace")


def _document(data: bytes) -> tuple[Element, bytes]:
    """The XML tree, and the bytes behind the underscore of its appended data, which need not be XML."""
    appended = re.search(rb"<AppendedData[^>]*>\s*_", data)
    text = data if appended is None else data[: appended.end()] + b"</AppendedData></VTKFile>"
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"not XML ({error})") from None
    return root, b"" if appended is None else data[appended.end() :]


def _first(piece: Element, place: str) -> Element:
    found = piece.find(place)
    if found is None:
        raise ValueError(f"has no {place}")
    return found


def _count(element: Element, name: str) -> int:
    text = element.get(name, "0")
    if not text.isdecimal() or len(text) > 12:
        raise ValueError(f"{name} is {text[:40]!r}, no number of items")
    return int(text)


class _Decoder:
    """Numbers of a DataArray element, whichever way they are stored."""

    def __init__(self, root: Element, appended: bytes) -> None:
        self.order = ">" if root.get("byte_order") == "BigEndian" else "<"
        self.header = np.dtype(self.order + ("u8" if root.get("header_type") == "UInt64" else "u4"))
        self.compressor = root.get("compressor", "")
        self.appended = appended
        self.raw = any(element.get("encoding") == "raw" for element in root.iterfind("AppendedData"))

    def __call__(self, element: Element) -> Array:
        name, kind = element.get("Name", "an array"), element.get("type", "")
        if kind not in TYPES:
            raise ValueError(f"{name} has type {kind[:40]!r}, which is not known")
        try:
            if element.get("format", "ascii") == "ascii":
                return np.array([float(word) for word in (element.text or "").split()])
            dtype = np.dtype(self.order + TYPES[kind])
            return np.frombuffer(self._unpacked(self._stored(element)), dtype).astype(dtype.newbyteorder("="))
        except (ValueError, zlib.error, lzma.LZMAError, EOFError) as error:
            raise ValueError(f"{name} cannot be read ({error})") from None

    def _stored(self, element: Element) -> bytes:
        if element.get("format") == "binary":
            return _from_base64((element.text or "").encode("ascii", "replace"))
        if element.get("format") != "appended":
            raise ValueError(f"format {element.get('format', '')[:40]!r} is not known")
        data = self.appended[_count(element, "offset") :]
        return data if self.raw else _from_base64(data.partition(b"<")[0])

    def _unpacked(self, data: bytes) -> bytes:
        """The bytes of an array behind its header: its size or, if packed, count and sizes of its blocks."""
        if not self.compressor:
            (size,), rest = self._head(data, 1)
            return _exactly(rest, size)
        (blocks, size, last), rest = self._head(data, 3)
        packed, rest = self._head(rest, blocks)
        sizes = [size] * blocks
        if blocks and last:
            sizes[-1] = last
        if sum(sizes) > MAX_ARRAY_BYTES:
            raise ValueError(f"unpacks to {sum(sizes) >> 20} MiB, at most {MAX_ARRAY_BYTES >> 20} MiB are read")
        unpacked, at = [], 0
        for length, size in zip(packed, sizes, strict=True):
            # For zlib a limit of 0 is none.
            block = self._decompressor().decompress(_exactly(rest[at : at + length], length), max(size, 1))
            unpacked.append(_exactly(block, size))
            at += length
        return b"".join(unpacked)

    def _decompressor(self) -> Any:
        match self.compressor:
            case "vtkZLibDataCompressor":
                return zlib.decompressobj()
            case "vtkLZMADataCompressor":
                return lzma.LZMADecompressor(memlimit=MAX_ARRAY_BYTES)
        raise ValueError(f"compressor {self.compressor[:40]!r} is not known, save with zlib or without")

    def _head(self, data: bytes, count: int) -> tuple[list[int], bytes]:
        size = count * self.header.itemsize
        return np.frombuffer(_exactly(data, size), self.header).tolist(), data[size:]


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) < size:
        raise ValueError(f"holds {len(data)} of {size} bytes")
    return data[:size]


def _from_base64(text: bytes) -> bytes:
    """Bytes of one or more base64 texts behind each other: VTK encodes header and data apart."""
    pieces = re.findall(rb"[A-Za-z0-9+/]+={0,2}", b"".join(text.split()))
    return b"".join(map(base64.b64decode, pieces))
