"""The cells of a grid over a shape's box that the shape has a part of."""

from __future__ import annotations

import itertools

import numpy as np

from assembly.shape import Shape
from assembly.surfaces.sampling import side_by_side
from structgen.web import FloatArray

#: Points a side looked at in each cell that the surface runs through.
LOOKED_AT = 6
MAX_CELLS = 1_000_000


def cells(shape: Shape, size: FloatArray, overlap: float) -> FloatArray:
    """``(k, 3)`` middles of cells of ``size (3,)`` mm that hold a part of the shape; neighbours share ``overlap``."""
    low, high = shape.bounds
    count = float(np.prod(np.maximum((high - low) / (size * (1 - overlap)), 1)))
    if count > MAX_CELLS:
        raise ValueError(f"size is {size.tolist()} mm: over {MAX_CELLS} modules would be needed, take larger ones")
    rows = (side_by_side(float(room), float(s), overlap) for room, s in zip(high - low, size, strict=True))
    middles = low + np.array(list(itertools.product(*rows)))
    depth, reach = shape.distance(middles), float(np.linalg.norm(size) / 2)
    held = depth < 0
    near = np.flatnonzero(np.abs(depth) < reach)
    steps = (np.arange(LOOKED_AT) + 0.5) / LOOKED_AT - 0.5
    looked_at = np.array(list(itertools.product(steps, repeat=3))) * size
    inside = shape.contains((middles[near, None] + looked_at).reshape(-1, 3)).reshape(len(near), -1)
    # One point alone is a sliver in which no strut fits.
    held[near] = inside.sum(axis=1) > 1
    return np.asarray(middles[held])
