from __future__ import annotations

import json

import numpy as np
import pytest

from structgen.sources import procedural
from structgen.sources.neighbourhoods import MAX_NODES, MIN_NODES, Dataset
from structgen.targets import NAMES


@pytest.fixture
def small_tangles(monkeypatch):
    """Procedural webs of some hundred nodes instead of some thousand."""

    def webs(count, seed):
        return [procedural.boxed_tangle(seed + k, (60, 50, 40), 30, 150, 10.0, 0.6) for k in range(count)]

    monkeypatch.setattr(procedural, "varied_tangles", webs)


def test_one_web_is_split_by_region(structgen, web_file, tangle_web):
    result = structgen("data", "build", web_file("t.vtp", tangle_web), "-n", 60, "--seed", 3, "-o", "new/data.npz")
    data = Dataset.open("new/data.npz")
    assert len(data) == 60
    assert data.header["seed"] == 3
    assert data.header["origin"] == "t.vtp"
    assert data.header["split_by"] == "region"
    assert "new/data.npz: 60 neighbourhoods (" in result.stdout
    assert "of t.vtp, split by region" in result.stdout
    sizes = [data[k].n for k in range(60)]
    assert min(sizes) >= MIN_NODES
    assert max(sizes) <= MAX_NODES


def test_several_webs_are_split_by_web(structgen, web_file, tangle_web):
    files = [web_file(f"{name}.npz", tangle_web.scaled(k)) for k, name in enumerate("abcd", 1)]
    report = json.loads(structgen("data", "build", *files, "-n", 40, "-o", "data.npz", "--json").stdout)
    assert report["split_by"] == "web"
    assert report["webs"] == 4
    assert report["origin"] == "a.npz, b.npz, c.npz, d.npz"
    assert sum(report["neighbourhoods"].values()) == 40
    assert list(report["ranges"]) == list(NAMES)


def test_procedural_webs_same_seed_same_bytes(structgen, here, small_tangles):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        structgen("data", "build", "--procedural", 3, "-n", 30, "--seed", seed, "-o", f"{name}.npz")
    a, b, c = ((here / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c
    assert Dataset.open("a.npz").header["origin"] == "3 procedural tangle webs, seed 1"


def test_info_says_what_a_data_set_holds(structgen, dataset):
    report = json.loads(structgen("data", "info", dataset.path, "--json").stdout)
    assert report == dataset.info()
    targets = np.asarray(dataset.arrays["targets"])
    assert report["ranges"]["nodes"] == {
        "min": targets[:, 4].min(), "median": np.median(targets[:, 4]), "max": targets[:, 4].max(),
    }  # fmt: skip
    text = structgen("data", "info", dataset.path).stdout
    assert text.startswith(f"{dataset.path}: {len(dataset)} neighbourhoods (")
    assert [line.split()[0] for line in text.splitlines()[2:]] == list(NAMES)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give one of WEBS, --procedural and --default-set"),
        (("web.npz", "--procedural", 3), "give one of WEBS, --procedural and --default-set"),
        (("web.npz", "-o", "data.csv"), "--output data.csv: must end in .npz"),
        (("web.npz", "-n", 0), "0 is not in the range"),
        (("web.npz",), "the source is too small: no connected region of 8 nodes for validation, test"),
        (("web.npz", "web.npz"), "2 webs cannot be split three ways"),
    ],
)
def test_what_makes_no_data_set_is_refused(fails, web_file, words, says):
    web_file()
    fails("data", "build", *words, says=says)


def test_what_is_no_data_set_is_refused(fails, here, web_file, dataset):
    fails("data", "info", web_file(), says="web.npz: not a structgen data set")
    fails("data", "info", "missing.npz", says="missing.npz: no such file")
    content = dataset.path.read_bytes()
    (here / "half.npz").write_bytes(content[: len(content) // 2])
    fails("data", "info", "half.npz", says="half.npz: not a structgen data set")
