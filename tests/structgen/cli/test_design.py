from __future__ import annotations

import json

import pytest

SMALL = ("--model", "analog", "--range", "nodes=8..12", "--range", "dx=10..20")


def test_a_design_study_and_its_going_on(structgen, here):
    words = ("design", "--target", "load=max", "--target", "mass<=1g", *SMALL, "--finalists", 2, "-o", "study")
    first = structgen(*words, "--trials", 4)
    assert {path.name for path in (here / "study").iterdir()} == {
        "study.log", "front.json", "front.csv", "pareto.png", "webs"
    }  # fmt: skip
    assert "study/pareto.png" in first.stdout and "webs/design_" in first.stdout
    result = json.loads(structgen(*words, "--trials", 5, "--json").stdout)
    assert result["trials"] == 5 and result["webs"] == 5 and len(result["designs"]) == 2
    for row in result["designs"]:
        assert (here / "study" / row["file"]).is_file()
        assert row["predicted"]["mass"] == pytest.approx(row["simulated"]["mass"])
        assert 8 <= row["simulated"]["nodes"] <= 12
    line = structgen("design", "--target", "load=min", *SMALL, "-o", "study", code=2).stderr.splitlines()[-1]
    assert line.startswith("error: study/study.log was begun with targets ")


def test_no_feasible_design_is_one_line(structgen, here):
    result = structgen(
        "design", "--target", "load=max", "--target", "mass<=0.0001mg", *SMALL, "--trials", 2, "-q", code=2
    )
    assert result.stderr.startswith("error: no design meets the targets in 2 webs; the nearest has mass ")
    assert [path.name for path in (here / "study").iterdir()] == ["study.log"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "mass<=2g"), "none is to be max or min"),
        (("--target", "beauty=max"), "'beauty' is no property, must be one of"),
        (("--target", "load=max", "--target", "load<=2g"), "load is in N, mN, not 'g'"),
        (("--target", "load=max", "--range", "nodes=9"), "x.safetensors: no such file"),
        (("--target", "load=max", "--range", "nodes=9..2"), "range nodes is 9..2, must rise and lie in 8..128"),
        ((), "Missing option '--target'"),
    ],
)
def test_wrong_input_is_one_line(fails, words, message):
    fails("design", *words, "--predictor", "x.safetensors", says=[message])
