import struct
import zipfile

import lib3mf
import numpy as np
import pytest
import trimesh

from assembly.export import export, write_3mf, write_stl
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


@pytest.mark.parametrize("name", ["web.stl", "web.3mf"])
def test_same_solid_same_bytes(solid, tmp_path, name):
    export(solid, tmp_path / "a" / name)
    export(solid, tmp_path / "b" / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert files_in(tmp_path) == sorted(["a", "b", name, name])


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


@pytest.mark.parametrize("name", ["web.obj", "web", "web.stl.gz", ".stl", ""])
def test_an_unknown_suffix_is_refused(solid, tmp_path, name):
    with pytest.raises(ValueError, match=r"path .* ends in '.*', must end in .stl or .3mf"):
        export(solid, tmp_path / name)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("suffix", [".stl", ".3mf"])
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


@pytest.mark.parametrize("suffix", [".stl", ".3mf"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, suffix, monkeypatch, solid):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"web{suffix}"
    path.write_text("old")
    monkeypatch.setattr("zipfile.ZipFile.writestr", full)
    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(OSError, match="No space left"):
        export(solid, path)
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert files_in(tmp_path) == [path.name]
