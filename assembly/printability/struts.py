"""Which struts of a web hang free, and how: slope, span, and what their nodes rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from assembly.placing import node_radius
from assembly.printability.processes import Process
from assembly.printability.regions import find
from assembly.printability.rules import flattest
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hanging:
    """How a web that stands on z = 0 is held while it is printed.

    Arguments:
        slope: ``(m,)`` degrees of each strut above the plate, 0 to 90.
        islands: ``(i,)`` nodes that begin in the air, and never or late join what is below.
        depth: ``(i,)`` mm that each hangs before it joins; inf where it never does, a floating part.
        span: ``(m,)`` free length of flat struts, mm; 0 where a strut is not flat or lies on the plate.
        bridge: ``(m,)`` whether that is held at both ends.
        held: ``(n,)`` nodes that stand on the plate or on a strut that rises, and islands.
    """

    slope: FloatArray
    islands: IntArray
    depth: FloatArray
    span: FloatArray
    bridge: Mask
    held: Mask


def hanging(web: WebGraph, process: Process) -> Hanging:
    """How ``web``, which stands on z = 0, is held; see `Hanging`."""
    i, j = web.edge_index
    bottom = web.pos[:, 2] - node_radius(web)
    rise = np.abs(web.pos[i, 2] - web.pos[j, 2])
    flat_length = np.hypot(*(web.pos[i] - web.pos[j])[:, :2].T)
    slope = np.degrees(np.arctan2(rise, flat_length))
    slope[flat_length == 0] = 90.0
    born, depth = _births(web, bottom)
    grounded = bottom <= process.island_mm
    real = (depth > process.island_mm) & ~grounded[born]
    islands, depth = born[real], depth[real]
    # Flatter than this, what a layer reaches beyond the one below is more than an overhang may be.
    flat = slope <= flattest(process)
    held = grounded.copy()
    held[islands] = True
    held[np.where(web.pos[i, 2] > web.pos[j, 2], i, j)[~flat]] = True
    span, bridge = _spans(web, flat & ~(grounded[i] & grounded[j]), held, flat_length)
    return Hanging(slope, islands, depth, span, bridge, held)


def _births(web: WebGraph, bottom: FloatArray) -> tuple[IntArray, FloatArray]:
    """Nodes lower than all their neighbours, with the height from there to where they join something older."""
    order = np.argsort(bottom, kind="stable")
    rank = np.empty(web.n, np.int64)
    rank[order] = np.arange(web.n)
    ends = rank[web.edge_index]
    ends = ends[:, np.argsort(ends.max(axis=0), kind="stable")]
    parent, young, at = _joined(web.n, ends.min(axis=0), ends.max(axis=0))
    roots = np.flatnonzero(parent == np.arange(web.n))
    # Lowest first, so that the part that stands on the plate is none of the floating ones.
    born = np.concatenate([young, roots])
    depth = np.concatenate([bottom[order[at]] - bottom[order[young]], np.full(len(roots), np.inf)])
    return order[born], depth


@compiled
def _joined(n: int, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Parents of nodes numbered from below, and of each tree that ended: its lowest node, and the node where."""
    parent = np.arange(n)
    young, at, found = np.empty(n, np.int64), np.empty(n, np.int64), 0
    for e in range(len(low)):
        u, v = find(parent, low[e]), find(parent, high[e])
        if u != v:
            parent[max(u, v)] = min(u, v)
            # A node that was only just added has hung nowhere.
            if max(u, v) != high[e]:
                young[found], at[found] = max(u, v), high[e]
                found += 1
    return parent, young[:found].copy(), at[:found].copy()


def _spans(
    web: WebGraph, flat: Mask,
    held: Mask, length: FloatArray,
) -> tuple[FloatArray, Mask]:  # fmt: skip
    """Free length of the ``flat`` struts between ``held`` nodes, and whether they are held at both ends."""
    span, bridge = np.zeros(web.m), np.zeros(web.m, bool)
    rows = np.flatnonzero(flat)
    if not len(rows) or not held.any():
        return span, bridge
    i, j = web.edge_index[:, rows]
    weight = np.maximum(length[rows], 1e-12)
    graph = coo_array((weight, (i, j)), shape=(web.n, web.n)).tocsr()
    distance, _, source = dijkstra(
        graph, directed=False, indices=np.flatnonzero(held), min_only=True, return_predecessors=True
    )
    # Pieces between held nodes: those that touch two of them are held at both ends.
    free = ~(held[i] | held[j])
    label = connected_components(
        coo_array((np.ones(free.sum()), (i[free], j[free])), shape=(web.n, web.n)), directed=False
    )[1]
    inner, outer = np.concatenate([i, j]), np.concatenate([j, i])
    touching = held[outer] & ~held[inner]
    pairs = np.unique(np.column_stack([label[inner[touching]], outer[touching]]), axis=0)
    anchors = np.bincount(pairs[:, 0], minlength=web.n)
    between = held[i] & held[j]
    piece = label[np.where(held[i], j, i)]
    bridge[rows] = between | (anchors[piece] > 1)
    far = np.maximum(distance[i], distance[j])
    through = np.where(source[i] == source[j], 2 * far, distance[i] + distance[j] + length[rows])
    reach = np.where(bridge[rows], through, far)
    span[rows] = np.where(between, length[rows], np.where(np.isfinite(reach), reach, 0.0))
    return span, bridge
