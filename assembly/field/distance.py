"""Distances from tapered struts, and how they blend around a node.

A tapered strut is the union of the balls about the points of its axis whose radii go evenly from one end to the
other. The fillet at a node is what a ball rolled along the struts cannot reach (a morphological closing), with each
strut's distance taken as linear around the point: the nearest centre of a ball that stays clear of all struts lies at
the shortest vector s with g_i . s >= R - d_i for their distances d_i, gradients g_i and the ball's radius R; there the
distance from the fillet is R - |s|. Struts that run on straight have the same gradient and are hardly swollen by it,
as they are by smooth minima.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph

#: Rounds of C. Hildreth's method for the shortest vector, "A quadratic programming procedure" (1957).
ROUNDS = 24
#: Rounds end when the vector moves by less than this share of the fillet.
CLOSE = 1e-3


class Struts(NamedTuple):
    """Tapered struts, ready for `strut_distance`.

    Arguments:
        ends: ``(m, 2)`` node numbers.
        start: ``(m, 3)`` first end, mm.
        along: ``(m, 3)`` unit vector to the other end; zero for a strut of no length.
        length: ``(m,)`` mm.
        radius: ``(m,)`` at the first end, mm.
        slope: ``(m,)`` radius lost a mm.
        lean: ``(m,)`` how far, for each mm off the axis, the ball that is nearest to a point lies ahead of it.
        thickest: ``(m,)`` larger radius of the two ends, mm.
    """

    ends: IntArray
    start: FloatArray
    along: FloatArray
    length: FloatArray
    radius: FloatArray
    slope: FloatArray
    lean: FloatArray
    thickest: FloatArray


def tapered(web: WebGraph, radii: FloatArray, swell: float) -> Struts:
    """Struts of ``web`` with the ``(m, 2)`` radii at their ends, all made thicker by ``swell / radius``."""
    i, j = web.edge_index
    radii = radii + swell / radii
    length = web.lengths
    along = (web.pos[j] - web.pos[i]) / np.where(length > 0, length, 1)[:, None]
    # A ball that holds the other end's ball is all of the strut.
    steepest = 1 - 1e-9
    slope = np.clip((radii[:, 0] - radii[:, 1]) / np.where(length > 0, length, 1), -steepest, steepest)
    inner = np.abs(radii[:, 0] - radii[:, 1]) >= length
    first = inner & (radii[:, 0] >= radii[:, 1])
    start = np.where((inner & ~first)[:, None], web.pos[j], web.pos[i])
    radius = np.where(inner, radii.max(axis=1), radii[:, 0])
    return Struts(
        np.ascontiguousarray(web.edge_index.T),
        np.ascontiguousarray(start),
        along,
        np.where(inner, 0, length),
        radius,
        np.where(inner, 0, slope),
        np.where(inner, 0, slope / np.sqrt(1 - slope**2)),
        radii.max(axis=1),
    )


@compiled
def strut_distance(struts: Struts, s: int, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Signed distance of a point from strut s in mm, and the unit vector away from it."""
    px, py, pz = x - struts.start[s, 0], y - struts.start[s, 1], z - struts.start[s, 2]
    ux, uy, uz = struts.along[s, 0], struts.along[s, 1], struts.along[s, 2]
    ahead = px * ux + py * uy + pz * uz
    aside = math.sqrt(max(px * px + py * py + pz * pz - ahead * ahead, 0.0))
    at = min(max(ahead - aside * struts.lean[s], 0.0), struts.length[s])
    px, py, pz = px - at * ux, py - at * uy, pz - at * uz
    away = math.sqrt(px * px + py * py + pz * pz)
    scale = 1 / away if away > 0 else 0.0
    return away - (struts.radius[s] - struts.slope[s] * at), scale * px, scale * py, scale * pz


@compiled
def blended(
    struts: Struts, mine: npt.NDArray[np.int64], fillet: float, x: float, y: float, z: float, work: FloatArray
) -> float:  # fmt: skip
    """Signed distance of a point from struts that meet in a node, the corners between them filled.

    Arguments:
        mine: numbers of the struts.
        fillet: radius of the ball that is rolled along them, mm.
        work: ``(k, 5)`` scratch for at least so many struts.
    """
    nearest = np.inf
    for k in range(len(mine)):
        distance, work[k, 0], work[k, 1], work[k, 2] = strut_distance(struts, mine[k], x, y, z)
        work[k, 3], work[k, 4] = fillet - distance, 0.0
        nearest = min(nearest, distance)
    if nearest >= fillet:
        return nearest
    sx, sy, sz = 0.0, 0.0, 0.0
    for _ in range(ROUNDS):
        moved = 0.0
        for k in range(len(mine)):
            short = work[k, 3] - (work[k, 0] * sx + work[k, 1] * sy + work[k, 2] * sz)
            push = max(work[k, 4] + short, 0.0) - work[k, 4]
            work[k, 4] += push
            moved += abs(push)
            sx, sy, sz = sx + push * work[k, 0], sy + push * work[k, 1], sz + push * work[k, 2]
        if moved < CLOSE * fillet:
            break
    # Between struts that face each other no ball fits, and the vector grows without end.
    return min(nearest, max(fillet - math.sqrt(sx * sx + sy * sy + sz * sz), nearest - fillet))
