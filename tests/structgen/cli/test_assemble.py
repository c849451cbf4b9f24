from __future__ import annotations

import json

import numpy as np
import pytest

from structgen.io import read_web, read_web_and_metadata

SMALL = ("--nodes", 10, "--mean-degree", 2.4, "--extents", 20, 12, 12)
HELIX = ("--along", "helix", "--radius", 20, "--pitch", 15, "--turns", 0.5)


def test_files_are_placed_along_a_helix(structgen, web_file, cube):
    files = [web_file(f"w{k}.npz") for k in range(4)]
    result = structgen("assemble", *files, *HELIX, "-o", "joined.vtp", "--json")
    report = json.loads(result.stdout)
    web, metadata = read_web_and_metadata("joined.vtp")
    assert web.is_connected
    assert report["web"]["components"] == 1
    assert report["sources"] == files == metadata["sources"]
    assert report["joined"]["webs"] == 4
    assert web.n == 4 * cube.n - report["joined"]["welded"]
    assert (web.kind == 8).sum() == report["joined"]["bridges"] > 0
    # The cubes, 10 mm wide, stand on the helix.
    distance = np.linalg.norm(web.pos[:, :2], axis=1)
    assert distance.min() > 10
    assert distance.max() < 30


def test_webs_in_a_row(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(3)]
    structgen("assemble", *files, "--along", "line", "--length", 30, "--bridges", 0, "-o", "row.npz")
    web = read_web("row.npz")
    # Face to face, the corners fall together.
    assert (web.n, web.m) == (16, 28)
    assert np.allclose(web.extents, [30, 10, 10])


def test_options_for_joints_are_heard(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(3)]
    line = ("assemble", *files, "--along", "line", "--length", 39, "--json")
    counts = {}
    for name, options in {"few": ("--bridges", 1), "many": ("--bridges", 6), "weld": ("--weld", 5)}.items():
        counts[name] = json.loads(structgen(*line, *options, "-o", f"{name}.npz").stdout)["joined"]
    assert counts["few"]["bridges"] < counts["many"]["bridges"]
    assert counts["few"]["welded"] == 0
    assert counts["weld"]["welded"] == 8
    assert counts["few"]["longest_bridge_mm"] == pytest.approx(4.5)


def test_rigid_webs_keep_their_shape(structgen, web_file, cube):
    for name, options in (("bent", ()), ("rigid", ("--rigid",))):
        structgen("assemble", web_file("w.npz"), "--along", "20*cos(t); 20*sin(t); 0*t", *options, "-o", f"{name}.npz")
    assert np.allclose(read_web("rigid.npz").lengths, cube.lengths)
    assert not np.allclose(read_web("bent.npz").lengths, cube.lengths)


def test_generated_webs_whose_targets_vary_along_the_curve(structgen):
    asked = ("--nodes", "10+4*s", "--mean-degree", "2.4+0.6*s", "--extents", 20, "10+4*s", 12)
    result = structgen(
        "assemble", *HELIX, *asked, "-n", 3, "--strut-radius", 0.3, "--seed", 2, "-o", "web.npz", "--json"
    )
    report = json.loads(result.stdout)
    modules = report["modules"]
    assert [row["asked"]["nodes"] for row in modules] == [10, 12, 14]
    assert [row["asked"]["edges"] for row in modules] == [12, 16, 21]
    assert [row["asked"]["dy"] for row in modules] == [10, 12, 14]
    for row in modules:
        assert {row["reached"][name] == row["asked"][name] for name in ("nodes", "edges", "mean_degree")} == {True}
    web, metadata = read_web_and_metadata("web.npz")
    assert web.is_connected
    assert metadata["seed"] == 2
    assert metadata["modules"] == modules
    assert report["curve"] == metadata["curve"]
    length = report["curve"].pop("length_mm")
    assert report["curve"] == {"name": "helix", "radius": 20, "pitch": 15, "turns": 0.5, "closed": False}
    assert length == pytest.approx(np.pi * np.hypot(20, 15 / 2 / np.pi), rel=1e-4)


def test_as_many_webs_as_cover_the_curve(structgen):
    counts = [
        json.loads(structgen("assemble", "--along", "line", "--length", length, *SMALL, "--json").stdout)["joined"]
        for length in (20, 37, 54)
    ]
    assert [count["webs"] for count in counts] == [1, 2, 3]
    sparse = structgen("assemble", "--along", "line", "--length", 54, "--overlap", 0, *SMALL, "--json")
    assert json.loads(sparse.stdout)["joined"]["webs"] == 3


def test_same_seed_same_bytes(structgen, here):
    for name in ("a.npz", "b.npz"):
        structgen("assemble", *HELIX, *SMALL, "-n", 2, "--seed", 5, "-o", name)
    assert (here / "a.npz").read_bytes() == (here / "b.npz").read_bytes()


def test_a_curve_by_expressions(structgen):
    curve = ("--along", "t*10; 5*sin(t); 0*t", "--t0", 0, "--t1", 6)
    structgen("assemble", *curve, *SMALL, "-n", 3, "-o", "web.npz")
    assert 55 < read_web("web.npz").extents[0] < 75


def test_webs_that_do_not_touch_are_told(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(2)]
    result = structgen("assemble", *files, "--along", "line", "--length", 50, "-q")
    assert result.stdout == ""
    assert result.stderr.startswith("warning: 2 webs leave gaps of up to 30 mm")
    assert read_web("web.npz").is_connected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--nodes", "10+", "-n", 2), "--nodes '10+': expression '10+' cannot be read"),
        (("--nodes", "__import__('os')", "-n", 2), "is not allowed"),
        (("--mean-degree", "1/s", "-n", 3), "--mean-degree '1/s': expression '1/s' is not finite"),
        (("--along", "circle"), "--along 'circle': curve is 'circle', must be one of helix, line, spiral, "),
        (("--along", "t; t"), "--along 't; t'"),
        (("--along", "t; t; x"), "'x' is not allowed"),
        (("--along", "line"), "--along 'line': curve 'line' needs the option length"),
        (("--along", "line", "--length", 0), "length is 0.0, must be > 0 mm"),
        (("--along", "line", "--turns", 2), "turns is no option of this curve; its options are: length"),
        (("--turns", -1), "turns is -1.0, must be > 0"),
        (("--overlap", 1, "--nodes", 10), "overlap is 1.0, must be in 0..0.9"),
        (("--nodes", "10*s"), "nodes"),
        (("--extents", "0.001", "0.001", "0.001"), "webs are needed along the curve, at most 5000 are made"),
        (("-o", "web.stl"), "web.stl: suffix '.stl' is no web format, use one of .npz"),
    ],
)
def test_what_cannot_be_assembled_is_refused(fails, words, says):
    fails("assemble", *words, says=says)


@pytest.mark.parametrize("option", [("--nodes", "20"), ("--extents", 1, 2, 3), ("-n", 3), ("--strut-radius", 0.3)])
def test_options_of_generated_webs_are_refused_for_files(fails, web_file, option):
    name = {"-n": "--count"}.get(option[0], option[0])
    fails("assemble", web_file("one.npz"), *option, says=f"{name} is for generated webs, but WEBS are given")
