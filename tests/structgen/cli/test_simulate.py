from __future__ import annotations

import json

import numpy as np
import pytest

from simulate.mechanics.silk import LAWS
from structgen.io import write_web
from structgen.web import WebGraph


@pytest.fixture
def web(here):
    """A ladder of thin threads, as web.npz."""
    pos = np.array([(x, y, 0.0) for x in range(6) for y in range(3)])
    number = np.arange(18).reshape(6, 3)
    edges = [*zip(number[:-1].ravel(), number[1:].ravel(), strict=True),
             *zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]  # fmt: skip
    web = WebGraph.from_edges(pos + np.random.default_rng(0).normal(scale=0.1, size=pos.shape) * (1, 1, 0), edges, 0.05)
    write_web(web, here / "web.npz")
    return web


def test_tension(structgen, here, web):
    done = structgen("simulate", "tension", "web.npz", "--to-strain", "1.2", "-o", "run", "--json")
    facts = json.loads(done.stdout)
    assert sorted(path.name for path in (here / "run").iterdir()) == [
        "breaks.csv", "curve.csv", "curve.png", "result.json", "tension.npz"
    ]  # fmt: skip
    assert facts["breaks"] == len((here / "run" / "breaks.csv").read_text().splitlines()) - 1 > 0
    assert facts["strength_MPa"] == json.loads((here / "run" / "result.json").read_text())["strength_MPa"]
    assert facts["balance"] < 0.01


def test_tension_with_pictures_and_another_law(structgen, here, web):
    (here / "rubber.csv").write_text("strain_%,stress_MPa\n0,0\n100,2\n")
    structgen("simulate", "tension", "web.npz", "--law", "rubber.csv", "--grips", "faces", "--radius", "silk",
              "--to-strain", "0.5", "--animate", "--vtu", "--frames", 3, "-o", "run")  # fmt: skip
    assert (here / "run" / "pull.gif").read_bytes().startswith(b"GIF89a")
    assert (here / "run" / "states" / "states.pvd").exists()
    facts = json.loads((here / "run" / "result.json").read_text())
    assert (facts["laws"], facts["end"], facts["breaks"]) == (["rubber"], "strain", 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("none.npz",), "none.npz: no such file"),
        (("web.npz", "--law", "steel"), ("law is 'steel'", "dragline")),
        (("web.npz", "--law", "none.csv"), "none.csv: no such file"),
        (("web.npz", "--axis", "z"), "axis is 'z'"),
        (("web.npz", "--grips", "anchors"), "grips: no node has a single thread"),
        (("web.npz", "--radius", "thin"), "--radius 'thin'"),
        (("web.npz", "--to-strain", "0"), "--to-strain"),
        (("web.npz", "--prestrain", "2"), "prestrain of edge 0 is 2"),
    ],
)
def test_wrong_input(fails, web, words, says):
    fails("simulate", "tension", *words, "-o", "run", says=says)


def test_help_names_every_law(structgen):
    text = structgen("simulate", "tension", "--help").stdout
    assert all(name in text for name in LAWS)
