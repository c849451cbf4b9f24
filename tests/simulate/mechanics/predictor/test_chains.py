from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.chains import ROWS, chains_of
from simulate.mechanics.silk import LAWS
from structgen.web import WebGraph

LAW = LAWS["dragline"]


def test_threads_in_a_row_are_one_and_loose_ends_and_loops_none():
    pos = [(0, 0, 0), (1, 0, 0), (2, 1, 0), (3, 0, 0), (1, 5, 0), (1, 6, 0), (2, 3, 0), (3, 3, 0), (2, 4, 0)]
    edges = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (2, 6), (6, 7), (7, 8), (6, 8)]
    web = WebGraph.from_edges(pos, edges, 0.1)
    chains = chains_of(web, grips_of(web, "x", ([0], [3])), LAW)
    number = dict(zip(map(tuple, web.edge_index.T.tolist()), chains.of.tolist(), strict=True))
    carrying = {edge for edge, of in number.items() if of >= 0}
    assert {(0, 1), (2, 3)} <= carrying
    assert not carrying & {(1, 4), (4, 5), (6, 7), (7, 8), (6, 8)}
    assert chains.length[number[0, 1]] >= 1


@pytest.mark.parametrize("radii", [(0.1, 0.1), (0.1, 0.14)])
def test_a_chain_strains_as_its_threads_do_together(radii):
    web = WebGraph.from_edges([(0, 0, 0), (2, 0, 0), (5, 0, 0)], [(0, 1), (1, 2)], radii)
    chains = chains_of(web, grips_of(web, "x", "faces"), LAW)
    area = np.pi * np.array(radii) ** 2
    for force in area[0] * np.array([50.0, 300.0, LAW.strength]):
        longer = (np.interp(force / area, LAW.stress, LAW.strain) * web.lengths).sum() / chains.length[0]
        at = np.interp(longer, np.linspace(0, chains.breaks[0], ROWS + 1), chains.table[0, :, 0])
        assert at == pytest.approx(force, rel=0.01)
    stored = sum(a * long * np.trapezoid(LAW.stress, LAW.strain) for a, long in zip(area, web.lengths, strict=True))
    if radii[0] == radii[1]:
        assert chains.table[0, -1, 1] * chains.length[0] == pytest.approx(stored, rel=0.01)
    assert chains.table[0, -1, 2] == pytest.approx(1)
