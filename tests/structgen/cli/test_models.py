from __future__ import annotations

import json
import shutil

import pytest

from structgen.cli.models import simulate_networks
from structgen.files import sha256
from structgen.generators import save_model
from structgen.generators.store import SHIPPED, shipped


def test_the_shipped_models_are_listed(structgen):
    report = json.loads(structgen("models", "list", "--json").stdout)
    assert tuple(report) == (*SHIPPED, *simulate_networks())
    lines = structgen("models", "list").stdout.splitlines()
    assert len(lines) == len(report)
    for line, (name, facts) in zip(lines, report.items(), strict=True):
        assert facts["model"] == name
        assert facts["sha256"] == sha256(simulate_networks().get(name) or shipped(name))
        rest = f"{facts['trained on']['nodes']} nodes" if name in SHIPPED else "a network of simulate"
        assert line == f"{name}: {facts['parameters']:,} parameters, {rest}"


@pytest.mark.parametrize("name", simulate_networks())
def test_cards_of_networks_of_simulate(structgen, name):
    report = json.loads(structgen("models", "card", name, "--json").stdout)
    assert report["sha256"] == sha256(simulate_networks()[name]) and report["command"].startswith("structgen train")


@pytest.mark.parametrize("name", SHIPPED)
def test_cards_of_shipped_models(structgen, name):
    report = json.loads(structgen("models", "card", name, "--json").stdout)
    assert report == json.loads(shipped(name, ".json").read_text())
    text = structgen("models", "card", name).stdout
    assert f"model: {name}\n" in text
    assert f"sha256: {sha256(shipped(name))}\n" in text
    assert "plan:\n  steps: " in text


@pytest.mark.parametrize("card", ["card.json", "mine.json"])
def test_the_card_beside_a_model_of_ones_own(structgen, here, tiny_model, card):
    save_model(tiny_model, here / "run" / "mine.safetensors")
    facts = {"sha256": sha256("run/mine.safetensors"), "data": {"origin": "from \x1b[31mafar"}}
    (here / "run" / card).write_text(json.dumps(facts))
    assert json.loads(structgen("models", "card", "run/mine.safetensors", "--json").stdout) == facts
    # Nothing that a terminal obeys.
    assert "  origin: from ?[31mafar\n" in structgen("models", "card", "run/mine.safetensors").stdout


def test_of_two_cards_that_of_the_same_name_is_read(structgen, here, tiny_model):
    save_model(tiny_model, here / "mine.safetensors")
    (here / "card.json").write_text(json.dumps({"sha256": "that of another"}))
    (here / "mine.json").write_text(json.dumps({"sha256": sha256("mine.safetensors")}))
    assert "sha256: " in structgen("models", "card", "mine.safetensors").stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "card.json: no such file"),
        ("", "the file is empty"),
        ("{", "card.json: not a model card"),
        ("[]", "card.json: not a model card"),
        ("5", "card.json: not a model card"),
        ("{}", "card.json: is not the card of mine.safetensors, the hash in it is that of another file"),
        ('{"sha256": "0"}', "card.json: is not the card of mine.safetensors"),
        (" " * (1 << 20) + "{}", "card.json"),
    ],
    ids=["missing", "empty", "cut", "list", "number", "no hash", "other hash", "large"],
)
def test_cards_that_are_none(fails, here, tiny_model, content, says):
    save_model(tiny_model, here / "mine.safetensors")
    if content is not None:
        (here / "card.json").write_text(content)
    fails("models", "card", "mine.safetensors", says=says)


def test_a_card_that_nests_without_end(fails, here, tiny_model):
    save_model(tiny_model, here / "mine.safetensors")
    (here / "card.json").write_text("[" * 200_000)
    fails("models", "card", "mine.safetensors", says="card.json: not a model card")


def test_a_card_of_other_weights_is_not_shown(fails, here):
    shutil.copy(shipped("analog"), here / "altered.safetensors")
    shutil.copy(shipped("discrete", ".json"), here / "altered.json")
    fails("models", "card", "altered.safetensors", says="altered.json: is not the card of altered.safetensors")


def test_models_that_are_none(fails):
    fails("models", "card", "missing", says="model 'missing': no such file, and shipped models are analog, discrete")
    fails("models", "card", says="Missing argument 'MODEL'")
    fails("models", "lst", says="No such command 'lst'")
