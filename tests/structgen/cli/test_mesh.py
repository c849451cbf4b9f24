"""`structgen mesh`: meshes in files moved and measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

meshio = pytest.importorskip("meshio", reason="needs meshio: pip install 'structgen-webs[solvers]'")

from simulate.mesh_movement.move import METHODS  # noqa: E402
from simulate.mesh_movement.problems.domains import block  # noqa: E402


@pytest.fixture
def mesh_file(here):
    """``mesh_file("a.vtu")``: a square with a steep field u and two lines of its rim, or a cube."""

    def write(name="in.vtu", dim=2, n=12, lone=False):
        points, cells = block(dim, n)
        u = np.tanh(15 * (points[:, 0] - 0.4))
        if dim == 2:
            points = np.pad(points, ((0, 0), (0, 1)))
        if lone:
            points = np.append(points, [[0.0, 0.0, 0.0]], axis=0)
            u = np.append(u, 0.0)
        blocks = [("line", [[0, 1], [1, 2]]), ("triangle", cells)] if dim == 2 else [("tetra", cells)]
        # Medit files hold no fields.
        fields = {"u": u, "bad": -np.ones(len(points)), "v": np.zeros((len(points), 3))}
        fields = {} if name.endswith(".mesh") else fields
        # By its suffix alone meshio takes .msh for a file of another program.
        kind = "gmsh" if name.endswith(".msh") else None
        meshio.Mesh(points, blocks, point_data=fields).write(name, file_format=kind)
        return name

    return write


@pytest.mark.parametrize("kind", ["hessian", "gradient", "arc-length"])
def test_a_field_draws_nodes_to_where_it_is_steep(structgen, mesh_file, kind):
    name = mesh_file(lone=True)
    said = structgen("mesh", "move", name, "--monitor", f"{kind}:u", "-o", "out.vtu", "--json")
    assert said.stderr == "warning: in.vtu: nodes that belong to no cell stay where they are (1)\n"
    report = json.loads(said.stdout)
    assert report["method"] == "monge-ampere" and report["after"]["inverted"] == 0
    assert report["after"]["variation"] < 0.5 * report["before"]["variation"]
    before, after = meshio.read(name), meshio.read("out.vtu")
    for block_kind in ("triangle", "line"):
        np.testing.assert_array_equal(after.cells_dict[block_kind], before.cells_dict[block_kind])
    moved = after.points - before.points
    np.testing.assert_allclose(after.point_data["displacement"], moved, atol=1e-12)
    assert not moved[-1].any() and not moved[:, 2].any() and moved.any()
    near = [np.abs(mesh.points[:, 0] - 0.4) < 0.1 for mesh in (before, after)]
    assert near[1].sum() > near[0].sum()
    assert (after.point_data["monitor"][:-1] >= 1).all() and "u" in after.point_data


@pytest.mark.parametrize("output", ["out.vtu", "out.vtk", "out.msh", "out.inp", "out.mesh"])
def test_files_of_all_kinds(structgen, mesh_file, output):
    name = mesh_file("in" + Path(output).suffix, dim=3, n=4)
    expression = "1 + 5*exp(-((x-0.5)**2 + (y-0.5)**2 + z**2)/0.1)"
    text = structgen("mesh", "move", name, "--monitor", expression, "-o", output).stdout
    assert text.startswith(f"{output}\n125 nodes, 384 cells, monge-ampere")
    found = json.loads(structgen("mesh", "quality", output, "--monitor", expression, "--json").stdout)
    assert found["inverted"] == 0 and found["cells"] == 384 and found["variation"] < 0.25


def test_a_fixed_boundary_a_method_and_smoothing(structgen, mesh_file):
    name = mesh_file()
    structgen("mesh", "move", name, "--monitor", "hessian:u", "-o", "out.vtu", "--boundary", "fixed",
              "--method", "variational", "--smooth", 0.1, "--strength", 20)  # fmt: skip
    before, after = meshio.read(name).points, meshio.read("out.vtu").points
    rim = ((before[:, :2] == 0) | (before[:, :2] == 1)).any(axis=1)
    np.testing.assert_array_equal(after[rim], before[rim])
    assert (after != before).any()


def test_a_fallback_is_a_warning(structgen, mesh_file):
    said = structgen("mesh", "move", mesh_file(n=6), "--monitor", "1 + 1000*exp(-((x-0.31)**2 + (y-0.3)**2)/0.002)",
                     "-o", "out.vtu", "--max-iterations", 3)  # fmt: skip
    assert said.stderr.startswith("warning: monge-ampere: residual")


def test_quality_of_a_mesh(structgen, mesh_file):
    name = mesh_file()
    text = structgen("mesh", "quality", name).stdout
    assert "169 nodes, 288 cells" in text and "angles 45.0 to 90.0 degrees" in text
    structgen("mesh", "quality", name, "--least-angle", 45 - 1e-6)
    said = structgen("mesh", "quality", name, "--least-angle", 50, code=1)
    assert said.stderr == f"error: {name}: the least angle is 45.0 degrees, less than 50\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--monitor", "hessian:w"], ["--monitor 'hessian:w'", "no field", "bad, u"]),
        (["--monitor", "hessian:v"], ["--monitor 'hessian:v'", "one number a node"]),
        (["--monitor", "laplace:u"], ["--monitor 'laplace:u'", "hessian, gradient"]),
        (["--monitor", "values:bad"], ["monitor at node 0 is -1.0", "> 0"]),
        (["--monitor", "x"], ["monitor at node 0 is 0.0", "> 0"]),
        (["--monitor", "1+z"], ["--monitor", "'z' is not allowed", "x, y"]),
        (["--monitor", "hessian:u", "--method", "um3n"], ["--method 'um3n'", "monge-ampere"]),
        (["--monitor", "hessian:u", "--corner-angle", 0], ["--corner-angle"]),
        (["--monitor", "hessian:u", "-o", "out.png"], ["out.png", ".vtu"]),
        (["--monitor", "hessian:u", "-o", "in.vtu"], ["--output", "written over"]),
    ],
)
def test_wrong_options_are_refused(fails, mesh_file, options, says):
    name = mesh_file()
    fails("mesh", "move", name, *(["-o", "out.vtu"] if "-o" not in options else []), *options, says=says)


@pytest.mark.parametrize("words", [("move", "--monitor", "hessian:u", "-o", "out.vtu"), ("quality",)])
def test_wrong_files_are_refused(fails, mesh_file, words):
    command, *options = words
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2, 1, 1]])
    meshio.Mesh(square, [("triangle", [[0, 1, 2]]), ("quad", [[0, 1, 2, 3]])]).write("mixed.vtu")
    meshio.Mesh(square, [("line", [[0, 1]])]).write("lines.vtu")
    meshio.Mesh(square, [("triangle", [[0, 1, 2], [1, 4, 5]])]).write("surface.vtu")
    for name, says in (
        ("none.vtu", "no such file"), ("mesh.xyz", "suffix '.xyz'"), ("mixed.vtu", "quad, triangle"),
        ("lines.vtu", "kinds line"), ("surface.vtu", "surface in space"),
    ):  # fmt: skip
        fails("mesh", command, name, *options, says=[name, says])
    for suffix in (".vtu", ".msh", ".vtk", ".mesh", ".inp"):
        name = f"rubbish{suffix}"
        Path(name).write_bytes(b"<xml>\x00 not a mesh\n" * 3)
        fails("mesh", command, name, *options, says=[name])


def _spoilt(kind):
    """Points ``(n, 3)`` and triangles of a square with something wrong."""
    points, cells = block(2, 4)
    points = np.pad(points, ((0, 0), (0, 1)))
    middle = len(points) // 2
    if kind == "nan":
        points[middle, 1] = np.nan
    if kind in ("inverted", "inverted beside a lone node"):
        points[middle] = (0.9, 0.9, 0)
    if kind == "flat":
        points[middle] = points[middle - 1]
    if kind == "non-manifold":
        points = np.append(points, [[0.1, -1, 0], [0.2, -1, 0]], axis=0)
        cells = np.append(cells, [[0, 5, 25], [0, 26, 5]], axis=0)
    if kind == "twice":
        cells = np.append(cells, [[3, 3, 4]], axis=0)
    if kind == "inverted beside a lone node":
        points, cells = np.insert(points, 0, [7, 7, 0], axis=0), cells + 1
    return points, cells


@pytest.mark.parametrize(
    "words", [("move", "--monitor", "1+x", "-o", "out.vtu"), ("quality",)], ids=["move", "quality"]
)
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("nan", ["points of node 12 is [0.5 nan]", "must be finite"]),
        ("inverted", ["lie over each other", "an inverted cell"]),
        ("inverted beside a lone node", ["lie over each other", "without the 1 nodes of no cell"]),
        ("flat", ["is flat", "2 such cells"]),
        ("non-manifold", ["more than two cells share the facet", "not a manifold"]),
        ("twice", ["cell 32 is [3, 3, 4]", "names a node twice"]),
    ],
)
def test_spoilt_meshes_are_refused(fails, words, kind, says):
    points, cells = _spoilt(kind)
    meshio.Mesh(points, [("triangle", cells)]).write("in.vtu")
    command, *options = words
    fails("mesh", command, "in.vtu", *options, says=["error: in.vtu: ", *says, "counted from 0"])


def test_a_field_that_is_not_finite_is_refused(fails):
    points, cells = _spoilt("")
    u = points[:, 0] ** 2
    u[3] = np.nan
    meshio.Mesh(points, [("triangle", cells)], point_data={"u": u}).write("in.vtu")
    fails("mesh", "move", "in.vtu", "--monitor", "hessian:u", "-o", "out.vtu", says=["hessian:u", "node 3 is nan"])


def test_cells_numbered_the_wrong_way_round_are_turned_in_the_file_too(structgen):
    points, cells = _spoilt("")
    cells[[3, 7]] = cells[[3, 7], ::-1]
    blocks = [("triangle", cells[:5]), ("line", [[0, 1]]), ("triangle", cells[5:])]
    meshio.Mesh(points, blocks).write("in.vtu")
    said = structgen("mesh", "move", "in.vtu", "--monitor", "1+x", "-o", "out.vtu")
    assert said.stderr == "warning: in.vtu: cells: 2 cells were numbered the wrong way round and are turned\n"
    assert structgen("mesh", "quality", "out.vtu").stderr == ""
    moved = meshio.read("out.vtu")
    np.testing.assert_array_equal(np.sort(moved.cells_dict["triangle"]), np.sort(cells))
    assert [len(part.data) for part in moved.cells if part.type == "line"] == [1]


def test_nodes_that_lie_on_others_are_warned_of(structgen):
    points, cells = _spoilt("")
    left = points[cells].mean(axis=1)[:, 0] < 0.5
    both = np.concatenate([cells[left], cells[~left] + len(points)])
    meshio.Mesh(np.concatenate([points, points]), [("triangle", both)]).write("in.vtu")
    said = structgen("mesh", "move", "in.vtu", "--monitor", "1+x", "-o", "out.vtu").stderr.splitlines()
    assert said == [
        "warning: in.vtu: nodes that belong to no cell stay where they are (20)",
        "warning: in.vtu: nodes that lie on others may part from them, merge them before (5)",
    ]


def test_a_picture_of_the_mesh_before_and_after(structgen, fails, mesh_file):
    name = mesh_file()
    move = ("mesh", "move", name, "--monitor", "hessian:u", "-o", "out.vtu")
    said = json.loads(structgen(*move, "--picture", "out.png", "--json").stdout)
    assert said["picture"] == "out.png" and Path("out.png").read_bytes().startswith(b"\x89PNG")
    structgen("mesh", "move", name, "--monitor", "1 + 5*x", "-o", "out.vtu", "--picture", "other.png")
    assert Path("other.png").is_file()
    fails(*move, "--picture", "out.jpg", says="path 'out.jpg' must end in .png")
    solid = mesh_file("solid.vtu", dim=3, n=3)
    fails("mesh", "move", solid, "--monitor", "1 + x", "-o", "new.vtu", "--picture", "new.png",
          says="pictures are made of meshes in the plane")  # fmt: skip


@pytest.fixture
def skfem():
    return pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")


def test_bench_compares_errors_on_still_and_moved_meshes(structgen, skfem):
    said = structgen("mesh", "bench", "poisson", "--method", "all", "--nodes", 400, "-o", "out.json",
                     "--picture", "out.png")  # fmt: skip
    head, _, *rows = said.stdout.splitlines()
    assert head.startswith("mesh") and "reduction" in head
    assert [row.split()[0] for row in rows] == ["none", *METHODS, "fine"]
    report = json.loads(Path("out.json").read_text())
    assert report["problem"] == "poisson" and report["complete"]
    still, *moved, fine = report["results"]
    assert all(row["error"] < still["error"] and row["inverted"] == 0 for row in [*moved, fine])
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")
    quick = json.loads(structgen("mesh", "bench", "swirl", "--quick", "--transfer", "consistent", "--json").stdout)
    assert [row["method"] for row in quick["results"]] == ["none", "monge-ampere"]


def test_bench_interrupted_leaves_what_was_found(structgen, skfem, monkeypatch):
    from simulate.mesh_movement.problems.poisson import Poisson

    monkeypatch.setattr(Poisson, "monitor", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    said = structgen("mesh", "bench", "poisson", "--nodes", 100, "-o", "out.json", code=130)
    assert said.stderr.splitlines()[-1] == "error: interrupted"
    report = json.loads(Path("out.json").read_text())
    assert not report["complete"] and [row["method"] for row in report["results"]] == ["none"]
    assert said.stdout.splitlines()[-1].startswith("none")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("stokes",), "problem is 'stokes', must be one of 'helmholtz'"),
        (("swirl", "--method", "magic"), "method is 'magic', must be one of 'none', 'monge-ampere'"),
        (("swirl", "--transfer", "ale"), "transfer is 'ale', must be one of 'conservative', 'consistent' for swirl"),
        (("swirl", "--nodes", "7"), "--nodes"),
        (("swirl", "--picture", "out.pdf"), "must end in .png"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bench_refuses_before_it_solves(fails, skfem, words, says):
    fails("mesh", "bench", *words, says=says)
