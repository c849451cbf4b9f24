from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.grips import grips_of
from simulate.mechanics.predictor.labels import TEST
from simulate.mechanics.predictor.paths import taut_strains
from simulate.mechanics.predictor.quick import quick_test
from simulate.mechanics.silk import LAWS
from simulate.mechanics.virtual_tests import tension
from structgen.web import WebGraph


def quick(web, axis, grips=TEST["grips"]):
    held = grips_of(web, axis, grips)
    return quick_test(web, held, LAWS[TEST["law"]], TEST["to_strain"], float(taut_strains(web, held)[0].min()))


def test_it_finds_what_the_test_finds(webs):
    errors, same = [], []
    for web in webs:
        for axis in "xyz":
            found, result = quick(web, axis), tension(web, axis=axis, **TEST)
            errors.append(np.log(found.values / [result.stiffness, result.strength, result.toughness]))
            same.append(set(np.flatnonzero(found.turn)) >= set(result.breaks[:, 0].astype(int)))
            assert found.strain[0] <= found.strain[1] <= 3
    stiffness, strength, toughness = np.quantile(np.abs(errors), [0.5, 0.9], axis=0).T
    assert stiffness[0] < 0.03 and stiffness[1] < 0.1  # from few points of the curve
    assert strength[1] < 0.02 and toughness[0] < 0.005 and toughness[1] < 0.05
    assert np.mean(same) > 0.9


@pytest.mark.parametrize("corners", [((0, 0, 0), (3, 0, 0), (7, 0, 0)), ((0, 0, 0), (3, 2, 0), (6, 0, 0))])
def test_of_one_thread_it_is_the_test(corners):
    web = WebGraph.from_edges(corners, [(0, 1), (1, 2)], 0.1)
    result = tension(web, grips="faces", to_strain=3.0)
    assert quick(web, "x", "faces").values[1:] == pytest.approx([result.strength, result.toughness], rel=0.01)


def test_paths_that_meet_are_taut_before_the_shortest_of_them():
    # Three held nodes pull at one: it is in reach of each two of them for longer than of all three.
    angle = 2 * np.pi * np.arange(3) / 3
    corners = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(3)])
    middle = (0.0, 0.0, 1.0)
    web = WebGraph.from_edges([*corners, middle], [(0, 3), (1, 3), (2, 3)], 0.1)
    result = tension(web, axis="x", grips=[0, 1, 2], to_strain=3.0)
    found = quick(web, "x", [0, 1, 2])
    assert found.values[2] == pytest.approx(result.toughness, rel=0.05)


def test_nothing_taut_carries_nothing():
    web = WebGraph.from_edges([(0, 0, 0), (1, 30, 0), (2, 0, 0)], [(0, 1), (1, 2)], 0.1)
    found = quick(web, "x", "faces")
    assert (found.values < 1).all() and not found.turn.any() and found.strain[1] == pytest.approx(3)
