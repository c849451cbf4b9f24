from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from structgen.generators.batches import Request
from structgen.generators.stepping.crossing import runs_through
from structgen.generators.stepping.state import Drawn
from structgen.geometry import segment_distance
from structgen.targets import DesignTargets

ASKED = DesignTargets(mean_edge_length=1.0, extents=(4, 4, 4), nodes=8, edges=8, mean_degree=2)


def laid(pos, struts, reach):
    """A web of places ``pos`` that ``struts`` join."""
    web = Drawn.empty(len(pos), Request.of([ASKED]), np.float32([reach]), np.zeros((1, 2, 3), np.float32))
    web.pos[0] = pos
    web.struts[0, : len(struts)] = np.reshape(struts, (-1, 2))
    web.laid[0] = len(struts)
    return web


def test_struts_that_run_through_laid_ones_are_found():
    pos = [[0, 0, 0], [0, 0, 0], [2, 0, 0], [1, -1, 0]]
    for reach, of_past in ((0.1, False), (1.5, True)):
        web = laid(pos, [(1, 2)], reach)
        assert runs_through(web, 0, 1.0, 1.0, 0.0, 3)
        assert runs_through(web, 0, 1.0, -3.0, 0.0, 3) == of_past
        # Of a strut to a place those that end there are not asked.
        assert not runs_through(web, 0, 1.0, 1.0, 0.0, 1)
    assert not runs_through(laid(pos, [], 1.5), 0, 1.0, 1.0, 0.0, 3)


@given(st.integers(0, 2**20), st.sampled_from([0.05, 0.3]), st.booleans())
def test_what_runs_through_is_nearer_than_the_reach(seed, reach, flat):
    rng = np.random.default_rng(seed)
    pos = rng.uniform(-1, 1, (7, 3)).astype(np.float32)
    pos[:, 2] *= not flat
    struts = np.array([(1, 2), (2, 3), (3, 4), (1, 5), (4, 5)])
    point, other = rng.uniform(-1, 1, 3).astype(np.float32) * [1, 1, not flat], 6
    start, end = pos[struts[:, 0]].astype(float), pos[struts[:, 1]].astype(float)
    apart = segment_distance(point.astype(float), pos[other].astype(float), start, end)
    if np.abs(apart - np.float32(reach)).min() > 1e-6:
        assert runs_through(laid(pos, struts, reach), 0, *point, other) == (apart < reach).any()
