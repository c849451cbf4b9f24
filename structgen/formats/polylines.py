"""What the two VTK formats share: poly-lines with cell data to a web.

VTK's own readers are not used: a damaged file ends the process in them, or leaves arrays half filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.web import DEFAULT_RADIUS, WebGraph

Array = npt.NDArray[Any]


def web_of(
    points: Array, connectivity: Array, offsets: Array, cell_data: Mapping[str, Array], first: int, cells: int
) -> WebGraph:
    """The web of poly-lines; one of k points makes k - 1 edges.

    points ``(n, 3)``; connectivity: point numbers of all lines, line l at ``offsets[l]:offsets[l + 1]``; cell_data:
    if there ``radius`` and ``kind``, each ``(cells,)``, of which the lines begin at ``first``.
    """
    offsets = np.asarray(offsets, float)
    sizes = np.diff(offsets)
    if len(sizes) == 0:
        raise ValueError("must be poly-data with line cells, has none")
    whole = (offsets == np.floor(offsets)).all() and (sizes >= 0).all()
    if not whole or offsets[0] != 0 or offsets[-1] != len(connectivity):
        raise ValueError("the offsets of its lines do not count up to the size of their connectivity")
    line = np.repeat(np.arange(len(sizes)), sizes.astype(np.int64))
    inner = line[1:] == line[:-1]
    ends = np.column_stack([connectivity[:-1], connectivity[1:]])[inner]
    columns = {}
    for name, default in (("radius", DEFAULT_RADIUS), ("kind", 0)):
        column = cell_data.get(name, np.full(cells, default))
        if column.shape != (cells,):
            raise ValueError(f"cell data {name} has {column.size} values for {cells} cells")
        columns[name] = column[first + line[1:][inner]]
    return WebGraph.from_edges(points, ends, **columns)
