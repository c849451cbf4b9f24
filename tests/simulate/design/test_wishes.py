from __future__ import annotations

import pytest

from simulate.design.wishes import Limit, Objective, Wishes


def test_wishes_are_read_with_their_units():
    wishes = Wishes.of(
        ["strength=max", "mass=min", "mass<=20mg", " stiffness >= 0.1 GPa", "nodes<=40", "toughness>=2MPa"]
    )
    assert wishes.objectives == (Objective("strength", True), Objective("mass", False))
    assert wishes.limits == (
        Limit("mass", True, 0.02), Limit("stiffness", False, 100.0), Limit("nodes", True, 40.0),
        Limit("toughness", False, 2.0),
    )  # fmt: skip
    assert Wishes.of([text.replace(" ", "") for text in wishes.texts]) == wishes


def test_scores_are_to_be_small_and_violations_are_shares():
    wishes = Wishes.of(["load=max", "mass=min", "mass<=2g"])
    assert wishes.scores({"load": 5.0, "mass": 3.0}) == [-5.0, 3.0]
    assert wishes.violations({"load": 5.0, "mass": 3.0}) == [pytest.approx(0.5)]
    assert wishes.met({"mass": 2.0}) and not wishes.met({"mass": 2.1})


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["strenth=max"], "target 'strenth=max': 'strenth' is no property, must be one of stiffness, strength"),
        (["strength"], "target 'strength' must be NAME=max, NAME=min, NAME<=VALUE or NAME>=VALUE"),
        (["strength=5MPa"], "target 'strength=5MPa' must be NAME=max"),
        (["mass<=2kg"], "target 'mass<=2kg': mass is in g, mg, not 'kg'"),
        (["mass<=2"], "target 'mass<=2': mass is in g, mg, not without unit"),
        (["nodes<=2mm"], "target 'nodes<=2mm': nodes is in no unit, not 'mm'"),
        (["mass<=-2g"], "target 'mass<=-2g': '-2' is not a finite number >= 0"),
        (["mass<=1-g"], "target 'mass<=1-g': '1-' is not a finite number >= 0"),
        (["mass<=2g"], "targets: none is to be max or min"),
        (["mass=min", "mass=max"], "targets: mass is to be max or min more than once"),
        (["load=max", "mass<=2g", "mass>=2500mg"], "targets contradict each other: mass>=2.5 g and mass<=2 g"),
    ],
)
def test_wishes_that_are_none(refused, texts, message):
    with refused(message):
        Wishes.of(texts)
