"""Frames of beams are within 1 % of closed forms, exact rods and other codes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "frames.py"


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    output = tmp_path_factory.mktemp("frames") / "frames.json"
    few = ("--cells", "1", "--webs", "3", "--output", str(output))
    done = subprocess.run([sys.executable, str(SCRIPT), *few], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())["cases"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reference", "count"),
    [("Euler", 4), ("elliptic integrals", 2), ("closed form", 4), ("exact rod", 4), ("Simo, Vu-Quoc", 2),
     ("Deshpande", 3), ("Zhu", 2), ("PyNite", 1), ("OpenSeesPy", 3)],
)  # fmt: skip
def test_frames_are_within_one_per_cent(cases, reference, count):
    package = {"PyNite": "Pynite", "OpenSeesPy": "openseespy"}.get(reference)
    if package and not find_spec(package):
        pytest.skip(f"needs {reference}")
    rows = [case for case in cases if case["reference"] == reference]
    assert len(rows) == count
    for case in rows:
        assert case["error_percent"] < 1, case
