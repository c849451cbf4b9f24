from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from structgen.targets import NAMES, DesignTargets
from structgen.web import WebGraph

FULL = DesignTargets(5.0, (40.0, 30.0, 20.0), nodes=40, edges=60)


@st.composite
def complete(draw: st.DrawFn) -> DesignTargets:
    """Any complete targets."""
    nodes = draw(st.integers(2, 80))
    edges = draw(st.integers(nodes - 1, nodes * (nodes - 1) // 2))
    box = draw(st.tuples(*[st.floats(0.5, 1e4)] * 3))
    return DesignTargets(draw(st.floats(0.01, 1)) * math.hypot(*box), box, nodes, edges)


# -- the rule mean degree = 2 edges / nodes ----------------------------------------------------------


@given(target=complete())
def test_two_of_nodes_edges_and_mean_degree_give_the_third(target):
    assert target.mean_degree == 2 * target.edges / target.nodes
    same = DesignTargets(nodes=target.nodes, mean_degree=target.mean_degree)
    assert (same.edges, same.mean_degree) == (target.edges, target.mean_degree)
    same = DesignTargets(edges=target.edges, mean_degree=target.mean_degree)
    assert (same.nodes, same.mean_degree) == (target.nodes, target.mean_degree)


def test_inconsistent_mean_degree_is_refused_with_the_consistent_value(refused):
    with refused("mean_degree is 4", "86 edges at 48 nodes", "2 * 86 / 48 = 3.583"):
        DesignTargets(nodes=48, edges=86, mean_degree=4)
    assert DesignTargets(nodes=48, edges=86, mean_degree=3.58).mean_degree == 2 * 86 / 48


def test_a_fractional_count_of_edges_becomes_the_nearest_whole_one():
    target = DesignTargets(nodes=48, mean_degree=3.6)
    assert (target.edges, target.mean_degree) == (86, 2 * 86 / 48)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"nodes": 1}, ("nodes is 1", ">= 2")),
        ({"nodes": 0}, ("nodes is 0",)),
        ({"nodes": 48.5}, ("nodes is 48.5", "whole number")),
        ({"nodes": True}, ("nodes is True", "finite number")),
        ({"nodes": "48"}, ("nodes is '48'", "finite number")),
        ({"nodes": math.nan}, ("nodes is nan", "finite number")),
        ({"nodes": 10**400}, ("nodes is inf", "finite number")),
        ({"nodes": 10**7}, ("nodes is 1e+07", "at most 1e+06")),
        ({"edges": 0}, ("edges is 0",)),
        ({"edges": -3}, ("edges is -3",)),
        ({"edges": [3]}, ("edges is [3]", "finite number")),
        ({"mean_degree": 0.5}, ("mean_degree is 0.5", ">= 1")),
        ({"mean_degree": -1}, ("mean_degree is -1",)),
        ({"mean_degree": 1e-300, "edges": 1}, ("mean_degree is 1e-300", ">= 1")),
        ({"mean_degree": 5, "edges": 1}, ("mean_degree is 5", "1 edges has at most 1")),
        ({"mean_degree": math.inf}, ("mean_degree is inf",)),
        ({"mean_edge_length": 0}, ("mean_edge_length is 0", "> 0")),
        ({"mean_edge_length": -2.5}, ("mean_edge_length is -2.5", "> 0")),
        ({"mean_edge_length": 1 + 2j}, ("mean_edge_length is (1+2j)", "finite number")),
        ({"mean_edge_length": np.complex128(1)}, ("mean_edge_length is", "finite number")),
        ({"nodes": 10, "edges": 8}, ("edges is 8", "10 nodes has 9 to 45", "mean degree 1.8 to 9")),
        ({"nodes": 10, "edges": 46}, ("edges is 46", "10 nodes has 9 to 45")),
        ({"nodes": 3, "mean_degree": 6}, ("edges is 9", "3 nodes has 2 to 3")),
        ({"extents": (1, 2)}, ("extents is (1, 2)", "three numbers")),
        ({"extents": (1, 2, 3, 4)}, ("extents is (1, 2, 3, 4)", "three numbers")),
        ({"extents": 5}, ("extents is 5", "three numbers")),
        ({"extents": "123"}, ("extents is '123'", "three numbers")),
        ({"extents": (1, 2, 10**400)}, ("extents is", "three numbers")),
        ({"extents": (1, -2, 3)}, ("extents is (1, -2, 3)", ">= 0")),
        ({"extents": (1, math.nan, 3)}, ("extents is (1, nan, 3)",)),
        ({"extents": (0, 0, 0)}, ("extents is (0, 0, 0)", "not all 0")),
        ({"extents": (3, 4, 0), "mean_edge_length": 5.1}, ("mean_edge_length is 5.1", "diagonal", "5 mm")),
    ],
)
def test_refusals_name_the_argument_its_value_and_what_is_allowed(refused, arguments, words):
    with refused(*words):
        DesignTargets(**arguments)


def test_numpy_numbers_are_taken_as_numbers():
    target = DesignTargets(np.float32(2.5), np.array([3, 4, 5]), np.int32(6), np.float64(7.0))
    assert target == DesignTargets(2.5, (3.0, 4.0, 5.0), 6, 7)
    assert [type(v) for v in (target.nodes, target.edges, target.mean_edge_length)] == [int, int, float]


# -- measured from a web -----------------------------------------------------------------------------


def test_measure_a_cube(cube):
    assert DesignTargets.measure(cube) == DesignTargets(10.0, (10.0, 10.0, 10.0), nodes=8, edges=12, mean_degree=3.0)


@given(
    pos=st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 3), min_size=2, max_size=6, unique=True),
    narrow=st.booleans(),
)
def test_every_connected_web_can_be_measured_and_read_back(pos, narrow):
    # A single straight edge is as long as the diagonal of its box: rounding must not refuse it.
    n = len(pos)
    web = WebGraph(np.array(pos), [np.arange(n - 1), np.arange(1, n)])
    assume(np.linalg.norm(web.extents) > 1e-30)
    row = DesignTargets.measure(web).as_array()
    assert row[1:4].tolist() == web.extents.tolist()
    assert row[4:].tolist() == [n, n - 1, 2 * (n - 1) / n]
    np.testing.assert_allclose(row[0], web.lengths.mean())
    again = DesignTargets.from_array(row.astype(np.float32) if narrow else row).as_array()
    np.testing.assert_allclose(again, row, rtol=1e-6, atol=1e-30)


def test_measure_refuses_a_point(refused):
    with refused("one point"):
        DesignTargets.measure(WebGraph([[1, 2, 3]] * 2, [[0], [1]]))


# -- as arrays and tables ----------------------------------------------------------------------------


@given(target=complete(), known=st.lists(st.booleans(), min_size=5, max_size=5))
def test_array_round_trip_with_gaps(target, known):
    length, box, nodes, edges, degree = known
    asked = DesignTargets(
        target.mean_edge_length if length else None,
        target.extents if box else None,
        target.nodes if nodes else None,
        target.edges if edges else None,
        target.mean_degree if degree else None,
    )
    assert DesignTargets.from_array(asked.as_array()) == asked
    assert asked.is_complete == (length and box and nodes + edges + degree >= 2)
    missing = {name for name, value in asked.as_dict().items() if value is None}
    assert missing == {name for name, value in zip(NAMES, asked.as_array(), strict=True) if np.isnan(value)}


def test_array_of_other_shape_or_with_half_a_box_or_inconsistent_is_refused(refused):
    with refused("shape (6,)", "expected (7,)", ", ".join(NAMES)):
        DesignTargets.from_array(np.ones(6))
    with refused("extents is (2.0, None, 3.0)", "three numbers"):
        DesignTargets.from_array([1, 2, np.nan, 3, np.nan, np.nan, np.nan])
    with refused("mean_degree is 5", "= 3.583"):
        DesignTargets.from_array([1, 2, 2, 3, 48, 86, 5])


def test_dict_holds_whole_counts(cube):
    row = DesignTargets.measure(cube).as_dict()
    assert list(row) == list(NAMES)
    assert repr(row["nodes"]) == "8"
    assert repr(row["edges"]) == "12"


# -- filled ------------------------------------------------------------------------------------------


def test_filled_takes_what_is_missing_and_names_it():
    assert DesignTargets().filled(FULL) == (FULL, NAMES)
    assert FULL.filled(DesignTargets(1.0, (9, 9, 9), 8, 9)) == (FULL, ())
    full, names = DesignTargets(nodes=20, mean_degree=4).filled(FULL)
    assert full == DesignTargets(5.0, (40.0, 30.0, 20.0), nodes=20, edges=40)
    assert names == NAMES[:4]


def test_filled_keeps_the_scale_that_is_asked_for():
    full, names = DesignTargets(mean_edge_length=10.0).filled(FULL)
    assert full.extents == (80.0, 60.0, 40.0)
    assert names == ("dx", "dy", "dz", "nodes", "edges", "mean_degree")
    full, names = DesignTargets(extents=(4.0, 3.0, 2.0)).filled(FULL)
    assert full.mean_edge_length == pytest.approx(0.5)
    assert names == ("mean_edge_length", "nodes", "edges", "mean_degree")


def test_filled_counts_keep_what_is_asked_for():
    assert DesignTargets(edges=90).filled(FULL)[0].nodes == 60
    assert DesignTargets(nodes=10).filled(FULL)[0].edges == 15
    assert DesignTargets(nodes=2).filled(FULL)[0].edges == 1
    # A tree of mean degree 1.8 has ten nodes, however many the defaults have; degree 50 takes at least 51.
    tree = DesignTargets(mean_degree=1.8).filled(FULL)[0]
    assert (tree.nodes, tree.edges) == (10, 9)
    dense = DesignTargets(mean_degree=50).filled(FULL)[0]
    assert (dense.nodes, dense.mean_degree) == (51, 50)


@given(defaults=complete(), target=complete(), which=st.sampled_from(["nodes", "edges", "mean_degree"]))
def test_one_count_can_always_be_filled(defaults, target, which):
    asked = getattr(target, which)
    full, names = DesignTargets(**{which: asked}).filled(defaults)
    assert full.is_complete
    assert set(NAMES) - set(names) == {which}
    # The other count is a whole number, so a mean degree is met as nearly as that allows.
    assert getattr(full, which) == pytest.approx(asked, abs=1 / full.nodes + 1e-9 if which == "mean_degree" else 0)


def test_filled_needs_complete_defaults(refused):
    with refused("defaults must be complete"):
        DesignTargets(nodes=20).filled(DesignTargets(nodes=20))
