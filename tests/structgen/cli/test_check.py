import json
import shutil

import numpy as np
import pytest

from assembly import export, read_mesh
from assembly.meshes import TriangleMesh
from structgen.io import read_web
from structgen.web import WebGraph


@pytest.fixture
def tripod(web_file):
    """A web that prints as it is."""
    points = [[0, 0, 20], [9, 0, 0], [-6, 7, 0], [-6, -7, 0]]
    return web_file("tripod.npz", WebGraph.from_edges(points, [(0, 1), (0, 2), (0, 3)], 0.4))


@pytest.fixture
def hook(web_file):
    """A web of thin struts, one of which begins in the air."""
    points = [[0, 0, 0], [0, 0, 20], [4, 0, 26], [9, 0, 14]]
    return web_file("hook.npz", WebGraph.from_edges(points, [(0, 1), (1, 2), (2, 3)], 0.3))


@pytest.fixture
def block(here):
    """A cube of 20 mm as an STL file."""
    corners = np.array([[x, y, z] for x in (0, 20) for y in (0, 20) for z in (0, 20)], float)
    faces = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6],
             [0, 6, 4], [1, 5, 7], [1, 7, 3]]  # fmt: skip
    export(TriangleMesh(corners, faces), here / "block.stl")
    return "block.stl"


def test_what_prints_ends_with_code_0(structgen, tripod, block):
    for part in (tripod, block):
        for process in ("fdm", "resin", "sls"):
            assert structgen("check", part, "--process", process).stdout.endswith("\nprints\n")


def test_what_does_not_ends_with_code_1_and_says_where(structgen, hook):
    result = structgen("check", hook, code=1)
    assert "error: thin: strut 0 is 0.6 mm thick, 0.8 mm prints, at (0.0, 0.0, 10.3)" in result.stdout
    assert "error: island: node 3 begins in the air and joins the rest only 12 mm higher" in result.stdout
    assert result.stdout.endswith("would not print\n")
    assert result.stderr == "error: hook.npz: would not print (fdm): 3 thin, 1 island\n"
    facts = json.loads(structgen("check", hook, "--json", "--limit", "strut_mm=0.5", code=1).stdout)
    assert facts["prints"] is False and facts["counts"]["island"] == 1 and "thin" not in facts["counts"]
    assert facts["findings"][0]["where_mm"] and facts["numbers"]["limits"]["strut_mm"] == 0.5
    structgen("check", hook, "--limit", "strut_mm=0.5", "--supports")


@pytest.mark.parametrize("name", ["fixed.npz", "fixed.stl", "fixed.3mf", "fixed.vtu"])
def test_a_web_is_mended(structgen, here, hook, name):
    result = structgen("check", hook, "--fix", name, "--picture", "marks.png")
    assert result.stdout.startswith("mended: 3 struts thickened to 0.8 mm\nmended: turned, support ")
    assert (here / "marks.png").read_bytes()[:4] == b"\x89PNG"
    if name.endswith("npz"):
        assert read_web(name).radius.min() == pytest.approx(0.4)
    elif name != "fixed.vtu":
        assert read_mesh(name).fault() == ""
    if name != "fixed.vtu":
        again = json.loads(structgen("check", name, "--fix", f"again{name[5:]}", "--json").stdout)
        assert again["changes"] == [] and again["before"]["prints"] is True


def test_a_mended_part_that_still_does_not_print(structgen, here, hook):
    result = structgen("check", hook, "--fix", "fixed.npz", "--plate", "5x5x5", code=1)
    assert "would not print (fdm): 1 plate" in result.stderr
    assert (here / "fixed.npz").exists()


@pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="needs prusa-slicer")
def test_the_slicer_is_asked(structgen, block, tripod):
    assert "PrusaSlicer: 17 min" in structgen("check", block, "--slicer", "prusa-slicer").stdout
    facts = json.loads(structgen("check", tripod, "--slicer", "prusa-slicer", "--json").stdout)
    assert 0.01 < facts["slicer"]["filament_g"] < 0.1 and facts["slicer"]["warnings"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("no.stl",), "no.stl: no such file"),
        (("part.step",), "suffix '.step' is neither a web's nor a mesh's, use one of .npz"),
        (("block.stl", "--process", "dlp"), "'dlp' is not one of 'fdm', 'resin', 'sls'"),
        (("block.stl", "--plate", "250x210"), "'250x210' is not three lengths > 0 in mm"),
        (("block.stl", "--limit", "strut_mm"), "--limit 'strut_mm' must be NAME=NUMBER"),
        (("block.stl", "--limit", "strut=1"), "limit 'strut' is not known, must be one of strut_mm"),
        (("block.stl", "--limit", "strut_mm=-1"), "limit strut_mm is -1.0, must be 0.001 to 1e+06"),
        (("block.stl", "--fix", "a.npz"), "--fix a.npz: must end in one of .stl, .3mf, .ply, .obj, .glb"),
        (("block.stl", "--fix", "./block.stl"), "--fix: block.stl is read here and would be written over"),
        (("block.stl", "--fix", "a.txt"), "--fix a.txt: must end in one of"),
        (("block.stl", "--picture", "a.jpg"), "--picture a.jpg: must end in .png"),
        (("block.stl", "--slicer", "no-slicer"), "slicer 'no-slicer' is not installed"),
        (("block.stl", "--slicer", "any", "--process", "sls"), "--slicer slices for fdm, but --process is sls"),
        (("block.stl", "--slicer", "true", "--slicer-seconds", "0"), "0.0 is not in the range x>0"),
    ],
)  # fmt: skip
def test_wrong_input(fails, block, words, says):
    fails("check", *words, says=says)


def test_noise_is_no_part(fails, here):
    for name in ("noise.stl", "noise.3mf", "noise.npz", "noise.ply"):
        (here / name).write_bytes(np.random.default_rng(0).bytes(500))
        fails("check", name, says=f"error: {name}: ")


def test_an_open_mesh_would_not_print(structgen, here, block):
    mesh = read_mesh(block)
    export(TriangleMesh(mesh.vertices, mesh.faces[1:]), "open.stl")
    result = structgen("check", "open.stl", code=1)
    assert "error: mesh: the mesh is open: 3 edges have one face only" in result.stdout
