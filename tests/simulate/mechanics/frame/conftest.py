"""Frames that tests share."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.frame.material import Material
from simulate.mechanics.frame.model import Frame
from structgen.web import WebGraph


@pytest.fixture(scope="session")
def frame_of():
    """``frame_of(pos, edges, radius, parts)``: a frame of round beams with E = 1000 MPa."""

    def make(pos, edges, radius=0.5, parts=1, shear=False):
        web = WebGraph.from_edges(np.asarray(pos, float), edges, radius)
        return Frame.of_web(web, Material(1000.0, 20.0), parts, shear)

    return make


@pytest.fixture(scope="session")
def column(frame_of):
    """A column of length 20 along z in four parts."""
    return frame_of([[0, 0, 0], [0, 0, 20]], [[0, 1]], 0.5, 4)
