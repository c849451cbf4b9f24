"""A web as chains: threads in a row between nodes that are held or join three, each chain as one thread.

Nothing pulls sideways where two threads meet, so in equilibrium a taut chain is straight and all its threads carry the
same force: it strains, and breaks in its thinnest thread, as one thread with a law of its own. Ends that hang loose
carry nothing and are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.mechanics.cable import HOLD
from simulate.mechanics.grips import BoolArray, Grips
from simulate.mechanics.law import Law
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph

#: Rows of the table of a chain, at even strains up to where it breaks.
ROWS = 64


class Chains(NamedTuple):
    """``ends (2, c)``: node numbers; ``length (c,)`` at rest, mm; ``breaks (c,)``: strain of the chain at break.

    ``table (c, ROWS + 1, 3)``: tension, N, its integral over strain, N, and strain of the thinnest thread over that at
    which it breaks; ``hold (c,)``, N, see `simulate.mechanics.cable.HOLD`. ``of (m,)``: the chain of each thread, -1
    for those that carry nothing.
    """

    ends: IntArray
    length: FloatArray
    breaks: FloatArray
    table: FloatArray
    hold: FloatArray
    of: IntArray


def chains_of(web: WebGraph, grips: Grips, law: Law) -> Chains:
    """The chains of ``web`` held by ``grips``, of threads that all follow ``law``."""
    area = np.pi * web.radius**2
    ends, of = _chains(web.n, np.ascontiguousarray(web.edge_index), grips.held)
    length, breaks, table, soft = _laws(of, ends.shape[1], web.lengths, area, law.strain, law.stress)
    return Chains(ends, length, breaks, table, HOLD * min(law.strength, law.modulus) * soft, of)


@compiled
def _chains(n: int, threads: IntArray, held: BoolArray) -> tuple[IntArray, IntArray]:
    """``(2, c)`` ends of the chains, and ``(m,)`` the chain of each thread or -1."""
    m = threads.shape[1]
    degree = np.zeros(n, np.int64)
    for e in range(m):
        degree[threads[0, e]] += 1
        degree[threads[1, e]] += 1
    whole = np.ones(m, np.bool_)
    dropped = True
    while dropped:
        dropped = False
        for e in range(m):
            a, b = threads[0, e], threads[1, e]
            if whole[e] and ((degree[a] == 1 and not held[a]) or (degree[b] == 1 and not held[b])):
                whole[e] = False
                degree[a] -= 1
                degree[b] -= 1
                dropped = True
    inner = (degree == 2) & ~held
    around = np.zeros(n, np.int64)  # of the two threads at an inner node the sum of their numbers
    for e in range(m):
        if whole[e]:
            around[threads[0, e]] += e
            around[threads[1, e]] += e
    of = np.full(m, -1, np.int64)
    ends = np.empty((2, m), np.int64)
    count = 0
    for first in range(m):
        for start in threads[:, first]:
            if not whole[first] or of[first] != -1 or inner[start]:
                continue
            e, node = first, threads[0, first] + threads[1, first] - start
            of[e] = count
            while inner[node]:
                e = around[node] - e
                of[e] = count
                node = threads[0, e] + threads[1, e] - node
            if node == start:  # a loop carries nothing
                of[of == count] = -2
                continue
            ends[0, count], ends[1, count] = start, node
            count += 1
    return ends[:, :count].copy(), np.maximum(of, -1)


@compiled
def _laws(
    of: IntArray, count: int, lengths: FloatArray, area: FloatArray, strain: FloatArray, stress: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Length, strain at break, table, and area of a single thread as soft as the chain under `HOLD`, of each chain."""
    rows = len(strain)
    length, soft = np.zeros(count), np.zeros(count)
    thinnest = np.full(count, np.inf)
    for e in range(len(of)):
        if of[e] >= 0:
            length[of[e]] += lengths[e]
            soft[of[e]] += lengths[e] / area[e]
            thinnest[of[e]] = min(thinnest[of[e]], area[e])
    # How much longer each chain is where its thinnest thread has the stresses of the law.
    longer = np.zeros((count, rows))
    for e in range(len(of)):
        if of[e] < 0:
            continue
        k, row = of[e], 0
        for r in range(rows):
            mine = stress[r] * thinnest[k] / area[e]
            while row < rows - 2 and stress[row + 1] < mine:
                row += 1
            share = (mine - stress[row]) / (stress[row + 1] - stress[row])
            longer[k, r] += lengths[e] * (strain[row] + share * (strain[row + 1] - strain[row]))
    breaks = longer[:, rows - 1] / length
    table = np.zeros((count, ROWS + 1, 3))
    for k in range(count):
        step, row = breaks[k] / ROWS, 0
        for g in range(ROWS + 1):
            mine = g * step * length[k]
            while row < rows - 2 and longer[k, row + 1] < mine:
                row += 1
            share = (mine - longer[k, row]) / (longer[k, row + 1] - longer[k, row])
            table[k, g, 0] = thinnest[k] * (stress[row] + share * (stress[row + 1] - stress[row]))
            table[k, g, 2] = (strain[row] + share * (strain[row + 1] - strain[row])) / strain[rows - 1]
            if g:
                table[k, g, 1] = table[k, g - 1, 1] + step * (table[k, g, 0] + table[k, g - 1, 0]) / 2
    return length, breaks, table, length / soft
