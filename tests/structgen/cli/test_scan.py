import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from matplotlib.image import imread

from structgen.cli import main
from structgen.io import read_web_and_metadata
from structgen.sources.neighbourhoods import Dataset


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run("data", "scan", ...)`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def cloud(tmp_path):
    """Two threads that cross, and one apart, as text."""
    rng = np.random.default_rng(0)
    share = np.linspace(0, 1, 300)[:, None]
    threads = [([0, 0, 0], [80, 0, 0]), ([40, -40, 0], [40, 40, 0]), ([0, 80, 20], [80, 80, 20])]
    points = np.concatenate([a + share * (np.array(b) - a) for a, b in threads]) + 0.2 * rng.standard_normal((900, 3))
    path = tmp_path / "cloud.xyz"
    np.savetxt(path, points)
    return path


def test_a_cloud_becomes_a_web_with_confidence_report_and_picture(run, cloud, tmp_path):
    pytest.importorskip("skimage", reason="needs scikit-image, of the extra 'scan'")
    result = run("data", "scan", cloud, "-o", "w.npz", "--voxel", 1, "--gap", 5, "--connect", "--report", "r.json",
                 "--picture", "p.png")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "invented" in result.output and "explains" in result.output
    web, metadata = read_web_and_metadata(tmp_path / "w.npz")
    report = json.loads((tmp_path / "r.json").read_text())
    assert web.is_connected and (web.kind == 8).sum() == report["invented_edges"] == 1
    assert len(metadata["confidence"]) == web.m and report["confidence"] == metadata["confidence"]
    assert metadata["scan"]["parameters"]["gap_mm"] == 5.0 and metadata["scan"]["source_sha256"]
    assert imread(tmp_path / "p.png").std() > 0.05
    assert run("info", "w.npz").exit_code == 0


def test_the_result_as_json_and_scaled(run, cloud):
    pytest.importorskip("skimage", reason="needs scikit-image, of the extra 'scan'")
    result = run("data", "scan", cloud, "--voxel", 2, "--gap", 5, "--scale", 2, 2, 2, "--all", "--json", "-q")
    facts = json.loads(result.stdout)
    assert facts["components"] == 2 and facts["length_mm"] == pytest.approx(480, rel=0.05)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cloud.xyz",), "Missing option '--voxel'"),
        (("cloud.xyz", "--voxel", 1, "--gap", 5, "--connect", "--all"), "exclude each other"),
        (("cloud.xyz", "--voxel", 1, "--gap", 5, "-o", "w.foo"), "suffix '.foo'"),
        (("cloud.xyz", "--voxel", 1, "--gap", 5, "--report", "r.txt"), "--report r.txt: must end in .json"),
        (("cloud.xyz", "--voxel", 1, "--gap", 5, "--picture", "p.gif"), "--picture p.gif: must end in .png"),
        (("no.pcd", "--voxel", 1, "--gap", 5), "no.pcd: no such file"),
        (("cloud.xyz", "--voxel", -1, "--gap", 5), "voxel is -1.0"),
        (("cloud.xyz", "--voxel", 1, "--gap", 5, "--threshold", 3), "no image stack"),
    ],
)
def test_wrong_use_ends_with_one_line_and_code_2(run, cloud, words, message):
    result = run("data", "scan", *words)
    assert result.exit_code == 2
    assert message in result.stderr and result.stderr.strip().splitlines()[-1].startswith("error: ")


def published(path, rows):
    inputs = np.zeros((rows, 64, 16), np.float32)
    for k in range(rows):
        n = 8 + k
        inputs[k, :n, 0] = np.arange(1, n + 1)
        inputs[k, :n, 1] = 2.0 * np.arange(n)
        inputs[k, 1:n, 4], inputs[k, 1:n, 10] = np.arange(1, n), 2.0
    values = (torch.tensor(inputs), torch.zeros(rows, 7), torch.arange(8, 8 + rows), [], 64, 0, 6)
    torch.save(values, path)


def test_a_published_data_set_is_imported(run, tmp_path):
    published(tmp_path / "webs.pt", 6)
    result = run("data", "import", "webs.pt", "-o", "d.npz", "--report", "r.json", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "6 rows, dropped: none; 0 are duplicates" in result.output
    assert len(Dataset.open(tmp_path / "d.npz")) == 6
    assert json.loads((tmp_path / "r.json").read_text())["seed"] == 3
    assert json.loads(run("data", "import", "webs.pt", "--json", "-q").stdout)["import"]["kept"] == 6


def test_a_file_that_is_no_published_data_set(run, tmp_path):
    (tmp_path / "webs.pt").write_bytes(b"cos\nsystem\n(S'touch x'\ntR.")
    result = run("data", "import", "webs.pt")
    assert result.exit_code == 2 and result.stderr.startswith("error: webs.pt: not the published data set")
    assert run("data", "import", "webs.pt", "-o", "d.txt").exit_code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["webs.pt"]
