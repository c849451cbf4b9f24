"""All formats alike: what is written is read back, and what is damaged is refused in one line."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen import io
from structgen.io import FORMATS, check_output, read_web, read_web_and_metadata, write_web
from structgen.web import MAX_COORDINATE, WebGraph

every_format = pytest.mark.parametrize("suffix", FORMATS)
METADATA = {"seed": 3, "asked": {"nodes": 8, "dx": None}, "note": 'a "b" <c> & 100 % é\n\ttab', "list": [1.5, -1e-300]}


@st.composite
def webs(draw: st.DrawFn, most: int = 7) -> WebGraph:
    """Any web: tiny, huge and negative coordinates, different radii and kinds, isolated nodes, loose parts."""
    n = draw(st.integers(2, most))
    coordinate = st.floats(-MAX_COORDINATE, MAX_COORDINATE) | st.sampled_from([0.0, 5e-324, -1e-300, 1e6, 0.1])
    pos = draw(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=n, max_size=n))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    edges = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    radius = draw(st.lists(st.floats(1e-300, MAX_COORDINATE), min_size=len(edges), max_size=len(edges)))
    kind = draw(st.lists(st.integers(0, 255), min_size=len(edges), max_size=len(edges)))
    return WebGraph(np.array(pos), np.array(edges).T, np.array(radius), np.array(kind))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("io")


def files_of(path):
    """The files that make up a web named ``path``."""
    return io._module(path).parts(path)


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


# -- what is written is read back --------------------------------------------------------------------


@every_format
@settings(max_examples=60)
@given(web=webs())
def test_what_is_read_back_equals_what_was_written(folder, suffix, web):
    path = folder / f"web{suffix}"
    write_web(web, path)
    again, metadata = read_web_and_metadata(path)
    assert again == web
    assert metadata == {}


@every_format
def test_a_large_web_is_read_back(tmp_path, suffix, tangle_web):
    path = tmp_path / f"web{suffix.upper()}"
    write_web(tangle_web, path)
    assert read_web(str(path)) == tangle_web


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix != ".csv"])
def test_metadata_is_read_back(tmp_path, suffix, cube):
    path = tmp_path / f"web{suffix}"
    write_web(cube, path, METADATA)
    web, metadata = read_web_and_metadata(path)
    assert web == cube
    assert metadata == METADATA


def test_csv_has_no_place_for_metadata(tmp_path, cube):
    write_web(cube, tmp_path / "web.csv", METADATA)
    assert read_web_and_metadata(tmp_path / "web.csv") == (cube, {})


def test_metadata_that_json_cannot_say_is_refused(tmp_path, cube):
    with pytest.raises(ValueError, match="JSON"):
        write_web(cube, tmp_path / "web.npz", {"loss": float("nan")})
    assert names(tmp_path) == []


@pytest.mark.parametrize("note", ["no JSON", "[1, 2]", '{"loss": NaN}', '{"loss": 1e999}', "[" * 100_000, "\x1b[31m"])
def test_metadata_of_strangers_is_an_object_of_finite_numbers_or_nothing(tmp_path, cube, note):
    io._module(tmp_path / "web.npz").write(cube, [tmp_path / "web.npz"], note)
    assert read_web_and_metadata(tmp_path / "web.npz") == (cube, {})


@every_format
def test_same_web_same_bytes(tmp_path, suffix, cube):
    content = []
    for name in ("a", "b"):
        path = tmp_path / name / f"web{suffix}"
        write_web(cube, path, METADATA)
        content.append([part.read_bytes() for part in files_of(path)])
    assert content[0] == content[1]


@every_format
def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path, suffix, cube):
    path = tmp_path / f"web{suffix}"
    for web in (cube.translated(1), cube):
        write_web(web, path)
    assert read_web(path) == cube
    assert names(tmp_path) == sorted(part.name for part in files_of(path))


# -- files that are damaged or not what they seem ----------------------------------------------------


@every_format
def test_missing_file_folder_and_empty_file(unreadable, tmp_path, suffix):
    path = tmp_path / f"web{suffix}"
    unreadable(path, "no such file")
    for part in files_of(path):
        part.mkdir()
    unreadable(path, "is a folder")
    for part in files_of(path):
        part.rmdir()
        part.touch()
    unreadable(path, "is empty")


def test_unknown_suffix_and_none(tmp_path, cube):
    for name in ("web.obj", "web", "web.npz.gz"):
        (tmp_path / name).touch()
        suffix = (tmp_path / name).suffix
        for call in (read_web, check_output, lambda path: write_web(cube, path)):
            with pytest.raises(ValueError, match=f"{name}: suffix '{suffix}' is no web format, use one of .npz, .csv"):
                call(tmp_path / name)


def test_a_file_too_large_is_refused_unread(unreadable, tmp_path, monkeypatch, cube):
    write_web(cube, tmp_path / "web.npz")
    monkeypatch.setattr(io, "MAX_BYTES", 100)
    unreadable(tmp_path / "web.npz", "at most 0 MiB are read")


@every_format
@settings(max_examples=60)
@given(content=st.binary(min_size=1, max_size=400))
def test_random_bytes_are_refused(unreadable, folder, suffix, content):
    path = folder / f"random{suffix}"
    for part in files_of(path):
        part.write_bytes(content)
    unreadable(path)


def damaged(content: bytes, seed: int) -> bytes:
    """``content`` cut short, with some bytes changed, a piece moved, or digits altered."""
    rng = random.Random(seed)
    data = bytearray(content)
    match seed % 4:
        case 0:
            del data[rng.randrange(len(data)) :]
        case 1:
            for _ in range(rng.choice([1, 1, 3, 20])):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 2:
            start, end = sorted(rng.randrange(len(data)) for _ in range(2))
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(40)] = data[start : min(end, start + 60)]
        case 3:
            digits = [at for at, byte in enumerate(data) if chr(byte).isdigit()]
            for _ in range(rng.choice([1, 3])):
                data[rng.choice(digits)] = rng.choice(b"0123456789-e.")
    return bytes(data) or b"\0"


@every_format
def test_a_damaged_file_gives_a_web_or_an_error_of_one_line(tmp_path, suffix, cube):
    path = tmp_path / f"web{suffix}"
    write_web(cube, path, METADATA)
    good = {part: part.read_bytes() for part in files_of(path)}
    outcomes, messages = set(), []
    for seed in range(200):
        for part, content in good.items():
            part.write_bytes(content)
        part = list(good)[seed // 4 % len(good)]
        part.write_bytes(damaged(good[part], seed))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.add(isinstance(read_web(path), WebGraph))
        except ValueError as error:
            outcomes.add(False)
            messages.append(str(error))
    assert [message for message in messages if not message.startswith(f"{path}: ") or "\n" in message] == []
    assert outcomes == {True, False}


@pytest.mark.parametrize("suffix", [".npz", ".graphml", ".vtp", ".vtk", ".data"])
def test_a_file_cut_in_half_is_refused(unreadable, tmp_path, suffix, tangle_web):
    path = tmp_path / f"web{suffix}"
    write_web(tangle_web, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    unreadable(path)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "word"),
    [
        ("_vertices.csv", "10.0,10.0,10.0", "10.0,nan,10.0", "pos row 7 is [10. nan 10.]: coordinates must be finite"),
        ("_vertices.csv", "10.0,10.0,10.0", "10.0,inf,10.0", "pos row 7"),
        ("_vertices.csv", "10.0,10.0,10.0", "10.0,2e6,10.0", "within +-1e+06 mm"),
        ("_edges.csv", "6,7,", "6,8,", "edges row 11 is [6 8]: node numbers must lie in 0..7"),
        ("_edges.csv", "6,7,", "-1,7,", "edges row 11 is [-1 7]"),
        ("_edges.csv", "6,7,", "7,7,", "an edge must join two different nodes"),
        ("_edges.csv", "6,7,", "6.5,7,", "edges row 11 is [6.5 7. ]: must be a whole number"),
        ("_edges.csv", "0,1,0.1,0", "0,1,-0.1,0", "radius row 0 is -0.1: must be > 0"),
        ("_edges.csv", "0,1,0.1,0", "0,1,0.1,256", "kind row 0 is 256"),
        (".graphml", ">0.1<", ">-0.1<", "radius row 0 is -0.1"),
        (".graphml", 'source="6" target="7"', 'source="6" target="x"', "node 'x' has no numeric position"),
        (".data", "# radius 0.1\n", "# radius -0.1\n", "radius row 0 is -0.1"),
        (".data", "12 4 7 8 #", "12 4 7 9 #", "atom 9 is not known"),
        (".data", "8 1 1 10.0 10.0 10.0", "8 1 1 10.0 nan 10.0", "pos row 7"),
        (".vtk", "2 6 7", "2 6 8", "edges row 11 is [6 8]"),
        (".vtk", "10.0 10.0 10.0", "10.0 nan 10.0", "pos row 7"),
        (".vtp", "6\n7\n</DataArray>", "6\n8\n</DataArray>", "edges row 11 is [6 8]"),
        (".vtp", "\n0.1\n", "\n-0.1\n", "radius row 0 is -0.1"),
    ],
)
def test_one_wrong_value_is_named(unreadable, tmp_path, cube, suffix, old, new, word):
    path = tmp_path / f"web{suffix if 'csv' not in suffix else '.csv'}"
    write_web(cube, path)
    part = tmp_path / f"web{suffix}"
    text = part.read_text()
    assert text.count(old) == 1
    part.write_text(text.replace(old, new))
    unreadable(path, word)


# -- where nothing can be written --------------------------------------------------------------------


@every_format
def test_what_cannot_be_written_is_refused_before_and_after_work(tmp_path, suffix, cube):
    (tmp_path / "file").write_text("mine")
    inside_a_file = tmp_path / "file" / f"web{suffix}"
    a_folder = tmp_path / f"folder{suffix}"
    for part in files_of(a_folder):
        part.mkdir()
    before = names(tmp_path)
    for path in (inside_a_file, a_folder, tmp_path / "new" / ("x" * 300 + suffix)):
        for call in (check_output, lambda path: write_web(cube, path)):
            with pytest.raises(OSError, match=r"^cannot write ") as caught:
                call(path)
            assert "\n" not in str(caught.value)
        (tmp_path / "new").rmdir() if (tmp_path / "new").is_dir() else None
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_text() == "mine"


@every_format
def test_a_check_of_the_output_leaves_what_is_there(tmp_path, suffix, cube):
    path = tmp_path / "new" / "folder" / f"web{suffix}"
    check_output(path)
    assert names(tmp_path) == []
    write_web(cube, path)
    check_output(path)
    assert read_web(path) == cube
    assert names(path.parent) == sorted(part.name for part in files_of(path))


@every_format
def test_a_write_that_fails_leaves_the_old_file(tmp_path, suffix, cube, monkeypatch):
    path = tmp_path / f"web{suffix}"
    write_web(cube, path)
    module = io._module(path)

    def half(web, temporaries, note):
        temporaries[0].write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(module, "write", half)
    with pytest.raises(OSError, match="no space left"):
        write_web(cube.translated(1), path)
    assert read_web(path) == cube
    assert names(tmp_path) == sorted(part.name for part in files_of(path))


# -- a real web --------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_a_traced_orb_web(real_data, tmp_path):
    web = read_web(real_data / "orb_web_tracing.npz")
    assert (web.n, web.m) == (633, 1241)
    assert web.is_connected
    assert (web.pos[:, 2] == 0).all()
    assert np.bincount(web.degree).tolist() == [0, 16, 1, 69, 492, 43, 10, 2]
    for suffix in FORMATS:
        write_web(web, tmp_path / f"orb{suffix}")
        assert read_web(tmp_path / f"orb{suffix}") == web
