"""The benchmark of tension tests runs, and holds its bounds on few webs and sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "mechanics.py"


def result(tmp_path, *arguments):
    output = tmp_path / "result.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments), "--output", str(output)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


def check(found, webs):
    assert found["pulled"] == webs
    assert found["failed"] == found["refused"] == found["not finite"] == 0
    assert found["largest energy gain at a break"] < 1e-6
    assert found["largest residual"] <= 1e-4
    assert found["balance over 1 %, torn"] == found["balance over 1 %, slack to the end"] == 0


def test_random_webs(tmp_path):
    check(result(tmp_path, "--parts", "random", "--webs", 20)["random"], 20)


@pytest.mark.slow
def test_many_random_webs(tmp_path):
    check(result(tmp_path, "--parts", "random", "--webs", 500)["random"], 500)


@pytest.mark.slow
def test_agreement_with_lammps(tmp_path):
    found = result(tmp_path, "--parts", "agreement", "--rates", 0.001)["agreement"]
    if not found[0]["lammps"]:
        pytest.skip("needs lammps and mpich")
    for web in found:
        (lammps,) = web["lammps"]
        assert abs(lammps["drop_off"]) < 0.02
        assert lammps["rms"] < 0.01
        assert web["balance"] < 0.01


@pytest.mark.slow
def test_growth(tmp_path):
    nets = result(tmp_path, "--parts", "growth", "--sizes", 400, 1600)["growth"]["nets"]
    assert all(net["end"] in ("apart", "failed") for net in nets)
    assert all(net["balance"] < 0.01 for net in nets)
