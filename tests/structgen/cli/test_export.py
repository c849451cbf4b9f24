from __future__ import annotations

import json
import struct
import zipfile

import numpy as np
import pytest
import trimesh

from structgen.files import sha256
from structgen.io import read_web, read_web_and_metadata
from structgen.web import WebGraph


@pytest.fixture
def tangle_file(web_file, small_tangle):
    return web_file("tangle.npz", small_tangle)


@pytest.fixture(scope="module")
def small_tangle():
    from structgen.sources.procedural import boxed_tangle

    return boxed_tangle(0, (30, 25, 20), supports=20, threads=40, thread_length=8, radius=0.3)


def test_solids_picture_and_report(structgen, here, tangle_file, small_tangle, load_solid):
    outputs = [f"new/part{suffix}" for suffix in (".stl", ".3mf", ".png", ".json", ".vtp")]
    result = structgen("export", tangle_file, *(word for name in outputs for word in ("-o", name)))
    assert sorted(str(path) for path in (here / "new").iterdir()) == sorted(str(here / name) for name in outputs)
    stl = trimesh.load(here / "new/part.stl")
    assert stl.is_watertight
    assert stl.is_winding_consistent
    assert stl.body_count == 1
    assert stl.bounds[0, 2] == 0
    solid_3mf = load_solid(here / "new/part.3mf")
    assert solid_3mf.is_watertight
    assert np.allclose(solid_3mf.bounds, stl.bounds, atol=1e-5)
    assert (here / "new/part.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", (here / "new/part.png").read_bytes()[16:24])
    assert (width, height) == (1600, 800)
    web, metadata = read_web_and_metadata(here / "new/part.vtp")
    assert web == small_tangle
    assert metadata["source"] == tangle_file
    report = json.loads((here / "new/part.json").read_text())
    assert report["files"] == outputs
    assert report["source_sha256"] == sha256(tangle_file)
    assert report["solid"]["watertight"] is True
    assert report["solid"]["struts"] == small_tangle.m == report["web"]["edges"]
    assert report["solid"]["volume_mm3"] == pytest.approx(stl.volume, rel=1e-4)
    assert report["solid"]["mass_g"] == pytest.approx(stl.volume / 1000 * 1.24, rel=1e-4)
    assert report["web"]["components"] == 1
    assert report["web"]["radius"] == {"min": small_tangle.radius.min(), "max": small_tangle.radius.max()}
    assert result.stdout.startswith("\n".join(outputs))
    assert f"{small_tangle.m} struts" in result.stdout


def test_options_of_the_solid_are_heard(structgen, web_file):
    name = web_file()
    volumes = {}
    options = {"as it is": (), "thick": ("--strut-radius", 1), "large": ("--scale", 2), "heavy": ("--density", 8)}
    for key, words in (options | {"few sides": ("--sides", 3)}).items():
        report = json.loads(structgen("export", name, *words, "-o", "part.stl", "--json").stdout)
        volumes[key] = report["solid"]
    assert volumes["thick"]["volume_mm3"] > 5 * volumes["as it is"]["volume_mm3"]
    assert volumes["large"]["bounding_box_mm"][0] == pytest.approx(20, abs=0.5)
    assert volumes["heavy"]["mass_g"] == pytest.approx(volumes["as it is"]["mass_g"] * 8 / 1.24)
    assert volumes["few sides"]["triangles"] != volumes["as it is"]["triangles"]


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".graphml", ".lammps", ".data", ".vtp", ".vtk"])
def test_any_format_to_any_other(structgen, web_file, cube, suffix):
    structgen("export", web_file(), "-o", f"other{suffix}")
    structgen("export", f"other{suffix}", "-o", "back.npz")
    assert read_web("back.npz") == cube


def test_same_web_same_bytes(structgen, here, tangle_file):
    for folder in ("a", "b"):
        structgen("export", tangle_file, "-o", f"{folder}/x.stl", "-o", f"{folder}/x.3mf", "-o", f"{folder}/x.npz")
    for name in ("x.stl", "x.3mf", "x.npz"):
        assert (here / "a" / name).read_bytes() == (here / "b" / name).read_bytes()


def test_size_place_unit_and_beams(structgen, here, web_file):
    words = ("--fit", "51x80x60", "--centre", "--unit", "cm", "--beams", "-o", "a.stl", "-o", "a.3mf", "-o", "a.vtu")
    report = json.loads(structgen("export", web_file(), *words, "--json").stdout)
    assert report["solid"]["bounding_box_mm"] == pytest.approx([51, 51, 51], abs=0.3)
    stl = trimesh.load(here / "a.stl")
    assert stl.extents == pytest.approx([5.1, 5.1, 5.1], abs=0.03)
    assert stl.bounds[0] == pytest.approx([-2.55, -2.55, 0], abs=0.02)
    model = zipfile.ZipFile(here / "a.3mf").read("3D/3dmodel.model").decode()
    assert model.count("<b:beam ") == report["web"]["edges"] and 'unit="millimeter"' in model
    assert (here / "a.vtu").read_bytes().startswith(b"<?xml")


def test_of_a_web_in_parts_the_largest_is_used_with_a_warning(structgen, here, web_file, cube):
    from structgen.web import WebGraph

    pos = np.concatenate([cube.pos, [[50, 0, 0], [60, 0, 0]]])
    edges = np.concatenate([[[8, 9]], cube.edge_index.T])
    name = web_file("parts.npz", WebGraph.from_edges(pos, edges, np.concatenate([[5.0], cube.radius])))
    result = structgen("export", name, "-o", "part.stl", "-q")
    assert result.stderr == "warning: parts.npz: the web has 2 separate parts; the largest, 8 of 10 nodes, is used\n"
    assert trimesh.load(here / "part.stl").extents.max() < 11
    assert json.loads(structgen("export", name, "-o", "x.npz", "--json").stdout)["web"]["nodes"] == 8


def test_a_solid_that_fails_its_check_ends_with_code_1(structgen, here, web_file, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the union of the struts\nfailed: Error.NotManifold")

    monkeypatch.setattr("assembly.solid.solidify", fail)
    result = structgen("export", web_file(), "-o", "part.stl", "-o", "part.npz", code=1)
    assert result.stderr == "error: the union of the struts failed: Error.NotManifold\n"
    assert result.stdout == ""
    assert [path.name for path in here.iterdir()] == ["web.npz"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("-o", "part.step"),
            "--output part.step: suffix '.step' is not known, use one of .stl, .3mf, .ply, .obj, .glb, ",
        ),
        (("-o", "part"), "--output part: suffix '' is not known"),
        (("-o", "part.stl", "--scale", 0), "--scale is 0.0, must be a number > 0"),
        (("-o", "part.stl", "--scale", "nan"), "--scale is nan"),
        (("-o", "part.stl", "--scale", 1e7), "coordinates must lie within"),
        (("-o", "part.stl", "--strut-radius", -1), "'--strut-radius': -1.0 is not in the range x>0"),
        (("-o", "part.stl", "--density", 0), "density is 0.0, must be > 0 g/cm3"),
        (("-o", "part.stl", "--sides", 2), "2 is not in the range 3<=x<=64"),
        (("-o", "part.stl", "--fit", "10x20"), "'10x20' is not three lengths > 0 in mm as 100x80x60"),
        (("-o", "part.stl", "--fit", "10x20xnan"), "is not three lengths > 0 in mm"),
        (("-o", "part.stl", "--unit", "foot"), "'foot' is not one of 'mm', 'cm', 'inch'"),
        ((), "Missing option '-o' / '--output'"),
    ],
)
def test_what_cannot_be_exported_is_refused(fails, web_file, words, says):
    fails("export", web_file(), *words, says=says)


@pytest.fixture
def cross_file(web_file):
    pos = [[0, 0, 0], [20, 0, 0], [-20, 0, 0], [0, 20, 0], [0, -20, 0]]
    return web_file("cross.npz", WebGraph.from_edges(pos, [(0, 1), (0, 2), (0, 3), (0, 4)], 1.0))


def test_fillets_are_made_by_the_field(structgen, here, cross_file):
    volumes = {}
    for fillet in (0.5, 2):
        result = structgen("export", cross_file, "-o", "part.json", "--fillet", fillet, "--resolution", 0.5)
        solid = json.loads((here / "part.json").read_text())["solid"]
        assert solid["method"] == "field" and solid["genus"] == 0
        assert f"{solid['triangles']} triangles" in result.stdout
        volumes[fillet] = solid["volume_mm3"]
    assert volumes[2] > volumes[0.5] + 1


def test_wrong_resolutions_are_told(fails, cross_file):
    options = "export", cross_file, "-o", "part.stl", "--resolution"
    fails(*options, 0.5, says="--resolution is of --fillet, which is not given")
    fails(
        *options, 0.9, "--fillet", 1, says="resolution is 0.9, must be > 0 and at most 0.6667 mm, the thinnest radius"
    )


def test_in_tiles_the_same_part_is_written(structgen, here, tangle_file):
    structgen("export", tangle_file, "-o", "whole.stl", "-o", "whole.json")
    result = structgen("export", tangle_file, "-o", "part.stl", "-o", "part.json", "-o", "part.vtp", "--tiles", 3)
    assert "127 struts" in result.stdout
    whole, part = (json.loads((here / f"{name}.json").read_text())["solid"] for name in ("whole", "part"))
    assert part["method"] == "hybrid in 3 tiles"
    assert all(part[name] == whole[name] for name in ("triangles", "genus", "bounding_box_mm", "watertight"))
    assert (here / "part.stl").stat().st_size == (here / "whole.stl").stat().st_size
    structgen("export", tangle_file, "-o", "inches.stl", "--tiles", 0, "--unit", "inch")
    inches = trimesh.load(here / "inches.stl")
    assert np.allclose(25.4 * inches.extents, part["bounding_box_mm"], rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "part.3mf"], "--tiles writes one .stl, 0 are named"),
        (["-o", "part.stl", "-o", "part.3mf"], "--output part.3mf: --tiles writes .stl"),
        (["-o", "part.stl", "-o", "part.png"], "--output part.png: --tiles writes .stl"),
        (["-o", "part.stl", "--fillet", 0.5], "--tiles and --fillet exclude each other"),
        (["-o", "part.stl", "--beams"], "--tiles and --beams exclude each other"),
    ],
)
def test_what_cannot_be_done_in_tiles_is_refused(fails, tangle_file, words, says):
    fails("export", tangle_file, *words, "--tiles", 2, says=says)


def test_a_scheduler_is_of_tiles(fails, tangle_file):
    fails("export", tangle_file, "-o", "part.stl", "--scheduler", "tcp://127.0.0.1:1", says="--scheduler is of --tiles")
