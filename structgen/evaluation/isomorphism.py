"""Whether webs have the same graph: Weisfeiler-Lehman colours first, then a search for the isomorphism itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from structgen.sources.neighbourhoods import Dataset
from structgen.web import IntArray, WebGraph

Codes = npt.NDArray[np.uint64]

#: Rounds of colour refinement. More tell no more webs of the default set apart; a collision costs time, not truth.
ROUNDS = 8
#: Neighbourhoods refined at a time: bounds memory.
BLOCK = 10_000


@dataclass(frozen=True)
class Hashed:
    """Webs and a code ``(k,)`` for the graph of each: equal for isomorphic graphs, hardly ever for others."""

    webs: Sequence[WebGraph]
    codes: Codes

    @classmethod
    def of(cls, webs: Sequence[WebGraph]) -> Hashed:
        """The codes of ``webs``."""
        nodes = np.concatenate([[0], np.cumsum([web.n for web in webs])])
        edges = np.concatenate([web.edge_index + start for web, start in zip(webs, nodes, strict=False)], axis=1)
        return cls(webs, codes(edges, nodes)[0])


def codes(edges: IntArray, node_ptr: IntArray) -> tuple[Codes, Codes]:
    """Codes of many graphs at once: ``(k,)`` one a graph, ``(n,)`` one a node.

    ``edges (2, m)`` number the nodes of all graphs in one go; graph k has the nodes ``node_ptr[k]:node_ptr[k+1]``. The
    colour refinement of B. Weisfeiler and A. Lehman (1968), with 64-bit mixing in place of a table of colours.
    """
    i, j = edges
    colour = np.zeros(int(node_ptr[-1]), np.uint64)
    for _ in range(ROUNDS):
        mixed = _mixed(colour)
        around = np.zeros_like(colour)
        np.add.at(around, i, mixed[j])
        np.add.at(around, j, mixed[i])
        colour = _mixed(colour * np.uint64(3) + around)
    return np.add.reduceat(_mixed(colour), node_ptr[:-1]), colour


def _mixed(x: Codes) -> Codes:
    """Each number sent to one that looks random: splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def dataset_codes(dataset: Dataset) -> Codes:
    """``(k,)`` code of the graph of each neighbourhood of ``dataset``."""
    a = dataset.arrays
    found = []
    for first in range(0, len(dataset), BLOCK):
        last = min(first + BLOCK, len(dataset))
        nodes, ends = (a[name][first : last + 1] for name in ("node_ptr", "edge_ptr"))
        start = np.repeat(nodes[:-1] - nodes[0], np.diff(ends))
        found.append(codes(a["edges"][ends[0] : ends[-1]].T.astype(np.int64) + start, nodes - nodes[0])[0])
    return np.concatenate(found)


def isomorphic(a: WebGraph, b: WebGraph) -> bool:
    """Whether some numbering of the nodes makes the edges of the two webs the same.

    networkx searches it (VF2), among nodes of equal colour only, without which symmetric trees take for ever.
    """
    if (a.n, a.m) != (b.n, b.m):
        return False
    graphs = []
    for web in (a, b):
        graph = nx.empty_graph(web.n)
        graph.add_edges_from(web.edge_index.T.tolist())
        colours = codes(web.edge_index, np.array([0, web.n]))[1]
        nx.set_node_attributes(graph, dict(enumerate(colours.tolist())), "colour")
        graphs.append(graph)
    return bool(nx.is_isomorphic(*graphs, node_match=lambda u, v: u["colour"] == v["colour"]))


def distinct(webs: Hashed) -> int:
    """How many different graphs there are among ``webs``."""
    kept: dict[int, list[WebGraph]] = {}
    for web, code in zip(webs.webs, webs.codes.tolist(), strict=True):
        same = kept.setdefault(code, [])
        if not any(isomorphic(web, other) for other in same):
            same.append(web)
    return sum(map(len, kept.values()))


def known(webs: Hashed, dataset: Dataset, rows: IntArray, row_codes: Codes) -> npt.NDArray[np.bool_]:
    """``(k,)`` which of ``webs`` have the graph of one of the neighbourhoods ``rows`` with codes ``row_codes``."""
    order = np.argsort(row_codes, kind="stable")
    first = np.searchsorted(row_codes, webs.codes, sorter=order)
    last = np.searchsorted(row_codes, webs.codes, side="right", sorter=order)
    spans = zip(webs.webs, first.tolist(), last.tolist(), strict=True)
    found = [any(isomorphic(web, dataset[int(rows[k])]) for k in order[low:high]) for web, low, high in spans]
    return np.array(found, bool)
