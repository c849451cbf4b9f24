"""From threads as they were spun to a web that hangs in equilibrium and touches itself at junctions only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from structgen.force_density import equilibrium
from structgen.geometry import nearest_shares
from structgen.sources.procedural.silk import FORCE_DENSITY, RANK, RELATIVE_RADIUS, by_kind
from structgen.sources.procedural.spinning import Spinning
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Rounds in which threads that touch are joined; after them the lesser of two is taken out, which comes to an end.
JOINING_ROUNDS = 20
#: Least distance of two nodes over the radius of the thickest thread.
NODE_DISTANCE = 2.5


class UnconnectedError(ValueError):
    """Threads that hold no web together."""


@dataclass(frozen=True)
class _Net:
    """Threads with the nodes that hold them."""

    pos: FloatArray
    ends: IntArray
    kind: IntArray
    held: npt.NDArray[np.bool_]

    @property
    def degree(self) -> IntArray:
        return np.bincount(self.ends.ravel(), minlength=len(self.pos))

    def without(self, edges: npt.NDArray[np.bool_]) -> _Net:
        return replace(self, ends=self.ends[~edges], kind=self.kind[~edges])


def tensed(spun: Spinning) -> None:
    """Bring the threads of ``spun`` to equilibrium as they are, without a look at those that touch."""
    net = _tidy(_Net(spun.pos, spun.ends, spun.kind, spun.held), spun.max_degree)
    spun.pos = equilibrium(net.pos, net.ends.T, by_kind(net.kind, FORCE_DENSITY), net.held, symmetric=True)
    spun.ends, spun.kind, spun.held = net.ends, net.kind, net.held


def settled(spun: Spinning, radius: float) -> WebGraph:
    """The web of ``spun`` in equilibrium, with strut radii by kind for a sheet thread of ``radius`` mm.

    In turns the web is brought to equilibrium with `FORCE_DENSITY` and threads
    that then touch get a junction, or the lesser of them goes; junctions too near to each other become one; a junction
    keeps at most ``max_degree`` threads; loose ends go, and junctions of two like threads, which are none.
    """
    net = _Net(spun.pos, spun.ends, spun.kind, spun.held)
    least = NODE_DISTANCE * radius * max(RELATIVE_RADIUS.values())
    turn = 0
    while True:
        net = _tidy(net, spun.max_degree)
        density = by_kind(net.kind, FORCE_DENSITY)
        net = replace(net, pos=equilibrium(net.pos, net.ends.T, density, net.held, symmetric=True))
        web = WebGraph(net.pos, np.sort(net.ends, axis=1).T, radius * by_kind(net.kind, RELATIVE_RADIUS), net.kind)
        crossing = crossing_pairs(web)
        close = cKDTree(net.pos).query_pairs(least, output_type="ndarray")
        if not len(crossing) and not len(close):
            return web
        if turn >= JOINING_ROUNDS:
            net = net.without(_lesser(net, crossing))
            crossing = crossing[:0]
        net = _joined(net, crossing, close, least)
        turn += 1


def _joined(net: _Net, crossing: IntArray, close: IntArray, least: float) -> _Net:
    """A junction where threads of the pairs ``crossing`` touch; nodes of the pairs ``close`` made one."""
    spun = Spinning(least, 2**30, net.pos, net.ends, net.kind, net.held)
    e, f = crossing.T
    a, b = net.pos[net.ends[e]], net.pos[net.ends[f]]
    s, t = nearest_shares(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    node = spun.split(np.concatenate([e, f]), np.concatenate([s, t])).reshape(2, -1).T
    # Nothing is joined to an attachment point: of two threads that touch there the lesser goes.
    barred = (node < 0).any(axis=1)
    lesser = np.zeros(len(spun.ends), bool)
    lesser[: len(net.ends)] = _lesser(net, crossing[barred])
    held = spun.held
    at_anchor = held[close].any(axis=1)
    loose = np.zeros(len(spun.pos), bool)
    loose[close[at_anchor].ravel()] = True
    lesser |= (loose & held)[spun.ends].any(axis=1)
    pairs = np.concatenate([node[~barred], close[~at_anchor]])
    adjacency = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(spun.pos),) * 2)
    count, label = connected_components(adjacency, directed=False)
    pos = np.zeros((count, 3))
    np.add.at(pos, label, spun.pos)
    pos /= np.bincount(label, minlength=count)[:, None]
    merged = np.zeros(count, bool)
    merged[label[held]] = True
    return _Net(pos, label[spun.ends], spun.kind, merged).without(lesser)


def _lesser(net: _Net, pairs: IntArray) -> npt.NDArray[np.bool_]:
    """``(m,)`` which threads to take out so that none of ``pairs`` is left: the lesser by `RANK`, then the younger."""
    taken = np.zeros(len(net.ends), bool)
    rank = by_kind(net.kind, RANK)
    for e, f in pairs.tolist():
        if not (taken[e] or taken[f]):
            taken[e if (rank[e], e) > (rank[f], f) else f] = True
    return taken


def _tidy(net: _Net, max_degree: int) -> _Net:
    """No thread twice, none too many at a node, no loose ends, no junctions of two like threads, one part."""
    while True:
        before = len(net.ends)
        net = _limited(_single(net), max_degree)
        while (loose := (net.degree == 1) & ~net.held).any():
            net = net.without(loose[net.ends].any(axis=1))
        net = _dissolved(net)
        if len(net.ends) == before:
            break
    n = len(net.pos)
    adjacency = coo_array((np.ones(len(net.ends)), (net.ends[:, 0], net.ends[:, 1])), shape=(n, n))
    label = connected_components(adjacency, directed=False)[1]
    size = np.bincount(label)
    size[np.bincount(label[net.held], minlength=len(size)) < 2] = 0
    if size.max() < 3:
        raise UnconnectedError("the threads hold no web together; ask for more of them")
    keep = label == size.argmax()
    number = np.cumsum(keep) - 1
    mine = keep[net.ends[:, 0]]
    return _Net(net.pos[keep], number[net.ends[mine]], net.kind[mine], net.held[keep])


def _single(net: _Net) -> _Net:
    """Of threads between the same nodes the best by `RANK`; none from a node to itself."""
    ends = np.sort(net.ends, axis=1)
    order = np.argsort(by_kind(net.kind, RANK), kind="stable")
    order = order[ends[order, 0] != ends[order, 1]]
    _, first = np.unique(ends[order] @ [len(net.pos), 1], return_index=True)
    keep = np.sort(order[first])
    return replace(net, ends=ends[keep], kind=net.kind[keep])


def _limited(net: _Net, max_degree: int) -> _Net:
    """At most ``max_degree`` threads at each node, the best by `RANK`, of equals the shortest."""
    if net.degree.max() <= max_degree:
        return net
    length = np.linalg.norm(net.pos[net.ends[:, 0]] - net.pos[net.ends[:, 1]], axis=1)
    node, edge = net.ends.T.ravel(), np.tile(np.arange(len(net.ends)), 2)
    order = np.lexsort((length[edge], by_kind(net.kind, RANK)[edge], node))
    begins = np.cumsum(net.degree) - net.degree
    place = np.arange(len(node)) - begins[node[order]]
    over = np.zeros(len(net.ends), bool)
    over[edge[order[place >= max_degree]]] = True
    return net.without(over)


def _dissolved(net: _Net) -> _Net:
    """Free nodes of two threads of one kind taken out, a thread made of both."""
    while True:
        node, edge = net.ends.T.ravel(), np.tile(np.arange(len(net.ends)), 2)
        order = np.argsort(node, kind="stable")
        degree = net.degree
        begins = np.cumsum(degree) - degree
        inner = np.flatnonzero((degree == 2) & ~net.held)
        one, two = edge[order[begins[inner]]], edge[order[begins[inner] + 1]]
        alike = net.kind[one] == net.kind[two]
        inner, one, two = inner[alike], one[alike], two[alike]
        ends = net.ends
        left, right = (ends[e].sum(axis=1) - inner for e in (one, two))
        # Of neighbours that both may go, one goes: the one whose scrambled number is smaller.
        chance = np.full(len(net.pos), np.inf)
        chance[inner] = (inner * 2654435761 % 2**32).astype(float)
        goes = (chance[inner] < chance[left]) & (chance[inner] < chance[right])
        if not goes.any():
            return net
        ends = ends.copy()
        ends[one[goes]] = np.column_stack([left, right])[goes]
        gone = np.zeros(len(ends), bool)
        gone[two[goes]] = True
        net = _single(replace(net, ends=ends).without(gone))
