from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.mechanics.predictor.features import EDGE_FEATURES, NODE_FEATURES, WHOLE_FEATURES, seen
from simulate.mechanics.predictor.labels import TEST
from simulate.mechanics.virtual_tests import tension
from structgen.web import WebGraph


def same(a, b):
    for name in ("node", "edge", "whole", "estimate"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=1e-4), name


def test_sizes_and_finite_numbers(webs):
    for web in webs:
        found = seen(web, "y")
        assert found.node.shape == (web.n, NODE_FEATURES) and found.edge.shape == (web.m, EDGE_FEATURES)
        assert found.whole.shape == (WHOLE_FEATURES,) and found.estimate.shape == (3,)
        assert all(np.isfinite(getattr(found, name)).all() for name in ("node", "edge", "whole", "estimate"))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6), st.floats(0, 6.3), st.floats(0.1, 50), st.floats(0.1, 10),
    st.tuples(*3 * [st.floats(-100, 100)]), st.sampled_from([-1.0, 1.0]), st.sampled_from([-1.0, 1.0]),
)  # fmt: skip
def test_nothing_changes_with_place_size_turn_about_the_axis_mirror_and_scale_of_radii(
    lattice, seed, turn, size, thick, offset, along, across
):
    web = lattice(seed)
    turned = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    other = web.rotated(np.diag([along, across, 1.0]) @ turned).scaled(size).with_radius(thick * web.radius)
    same(seen(web, "x"), seen(other.translated(offset), "x"))


def test_a_turned_web_pulled_along_the_turned_axis_is_the_same(webs):
    turned = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    same(seen(webs[0], "x"), seen(webs[0].rotated(turned), "y"))


def test_the_axis_matters(webs):
    assert not np.allclose(seen(webs[0], "x").whole, seen(webs[0], "y").whole, atol=0.01)


def test_the_network_is_told_which_threads_break(webs):
    found = seen(webs[0], "x")
    result = tension(webs[0], axis="x", **TEST)
    broken = result.breaks[:, 0].astype(int)
    turn = found.edge[:, 8][broken]
    assert found.edge[:, 7][broken].all() and (np.diff(turn) <= 0).all()


def test_what_cannot_be_pulled(refused):
    with refused("axis is 'z'"):
        seen(WebGraph.from_edges([(0, 0, 0), (1, 0, 0), (2, 1, 0)], [(0, 1), (1, 2)]), "z")
