"""The commands that crush and homogenize webs, in a program of their own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from simulate.mechanics.lattices import lattice
from structgen.cli import Program, simulate_compress, simulate_homogenize
from structgen.io import write_web


@pytest.fixture(scope="module")
def run():
    program = Program()
    program.add_command(simulate_compress.command)
    program.add_command(simulate_homogenize.command)

    def call(*words, code=0):
        result = CliRunner().invoke(program, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def web(tmp_path):
    path = tmp_path / "web.npz"
    write_web(lattice("octet", 10.0, 0.4), path)
    return path


def test_compress_writes_curve_numbers_and_picture(run, web, tmp_path):
    words = ("--material", "petg", "--to-strain", 0.03, "--steps", 4, "--parts", 2)
    found = json.loads(run("compress", web, "-o", tmp_path / "run", *words, "--json").stdout)
    assert found == json.loads((tmp_path / "run" / "result.json").read_text()) | {
        key: found[key] for key in ("web", "output", "files")
    }
    assert found["material"] == "petg"
    assert found["end"] == "strain"
    assert found["strain_at_end"] == pytest.approx(0.03)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "compression.npz", "curve.csv", "curve.png", "result.json"
    ]  # fmt: skip
    said = run("compress", web, "-o", tmp_path / "run", *words).stdout
    assert "stiffness" in said
    assert "note: contact" in said


def test_compress_with_an_animation_and_states(run, web, tmp_path):
    words = ("--to-strain", 0.05, "--steps", 6, "--parts", 2, "--animate", "--vtu", "--frames", 4)
    files = json.loads(run("compress", web, "-o", tmp_path / "run", *words, "--json").stdout)["files"]
    assert (tmp_path / "run" / "compression.gif").read_bytes().startswith(b"GIF89a")
    states = [path.name for path in sorted((tmp_path / "run" / "states").iterdir())]
    assert states == [*(f"state_{k:04}.vtp" for k in range(4)), "states.pvd"]
    assert str(tmp_path / "run" / "states" / "state_0003.vtp") in files


def test_homogenize_writes_stiffness_and_picture(run, web, tmp_path):
    found = json.loads(run("homogenize", web, "-o", tmp_path, "--boundary", "periodic", "--json").stdout)
    assert found["young_MPa"][0] == pytest.approx(found["young_MPa"][2])
    assert (tmp_path / "stiffness.png").is_file()
    assert "Zener" in run("homogenize", web, "-o", tmp_path, "--boundary", "static").stdout


@pytest.mark.parametrize("command", ["compress", "homogenize"])
def test_wrong_input_is_one_line(run, web, tmp_path, command):
    for words, says in (
        ((tmp_path / "none.npz",), "no such file"),
        ((web, "--material", "butter"), "butter"),
        ((web, "--radius", "0.0001"), "times as long"),
        ((web, "--depth", "0.4"), "depth"),
    ):
        result = run(command, *words, "-o", tmp_path / "run", code=2)
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        assert says in result.stderr
    assert not (tmp_path / "run").exists()
