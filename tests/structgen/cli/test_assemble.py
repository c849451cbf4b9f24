from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

from assembly.curves import FILES, NAMED, attractor, lissajous, parametric, spiral, svg_path, torus_knot
from structgen import parallel
from structgen.cli import assemble, demo
from structgen.cli.options import CURVE_OPTIONS
from structgen.io import read_web, read_web_and_metadata
from structgen.validity import crossing_pairs

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


def test_workers_and_schedulers(structgen, fails, web_file, here, monkeypatch):
    for name, workers in (("a.npz", 1), ("b.npz", 2)):
        structgen("assemble", *HELIX, *SMALL, "-n", 2, "--seed", 5, "--workers", workers, "-o", name)
    assert (here / "a.npz").read_bytes() == (here / "b.npz").read_bytes()
    nobody = ("--scheduler", "tcp://127.0.0.1:1")
    fails("assemble", web_file("one.npz"), *nobody, says="--scheduler is for generated webs, but WEBS are given")
    pytest.importorskip("distributed", reason="needs the extra cluster: dask.distributed")
    monkeypatch.setattr(parallel, "SCHEDULER_SECONDS", 0.5)
    failed = structgen("assemble", *HELIX, *SMALL, "-n", 2, *nobody, "-o", "c.npz", "-q", code=2)
    assert "no dask scheduler answers at 'tcp://127.0.0.1:1'" in failed.stderr
    assert not (here / "c.npz").exists()


def test_a_curve_by_expressions(structgen):
    curve = ("--along", "t*10; 5*sin(t); 0*t", "--t0", 0, "--t1", 6)
    structgen("assemble", *curve, *SMALL, "-n", 3, "-o", "web.npz")
    assert 55 < read_web("web.npz").extents[0] < 75


CURVES = {
    "helix": ("--radius", 20, "--pitch", 15, "--turns", 0.5, "--end-radius", 25),
    "line": ("--length", 60),
    "spiral": ("--radius", 30, "--inner-radius", 10, "--turns", 0.7, "--pitch", 5),
    "logarithmic-spiral": ("--radius", 30, "--inner-radius", 10, "--turns", 0.7, "--pitch", 5),
    "torus-knot": ("--p", 1, "--q", 2, "--radius", 25, "--tube-radius", 6),
    "lissajous": ("--frequencies", 1, 1, 2, "--amplitudes", 30, 20, 9, "--phases", 0, 1.5, 0.3),
    "attractor": ("--radius", 24),
    "10*t; 0*t; t**2": ("--t0", 0, "--t1", 6),
    "M 0 0 C 20 0 20 30 40 30": ("--size", 60),
    "points.csv": ("--corner-radius", 5, "--closed"),
    "smooth.csv": ("--smooth", "--closed"),
    "drawing.svg": ("--path", "bow", "--size", 70),
}


@pytest.fixture
def curve_files(here):
    for name in ("points.csv", "smooth.csv"):
        (here / name).write_text("x,y,z\n0,0,0\n50,0,0\n50,40,0\n0,40,20\n")
    paths = '<path id="bow" d="M 0 0 Q 40 30 80 0"/><path id="line" d="M 0 0 H 9"/>'
    (here / "drawing.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{paths}</svg>')


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_with_every_option(structgen, web_file, curve_files, name):
    words = CURVES[name]
    result = structgen("assemble", web_file(), "--along", name, *words, "-o", "joined.npz", "--json", "-q")
    curve = json.loads(result.stdout)["curve"]
    assert curve["name"] == name
    options = [word for word in words if isinstance(word, str) and word.startswith("--")]
    for option in options:
        assert option.removeprefix("--").replace("-", "_") in curve
    assert curve["length_mm"] > 30
    assert curve["closed"] == (name in ("torus-knot", "lissajous", "attractor", "points.csv", "smooth.csv"))
    assert read_web_and_metadata("joined.npz")[1]["curve"] == curve


def test_every_option_of_a_curve_is_one_of_the_command_and_the_other_way_round():
    """And no option is tried by no test above."""
    makers = [*NAMED.values(), *FILES.values(), parametric, svg_path]
    own = {name for make in makers for name in inspect.signature(make).parameters}
    assert own - {"x", "y", "z", "file", "d"} == set(CURVE_OPTIONS)
    tried = {word for words in CURVES.values() for word in words if isinstance(word, str) and word.startswith("--")}
    assert {name.removeprefix("--").replace("-", "_") for name in tried} == set(CURVE_OPTIONS)


@pytest.mark.parametrize("command", [assemble.command, demo.command])
def test_the_help_of_a_curve_tells_its_true_defaults(command):
    options = {option.name: option for option in command.params}
    assert set(CURVE_OPTIONS) <= set(options)
    for make in (spiral, torus_knot, lissajous):
        for name, parameter in inspect.signature(make).parameters.items():
            values = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
            assert f"[{' '.join(f'{value:g}' for value in values)}" in options[name].help
    assert f"attractor [{inspect.signature(attractor).parameters['radius'].default:g}]" in options["radius"].help


def test_webs_go_round_a_closed_curve(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(8)]
    ring = ("--along", "helix", "--radius", 10 * 8 / 2 / np.pi, "--pitch", 0, "--turns", 1)
    structgen("assemble", *files, *ring, "--bridges", 0, "--weld", 0.5, "-o", "ring.npz")
    web = read_web("ring.npz")
    # Eight cubes in a ring, bent so that each shares a face with the next.
    assert (web.n, web.m) == (32, 64)
    assert np.allclose(web.pos.mean(axis=0), 0, atol=1e-3)


def test_a_closed_curve_names_no_place_twice(structgen):
    ring = ("--along", "helix", "--radius", 20, "--pitch", 0, "--turns", 1)
    asked = ("--nodes", "10+4*s", "--mean-degree", 2.4, "--extents", 36, 12, 12)
    report = json.loads(structgen("assemble", *ring, *asked, "-n", 4, "-o", "web.npz", "--json").stdout)
    assert [row["asked"]["nodes"] for row in report["modules"]] == [10, 11, 12, 13]


def test_webs_that_run_into_one_another_are_told(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(40)]
    result = structgen("assemble", *files, "--along", "helix", "--radius", 20, "--pitch", 8, "--turns", 3, "-q")
    assert result.stderr.startswith("warning: webs up to 10 mm wide run into one another where the curve passes itself")
    assert read_web("web.npz").is_connected


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
        (("--along", "attractor", "--closed"), "closed is no option of this curve; its options are: radius"),
        (("--p", 2), "p is no option of this curve; its options are: radius, pitch, turns, end_radius"),
        (("--along", "torus-knot", "--p", 2, "--q", 6), "q is 6, must have no divisor in common with p = 2"),
        (("--along", "lissajous", "--frequencies", 1, 2), "'--frequencies' requires 3 arguments"),
        (("--along", "helix", "--pitch", 0, "--turns", 2), "--along 'helix': curve runs over a stretch twice"),
        (("--along", "cos(6.3*t); 0*t; 0*t"), "--along 'cos(6.3*t); 0*t; 0*t': curve turns back on itself"),
        (("--along", "'t; t; t"), 'expression "\'t" cannot be read'),
        (("--along", "__import__('os'); t; t"), "is not allowed"),
        (("--along", "1e9*t; t; t"), "points must be finite and within +-1e+06 mm"),
        (("--along", "missing.csv"), "error: missing.csv: no such file"),
        (("--along", "missing.svg"), "error: missing.svg: no such file"),
        (("--along", "points.txt"), "--along 'points.txt': curve is 'points.txt', must be one of helix"),
        (("--along", "M 0 0 L 5"), "--along 'M 0 0 L 5': path data end where number 2 of 'L' is expected"),
        (("--along", "M 0 0 H " + "9" * 3000), "--along 'M 0 0 H 9999"),
        (("--radius", "nan"), "--along 'helix': radius is nan, must be > 0 mm"),
        (("--turns", -1), "turns is -1.0, must be > 0"),
        (("--overlap", 1, "--nodes", 10), "overlap is 1.0, must be in 0..0.9"),
        (("--nodes", "10*s"), "nodes"),
        (("--extents", "0.001", "0.001", "0.001"), "webs are needed along the curve, at most 5000 are made"),
        (("-o", "web.xyz"), "web.xyz: suffix '.xyz' is not known, use one of .stl"),
    ],
)
def test_what_cannot_be_assembled_is_refused(fails, words, says):
    fails("assemble", *words, says=says)


@pytest.mark.parametrize("option", [("--nodes", "20"), ("--extents", 1, 2, 3), ("-n", 3), ("--strut-radius", 0.3)])
def test_options_of_generated_webs_are_refused_for_files(fails, web_file, option):
    name = {"-n": "--count"}.get(option[0], option[0])
    fails("assemble", web_file("one.npz"), *option, says=f"{name} is for generated webs, but WEBS are given")


# -- numbers by place, and seams ---------------------------------------------------------------------


@pytest.fixture
def ramp(here):
    """A picture, black on the left, white on the right."""
    from PIL import Image

    Image.fromarray(np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))).save(here / "ramp.png")
    return "ramp.png"


def test_targets_by_the_place_of_a_module_in_space(structgen):
    """On a helix from (20, 0, 0) half way round to (-20, 0, 7.5)."""
    asked = ("--nodes", "10+0.1*(20-x)", "--mean-degree", "2.4+0.04*z", *SMALL[4:])
    report = json.loads(structgen("assemble", *HELIX, *asked, "-n", 3, "--json").stdout)
    assert [row["asked"]["nodes"] for row in report["modules"]] == [10, 12, 14]
    assert [row["asked"]["edges"] for row in report["modules"]] == [12, 15, 19]


def test_radii_by_place(structgen, web_file):
    files = [web_file(f"w{k}.npz") for k in range(4)]
    structgen("assemble", *files, *HELIX, "--radius-field", "0.2+0.02*z+0.1*s", "--rigid", "-o", "graded.npz")
    web = read_web("graded.npz")
    own = web.kind != 8
    middle = web.pos[web.edge_index].mean(axis=0)
    angle = np.arctan2(middle[:, 1], middle[:, 0])
    expected = 0.2 + 0.02 * middle[:, 2] + 0.1 * np.clip(angle / np.pi, 0, 1)
    plain = (angle > 0.1) & (angle < np.pi - 0.1) & own
    assert plain.sum() > 10
    assert np.allclose(web.radius[plain], expected[plain], atol=0.02)
    assert (web.radius[~own] > web.radius[own].min()).all()


def test_a_radius_of_no_strut_is_refused(structgen, web_file):
    line = ("--along", "line", "--length", 10)
    result = structgen("assemble", web_file("w.npz"), *line, "--radius-field", "z", code=2)
    assert "radius is" in result.stderr and "must be > 0 and at most half the mean edge length, 5 mm" in result.stderr


def test_a_picture_tells_targets_and_radii(structgen, ramp):
    line = ("--along", "line", "--length", 54, *SMALL[2:], "--picture", ramp)
    asked = ("--nodes", "10+4*p", "--radius-field", "0.1+0.2*p")
    report = json.loads(structgen("assemble", *line, *asked, "-n", 3, "-o", "web.npz", "--json").stdout)
    assert [row["asked"]["nodes"] for row in report["modules"]] == [10, 12, 14]
    web = read_web("web.npz")
    own = web.kind != 8
    along = web.pos[web.edge_index].mean(axis=0)[:, 0]
    assert np.allclose(web.radius[own], 0.1 + 0.2 * np.clip(along / 54, 0, 1)[own], atol=0.02)
    # Seen along x, a line has no extent to lay the picture across.
    turned = json.loads(structgen("assemble", *HELIX, *SMALL, "-n", 2, "--picture", ramp, "--picture-axis", "y",
                                  "--radius-field", "0.1+0.1*p", "--json").stdout)  # fmt: skip
    assert turned["web"]["radius"]["max"] <= 0.2 + 1e-9


def test_seams_by_the_model(structgen, here):
    line = ("assemble", "--along", "line", "--length", 90, "--nodes", 24, "--mean-degree", 2.6, "--extents", 50, 25, 25)
    reports = {}
    for name in ("bridge", "extend"):
        output = structgen(*line, "--seams", name, "--seed", 1, "-o", f"{name}.npz", "--json").stdout
        reports[name] = json.loads(output)["joined"]
    assert (reports["bridge"]["seams"], reports["extend"]["seams"]) == (0, 1)
    web = read_web("extend.npz")
    assert web.is_connected
    assert len(crossing_pairs(web)) == 0
    structgen(*line, "--seams", "extend", "--seed", 1, "-o", "again.npz")
    assert (here / "again.npz").read_bytes() == (here / "extend.npz").read_bytes()


def test_seams_of_given_webs_are_made_by_the_model_too(structgen, web_file):
    structgen("generate", "--nodes", 24, "--mean-degree", 2.6, "--extents", 50, 25, 25, "-o", "one.npz")
    line = ("--along", "line", "--length", 90)
    result = structgen("assemble", "one.npz", "one.npz", *line, "--seams", "extend", "--json", "-o", "two.npz")
    report = json.loads(result.stdout)
    assert report["joined"]["seams"] == 1
    assert report["model"] == "autoregressive"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--radius-field", "0.3+w"), "--radius-field '0.3+w': expression '0.3+w': 'w' is not allowed"),
        (("--radius-field", "0.3*p"), "'p' is not allowed; names are s, x, y, z"),
        (("--radius-field", "0.3", "--strut-radius", 0.3), "--radius-field and --strut-radius exclude each other"),
        (("--nodes", "10*p", "-n", 2), "--nodes '10*p': expression '10*p': 'p' is not allowed"),
        (("--picture", "none.png"), "none.png: no such file"),
        (("--seams", "glue"), "'glue' is not one of 'bridge', 'extend'"),
        (("--along", "line", "--length", 9, "--picture", "ramp.png", "--picture-axis", "x"), "no extent across x"),
    ],
)
def test_wrong_numbers_by_place_are_refused(fails, ramp, words, says):
    fails("assemble", *words, says=says)
