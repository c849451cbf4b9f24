from __future__ import annotations

import json

import pytest

from structgen.cli import evaluate as command
from structgen.files import sha256
from structgen.generators import save_model
from structgen.io import write_web
from structgen.sources import training_set
from structgen.sources.neighbourhoods import build


@pytest.fixture
def quick(monkeypatch):
    """No forests, few draws: they are tested beside the protocol."""
    from structgen.evaluation import classifier, distributions

    monkeypatch.setattr(classifier, "available", lambda: False)
    monkeypatch.setattr(distributions, "DRAWS", 5)


def test_a_model_is_evaluated(structgen, here, dataset, tiny_model, quick):
    save_model(tiny_model, here / "tiny.safetensors")
    words = ("tiny.safetensors", "--data", dataset.path, "--webs", 4, "--seeds", 2, "--steps", 1, "--guidance", 1.5)
    run = structgen("evaluate", *words, "-o", "out")
    result = json.loads((here / "out/evaluation.json").read_text())
    assert (here / "out/evaluation.png").read_bytes().startswith(b"\x89PNG")
    assert result["evaluated"] == "tiny.safetensors"
    assert result["model_sha256"] == sha256(here / "tiny.safetensors")
    assert result["protocol"]["options"] == {"guidance": 1.5, "steps": 1}
    assert result["protocol"]["trials"] == 2
    assert "distance to test webs" in run.stdout
    assert "out/evaluation.json, out/evaluation.png" in run.stdout
    assert "web of trial 1" in run.stderr


def test_files_and_folders_of_webs_are_evaluated(structgen, here, dataset, quick):
    folder = here / "webs"
    folder.mkdir()
    for k, name in enumerate(("a.npz", "b.csv", "c.vtp")):
        write_web(dataset[k], folder / name)
    (folder / "webs.json").write_text("{}")
    result = json.loads(structgen("evaluate", "webs", "--data", dataset.path, "--seeds", 1, "--json").stdout)
    assert result["protocol"]["webs"] == [3]
    assert result["adherence"] == {}
    assert "model_sha256" not in result
    assert (here / "evaluation/evaluation.png").is_file()


def test_what_is_novel_is_told_against_what_the_model_learned_from(structgen, here, dataset, tangle_web, quick):
    other = build([tangle_web], here / "other.npz", 40, 9, "another set")
    (here / "webs").mkdir()
    write_web(other[int(other.indices("train")[0])], here / "webs/a.npz")
    write_web(dataset[0], here / "webs/b.npz")
    found = {}
    for name, more in (("own", ()), ("other", ("--trained-on", other.path))):
        run = structgen("evaluate", "webs", "--data", dataset.path, "--seeds", 1, "-o", name, *more)
        found[name] = json.loads((here / name / "evaluation.json").read_text())
    assert found["own"]["protocol"]["trained_on"] == dataset.header["origin"]
    assert found["other"]["protocol"]["trained_on"] == "another set"
    assert found["other"]["leakage"]["train"] == len(other.indices("train"))
    assert found["other"]["novelty"]["generated"]["copies"] == 0.5
    assert "whose sources are its own" in run.stdout


def test_without_data_webs_of_the_default_set_are_built(structgen, monkeypatch, here, dataset, quick):
    monkeypatch.setattr(command, "SOURCES", 10)
    monkeypatch.setattr(command, "NEIGHBOURHOODS", 60)
    webs = [dataset[k].scaled(1.0 + k) for k in range(10)]
    monkeypatch.setattr(training_set, "source_web", lambda task: webs[task[1]])
    monkeypatch.setattr(training_set, "parallel_map", lambda function, tasks, *who: map(function, tasks))
    write_web(dataset[0], here / "a.npz")
    write_web(dataset[1], here / "b.npz")
    run = structgen("evaluate", ".", "--seeds", 1)
    assert "building 10 webs of the default set" in run.stderr
    result = json.loads((here / "evaluation/evaluation.json").read_text())
    assert result["protocol"]["data"] == "10 webs of the default set (orb, sheet, tangle, tent), seed 0"
    assert sum(result["leakage"][part] for part in ("train", "test")) < 60


def test_wrong_input_is_one_line(fails, here, dataset, web_file):
    fails("evaluate", "nothing", "--data", dataset.path, says="model 'nothing': no such file")
    fails("evaluate", "missing.npz", "--data", dataset.path, says="missing.npz: no such file")
    fails("evaluate", "analog", "--data", "no.npz", says="no.npz: no such file")
    fails("evaluate", "analog", "--data", dataset.path, "--trained-on", "no.npz", says="no.npz: no such file")
    fails("evaluate", web_file(), "--data", dataset.path, says="1 web is too few")
    fails("evaluate", web_file(), "--data", dataset.path, "--steps", 3, says="cannot be made with")
    fails("evaluate", "analog", "--webs", 1, says="--webs")
    (here / "empty").mkdir()
    fails("evaluate", "empty", says="empty: the folder holds no webs")
