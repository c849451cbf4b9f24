"""A web mended for printing: thicker struts, no loose parts, pillars under what begins in the air."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from assembly.printability.part import Part
from assembly.printability.processes import Process
from assembly.printability.rules import FALLS, span_rule
from assembly.printability.struts import hanging
from structgen.web import FloatArray, WebGraph

#: Silk type of pillars: anchor.
PILLAR_KIND = 7
#: Pillars are as thick as the thinnest strut may be, and one part in this many of their height.
SLENDER = 40.0
#: New pillars may rest on struts that hang free themselves: rounds until nothing does.
ROUNDS = 6


def thickened(web: WebGraph, process: Process) -> tuple[WebGraph, int]:
    """``web`` with no strut thinner than the process prints, and the number of struts changed."""
    thin = 2 * web.radius < process.strut_mm * (1 - 1e-6)
    if not thin.any():
        return web, 0
    return web.with_radius(np.where(thin, process.strut_mm / 2, web.radius)), int(thin.sum())


def without_loose(web: WebGraph) -> tuple[WebGraph, int]:
    """The largest connected part of ``web``, and the number of parts left out."""
    parts = int(web.components().max())
    return (web.largest_component(), parts) if parts else (web, 0)


def propped(web: WebGraph, process: Process) -> tuple[WebGraph, int]:
    """``web``, which stands on z = 0, with pillars under islands and under flat spans that would fall; their number.

    A pillar goes straight down to the first strut below, which gets a node there, or to the plate.
    """
    total = 0
    for _ in range(ROUNDS):
        web, places = _split(web, process)
        free = hanging(web, process)
        lifted = [node for node, deep in zip(free.islands.tolist(), free.depth.tolist(), strict=True) if deep < np.inf]
        nodes = sorted(set(lifted) | set(places))
        if not nodes:
            break
        draft = _Draft(web)
        for node in nodes:
            draft.prop(node, process.strut_mm)
        web = draft.web()
        total += len(nodes)
    return web, total


def _split(web: WebGraph, process: Process) -> tuple[WebGraph, list[int]]:
    """``web`` with nodes along flat struts of spans that would fall, no further apart than limits; those to prop."""
    free = hanging(web, process)
    places: list[int] = []
    draft = _Draft(web)
    falling = []
    for e in np.flatnonzero(free.span > 0).tolist():
        limit = span_rule(bool(free.bridge[e]), process)[1]
        if free.span[e] > FALLS * limit * (1 + 1e-6):
            falling.append((e, limit))
    for e, limit in falling:
        i, j = web.edge_index[:, e].tolist()
        places += [node for node in (i, j) if not free.held[node]]
        count = int(np.ceil(web.lengths[e] / max(limit, process.strut_mm) - 1e-9))
        if count > 1:
            places += draft.divide(e, count)
    return (draft.web() if falling else web), sorted(set(places))


@dataclass
class _Draft:
    """A web as it grows."""

    origin: WebGraph
    pos: list[FloatArray] = field(init=False)
    struts: list[tuple[int, int, float, int]] = field(init=False)

    def __post_init__(self) -> None:
        web = self.origin
        self.pos = list(web.pos)
        self.struts = list(zip(*web.edge_index.tolist(), web.radius.tolist(), web.kind.tolist(), strict=True))

    def web(self) -> WebGraph:
        """What has been drafted."""
        i, j, radius, kind = (np.array(column) for column in zip(*self.struts, strict=True))
        return WebGraph.from_edges(np.array(self.pos), np.column_stack([i, j]), radius, kind)

    def divide(self, strut: int, count: int) -> list[int]:
        """New nodes that divide a strut into ``count`` equal pieces."""
        i, j, radius, kind = self.struts[strut]
        a, b = self.pos[i], self.pos[j]
        nodes = [self._node(a + (b - a) * k / count) for k in range(1, count)]
        self.struts[strut] = (i, nodes[0], radius, kind)
        self.struts += [(u, v, radius, kind) for u, v in zip(nodes, [*nodes[1:], j], strict=True)]
        return nodes

    def prop(self, node: int, thinnest: float) -> None:
        """A pillar from ``node`` down to the first strut below or to the plate."""
        top = self.pos[node]
        radius = max(thinnest, float(top[2]) / SLENDER) / 2
        strut, share = self._below(node)
        if strut is None:
            foot = self._node(np.array([top[0], top[1], min(radius, float(top[2]) / 2)]))
        else:
            i, j, thick, kind = self.struts[strut]
            a, b = self.pos[i], self.pos[j]
            reach = thick / max(float(np.linalg.norm(b - a)), 1e-12)
            if share <= reach or share >= 1 - reach:
                foot = i if share < 0.5 else j
            else:
                foot = self._node(a + share * (b - a))
                self.struts[strut] = (i, foot, thick, kind)
                self.struts.append((foot, j, thick, kind))
            radius = max(thinnest / 2, min(radius, thick))
        self.struts.append((foot, node, radius, PILLAR_KIND))

    def _below(self, node: int) -> tuple[int | None, float]:
        """The highest strut straight below a node that its axis meets, and where along it."""
        top = self.pos[node]
        ends = np.array([(i, j) for i, j, *_ in self.struts])
        radius = np.array([strut[2] for strut in self.struts])
        pos = np.array(self.pos)
        a, way = pos[ends[:, 0]], pos[ends[:, 1]] - pos[ends[:, 0]]
        flat = np.maximum((way[:, :2] ** 2).sum(axis=1), 1e-18)
        share = np.clip(((top - a)[:, :2] * way[:, :2]).sum(axis=1) / flat, 0, 1)
        met = a + share[:, None] * way
        near = np.hypot(*(met - top)[:, :2].T) < radius
        under = near & (met[:, 2] < top[2] - 1e-9) & ~(ends == node).any(axis=1)
        if not under.any():
            return None, 0.0
        best = int(np.flatnonzero(under)[np.argmax(met[under, 2])])
        return best, float(share[best])

    def _node(self, place: FloatArray) -> int:
        self.pos.append(place)
        return len(self.pos) - 1


def laid(web: WebGraph, rotation: FloatArray) -> WebGraph:
    """``web`` turned and set down on z = 0."""
    turned = Part(web).turned(rotation).shape
    assert isinstance(turned, WebGraph)
    return turned
