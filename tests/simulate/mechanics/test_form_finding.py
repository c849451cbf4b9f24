from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import simulate
from simulate import form_find
from simulate.mechanics.form_finding import fit_tensions
from simulate.mechanics.silk import LAWS
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


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_tensions_of_a_web_in_equilibrium_hold_it_where_it_is(seed):
    rng = np.random.default_rng(seed)
    n = 12
    edges = [(int(rng.integers(k)), k) for k in range(1, n)] + [(0, k) for k in range(2, n, 2)]
    web = WebGraph.from_edges(rng.uniform(-20, 20, (n, 3)), edges, 0.1)
    fixed = np.unique(np.r_[0, np.flatnonzero(web.degree == 1), rng.integers(n, size=3)])
    density = rng.uniform(0.5, 2, web.m)
    hung = form_find(web, fixed, density)
    # Tensions far below the mean run into the bound.
    assume((density * hung.lengths).min() > 0.03 * (density * hung.lengths).mean())
    fitted = fit_tensions(hung, fixed, prior=0.01)
    assert fitted.unbalanced.max() < 0.15
    assert fitted.moved.max() < 0.05 * hung.lengths.mean()
    assert (fitted.tension > 0).all()


def test_tethers_keep_a_web_near_its_shape():
    web = lattice_web()
    fixed = np.unique(np.r_[0:5, 20:25, 0:25:5, 4:25:5])
    moved = [fit_tensions(web, fixed, tether=tether).moved.mean() for tether in (0, 1, 100)]
    assert moved[0] > moved[1] > moved[2] > 0
    assert moved[2] < 0.01
    fitted = fit_tensions(web, fixed)
    # Under tensions and tethers no free node feels a net force.
    i, j = web.edge_index
    density = fitted.tension / web.lengths
    net = np.zeros_like(web.pos)
    pull = density[:, None] * (fitted.web.pos[j] - fitted.web.pos[i])
    np.add.at(net, i, pull)
    np.add.at(net, j, -pull)
    net += density.mean() * (web.pos - fitted.web.pos)
    assert np.abs(np.delete(net, fixed, axis=0)).max() < 1e-9 * density.mean()


def test_prestrain_of_fitted_tensions():
    web = lattice_web().with_radius(np.linspace(0.1, 0.2, 40))
    fitted = fit_tensions(web, [0, 4, 20, 24])
    strain = fitted.prestrain("dragline", mean_stress=30.0)
    force = LAWS["dragline"].stress_at(strain) * web.radius**2
    np.testing.assert_allclose(force / force.mean(), fitted.tension / fitted.tension.mean())
    assert force.mean() == pytest.approx(30 * (web.radius**2).mean())


def lattice_web():
    """A lattice of 5 x 5 nodes, jittered, its rim of frame threads."""
    number = np.arange(25).reshape(5, 5)
    edges = np.concatenate([np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
                            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])])  # fmt: skip
    pos = np.column_stack([*np.divmod(np.arange(25), 5), np.zeros(25)])
    pos = pos + np.random.default_rng(0).normal(scale=0.1, size=pos.shape)
    return WebGraph.from_edges(pos, edges, 0.1, np.arange(40) % 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prior": 0}, ("prior is 0",)),
        ({"tether": -1}, ("tether is -1",)),
        ({"kinds": {"steel": 1}}, ("kinds names 'steel'",)),
        ({"fixed": [99]}, ("fixed holds 99",)),
    ],
)
def test_refused_fits(refused, arguments, words):
    with refused(*words):
        fit_tensions(lattice_web(), **{"fixed": [0], **arguments})


@pytest.mark.realdata
def test_a_tracing_stays_within_a_tenth_of_an_edge(real_data):
    with np.load(real_data / "orb_web_tracing.npz") as data:
        web = WebGraph.from_edges(np.column_stack([data["pos"], np.zeros(633)]), data["edges"], 0.05)
    fixed = web.degree == 1
    assert np.linalg.norm(form_find(web, fixed).pos - web.pos, axis=1).mean() > 3 * web.lengths.mean()
    fitted = fit_tensions(web, fixed)
    assert fitted.moved.mean() < 0.1 * web.lengths.mean()
