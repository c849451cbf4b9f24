"""Columns of numbers in a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

#: Other names for columns, as seen in files of others.
ALIASES = {"i": "source", "j": "target", "from": "source", "to": "target", "u": "source", "v": "target"}


def read_table(path: Path, needed: tuple[str, ...], others: tuple[str, ...]) -> dict[str, npt.NDArray[np.float64]]:
    """Columns by name; a file without a header line has the columns ``needed + others`` as far as they go.

    Raises `ValueError` that begins with the file's name and tells the line.
    """
    columns: list[list[float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.reader(stream, skipinitialspace=True)
            names = [name.strip().lower() for name in next(rows, [])]
            names = [ALIASES.get(name, name) for name in names]
            first = None if set(needed) <= set(names) else names
            if first is not None:
                if len(first) < len(needed) or not all(map(_is_number, first)):
                    raise ValueError(f"{path.name} line 1 must name the columns {', '.join(needed)}, is {first}")
                names = [*needed, *others][: len(first)]
            if len(set(names)) < len(names):
                raise ValueError(f"{path.name} line 1 names a column twice: {', '.join(names)}")
            columns = [[] for _ in names]
            for values in ([first] if first else []), rows:
                for row in values:
                    if not row:
                        continue
                    if len(row) != len(names):
                        line = rows.line_num
                        raise ValueError(f"{path.name} line {line} has {len(row)} columns, expected {len(names)}")
                    for name, column, text in zip(names, columns, row, strict=True):
                        if name in needed or name in others:
                            column.append(_number(text, path, rows.line_num, name))
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not a text file") from None
    except csv.Error as error:
        raise ValueError(f"{path.name}: {error}") from None
    return {name: np.array(column) for name, column in zip(names, columns, strict=True) if name in (*needed, *others)}


def _number(text: str, path: Path, line: int, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{path.name} line {line}: {name} is {text[:40]!r}, must be a number") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
