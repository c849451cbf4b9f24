"""Searches among webs that are made in no time."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from simulate.design.space import Space
from simulate.design.study import Search
from simulate.design.wishes import Wishes
from simulate.mechanics.predictor.network import Predictor, PredictorConfig
from structgen.web import WebGraph


def random_web(targets, seed):
    """A web of about these targets: each node is joined to the nearest before it, the rest at random."""
    if targets.nodes % 7 == 0:
        raise ValueError("no webs of sevens")
    rng = np.random.default_rng(seed)
    pos = rng.uniform(-0.5, 0.5, (targets.nodes, 3)) * targets.extents
    edges = [(int(np.linalg.norm(pos[:k] - pos[k], axis=1).argmin()), k) for k in range(1, targets.nodes)]
    graph = nx.Graph(edges)
    while graph.number_of_edges() < targets.edges:
        graph.add_edge(*rng.choice(targets.nodes, 2, replace=False).tolist())
    return WebGraph.from_edges(pos, list(graph.edges), 0.1)


@pytest.fixture(scope="session")
def network():
    """A network that has learned nothing: what it says is what the quick test says."""
    torch.manual_seed(0)
    return Predictor(PredictorConfig(width=4, layers=1)).eval().requires_grad_(False)


@pytest.fixture
def search(tmp_path, network):
    """``search("load=max", "mass=min", seed=1)``."""

    def make(*texts, folder="study", **options):
        space = Space({"nodes": (8, 20), "dx": (5, 20), "dy": (5, 20), "dz": (5, 20)})
        return Search(random_web, Wishes.of(texts), tmp_path / folder, network, space, **options)

    return make
