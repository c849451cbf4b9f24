from __future__ import annotations

import json

import numpy as np
import pytest

from simulate.mechanics.cable import CableNet
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
    assert (here / "run" / "tension.gif").read_bytes().startswith(b"GIF89a")
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


@pytest.mark.parametrize("where", ["respond", "cut", "equilibrate"])
def test_interrupted_it_writes_what_it_has(structgen, here, web, monkeypatch, where):
    """In the middle of an equilibrium, of a break, or before one: what was complete is kept."""
    structgen("simulate", "tension", "web.npz", "--to-strain", "1.2", "-o", "whole")
    calls, method = [], getattr(CableNet, where)

    def interrupted(*words, **options):
        calls.append(where)
        if len(calls) == {"respond": 150, "cut": 3, "equilibrate": 25}[where]:
            raise KeyboardInterrupt
        return method(*words, **options)

    monkeypatch.setattr(CableNet, where, interrupted)
    done = structgen("simulate", "tension", "web.npz", "--to-strain", "1.2", "--json", "-o", "part", code=130)
    assert done.stderr.splitlines()[-1] == "error: interrupted"
    assert "interrupted at a strain of" in done.stderr
    facts = json.loads(done.stdout)
    assert facts["end"] == json.loads((here / "part" / "result.json").read_text())["end"] == "interrupted"
    whole, part = ((here / run / "curve.csv").read_text().splitlines() for run in ("whole", "part"))
    assert 10 < len(part) < len(whole)
    assert part == whole[: len(part)]
    breaks = [(here / run / "breaks.csv").read_text().splitlines() for run in ("whole", "part")]
    assert breaks[1] == breaks[0][: facts["breaks"] + 1]
    assert (here / "part" / "curve.png").exists()


def test_interrupted_before_the_first_point_it_writes_nothing(structgen, here, web, monkeypatch):
    monkeypatch.setattr(CableNet, "equilibrate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    structgen("simulate", "tension", "web.npz", "-o", "run", code=130)
    assert not (here / "run").exists()


def test_indent(structgen, here, web):
    done = structgen("simulate", "indent", "web.npz", "--depth", "6", "--animate", "--frames", 3, "-o", "run", "--json")
    facts = json.loads(done.stdout)
    assert (facts["test"], facts["grips"]) == ("indentation", "edge")
    assert facts["breaks"] > 0
    assert sorted(path.name for path in (here / "run").iterdir()) == [
        "breaks.csv", "curve.csv", "curve.png", "indentation.gif", "indentation.npz", "result.json"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("web.npz",), "--depth"),
        (("web.npz", "--depth", "-1"), "--depth"),
        (("web.npz", "--depth", "1e9"), "depth is 1e+09 mm"),
        (("web.npz", "--depth", "1", "--rim", "anchors"), "rim: no node has a single thread"),
        (("web.npz", "--depth", "1", "--at", "nan", "0", "0"), "at is (nan, 0.0, 0.0)"),
        (("web.npz", "--depth", "1", "--punch", "0.3", "--at", "2.5", "0.5", "0"), ("punch is 0.3 mm", "nearest")),
        (("web.npz", "--depth", "1", "--punch", "50"), "is held and pushed at once"),
    ],
)
def test_wrong_input_of_indent(fails, web, words, says):
    fails("simulate", "indent", *words, "-o", "run", says=says)


def test_help_names_every_law(structgen):
    text = structgen("simulate", "tension", "--help").stdout
    assert all(name in text for name in LAWS)
