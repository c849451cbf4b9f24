from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from structgen.generators.growing import Growing
from structgen.generators.nets_causal import NEAREST, NEIGHBOURS
from structgen.generators.sequences import sequences
from structgen.generators.surroundings import surroundings
from structgen.web import WebGraph

#: A node with three neighbours, and one further away.
POS = np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0], [-1, 0, 0], [1, 4, 2]], float)
EDGES = [(0, 1), (0, 2), (0, 3), (2, 4)]


def around(pos, parent=1):
    """Surroundings of a place once all are there."""
    batch = sequences([WebGraph.from_edges(pos, EDGES)], np.array([False]))
    web = Growing.of(batch.pos, batch.kind, batch.radius, batch.parent, batch.request, batch.drop, batch.blur)
    return surroundings(web, torch.tensor([[parent]]), slice(len(pos), len(pos) + 1)), float(web.unit[0])


def test_neighbours_come_first_in_a_frame_along_the_earliest():
    told, unit = around(POS)
    np.testing.assert_allclose(told.frame[0, 0], np.eye(3), atol=1e-6)
    places = told.features[0, 0, : 3 * (NEIGHBOURS + NEAREST)].reshape(-1, 3).numpy()
    expected = np.zeros_like(places)
    expected[[0, 1, 2, NEIGHBOURS]] = POS[[1, 2, 3, 4]] / unit
    np.testing.assert_allclose(places, expected / (1 + np.linalg.norm(expected, axis=1, keepdims=True) / 4), atol=1e-6)
    directions = told.features[0, 0, 3 * (NEIGHBOURS + NEAREST) :][: 3 * NEIGHBOURS].reshape(-1, 3)
    np.testing.assert_allclose(directions, [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 0]], atol=1e-6)


def test_a_turned_web_looks_the_same_but_for_its_box():
    turn = Rotation.from_euler("xyz", [0.3, 0.5, -0.7]).as_matrix()
    one, other = (around(pos)[0] for pos in (POS, POS @ turn.T))
    alike = 8 * (NEIGHBOURS + NEAREST)
    np.testing.assert_allclose(one.features[..., :alike], other.features[..., :alike], atol=1e-5)
    np.testing.assert_allclose(other.frame[0, 0], one.frame[0, 0].numpy() @ turn.T, atol=1e-5)


def test_frames_are_orthonormal_whatever_there_is():
    line = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 4]], float)
    for pos, parent in ((POS, 0), (POS, 5), (line, 1), (line, 2)):
        told = around(pos, parent)[0]
        assert torch.isfinite(told.features).all()
        np.testing.assert_allclose(told.frame[0, 0] @ told.frame[0, 0].T, np.eye(3), atol=1e-5)
