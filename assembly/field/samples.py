"""The field of signed distances from the struts, sampled in the blocks near them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assembly.field.blocks import SAMPLES, SIDE, Blocks, block_corner
from assembly.field.distance import Struts, blended, strut_distance
from assembly.threads import over_ranges
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Blocks that a thread takes at a time.
CHUNK = 4096


def sampled(
    struts: Struts, blocks: Blocks, low: FloatArray, step: float, fillet: float, star: tuple[IntArray, IntArray]
) -> npt.NDArray[np.float32]:  # fmt: skip
    """``(b, 64)`` signed distances in steps of the grid, positive outside; a sample far from all struts is positive.

    Arguments:
        star: the struts at each node: where a node's part begins, ``(n + 1,)``, and strut numbers.
    """
    values = np.empty((len(blocks.key), SAMPLES), np.float32)
    for _ in over_ranges(
        lambda first, last: _sample(struts, blocks, low, step, fillet, *star, first, last, values),
        len(values),
        CHUNK,
    ):
        pass
    return values


def stars(struts: Struts, n: int) -> tuple[IntArray, IntArray]:
    """The struts at each of n nodes."""
    ends = struts.ends.ravel()
    order = np.argsort(ends, kind="stable")
    return np.searchsorted(ends[order], np.arange(n + 1)), order // 2


@compiled
def _sample(
    struts: Struts, blocks: Blocks, low: FloatArray, step: float, fillet: float, star_first: IntArray, star: IntArray,
    start: int, stop: int, values: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    widest = 0
    for node in range(len(star_first) - 1):
        widest = max(widest, star_first[node + 1] - star_first[node])
    work = np.empty((widest, 5))
    own = np.empty(SAMPLES)
    for b in range(start, stop):
        cx, cy, cz = block_corner(blocks.key[b])
        near = blocks.strut[blocks.first[b] : blocks.first[b + 1]]
        own[:] = np.inf
        for s in near:
            for i in range(SAMPLES):
                x = low[0] + step * (cx + i % SIDE)
                y = low[1] + step * (cy + i // SIDE % SIDE)
                z = low[2] + step * (cz + i // (SIDE * SIDE))
                own[i] = min(own[i], strut_distance(struts, s, x, y, z)[0])
        if fillet > 0 and len(near) > 1:
            _blend(struts, near, low, step, fillet, star_first, star, (cx, cy, cz), own, work)
        for i in range(SAMPLES):
            values[b, i] = own[i] / step


@compiled
def _blend(
    struts: Struts, near: IntArray, low: FloatArray, step: float, fillet: float, star_first: IntArray,
    star: IntArray, corner: tuple[int, int, int], own: FloatArray, work: FloatArray,
) -> None:  # fmt: skip
    """Fill the corners around each node that two of the struts ``near`` share."""
    for k in range(len(near)):
        for end in range(2):
            node = struts.ends[near[k], end]
            shared, earlier = False, False
            for m in range(len(near)):
                if m != k and (struts.ends[near[m], 0] == node or struts.ends[near[m], 1] == node):
                    shared = True
                    earlier |= m < k
            if not shared or earlier:
                continue
            mine = star[star_first[node] : star_first[node + 1]]
            for i in range(SAMPLES):
                # Neither deep inside, where nothing changes, nor out of reach.
                if -step < own[i] < fillet:
                    x = low[0] + step * (corner[0] + i % SIDE)
                    y = low[1] + step * (corner[1] + i // SIDE % SIDE)
                    z = low[2] + step * (corner[2] + i // (SIDE * SIDE))
                    own[i] = min(own[i], blended(struts, mine, fillet, x, y, z, work))
