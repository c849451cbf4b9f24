"""The comparison of webs runs on any planar web and tells builders' webs from random graphs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from structgen.sources.orb import orb

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "web_realism.py"


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def test_a_missing_tracing_is_one_clear_line(tmp_path):
    done = run("--web", tmp_path / "none.npz")
    assert done.returncode == 1
    assert "no such file" in done.stderr
    assert "--web" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The benchmark on an orb web that stands in for a tracing."""
    folder = tmp_path_factory.mktemp("realism")
    web = orb(1000)
    np.savez(folder / "web.npz", pos=web.pos[:, :2], edges=web.edge_index.T)
    output = folder / "result.json"
    sizes = ("--webs", 2, "--neighbourhoods", 24, "--draws", 5)
    done = run("--web", folder / "web.npz", "--scans", *sizes, "--output", output)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


def test_every_measure_has_a_floor_and_ceilings(result):
    distances = result["distances"]
    assert set(distances) == {"floor", "second floor", "procedural", "random geometric", "Delaunay"}
    measures = set(distances["floor"])
    assert len(measures) == 10
    for name in ("procedural", "random geometric", "Delaunay"):
        assert set(distances[name]) == measures
    for row in distances.values():
        for found in row.values():
            assert 0 <= found["low"] <= found["high"]


def test_random_graphs_are_further_from_a_web_than_another_web_is(result):
    for name, marks in result["verdict"].items():
        assert marks["of_ceiling"] < 0.7, name
