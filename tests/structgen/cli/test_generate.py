from __future__ import annotations

import json

import numpy as np
import pytest

from structgen import __version__
from structgen.files import sha256
from structgen.generators.store import shipped
from structgen.io import read_web, read_web_and_metadata, write_web
from structgen.sources.procedural import orb
from structgen.targets import DesignTargets
from structgen.validity import validity
from structgen.web import WebGraph

FEW = ("generate", "--nodes", 12, "--mean-degree", 2.5, "--extents", 20, 15, 10)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_webs_are_valid_and_reach_their_counts(structgen, here, model):
    result = structgen(*FEW, "-n", 3, "--seed", 4, "-o", "webs")
    assert names(here / "webs") == ["web_000.npz", "web_001.npz", "web_002.npz", "webs.json"]
    report = json.loads((here / "webs" / "webs.json").read_text())
    assert report["structgen"] == __version__
    assert report["seed"] == 4
    assert report["model"] == "autoregressive"
    assert report["model_sha256"] == sha256(shipped("autoregressive"))
    assert report["asked"] == DesignTargets(nodes=12, mean_degree=2.5, extents=(20, 15, 10)).as_dict()
    assert [row["file"] for row in report["webs"]] == [f"webs/web_00{k}.npz" for k in range(3)]
    for k, row in enumerate(report["webs"]):
        web, metadata = read_web_and_metadata(here / row["file"])
        assert (web.n, web.m) == (12, 15)
        assert validity(web, model.config.max_degree).ok
        assert row["filled"] == ["mean_edge_length"]
        assert row["reached"] == DesignTargets.measure(web).as_dict()
        assert {name: row["asked"][name] for name in ("nodes", "edges", "mean_degree", "dx", "dy", "dz")} == {
            "nodes": 12, "edges": 15, "mean_degree": 2.5, "dx": 20, "dy": 15, "dz": 10,
        }  # fmt: skip
        assert metadata["number"] == k
        assert metadata["seed"] == 4
        assert metadata["reached"] == row["reached"]
    assert "webs/web_000.npz: WebGraph(n=12, m=15" in result.stdout
    assert "filled from the training webs: mean_edge_length" in result.stderr


def test_same_seed_same_bytes_other_seed_other_webs(structgen, here):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        structgen(*FEW, "-n", 2, "--seed", seed, "-o", folder)
    for name in ("web_000.npz", "web_001.npz"):
        same, again, other = ((here / folder / name).read_bytes() for folder in "abc")
        assert same == again
        assert same != other
    assert read_web("a/web_000.npz") != read_web("a/web_001.npz")
    assert read_web("a/web_000.npz") != read_web("c/web_000.npz")


@pytest.mark.parametrize("format", ["csv", "graphml", "lammps", "vtp", "vtk"])
def test_other_formats_hold_the_same_web(structgen, here, format):
    structgen(*FEW, "-o", "npz")
    structgen(*FEW, "-o", "other", "--format", format)
    assert read_web(f"other/web_000.{format}") == read_web("npz/web_000.npz")


def test_one_web_may_go_to_a_file(structgen, here):
    result = structgen(*FEW, "--seed", 9, "-o", "new/my.vtp", "--json")
    assert names(here / "new") == ["my.vtp"]
    report = json.loads(result.stdout)
    assert [row["file"] for row in report["webs"]] == ["new/my.vtp"]
    assert read_web_and_metadata("new/my.vtp")[1]["seed"] == 9


def test_radius_steps_and_guidance_are_heard(structgen):
    for name, options in {"a": (), "b": ("--steps", 2), "c": ("--guidance", 1.5), "d": ("--strut-radius", 0.3)}.items():
        structgen(*FEW, "-o", f"{name}.npz", "--model", "analog", *options)
    webs = {name: read_web(f"{name}.npz") for name in "abcd"}
    assert webs["a"] != webs["b"]
    assert webs["a"] != webs["c"]
    # The decoder keeps thicknesses within half to twice the median asked for.
    assert ((webs["d"].radius >= 0.15) & (webs["d"].radius <= 0.6)).all()
    assert np.median(webs["d"].radius) > 1.2 * np.median(webs["a"].radius)


def test_no_guidance_and_much_of_it_are_in_the_report(structgen, here, model):
    for guidance in (0, 20):
        structgen(*FEW, "-o", "webs", "--guidance", guidance, "--steps", 3)
        report = json.loads((here / "webs" / "webs.json").read_text())
        assert (report["guidance"], report["steps"]) == (guidance, 3)
        assert validity(read_web("webs/web_000.npz"), model.config.max_degree).ok
    structgen(*FEW, "-o", "webs", "--model", "analog")
    report = json.loads((here / "webs" / "webs.json").read_text())
    assert (report["guidance"], report["steps"]) == (1, model.steps)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--mean-degree", 7), "mean_degree is 7, trained on"),
        (("--mean-edge-length", 0.05), "mean_edge_length is 0.05 mm, trained on"),
        (("--nodes", 4), "nodes is 4, trained on"),
    ],
)
def test_targets_out_of_range_are_answered_with_one_warning(structgen, model, options, says):
    few = {"--nodes": 10, "--extents": (20, 15, 10)} | dict([options])
    words = [word for name, value in few.items() for word in (name, *(value if name == "--extents" else (value,)))]
    result = structgen("generate", *words, "-n", 2, "--steps", 3, "-q", "-o", "webs")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"warning: {says}")
    assert "reached" in line
    for name in ("webs/web_000.npz", "webs/web_001.npz"):
        web = read_web(name)
        assert web.n == few["--nodes"]
        assert validity(web, model.config.max_degree).ok


def test_more_nodes_than_trained_on(structgen, tiny_model, here):
    from structgen.generators import save_model

    save_model(tiny_model, here / "tiny.safetensors")
    words = ("generate", "--nodes", 150, "--edges", 170, "--extents", 60, 50, 40)
    result = structgen(*words, "--model", "tiny.safetensors", "--steps", 2, "-o", "large.npz")
    web = read_web("large.npz")
    assert (web.n, web.m) == (150, 170)
    np.testing.assert_allclose(web.extents, (60, 50, 40), rtol=1e-12)
    assert validity(web, tiny_model.config.max_degree).ok
    assert "warning" not in result.stderr


def test_all_targets_are_filled_where_none_is_given(structgen):
    result = structgen("generate", "-o", "web.npz", "--steps", 1)
    assert "filled from the training webs: mean_edge_length, dx, dy, dz, nodes, edges, mean_degree" in result.stderr


def test_a_trained_model_is_used_by_its_path(structgen, tiny_model, here):
    from structgen.generators import save_model

    save_model(tiny_model, here / "tiny.safetensors")
    report = json.loads(structgen(*FEW, "--model", "tiny.safetensors", "--json", "-o", "w.npz").stdout)
    assert report["model_sha256"] == sha256("tiny.safetensors")


def test_webs_like_a_given_one(structgen, here):
    write_web(orb(seed=5, radii=20, mesh=5.0), here / "orb.npz")
    result = structgen("generate", "--like", "orb.npz", "--nodes", 20, "-n", 2, "-o", "webs")
    assert "filled from orb.npz: mean_edge_length, dx, dy, dz, edges, mean_degree" in result.stderr
    report = json.loads((here / "webs" / "webs.json").read_text())
    assert report["like"] == "orb.npz"
    assert report["webs"][0]["asked"] != report["webs"][1]["asked"]
    for row in report["webs"]:
        web, metadata = read_web_and_metadata(here / row["file"])
        assert web.n == 20
        assert metadata["like"] == "orb.npz"
        # An orb is flat.
        assert web.extents.min() == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--like", "none.npz"), "none.npz"),
        (("--like", "few.npz"), "like is a web of 3 edges in one piece, must have at least"),
        (("--like", "few.npz", "--model", "analog"), "like is a web, but the model analog"),
    ],
)
def test_nothing_to_be_like_is_refused(fails, here, options, says):
    triangle = WebGraph.from_edges(10.0 * np.eye(3), [[0, 1], [1, 2], [0, 2]])
    write_web(triangle, here / "few.npz")
    fails("generate", *options, "-o", "webs", says=says)
