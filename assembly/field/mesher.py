"""Struts to a solid by a field of distances: radii that vary along a strut, corners filled with a fillet."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.field.blocks import BAND, SIDE, blocks_near
from assembly.field.distance import Struts, tapered
from assembly.field.samples import sampled, stars
from assembly.field.surface import MARGIN, mark_crossings, surface
from assembly.verify import without_voids
from structgen.compiled import tell_if_compiling
from structgen.web import FloatArray, IntArray, WebGraph

#: Steps of the grid in the thinnest radius: by default, and at least: fewer would break struts to pieces.
FINE, COARSEST = 2.5, 1.5
#: The facets lie this share of ``step^2 / radius`` below the round strut on average, as measured over struts in random
#: directions (1/12 for chords of one step); radii are made larger by as much.
SAGITTA = 0.1
#: Triangles on an area of one step squared, over all directions, and how many there may be: 5 GB of STL.
DENSITY, MAX_TRIANGLES = 3.0, 100_000_000
#: The closest vertices lie at least this many steps of float32 apart.
APART = 4


def field_solid(
    web: WebGraph,
    *,
    fillet: float = 0.0,
    node_radius: npt.ArrayLike | None = None,
    resolution: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[FloatArray, IntArray]:
    """Vertices ``(v, 3)`` in mm, exact in float32, and faces ``(f, 3)`` of the solid of a web with round struts.

    The surface is closed and manifold by construction: see `assembly.field.table`. About 1,600 triangles a strut at
    the default resolution where struts are 25 radii long, 2.5^2 times as many at 2.5 times the resolution.

    Arguments:
        web: any web; its ends are round.
        fillet: radius in mm of the ball that rounds the corners between struts of a node. At least one step of the grid
            is taken, which cannot show narrower cracks.
        node_radius: ``(n,)`` radii in mm at the nodes, from which struts taper; else struts have the web's radii.
        resolution: step of the grid in mm, at most 2/3 of the thinnest radius; by default 2/5 of it.
        progress: told in a line what goes on.

    Closed holes inside are filled. Raises `ValueError` for arguments out of range, and for a step too fine for float32
    where the web lies.
    """
    radii = end_radii(web, node_radius)
    fillet = number("fillet", fillet, ">= 0 mm", lambda value: value >= 0)
    step = _step(resolution, float(radii.min()))
    fillet = max(fillet, step)
    struts = tapered(web, radii, SAGITTA * step**2)
    reach = float(struts.thickest.max()) + fillet + (BAND + 2 * SIDE) * step
    # From a multiple of the step: the same web has the same facets wherever its neighbours lie.
    low = step * np.floor((web.pos.min(axis=0) - reach) / step)
    expected = _check_size(web, struts, reach, step)
    tell = progress or (lambda _: None)
    tell_if_compiling(mark_crossings, tell)
    tell(f"sampling the distance from {web.m} struts every {step:.3g} mm: about {expected} triangles")
    blocks = blocks_near(struts, low, step, fillet)
    values = sampled(struts, blocks, low, step, fillet, stars(struts, web.n))
    tell("finding the surface")
    vertices, faces = surface(values, blocks)
    vertices *= step
    vertices += low
    return without_voids(vertices.astype(np.float32).astype(np.float64), faces)[:2]


def end_radii(web: WebGraph, node_radius: npt.ArrayLike | None) -> FloatArray:
    """``(m, 2)`` radii at the ends of each strut in mm: the nodes', or the web's; `ValueError` for wrong ones."""
    if node_radius is None:
        return np.repeat(web.radius[:, None], 2, axis=1)
    radii = np.asarray(node_radius, np.float64)
    if radii.shape != (web.n,):
        raise ValueError(f"node_radius has shape {radii.shape}, expected ({web.n},), one a node")
    if not (np.isfinite(radii).all() and (radii > 0).all()):
        row = int(np.argmin(np.isfinite(radii) & (radii > 0)))
        raise ValueError(f"node_radius row {row} is {radii[row]}: must be > 0 mm")
    return radii[web.edge_index.T]


def _step(resolution: float | None, thinnest: float) -> float:
    if resolution is None:
        return thinnest / FINE
    return number(
        "resolution",
        resolution,
        f"> 0 and at most {thinnest / COARSEST:.4g} mm, the thinnest radius of {thinnest:.4g} mm / {COARSEST}",
        lambda value: 0 < value <= (1 + 1e-9) * thinnest / COARSEST,
    )


def _check_size(web: WebGraph, struts: Struts, reach: float, step: float) -> int:
    """About how many triangles there will be; refuse too many, and a step that float32 does not resolve."""
    far = float(np.abs(web.pos).max()) + reach
    finest = APART * float(np.spacing(np.float32(far))) / MARGIN
    if step < finest:
        raise ValueError(
            f"resolution is {step:.3g} mm, must be at least {finest:.3g} mm for a web that reaches {far:.4g} mm from "
            "the origin, where float32 is coarse: use thicker struts or move it nearer"
        )
    area = (2 * math.pi * struts.thickest * (struts.length + 2 * struts.thickest)).sum()
    triangles = DENSITY * float(area) / step**2
    if triangles > MAX_TRIANGLES:
        raise ValueError(
            f"resolution is {step:.3g} mm, which makes about {triangles:.2g} triangles; at most {MAX_TRIANGLES:.2g} "
            f"are made: use {step * math.sqrt(triangles / MAX_TRIANGLES):.2g} mm or more"
        )
    return round(triangles)
