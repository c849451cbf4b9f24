"""A web cut where it would leave a shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assembly.shape import Shape
from structgen.web import FloatArray, IntArray, WebGraph

ANCHOR_KIND = 7
#: Nodes lie this many strut radii below the surface, so that the corners of a strut's prism do too.
COVER = 1.06
#: Pieces shorter than this share of the median length, or than two radii, are left out.
SHORTEST = 0.25
HALVINGS = 24


@dataclass(frozen=True)
class Trimmed:
    """What is left of a web: ``anchored (k,)`` are the nodes at which it ends below the surface."""

    web: WebGraph
    anchored: IntArray


def trimmed(web: WebGraph, shape: Shape, depth: FloatArray) -> Trimmed:
    """The part of ``web`` inside ``shape``, its nodes at least 1.06 radii below the surface.

    A strut that leaves the shape ends where it is ``depth (m,)`` mm below the surface, and is of kind "anchor". Where
    little would be left of it, its inner node is moved there instead, if its other struts allow.

    Raises `ValueError` where nothing is left.
    """
    thickest = node_radius(web)
    level = shape.distance(web.pos)
    inside = level <= -COVER * thickest
    i, j = web.edge_index
    near = np.flatnonzero(inside[i] | inside[j])
    i, j, radius, kind, depth = i[near], j[near], web.radius[near], web.kind[near], depth[near]
    there, back = (shape.first_hits(web.pos[a], web.pos[b]) for a, b in ((i, j), (j, i)))
    whole = inside[i] & inside[j] & np.isinf(there)
    # Ways out: of a strut that leaves the shape between two inner nodes there are two.
    one, other = np.flatnonzero(inside[i] & ~whole), np.flatnonzero(inside[j] & ~whole)
    strut = np.concatenate([one, other])
    inner, outer = np.concatenate([i[one], j[other]]), np.concatenate([j[one], i[other]])
    leaves = np.minimum(np.concatenate([there[one], back[other]]), 1)
    sunk = level[inner] <= -depth[strut]
    anchored = np.zeros(web.n, bool)
    anchored[inner[~sunk]] = True  # it lies where the strut would end
    strut, inner, outer, leaves = strut[sunk], inner[sunk], outer[sunk], leaves[sunk]
    ends = _ends(shape, web.pos[inner], web.pos[outer], leaves, depth[strut])
    shortest = np.maximum(2 * radius, SHORTEST * float(np.median(web.lengths)))
    long = np.linalg.norm(ends - web.pos[inner], axis=1) >= shortest[strut]
    pos = np.concatenate([web.pos, ends[long]])
    added = web.n + np.arange(np.count_nonzero(long))
    edges = np.concatenate([np.column_stack([i, j])[whole], np.column_stack([inner[long], added])])
    if not len(edges):
        raise ValueError("no strut of the modules lies inside the shape: take thinner struts, or smaller modules")
    least = np.concatenate([shortest[whole], shortest[strut[long]]])
    # A node moves only to where its thickest strut is covered too.
    movable = ~long & (depth[strut] >= COVER * thickest[inner])
    pos, moved = _moved(shape, pos, edges, least, inner[movable], ends[movable])
    anchored = np.concatenate([anchored | moved[: web.n], np.ones(len(added), bool)])
    left = WebGraph.from_edges(
        pos,
        edges,
        np.concatenate([radius[whole], radius[strut[long]]]),
        np.concatenate([kind[whole], np.full(len(added), ANCHOR_KIND)]),
    )
    used = np.unique(edges)
    return Trimmed(left.subweb(used), np.flatnonzero(anchored[used]))


def node_radius(web: WebGraph) -> FloatArray:
    """``(n,)`` radius of the thickest strut at each node, 0 without any."""
    thickest = np.zeros(web.n)
    for ends in web.edge_index:
        np.maximum.at(thickest, ends, web.radius)
    return thickest


def _ends(shape: Shape, starts: FloatArray, ends: FloatArray, leaves: FloatArray, depth: FloatArray) -> FloatArray:
    """``(k, 3)`` places at ``depth`` on the ways from ``starts``, which are deep enough, to where they leave."""
    low, high = np.zeros(len(starts)), leaves
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        deep = shape.distance(starts + middle[:, None] * (ends - starts)) <= -depth
        low, high = np.where(deep, middle, low), np.where(deep, high, middle)
    return np.asarray(starts + low[:, None] * (ends - starts))


def _moved(
    shape: Shape, pos: FloatArray, edges: IntArray, least: FloatArray, nodes: IntArray, places: FloatArray
) -> tuple[FloatArray, np.ndarray]:
    """``pos`` with those of ``nodes`` at their ``places`` whose struts stay long enough and inside; which they are."""
    moved = np.zeros(len(pos), bool)
    target = pos.copy()
    # Of several places of a node the first counts.
    nodes, first = np.unique(nodes, return_index=True)
    target[nodes], moved[nodes] = places[first], True
    while True:
        i, j = edges.T
        now = np.where(moved[:, None], target, pos)
        touched = np.flatnonzero(moved[i] | moved[j])
        a, b = now[i[touched]], now[j[touched]]
        bad = np.isfinite(shape.first_hits(a, b)) | (np.linalg.norm(a - b, axis=1) < least[touched])
        if not bad.any():
            return now, moved
        moved[edges[touched[bad]]] = False
