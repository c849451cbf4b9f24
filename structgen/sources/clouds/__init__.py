"""Point clouds from files of strangers: PCD, PLY, XYZ text and TIFF image stacks."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from structgen.files import check_readable
from structgen.sources.clouds.fields import MAX_POINTS, FloatArray

#: Larger files are refused before they are read, bytes.
MAX_BYTES = 2**30
#: The module that reads a suffix.
READERS: Mapping[str, str] = {
    ".pcd": "pcd", ".ply": "ply", ".xyz": "text", ".txt": "text", ".asc": "text", ".tif": "tiff", ".tiff": "tiff",
}  # fmt: skip


def read_cloud(path: str | Path, threshold: float | None = None) -> FloatArray:
    """``(p, 3)`` points of the file ``path``, read as its suffix says, in the file's own units.

    pcd: version 0.7, ascii, binary or binary_compressed; points without a return (NaN) in an organised cloud are left
    out. ply: ascii or binary of either byte order; the vertices. xyz, txt, asc: a point a line, x y z and more columns,
    which are ignored; a line of names and comments may precede. tif, tiff: a stack of grey images; a point at
    (column, row, image) for each pixel brighter than ``threshold``, by default that of N. Otsu (1979).

    Sizes are checked against the length of the file before memory is taken; nothing in a file is executed. Raises
    `FileNotFoundError`, or `ValueError` in one line that begins with the path.
    """
    path = Path(path)
    if path.suffix.lower() not in READERS:
        raise ValueError(f"{path}: suffix {path.suffix!r} is no point cloud, use one of {', '.join(READERS)}")
    check_readable(path, MAX_BYTES)
    options: dict[str, Any] = {}
    if threshold is not None:
        if READERS[path.suffix.lower()] != "tiff":
            raise ValueError(f"threshold is {threshold:g}, but {path.name} is no image stack")
        options["threshold"] = threshold
    try:
        points: FloatArray = import_module(f"{__name__}.{READERS[path.suffix.lower()]}").read(path, **options)
        _check(points)
    except (ValueError, OSError, MemoryError, OverflowError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())[:300] or type(error).__name__}") from None
    return points


def _check(points: FloatArray) -> None:
    if not 1 <= len(points) <= MAX_POINTS:
        raise ValueError(f"it holds {len(points)} points, must be 1 to {MAX_POINTS}")
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"point {row} is {points[row]}, coordinates must be finite")
