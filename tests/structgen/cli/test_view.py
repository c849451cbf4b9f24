import json

import pytest
from click.testing import CliRunner
from matplotlib.image import imread

from assembly import export
from structgen.cli import main
from structgen.io import write_web


@pytest.fixture
def run(cube, tmp_path, monkeypatch):
    """``run(...)``: `structgen view` in a folder that holds cube.npz."""
    monkeypatch.chdir(tmp_path)
    write_web(cube, "cube.npz")
    return lambda *words: CliRunner().invoke(main, ["view", *words])


def test_without_options_a_picture_is_written(run, tmp_path):
    result = run("cube.npz")
    assert (result.exit_code, result.output) == (0, "web.png\n")
    assert imread(tmp_path / "web.png").shape[:2] == (1200, 1600)


def test_picture_and_page(run, tmp_path):
    result = run("cube.npz", "--png", "a.png", "--html", "b.html", "--title", "a <cube>")
    assert (result.exit_code, result.output) == (0, "a.png\nb.html\n")
    assert "a &lt;cube&gt;" in (tmp_path / "b.html").read_text()
    assert not (tmp_path / "web.png").exists()


def test_a_solid_is_drawn(run, tmp_path, cube, monkeypatch):
    monkeypatch.setenv("STRUCTGEN_RENDERER", "matplotlib")
    export(cube, "cube.stl")
    result = run("cube.stl", "--png", "a.png", "--html", "b.html", "--gif", "c.gif", "--frames", "2", "-q", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"] == ["a.png", "c.gif", "b.html"]
    assert imread(tmp_path / "a.png").shape[:2] == (1200, 1600)
    assert (tmp_path / "c.gif").read_bytes()[:6] == b"GIF89a"
    assert "webgl2" in (tmp_path / "b.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no.npz"], "no.npz: no such file"),
        (["cube.npz", "--png", "a.jpg"], "--png a.jpg: must end in .png"),
        (["cube.npz", "--gif", "a.png"], "--gif a.png: must end in .gif"),
        (["cube.npz", "--html", "a.txt"], "--html a.txt: must end in .html"),
    ],
)
def test_wrong_use(run, words, message):
    result = run(*words)
    assert result.exit_code == 2 and result.stderr == f"error: {message}\n"
