"""The blocks of a grid that lie near struts, and which struts lie near each."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assembly.field.distance import Struts
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Samples along each side of a block, and in it.
SIDE, SAMPLES = 4, 64
#: Bits of a block's place along an axis in its key.
BITS = 21
#: Steps of the grid from a sample to the farthest corner of a cell: what lies nearer to the surface must be sampled.
BAND = math.sqrt(3) + 0.01
#: Struts near blocks that memory holds.
MAX_PAIRS = 200_000_000


class Blocks(NamedTuple):
    """Blocks of 4 x 4 x 4 samples.

    Arguments:
        key: ``(b,)`` places, x + y 2^21 + z 2^42, ascending.
        first: ``(b + 1,)`` where each block's part of ``strut`` begins.
        strut: numbers of the struts near each block, ascending.
        beside: ``(b, 8)`` block beside each, -1 where there is none: bit a of the column is one further along axis a.
    """

    key: IntArray
    first: IntArray
    strut: IntArray
    beside: npt.NDArray[np.int32]


def blocks_near(struts: Struts, low: FloatArray, step: float, fillet: float) -> Blocks:
    """Blocks with samples within `BAND` steps of a strut, or within ``fillet`` mm and that of two that share a node.

    Arguments:
        low: ``(3,)`` the grid's first sample, mm; it lies below and left of all struts and their surroundings.
        step: of the grid, mm.

    Raises `ValueError` where fillets are so wide that struts are near too many blocks.
    """
    band = BAND * step
    count = _pairs(struts, low, step, band + fillet, _EMPTY, _EMPTY)
    if count > MAX_PAIRS:
        raise ValueError(
            f"fillet is {fillet:.3g} mm, too wide for a grid of {step:.3g} mm: use a smaller one, or a coarser "
            "resolution"
        )
    key, strut = np.empty(count, np.int64), np.empty(count, np.int64)
    _pairs(struts, low, step, band + fillet, key, strut)
    order = np.argsort(key, kind="stable")
    key, strut = key[order], strut[order]
    places, first = np.unique(key, return_index=True)
    first = np.append(first, count)
    if fillet > 0:
        keep = _needed(struts, places, first, strut, low, step, band)
        strut = strut[np.repeat(keep, np.diff(first))]
        first = np.concatenate([[0], np.cumsum(np.diff(first)[keep])])
        places = places[keep]
    beside = np.empty((len(places), 8), np.int32)
    for corner in range(8):
        offset = sum((corner >> a & 1) << (BITS * a) for a in range(3))
        beside[:, corner] = _places_of(places, offset)
    return Blocks(places, first, strut, beside)


_EMPTY = np.empty(0, np.int64)


@compiled
def block_corner(key: int) -> tuple[int, int, int]:
    """Place of a block's first sample on the grid."""
    mask = (1 << BITS) - 1
    return SIDE * (key & mask), SIDE * (key >> BITS & mask), SIDE * (key >> 2 * BITS)


@compiled
def _block_distance(struts: Struts, s: int, low: FloatArray, step: float, x: int, y: int, z: int) -> float:
    """Distance of the middle of a block's samples from the axis of a strut, mm."""
    middle = (SIDE - 1) / 2
    px = low[0] + step * (SIDE * x + middle) - struts.start[s, 0]
    py = low[1] + step * (SIDE * y + middle) - struts.start[s, 1]
    pz = low[2] + step * (SIDE * z + middle) - struts.start[s, 2]
    ux, uy, uz = struts.along[s, 0], struts.along[s, 1], struts.along[s, 2]
    at = min(max(px * ux + py * uy + pz * uz, 0.0), struts.length[s])
    px, py, pz = px - at * ux, py - at * uy, pz - at * uz
    return math.sqrt(px * px + py * py + pz * pz)


@compiled
def _pairs(struts: Struts, low: FloatArray, step: float, reach: float, key: IntArray, strut: IntArray) -> int:
    """Fill in the blocks within ``reach`` of each strut, layer by layer along it; how many there are."""
    width = SIDE * step
    corner = math.sqrt(3) * (SIDE - 1) / 2 * step
    count = 0
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    for s in range(len(struts.length)):
        start, along, length = struts.start[s], struts.along[s], struts.length[s]
        far = struts.thickest[s] + reach
        axis = 0
        for x in range(1, 3):
            if abs(along[x]) > abs(along[axis]):
                axis = x
        one, two = start[axis], start[axis] + along[axis] * length
        bottom = math.floor((min(one, two) - far - low[axis]) / width)
        top = math.floor((max(one, two) + far - low[axis]) / width)
        for layer in range(bottom, top + 1):
            # The part of the strut whose surroundings reach into the layer.
            t0, t1 = 0.0, length
            if along[axis] != 0:
                a = (low[axis] + layer * width - far - start[axis]) / along[axis]
                b = (low[axis] + (layer + 1) * width + far - start[axis]) / along[axis]
                t0, t1 = min(max(min(a, b), 0.0), length), min(max(max(a, b), 0.0), length)
            for x in range(3):
                c, d = start[x] + t0 * along[x], start[x] + t1 * along[x]
                first[x] = math.floor((min(c, d) - far - low[x]) / width)
                last[x] = math.floor((max(c, d) + far - low[x]) / width)
            first[axis], last[axis] = layer, layer
            for z in range(first[2], last[2] + 1):
                for y in range(first[1], last[1] + 1):
                    for x in range(first[0], last[0] + 1):
                        if _block_distance(struts, s, low, step, x, y, z) <= far + corner:
                            if len(key):
                                key[count], strut[count] = x | y << BITS | z << 2 * BITS, s
                            count += 1
    return count


@compiled
def _needed(
    struts: Struts, key: IntArray, first: IntArray, strut: IntArray, low: FloatArray, step: float, band: float
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Which blocks lie in the band of a strut, or near two that share a node."""
    corner = math.sqrt(3) * (SIDE - 1) / 2 * step
    keep = np.zeros(len(key), np.bool_)
    for b in range(len(key)):
        x, y, z = block_corner(key[b])
        for k in range(first[b], first[b + 1]):
            s = strut[k]
            distance = _block_distance(struts, s, low, step, x // SIDE, y // SIDE, z // SIDE)
            if distance <= struts.thickest[s] + band + corner:
                keep[b] = True
            i, j = struts.ends[s]
            for m in range(first[b], k):
                p, q = struts.ends[strut[m]]
                if i in (p, q) or j in (p, q):
                    keep[b] = True
            if keep[b]:
                break
    return keep


@compiled
def _places_of(key: IntArray, offset: int) -> npt.NDArray[np.int32]:
    """Where in the ascending ``key`` each ``key + offset`` is, -1 where it is not."""
    place = np.empty(len(key), np.int32)
    at = 0
    for b in range(len(key)):
        while at < len(key) and key[at] < key[b] + offset:
            at += 1
        place[b] = at if at < len(key) and key[at] == key[b] + offset else -1
    return place
