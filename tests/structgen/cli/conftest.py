"""The command line in an empty folder, in this process."""

from __future__ import annotations

import os
import re
import zipfile

import numpy as np
import pytest
import torch
import trimesh
from click.testing import CliRunner

from structgen.cli import main
from structgen.generators import save_model
from structgen.generators.autoregressive import Autoregressive, AutoregressiveConfig
from structgen.generators.request import TrainingRange
from structgen.io import write_web


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working folder, and no variables of ours from outside."""
    for name in list(os.environ):
        if name.startswith("STRUCTGEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STRUCTGEN_RENDERER", "matplotlib")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _content(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def structgen(here):
    """``structgen("generate", "-n", 2)``: runs the command line; a result with exit_code, stdout and stderr."""

    def run(*words, code=0):
        result = CliRunner().invoke(main, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def fails(structgen, here):
    """As `structgen`; it must end with code 2, one line of error that holds the words ``says``, and no file written."""

    def run(*words, says=(), code=2):
        before = _content(here)
        result = structgen(*words, code=code)
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("error: ")
        for word in (says,) if isinstance(says, str) else says:
            assert word in lines[0]
        assert _content(here) == before
        return lines[0]

    return run


@pytest.fixture(scope="session")
def load_solid():
    """``load_solid(path)``: the trimesh of an STL or 3MF file; trimesh itself reads 3MF with packages that we lack."""

    def load(path):
        if path.suffix == ".stl":
            return trimesh.load(path)
        text = zipfile.ZipFile(path).read("3D/3dmodel.model").decode()
        vertices = re.findall(r'<vertex x="(.*?)" y="(.*?)" z="(.*?)"/>', text)
        faces = re.findall(r'<triangle v1="(\d+)" v2="(\d+)" v3="(\d+)"/>', text)
        return trimesh.Trimesh(np.array(vertices, float), np.array(faces, int), process=False)

    return load


@pytest.fixture
def web_file(here, cube):
    """``web_file("a.npz", web)``: the name of a file that holds the web, by default a cube."""

    def write(name="web.npz", web=cube, **options):
        write_web(web, here / name, **options)
        return name

    return write


@pytest.fixture
def start(dataset, here):
    """``start.safetensors``: a small autoregressive model that has learned nothing but 40 styles."""
    torch.manual_seed(0)
    rows = dataset.indices("train")
    config = AutoregressiveConfig(width=16, edge_width=6, layers=2, heads=2, hidden=8, components=3)
    model = Autoregressive(config, TrainingRange.of(dataset.arrays["targets"][rows], 0.02)).requires_grad_(False)
    model.prepare([dataset[int(k)] for k in rows[:40]])
    model.net.edge.out.bias[0] = -2.0
    save_model(model, here / "start.safetensors")
    return "start.safetensors"
