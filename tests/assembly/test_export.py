import re
import shutil
import struct
import subprocess
import zipfile

import lib3mf
import numpy as np
import pytest
import pyvista
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assembly.export import export, write_3mf, write_stl
from assembly.files.text import lines
from assembly.meshes import read_mesh
from assembly.placing import Placing, box_of
from assembly.solid import Solid, solidify


@pytest.fixture(scope="module")
def solid(cross):
    return solidify(cross)


def read_strictly(path):
    """The lib3mf model of a 3MF file; any error or warning fails."""
    model = lib3mf.get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    assert [reader.GetWarning(k) for k in range(reader.GetWarningCount())] == []
    return model


def only_mesh(model):
    meshes = model.GetMeshObjects()
    assert meshes.MoveNext()
    mesh = meshes.GetCurrentMeshObject()
    assert not meshes.MoveNext()
    return mesh


def metadata_of(model):
    group = model.GetMetaDataGroup()
    entries = [group.GetMetaData(k) for k in range(group.GetMetaDataCount())]
    return {entry.GetName(): (entry.GetNameSpace(), entry.GetValue()) for entry in entries}


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_stl_layout(solid, tmp_path):
    write_stl(solid, tmp_path / "web.stl")
    data = (tmp_path / "web.stl").read_bytes()
    assert len(data) == 84 + 50 * len(solid.faces)
    assert not data.startswith(b"solid")  # which readers take for the text format
    assert b"unit mm" in data[:80]
    assert struct.unpack_from("<I", data, 80) == (len(solid.faces),)
    for k in (0, len(solid.faces) // 2, len(solid.faces) - 1):
        *numbers, attribute = struct.unpack_from("<12fH", data, 84 + 50 * k)
        normal, corners = np.array(numbers[:3]), np.array(numbers[3:]).reshape(3, 3)
        np.testing.assert_array_equal(corners, solid.vertices[solid.faces[k]])
        outward = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        np.testing.assert_allclose(normal, outward / np.linalg.norm(outward), atol=1e-6)
        assert attribute == 0


def test_stl_of_faces_without_area_has_finite_normals(tmp_path):
    flat = Solid(np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]], float), np.array([[0, 1, 2]]), {})
    write_stl(flat, tmp_path / "flat.stl")
    assert struct.unpack_from("<3f", (tmp_path / "flat.stl").read_bytes(), 84) == (0, 0, 0)


def test_stl_through_trimesh(solid, tmp_path):
    export(solid, tmp_path / "web.stl")
    mesh = trimesh.load_mesh(tmp_path / "web.stl")
    assert mesh.is_volume and mesh.body_count == 1
    assert (len(mesh.vertices), len(mesh.faces)) == (len(solid.vertices), len(solid.faces))
    assert mesh.volume == pytest.approx(solid.report["volume_mm3"])
    np.testing.assert_allclose(mesh.extents, solid.report["bounding_box_mm"])


def test_3mf_is_strictly_valid_and_holds_the_same_mesh(solid, tmp_path):
    export(solid, tmp_path / "web.3mf")
    model = read_strictly(tmp_path / "web.3mf")
    assert model.GetUnit() == lib3mf.ModelUnit.MilliMeter
    mesh = only_mesh(model)
    assert mesh.IsValid() and mesh.IsManifoldAndOriented()
    vertices = np.array([list(mesh.GetVertex(k).Coordinates) for k in range(mesh.GetVertexCount())])
    faces = np.array([list(mesh.GetTriangle(k).Indices) for k in range(mesh.GetTriangleCount())])
    np.testing.assert_array_equal(vertices, solid.vertices)
    np.testing.assert_array_equal(faces, solid.faces)
    items = model.GetBuildItems()
    assert items.Count() == 1


def test_3mf_of_a_tangle_is_manifold(small_tangle, tmp_path):
    write_3mf(solidify(small_tangle), tmp_path / "tangle.3mf")
    assert only_mesh(read_strictly(tmp_path / "tangle.3mf")).IsManifoldAndOriented()


def test_3mf_metadata(solid, tmp_path):
    texts = {
        "Title": "web <1> & 'friends'",
        "seed": "17",
        "structgen.version": "0.1.0",
        "targets": '{"nodes": 48, "name": "Ωé"}\nnext line',
    }
    write_3mf(solid, tmp_path / "web.3mf", texts)
    found = metadata_of(read_strictly(tmp_path / "web.3mf"))
    assert {name: value for name, (_, value) in found.items()} == {"Application": "structgen", **texts}
    assert found["Title"][0] == "" and found["seed"][0].startswith("https://")


def test_3mf_metadata_may_name_another_application(solid, tmp_path):
    write_3mf(solid, tmp_path / "web.3mf", {"Application": "helix shop"})
    assert metadata_of(read_strictly(tmp_path / "web.3mf")) == {"Application": ("", "helix shop")}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"": "x"}, "metadata name ''"),
        ({"a b": "x"}, "metadata name 'a b'"),
        ({"a:b": "x"}, "metadata name 'a:b'"),
        ({"1st": "x"}, "metadata name '1st'"),
        ({"ä": "x"}, "metadata name"),
        ({"note": "bell \x07"}, "metadata 'note' holds a character"),
        ({"note": "half \ud800"}, "metadata 'note' holds a character"),
        ({"seed": 17}, "metadata 'seed' is 17, must be a text"),
    ],
)
def test_metadata_that_xml_cannot_hold_is_refused(solid, tmp_path, metadata, message):
    with pytest.raises(ValueError, match=message) as error:
        write_3mf(solid, tmp_path / "web.3mf", metadata)
    assert "\n" not in str(error.value)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("name", ["web.stl", "web.3mf", "web.ply", "web.obj", "web.glb"])
def test_same_solid_same_bytes(solid, tmp_path, name):
    export(solid, tmp_path / "a" / name)
    export(solid, tmp_path / "b" / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert files_in(tmp_path) == sorted(["a", "b", name, name])


@pytest.mark.parametrize("suffix", [".stl", ".ply", ".obj", ".glb", ".3mf"])
def test_what_is_written_is_read_back(solid, tmp_path, suffix):
    path = tmp_path / f"web{suffix}"
    export(solid, path)
    if suffix == ".glb":
        mesh = trimesh.load(path, force="mesh")
        # Metres, y up.
        np.testing.assert_allclose(mesh.extents * 1000, np.ptp(solid.vertices, axis=0)[[0, 2, 1]], rtol=1e-6)
        assert mesh.volume * 1e9 == pytest.approx(solid.report["volume_mm3"], rel=1e-5)
    else:
        mesh = read_mesh(path)
        assert mesh.volume == pytest.approx(solid.report["volume_mm3"], rel=1e-6)
        assert mesh.fault() == "" and len(mesh.vertices) == len(solid.vertices)
        places = [np.unique(vertices.astype(np.float32), axis=0) for vertices in (mesh.vertices, solid.vertices)]
        np.testing.assert_array_equal(*places)


@pytest.mark.skipif(shutil.which("admesh") is None, reason="needs admesh")
def test_admesh_has_nothing_to_mend(small_tangle, tmp_path):
    solid = solidify(small_tangle)
    export(solid, tmp_path / "web.stl")
    said = subprocess.run(["admesh", tmp_path / "web.stl"], capture_output=True, text=True, check=True).stdout
    for name in ("Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed"):
        assert re.search(rf"{name}\s*:\s*0\b", said), said
    assert re.search(r"Number of parts\s*:\s*1\b", said)
    volume = float(re.search(r"Volume\s*:\s*([\d.]+)", said)[1])
    assert volume == pytest.approx(solid.report["volume_mm3"], rel=1e-4)


@pytest.mark.parametrize("suffix", [".stl", ".ply", ".obj"])
@pytest.mark.parametrize(("unit", "size"), [("mm", 1.0), ("cm", 10.0), ("inch", 25.4)])
def test_numbers_count_the_unit(solid, tmp_path, suffix, unit, size):
    export(solid, tmp_path / f"web{suffix}", unit=unit)
    assert read_mesh(tmp_path / f"web{suffix}").bounds * size == pytest.approx(
        np.stack([solid.vertices.min(axis=0), solid.vertices.max(axis=0)]), abs=1e-5
    )
    assert f"unit {unit}".encode() in (tmp_path / f"web{suffix}").read_bytes()[:200]


def test_beams_go_along_in_3mf(small_tangle, tmp_path):
    solid = solidify(small_tangle)
    export(solid, tmp_path / "web.3mf", beams=small_tangle, fit=(60, 60, 60))
    model = read_strictly(tmp_path / "web.3mf")
    meshes = model.GetMeshObjects()
    objects = []
    while meshes.MoveNext():
        objects.append(meshes.GetCurrentMeshObject())
    mesh, struts = objects
    assert mesh.GetTriangleCount() == len(solid.faces) and mesh.BeamLattice().GetBeamCount() == 0
    lattice = struts.BeamLattice()
    assert struts.GetTriangleCount() == 0 and lattice.GetBeamCount() == small_tangle.m
    beams = [lattice.GetBeam(k) for k in range(small_tangle.m)]
    radii = np.array([beam.Radii[0] for beam in beams])
    nodes = np.array([list(struts.GetVertex(k).Coordinates) for k in range(struts.GetVertexCount())])
    ends = np.array([list(beam.Indices) for beam in beams])
    # The struts lie in the solid, which was scaled and set down.
    factor = 60 / np.ptp(solid.vertices, axis=0).max()
    assert np.sort(radii) == pytest.approx(np.sort(small_tangle.radius * factor), rel=1e-5)
    assert (nodes[ends[:, 0], 2] - radii).min() == pytest.approx(0, abs=1e-3)
    lengths = np.linalg.norm(nodes[ends[:, 0]] - nodes[ends[:, 1]], axis=1)
    assert np.sort(lengths) == pytest.approx(np.sort(small_tangle.lengths * factor), rel=1e-4)


@pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="needs prusa-slicer")
def test_prusa_slicer_reads_a_3mf_with_beams(cross, solid, tmp_path):
    export(solid, tmp_path / "web.3mf", beams=cross)
    said = subprocess.run(["prusa-slicer", "--info", tmp_path / "web.3mf"], capture_output=True, text=True, check=True)
    assert f"number_of_facets = {len(solid.faces)}" in said.stdout and "manifold = yes" in said.stdout


def test_a_web_is_made_solid_where_the_suffix_asks_for_it(cross, solid, tmp_path):
    export(cross, tmp_path / "web.stl")
    export(solid, tmp_path / "solid.stl")
    assert (tmp_path / "web.stl").read_bytes() == (tmp_path / "solid.stl").read_bytes()


def test_struts_as_vtu(small_tangle, tmp_path):
    export(small_tangle, tmp_path / "web.vtu")
    grid = pyvista.read(tmp_path / "web.vtu")
    np.testing.assert_array_equal(grid.points, small_tangle.pos)
    np.testing.assert_array_equal(grid.cells.reshape(-1, 3)[:, 1:], small_tangle.edge_index.T)
    np.testing.assert_array_equal(grid.cell_data["radius"], small_tangle.radius)
    np.testing.assert_array_equal(grid.cell_data["kind"], small_tangle.kind)


def test_a_solid_is_no_web(solid, tmp_path):
    for name in ("web.vtu", "web.npz"):
        with pytest.raises(ValueError, match="is a file of struts"):
            export(solid, tmp_path / name)
    with pytest.raises(ValueError, match="unit is 'foot', must be mm, cm, inch"):
        export(solid, tmp_path / "web.stl", unit="foot")
    assert files_in(tmp_path) == []


def test_placing(solid, cross, tmp_path):
    export(solid, tmp_path / "web.stl", centre=(100, 50), fit=(30, 100, 100))
    low, high = read_mesh(tmp_path / "web.stl").bounds
    assert (low + high)[:2] / 2 == pytest.approx([100, 50], abs=1e-4)
    assert low[2] == pytest.approx(0, abs=1e-5) and (high - low)[0] == pytest.approx(30, rel=1e-5)
    lay = Placing.of(cross.translated([3, 4, 5]), (0, 0), (21, 21, 21))
    web = lay(cross.translated([3, 4, 5]))
    assert web.radius == pytest.approx(0.5) and box_of(web)[0] == pytest.approx([-10.5, -10.5, 0])
    assert Placing.of(web, (0, 0), (21, 21, 21))(web) is web
    for fit in ((1, 2), (0, 1, 1), (1, 1, float("inf"))):
        with pytest.raises(ValueError, match=r"fit is .* mm, must be three sides > 0"):
            Placing.of(cross, fit=fit)


@settings(max_examples=60)
@given(arrays(np.float32, (5, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_numbers_as_text_come_back_as_they_were(values):
    text = bytes(lines((b"", b" ", b" ", b"\n"), values.astype(float))).decode()
    back = np.array([float(word) for word in text.split()], np.float32).reshape(-1, 3)
    tiny = np.abs(values) < 1e-9
    np.testing.assert_array_equal(back[~tiny], values[~tiny])
    assert (np.abs(back[tiny]) < 2e-9).all() and "e" not in text


@given(st.lists(st.integers(0, 2**40), min_size=1))
def test_whole_numbers_as_text(values):
    assert bytes(lines((b"", b"\n"), np.array(values)[:, None])).decode().split() == [str(value) for value in values]


def test_text_refuses_what_it_cannot_write():
    for value in (np.nan, np.inf, 1e16):
        with pytest.raises(ValueError, match="not finite or not below"):
            lines((b"", b"\n"), np.array([[value]]))


def test_chunks_make_no_difference(solid, tmp_path, monkeypatch):
    for folder, size in (("a", 1 << 18), ("b", 7)):
        monkeypatch.setattr("assembly.files.surface.CHUNK", size)
        for suffix in (".stl", ".3mf", ".ply", ".obj", ".glb"):
            export(solid, tmp_path / folder / f"web{suffix}")
    for suffix in (".stl", ".ply", ".obj", ".glb"):
        assert (tmp_path / "a" / f"web{suffix}").read_bytes() == (tmp_path / "b" / f"web{suffix}").read_bytes()
    models = [zipfile.ZipFile(tmp_path / folder / "web.3mf").read("3D/3dmodel.model") for folder in "ab"]
    assert models[0] == models[1]


def test_3mf_keeps_no_date(solid, tmp_path):
    write_3mf(solid, tmp_path / "web.3mf")
    with zipfile.ZipFile(tmp_path / "web.3mf") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_the_case_of_the_suffix_does_not_matter_and_a_file_is_replaced(solid, tmp_path):
    path = tmp_path / "WEB.STL"
    path.write_text("old")
    export(solid, str(path))
    assert trimesh.load_mesh(path).is_volume


@pytest.mark.parametrize("name", ["web.step", "web", "web.stl.gz", ".stl", ""])
def test_an_unknown_suffix_is_refused(solid, tmp_path, name):
    with pytest.raises(ValueError, match=r"path .* ends in '.*', must end in one of .stl, .3mf, .ply, .obj, .glb"):
        export(solid, tmp_path / name)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("suffix", [".stl", ".3mf", ".ply", ".obj", ".glb"])
def test_a_folder_that_cannot_be_written_is_named(solid, tmp_path, suffix):
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / f"web{suffix}"
    with pytest.raises(OSError, match=f"cannot write {path}"):
        export(solid, path)
    target = tmp_path / f"folder{suffix}"
    target.mkdir()
    with pytest.raises(OSError, match=f"cannot write {target}: is a folder"):
        export(solid, target)
    assert files_in(tmp_path) == sorted(["file", target.name])


@pytest.mark.parametrize("suffix", [".stl", ".3mf", ".ply", ".obj", ".glb"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, suffix, monkeypatch, solid):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"web{suffix}"
    path.write_text("old")
    monkeypatch.setattr("zipfile.ZipFile.open", full)
    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(OSError, match="No space left"):
        export(solid, path)
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert files_in(tmp_path) == [path.name]
