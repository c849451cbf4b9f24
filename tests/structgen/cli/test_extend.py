from __future__ import annotations

import json

import numpy as np
import pytest

from structgen.files import sha256
from structgen.generators import save_model
from structgen.generators.store import shipped
from structgen.io import read_web, read_web_and_metadata
from structgen.validity import validity

#: Beside the cube, whose corners lie at 0 and 10 mm.
REGION = ("--region", 8, -2, -2, 25, 12, 12)
WORDS = ("extend", "web.npz", *REGION, "--nodes", 9, "--edges", 12)


@pytest.fixture
def quick(here, tiny_model):
    """The words that name a model which needs no time; it has learned nothing."""
    save_model(tiny_model, here / "tiny.safetensors")
    return ("--model", "tiny.safetensors", "--steps", 2)


def test_the_web_is_kept_and_the_new_part_is_as_asked_for(structgen, web_file, cube, quick):
    web_file()
    result = structgen(*WORDS, *quick, "--seed", 5, "--json", "-o", "new/larger.vtp")
    web, metadata = read_web_and_metadata("new/larger.vtp")
    np.testing.assert_array_equal(web.pos[:8], cube.pos)
    np.testing.assert_array_equal(web.edge_index[:, :12], cube.edge_index)
    np.testing.assert_array_equal(web.radius[:12], cube.radius)
    np.testing.assert_array_equal(web.kind[:12], cube.kind)
    assert (web.n, web.m) == (17, 24)
    assert (web.pos[8:] >= REGION[1:4]).all()
    assert (web.pos[8:] <= REGION[4:]).all()
    assert validity(web, 8).ok
    report = json.loads(result.stdout)
    assert report["file"] == "new/larger.vtp"
    assert report["given"] == {"nodes": 8, "edges": 12}
    assert (report["web"]["nodes"], report["web"]["edges"], report["web"]["components"]) == (17, 24, 1)
    assert metadata["extended"] == "web.npz"
    assert metadata["region"] == list(REGION[1:])
    assert metadata["seed"] == 5
    assert metadata["model_sha256"] == sha256("tiny.safetensors")


def test_same_seed_same_bytes(structgen, here, web_file, quick):
    web_file()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        structgen(*WORDS, *quick, "--seed", seed, "-o", f"{name}.npz")
    a, b, c = ((here / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_steps_and_guidance_are_heard(structgen, web_file, quick):
    web_file()
    for name, options in {"a": (), "b": ("--guidance", 5), "c": ("--steps", 3)}.items():
        structgen(*WORDS, *quick, *options, "-o", f"{name}.npz")
    assert read_web("a.npz") != read_web("b.npz")
    assert read_web("a.npz") != read_web("c.npz")


def test_a_shipped_model_extends_a_web(structgen, web_file, cube):
    result = structgen("extend", web_file(), *REGION, "--nodes", 12, "--model", "autoregressive")
    web, metadata = read_web_and_metadata("extended.npz")
    assert web.n == 20
    assert web.m >= cube.m + 12
    assert validity(web, 8).ok
    assert metadata["model_sha256"] == sha256(shipped("autoregressive"))
    assert f"extended.npz: {web!r}, 12 nodes and {web.m - 12} edges are new" in result.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Missing option '--region'"),
        (("--region", 8, 0, 0, 25, 9), "'--region' requires 6 arguments"),
        (("--region", 8, 0, 0, 25, 9, "x"), "'x' is not a valid float"),
        (
            ("--region", 8, 0, 0, 5, 9, 9),
            "region is [[8.0, 0.0, 0.0], [5.0, 9.0, 9.0]], must be the lower",
        ),
        (("--region", 8, 0, "nan", 25, 9, 9), "region is [[8.0, 0.0, nan], "),
        (("--region", 8, 0, 0, 8, 0, 0), "a box without extent"),
        (("--region", 500, 0, 0, 520, 9, 9), "mm from the web: at most 4 mean edge lengths"),
        ((*REGION, "--nodes", 9, "--edges", 8), "edges is 8, to join 9 nodes to a web takes at least as many"),
        ((*REGION, "--nodes", 9, "--edges", 500), "edges is 500, a connected web of 9 nodes has 8 to 36"),
        ((*REGION, "--nodes", 0), "'--nodes': 0 is not in the range x>=1"),
        ((*REGION, "--nodes", 2.5), "'--nodes': '2.5' is not a valid integer"),
        ((*REGION, "--edges", 0), "'--edges': 0 is not in the range x>=1"),
        ((*REGION, "--mean-edge-length", -1), "mean_edge_length is -1, must be > 0"),
        ((*REGION, "--mean-edge-length", 90), "mean_edge_length is 90 mm, longer than the diagonal of the extents"),
        ((*REGION, "--guidance", 21), "'--guidance': 21.0 is not in the range 0<=x<=20"),
        ((*REGION, "--steps", 0), "'--steps': 0 is not in the range 1<=x<=1000"),
        ((*REGION, "--model", "missing"), "model 'missing': no such file, and shipped models are analog"),
        ((*REGION, "-o", "out.stl"), "suffix '.stl' is no web format"),
        ((*REGION, "-o", "web.npz"), "--output: web.npz is read here and would be written over, name another"),
        ((*REGION, "-o", "web.npz/deep.npz"), "cannot write web.npz/"),
    ],
)
def test_what_cannot_be_extended_is_refused(fails, web_file, words, says):
    web_file()
    fails("extend", "web.npz", *words, says=says)


def test_files_that_are_no_webs(fails, here):
    fails("extend", "missing.npz", *REGION, says="missing.npz: no such file")
    (here / "noise.npz").write_bytes(np.random.default_rng(0).bytes(500))
    fails("extend", "noise.npz", *REGION, says="noise.npz: not a NumPy archive")
