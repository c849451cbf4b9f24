from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen.sources.orb.build
from structgen.force_density import equilibrium
from structgen.measures import junction_angles
from structgen.sources.orb import orb
from structgen.validity import crossing_pairs
from structgen.web import KINDS

CODE = {name: code for code, name in KINDS.items()}
FRAME, RADIAL, SPIRAL, ANCHOR = (CODE[name] for name in ("frame", "radial", "spiral", "anchor"))


@pytest.fixture
def hung(monkeypatch):
    """`orb` with the force densities it was hung with: ``(web, force_density)``."""
    kept = {}

    def keep(pos, edge_index, force_density, fixed):
        kept["density"] = np.asarray(force_density)
        return equilibrium(pos, edge_index, force_density, fixed)

    monkeypatch.setattr(structgen.sources.orb.build, "equilibrium", keep)
    return lambda *a, **k: (orb(*a, **k), kept["density"])


@pytest.mark.parametrize(
    "arguments", [{}, {"relief": 6.0}, {"radii": 12, "mesh": 8.0}, {"reverses": 0.0, "broken": 0.2}]
)
def test_free_nodes_are_in_equilibrium(hung, arguments):
    web, density = hung(3, **arguments)
    i, j = web.edge_index
    pull = density[:, None] * (web.pos[j] - web.pos[i])
    force = np.zeros_like(web.pos)
    np.add.at(force, i, pull)
    np.add.at(force, j, -pull)
    mean = np.linalg.norm(pull, axis=1).mean()
    assert np.linalg.norm(force[web.degree > 1], axis=1).max() < 1e-6 * mean
    assert (density > 0).all()


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**40),
    radii=st.integers(10, 60),
    mesh=st.floats(3.5, 7),
    anchors=st.integers(5, 30),
    width=st.floats(120, 220),
    height=st.floats(120, 260),
    asymmetry=st.floats(-0.2, 0.4),
    secondary=st.floats(0, 1),
    forked=st.floats(0, 1),
    reverses=st.floats(0, 0.8),
    doubles=st.floats(0, 0.5),
    broken=st.floats(0, 0.3),
)
def test_an_orb_is_one_web_hung_by_its_anchors_whose_threads_never_touch(
    seed, radii, mesh, anchors, width, height, asymmetry, secondary, forked, reverses, doubles, broken
):
    web = orb(
        seed,
        width,
        height,
        asymmetry,
        radii,
        mesh,
        anchors,
        secondary_frames=secondary,
        forked_radii=forked,
        reverses=reverses,
        double_attachments=doubles,
        broken=broken,
        radius=0.1,
    )
    assert web.is_connected
    assert len(crossing_pairs(web)) == 0
    assert (web.pos[:, 2] == 0).all()
    assert set(web.kind.tolist()) == {FRAME, RADIAL, SPIRAL, ANCHOR}
    np.testing.assert_allclose(web.radius, np.array([0, 0.2, 0.15, 0.1, 0, 0, 0, 0.2])[web.kind])
    # Ends are the anchors and nothing else; no thread bends without a junction.
    assert (web.degree == 1).sum() == anchors == (web.kind == ANCHOR).sum()
    assert (web.degree != 2).all()


def turns(web, angle):
    """How many spiral threads a ray from the hub at ``angle`` cuts."""
    a, b = web.pos[web.edge_index[:, web.kind == SPIRAL]][..., :2]
    ray = np.array([np.cos(angle), np.sin(angle)])
    side = [p @ [-ray[1], ray[0]] for p in (a, b)]
    return int(((side[0] * side[1] < 0) & ((a + b) @ ray > 0)).sum())


def test_a_web_is_longer_and_has_more_turns_below_its_hub():
    webs = [orb(seed) for seed in range(8)]
    for web in webs:
        assert -web.pos[:, 1].min() > web.pos[:, 1].max()
    up, down = (
        np.mean([turns(web, angle + d) for web in webs for d in (-0.3, 0, 0.3)]) for angle in (np.pi / 2, -np.pi / 2)
    )
    assert down > up + 2
    # A web without reverses has its turns run round and round.
    even = [orb(seed, reverses=0.0, double_attachments=0.0, broken=0.0) for seed in range(4)]
    assert all((web.degree >= 5).sum() < (orb(s).degree >= 5).sum() for s, web in enumerate(even))


def test_parameters_mean_what_they_say():
    web = orb(5)
    spiral = np.unique(web.edge_index[:, web.kind == SPIRAL])
    reach = np.ptp(web.pos[spiral], axis=0)
    default = dict(zip(orb.__code__.co_varnames[1:], orb.__defaults__, strict=False))
    assert 0.85 * default["width"] < reach[0] < 1.1 * default["width"]
    assert 0.85 * default["height"] < reach[1] < 1.1 * default["height"]
    middle = np.hypot(*web.pos[:, :2].T) < 0.5 * default["width"] / 2
    radial = web.edge_index[:, (web.kind == RADIAL) & middle[web.edge_index].all(axis=0)]
    assert len(radial.T) > 2 * default["radii"]
    assert orb(5, mesh=8.0).n < 0.7 * web.n
    assert orb(5, radii=60, radius=0.1).n > 1.3 * web.n
    assert (orb(5, forked_radii=0.0, secondary_frames=0.0).kind == FRAME).sum() == default["anchors"] + default["radii"]
    torn, whole = (orb(5, broken=share) for share in (0.3, 0.0))
    assert (torn.kind == SPIRAL).sum() < 0.9 * (whole.kind == SPIRAL).sum()
    assert torn.n == whole.n
    crooked, regular = (junction_angles(orb(5, mesh_irregularity=s)).std() for s in (0.4, 0.0))
    assert crooked > regular + 2


def test_relief_lifts_a_smooth_web_out_of_the_plane():
    flat, lifted = orb(2), orb(2, relief=5.0)
    np.testing.assert_allclose(lifted.pos[:, :2], flat.pos[:, :2], atol=1e-9)
    ends = lifted.degree == 1
    assert 2 < lifted.pos[ends, 2].std() < 10
    assert np.abs(lifted.pos[:, 2]).max() == np.abs(lifted.pos[ends, 2]).max()


def test_same_seed_same_web_another_seed_another():
    assert orb(7) == orb(7) == orb(np.int64(7))
    assert orb(7) != orb(8)


def test_thousands_of_nodes_in_seconds():
    began = time.perf_counter()
    web = orb(1, width=420, height=600, radii=60, mesh=3.2)
    assert time.perf_counter() - began < 5
    assert 3500 < web.n < 6500
    assert web.is_connected
    large = orb(1, width=1100, height=1400, radii=90, mesh=3.2)
    assert 15_000 < large.n < 25_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 0}, ("width is 0", "a length > 0")),
        ({"height": np.nan}, ("height is nan",)),
        ({"asymmetry": 0.6}, ("asymmetry is 0.6", "between -0.5 and 0.5")),
        ({"radii": 7}, ("radii is 7", "from 8 to 400")),
        ({"radii": 20.5}, ("radii is 20.5", "whole number")),
        ({"radii": np.inf}, ("radii is inf",)),
        ({"radii": "many"}, ("radii is 'many'",)),
        ({"mesh": 0.0}, ("mesh is 0.0", "> 0")),
        ({"mesh": 0.01, "radius": 0.001}, ("mesh is 0.01", "nodes")),
        ({"anchors": 4}, ("anchors is 4", "from 5 to 200")),
        ({"hub_radius": 60}, ("hub_radius is 60", "sixth")),
        ({"strengthening_turns": -1}, ("strengthening_turns is -1",)),
        ({"free_zone": -1}, ("free_zone is -1",)),
        ({"free_zone": 500}, ("free_zone", "no room")),
        ({"secondary_frames": 1.1}, ("secondary_frames is 1.1", "between 0 and 1")),
        ({"forked_radii": -0.1}, ("forked_radii is -0.1",)),
        ({"reverses": 2}, ("reverses is 2",)),
        ({"double_attachments": 0.9}, ("double_attachments is 0.9", "0.5")),
        ({"broken": "no"}, ("broken is 'no'",)),
        ({"angle_irregularity": 3}, ("angle_irregularity is 3",)),
        ({"mesh_irregularity": -1}, ("mesh_irregularity is -1",)),
        ({"relief": -1}, ("relief is -1",)),
        ({"radius": 0}, ("radius is 0", "> 0")),
        ({"radius": 2.0}, ("radius is 2.0", "a tenth of the mesh")),
        ({"radius": 0.4, "hub_radius": 1.0}, ("radius is 0.4", "threads of this web touch")),
        ({"seed": -1}, ("seed is -1", "whole number >= 0")),
        ({"seed": "a"}, ("seed is 'a'",)),
    ],
)
def test_argument_errors(refused, change, words):
    with refused(*words):
        orb(**({"seed": 0} | change))
