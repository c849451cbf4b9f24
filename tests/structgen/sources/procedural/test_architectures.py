"""What must hold of sheet, tangle and tent webs alike, and what makes each what it is."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.sources.procedural import sheet, tangle, tent
from structgen.sources.procedural.silk import (
    ANCHOR,
    FORCE_DENSITY,
    FRAME,
    GUMFOOT,
    RADIAL,
    RELATIVE_RADIUS,
    SHEET,
    SPIRAL,
    TANGLE,
    by_kind,
)
from structgen.validity import validity

SMALL = {
    sheet: {"sheet_length": 80.0, "sheet_width": 60.0, "mesh_width": 3.5, "stopping_threads": 40, "tangle_threads": 120,
            "lower_threads": 40},
    tangle: {"size": (90.0, 70.0, 50.0), "tangle_threads": 350, "gumfoot_lines": 14},
    tent: {"diameter": 80.0, "mesh_width": 3.2, "hub_threads": 20, "barrier_threads": 30, "tangle_threads": 120,
           "lower_threads": 30},
}  # fmt: skip
KINDS_OF = {
    sheet: {FRAME, SHEET, TANGLE, ANCHOR},
    tangle: {TANGLE, GUMFOOT, ANCHOR},
    tent: {FRAME, RADIAL, SPIRAL, TANGLE, ANCHOR},
}
BUILDERS = list(SMALL)
every = pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)


def residual(web):
    """Largest net force at a free node over the mean thread force."""
    i, j = web.edge_index
    pull = by_kind(web.kind, FORCE_DENSITY)[:, None] * (web.pos[j] - web.pos[i])
    net = np.zeros_like(web.pos)
    np.add.at(net, i, pull)
    np.add.at(net, j, -pull)
    return np.linalg.norm(net[web.degree > 1], axis=1).max() / np.linalg.norm(pull, axis=1).mean()


def faultless(web, max_degree=8):
    """Whether the web is one, hangs in equilibrium and touches itself at junctions only."""
    assert validity(web, max_degree).ok, validity(web, max_degree)
    assert residual(web) < 1e-6
    # What is no junction of threads is no node: but where one kind of silk goes over into another.
    two = np.flatnonzero(web.degree == 2)
    for node in two.tolist():
        assert len(set(web.kind[(web.edge_index == node).any(axis=0)].tolist())) == 2
    return True


@every
@given(seed=st.integers(0, 2**31 - 1))
@settings(max_examples=6, deadline=None)
def test_webs_are_connected_in_equilibrium_and_do_not_touch_themselves(build, seed):
    web = build(seed, **SMALL[build])
    assert faultless(web)
    assert 300 < web.n < 3000
    assert set(web.kind.tolist()) == KINDS_OF[build]
    np.testing.assert_allclose(web.radius, 0.1 * by_kind(web.kind, RELATIVE_RADIUS))
    # Threads from the surroundings end there, one a point.
    assert set(web.kind[np.isin(web.edge_index, np.flatnonzero(web.degree == 1)).any(axis=0)].tolist()) <= {
        ANCHOR,
        TANGLE,
        GUMFOOT,
    }


@every
@pytest.mark.parametrize("change", [{"radius": 0.3}, {"max_degree": 4}, {"radius": 0.02, "max_degree": 12}])
def test_thick_threads_and_low_degrees_are_kept_to(build, change):
    if build is tent:
        change = {"first_radii": 4} | change
    web = build(5, **SMALL[build] | change)
    assert faultless(web, change.get("max_degree", 8))
    assert web.radius.min() == change.get("radius", 0.1)


@every
def test_same_seed_same_web_another_seed_another(build):
    web = build(7, **SMALL[build])
    assert web == build(np.int64(7), **SMALL[build])
    assert web != build(8, **SMALL[build])


@pytest.mark.parametrize(
    ("build", "large"),
    [
        (sheet, {"mesh_width": 2.0, "tangle_threads": 800}),
        (tangle, {"tangle_threads": 2600, "size": (240.0, 180.0, 110.0)}),
        (tent, {"mesh_width": 2.2, "tangle_threads": 600}),
    ],
    ids=["sheet", "tangle", "tent"],
)
def test_five_thousand_nodes_take_seconds(build, large):
    # Time of this process, which other work on the machine does not change; five seconds with room to spare.
    began = time.process_time()
    web = build(1, **large)
    seconds = time.process_time() - began
    assert 4500 < web.n < 6500
    assert seconds < 5
    assert faultless(web)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "large"),
    [
        (sheet, {"sheet_length": 280.0, "sheet_width": 240.0, "mesh_width": 2.0, "tangle_threads": 3000,
                 "stopping_threads": 500, "suspension_threads": 30, "frame_anchors": 30}),
        (tangle, {"tangle_threads": 9000, "size": (360.0, 280.0, 160.0), "supporting_threads": 60}),
        (tent, {"diameter": 240.0, "mesh_width": 2.0, "tangle_threads": 3000, "suspension_threads": 30}),
    ],
    ids=["sheet", "tangle", "tent"],
)  # fmt: skip
def test_twenty_thousand_nodes(build, large):
    web = build(1, **large)
    assert web.n > 17_000
    assert faultless(web)


def sheet_height(web, kinds):
    """Mean z of the nodes of threads of ``kinds`` in the middle tenth of the web, and at the frame."""
    of_sheet = np.unique(web.edge_index[:, np.isin(web.kind, kinds)])
    reach = np.linalg.norm(web.pos[of_sheet, :2], axis=1)
    rim = np.unique(web.edge_index[:, web.kind == FRAME])
    return web.pos[of_sheet[reach < 0.1 * reach.max()], 2].mean(), web.pos[rim, 2].mean()


@pytest.mark.parametrize("seed", range(3))
def test_a_sheet_is_a_shallow_dome_between_two_tangles(seed):
    web = sheet(seed, **SMALL[sheet])
    top, rim = sheet_height(web, [SHEET])
    assert rim + 1 < top < rim + 40
    tips = web.pos[web.degree == 1, 2]
    assert tips.max() > top + 20 and tips.min() < rim - 10


@pytest.mark.parametrize("seed", range(3))
def test_the_hub_of_a_tent_is_drawn_up(seed):
    web = tent(seed)
    top, rim = sheet_height(web, [RADIAL, SPIRAL])
    assert top > rim + 8


def test_the_mesh_of_a_tent_is_square_and_even():
    web = tent(0, hub_threads=0, barrier_threads=0, tangle_threads=0, lower_threads=0, guy_lines=0)
    radial, spiral = (web.lengths[web.kind == kind] for kind in (RADIAL, SPIRAL))
    assert 0.8 < np.median(radial) / np.median(spiral) < 1.25
    assert 0.8 < np.median(radial) / 2.8 < 1.5
    assert (web.degree == 4).mean() > 0.6


@pytest.mark.parametrize("seed", range(3))
def test_gumfoot_lines_run_straight_down_to_the_ground(seed):
    web = tangle(seed, **SMALL[tangle])
    lines = web.edge_index[:, web.kind == GUMFOOT]
    a, b = web.pos[lines]
    foot, head = np.where((a[:, 2] < b[:, 2])[:, None], (a, b), (b, a))
    assert lines.shape[1] >= 7
    assert (foot[:, 2] == 0).all() and (head[:, 2] > 30).all()
    lean = np.linalg.norm((head - foot)[:, :2], axis=1) / (head - foot)[:, 2]
    assert np.median(lean) < 0.15
    # Nothing else comes near the ground.
    others = np.unique(web.edge_index[:, web.kind != GUMFOOT])
    assert web.pos[others, 2].min() > 20


def test_finer_mesh_more_nodes_thicker_threads_fewer():
    coarse, fine = (sheet(0, **SMALL[sheet] | {"mesh_width": width}) for width in (4.0, 2.5))
    assert fine.n > 1.5 * coarse.n
    few, many = (tangle(0, **SMALL[tangle] | {"tangle_threads": count}) for count in (150, 600))
    assert many.n > 2 * few.n


COMMON = [
    ({"radius": 0}, ("radius is 0", "length > 0")),
    ({"radius": np.nan}, ("radius is nan",)),
    ({"radius": "thick"}, ("radius is 'thick'",)),
    ({"max_degree": 3}, ("max_degree is 3", "between 4 and 1000")),
    ({"max_degree": 4.5}, ("max_degree is 4.5", "whole number")),
    ({"seed": -1}, ("seed is -1", "whole number >= 0")),
    ({"seed": None}, ("seed is None",)),
    ({"tangle_threads": 10**6}, ("tangle_threads is 1000000", "100000")),
]
REFUSED = [(build, *case) for build in BUILDERS for case in COMMON] + [
    (sheet, {"mesh_width": 0.5}, ("mesh_width is 0.5", "> 0.8")),
    (sheet, {"sheet_length": np.inf}, ("sheet_length is inf",)),
    (sheet, {"frame_anchors": 3}, ("frame_anchors is 3", "between 4 and 1000")),
    (sheet, {"guy_lines": -1}, ("guy_lines is -1",)),
    (sheet, {"stopping_threads": True}, ("stopping_threads is True",)),
    (tent, {"diameter": 10.0}, ("diameter is 10.0", "> 22.4")),
    (tent, {"first_radii": 9}, ("first_radii is 9", "between 3 and 8")),
    (tent, {"suspension_threads": 2}, ("suspension_threads is 2",)),
    (tent, {"lower_height": None}, ("lower_height is None",)),
    (tangle, {"size": (1, 2)}, ("size is (1, 2)", "three lengths > 0")),
    (tangle, {"size": 5}, ("size is 5", "three lengths > 0")),
    (tangle, {"size": (1, 2, 0)}, ("size is (1, 2, 0)",)),
    (tangle, {"supporting_threads": 3}, ("supporting_threads is 3",)),
    (tangle, {"tangle_threads": 0}, ("tangle_threads is 0",)),
    (tangle, {"thread_length": 0.1}, ("thread_length is 0.1",)),
    (tangle, {"retreat": 0}, ("retreat is 0",)),
    (tangle, {"gumfoot_length": -3.0}, ("gumfoot_length is -3.0",)),
]


@pytest.mark.parametrize(("build", "change", "words"), REFUSED)
def test_argument_errors(refused, build, change, words):
    with refused(*words):
        build(**({"seed": 0} | change))
