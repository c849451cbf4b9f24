from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from structgen.evaluation.soundness import soundness
from structgen.web import WebGraph

SQUARE = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]


def test_each_fault_is_counted_by_its_own_name(cube):
    crossed = WebGraph.from_edges(SQUARE, [(0, 2), (1, 3), (0, 1)], 0.01)
    apart = WebGraph.from_edges(SQUARE, [(0, 1), (2, 3)], 0.01)
    close = WebGraph.from_edges([*SQUARE, [0, 0, 0.001]], [(0, 1), (1, 2), (2, 3), (0, 4)], 0.01)
    tips = np.array([[np.cos(a), np.sin(a), 0] for a in np.linspace(0, 5, 5)])
    star = WebGraph.from_edges(np.vstack([[[0, 0, 0]], tips]), nx.star_graph(5).edges, 0.001)
    found = soundness([cube, crossed, apart, close, star, None], max_degree=4)
    sixth = pytest.approx(1 / 6)
    assert found["valid"] == sixth
    assert found["connected"] == pytest.approx(4 / 6)
    assert found["over_degree"] == found["crossings"] == sixth
    assert found["close_nodes"] == sixth
    assert found["zero_length"] == 0
