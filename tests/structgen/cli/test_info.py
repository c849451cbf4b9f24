from __future__ import annotations

import json

from structgen.files import sha256
from structgen.generators import save_model
from structgen.generators.store import shipped
from structgen.targets import NAMES, DesignTargets


def test_a_web(structgen, web_file, cube):
    name = web_file(metadata={"seed": 3, "note": "from \x1b[31mafar", "modules": [{"nodes": 8}]})
    report = json.loads(structgen("info", name, "--json").stdout)
    assert report["file"] == name
    assert report["made by"] == {"seed": 3, "note": "from \x1b[31mafar", "modules": [{"nodes": 8}]}
    assert {key: report["web"][key] for key in NAMES} == DesignTargets.measure(cube).as_dict()
    assert report["web"]["components"] == 1
    assert report["validity"] == {
        "components": 1, "over_degree": 0, "zero_length": 0, "close_nodes": 0, "crossings": 0,
    }  # fmt: skip
    lines = structgen("info", name).stdout.splitlines()
    assert "  nodes: 8" in lines
    assert "  mean_edge_length: 10" in lines
    assert "  modules: 1 entries" in lines
    assert "  note: from ?[31mafar" in lines  # nothing that a terminal obeys


def test_a_web_in_parts(structgen, web_file):
    from structgen.web import WebGraph

    name = web_file("two.csv", WebGraph([[0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0]], [[0, 2], [1, 3]]))
    result = structgen("info", name)
    assert "  components: 2" in result.stdout
    assert result.stderr == ""


def test_a_model(structgen, here, tiny_model):
    save_model(tiny_model, here / "tiny.safetensors")
    report = json.loads(structgen("info", "tiny.safetensors", "--json").stdout)
    assert report["model"] == "analog"
    assert report["sha256"] == sha256("tiny.safetensors")
    assert report["parameters"] == sum(p.numel() for p in tiny_model.parameters())
    rows = tiny_model.range.rows
    assert report["trained on"]["nodes"] == f"{rows[:, 4].min():.4g} to {rows[:, 4].max():.4g}"
    assert list(report["trained on"]) == list(NAMES)


def test_versions_and_shipped_models(structgen):
    report = json.loads(structgen("info", "--json").stdout)
    assert {"structgen", "python", "torch", "numpy", "manifold3d"} <= set(report["versions"])
    assert report["models"]["analog"]["sha256"] == sha256(shipped("analog"))
    text = structgen("info").stdout
    assert "versions:\n  structgen: " in text
    assert "    trained on:\n" in text


def test_what_is_neither(fails, here, dataset):
    (here / "weights.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    fails("info", "weights.safetensors", says="weights.safetensors: not a sound structgen model")
    fails("info", "web.stl", says="web.stl: suffix '.stl' is no web format")
    fails("info", dataset.path, says="holds a data set of many small webs, not a web; see `structgen data info`")
