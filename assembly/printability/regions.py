"""What of a part begins in the air, and what never reaches the rest: a merge tree of the layers' regions.

Layers are added from the plate up. A region of a layer that rests on nothing is born there; where two trees meet, the
one born higher ends, and the height from its birth to there is how long it hung free (its persistence, as in
H. Edelsbrunner and J. Harer, Computational Topology, 2010, chapter VII). A tree that never ends is a floating part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assembly.printability.layers import Layers
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Share of a cube up to which a part is a speck.
SPECK = 0.1


@dataclass(frozen=True, eq=False)
class Regions:
    """Islands and separate parts.

    Arguments:
        islands: ``(i,)`` a run in which an island begins.
        hanging: ``(i,)`` mm that it hangs before it joins something older.
        roots: ``(c,)`` the run in which a connected part begins, lowest first.
        births: ``(c,)`` mm above the plate at which it begins.
        volumes: ``(c,)`` mm3.
        part: ``(r,)`` the part that each run belongs to.
        count: number of separate regions in all layers together.
    """

    islands: IntArray
    hanging: FloatArray
    roots: IntArray
    births: FloatArray
    volumes: FloatArray
    part: IntArray
    count: int

    def whole(self, thinnest: float) -> npt.NDArray[np.bool_]:
        """``(c,)`` which parts are no specks: corners that the grid cuts off, far less than a cube of ``thinnest``."""
        return np.asarray(self.volumes > SPECK * thinnest**3)


def regions_of(layers: Layers) -> Regions:
    """The merge tree of ``layers``."""
    parent, islands, gaps, count = _grow(layers.first, layers.begin, layers.end, layers.layers, layers.rows)
    roots, part = np.unique(roots_of(parent), return_inverse=True)
    lengths = np.bincount(part, layers.end - layers.begin, len(roots))
    volumes = np.asarray(lengths * layers.pitch * layers.height, np.float64)
    births = layers.middles(roots)[:, 2] - layers.corner[2] - layers.height / 2
    return Regions(
        islands, np.asarray(gaps * layers.height, np.float64), roots, births, volumes, part.astype(np.int64), int(count)
    )


@compiled
def find(parent: IntArray, i: int) -> int:
    """The root of ``i``; the way there is halved."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def _grow(
    first: IntArray, begin: FloatArray, end: FloatArray, layers: int, rows: int
) -> tuple[IntArray, IntArray, IntArray, int]:
    """Parents of runs, islands with the layers they hang, and the number of regions.

    A tree's root is its oldest run: runs are numbered from the plate up, so the least number is the oldest.
    """
    n = len(begin)
    parent = np.arange(n)
    birth = np.empty(n, np.int64)
    islands, gaps, found, count = np.empty(n, np.int64), np.empty(n, np.int64), 0, 0
    for k in range(layers):
        low, high = first[k * rows], first[(k + 1) * rows]
        for i in range(low, high):
            birth[i] = k
        regions = high - low
        for j in range(rows - 1):
            a, a_end = first[k * rows + j], first[k * rows + j + 1]
            b, b_end = a_end, first[k * rows + j + 2]
            while a < a_end and b < b_end:
                if begin[a] < end[b] and begin[b] < end[a]:
                    u, v = find(parent, a), find(parent, b)
                    if u != v:
                        parent[max(u, v)] = min(u, v)
                        regions -= 1
                if end[a] < end[b]:
                    a += 1
                else:
                    b += 1
        count += regions
        if k == 0:
            continue
        for j in range(rows):
            a, a_end = first[(k - 1) * rows + j], first[(k - 1) * rows + j + 1]
            b, b_end = first[k * rows + j], first[k * rows + j + 1]
            while a < a_end and b < b_end:
                if begin[a] < end[b] and begin[b] < end[a]:
                    u, v = find(parent, a), find(parent, b)
                    if u != v:
                        old, new = min(u, v), max(u, v)
                        parent[new] = old
                        if birth[new] < k:
                            islands[found], gaps[found] = new, k - birth[new]
                            found += 1
                if end[a] < end[b]:
                    a += 1
                else:
                    b += 1
    return parent, islands[:found].copy(), gaps[:found].copy(), count


@compiled
def roots_of(parent: IntArray) -> IntArray:
    """The root of each."""
    root = np.empty(len(parent), np.int64)
    for i in range(len(parent)):
        root[i] = find(parent, i)
    return root
