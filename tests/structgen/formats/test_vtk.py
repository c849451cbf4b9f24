"""Both VTK formats, against VTK's own writers and readers."""

from __future__ import annotations

import itertools
import random
import re

import numpy as np
import pytest
import pyvista as pv
from vtkmodules.vtkIOLegacy import vtkPolyDataWriter
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

from structgen.formats import vtk_xml
from structgen.io import read_web, read_web_and_metadata, write_web
from structgen.web import DEFAULT_RADIUS, WebGraph

POINTS = np.random.default_rng(0).normal(size=(7, 3)) * 30
LINES = [3, 0, 1, 2, 2, 4, 5, 4, 2, 3, 4, 6]
EDGES = [[0, 1], [1, 2], [4, 5], [2, 3], [3, 4], [4, 6]]
LINE_OF_EDGE = [0, 0, 1, 2, 2, 2]


@pytest.fixture(scope="module")
def poly_data():
    """Poly-lines among vertices and polygons, with data that concern no web."""
    mesh = pv.PolyData(POINTS, lines=LINES)
    mesh.verts = [1, 0, 1, 3]
    mesh.faces = [3, 0, 1, 2]
    mesh.cell_data["radius"] = np.arange(1, 7) / 7
    mesh.cell_data["kind"] = np.arange(6)
    mesh.cell_data["v w"] = np.ones((6, 3))
    mesh.point_data["temperature"] = np.arange(7.0)
    mesh.point_data["Normals"] = np.ones((7, 3), np.float32)
    mesh.point_data["flags"] = np.arange(7, dtype=np.uint8)
    mesh.field_data["metadata"] = ['{"a": "x y"}']
    mesh.field_data["others"] = ["two", "texts %"]
    mesh.field_data["numbers"] = [1.5, 2.5]
    return mesh


@pytest.fixture(scope="module")
def expected():
    line = np.array(LINE_OF_EDGE) + 2  # two vertices come first
    return WebGraph.from_edges(POINTS, EDGES, (line + 1) / 7, line)


def write_legacy(mesh, path, binary, version):
    writer = vtkPolyDataWriter()
    writer.SetFileType(2 if binary else 1)
    writer.SetFileVersion(version)
    _write(writer, mesh, path)


def write_xml(mesh, path, mode, compressor="None", header=32, order="Little"):
    writer = vtkXMLPolyDataWriter()
    if mode == "Ascii":
        writer.SetDataModeToAscii()
    elif mode == "Binary":
        writer.SetDataModeToBinary()
    else:
        writer.SetDataModeToAppended()
        writer.SetEncodeAppendedData(mode == "Base64")
    getattr(writer, f"SetCompressorTypeTo{compressor}")()
    getattr(writer, f"SetHeaderTypeToUInt{header}")()
    getattr(writer, f"SetByteOrderTo{order}Endian")()
    writer.SetBlockSize(64)
    _write(writer, mesh, path)


def _write(writer, mesh, path):
    writer.SetInputData(mesh)
    writer.SetFileName(str(path))
    assert writer.Write() == 1


# -- what VTK writes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "compressor", "header", "order"),
    [
        ("Ascii", "None", 32, "Little"),
        *itertools.product(("Binary", "Raw", "Base64"), ("None", "ZLib", "LZMA"), (32, 64), ("Little", "Big")),
    ],
)
def test_xml_files_of_vtk(tmp_path, poly_data, expected, mode, compressor, header, order):
    path = tmp_path / "web.vtp"
    write_xml(poly_data, path, mode, compressor, header, order)
    assert read_web_and_metadata(path) == (expected, {"a": "x y"})


@pytest.mark.parametrize("version", [42, 51])
@pytest.mark.parametrize("binary", [False, True])
def test_legacy_files_of_vtk(tmp_path, poly_data, expected, binary, version):
    path = tmp_path / "web.vtk"
    write_legacy(poly_data, path, binary, version)
    web, metadata = read_web_and_metadata(path)
    # Text keeps some ten digits.
    assert np.allclose(web.pos, expected.pos, rtol=0 if binary else 1e-8, atol=0)
    assert np.allclose(web.radius, expected.radius, rtol=0 if binary else 1e-8)
    assert np.array_equal(web.edge_index, expected.edge_index)
    assert np.array_equal(web.kind, expected.kind)
    assert metadata == {"a": "x y"}


@pytest.mark.parametrize("suffix", [".vtp", ".vtk"])
@pytest.mark.parametrize("binary", [False, True])
def test_lines_alone_get_defaults(tmp_path, suffix, binary):
    pv.PolyData(POINTS, lines=LINES).save(tmp_path / f"web{suffix}", binary=binary)
    web = read_web(tmp_path / f"web{suffix}")
    assert sorted(web.edge_index.T.tolist()) == sorted(EDGES)
    assert (web.radius == DEFAULT_RADIUS).all()
    assert (web.kind == 0).all()


def test_attributes_of_old_legacy_files(tmp_path):
    (tmp_path / "web.vtk").write_text(
        "# vtk DataFile Version 2.0\nby hand\nascii\ndataset polydata\n\npoints 3 float\n0 0 0 3 0\n0 3 4 1\n"
        "vertices 1 2\n1 0\nlines 2 6\n2 0 1 2 2 1\npoint_data 3\nnormals n float\n0 0 1 0 0 1 0 0 1\n"
        "texture_coordinates t 2 float\n0 0 1 0 1 1\ncolor_scalars c 3\n1 0 0 0 1 0 0 0 1\n"
        "lookup_table own 1\n0 0 0 1\n"
        "cell_data 3\nscalars radius float\nlookup_table default\n9 0.25 0.5\nvectors v float\n1 0 0 1 0 0 1 0 0\n"
    )
    web = read_web(tmp_path / "web.vtk")
    assert web == WebGraph([[0, 0, 0], [3, 0, 0], [3, 4, 1]], [[0, 1], [1, 2]], [0.25, 0.5], 0)


# -- what VTK reads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".vtp", ".vtk"])
def test_vtk_reads_what_is_written(tmp_path, suffix, tangle_web):
    path = tmp_path / f"web{suffix}"
    write_web(tangle_web, path, {"a": 'x "y" 100 % <&>'})
    mesh = pv.read(path)
    assert np.array_equal(mesh.points, tangle_web.pos)
    assert np.array_equal(
        mesh.lines.reshape(-1, 3), np.column_stack([np.full(tangle_web.m, 2), tangle_web.edge_index.T])
    )
    assert np.array_equal(mesh.cell_data["radius"], tangle_web.radius)
    assert np.array_equal(mesh.cell_data["kind"], tangle_web.kind)
    assert list(mesh.field_data["metadata"]) == ['{"a": "x \\"y\\" 100 % <&>"}']


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".vtp", ".vtk"])
def test_other_meshes_are_refused(unreadable, tmp_path, suffix):
    for mesh, word in ((pv.PolyData(POINTS), "line cells"), (pv.Sphere(), "line cells")):
        mesh.save(tmp_path / f"web{suffix}")
        unreadable(tmp_path / f"web{suffix}", word)
    pv.ImageData(dimensions=(2, 2, 2)).save(tmp_path / "image.vti")
    (tmp_path / "image.vti").rename(tmp_path / "image.vtp")
    unreadable(tmp_path / "image.vtp", "must be a VTKFile of type PolyData")
    pv.ImageData(dimensions=(2, 2, 2)).save(tmp_path / "image.vtk")
    unreadable(tmp_path / "image.vtk", "must be poly-data with line cells")


def test_a_compressor_that_python_lacks_is_named(unreadable, tmp_path, poly_data):
    write_xml(poly_data, tmp_path / "web.vtp", "Binary", "LZ4")
    unreadable(tmp_path / "web.vtp", "compressor 'vtkLZ4DataCompressor' is not known, save with zlib or without")


def altered(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("POINTS 8 double", "POINTS 9 double", "'LINES' stands where a number is expected"),
        ("POINTS 8 double", "POINTS 99999999999 double", "states 299999999997 values, more than the file can hold"),
        ("POINTS 8 double", "POINTS -8 double", "'-8' is no number of items"),
        ("POINTS 8 double", "POINTS 8 quad", "data type 'quad' is not known"),
        ("POINTS 8 double", "DOTS 8 double", "'DOTS 8 double' is not understood"),
        ("LINES 12 36", "LINES 11 36", "its 11 cells do not have 36 numbers"),
        ("LINES 12 36", "LINES 12 35", "its 12 cells do not have 35 numbers"),
        ("\n2 0 1\n", "\n-2 0 1\n", "its 12 cells do not have 36 numbers"),
        ("\n2 0 1\n", "\ninf 0 1\n", "its 12 cells do not have 36 numbers"),
        ("\n2 0 1\n", "\n2.5 0 1\n", "offsets of its lines do not count up"),
        ("LINES 12", "POLYGONS 12", "must be poly-data with line cells, has none"),
        ("radius 1 12 double", "radius 1 1 double", "stands where an array of a field is expected"),
        ("FieldData 2", "FieldData 3", "the end of the file stands where an array of a field is expected"),
        ("kind 1 12 int", "kind 1 13 int", "ends after 12 of 13 values"),
        ("ASCII", "BINARY", ""),
        ("ASCII", "MORSE", "not a legacy VTK file"),
        ("POLYDATA", "POLYDATE", "must be poly-data with line cells"),
    ],
)
def test_wrong_legacy_files_say_why(unreadable, tmp_path, cube, old, new, word):
    write_web(cube, tmp_path / "web.vtk")
    unreadable(altered(tmp_path / "web.vtk", old, new), word)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("PolyData", "ImageData", "must be a VTKFile of type PolyData"),
        ("<VTKFile", "<VTKFilet", "not XML"),
        ('NumberOfPoints="8"', 'NumberOfPoints="7"', "not as many as the piece states"),
        ('NumberOfPoints="8"', 'NumberOfPoints="many"', "NumberOfPoints is 'many', no number of items"),
        ('NumberOfLines="12"', 'NumberOfLines="11"', "not as many as the piece states"),
        ('NumberOfVerts="0"', 'NumberOfVerts="1"', "cell data radius has 12 values for 13 cells"),
        ('Name="offsets"', 'Name="upsets"', "has no Lines/DataArray[@Name='offsets']"),
        ('type="Float64"', 'type="Float128"', "Points has type 'Float128', which is not known"),
        ('format="ascii"', 'format="morse"', "Points cannot be read (format 'morse' is not known)"),
        ('format="ascii"', 'format="binary"', "Points cannot be read"),
        ('format="ascii"', 'format="appended"', "Points cannot be read (holds 0 of 4 bytes)"),
        ("\n10.0\n", "\nten\n", "Points cannot be read (could not convert string to float: 'ten'"),
        ("\n22\n24\n<", "\n25\n24\n<", "offsets of its lines do not count up"),
        ("\n22\n24\n<", "\n22.5\n24\n<", "offsets of its lines do not count up"),
        ("\n22\n24\n<", "\nnan\n24\n<", "offsets of its lines do not count up"),
        ("\n22\n24\n<", "\n22\n23\n<", "offsets of its lines do not count up"),
    ],
)
def test_wrong_xml_files_say_why(unreadable, tmp_path, cube, old, new, word):
    write_web(cube, tmp_path / "web.vtp")
    unreadable(altered(tmp_path / "web.vtp", old, new), word)


def test_several_pieces_are_refused(unreadable, tmp_path, cube):
    write_web(cube, tmp_path / "web.vtp")
    text = (tmp_path / "web.vtp").read_text()
    piece = text[text.index("<Piece") : text.index("</Piece>") + 8]
    (tmp_path / "web.vtp").write_text(text.replace(piece, piece * 2))
    unreadable(tmp_path / "web.vtp", "has 2 pieces, must have one")


def test_an_array_that_unpacks_to_too_much_is_refused(unreadable, tmp_path, monkeypatch):
    write_xml(pv.PolyData(np.zeros((20_000, 3)), lines=[2, 0, 1]), tmp_path / "web.vtp", "Binary", "ZLib")
    monkeypatch.setattr(vtk_xml, "MAX_ARRAY_BYTES", 2**16)
    unreadable(tmp_path / "web.vtp", "Points cannot be read (unpacks to 0 MiB, at most 0 MiB are read)")


@pytest.mark.parametrize("kind", ["legacy text", "legacy binary", "Ascii", "Binary", "Raw", "Base64", "LZMA"])
def test_damaged_files_of_vtk_give_a_web_or_an_error_of_one_line(tmp_path, poly_data, kind):
    path = tmp_path / ("web.vtk" if "legacy" in kind else "web.vtp")
    if "legacy" in kind:
        write_legacy(poly_data, path, kind == "legacy binary", 51)
    elif kind == "LZMA":
        write_xml(poly_data, path, "Binary", "LZMA")
    else:
        write_xml(poly_data, path, kind, "ZLib" if kind == "Binary" else "None")
    good = path.read_bytes()
    outcomes, messages = set(), []
    for seed in range(200):
        rng = random.Random(seed)
        data = bytearray(good)
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] = rng.choice([rng.randrange(256), *b"0123456789-. \n"])
        path.write_bytes(data if seed % 3 else data[: rng.randrange(1, len(data))])
        try:
            outcomes.add(isinstance(read_web(path), WebGraph))
        except ValueError as error:
            outcomes.add(False)
            messages.append(str(error))
    assert all(re.match(f"{re.escape(str(path))}: [^\n]+$", message) for message in messages)
    assert outcomes == {True, False}
