"""Curves through the points of a CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assembly.curves.curve import Curve
from assembly.curves.through import polyline, spline
from structgen.files import check_readable
from structgen.formats.csv_table import read_table

#: Larger files are refused, bytes.
MAX_BYTES = 20 * 2**20


def csv_curve(file: str | Path, smooth: bool = False, closed: bool = False, corner_radius: float = 0.0) -> Curve:
    """The curve through the points of a CSV ``file``: columns x, y and, if there, z, in mm, with or without a header.

    Arguments:
        smooth: a spline through the points instead of straight legs from one to the next.
        closed: goes back to the first point.
        corner_radius: corners of straight legs are rounded to arcs of this radius in mm.

    Raises `FileNotFoundError`, or `ValueError` in one line that begins with the file.
    """
    file = Path(file)
    check_readable(file, MAX_BYTES)
    if smooth and corner_radius:
        raise ValueError(f"corner_radius is {corner_radius}, but a smooth curve has no corners")
    try:
        columns = read_table(file, ("x", "y"), ("z",))
        x, y = columns["x"], columns["y"]
        points = np.column_stack([x, y, columns.get("z", np.zeros(len(x)))])
        return spline(points, closed) if smooth else polyline(points, closed, corner_radius)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
