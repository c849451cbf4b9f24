"""The order in which a web grows, node by node: each joins those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from structgen.sources.neighbourhoods import neighbour_lists
from structgen.web import WebGraph

IntArray = npt.NDArray[np.int64]


def growth_order(web: WebGraph, start: int) -> IntArray:
    """``(n,)`` the nodes of ``web`` from ``start`` on: next is always the node with the most neighbours among those
    before it, of these the nearest to ``start``.

    So meshes close as soon as they can, and a node's place is fixed by as many neighbours as may be. In a web of
    several parts the next part begins at its node nearest to ``start``.
    """
    away = np.linalg.norm(web.pos - web.pos[start], axis=1)
    away[start] = -1.0
    neighbours: Sequence[list[int]] = [nodes.tolist() for nodes in neighbour_lists(web)]
    distance: list[float] = away.tolist()
    links = [0] * web.n
    order: list[int] = []
    placed = [False] * web.n
    rim: list[tuple[int, float, int]] = []
    for first in np.argsort(away, kind="stable").tolist():
        if placed[first]:
            continue
        heappush(rim, (0, distance[first], first))
        while rim:
            fewer, _, node = heappop(rim)
            if placed[node] or -fewer < links[node]:
                continue
            placed[node] = True
            order.append(node)
            for other in neighbours[node]:
                if not placed[other]:
                    links[other] += 1
                    heappush(rim, (-links[other], distance[other], other))
    return np.array(order)


def parents(web: WebGraph) -> IntArray:
    """``(n,)`` of the earlier nodes that a node is joined to the nearest one; -1 where there is none."""
    i, j = web.edge_index
    found = np.full(web.n, -1)
    far_first = np.argsort(-web.lengths, kind="stable")
    found[j[far_first]] = i[far_first]
    return found
