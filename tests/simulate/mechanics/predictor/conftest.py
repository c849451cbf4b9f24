"""Small webs of threads in space."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from structgen.web import WebGraph


def lattice_web(seed: int, size: tuple[int, int, int] = (3, 3, 2)) -> WebGraph:
    """A lattice of 1 mm with nodes off their places and some threads left out; connected."""
    rng = np.random.default_rng(seed)
    graph = nx.convert_node_labels_to_integers(nx.grid_graph(size[::-1]), ordering="sorted", label_attribute="place")
    pos = np.array([graph.nodes[k]["place"] for k in graph], float) + rng.uniform(-0.2, 0.2, (len(graph), 3))
    for edge in rng.permutation(list(graph.edges))[: len(graph.edges) // 4]:
        graph.remove_edge(*edge)
        if not nx.is_connected(graph):
            graph.add_edge(*edge)
    return WebGraph.from_edges(pos, list(graph.edges), rng.uniform(0.05, 0.1, len(graph.edges)))


@pytest.fixture(scope="session")
def lattice():
    """``lattice(seed)``: see `lattice_web`."""
    return lattice_web


@pytest.fixture(scope="session")
def webs():
    """Twelve of them."""
    return [lattice_web(seed) for seed in range(12)]
