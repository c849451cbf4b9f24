from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from structgen.cli import main
from structgen.sources.neighbourhoods import Dataset


def run(*arguments):
    return CliRunner().invoke(main, ["data", *map(str, arguments)], prog_name="structgen")


def test_default_set_is_built_alike_by_one_and_two_workers_and_has_a_card(tmp_path):
    for workers in (1, 2):
        name = tmp_path / f"{workers}.npz"
        found = run("build", "--default-set", 4, "-n", 40, "--workers", workers, "--seed", 5, "-o", name)
        assert found.exit_code == 0, found.output
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    info = Dataset.open(tmp_path / "1.npz").info()
    assert info["origin"] == "4 webs of the default set (orb, sheet, tangle, tent), seed 5"
    assert (info["webs"], info["split_by"], info["count"]) == (4, "web", 40)

    found = run("card", tmp_path / "1.npz", "-o", tmp_path / "card", "--json")
    assert found.exit_code == 0, found.output
    facts = json.loads((tmp_path / "card/card.json").read_text())
    assert json.loads(found.stdout) == facts
    assert sum(facts["neighbourhoods"].values()) == 40
    assert (tmp_path / "card/card.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give one of WEBS, --procedural and --default-set"),
        (("web.npz", "--default-set", "4"), "give one of WEBS"),
        (("--procedural", "4", "--default-set", "4"), "give one of WEBS"),
        (("--default-set", "2"), "2 is not in the range"),
        (("--default-set", "4", "--workers", "-1"), "-1 is not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(tmp_path, arguments, words):
    found = run("build", *arguments, "-o", tmp_path / "d.npz")
    assert found.exit_code == 2
    assert found.stderr.strip().count("\n") == 0 and words in found.stderr
    assert not (tmp_path / "d.npz").exists()


def test_a_card_of_what_is_no_data_set(tmp_path):
    (tmp_path / "d.npz").write_bytes(b"nothing")
    found = run("card", tmp_path / "d.npz", "-o", tmp_path / "card")
    assert found.exit_code == 2
    assert "not a structgen data set" in found.stderr
    assert not (tmp_path / "card").exists()
