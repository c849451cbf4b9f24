"""Solids by the field that stand on z = 0, verified, with no more triangles than asked for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assembly.field.mesher import COARSEST, FINE, end_radii, field_solid
from assembly.verify import SolidReport, verified
from structgen.web import FloatArray, IntArray, WebGraph

#: So many faces, spread over the solid, are tested against all others for intersections.
MOST_TESTED = 2_000_000


def solid_of_field(
    web: WebGraph,
    density: float,
    progress: Callable[[str], None] | None,
    triangles: int | None,
    since: float,
    *,
    fillet: float = 0.0,
    node_radius: npt.ArrayLike | None = None,
    resolution: float | None = None,
) -> tuple[FloatArray, IntArray, SolidReport]:
    """Vertices, faces and report of the solid of `field_solid`, set down on z = 0.

    Arguments:
        density: g/cm3.
        triangles: at most so many, if given: the step of the grid, given or not, is made coarser until they suffice.
        since: the `time.perf_counter` at which the work began.

    Raises `ValueError` where the coarsest step makes more triangles, and what `field_solid` and `verified` raise.
    """
    radii = end_radii(web, node_radius)
    thinnest = float(radii.min())
    step = thinnest / FINE if resolution is None else resolution
    while True:
        vertices, faces = field_solid(web, fillet=fillet, node_radius=node_radius, resolution=step, progress=progress)
        if triangles is None or len(faces) <= triangles:
            break
        if step >= thinnest / COARSEST:
            raise ValueError(f"triangles is {triangles}, must be at least {len(faces)} for a field of this web")
        step = min(1.02 * step * math.sqrt(len(faces) / triangles), thinnest / COARSEST)
    vertices[:, 2] -= vertices[:, 2].min()
    vertices = vertices.astype(np.float32).astype(np.float64)
    stride = -(-len(faces) // MOST_TESTED)
    report = verified(
        vertices,
        faces,
        web.with_radius(radii.max(axis=1)),
        density=density,
        method="field",
        subset=None if stride == 1 else np.arange(len(faces)) % stride == 0,
        since=since,
        progress=progress,
    )
    return vertices, faces, report
