from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simulate.design.front import chosen, finalists, undominated, write_front
from simulate.design.picture import draw
from simulate.design.properties import simulated_of
from simulate.design.study import Trial
from simulate.design.wishes import Wishes
from structgen.io import read_web_and_metadata
from structgen.targets import DesignTargets


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_the_front_is_what_no_other_is_better_than(rows):
    scores = np.array(rows, float)
    front = undominated(scores)
    assert front.any()
    for k, row in enumerate(rows):
        beaten = any(all(a <= b for a, b in zip(o, row, strict=True)) and o != row for o in rows)
        assert front[k] == (not beaten)


def trial(number, **values):
    return Trial(number, DesignTargets(nodes=8), values, {})


def test_of_one_objective_the_best_are_chosen_within_the_limits():
    tried = [trial(k, load=float(load), mass=float(k)) for k, load in enumerate([5, 9, 7, 8, 6])]
    kept = chosen(tried, Wishes.of(["load=max", "mass<=3g"]), 2)
    assert [one.number for one in kept] == [1, 3]


def test_of_several_the_front_evenly():
    tried = [trial(k, load=float(k), mass=float(k)) for k in range(9)] + [trial(9, load=1.0, mass=8.0)]
    kept = chosen(tried, Wishes.of(["load=max", "mass=min"]), 3)
    assert [one.number for one in kept] == [8, 4, 0]


def test_nothing_within_the_limits_names_the_nearest(refused):
    tried = [trial(0, load=1.0, mass=5.0), trial(1, load=2.0, mass=3.0)]
    with refused("no design meets the targets in 2 webs; the nearest has mass 3 g: widen"):
        chosen(tried, Wishes.of(["load=max", "mass<=2g"]), 2)
    with refused("no design meets the targets in 0 webs: the generator made none"):
        chosen([], Wishes.of(["load=max", "mass<=2g"]), 2)


@pytest.mark.parametrize("texts", [["load=max"], ["load=max", "mass=min"], ["load=max", "mass=min", "toughness=max"]])
def test_finalists_are_simulated_written_and_drawn(search, tmp_path, texts):
    one = search(*texts)
    tried = one.run(12)
    found = finalists(one, tried, 4)
    assert 0 < len(found) <= 4 and any(final.best for final in found)
    assert found[0].simulated == pytest.approx(simulated_of(found[0].web, "x"))
    rows = write_front(found, {"seed": 0}, tmp_path / "out")
    written = json.loads((tmp_path / "out/front.json").read_text())
    assert written["designs"] == json.loads(json.dumps(rows)) and written["units"]["mass"] == "g"
    table = list(csv.DictReader((tmp_path / "out/front.csv").open()))
    assert [float(row["simulated load (N)"]) for row in table] == pytest.approx(
        [final.simulated["load"] for final in found], rel=1e-5
    )
    web, metadata = read_web_and_metadata(tmp_path / "out" / rows[0]["file"])
    assert web == found[0].web and metadata["trial"] == found[0].trial.number
    draw(tried, found, one.wishes, tmp_path / "pareto.png")
    with Image.open(tmp_path / "pareto.png") as picture:
        colours = picture.convert("RGB").getcolors(10**6)
    assert picture.width == 960 * max(1, len(texts) - 1) and len(colours) > 20
