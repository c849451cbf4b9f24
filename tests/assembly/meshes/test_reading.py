import zipfile

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly import solidify, write_3mf, write_stl
from assembly.meshes import read_mesh, reading, threemf

CORE = threemf.CORE
RELATIONS = f"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/part.model" Id="r0" Type="{threemf.MODEL_RELATION}"/></Relationships>"""
SOLID = """<vertices><vertex x="0" y="0" z="0"/><vertex x="1" y="0" z="0"/><vertex x="0" y="1" z="0"/>
<vertex x="0" y="0" z="1"/></vertices><triangles><triangle v1="0" v2="2" v3="1"/><triangle v1="0" v2="1" v3="3"/>
<triangle v1="1" v2="2" v3="3"/><triangle v1="0" v2="3" v3="2"/></triangles>"""
MESH = f'<object id="1"><mesh>{SOLID}</mesh></object>'


def written_3mf(path, resources=MESH, build='<item objectid="1"/>', model="", before="", more=()):
    """A 3MF file; ``model``: attributes of its root, ``before``: text before it, ``more``: further files."""
    text = (
        f'<?xml version="1.0"?>{before}<model xmlns="{CORE}" xmlns:p="{threemf.PRODUCTION}" {model}>'
        f"<resources>{resources}</resources><build>{build}</build></model>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("3D/part.model", text)
        for name, content in more:
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="module")
def exported(mesh_of):
    """The bracket as a file of each format that trimesh writes."""
    mesh = trimesh.Trimesh(*(lambda m: (m.vertices, m.faces))(mesh_of("bracket")), process=False)
    return {
        "binary.stl": mesh.export(file_type="stl"),
        "text.stl": mesh.export(file_type="stl_ascii").encode(),
        "mesh.obj": mesh.export(file_type="obj").encode(),
        "binary.ply": mesh.export(file_type="ply"),
        "text.ply": mesh.export(file_type="ply", encoding="ascii"),
    }


@pytest.mark.parametrize("name", ["binary.stl", "text.stl", "mesh.obj", "binary.ply", "text.ply"])
def test_every_format_gives_the_mesh_back_welded(tmp_path, mesh_of, exported, name):
    (tmp_path / name).write_bytes(exported[name])
    mesh, source = read_mesh(tmp_path / name), mesh_of("bracket")
    assert (len(mesh.vertices), len(mesh.faces), mesh.fault()) == (len(source.vertices), len(source.faces), "")
    assert mesh.volume == pytest.approx(source.volume, rel=1e-5)


def test_our_own_files_are_read_back(tmp_path, small_tangle):
    solid = solidify(small_tangle)
    write_stl(solid, tmp_path / "web.stl")
    write_3mf(solid, tmp_path / "web.3mf")
    for name in ("web.stl", "web.3mf"):
        mesh = read_mesh(tmp_path / name)
        assert mesh.fault() == ""
        assert mesh.volume == pytest.approx(solid.report["volume_mm3"])


def test_polygons_of_an_obj_are_cut_into_triangles_and_its_materials_are_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "pyramid.obj"
    path.write_text(
        "mtllib secret.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv .5 .5 1\nvt 0 0\nusemtl a\n"
        "f 1/1 4/1 3/1 2/1\nf 1 2 5\nf 2 3 5\nusemtl b\nf 3 4 5\nf -2 -5 -1\n"
    )
    (tmp_path / "secret.mtl").mkdir()  # could not be opened without a fault
    mesh = read_mesh(path)
    assert (len(mesh.faces), mesh.fault()) == (6, "")
    assert mesh.volume == pytest.approx(1 / 3)


@pytest.mark.parametrize(("unit", "mm"), [("millimeter", 1), ("inch", 25.4), ("micron", 0.001)])
def test_units_of_a_3mf(tmp_path, unit, mm):
    mesh = read_mesh(written_3mf(tmp_path / "a.3mf", model=f'unit="{unit}"'))
    assert mesh.bounds[1].tolist() == pytest.approx([mm] * 3)
    assert mesh.fault() == ""


def test_a_3mf_of_components_mirrored_items_and_other_files(tmp_path):
    """A group of two, one of them of another file; the group is built twice, once mirrored and moved."""
    other = f'<model xmlns="{CORE}"><resources>{MESH}</resources><build/></model>'
    group = (
        MESH
        + '<object id="2" type="support"><mesh/></object><object id="3"><components>'
        + '<component objectid="1"/><component objectid="2"/>'
        + '<component objectid="1" p:path="/3D/other.model" transform="2 0 0 0 2 0 0 0 2 10 0 0"/>'
        + "</components></object>"
    )
    build = '<item objectid="3"/><item objectid="3" transform="-1 0 0 0 1 0 0 0 1 0 0 50"/>'
    mesh = read_mesh(written_3mf(tmp_path / "a.3mf", group, build, more=[("3D/other.model", other)]))
    assert mesh.fault() == ""
    np.testing.assert_allclose(mesh.bounds, [[-12, 0, 0], [12, 2, 52]])
    np.testing.assert_allclose(np.sort(mesh.shell_volumes), np.array([1, 1, 8, 8]) / 6)


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
SPY = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
NEST = "".join(
    f'<object id="{k}"><components>{f"""<component objectid="{k + 1}"/>""" * 9}</components></object>'
    for k in range(1, 30)
)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"before": BOMB}, "document type"),
        ({"before": SPY}, "document type"),
        ({"resources": NEST + '<object id="30"/>'}, "placed over"),
        ({"resources": '<object id="1"><components><component objectid="1"/></components></object>'}, "deep"),
        ({"resources": MESH.replace('v1="1"', 'v1="7"')}, "a vertex that it has not"),
        ({"resources": MESH.replace('v1="1" ', "")}, "no 'v1'"),
        ({"resources": MESH.replace('x="1"', 'x="one"')}, "one"),
        ({"resources": MESH.replace('x="1"', 'x="nan"')}, "finite"),
        ({"build": ""}, "builds no mesh"),
        ({"build": '<item objectid="1" transform="1 2 3"/>'}, "12 numbers"),
        ({"model": 'unit="parsec"'}, "parsec"),
        ({"resources": "<object>"}, "not XML|no 'id'"),
    ],
)
def test_a_bad_3mf_is_told(tmp_path, options, said):
    path = written_3mf(tmp_path / "a.3mf", **options)
    with pytest.raises(ValueError, match=said) as caught:
        read_mesh(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_3mf_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(threemf, "MAX_MODEL_BYTES", 2**21)
    path = written_3mf(tmp_path / "a.3mf", MESH + " " * 2**22)
    assert path.stat().st_size < 2**14
    with pytest.raises(ValueError, match="unpacks to over 2 MiB"):
        read_mesh(path)


def test_too_large_a_file_is_refused(tmp_path, monkeypatch, exported):
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    (tmp_path / "a.stl").write_bytes(exported["binary.stl"])
    with pytest.raises(ValueError, match="at most"):
        read_mesh(tmp_path / "a.stl")


HUGE_PLY = (
    b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000000000\nproperty float x\nproperty float y\n"
    b"property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n" + bytes(40)
)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.stl", b"", "empty"),
        ("a.stl", b"solid a\nendsolid a\n", "no faces"),
        ("a.stl", b"not a mesh at all", "no mesh"),
        ("a.stl", b"solid a\nvertex 0 0 0\nvertex 1 b 0\nvertex 0 1 0\nendsolid", "no mesh"),
        ("a.stl", bytes(80) + b"\xff\xff\xff\xff" + bytes(50), "no mesh"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "no faces"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "no mesh"),
        ("a.obj", b"v 0 0 0\nv 1 0 nan\nv 0 1 0\nf 1 2 3\n", "finite"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 1e9 1 0\nf 1 2 3\n", "within"),
        ("a.ply", HUGE_PLY, "no mesh"),
        ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\n", "no mesh"),
        ("a.3mf", b"PK\x03\x04", "no mesh"),
        ("a.step", b"ISO", "no mesh format"),
    ],
)
def test_what_is_no_mesh_is_told_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_mesh(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_mesh(tmp_path / "a.stl")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_broken_file_gives_a_mesh_or_one_clear_error(tmp_path_factory, exported, data):
    name = data.draw(st.sampled_from(sorted(exported)))
    content = bytearray(exported[name])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    said = ""
    try:
        vertices = read_mesh(path).vertices
    except ValueError as error:
        vertices, said = np.zeros((1, 3)), str(error)
    assert np.isfinite(vertices).all()
    assert not said or (said.startswith(str(path)) and "\n" not in said)
