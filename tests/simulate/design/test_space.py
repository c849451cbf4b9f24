from __future__ import annotations

import math

import pytest

from simulate.design.space import RANGES, Space


def test_ranges_are_read_and_the_rest_is_as_always():
    space = Space.of(["nodes=16..32", "mean-degree=3", " dx = 2.5 .. 1e2 "])
    assert space.ranges == dict(RANGES) | {"nodes": (16, 32), "mean_degree": (3, 3), "dx": (2.5, 100)}


def test_values_and_where_they_are_in_their_ranges():
    space = Space({"nodes": (10, 20), "dx": (0.1, 0.7), "dy": (5, 5), "dz": (1, 3)})
    assert "dy" not in space.varied
    values = {"nodes": 15, "mean_degree": 2.0, "spacing": 0.5, "dx": 0.1, "dz": 2.0}
    assert space.shares(values) == pytest.approx([0.5, 0, 1, 0, 0.5])
    assert space.values(space.shares(values)) == pytest.approx(values)
    highest = space.values([1.0] * 5)
    assert highest["nodes"] == 20 and all(highest[name] <= space.ranges[name][1] for name in space.varied)


def test_targets_fit_the_box():
    targets = Space.targets({"nodes": 27, "mean_degree": 2.5, "spacing": 0.4, "dx": 30, "dy": 40, "dz": 0.0})
    assert (targets.nodes, targets.edges, targets.extents) == (27, round(1.25 * 27), (30, 40, 0))
    assert targets.mean_edge_length == pytest.approx(0.4 * math.hypot(30, 40) / 3)
    few = Space.targets({"nodes": 8, "mean_degree": 1.5, "spacing": 0.4, "dx": 1, "dy": 1, "dz": 1})
    assert few.edges == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nodes", "range 'nodes' must be NAME=LOW..HIGH or NAME=VALUE"),
        ("nodes=1e..2", "range 'nodes=1e..2' must be NAME=LOW..HIGH"),
        ("size=1..2", "range of 'size': must be of one of nodes, mean_degree, spacing, dx, dy, dz"),
        ("nodes=30..20", "range nodes is 30..20, must rise and lie in 8..128"),
        ("nodes=8..1000", "range nodes is 8..1000, must rise and lie in 8..128"),
        ("nodes=8.5..9", "range nodes is 8.5..9, must be of whole numbers"),
    ],
)
def test_ranges_that_are_none(refused, text, message):
    with refused(message):
        Space.of([text])


def test_a_range_is_given_once(refused):
    with refused("range of dx is given twice"):
        Space.of(["dx=1..2", "dx=3..4"])
