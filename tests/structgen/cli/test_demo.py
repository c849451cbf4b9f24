"""The main job from end to end, small."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh

from assembly.hybrid.struts import widening
from structgen.cli import demo
from structgen.files import sha256
from structgen.generators import load_model
from structgen.generators.store import shipped
from structgen.io import read_web_and_metadata
from structgen.sources.neighbourhoods import MAX_NODES, MIN_NODES
from structgen.targets import NAMES, DesignTargets

FILES = ["report.json", "web.3mf", "web.npz", "web.png", "web.stl"]
SMALL = ("demo", "--turns", 0.5, "-n", 3, "--nodes", "10+2*s", "--mean-degree", 2.4, "--extents", 30, 15, 15)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and output of one run."""
    from click.testing import CliRunner

    from structgen.cli import main

    folder = tmp_path_factory.mktemp("demo")
    words = [str(word) for word in (*SMALL, "--seed", 3, "-o", folder / "out")]
    result = CliRunner().invoke(main, words, env={"STRUCTGEN_RENDERER": "matplotlib"})
    assert result.exit_code == 0, result.output
    return folder / "out", result


def test_files_and_messages(finished):
    folder, result = finished
    assert sorted(path.name for path in folder.iterdir()) == FILES
    lines = result.stdout.splitlines()
    assert lines[0].startswith("3 webs joined; ")
    assert "watertight" in lines[1]
    assert lines[2:] == [
        f"wrote {folder / name}" for name in ("web.stl", "web.3mf", "web.png", "web.npz", "report.json")
    ]
    assert "generating 3 webs along the curve" in result.stderr


def test_report(finished):
    folder, _ = finished
    report = json.loads((folder / "report.json").read_text())
    assert report["seed"] == 3
    assert report["curve"]["name"] == "helix"
    assert [report["curve"][name] for name in ("radius", "pitch", "turns")] == [30, 40, 0.5]
    assert report["model"] == "autoregressive"
    assert report["model_sha256"] == sha256(shipped("autoregressive"))
    assert {"structgen", "python", "torch", "numpy", "manifold3d", "trimesh"} <= set(report["versions"])
    assert {"load", "generate", "assemble", "solid", "picture", "write"} <= set(report["seconds"])
    assert [module["asked"]["nodes"] for module in report["modules"]] == [10, 11, 12]
    for module in report["modules"]:
        assert set(module["asked"]) == set(module["reached"]) == set(NAMES)
        assert module["filled"] == ["mean_edge_length"]
        for name in ("nodes", "edges", "mean_degree"):
            assert module["reached"][name] == module["asked"][name]
        for name in ("dx", "dy", "dz"):
            assert module["reached"][name] == pytest.approx(module["asked"][name], rel=1e-6)
    assert report["joined"]["webs"] == 3
    assert report["web"]["components"] == 1
    assert report["web"]["nodes"] == 33 - report["joined"]["welded"]
    assert report["solid"]["watertight"] is True
    assert report["solid"]["bodies"] == 1
    assert report["files"] == [
        str(folder / name) for name in ("web.stl", "web.3mf", "web.png", "web.npz", "report.json")
    ]


def test_solid_and_web(finished, load_solid):
    folder, _ = finished
    web, metadata = read_web_and_metadata(folder / "web.npz")
    assert web.is_connected
    assert np.median(web.radius) == pytest.approx(0.6, rel=0.3)
    report = json.loads((folder / "report.json").read_text())
    assert {name: report["web"][name] for name in NAMES} == DesignTargets.measure(web).as_dict()
    assert metadata["modules"] == report["modules"]
    for name in ("web.stl", "web.3mf"):
        solid = load_solid(folder / name)
        assert solid.is_watertight
        assert solid.body_count == 1
        assert solid.bounds[0, 2] == 0
        surplus = solid.extents - web.extents
        assert (surplus > 0).all()
        # Struts are octagons of the same area as a circle, whose corners lie a little further out.
        assert (surplus < 2 * web.radius.max() * widening(8)).all()
    assert (folder / "web.png").read_bytes().startswith(b"\x89PNG")


def test_same_seed_same_bytes(finished, structgen, here):
    folder, _ = finished
    structgen(*SMALL, "--seed", 3, "-o", folder.parent / "again")
    structgen(*SMALL, "--seed", 4, "-o", here / "other")
    for name in ("web.stl", "web.3mf", "web.npz", "web.png"):
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes(), name
    assert (folder / "web.stl").read_bytes() != (here / "other" / "web.stl").read_bytes()


@pytest.fixture
def no_part(monkeypatch):
    """The report alone: no solid, no files of it."""
    monkeypatch.setattr("structgen.cli.part.make_solid", lambda *_: SimpleNamespace(report={}))
    monkeypatch.setattr("structgen.cli.export.solid_line", lambda _: "")
    monkeypatch.setattr("structgen.cli.part.write_part", lambda web, solid, files, facts, *_: facts | {"files": []})


def test_without_targets_the_webs_grow_denser(structgen, no_part):
    report = json.loads(structgen("demo", "-n", 3, "--json").stdout)
    degrees = [module["asked"]["mean_degree"] for module in report["modules"]]
    assert degrees == sorted(degrees)
    assert degrees[0] < degrees[2]
    assert {module["asked"]["nodes"] for module in report["modules"]} == {float(demo.DEMO_TARGETS["nodes"])}


@pytest.fixture
def tuning(monkeypatch):
    """Less to sample and to validate on."""
    monkeypatch.setattr(demo, "SAMPLED", 120)
    monkeypatch.setattr("structgen.training.VALIDATION_WEBS", 4)
    return ("--fine-tune", 2, "--turns", 0.5, "-n", 2, "--nodes", 10)


def test_a_web_of_ones_own(structgen, here, web_file, tangle_web, tuning):
    name = web_file("mine.csv", tangle_web.scaled(3))
    result = structgen("demo", "mine_vertices.csv", *tuning, "-o", "out", "--seed", 2)
    assert name == "mine.csv"
    assert sorted(path.name for path in (here / "out").iterdir()) == ["model", *FILES]
    report = json.loads((here / "out/report.json").read_text())
    source = report["source"]
    assert source["file"] == "mine_vertices.csv"
    assert source["sha256"] == sha256("mine_vertices.csv")
    assert source["neighbourhoods"] == 120
    assert source["fine_tuning_steps"] == 2
    assert source["web"]["nodes"] == tangle_web.n
    assert source["web"]["mean_edge_length"] == pytest.approx(demo.TYPICAL_LENGTH)
    assert source["scale"] == pytest.approx(demo.TYPICAL_LENGTH / tangle_web.lengths.mean() / 3)
    assert report["model_sha256"] == sha256("out/model/weights.safetensors") != sha256(shipped("autoregressive"))
    sizes = load_model("out/model/weights.safetensors").range.rows[:, 4]
    # Those of its neighbourhoods.
    assert sizes.min() >= MIN_NODES
    assert sizes.max() <= MAX_NODES
    assert report["web"]["components"] == 1
    assert trimesh.load(here / "out/web.stl").is_watertight
    assert "fine-tuning for 2 steps on 120 neighbourhoods of mine_vertices.csv" in result.stderr


def test_scale_of_ones_own_web(structgen, web_file, tangle_web, tuning, no_part):
    report = json.loads(structgen("demo", web_file("w.npz", tangle_web), *tuning, "--scale", 1.5, "--json").stdout)
    assert report["source"]["scale"] == 1.5
    assert report["source"]["web"]["mean_edge_length"] == pytest.approx(1.5 * tangle_web.lengths.mean())


def test_of_a_web_in_parts_the_largest_is_used(structgen, web_file, tangle_web, tuning, no_part):
    from structgen.web import WebGraph

    pos = np.concatenate([tangle_web.pos, [[500, 0, 0], [501, 0, 0]]])
    edges = np.concatenate([tangle_web.edge_index.T, [[tangle_web.n, tangle_web.n + 1]]])
    name = web_file("parts.npz", WebGraph.from_edges(pos, edges))
    result = structgen("demo", name, *tuning, "-q", "--json")
    assert f"warning: parts.npz: the web has 2 separate parts; the largest, {tangle_web.n} of" in result.stderr
    assert json.loads(result.stdout)["source"]["web"]["nodes"] == tangle_web.n


def test_a_web_without_size_is_refused(fails, web_file, cube):
    fails("demo", web_file("point.npz", cube.scaled(0)), says="the web has no size: its nodes lie in one point")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scale", 2), "--scale is for WEB, which is not given"),
        (("web.npz", "--scale", -1), "--scale is -1.0, must be a number > 0"),
        (("web.npz",), "the source is too small: no connected region of 8 nodes"),
        (("web.npz", "--nodes", "10+"), "--nodes '10+': expression '10+' cannot be read"),
        (("--nodes", 1), "nodes is 1, must be a whole number >= 2"),
        (("--nodes", "10-10*s"), "nodes is 0, must be > 0"),
        (("--strut-radius", -1), "'--strut-radius': -1.0 is not in the range x>0"),
        (("--along", "line"), "needs the option length"),
        (("--sides", 100), "100 is not in the range 3<=x<=64"),
    ],
)
def test_what_makes_no_part_is_refused(fails, web_file, words, says):
    web_file()
    fails("demo", *words, says=says)
