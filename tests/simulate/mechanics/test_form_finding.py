from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulate
from simulate import form_find
from structgen.web import WebGraph


def cable(n, kind=0):
    """A cable of n threads between (0, 0, 0) and (12, 0, -6), its inner nodes anywhere."""
    pos = np.random.default_rng(0).normal(size=(n + 1, 3))
    pos[0], pos[n] = (0, 0, 0), (12, 0, -6)
    return WebGraph(pos, [np.arange(n), np.arange(1, n + 1)], 0.2, kind)


def test_a_cable_of_one_silk_is_straight_and_evenly_divided():
    found = form_find(cable(6), [0, 6])
    np.testing.assert_allclose(found.pos, np.linspace(0, 1, 7)[:, None] * (12, 0, -6), atol=1e-12)


def test_lengths_in_a_cable_are_as_the_inverses_of_the_densities_of_its_silks():
    web = cable(4, [1, 2, 3, 2])
    found = form_find(web, [0, 4], kinds={"frame": 4, "radial": 2.0, 3: 1})
    np.testing.assert_allclose(found.lengths / found.lengths[0], [1, 2, 4, 2])
    # Silks that are not named keep the common density.
    found = form_find(web, [0, 4], force_density=2.0, kinds={"frame": 4, "spiral": 1})
    np.testing.assert_allclose(found.lengths / found.lengths[0], [1, 2, 4, 2])
    found = form_find(web, [0, 4], force_density=[9, 2, 9, 2], kinds={1: 4, 3: 1})
    np.testing.assert_allclose(found.lengths / found.lengths[0], [1, 2, 4, 2])


def test_all_but_the_positions_is_kept():
    web = cable(5, [1, 2, 3, 4, 5])
    found = form_find(web, np.array([True, False, False, False, False, True]))
    for name in ("edge_index", "radius", "kind"):
        np.testing.assert_array_equal(getattr(found, name), getattr(web, name))
    np.testing.assert_array_equal(found.pos[[0, 5]], web.pos[[0, 5]])


@given(seed=st.integers(0, 10**6), n=st.integers(4, 40))
def test_free_nodes_feel_no_net_force_and_the_web_is_that_of_relaxed(seed, n):
    rng = np.random.default_rng(seed)
    edges = [(int(rng.integers(k)), k) for k in range(1, n)] + [(0, k) for k in range(2, n, 3)]
    web = WebGraph.from_edges(rng.uniform(-20, 20, (n, 3)), edges, 0.1, rng.integers(1, 8, len(edges)))
    fixed = np.unique(np.r_[0, rng.integers(n, size=3)])
    densities = rng.uniform(0.1, 10, 8)
    found = form_find(web, fixed, kinds={k: float(densities[k]) for k in range(1, 8)})
    i, j = found.edge_index
    pull = densities[found.kind][:, None] * (found.pos[j] - found.pos[i])
    net = np.zeros_like(found.pos)
    np.add.at(net, i, pull)
    np.add.at(net, j, -pull)
    assert np.abs(np.delete(net, fixed, axis=0)).max(initial=0) < 1e-8
    np.testing.assert_allclose(found.pos, web.relaxed(fixed, densities[web.kind]).pos, atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fixed": []}, ("fixed holds no node",)),
        ({"fixed": [9]}, ("fixed holds 9", "0..3")),
        ({"fixed": [0], "force_density": -1.0}, ("force_density row 0 is -1.0",)),
        ({"fixed": [0], "force_density": [1.0, 2.0]}, ("force_density has shape (2,)", "(3,)")),
        ({"fixed": [0], "force_density": [1.0, 2.0], "kinds": {"frame": 1}}, ("force_density has shape (2,)", "(3,)")),
        ({"fixed": [0], "force_density": "tight", "kinds": {}}, ("force_density has shape ()",)),
        ({"fixed": [0], "kinds": {"steel": 1}}, ("kinds names 'steel'", "frame", "gumfoot")),
        ({"fixed": [0], "kinds": {99: 1}}, ("kinds names 99",)),
        ({"fixed": [0], "kinds": {"frame": 0}}, ("kinds has 'frame': 0", "> 0")),
        ({"fixed": [0], "kinds": {"frame": float("nan")}}, ("kinds has 'frame': nan",)),
        ({"fixed": [0], "kinds": {"frame": "much"}}, ("kinds has 'frame': 'much'",)),
    ],
)
def test_refusals(refused, arguments, words):
    with refused(*words):
        form_find(cable(3), **arguments)


def test_package_offers_it_by_name_only():
    assert simulate.form_find is form_find
    assert "form_find" in simulate.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        simulate.nothing  # noqa: B018
