"""`structgen assemble --fill` and `--wrap`."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
import trimesh

from assembly import Shape
from assembly.meshes import read_mesh
from structgen.io import read_web, read_web_and_metadata, write_web
from structgen.sources.procedural import boxed_tangle
from structgen.web import WebGraph


@pytest.fixture
def box_file(here):
    """A box of 30 x 30 x 24 mm as an STL file."""
    trimesh.creation.box((30, 30, 24)).export("box.stl")
    return "box.stl"


@pytest.fixture
def tangles(here):
    """Two files of webs of 15 mm."""
    for k in range(2):
        write_web(boxed_tangle(k, (15, 15, 15), supports=8, threads=10, thread_length=8, radius=0.4), f"t{k}.npz")
    return "t0.npz", "t1.npz"


def test_a_box_is_filled_and_the_part_written_with_its_skin(structgen, box_file, tangles):
    files = ("-o", "part.stl", "-o", "web.npz", "-o", "report.json")
    result = structgen("assemble", *tangles, "--fill", box_file, "--skin", 1.5, "--overlap", 0, *files, "--json")
    report = json.loads(result.stdout)
    assert report["fill"]["skin_mm"] == 1.5
    assert report["fill"]["volume_mm3"] == pytest.approx(30 * 30 * 24)
    assert report["joined"]["anchored"] > 10
    web, metadata = read_web_and_metadata("web.npz")
    assert web.is_connected and Shape.read(box_file).contains(web.pos).all()
    assert metadata["fill"] == report["fill"] and metadata["sources"] == list(tangles)
    part = read_mesh("part.stl")
    assert part.fault() == ""
    # A wall of 1.5 mm, and the web inside it.
    assert part.volume > 30 * 30 * 24 - 27 * 27 * 21
    np.testing.assert_allclose(np.ptp(part.bounds, axis=0), [30, 30, 24], atol=1e-5)
    assert part.volume == pytest.approx(report["solid"]["volume_mm3"])


def test_a_box_is_filled_with_a_frame(structgen, box_file, tangles):
    result = structgen("assemble", *tangles, "--fill", box_file, "--frame", 1.0, "-o", "web.vtp")
    assert "web.vtp" in result.stdout
    web = read_web("web.vtp")
    assert web.is_connected
    assert (web.radius[web.kind == 1] == 0.5).all() and (web.kind == 1).sum() > 50


def test_the_skin_that_a_web_file_cannot_hold_is_told_of(structgen, box_file, tangles):
    assert "name the part" in structgen("assemble", *tangles, "--fill", box_file, "--skin", 1.5).stdout
    assert read_web("web.npz").is_connected


def test_a_shape_is_filled_by_the_model_with_targets_in_space(structgen, box_file):
    asked = ("--nodes", "12+0.2*(z+12)", "--extents", 16, 16, 14, "--mean-degree", 2.6, "--strut-radius", 0.3)
    asked += ("--overlap", 0.05, "--seed", 3, "--json")
    result = structgen("assemble", "--fill", box_file, *asked)
    report = json.loads(result.stdout)
    nodes = [row["asked"]["nodes"] for row in report["modules"]]
    assert len(nodes) == report["joined"]["webs"] == 8
    assert nodes == [13, 15] * 4
    assert {row["asked"]["dx"] for row in report["modules"]} == {16}
    assert read_web("web.npz").is_connected
    again = structgen(
        "assemble", "--fill", box_file, *asked, "--overlap", 0.05, "--seed", 3, "-o", "again.npz", "--json"
    )
    assert json.loads(again.stdout)["web"] == report["web"]


def test_a_cylinder_a_profile_and_a_mesh_are_wrapped(structgen, box_file, tangles):
    sizes = ("--overlap", 0.1)
    structgen("assemble", *tangles, "--wrap", "cylinder", "--radius", 20, "--height", 20, *sizes, "-o", "a.npz")
    structgen("assemble", *tangles, "--wrap", "20-5*t; 20*t", *sizes, "--offset", 7.5, "-o", "b.npz")
    structgen("assemble", *tangles, "--wrap", box_file, *sizes, "-o", "c.npz")
    cylinder, cone, box = (read_web(f"{name}.npz") for name in "abc")
    assert all(web.is_connected for web in (cylinder, cone, box))
    radius = np.hypot(*cylinder.pos[:, :2].T)
    assert radius.min() > 12 and radius.max() < 28
    assert np.hypot(*cone.pos[:, :2].T).min() > 14
    assert np.abs(Shape.read(box_file).distance(box.pos)).max() < 8


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fill", "box.stl", "--wrap", "cylinder"), "--fill and --wrap exclude each other"),
        (("--fill", "box.stl", "--skin", 1, "--frame", 1), "--skin and --frame exclude each other"),
        (("--fill", "box.stl", "--skin", 0), "--skin"),
        (("--fill", "box.stl", "--skin", 12), "skin is 12.0, must be > 0 and < 12 mm"),
        (("--fill", "box.stl", "--pitch", 3), "--pitch does not go with --fill box.stl"),
        (("--fill", "box.stl", "--rigid"), "--rigid does not go with"),
        (("--fill", "box.stl", "--seams", "extend"), "--seams does not go with"),
        (("--fill", "box.stl", "--radius-field", "q"), "--radius-field 'q'"),
        (("--fill", "box.stl", "--height", 3), "--height does not go with"),
        (("--fill", "box.stl", "--nodes", 30), "--nodes is for generated webs"),
        (("--fill", "box.stl", "-o", "box.stl"), "box.stl is read here"),
        (("--fill", "box.stl", "-o", "web.xyz"), "suffix '.xyz'"),
        (("--fill", "missing.stl"), "missing.stl: no such file"),
        (("--fill", "open.stl"), "open.stl: mesh is open: 3 edges"),
        (("--fill", "t0.npz"), "is no mesh format"),
        (("--fill", "small.stl"), "smaller than a module"),
        (("--wrap", "cylinder", "--skin", 1), "--skin does not go with --wrap 'cylinder'"),
        (("--wrap", "cylinder", "--turns", 1), "--turns does not go with"),
        (("--wrap", "5; t", "--height", 1), "--height does not go with"),
        (("--wrap", "open('x'); t"), "--wrap \"open('x'); t\": "),
        (("--wrap", "cylinder", "--radius", -3), "radius is -3"),
        (("--wrap", "cylinder", "--radius", 4), "too small for modules"),
        (("--wrap", "sphere"), "is no mesh format"),
        (("--skin", 1), "--skin needs --fill"),
        (("--offset", 1), "--offset needs --fill or --wrap"),
    ],
)
def test_what_does_not_go_is_told(fails, box_file, tangles, words, says):
    box = trimesh.creation.box((30, 30, 24))
    trimesh.Trimesh(box.vertices, box.faces[1:]).export("open.stl")
    trimesh.creation.box((5, 5, 5)).export("small.stl")
    fails("assemble", *tangles, *words, says=says)


def test_radii_and_targets_by_a_picture(structgen, box_file, tangles):
    plt.imsave("grey.png", np.linspace(0, 1, 32)[None].repeat(32, axis=0), cmap="gray")
    grey = ("--picture", "grey.png", "--radius-field", "0.3+0.2*p")
    structgen("assemble", *tangles, "--fill", box_file, *grey)
    web = read_web("web.npz")
    across = web.pos[web.edge_index, 0].mean(axis=0)
    assert np.corrcoef(across, web.radius)[0, 1] > 0.8
    assert web.radius.min() > 0.29 and web.radius.max() < 0.51
    structgen("assemble", *tangles, "--wrap", "cylinder", "--radius", 20, "--height", 15, *grey, "-o", "wrapped.npz")
    assert np.ptp(read_web("wrapped.npz").radius) > 0.1


@pytest.fixture
def bars(here):
    """A web of three bars that crosses the box of `box_file` from wall to wall."""
    ends = np.array([14.0, 14, 11])[:, None] * np.eye(3)
    write_web(WebGraph.from_edges([[0, 0, 0], *ends, *-ends], [(0, k) for k in range(1, 7)], 1.0), "bars.npz")
    return "bars.npz"


def test_a_web_is_exported_with_the_skin_of_its_shape(structgen, box_file, bars):
    words = ("-o", "part.stl", "-o", "report.json", "--skin-of", box_file, "--skin", 2, "--json")
    report = json.loads(structgen("export", bars, *words).stdout)
    assert (report["skin_of"], report["skin_mm"]) == (box_file, 2)
    part = read_mesh("part.stl")
    assert part.fault() == ""
    wall = 30 * 30 * 24 - 26 * 26 * 20
    assert wall < part.volume < 1.05 * wall
    np.testing.assert_allclose(np.ptp(part.bounds, axis=0), [30, 30, 24], atol=1e-5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--skin-of", "box.stl"), "--skin-of and --skin go together"),
        (("--skin", 2), "--skin-of and --skin go together"),
        (("--skin-of", "box.stl", "--skin", 2, "--scale", 2), "--scale does not go with --skin-of"),
        (("--skin-of", "box.stl", "--skin", 13), "thickness is 13"),
        (("--skin-of", "small.stl", "--skin", 1), "6 of 7 nodes lie outside the shape"),
    ],
)
def test_a_skin_that_does_not_fit_is_told(fails, box_file, bars, words, says):
    trimesh.creation.box((5, 5, 5)).export("small.stl")
    fails("export", bars, *words, "-o", "part.stl", says=says)
