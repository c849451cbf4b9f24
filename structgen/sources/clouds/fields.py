"""What the readers of clouds share: counts, rows of fields in binary and in text."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MAX_POINTS = 50_000_000
#: Longest header that is looked through, bytes, and most fields a point.
MAX_HEADER, MAX_FIELDS = 65536, 1024


def count(text: str, what: str, most: int = MAX_POINTS) -> int:
    """The whole number in ``text``; `ValueError` naming ``what`` if it is none from 0 to ``most``."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > most:
        raise ValueError(f"{what} is {text[:40]!r}, must be a whole number from 0 to {most}")
    return int(text)


def header(data: bytes, last: str) -> tuple[list[list[str]], int]:
    """Words of the header's lines up to one that begins with ``last``, and where the data begin."""
    lines: list[list[str]] = []
    at = 0
    while True:
        end = data.find(b"\n", at, MAX_HEADER)
        if end < 0:
            raise ValueError(f"its header has no line {last!r} in the first {min(len(data), MAX_HEADER)} bytes")
        words = data[at:end].decode("latin-1").split()
        at = end + 1
        if words:
            lines.append(words)
            if words[0] == last:
                return lines, at


def from_bytes(data: bytes | memoryview, dtype: np.dtype[np.void], points: int, names: Sequence[str]) -> FloatArray:
    """``(points, 3)`` columns ``names`` of packed records."""
    if dtype.itemsize * points > len(data):
        raise ValueError(
            f"it states {points} points of {dtype.itemsize} bytes, {dtype.itemsize * points - len(data)} bytes more "
            "than it holds"
        )
    rows = np.frombuffer(data, dtype, points)
    # Bits that are no number are found by the caller, who looks for what is not finite.
    with np.errstate(invalid="ignore"):
        return np.column_stack([rows[name].astype(float) for name in names])


def from_text(data: bytes, points: int, columns: Sequence[int], width: int, skip: int = 0) -> FloatArray:
    """``(points, 3)`` of the ``columns`` of lines with ``width`` numbers, after ``skip`` lines with content."""
    # A number takes at least a character and a separator.
    if 2 * points * width > len(data) + 1:
        raise ValueError(f"it states {points} points of {width} numbers, more than its {len(data)} bytes can hold")
    lines = (line for line in io.TextIOWrapper(io.BytesIO(data), "latin-1") if line.strip())
    table = numbers(itertools.islice(lines, skip, skip + points), None, points)
    if len(table) < points:
        raise ValueError(f"it states {points} points, but holds {len(table)}")
    if points and table.shape[1] != width:
        raise ValueError(f"its lines hold {table.shape[1]} numbers, must hold {width}")
    return table[:, columns]


def numbers(
    lines: Iterable[str], columns: Sequence[int] | None, most: int | None, delimiter: str | None = None
) -> FloatArray:
    """Numbers in ``columns`` of lines of text, all if None, at most ``most``, all if None."""
    lines = iter(lines)
    first = next(lines, None)
    if first is None or most == 0:
        return np.empty((0, 3))
    table: FloatArray = np.loadtxt(
        itertools.chain([first], lines), delimiter=delimiter, usecols=columns, ndmin=2, max_rows=most, comments=None
    )
    return table


def position(names: Sequence[str]) -> list[int]:
    """Where x, y and z are among ``names``."""
    lower = [name.lower() for name in names]
    missing = [name for name in "xyz" if lower.count(name) != 1]
    if missing:
        raise ValueError(f"it must have the fields x, y, z, each once, has {' '.join(names)[:100] or 'none'}")
    return [lower.index(name) for name in "xyz"]
