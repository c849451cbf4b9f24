"""Polygon files (G. Turk, The PLY Polygon File Format, 1998): the vertices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from structgen.sources.clouds.fields import (
    MAX_FIELDS,
    FloatArray,
    count,
    from_bytes,
    from_text,
    header,
    position,
)

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass
class _Element:
    """A table of the file; ``types`` is empty where a property is a list."""

    name: str
    rows: int
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    lists: bool = False

    def record(self, order: str) -> np.dtype[np.void]:
        """A row in binary."""
        return np.dtype([(str(k), order + kind) for k, kind in enumerate(self.types)])


def read(path: Path) -> FloatArray:
    """See `structgen.sources.clouds.read_cloud`."""
    data = path.read_bytes()
    lines, at = header(data, "end_header")
    if lines[0] != ["ply"]:
        raise ValueError("not a PLY file: its first line must be 'ply'")
    order, elements = _described(lines[1:-1])
    before = []
    for element in elements:
        if element.name == "vertex":
            break
        before.append(element)
    else:
        raise ValueError("it has no element 'vertex'")
    columns = position(element.names)
    if element.lists:
        raise ValueError("its vertices have a list, which is not understood")
    if order == "=":
        skip = sum(other.rows for other in before)
        return from_text(data[at:], element.rows, columns, len(element.names), skip)
    if any(other.lists for other in before):
        raise ValueError("its vertices stand behind an element with lists, which is not understood")
    at += sum(other.rows * other.record(order).itemsize for other in before)
    return from_bytes(memoryview(data)[at:], element.record(order), element.rows, [str(column) for column in columns])


def _described(lines: list[list[str]]) -> tuple[str, list[_Element]]:
    """Byte order, "=" for text, and the elements."""
    order, elements = "", list[_Element]()
    for words in lines:
        match words:
            case ["comment" | "obj_info", *_]:
                pass
            case ["format", kind, _] if kind in ORDERS:
                order = ORDERS[kind]
            case ["element", name, rows]:
                elements.append(_Element(name, count(rows, f"number of {name[:40]!r}", 2**40)))
            case ["property", "list", _, _, _] if elements:
                elements[-1].lists = True
            case ["property", kind, name] if elements and kind in TYPES and len(elements[-1].names) < MAX_FIELDS:
                elements[-1].names.append(name)
                elements[-1].types.append(TYPES[kind])
            case _:
                raise ValueError(f"its header has {' '.join(words)[:60]!r}, which is not understood")
    if not order:
        raise ValueError(f"its header has no format, which must be one of {', '.join(ORDERS)}")
    return order, elements
